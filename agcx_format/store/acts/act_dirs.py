"""The directories of acts below `trash/`: their names, the state that a name encodes, and their content.

Strategy: an act is a directory, and one rename of the directory moves it to its next state:

    <time>-<kind>-<random>.pending    in progress; after a crash, recovery rolls it back
    <time>-<kind>-<random>            done; `undo` can take it back
    <time>-<kind>-<random>.undoing    being undone; after a crash, recovery finishes the undo
    <time>-<kind>-<random>.undone     undone
    ….emptying                        what it kept is being destroyed; recovery finishes that
    ….emptied                         (written by earlier versions) only time and size are known

`.emptying` and `.emptied` are appended to the name of an act that is done or undone.  An act that was
emptied is a line of `emptied.jsonl` (see `emptied`).

An act's directory holds `manifest.json` (what is to happen, and to which sessions), `files/` (what was
moved out of the store), `before/` (what was replaced), `new/` (new content, written before the first
step), `undone/` (what an undo removed) and `gone/` (second names, until the first are durable, and in each
folder `.last`, the file that was moved out of the store last).

This module only reads, and imports little: opening a store for reading needs nothing else of acts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from agcx_format.disk.durable import os_reason
from agcx_format.errors import PersistenceError
from agcx_format.model.timestamps import Timestamp, ns_of, to_datetime
from agcx_format.store.paths import TRASH

__all__ = [
    "ASIDE", "BEFORE", "EMPTIED", "EMPTYING", "FILES", "GONE", "LAST", "MANIFEST", "NEW", "PENDING", "SAVE",
    "SIDES", "TAKEN", "UNDOING", "UNDONE", "UNFINISHED", "act_id_of", "act_names", "folders_of", "new_moment",
    "open_trash", "parse_name", "parsed_entries", "stamp", "time_of", "unfinished",
]  # fmt: skip

MANIFEST: Final = "manifest.json"
PENDING, UNDOING, UNDONE = ".pending", ".undoing", ".undone"
EMPTYING, EMPTIED = ".emptying", ".emptied"
FILES, BEFORE, NEW, TAKEN, GONE = "files", "before", "new", "undone", "gone"
# In `gone/`: the file that was moved out of the folder last, until it is known to be the expected one.
LAST: Final = ".last"
SIDES: Final = (FILES, BEFORE, NEW, TAKEN, GONE)
UNFINISHED: Final = (PENDING, UNDOING, EMPTYING)
# The kind of an act that is removed as soon as it is done, so it is only seen after a crash.
SAVE: Final = "save"
# The end of the name beside its place of a file that is looked at before it is destroyed.
ASIDE: Final = ".agcx-aside"

_STAMP: Final = "%Y%m%dT%H%M%S.%fZ"
parse_name = re.compile(
    r"(?P<id>(?P<time>\d{8}T\d{6}\.\d{6}Z)-(?P<kind>[a-z][a-z-]*)-[0-9a-f]{6})(?:\.[a-z]+){0,2}"
).fullmatch
# The clock may have been wrong, but a name can also be made up: later ones say nothing of the order.
_FUTURE_NS: Final = 10 * 366 * 86_400 * 1_000_000_000
# A clock outside of these is certainly wrong: one without a battery begins at 1970, when there was no act.
_EARLIEST: Final = ns_of("2024-01-01T00:00:00Z")
_LATEST: Final = ns_of("9000-01-01T00:00:00Z")


def folders_of(paths: Iterable[str]) -> set[str]:
    """The folders that contain these files."""
    return {path.rpartition("/")[0] for path in paths}


def act_id_of(act_dir: str | os.PathLike[str]) -> str:
    """The id of the act that a directory holds, whatever its state."""
    name = os.path.basename(act_dir)
    match = parse_name(name)
    return match["id"] if match else name


def unfinished(root: Path) -> list[Path]:
    """Directories of acts that are in progress or were interrupted."""
    with suppress(PersistenceError):
        return [root / TRASH / name for name in sorted(act_names(root, UNFINISHED))]
    return []


def act_names(root: Path, endings: tuple[str, ...] = ("",)) -> list[str]:
    """Names of the act directories in the trash that end in one of these, without symbolic links.

    Raises:
        PersistenceError: the trash cannot be read.
    """
    return [match.string for match, _ in parsed_entries(root, endings)]


def parsed_entries(root: Path, endings: tuple[str, ...] = ("",)) -> list[tuple[re.Match[str], int]]:
    """Like `act_names`, as `parse_name` gives them, each with the inode of the directory."""
    try:
        fd = open_trash(root)
    except FileNotFoundError:
        return []
    try:
        with os.scandir(fd) as entries:
            return [
                (match, entry.inode())
                for entry in entries
                if entry.name.endswith(endings)
                and (match := parse_name(entry.name))
                and entry.is_dir(follow_symlinks=False)
            ]
    except OSError as cause:
        raise PersistenceError(os_reason(cause), path=root / TRASH) from None
    finally:
        os.close(fd)


def open_trash(root: Path) -> int:
    """A descriptor of the trash, which the caller closes; a trash that is a link is not followed.

    Raises:
        FileNotFoundError: there is no trash.
        PersistenceError: it cannot be opened, or is not a directory.
    """
    try:
        return os.open(root / TRASH, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as cause:
        if isinstance(cause, FileNotFoundError) or not os.path.isdir(root):
            raise FileNotFoundError(root / TRASH) from None
        reason = os_reason(cause)
        if os.path.islink(root / TRASH):
            reason = "is a symbolic link, which is not followed"
        raise PersistenceError(reason, path=root / TRASH) from None


def new_moment(root: Path) -> Timestamp:
    """The time of a new act: now, or just after the last act if the clock was set back.

    Acts are ordered by their names, so only the names are read.

    Raises:
        PersistenceError: the trash cannot be read.
    """
    now = Timestamp.from_ns(min(max(Timestamp.now().ns, _EARLIEST), _LATEST))
    latest = stamp(Timestamp.from_ns(ns_of(now) + _FUTURE_NS))
    last = max((name for name in act_names(root) if name < latest), default="")
    if last < stamp(now):
        return now
    return Timestamp.from_ns(ns_of(time_of(last.partition("-")[0])) + 1000)


def stamp(moment: str) -> str:
    """A timestamp as a part of a file name that sorts by time, to the microsecond."""
    return to_datetime(moment).strftime(_STAMP)


def time_of(text: str) -> Timestamp:
    """The time that `stamp` wrote.

    Raises:
        ValueError: `text` is not such a time.
    """
    return Timestamp.from_datetime(datetime.strptime(text, _STAMP).replace(tzinfo=UTC))
