"""The log of a store: the directories of its acts below `trash/`, and the names they have.

Strategy: an act is a directory whose name carries its state, and a rename of the directory is what
moves it on, in one step:

    <time>-<kind>-<random>.pending    begun; a crash leaves this, and recovery takes it back
    <time>-<kind>-<random>            done; `undo` can take it back
    <time>-<kind>-<random>.undoing    being taken back; recovery carries on
    <time>-<kind>-<random>.undone     taken back
    ….emptying                        what it kept is being destroyed; recovery carries on
    ….emptied                         (of earlier versions) only time and size are known

The last two are put behind what the name was, `.undone` or nothing.  Once emptied, an act is a line
of `emptied.jsonl` (see `emptied`).

Inside: `manifest.json` (what was to happen, and to which sessions), `files/` (what left the store),
`before/` (what was replaced), `new/` (what is to come, written before the first step), `undone/`
(what an undo took out again), `gone/` (second names, until the first are durable).  An act whose
manifest cannot be read is listed with its problem: what it keeps is somebody's sessions.  This
module reads and names; `acts` moves files.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agcx_format import limits
from agcx_format.disk.durable import os_reason, read_exactly
from agcx_format.disk.tree import Tree
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.model.timestamps import Timestamp, ns_of, to_datetime
from agcx_format.store.acts import emptied
from agcx_format.store.acts.manifest import Act, ActSession, decode
from agcx_format.store.paths import SUFFIX, TRASH, id_of

__all__ = [
    "folders_of", "half_emptied", "iter_acts", "name_of", "next_moment", "read_act", "read_acts",
    "stamp", "unfinished",
]  # fmt: skip

MANIFEST: Final = "manifest.json"
PENDING, UNDOING, UNDONE = ".pending", ".undoing", ".undone"
EMPTYING, EMPTIED = ".emptying", ".emptied"
FILES, BEFORE, NEW, TAKEN, GONE = "files", "before", "new", "undone", "gone"
SIDES: Final = (FILES, BEFORE, NEW, TAKEN, GONE)
UNFINISHED: Final = (PENDING, UNDOING, EMPTYING)

_STAMP: Final = "%Y%m%dT%H%M%S.%fZ"
_is_ours = re.compile(
    r"(?P<id>(?P<time>\d{8}T\d{6}\.\d{6}Z)-(?P<kind>[a-z][a-z-]*)-[0-9a-f]{6})(?:\.[a-z]+){0,2}"
).fullmatch
# The clock may have been wrong, but a name may also be made up: later ones say nothing of the order.
_FUTURE_NS: Final = 10 * 366 * 86_400 * 1_000_000_000


def folders_of(paths: Iterable[str]) -> set[str]:
    """The folders in which files of a store lie."""
    return {path.rpartition("/")[0] for path in paths}


def name_of(home: str | os.PathLike[str]) -> str:
    """The id of the act whose directory this is, whatever its state."""
    name = os.path.basename(home)
    match = _is_ours(name)
    return match["id"] if match else name


def iter_acts(root: Path) -> Iterator[Act]:
    """Finished acts, newest first, read as they are asked for; files we did not write are ignored.

    Raises `PersistenceError` when the trash cannot be read.
    """
    done = {act.id: act for act in emptied.read(root)}
    names = {name_of(name): name for name in _act_names(root) if not name.endswith(UNFINISHED)}
    trash_fd = _open_trash(root) if names else None
    try:
        for act_id in sorted(done.keys() | names.keys(), reverse=True):
            name = names.get(act_id)
            if name is None:
                yield done[act_id]
            elif trash_fd is not None and (act := _read(trash_fd, name, root)) is not None:
                yield act
    finally:
        if trash_fd is not None:
            os.close(trash_fd)


def read_acts(root: Path) -> list[Act]:
    """All finished acts, newest first: the log.  Raises `PersistenceError`, as `iter_acts`."""
    return list(iter_acts(root))


def unfinished(root: Path) -> list[Path]:
    """Directories of acts that were interrupted, or are at work; reading only."""
    with suppress(PersistenceError):
        names = sorted(name for name in _act_names(root) if name.endswith(UNFINISHED))
        return [root / TRASH / name for name in names]
    return []


def half_emptied(root: Path) -> Iterator[Act]:
    """Acts of which an emptying left something that their manifests do not name; reading only."""
    for home in unfinished(root):
        if home.name.endswith(EMPTYING) and (act := read_act(home)) is not None:
            yield replace(act, emptied_at=None)


def read_act(home: Path) -> Act | None:
    """The act of a directory, with its problem if it has one; None when there is no such directory."""
    try:
        trash_fd = _open_trash(home.parent.parent)
    except (PersistenceError, FileNotFoundError):
        return None
    try:
        status = os.lstat(home.name, dir_fd=trash_fd)
        return (
            _read(trash_fd, home.name, home.parent.parent) if stat.S_ISDIR(status.st_mode) else None
        )
    except OSError:
        return None
    finally:
        os.close(trash_fd)


def _act_names(root: Path) -> list[str]:
    """Names of directories of ours in the trash; never links."""
    try:
        fd = _open_trash(root)
    except FileNotFoundError:
        return []
    try:
        with os.scandir(fd) as entries:
            return [
                entry.name
                for entry in entries
                if _is_ours(entry.name) and entry.is_dir(follow_symlinks=False)
            ]
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=root / TRASH) from None
    finally:
        os.close(fd)


def _open_trash(root: Path) -> int:
    """Raises `FileNotFoundError` when there is none."""
    try:
        with Tree(root) as store:
            return os.dup(store.folder(TRASH))
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(root / TRASH) from None
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=root / TRASH) from None


def _read(trash_fd: int, name: str, root: Path) -> Act | None:
    """The act of a directory, which is no link; None when it is not there any more."""
    match = _is_ours(name)
    if match is None:
        return None
    try:
        return decode(_manifest_in(trash_fd, name), match["id"], undone=UNDONE in name)
    except PersistenceError as error:
        reason = error.reason
    except OSError as cause:
        reason = os_reason(cause)
    try:
        os.lstat(name, dir_fd=trash_fd)
    except OSError:
        # Emptied or undone by another program meanwhile.
        return None
    return _unusable(match, reason, root / TRASH / name)


def _manifest_in(trash_fd: int, name: str) -> bytes:
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(f"{name}/{MANIFEST}", flags, dir_fd=trash_fd)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > limits.MANIFEST:
            raise CorruptData("a manifest that is no regular file, or too large")
        return read_exactly(fd, status.st_size, 0)
    finally:
        os.close(fd)


def _unusable(match: re.Match[str], reason: str, home: Path) -> Act:
    """An act of which only the directory is known: its sessions are the files that lie in it."""
    try:
        moment = datetime.strptime(match["time"], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        moment = datetime.fromtimestamp(0, UTC)
    kind, created_at = match["kind"], Timestamp.from_datetime(moment)
    undone = UNDONE in match.string
    sessions = tuple(_sessions_in(home))
    return Act(
        match["id"], kind, created_at, sessions, (), undone=undone, problem=f"manifest: {reason}"
    )


def _sessions_in(home: Path) -> Iterator[ActSession]:
    with suppress(OSError, PersistenceError), Tree(home) as tree:
        for path, status in tree.walk(FILES):
            if path.endswith(SUFFIX):
                yield ActSession(str(id_of(path) or ""), os.path.basename(path), status.st_size)


def next_moment(root: Path) -> Timestamp:
    """Now, or just after the last act when the clock was set back: the order of acts is their names'.

    Only the names are read.  Raises `PersistenceError` when the trash cannot be read.
    """
    now = Timestamp.now()
    latest = stamp(Timestamp.from_ns(ns_of(now) + _FUTURE_NS))
    last = max((name for name in _act_names(root) if name < latest), default="")
    if last < stamp(now):
        return now
    moment = datetime.strptime(last.partition("-")[0], _STAMP).replace(tzinfo=UTC)
    return Timestamp.from_ns(ns_of(Timestamp.from_datetime(moment)) + 1000)


def stamp(moment: str) -> str:
    """Sorts as time does, to the microsecond, and is a file name everywhere."""
    return to_datetime(moment).strftime(_STAMP)
