"""The only writers. One verb, one function, one transaction; mutations, imports and the command line all come through here."""
