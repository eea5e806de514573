"""The list of what a search found, and the preview of a match."""
