"""Reads what an agent wrote, and says what is in it."""

from __future__ import annotations

from pathlib import Path

from agcx_format.importing import Imported, Source, agent_named
from agcx_format.transcript.words import text_of
from tests.support.agent_lines import write_lines


def read(name: str, path: Path, *lines: dict) -> Imported:
    """The conversation in a file of an agent, in which these lines are written first."""
    if lines:
        write_lines(path, *lines)
    return agent_named(name).read(Source(path))


def texts(imported: Imported) -> list[str]:
    return [text_of(message.item) for message in imported.conversation.messages]
