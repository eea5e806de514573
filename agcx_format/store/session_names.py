"""Find the file of a session by its id, however its name is written, or by what a person types.

Strategy: a name is usually a hyphenated lower-case UUID, so that file is tried first.  Another program
may write upper case; a folder is listed for such names once each time that it changes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final
from uuid import UUID

from agcx_format.disk.durable import os_reason
from agcx_format.errors import AmbiguousSession, PersistenceError, SessionNotFound
from agcx_format.store import paths

__all__ = ["SHORTEST_PREFIX", "SessionNames", "as_id"]

# A prefix of an id that a person types has at least this many characters.
SHORTEST_PREFIX: Final = 4
# How many ids a message about an ambiguous prefix lists.
_LISTED: Final = 5


def as_id(value: UUID, of: str = "session") -> UUID:
    """The id itself; `of` is what it identifies.

    Raises:
        TypeError: it is not a UUID; a text could be the path of any file.
    """
    if not isinstance(value, UUID):
        raise TypeError(f"a {of}'s id is a UUID, not {value!r:.80}")
    return value


class SessionNames:
    """Finds the files of one store."""

    def __init__(self, root: Path) -> None:
        self._root = root
        # By folder: when it was last changed, and the files in it with unusual names.
        self._odd: dict[str, tuple[int, dict[UUID, str]]] = {}

    def find(self, session_id: UUID) -> Path | None:
        """The path of a session's file, in either layout; None if there is none.

        Raises:
            TypeError: the id is not a UUID.
            PersistenceError: a folder cannot be read.
        """
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

    def resolve(self, name: str) -> str:
        """The path of the session that a person names: by id, a unique prefix of it, or a path.

        Raises:
            SessionNotFound: there is none, or the prefix is too short.
            AmbiguousSession: several ids begin with the prefix.
            PersistenceError: a folder cannot be read.
        """
        if paths.is_uuid(name):
            found = self.find(UUID(name))
            fitting = [os.fspath(found)] if found else []
        elif not paths.can_be_named(name):
            fitting = []
        elif name.endswith(paths.SUFFIX) or os.sep in name:
            fitting = [os.path.expanduser(name)]
        elif len(name) >= SHORTEST_PREFIX:
            prefix, every = name.lower(), paths.session_paths(self._root)
            fitting = [
                path for _, path in every if os.path.basename(path).lower().startswith(prefix)
            ]
        else:
            raise SessionNotFound(f"{name!r}: name at least {SHORTEST_PREFIX} characters of its id")
        if len(fitting) > 1:
            ids = sorted(os.path.basename(path).removesuffix(paths.SUFFIX) for path in fitting)
            listed = ", ".join(ids[:_LISTED]) + (", …" if len(ids) > _LISTED else "")
            text = f"{len(fitting)} sessions begin with {name!r}: {listed}"
            raise AmbiguousSession(text, path=self._root)
        if not fitting:
            raise SessionNotFound(repr(name), path=self._root)
        return fitting[0]

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
