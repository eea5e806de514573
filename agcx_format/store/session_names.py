"""The files of a session by its id, however their names are written.

Strategy: names are hyphenated lower-case UUIDs, and that file is asked for first.  Another program may have
written upper case: names that differ are listed once for each state of a folder, and there are hardly
ever any.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID

from agcx_format.disk.durable import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.store import paths

__all__ = ["SessionNames", "as_id"]


def as_id(value: UUID) -> UUID:
    """The id, when it is one: a text might be the path of any file."""
    if not isinstance(value, UUID):
        raise TypeError(f"a session's id is a UUID, not {value!r:.80}")
    return value


class SessionNames:
    """Finds the files of one store."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # By folder: when it was changed last, and what is in it under another name than the usual.
        self._odd: dict[str, tuple[int, dict[UUID, str]]] = {}

    def find(self, session_id: UUID) -> Path | None:
        """Where a session's file lies, whatever its layout."""
        as_id(session_id)
        for layout in paths.folders():
            path = self._root / paths.session_file(layout, session_id)
            if os.path.lexists(path):
                return path
        for folder in paths.folders().values():
            name = self._odd_names(folder).get(session_id)
            if name is not None:
                return self._root / folder / name
        return None

    def written(self, folder: str) -> None:
        """This program changed a folder, and made no name but usual ones."""
        known = self._odd.get(folder)
        if known is not None:
            self._odd[folder] = _changed_at(self._root / folder), known[1]

    def _odd_names(self, folder: str) -> dict[UUID, str]:
        directory = self._root / folder
        changed = _changed_at(directory)
        known = self._odd.get(folder)
        if known is None or known[0] != changed:
            known = self._odd[folder] = changed, _odd_names(directory)
        return known[1]


def _changed_at(directory: Path) -> int:
    try:
        return os.stat(directory).st_mtime_ns
    except OSError:
        return 0


def _odd_names(directory: Path) -> dict[UUID, str]:
    try:
        names = os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=directory) from None
    odd = [name for name in names if name.endswith(paths.SUFFIX) and name != name.lower()]
    return {found: name for name in odd if (found := paths.id_of(name)) is not None}
