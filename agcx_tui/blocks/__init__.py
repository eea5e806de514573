"""Messages as lines: pure functions from a message to strips, no widget among them."""
