"""The readers: what each type is in the database, who may see it, and how it is fetched and paged."""
