"""The history of a store: its acts, read from their directories and from the list of emptied ones.

An act whose manifest cannot be read is listed with its problem, since the sessions that it keeps are
somebody's.  This module only reads; `perform`, `undo`, `recovery` and `emptying` move files.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import structs

from agcx_format import limits
from agcx_format.collecting import collecting_seldom
from agcx_format.disk.durable import os_reason, read_exactly
from agcx_format.disk.tree import Tree
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.store.acts import emptied
from agcx_format.store.acts.act_dirs import (
    EMPTYING,
    FILES,
    MANIFEST,
    UNDONE,
    UNFINISHED,
    open_trash,
    parse_name,
    parsed_entries,
    time_of,
    unfinished,
)
from agcx_format.store.acts.manifest import Act, ActSession, decode
from agcx_format.store.paths import SUFFIX, TRASH, id_of

__all__ = [
    "acts_in", "destroyed_since", "finished", "half_emptied", "history", "iter_acts", "next_to_undo",
    "read_act", "read_acts", "read_manifest",
]  # fmt: skip


def iter_acts(root: Path) -> Iterator[Act]:
    """Finished acts that have a directory, newest first, each read when it is asked for.

    Those that were emptied have none.  Files we did not write are ignored.

    Raises:
        PersistenceError: the trash cannot be read.
    """
    names = [name for name, _ in finished(root)]
    try:
        trash_fd = open_trash(root)
    except FileNotFoundError:
        return
    try:
        yield from acts_in(root, trash_fd, names, read_manifest)
    finally:
        os.close(trash_fd)


def finished(root: Path) -> list[tuple[re.Match[str], int]]:
    """The parsed names of the directories of finished acts, newest first, each with its inode.

    Raises:
        PersistenceError: the trash cannot be read.
    """
    found = parsed_entries(root)
    dirs = {each[0]["id"]: each for each in found if not each[0].string.endswith(UNFINISHED)}
    return [dirs[act_id] for act_id in sorted(dirs, reverse=True)]


def acts_in(
    root: Path,
    trash_fd: int,
    names: Iterable[re.Match[str]],
    manifest_in: Callable[[int, str], bytes],
) -> Iterator[Act]:
    """The acts of directories that are not links; `manifest_in` gives the manifest of each.

    It is called with the descriptor of the trash and the name of a directory, and may raise
    `PersistenceError` and `OSError`.
    """
    for name in names:
        if (act := _read(trash_fd, name, root, manifest_in)) is not None:
            yield act


def read_acts(root: Path) -> list[Act]:
    """All finished acts that have a directory, newest first.

    Raises:
        PersistenceError: the trash cannot be read.
    """
    with collecting_seldom():
        return list(iter_acts(root))


def history(root: Path, acts: list[Act] | None = None) -> list[Act]:
    """All finished acts, also the emptied ones, newest first.

    `acts` are those that have a directory, if they were read already.

    Raises:
        PersistenceError: the trash cannot be read.
    """
    acts = read_acts(root) if acts is None else acts
    there = {act.id for act in acts}
    gone = [act for act in emptied.read(root) if act.id not in there]
    return sorted(acts + gone, key=lambda act: act.id, reverse=True) if gone else acts


def next_to_undo(root: Path, act_id: str | None = None) -> Act | None:
    """The act of this id, by default the last, unless it was undone or emptied.

    Raises:
        PersistenceError: the trash cannot be read.
    """
    return next((act for act in iter_acts(root) if act.is_kept and act_id in (None, act.id)), None)


def destroyed_since(root: Path, act: Act | None) -> list[Act]:
    """The acts that were destroyed after `act` was done, or at any time: its undo passes over them.

    Those that were undone before are not among them: nothing was lost with them.

    Raises:
        PersistenceError: the trash cannot be read.
    """
    since = None if act is None else ns_of(act.created_at)
    return [
        each
        for each in emptied.read(root)
        if not each.undone and (since is None or _destroyed_ns(each) > since)
    ]


def _destroyed_ns(act: Act) -> int:
    """When it was destroyed: acts in quick succession may have moments ahead of the clock."""
    return max(ns_of(act.created_at), ns_of(act.emptied_at or act.created_at))


def half_emptied(root: Path) -> Iterator[Act]:
    """Acts whose emptying was interrupted and could not be finished without asking."""
    for act_dir in unfinished(root):
        if act_dir.name.endswith(EMPTYING) and (act := read_act(act_dir)) is not None:
            yield structs.replace(act, emptied_at=None)


def read_act(act_dir: Path) -> Act | None:
    """The act of a directory, with its problem if it has one; None if there is no such directory."""
    root = act_dir.parent.parent
    try:
        trash_fd = open_trash(root)
    except (PersistenceError, FileNotFoundError):
        return None
    try:
        status = os.lstat(act_dir.name, dir_fd=trash_fd)
        name = parse_name(act_dir.name)
        if name and stat.S_ISDIR(status.st_mode):
            return _read(trash_fd, name, root, read_manifest)
        return None
    except OSError:
        return None
    finally:
        os.close(trash_fd)


def _read(
    trash_fd: int,
    parsed: re.Match[str],
    root: Path,
    manifest_in: Callable[[int, str], bytes],
) -> Act | None:
    """The act of a directory that is not a link, by its parsed name; None if it no longer exists."""
    name = parsed.string
    try:
        return decode(manifest_in(trash_fd, name), parsed["id"], undone=UNDONE in name)
    except PersistenceError as error:
        reason = error.reason
    except OSError as cause:
        reason = os_reason(cause)
    try:
        os.lstat(name, dir_fd=trash_fd)
    except OSError:
        # Another program emptied or undid it meanwhile.
        return None
    return _unusable(parsed, reason, root / TRASH / name)


def read_manifest(trash_fd: int, name: str) -> bytes:
    """The manifest of the act in the directory `name` of the trash.

    Raises:
        CorruptData: it is not a regular file, or too large.
        OSError: it cannot be read.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(f"{name}/{MANIFEST}", flags, dir_fd=trash_fd)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > limits.MANIFEST:
            raise CorruptData("a manifest that is not a regular file, or too large")
        return read_exactly(fd, status.st_size, 0)
    finally:
        os.close(fd)


def _unusable(match: re.Match[str], reason: str, act_dir: Path) -> Act:
    """An act of which only the directory is known: its sessions are the files in it.

    Once all of them were restored nothing is left of it to undo.
    """
    sessions, is_restored = _sessions_in(act_dir)
    try:
        created_at = time_of(match["time"])
    except ValueError:
        created_at = Timestamp.from_ns(0)
    return Act(
        match["id"],
        match["kind"],
        created_at,
        sessions,
        (),
        undone=is_restored or UNDONE in match.string,
        problem=f"manifest: {reason}",
    )


def _sessions_in(act_dir: Path) -> tuple[tuple[ActSession, ...], bool]:
    """The sessions that an act keeps, and whether it has an empty folder for them."""
    with suppress(OSError, PersistenceError), Tree(act_dir) as tree:
        files = list(tree.walk(FILES))
        sessions = tuple(
            ActSession(str(id_of(path) or ""), os.path.basename(path), status.st_size)
            for path, status in files
            if path.endswith(SUFFIX)
        )
        return sessions, not files and FILES in tree.names()
    return (), False
