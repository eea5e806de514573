"""The session list, drawn line by line."""
