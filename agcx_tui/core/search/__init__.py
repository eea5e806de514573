"""Full-text search as a person asks for it: the line that is typed, and what is told of a search."""
