"""The command that goes on with a session in the agent that it is from, told by its tags."""

from __future__ import annotations

from agcx_format import SessionMetadata

__all__ = ["resume_command"]

# What an import gives a session as a tag, and how that agent is told to go on with one.
_AGENTS = {"codex": "codex resume", "claude-code": "claude --resume"}
_OWN = "agcodex resume"


def resume_command(metadata: SessionMetadata) -> str:
    """For example `codex resume 5af40c88-…`; safe to paste, since an id is all that it holds."""
    agent = next((_AGENTS[tag] for tag in metadata.tags if tag in _AGENTS), _OWN)
    return f"{agent} {metadata.id}"
