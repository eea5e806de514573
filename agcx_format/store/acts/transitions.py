"""What an act does to files, so that neither a crash nor another program loses a version.

Strategy: an act, and its undo, is a list of transitions.  Before anything in the store changes, each
transition `prepare`s: what will leave the store gets a second name in the act's directory.  The caller
makes these names durable, calls `do` on each, which changes the store file by file, each in one atomic
step, makes that durable, and calls `settle`, which removes the second names.  So each version has a
durable name at every instant, in whatever order the disk writes directories.  On a file system without
hard links there are only renames, and the order of the syncs has to do.

Files that only move do so by the folder, as a deletion has thousands of them: what is the same for
all is looked up once, and each costs the system calls that keep it safe and hardly more.

`revert` takes back what `do` did in this process.  What a crash left is for `recovery`.
"""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable

from agcx_format.disk.compare_and_swap import give_back, put, swap, take
from agcx_format.disk.durable import Signature
from agcx_format.disk.place import Folder, Place
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.store.acts.act_dirs import LAST

__all__ = ["Fill", "Swap", "Transition", "Vacate", "give_second_name"]


class Transition(ABC):
    """The change of one file, or of several in one folder.

    Every method raises `StaleSession` if another program changed a file meanwhile, and `OSError`.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def is_linked(self) -> bool:
        """Whether every file has a second name; otherwise some files themselves were moved."""

    @abstractmethod
    def prepare(self) -> None:
        """Give the second names; nothing in the store changes."""

    @abstractmethod
    def do(self) -> None:
        """Make the change in the store; if this fails, `revert` takes back what was done."""

    @abstractmethod
    def revert(self) -> None:
        """Take `do` back; a version whose place is taken stays where it is kept.

        Raises:
            PersistenceError, OSError: something could not be taken back; the rest was.
        """

    @abstractmethod
    def settle(self) -> None:
        """Remove the names that were needed until `do` was durable; `revert` is still possible."""

    @abstractmethod
    def check(self) -> None:
        """Raises `StaleSession` if a place is no longer as `do` left it."""


class _Moves(Transition):
    """Files of one folder that keep their names where they move to."""

    __slots__ = ("_done", "_gone", "_moved", "_names", "_target")

    def __init__(self, target: Folder, gone: Folder) -> None:
        self._target, self._gone = target, gone
        self._names: list[str] = []
        # How many were changed, the last perhaps halfway, and those that could not get a second name.
        self._done = 0
        self._moved: set[str] = set()

    @property
    def is_linked(self) -> bool:
        return not self._moved

    def revert(self) -> None:
        done, self._done = self._done, 0
        failed: OSError | PersistenceError | None = None
        for number in reversed(range(done)):
            try:
                self._revert(number)
            except StaleSession:
                # What another program saved stays, and what belongs there stays in the act.
                continue
            except (OSError, PersistenceError) as error:
                failed = failed or error
        if failed is not None:
            raise failed

    @abstractmethod
    def _revert(self, number: int) -> None:
        """Take one of them back."""


class Vacate(_Moves):
    """Files move from `target` to `keep`; `gone` is a folder in the act's directory.

    Each leaves under one name there, `LAST`, and replaces the one before it, which is known to be kept: that
    takes half the time of a name for each.  Whose file it is after a crash follows from the order.
    """

    __slots__ = ("_expected", "_keep", "_out")

    def __init__(self, target: Folder, keep: Folder, gone: Folder) -> None:
        super().__init__(target, gone)
        self._keep = keep
        self._expected: list[Signature | None] = []
        # Where another file came out that could not be put back, by the name that it had.
        self._out: dict[str, Place] = {}

    def add(self, name: str, expected: Signature | None) -> None:
        """Without an `expected` file, any will do."""
        self._names.append(name)
        self._expected.append(expected)

    def prepare(self) -> None:
        source, keep = self._target.fd, self._keep.fd
        linked: list[tuple[str, Signature]] = []
        others: list[str] = []
        for name, expected in zip(self._names, self._expected, strict=True):
            try:
                os.link(name, name, src_dir_fd=source, dst_dir_fd=keep, follow_symlinks=False)
            except (OSError, NotImplementedError):
                others.append(name)
                continue
            if expected is None:
                others.append(name)
            else:
                linked.append((name, expected))
        # What was written into one meanwhile is seen when it is moved.
        others += self._keep.others(linked)
        if others:
            self._prepare_one_by_one(set(others))

    def _prepare_one_by_one(self, names: set[str]) -> None:
        for number, name in enumerate(self._names):
            if name not in names:
                continue
            target, kept = self._target.place(name), self._keep.place(name)
            is_linked, self._expected[number] = _keep_name(target, kept, self._expected[number])
            if not is_linked:
                self._moved.add(name)

    def do(self) -> None:
        last = self._gone.place(LAST)
        last.unlink()
        inode = None
        for number, (name, expected) in enumerate(zip(self._names, self._expected, strict=True)):
            assert expected is not None
            self._done = number + 1
            if name in self._moved:
                self._move(name, expected, self._keep.place(name))
                continue
            if inode == expected.inode:
                # A rename does nothing between two names of one file.
                last.unlink()
            self._move(name, expected, last)
            inode = expected.inode

    def _move(self, name: str, expected: Signature, away: Place) -> None:
        """Raises `StaleSession` if it is another file, which is then back in its place, or gone."""
        try:
            os.rename(name, away.name, src_dir_fd=self._target.fd, dst_dir_fd=away.fd)
            if away.is_still(expected):
                return
            unknown = None
        except FileNotFoundError:
            self._done -= 1
            path = self._target.place(name).path
            raise StaleSession("it changed since it was read", path=path) from None
        except PersistenceError as error:
            unknown = error
        try:
            give_back(self._target.place(name), away, unknown)
        except StaleSession:
            self._done -= 1
            # It is still there if an even later save has filled its place.
            away.unlink()
            raise
        except (OSError, PersistenceError):
            self._out[name] = away
            raise

    def _revert(self, number: int) -> None:
        name = self._names[number]
        out = self._out.pop(name, None)
        kept = out if out is not None and out.is_taken() else self._keep.place(name)
        if put(kept, self._target.place(name)):
            kept.unlink()

    def settle(self) -> None:
        self._gone.place(LAST).unlink()

    def check(self) -> None:
        for name in self._target.taken(self._names):
            raise _saved(self._target.place(name))


class Fill(_Moves):
    """Files move from `source` to `target`, where nothing may be."""

    __slots__ = ("_signatures", "_source")

    def __init__(self, target: Folder, source: Folder, gone: Folder) -> None:
        super().__init__(target, gone)
        self._source = source
        self._signatures: list[Signature] = []

    def add(self, name: str) -> None:
        self._names.append(name)

    def prepare(self) -> None:
        for name, signature in zip(self._names, self._source.signatures(self._names), strict=True):
            if signature is None:
                path = self._source.place(name).path
                raise StaleSession("it is no longer there", path=path)
            self._signatures.append(signature)

    def do(self) -> None:
        source, target = self._source.fd, self._target.fd
        for number, name in enumerate(self._names):
            self._done = number + 1
            try:
                os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
                continue
            except (OSError, NotImplementedError):
                pass
            try:
                is_linked = put(self._source.place(name), self._target.place(name))
            except StaleSession:
                self._done = number
                raise
            if not is_linked:
                self._moved.add(name)

    def _revert(self, number: int) -> None:
        name = self._names[number]
        source, gone = self._source.place(name), self._gone.place(name)
        take(self._target.place(name), gone, self._signatures[number])
        if not source.is_taken():
            put(gone, source)
        gone.unlink()

    def settle(self) -> None:
        _unlink(self._source, (name for name in self._names if name not in self._moved))

    def check(self) -> None:
        now = self._target.signatures(self._names)
        for name, found, expected in zip(self._names, now, self._signatures, strict=True):
            if found != expected:
                raise _saved(self._target.place(name))


class Swap(Transition):
    """The file at `spare` moves to `target`; the file that is there is kept at `keep`.

    `aside` gives a place for it where it may lie for a moment.
    """

    __slots__ = ("_after", "_aside", "_expected", "_is_done", "_keep", "_spare", "_target")

    def __init__(
        self,
        target: Place,
        spare: Place,
        keep: Place,
        expected: Signature,
        aside: Callable[[], Place],
    ) -> None:
        self._target, self._spare, self._keep, self._expected = target, spare, keep, expected
        self._aside = aside
        self._after: Signature | None = None
        self._is_done = False

    @property
    def is_linked(self) -> bool:
        # A copy does as well as a link.
        return True

    def prepare(self) -> None:
        self._after = self._spare.signature()
        if self._after is None:
            raise StaleSession("it is no longer there", path=self._spare.path)
        is_linked, self._expected = _keep_name(self._target, self._keep, self._expected)
        if not is_linked:
            self._target.copy(self._keep)

    def do(self) -> None:
        self._is_done = True
        try:
            swap(self._spare, self._target, self._expected, self._aside)
        except StaleSession:
            self._is_done = False
            raise

    def revert(self) -> None:
        if not self._is_done:
            return
        if not self._target.is_taken() and (aside := self._aside()).is_taken():
            # Another file came out, and could not be put back.
            if put(aside, self._target):
                aside.unlink()
            return
        assert self._after is not None
        if self._spare.signature() in (None, self._after):
            # Of two moves instead of an exchange the second one failed.
            give_second_name(self._keep, self._spare)
        swap(self._spare, self._target, self._after, self._aside)

    def settle(self) -> None:
        self._spare.unlink()

    def check(self) -> None:
        if self._after is None or not self._target.is_still(self._after):
            raise _saved(self._target)


def _saved(place: Place) -> StaleSession:
    return StaleSession("another program saved it meanwhile", path=place.path)


def _unlink(folder: Folder, names: Iterable[str]) -> None:
    """Remove files; it is no error if one is gone already."""
    for name in names:
        try:  # noqa: SIM105 (a context manager costs as much as the call)
            os.unlink(name, dir_fd=folder.fd)
        except FileNotFoundError:
            pass


def _keep_name(target: Place, keep: Place, expected: Signature | None) -> tuple[bool, Signature]:
    """Give the expected file a second name; whether there are links, and the file's own signature.

    Raises `StaleSession` if it is another file.
    """
    try:
        is_linked = target.link(keep)
    except FileNotFoundError:
        is_linked = False
    except FileExistsError:
        # Of an attempt before this one.
        is_linked = True
    if is_linked and expected is not None and keep.is_still(expected):
        return True, expected
    # A symbolic link leads to the expected file from its own place only.
    found, kept = target.accept(expected), keep.signature()
    if found is not None and (found == kept or not is_linked):
        return is_linked, found
    if is_linked and kept is not None and target.is_still(kept):
        keep.unlink()
    raise StaleSession("it changed since it was read", path=target.path)


def give_second_name(source: Place, target: Place) -> None:
    """Link a file to a second name, or copy it where the file system has no links."""
    target.unlink()
    try:
        if source.link(target):
            return
    except OSError as cause:
        if cause.errno != errno.EXDEV:
            raise
    source.copy(target)
