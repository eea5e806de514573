"""A conversation as a roll."""
