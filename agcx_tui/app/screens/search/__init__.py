"""The search of all conversations."""
