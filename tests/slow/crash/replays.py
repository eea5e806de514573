"""What a disk may hold after the power fails: every state that POSIX allows for a recorded act.

Strategy: each change of a directory's entries and each sync is recorded.  POSIX promises of entries only
what was there when their directory was synced last; whatever came later may be on the disk or not,
each directory on its own, in the order in which it was changed.  So for each moment and for each
directory some number of its later changes is taken as written.  Files are known by their inodes:
each one is kept by a link of its own, so a state can be made real with the very files, whose
signatures an act remembers.  Bytes of a file that was not synced are taken as lost.
"""

from __future__ import annotations

import os
import random
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.slow.crash.file_calls import watched

# Also where the file system of a test refuses it.
_link = os.link

# A directory's entries: names and inodes.
Entries = dict[str, int]
# The entries of each directory that is known, by its inode.
State = dict[int, Entries]


@dataclass
class Recording:
    """The history of every directory below a root, and the files that were ever in one."""

    root: Path
    vault: Path
    root_inode: int = 0
    # By directory: its entries after each change, with the number of the event; and its syncs.
    history: dict[int, list[tuple[int, Entries]]] = field(default_factory=dict)
    syncs: dict[int, list[int]] = field(default_factory=dict)
    folders: set[int] = field(default_factory=set)
    events: int = 0

    def __post_init__(self) -> None:
        self.vault.mkdir()
        self.root_inode = os.stat(self.root).st_ino
        self._look()
        # What is there at the beginning is on the disk.
        for inode in self._kept():
            self.syncs.setdefault(inode, []).append(0)

    def run(self, work: Callable[[], object], patch: pytest.MonkeyPatch) -> None:
        def after(name: str, arguments: tuple) -> None:
            self.events += 1
            if name == "fsync":
                self.syncs.setdefault(os.fstat(arguments[0]).st_ino, []).append(self.events)
            self._look()

        with watched(patch, after=after, also=("open",)):
            work()
        self.events += 1
        self._look()

    def _look(self) -> None:
        """Note what is there; a process that works for ours may take something away at the same time."""
        pending = [self.root]
        while pending:
            folder = pending.pop()
            with suppress(FileNotFoundError):
                inode = os.stat(folder).st_ino
                entries: Entries = {}
                with os.scandir(folder) as found:
                    for entry in found:
                        with suppress(FileNotFoundError):
                            entries[entry.name] = self._keep(entry)
                            if entry.is_dir(follow_symlinks=False):
                                pending.append(Path(entry.path))
                self.folders.add(inode)
                past = self.history.setdefault(inode, [])
                if not past or past[-1][1] != entries:
                    past.append((self.events, entries))

    def _keep(self, entry: os.DirEntry[str]) -> int:
        """The inode of an entry, which is kept."""
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            self.folders.add(status.st_ino)
        elif not self._kept_at(status.st_ino).exists():
            _link(entry.path, self._kept_at(status.st_ino))
        return status.st_ino

    def _kept(self) -> set[int]:
        return self.folders | {int(path.name) for path in self.vault.iterdir()}

    def _kept_at(self, inode: int) -> Path:
        return self.vault / str(inode)

    def states(self, chance: random.Random) -> Iterator[tuple[int, State]]:
        """For each moment: all that was done, only what was synced, and mixtures of the two."""
        for moment in range(self.events + 1):
            for pick in (max, min, *(chance.choice,) * 4):
                yield moment, {inode: self._entries(inode, moment, pick) for inode in self.history}

    def _entries(self, inode: int, moment: int, pick: Callable) -> Entries:
        synced = max((at for at in self.syncs.get(inode, ()) if at <= moment), default=-1)
        past = self.history[inode]
        last = max((n for n, (at, _) in enumerate(past) if at <= moment), default=None)
        sure = max((n for n, (at, _) in enumerate(past) if at <= synced), default=None)
        if last is None:
            return {}
        # A directory that was never synced may be empty.
        options = range(-1 if sure is None else sure, last + 1)
        number = pick(options)
        return past[number][1] if number >= 0 else {}

    def is_synced(self, inode: int, moment: int) -> bool:
        """Whether the bytes of a file are on the disk; none of ours is written after its sync."""
        return any(at <= moment for at in self.syncs.get(inode, ()))

    def make(self, state: State, moment: int, target: Path) -> None:
        """Make a state real."""
        self._make_folder(self.root_inode, state, moment, target)

    def _make_folder(self, inode: int, state: State, moment: int, target: Path) -> None:
        target.mkdir()
        for name, child in state.get(inode, {}).items():
            if child in self.folders:
                self._make_folder(child, state, moment, target / name)
            elif self.is_synced(child, moment):
                _link(self._kept_at(child), target / name)
            else:
                (target / name).write_bytes(b"")
