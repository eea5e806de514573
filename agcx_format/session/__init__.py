"""One open session file: its metadata at once, its messages as they are asked for."""
