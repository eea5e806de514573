"""What is done to a store and what happens to it."""
