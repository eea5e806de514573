"""The command that resumes a session in the agent it comes from, which its tags tell."""

from __future__ import annotations

from agcx_format import SessionMetadata

__all__ = ["resume_command"]

# The tag that an import adds for each agent, and the command by which the agent resumes a session.
_AGENTS = {"codex": "codex resume", "claude-code": "claude --resume"}
_OWN = "agcodex resume"


def resume_command(metadata: SessionMetadata) -> str:
    """For example `codex resume 5af40c88-…`; safe to paste, since it contains only an id."""
    agent = next((_AGENTS[tag] for tag in metadata.tags if tag in _AGENTS), _OWN)
    return f"{agent} {metadata.id}"
