"""Every change that a person makes, as one journaled act that can be undone.

Strategy: an act is a directory below `trash/` of the store.  Its name carries its state, and a rename
of the directory is what moves it on, in one step:

    <time>-<kind>-<random>.pending   begun; a crash leaves this, and recovery takes it back
    <time>-<kind>-<random>           done; `undo` can take it back
    <time>-<kind>-<random>.undoing   being taken back; recovery carries on
    <time>-<kind>-<random>.undone    taken back; kept as an entry of the log

Inside: `manifest.json` (what was to happen, and to which sessions), `files/` (what left the store),
`before/` (what was replaced), `new/` (what is to come, written before the first step),
`undone/` (what an undo took out again).  The manifest and all new content are synced before
the first file moves, all directories before the act is marked done.  However many sessions
an act has, it costs one manifest and a handful of syncs.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Self

from agcx_format.durable import Signature, naming, sync_directory, write_file
from agcx_format.errors import CorruptData, NothingToUndo, StaleSession, UndoConflict
from agcx_format.places import TRASH
from agcx_format.timestamps import Timestamp, ns_of, to_datetime

__all__ = ["Act", "ActSession", "Step", "perform", "read_acts", "recover", "undo"]

MANIFEST = "manifest.json"
_FORMAT = 1
_PENDING, _UNDOING, _UNDONE = ".pending", ".undoing", ".undone"


@dataclass(frozen=True, slots=True)
class Step:
    """What an act does to one file; `path` is relative to the store, with `/`.

    `move`: it leaves the store.  `replace`: `parts` take its place.  `create`: `parts` are put where
    nothing is.  `expected` is how the file was when it was read.  A `derived` file
    (the index) can be rebuilt: that it changed meanwhile never stands in the way of an undo.
    """

    op: str
    path: str
    parts: Iterable[bytes] = ()
    expected: Signature | None = None
    after: Signature | None = None
    derived: bool = False

    def to_plain(self) -> dict[str, Any]:
        plain = {"op": self.op, "path": self.path, "derived": self.derived}
        if self.after is not None:
            plain["after"] = [self.after.inode, self.after.size, self.after.mtime_ns]
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Self:
        path = PurePosixPath(plain["path"])
        # A manifest is a file like any other: it may not reach out of its store.
        if path.is_absolute() or ".." in path.parts or plain["op"] not in _OPS:
            raise ValueError(f"no step: {plain['op']!r} {plain['path']!r}")
        after = Signature(*plain["after"]) if plain.get("after") else None
        return cls(plain["op"], str(path), after=after, derived=bool(plain.get("derived")))


_OPS = ("move", "replace", "create")


@dataclass(frozen=True, slots=True)
class ActSession:
    """A session that an act changed: enough to name it in a list. `size` in bytes."""

    id: str
    title: str
    size: int


@dataclass(frozen=True, slots=True)
class Act:
    """One act as its manifest tells it; `undone` when it was taken back."""

    id: str
    kind: str
    created_at: Timestamp
    sessions: tuple[ActSession, ...]
    steps: tuple[Step, ...] = field(repr=False)
    undone: bool = False

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


def perform(root: Path, kind: str, steps: Sequence[Step], sessions: Iterable[ActSession]) -> Act:
    """Do all of `steps`, or none; the store must be locked.

    `StaleSession` when a file is not as expected; `StoreNotWritable` and other errors of the system
    are raised after what was begun has been taken back.
    """
    for step in steps:
        _check_expected(root, step)
    moment = _next_moment(root)
    act_id = f"{_stamp(moment)}-{kind}-{secrets.token_hex(3)}"
    home = root / TRASH / (act_id + _PENDING)
    with naming(root):
        _make(home)
        try:
            ready = [_prepare(root, home, step) for step in steps]
            act = Act(act_id, kind, moment, tuple(sessions), tuple(ready))
            write_file(home / MANIFEST, [_manifest(act)])
            _sync_tree(home, root)
            for step in ready:
                _do(root, home, step)
            _sync_parents(root, home, ready)
            _rename(home, act_id)
        except BaseException:
            _take_back(root, home)
            raise
    return act


def undo(root: Path, act_id: str | None = None) -> Act:
    """Take back an act, by default the last; the store must be locked.

    `NothingToUndo` when there is none; `UndoConflict` names what is in the way, and then nothing changed.
    """
    acts = [act for act in read_acts(root) if not act.undone and act_id in (None, act.id)]
    if not acts:
        raise NothingToUndo("nothing is left to undo", path=root)
    act = acts[0]
    home = root / TRASH / act.id
    conflicts = [step.path for step in act.steps if _conflicts(root, home, step)]
    if conflicts:
        more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
        raise UndoConflict(
            f"it changed after the act of {act.created_at}{more}", path=root / conflicts[0]
        )
    with naming(root):
        home = _rename(home, act.id + _UNDOING)
        _finish_undo(root, home, act)
    return act


def recover(root: Path) -> list[Path]:
    """Set right what a crash left: pending acts are taken back, begun undos finished.

    The store must be locked.  Gives the directories that it dealt with.
    """
    found = []
    for home in unfinished(root):
        found.append(home)
        with naming(root):
            if home.name.endswith(_PENDING):
                _take_back(root, home)
            else:
                act = _read(home)
                if act is not None:
                    _finish_undo(root, home, act)
    return found


def unfinished(root: Path) -> list[Path]:
    """Acts that a crash interrupted; reading only."""
    try:
        names = os.listdir(root / TRASH)
    except OSError:
        return []
    return [root / TRASH / name for name in sorted(names) if name.endswith((_PENDING, _UNDOING))]


def read_acts(root: Path) -> list[Act]:
    """All finished acts, newest first; what is no act of ours is passed over."""
    try:
        names = os.listdir(root / TRASH)
    except OSError:
        return []
    homes = (root / TRASH / name for name in sorted(names, reverse=True))
    acts = [_read(home) for home in homes if not home.name.endswith((_PENDING, _UNDOING))]
    return [act for act in acts if act is not None]


# --- one step forward


def _check_expected(root: Path, step: Step) -> None:
    if step.op == "create":
        if Signature.at(root / step.path) is not None:
            raise StaleSession("something is there already", path=root / step.path)
    elif step.expected is not None and Signature.at(root / step.path) != step.expected:
        raise StaleSession("it changed since it was read", path=root / step.path)


def _prepare(root: Path, home: Path, step: Step) -> Step:
    """Write the new content aside; then what its signature will be is known."""
    if step.op == "move":
        return Step(step.op, step.path)
    new = home / "new" / step.path
    _make(new.parent)
    after = write_file(new, step.parts, like=root / step.path)
    return Step(step.op, step.path, after=after, derived=step.derived)


def _do(root: Path, home: Path, step: Step) -> None:
    target = root / step.path
    if step.op == "move":
        _move(target, home / "files" / step.path)
        return
    if step.op == "replace":
        # The old file gets a second name first, so that the target is never missing.
        _link(target, home / "before" / step.path)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(home / "new" / step.path, target)


# --- back again


def _take_back(root: Path, home: Path) -> None:
    """Undo what was done of a pending act; the steps are such that each can be told from the files."""
    act = _read(home)
    for step in reversed(act.steps if act else ()):
        target, now = root / step.path, Signature.at(root / step.path)
        moved, before = home / "files" / step.path, home / "before" / step.path
        if step.op == "move" and os.path.lexists(moved):
            if now is not None:
                # Somebody saved it anew: both are worth keeping, the act stays as it is.
                _rename(home, home.name.removesuffix(_PENDING))
                return
            os.rename(moved, target)
        elif step.op == "replace" and os.path.lexists(before):
            if now in (None, step.after):
                os.rename(before, target)
        elif step.op == "create" and now is not None and now == step.after:
            os.unlink(target)
    if act:
        _sync_parents(root, home, act.steps)
    if any(files for _, _, files in os.walk(home / "files")):
        # Without a manifest that can be read nobody knows where these belong; they stay.
        return
    shutil.rmtree(home, ignore_errors=True)
    with contextlib.suppress(OSError):
        sync_directory(root / TRASH)


def _conflicts(root: Path, home: Path, step: Step) -> bool:
    now = Signature.at(root / step.path)
    if step.derived:
        return False
    if step.op == "move":
        return now is not None or not os.path.lexists(home / "files" / step.path)
    if step.op == "replace":
        return now != step.after or not os.path.lexists(home / "before" / step.path)
    return now != step.after


def _finish_undo(root: Path, home: Path, act: Act) -> None:
    for step in reversed(act.steps):
        _undo_step(root, home, step)
    _sync_parents(root, home, act.steps)
    _rename(home, act.id + _UNDONE)


def _undo_step(root: Path, home: Path, step: Step) -> None:
    """Each can be begun again after a crash: it looks at what is there."""
    target, now = root / step.path, Signature.at(root / step.path)
    if step.op == "move":
        moved = home / "files" / step.path
        if os.path.lexists(moved) and now is None:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.rename(moved, target)
    elif step.op == "replace":
        before = home / "before" / step.path
        if os.path.lexists(before) and now in (None, step.after):
            if now is not None:
                _link(target, home / "undone" / step.path)
            os.rename(before, target)
    elif now is not None and now == step.after:
        _move(target, home / "undone" / step.path)


# --- files and names


def _move(source: Path, target: Path) -> None:
    _make(target.parent)
    os.rename(source, target)


def _link(source: Path, target: Path) -> None:
    _make(target.parent)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(target)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        # A file system without hard links.
        shutil.copy2(source, target, follow_symlinks=False)


def _make(directory: Path) -> None:
    """What was deleted is readable by its owner alone, whatever the store's mode."""
    if not directory.is_dir():
        # `parents=True` would give those the usual mode.
        _make(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)


def _rename(home: Path, name: str) -> Path:
    target = home.with_name(name)
    os.rename(home, target)
    sync_directory(home.parent)
    return target


def _sync_tree(home: Path, root: Path) -> None:
    """The new act with all in it, and the names that lead to it."""
    for directory, _, _ in os.walk(home):
        sync_directory(directory)
    sync_directory(root / TRASH)
    sync_directory(root)


def _sync_parents(root: Path, home: Path, steps: Sequence[Step]) -> None:
    folders = {(root / step.path).parent for step in steps}
    for side in ("files", "before", "new", "undone"):
        folders |= {(home / side / step.path).parent for step in steps}
    for folder in folders:
        if folder.is_dir():
            sync_directory(folder)


def _next_moment(root: Path) -> Timestamp:
    """Now, or just after the last act when the clock was set back: the order of acts is their names'."""
    now = Timestamp.now()
    acts = read_acts(root)
    last = ns_of(acts[0].created_at) if acts else 0
    return now if ns_of(now) > last + 1000 else Timestamp.from_ns(last + 1000)


def _stamp(moment: Timestamp) -> str:
    """Sorts as time does, to the microsecond, and is a file name everywhere."""
    return to_datetime(moment).strftime("%Y%m%dT%H%M%S.%fZ")


def _manifest(act: Act) -> bytes:
    plain = {
        "format": _FORMAT,
        "kind": act.kind,
        "created_at": act.created_at,
        "sessions": [[s.id, s.title, s.size] for s in act.sessions],
        "steps": [step.to_plain() for step in act.steps],
    }
    # Only ASCII: file names may hold lone surrogates, which UTF-8 does not.
    return json.dumps(plain, ensure_ascii=True, indent=0).encode("ascii")


def _read(home: Path) -> Act | None:
    """The act of a directory, None when its manifest is missing or not one of ours."""
    name = home.name
    for suffix in (_PENDING, _UNDOING, _UNDONE):
        name = name.removesuffix(suffix)
    try:
        plain = json.loads((home / MANIFEST).read_bytes())
        if plain["format"] != _FORMAT:
            raise CorruptData(f"manifest of format {plain['format']}", path=home / MANIFEST)
        return Act(
            name,
            str(plain["kind"]),
            Timestamp(plain["created_at"]),
            tuple(
                ActSession(str(i), str(title), int(size)) for i, title, size in plain["sessions"]
            ),
            tuple(Step.from_plain(step) for step in plain["steps"]),
            undone=home.name.endswith(_UNDONE),
        )
    except (OSError, ValueError, KeyError, TypeError, CorruptData):
        return None
