"""Conversations of other agents, in."""
