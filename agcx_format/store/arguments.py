"""Whether a caller passed what a method takes: an error says so before anything happens."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

__all__ = ["all_of", "one_of", "path_of"]

_T = TypeVar("_T")

# What gives values of each kind.
_GIVEN_BY = {
    "Act": "`log`, `acts` and whatever changes a store give one",
    "Agent": "`agent_named` gives the one of a name",
    "Incoming": "`find_incoming` gives them",
    "MessageSnapshot": "`new_message` makes one",
    "ScanEntry": "`scan` gives all, and `resolve` that of an id",
    "StoredCheckpoint": "`checkpoints.all` and `checkpoints.resolve` give one",
    "str": "the `id` of an act",
    "TrashedSession": "`trash` gives them",
}


def one_of(kind: type[_T], value: _T) -> _T:
    """The value itself.

    Raises:
        TypeError: it is of another kind.
    """
    if not isinstance(value, kind):
        name = kind.__name__
        article = "an" if name[0] in "AI" else "a"
        raise TypeError(f"this takes {article} {name} ({_GIVEN_BY[name]}), not {value!r:.80}")
    return value


def all_of(kind: type[_T], values: Iterable[_T]) -> list[_T]:
    """The values as a list.

    Raises:
        TypeError: one of them has another type.
    """
    found = list(values)
    for value in found:
        if not isinstance(value, kind):
            one_of(kind, value)
    return found


def path_of(value: str | os.PathLike[str]) -> str:
    """The path of a file, as text.

    Raises:
        TypeError: it is not a path.
    """
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"this takes the path of a file (`resolve` takes an id), not {value!r:.80}")
    return os.fspath(value)
