"""One open session file: its metadata at once, its messages on demand."""
