"""Results of tools of Claude Code that were too long for the transcript, and lie in files beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agcx_format import limits
from agcx_format.disk.durable import open_regular
from agcx_format.errors import PersistenceError

__all__ = ["results_beside"]

# A longer result stays a preview.
_LONGEST = 64 * limits.MIB
_FOLDER = "tool-results"


def results_beside(transcript: Path) -> Callable[[str], str | None]:
    """Read the results of a transcript by the names of their files; None if there is no such result.

    A transcript names them with their paths on the machine where it was written. Only a name counts, in the
    folder of the session.
    """
    session = transcript.with_name(transcript.name.split(".")[0])
    # Those of a subagent lie with its parent's.
    folders = [session / _FOLDER, transcript.parent.parent / _FOLDER]

    def read(name: str) -> str | None:
        name = name.strip()
        if name in ("", ".", "..") or any(sign in name for sign in "/\\\0"):
            return None
        return next((text for f in folders if (text := _text(f / name)) is not None), None)

    return read


def _text(path: Path) -> str | None:
    if path.is_symlink() or path.parent.is_symlink():
        return None
    try:
        fd, status = open_regular(path)
        with open(fd, "rb") as file:
            if status.st_size > _LONGEST:
                return None
            return file.read(_LONGEST).decode("utf-8", "replace")
    except (OSError, PersistenceError):
        return None
