"""A directory of sessions: listing them, saving them, and every change as an act."""
