"""Commands that bring sessions into a store or out of it."""
