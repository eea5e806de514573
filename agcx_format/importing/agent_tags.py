"""Which agent a session comes from: an import adds a tag for it.

Strategy: a list asks this of every session, so the tags of our own agents are written out, and none of their
modules is imported; those of other packages are looked for when a tag is unknown.
"""

from __future__ import annotations

import functools
from collections.abc import Collection

__all__ = ["AGENTS", "OWN_AGENT", "agent_of"]

AGENTS = (
    "claude-code", "codex", "copilot", "cursor", "factory-droid", "gemini", "kimi", "opencode", "pi", "qwen",
)  # fmt: skip
"""The tags of our own agents whose sessions can be imported; `registry` has those of other packages."""

OWN_AGENT = "agcodex"
"""The agent that writes the format itself."""


def agent_of(tags: Collection[str]) -> str:
    """The agent of a session with these tags.

    >>> agent_of(["ui", "codex"]), agent_of([])
    ('codex', 'agcodex')
    """
    # An import puts it first.
    return next((tag for tag in tags if _is_agent(tag)), OWN_AGENT)


@functools.cache
def _is_agent(tag: str) -> bool:
    if tag in AGENTS:
        return True
    from agcx_format.importing.registry import agents_of_plugins

    return any(agent.tag == tag for agent in agents_of_plugins())
