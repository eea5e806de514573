"""The command that resumes a session in the agent it comes from, which its tags tell."""

from __future__ import annotations

from agcx_format import SessionMetadata
from agcx_format.importing import OWN_AGENT, agent_of

__all__ = ["resume_command"]

# The tag that an import adds for each agent, and the command by which the agent resumes a session. OpenCode
# and Kimi are not here: what they call a session is not the id that it has in a store.
_AGENTS = {
    "codex": "codex resume",
    "claude-code": "claude --resume",
    "copilot": "copilot --resume",
    "cursor": "cursor-agent --resume",
    "factory-droid": "droid --resume",
    "gemini": "gemini --resume",
    "pi": "pi --session",
    "qwen": "qwen --resume",
}
_OWN = "agcodex resume"


def resume_command(metadata: SessionMetadata) -> str:
    """For example `codex resume 5af40c88-…`; safe to paste, since it contains only an id.

    Empty for an agent that does not know the session by this id.
    """
    agent = agent_of(metadata.tags)
    command = _OWN if agent == OWN_AGENT else _AGENTS.get(agent, "")
    return f"{command} {metadata.id}" if command else ""
