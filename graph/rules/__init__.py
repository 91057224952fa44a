"""Pure rules: facts in, refusals out. Nothing here waits, reads or writes."""
