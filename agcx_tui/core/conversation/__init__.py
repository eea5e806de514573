"""A conversation as data: what it is, what is in it, where words are."""
