"""How requests come in and answers go out: HTTP, sockets and what guards them. What is asked and answered, the schema says."""
