"""Results of tools of Claude Code that were too long for the transcript, and lie in files beside it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from agcx_format import limits
from agcx_format.disk.durable import open_regular
from agcx_format.errors import ConversionError
from agcx_format.importing.source_file import is_missing
from agcx_format.importing.unavailable import SourceUnavailable, source_errors

__all__ = ["results_beside"]

# A longer result stays a preview.
_LONGEST = 64 * limits.MIB
_FOLDER = "tool-results"
# No system has files with longer names.
_LONGEST_NAME = 255


def results_beside(transcript: Path) -> Callable[[str], str | None]:
    """Read the results of a transcript by the names of their files; None if there is no such result.

    A transcript names them with their paths on the machine where it was written. Only a name counts, in the
    folder of the session. One that is there and cannot be read now is a `SourceUnavailable`: another time the
    whole result may be taken, rather than its preview.
    """
    session = transcript.with_name(transcript.name.split(".")[0])
    # Those of a subagent lie with its parent's.
    folders = [session / _FOLDER, transcript.parent.parent / _FOLDER]

    def read(name: str) -> str | None:
        name = name.strip()
        if not _may_be_name(name):
            return None
        return next((text for f in folders if (text := _text(f / name)) is not None), None)

    return read


def _may_be_name(name: str) -> bool:
    if name in ("", ".", "..") or any(sign in name for sign in "/\\\0"):
        return False
    try:
        return len(os.fsencode(name)) <= _LONGEST_NAME
    except UnicodeEncodeError:
        return False


def _text(path: Path) -> str | None:
    if path.is_symlink() or path.parent.is_symlink():
        return None
    try:
        with source_errors(path):
            fd, status = open_regular(path)
            with open(fd, "rb") as file:
                if status.st_size > _LONGEST:
                    return None
                return file.read(_LONGEST).decode("utf-8", "replace")
    except SourceUnavailable:
        if is_missing(path):
            return None
        raise
    except ConversionError:
        return None
