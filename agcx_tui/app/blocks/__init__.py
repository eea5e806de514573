"""One message as lines."""
