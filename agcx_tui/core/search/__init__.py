"""Full-text search as a person asks for it: the line that is typed, and how a search went."""
