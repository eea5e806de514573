"""What an act is, and how its directory below `trash/` tells it: the log of a store.

Strategy: an act is a directory whose name carries its state, and a rename of the directory is what
moves it on, in one step:

    <time>-<kind>-<random>.pending    begun; a crash leaves this, and recovery takes it back
    <time>-<kind>-<random>            done; `undo` can take it back
    <time>-<kind>-<random>.undoing    being taken back; recovery carries on
    <time>-<kind>-<random>.undone     taken back
    ….emptying                        what it kept is being destroyed; recovery carries on
    ….emptied                         only when it was and how large is known: no title, no content

The last two are put behind what the name was, `.undone` or nothing.

Inside: `manifest.json` (what was to happen, and to which sessions), `files/` (what left the store),
`before/` (what was replaced), `new/` (what is to come, written before the first step), `undone/`
(what an undo took out again).  This module reads and names; `acts.py` moves files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import msgspec

from agcx_format import limits
from agcx_format.durable import Signature, open_regular, read_exactly
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.places import TRASH
from agcx_format.timestamps import Timestamp, ns_of, to_datetime

__all__ = [
    "Act", "ActSession", "Edit", "Step", "folders_of", "iter_acts", "manifest", "next_moment",
    "read_act", "read_acts", "stamp", "unfinished",
]  # fmt: skip

MANIFEST = "manifest.json"
PENDING, UNDOING, UNDONE = ".pending", ".undoing", ".undone"
EMPTYING, EMPTIED = ".emptying", ".emptied"
KEPT = ("files", "before", "new", "undone")
UNFINISHED = (PENDING, UNDOING, EMPTYING)
_FORMAT = 1

_OPS = ("move", "replace", "create", "bring")
# Parts of a path that lead nowhere, or out of where one is.
_NOWHERE = frozenset({"", ".", ".."})


class Step(msgspec.Struct, frozen=True):
    """What an act does to one file; `path` is relative to the store, with `/`.

    `move`: it leaves the store.  `replace`: `parts` take its place.  `create`: `parts` are put where
    nothing is.  `bring`: the file `source`, which lies in the trash, is put where nothing is.
    `expected` is how the file (of `bring`, its source) was when it was read.  A `derived` file
    (the index) can be rebuilt: that it changed meanwhile never stands in the way of an undo.
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
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        op, path = plain["op"], _inside(plain["path"])
        if op not in _OPS:
            raise ValueError(f"no step: {op!r}")
        source = _inside(plain["source"]) if op == "bring" else None
        if source is not None and source.split("/")[0] != TRASH:
            raise ValueError(f"not in the trash: {source!r}")
        after = Signature(*plain["after"]) if plain.get("after") else None
        return cls(op, path, after=after, derived=bool(plain.get("derived")), source=source)


def _inside(text: str) -> str:
    """A manifest is a file like any other: it may not reach out of its store."""
    if not _NOWHERE.isdisjoint(text.split("/")):
        raise ValueError(f"not in the store: {text!r}")
    return text


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
    """

    id: str
    kind: str
    created_at: Timestamp
    sessions: tuple[ActSession, ...]
    steps: tuple[Step, ...] = field(repr=False)
    undone: bool = False
    emptied_at: Timestamp | None = None
    edit: Edit | None = None

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
    def can_be_undone(self) -> bool:
        return not self.undone and self.emptied_at is None


def folders_of(paths: Iterable[str]) -> set[str]:
    """The folders in which files of a store lie."""
    return {path.rpartition("/")[0] for path in paths}


def iter_acts(root: Path) -> Iterator[Act]:
    """Finished acts, newest first, read as they are asked for; what is none of ours is passed over."""
    try:
        names = os.listdir(root / TRASH)
    except OSError:
        return
    for name in sorted(names, reverse=True):
        if not name.endswith(UNFINISHED):
            act = read_act(root / TRASH / name)
            if act is not None:
                yield act


def read_acts(root: Path) -> list[Act]:
    """All finished acts, newest first: the log."""
    return list(iter_acts(root))


def unfinished(root: Path) -> list[Path]:
    """Directories of acts that a crash interrupted; reading only."""
    try:
        names = os.listdir(root / TRASH)
    except OSError:
        return []
    return [root / TRASH / name for name in sorted(names) if name.endswith(UNFINISHED)]


def name_of(home: Path) -> str:
    """The id of the act whose directory this is, whatever its state."""
    name = home.name
    for suffix in (*UNFINISHED, EMPTIED, UNDONE):
        name = name.removesuffix(suffix)
    return name


def read_act(home: Path) -> Act | None:
    """The act of a directory, None when its manifest is missing or not one of ours."""
    try:
        plain = json.loads(_manifest_of(home))
        if plain["format"] != _FORMAT:
            raise CorruptData(f"manifest of format {plain['format']}", path=home / MANIFEST)
        emptied = plain.get("emptied_at")
        # A year that no directory's name can have would stand in the way of every later act.
        stamp(plain["created_at"])
        act = Act(
            name_of(home),
            str(plain["kind"]),
            Timestamp(plain["created_at"]),
            tuple(
                ActSession(str(i), str(title), int(size)) for i, title, size in plain["sessions"]
            ),
            tuple(Step.from_plain(step) for step in plain["steps"]),
            undone=UNDONE in home.suffixes,
            emptied_at=Timestamp(emptied) if emptied else None,
            edit=Edit.from_plain(plain.get("edit")),
        )
        return act if _stays_inside(home, act) else None
    except (PersistenceError, OSError, RecursionError, ArithmeticError):
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _manifest_of(home: Path) -> bytes:
    fd, status = open_regular(home / MANIFEST)
    try:
        return read_exactly(fd, min(status.st_size, limits.WHOLE_SECTION), 0)
    finally:
        os.close(fd)


def _stays_inside(home: Path, act: Act) -> bool:
    """Whether no directory that the act's steps go through is a link.

    A store that somebody sent may hold links and acts made up to move files through them.
    """
    root = home.parent.parent
    folders = folders_of(step.path for step in act.steps)
    sources = folders_of(step.source for step in act.steps if step.source is not None)
    ways = [(root, folder) for folder in folders | sources]
    ways += [(home, os.path.join(side, folder)) for side in KEPT for folder in folders]
    return not home.is_symlink() and not any(_has_link(base, way) for base, way in ways)


def _has_link(base: Path, way: str) -> bool:
    while way:
        if os.path.islink(os.path.join(base, way)):
            return True
        way = os.path.dirname(way)
    return False


def manifest(act: Act) -> bytes:
    plain: dict[str, Any] = {
        "format": _FORMAT,
        "kind": act.kind,
        "created_at": act.created_at,
        "sessions": [[s.id, s.title, s.size] for s in act.sessions],
        "steps": [step.to_plain() for step in act.steps],
    }
    if act.edit is not None:
        plain["edit"] = act.edit.to_plain()
    if act.emptied_at is not None:
        plain["emptied_at"] = act.emptied_at
    # Only ASCII: file names may hold lone surrogates, which UTF-8 does not.  Not indented: that
    # takes the encoder in Python, ten times as long.
    return json.dumps(plain, ensure_ascii=True).encode("ascii")


def next_moment(root: Path) -> Timestamp:
    """Now, or just after the last act when the clock was set back: the order of acts is their names'."""
    now = Timestamp.now()
    newest = next(iter_acts(root), None)
    last = ns_of(newest.created_at) if newest else 0
    return now if ns_of(now) > last + 1000 else Timestamp.from_ns(last + 1000)


def stamp(moment: str) -> str:
    """Sorts as time does, to the microsecond, and is a file name everywhere."""
    return to_datetime(moment).strftime("%Y%m%dT%H%M%S.%fZ")
