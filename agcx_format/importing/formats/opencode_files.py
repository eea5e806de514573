"""The files in which the first versions of OpenCode kept a session, its messages, and their parts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agcx_format.errors import ConversionError
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.opencode_rows import StoredMessage, StoredSession
from agcx_format.importing.json_lines import read_document
from agcx_format.importing.moments import moment_of
from agcx_format.importing.source_file import is_missing
from agcx_format.importing.unavailable import SourceUnavailable, source_errors
from agcx_format.model.timestamps import Timestamp

__all__ = ["in_files"]


def in_files(path: Path) -> StoredSession:
    """A session with the messages and parts that lie beside it, in folders named by their owners."""
    (about, error) = _document(path)
    if about is None or not as_text(about.get("id")).strip():
        raise ConversionError(error or "no session of OpenCode", path=path)
    time = about.get("time")
    time = time if isinstance(time, dict) else {}
    changed = moment_of(time.get("updated")) or moment_of(time.get("created"))
    row = {
        **about,
        "time_created": time.get("created"),
        "parent_id": about.get("parentID"),
    }
    changed = changed or Timestamp.from_ns(path.stat().st_mtime_ns)
    stored = StoredSession(row, changed)
    stored.messages = _messages_beside(path, as_text(about["id"]), stored)
    return stored


def _messages_beside(path: Path, session: str, stored: StoredSession) -> Iterator[StoredMessage]:
    storage = next(
        (parent for parent in list(path.absolute().parents)[:4] if (parent / "message").is_dir()),
        path.parent,
    )
    files = _files(storage / "message" / path.stem) or _files(storage / "message" / session)
    for number, file in enumerate(files, 1):
        data, error = _document(file)
        if data is None:
            stored.errors.append((number, f"{file.name}: {error}"))
            continue
        # The folder of its parts is named as its file is.
        name = file.stem
        parts = []
        for each in _files(storage / "part" / name) or _files(storage / "part" / session / name):
            part, error = _document(each)
            if part is None:
                stored.errors.append((number, f"{each.name}: {error}"))
            else:
                parts.append(part)
        yield StoredMessage(name, number, None, data, parts, is_last=number == len(files))


def _files(folder: Path) -> list[Path]:
    """The files of a folder by name, which is the order of their ids; links are not followed.

    Raises:
        SourceUnavailable: the folder cannot be read.
    """
    try:
        with source_errors(folder), os.scandir(folder) as found:
            names = [e.name for e in found if e.name.endswith(".json") and not e.is_symlink()]
    except SourceUnavailable:
        if is_missing(folder):
            return []
        raise
    return [folder / name for name in sorted(names)]


def _document(path: Path) -> tuple[dict[str, Any] | None, str]:
    """The object in a file, or why it cannot be had.

    Raises:
        SourceUnavailable: it may be read another time, so the session must not be taken without it.
    """
    try:
        with source_errors(path):
            for line in read_document(path):
                for value in line.values:
                    if isinstance(value, dict):
                        return value, ""
                if line.error:
                    return None, line.error
    except SourceUnavailable:
        raise
    except ConversionError as error:
        return None, error.reason
    return None, "not a JSON object"
