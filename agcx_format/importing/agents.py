"""Which agent a session comes from: an import adds a tag for it."""

from __future__ import annotations

from collections.abc import Collection

__all__ = ["AGENTS", "OWN_AGENT", "agent_of"]

AGENTS = ("claude-code", "codex")
"""The tags of the agents whose sessions can be imported."""

OWN_AGENT = "agcodex"
"""The agent that writes the format itself."""


def agent_of(tags: Collection[str]) -> str:
    """The agent of a session with these tags.

    >>> agent_of(["ui", "codex"]), agent_of([])
    ('codex', 'agcodex')
    """
    return next((agent for agent in AGENTS if agent in tags), OWN_AGENT)
