"""What a list remembers of a store, so that it is there at once."""
