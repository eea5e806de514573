"""A conversation as data: the subject, its facts, and search."""
