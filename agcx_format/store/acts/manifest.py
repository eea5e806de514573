"""What an act is, and the manifest that records it: `manifest.json` in the act's directory.

Strategy: a manifest is a file like any other and may come from anywhere, so it is taken only when
every part of it is understood.  One function, `checked`, says which steps there can be: what
`perform` carries out is what recovery and undo accept when they read it back.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Self

import msgspec

from agcx_format import limits
from agcx_format.disk.durable import Signature
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.model.timestamps import Timestamp, is_usual, to_datetime
from agcx_format.session.listed import short_title
from agcx_format.store.paths import TRASH

__all__ = ["Act", "ActSession", "Edit", "Step", "checked", "decode", "encode"]

_FORMAT: Final = 1
_OPS: Final = ("move", "replace", "create", "bring")
# Parts of a path that lead nowhere, or out of where one is.
_NOWHERE: Final = frozenset({"", ".", ".."})
# Longer ones no system has.
_LONGEST_NAME, _LONGEST_PATH = 255, 4096
_U63 = 1 << 63
# The names that sessions and their belongings have, so that most paths take one look.
_is_plain = re.compile(
    r"[0-9A-Za-z][\w.-]{0,200}(?:/[0-9A-Za-z][\w.-]{0,200}){0,4}", re.ASCII
).fullmatch


class Step(msgspec.Struct, frozen=True):
    """What an act does to one file; `path` is relative to the store, with `/`.

    `move`: it leaves the store.  `replace`: `parts` take its place.  `create`: `parts` are put where
    nothing is.  `bring`: the file `source`, which lies in the trash, is put where nothing is.
    `expected` is how the file (of `bring`, its source) was when it was read; `after` how it is when
    the step was done.  A `derived` file (the index, a copy of metadata) is written with the act but
    is no part of it: it can be rebuilt, so nothing of it is kept, and undo makes it anew.
    """

    op: str
    path: str
    parts: Iterable[bytes] = ()
    expected: Signature | None = None
    after: Signature | None = None
    derived: bool = False
    source: str | None = None

    def to_plain(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"op": self.op, "path": self.path, "derived": self.derived}
        if self.source is not None:
            plain["source"] = self.source
        if self.after is not None:
            plain["after"] = [self.after.inode, self.after.size, self.after.mtime_ns]
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Step:
        source = plain.get("source")
        after = plain.get("after")
        signature = None if after is None else Signature(*(_count(number) for number in after))
        derived = bool(plain.get("derived"))
        return checked(
            cls(plain["op"], plain["path"], after=signature, derived=derived, source=source)
        )


def checked(step: Step) -> Step:
    """The step, if it is one that an act may hold.

    Raises `ValueError` for an unknown kind, for a path that no file can have, that leads out of the
    store or into its trash, and for a source outside the trash.
    """
    if step.op not in _OPS:
        raise ValueError(f"no step: {step.op!r}")
    if _parts(step.path)[0].casefold() == TRASH:
        raise ValueError(f"in the trash: {step.path!r}")
    if (step.source is not None) != (step.op == "bring"):
        raise ValueError(f"a source belongs to what is brought back: {step.path!r}")
    if step.source is not None:
        parts = _parts(step.source)
        if len(parts) < 4 or (parts[0], parts[2]) != (TRASH, "files"):
            raise ValueError(f"not in the trash: {step.source!r}")
    return step


def _parts(path: str) -> list[str]:
    if not isinstance(path, str):
        raise ValueError(f"no path: {path!r}")
    if _is_plain(path):
        return path.split("/")
    # Raises UnicodeEncodeError, a ValueError, for what no file system takes.
    data = os.fsencode(path)
    names = path.split("/")
    if b"\0" in data or not _NOWHERE.isdisjoint(names):
        raise ValueError(f"not in the store: {path!r}")
    if len(data) > _LONGEST_PATH or any(len(os.fsencode(n)) > _LONGEST_NAME for n in names):
        raise ValueError(f"too long for a path: {path[:100]!r}…")
    if len(names) > limits.DEEPEST:
        raise ValueError(f"too deep for a path: {path[:100]!r}…")
    return names


def _count(value: Any) -> int:
    """A size, an inode or a time in nanoseconds, as a system gives them."""
    if not isinstance(value, int) or not -_U63 <= value < 2 * _U63:
        raise ValueError(f"no such number: {str(value)[:40]}")
    return value


class ActSession(msgspec.Struct, frozen=True):
    """A session that an act changed: enough to name it in a list. `size` in bytes.

    Id and title are empty once what the act kept was destroyed.
    """

    id: str
    title: str
    size: int


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit changed, for the log alone: undo goes by the files.

    `fields` are the names of those that are others now.  `old_title` is told of one session only,
    `favorite` when it became the same in all; `added` and `taken` are tags, of whichever session.
    """

    fields: tuple[str, ...]
    old_title: str | None = None
    favorite: bool | None = None
    added: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        return {
            "fields": self.fields,
            "old_title": self.old_title,
            "favorite": self.favorite,
            "added": self.added,
            "taken": self.taken,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Self | None:
        """None for what is not understood: an act can be undone without the words for it."""
        if not isinstance(plain, dict):
            return None
        names = ("fields", "added", "taken")
        lists = [plain.get(name, []) for name in names]
        if not all(isinstance(each, list) for each in lists):
            return None
        fields, added, taken = (tuple(map(str, each)) for each in lists)
        title, favorite = plain.get("old_title"), plain.get("favorite")
        return cls(
            fields,
            title if isinstance(title, str) else None,
            favorite if isinstance(favorite, bool) else None,
            added,
            taken,
        )


@dataclass(frozen=True, slots=True)
class Act:
    """One act as its manifest tells it.

    `undone` when it was taken back; `emptied_at` is when what it kept was destroyed.  `edit` is None
    for all other kinds, for acts of before it was written down, and once they are emptied.
    `ready` once all was prepared and the first file may have moved.  `problem` says why the manifest
    cannot be used: then only the name of the directory and what lies in it are known.
    """

    id: str
    kind: str
    created_at: Timestamp
    sessions: tuple[ActSession, ...]
    steps: tuple[Step, ...] = field(repr=False)
    undone: bool = False
    emptied_at: Timestamp | None = None
    edit: Edit | None = None
    ready: bool = True
    problem: str | None = None

    @property
    def titles(self) -> list[str]:
        return [session.title for session in self.sessions]

    @property
    def count(self) -> int:
        return len(self.sessions)

    @property
    def size(self) -> int:
        """Bytes of all files of its sessions."""
        return sum(session.size for session in self.sessions)

    @property
    def is_kept(self) -> bool:
        """Whether what it took or replaced still lies in its directory: neither undone nor emptied."""
        return not self.undone and self.emptied_at is None

    @property
    def can_be_undone(self) -> bool:
        return self.is_kept and self.problem is None


def encode(act: Act) -> bytes:
    """The manifest of an act.

    Raises `PersistenceError` when it would be too large to be read back.
    """
    plain: dict[str, Any] = {
        "format": _FORMAT,
        "kind": act.kind,
        "created_at": act.created_at,
        "sessions": [[s.id, short_title(s.title), s.size] for s in act.sessions],
        "steps": [step.to_plain() for step in act.steps],
        "ready": act.ready,
    }
    if act.edit is not None:
        plain["edit"] = act.edit.to_plain()
    # Only ASCII: file names may hold lone surrogates, which UTF-8 does not.  Not indented: that
    # takes the encoder in Python, ten times as long.
    data = json.dumps(plain, ensure_ascii=True).encode("ascii")
    if len(data) > limits.MANIFEST:
        raise PersistenceError(f"{len(act.steps):,} files are too many for one act")
    return data


def decode(data: bytes, act_id: str, *, undone: bool) -> Act:
    """The act that a manifest describes.  Raises `CorruptData` for one that is not understood."""
    try:
        # Ours are ASCII; a text is parsed faster than bytes, whose encoding would be guessed.
        plain = json.loads(data.decode("ascii"))
        if plain["format"] != _FORMAT:
            raise CorruptData(f"a manifest of format {plain['format']!r:.40}")
        if not is_usual(plain["created_at"]) or plain["created_at"] < "0001":
            # A year that no calendar has would stand in the way of every list of acts.
            to_datetime(plain["created_at"])
        emptied = plain.get("emptied_at")
        sessions = [
            ActSession(str(i), str(title), max(0, _count(size)))
            for i, title, size in plain["sessions"]
        ]
        return Act(
            act_id,
            str(plain["kind"]),
            Timestamp(plain["created_at"]),
            tuple(sessions),
            tuple(Step.from_plain(step) for step in plain["steps"]),
            undone=undone,
            emptied_at=Timestamp(emptied) if emptied else None,
            edit=Edit.from_plain(plain.get("edit")),
            ready=bool(plain.get("ready", True)),
        )
    except PersistenceError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ArithmeticError):
        raise CorruptData("damaged, or not written by agcx") from None
