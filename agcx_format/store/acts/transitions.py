"""What can happen to one file in an act, so that no crash and no other program loses a version.

Strategy: an act, and its undo, is a list of transitions.  Before anything in the store changes, each
one `prepare`s: it gives what will leave the store a second name in the act's directory.  The caller
makes these names durable, lets each `do` its one atomic change of the store, makes that durable
as well, and then has each `settle`: second names that are not needed any more go.  So a version has
a durable name at every instant, in whatever order the disk writes directories.  A file system without
hard links has renames alone: there the order of the syncs is all there is.

`revert` takes back a `do` of this process.  What a crash left is for `recovery`.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod

from agcx_format.disk.compare_and_swap import put, swap, take
from agcx_format.disk.durable import Signature
from agcx_format.disk.tree import Place
from agcx_format.errors import StaleSession

__all__ = ["Fill", "Swap", "Transition", "Vacate", "second_name"]


class Transition(ABC):
    """The change of one place of the store.

    Every method raises `StaleSession` when another program changed it meanwhile, and `OSError`.
    """

    target: Place
    is_linked: bool
    """Whether a second name was given; else the file itself is moved."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the second names; nothing of the store changes."""

    @abstractmethod
    def do(self) -> None:
        """The one change of the store."""

    @abstractmethod
    def revert(self) -> None:
        """Take `do` back; a version that has no place any more stays where it is kept."""

    @abstractmethod
    def settle(self) -> None:
        """Remove names that were needed until `do` was durable; `revert` is possible still."""

    @abstractmethod
    def is_as_done(self) -> bool:
        """Whether the place is as `do` left it."""


class Vacate(Transition):
    """The file at `target` leaves for `keep`; `gone` is a free name in the act's directory."""

    def __init__(self, target: Place, keep: Place, gone: Place, expected: Signature) -> None:
        self.target, self._keep, self._gone, self._expected = target, keep, gone, expected
        self.is_linked = False

    def prepare(self) -> None:
        self.is_linked = _keep_name(self.target, self._keep, self._expected)

    def do(self) -> None:
        take(self.target, self._gone if self.is_linked else self._keep, self._expected)

    def revert(self) -> None:
        if put(self._keep, self.target):
            self._keep.unlink()

    def settle(self) -> None:
        if self.is_linked:
            self._gone.unlink()

    def is_as_done(self) -> bool:
        return not self.target.is_taken()


class Fill(Transition):
    """The file at `source` comes to `target`, where nothing may be."""

    def __init__(self, target: Place, source: Place, gone: Place) -> None:
        self.target, self._source, self._gone = target, source, gone
        self._signature: Signature | None = None
        self.is_linked = False

    def prepare(self) -> None:
        self._signature = self._source.signature()
        if self._signature is None:
            raise StaleSession("it is not there any more", path=self._source.path)

    def do(self) -> None:
        self.is_linked = put(self._source, self.target)

    def revert(self) -> None:
        assert self._signature is not None
        take(self.target, self._gone, self._signature)
        if not self._source.is_taken():
            put(self._gone, self._source)
        self._gone.unlink()

    def settle(self) -> None:
        if self.is_linked:
            self._source.unlink()

    def is_as_done(self) -> bool:
        return self.target.signature() == self._signature


class Swap(Transition):
    """The file at `spare` comes to `target`; the one that is there is kept at `keep`."""

    def __init__(self, target: Place, spare: Place, keep: Place, expected: Signature) -> None:
        self.target, self._spare, self._keep, self._expected = target, spare, keep, expected
        self._after: Signature | None = None
        # A copy does as well as a link.
        self.is_linked = True

    def prepare(self) -> None:
        self._after = self._spare.signature()
        if self._after is None:
            raise StaleSession("it is not there any more", path=self._spare.path)
        if not _keep_name(self.target, self._keep, self._expected):
            self.target.copy(self._keep)

    def do(self) -> None:
        swap(self._spare, self.target, self._expected)

    def revert(self) -> None:
        assert self._after is not None
        if not self._spare.is_taken():
            second_name(self._keep, self._spare)
        swap(self._spare, self.target, self._after)

    def settle(self) -> None:
        self._spare.unlink()

    def is_as_done(self) -> bool:
        return self.target.signature() == self._after


def _keep_name(target: Place, keep: Place, expected: Signature) -> bool:
    """Give the expected file a second name; False where there are no links.

    Raises `StaleSession` when it is another file.
    """
    try:
        is_linked = target.link(keep)
    except FileNotFoundError:
        is_linked = False
    except FileExistsError:
        # Of an attempt before this one.
        is_linked = True
    if (keep if is_linked else target).is_still(expected):
        return is_linked
    if is_linked and target.is_still(keep.signature() or expected):
        keep.unlink()
    raise StaleSession("it changed since it was read", path=target.path)


def second_name(source: Place, target: Place) -> None:
    """A second name for a file, or a copy where that cannot be."""
    target.unlink()
    try:
        if source.link(target):
            return
    except OSError as cause:
        if cause.errno != errno.EXDEV:
            raise
    source.copy(target)
