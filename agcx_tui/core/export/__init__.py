"""Conversations on their way to files."""
