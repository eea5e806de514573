"""Reads small files that an agent keeps beside a conversation: its title, directory, counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from agcx_format import limits
from agcx_format.disk.durable import open_regular
from agcx_format.errors import PersistenceError
from agcx_format.importing.json_lines import read_lines

__all__ = ["json_beside", "line_of_session", "small_text"]

# Larger files are ignored.
_LARGEST = 16 * limits.MIB


def small_text(path: Path) -> str:
    """The text of a file; of a large one only the beginning.

    Raises:
        OSError: it cannot be read.
        PersistenceError: it cannot be opened, or is no regular file.
    """
    fd, _ = open_regular(path)
    with open(fd, "rb") as file:
        return file.read(_LARGEST).decode("utf-8", "replace")


def json_beside(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty if it is missing, or holds something else."""
    try:
        value = msgspec.json.decode(small_text(path))
    except (OSError, PersistenceError, msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def line_of_session(path: Path, session: str) -> dict[str, Any]:
    """The first object of JSON Lines about this session; empty if there is none."""
    try:
        for line in read_lines(path):
            for value in line.values:
                if isinstance(value, dict) and value.get("sessionId") == session:
                    return value
    except (OSError, PersistenceError):
        pass
    return {}
