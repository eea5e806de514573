"""The list of sessions and its preview."""
