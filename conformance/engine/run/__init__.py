"""A whole run: which scenarios, in which order, how many at a time."""
