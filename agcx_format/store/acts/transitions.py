"""What an act does to one file, so that neither a crash nor another program loses a version.

Strategy: an act, and its undo, is a list of transitions.  Before anything in the store changes, each
transition `prepare`s: what will leave the store gets a second name in the act's directory.  The caller
makes these names durable, calls `do` on each, which is one atomic change of the store, makes
that durable, and calls `settle`, which removes the second names.  So each version has a durable name
at every instant, in whatever order the disk writes directories.  On a file system without hard links
there are only renames, and the order of the syncs has to do.

`revert` takes back a `do` of this process.  What a crash left is for `recovery`.
"""

from __future__ import annotations

import errno
from abc import ABC, abstractmethod

from agcx_format.disk.compare_and_swap import put, swap, take
from agcx_format.disk.durable import Signature
from agcx_format.disk.place import Place
from agcx_format.errors import StaleSession

__all__ = ["Fill", "Swap", "Transition", "Vacate", "give_second_name"]


class Transition(ABC):
    """The change of one place in the store.

    Every method raises `StaleSession` if another program changed the place meanwhile, and `OSError`.
    """

    __slots__ = ("is_linked", "target")

    target: Place
    is_linked: bool
    """Whether the file has a second name; otherwise the file itself was moved."""

    @abstractmethod
    def prepare(self) -> None:
        """Give the second names; nothing in the store changes."""

    @abstractmethod
    def do(self) -> None:
        """Make the one change in the store."""

    @abstractmethod
    def revert(self) -> None:
        """Take `do` back; a version whose place is taken stays where it is kept."""

    @abstractmethod
    def settle(self) -> None:
        """Remove the names that were needed until `do` was durable; `revert` is still possible."""

    @abstractmethod
    def is_as_done(self) -> bool:
        """Whether the place still is as `do` left it."""


class Vacate(Transition):
    """The file at `target` moves to `keep`; `gone` is a free name in the act's directory.

    Any file at `target` will do if none is `expected`.
    """

    __slots__ = ("_expected", "_gone", "_keep")

    def __init__(self, target: Place, keep: Place, gone: Place, expected: Signature | None) -> None:
        self.target, self._keep, self._gone, self._expected = target, keep, gone, expected
        self.is_linked = False

    def prepare(self) -> None:
        self.is_linked, self._expected = _keep_name(self.target, self._keep, self._expected)

    def do(self) -> None:
        assert self._expected is not None
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
    """The file at `source` moves to `target`, where nothing may be."""

    __slots__ = ("_gone", "_signature", "_source")

    def __init__(self, target: Place, source: Place, gone: Place) -> None:
        self.target, self._source, self._gone = target, source, gone
        self._signature: Signature | None = None
        self.is_linked = False

    def prepare(self) -> None:
        self._signature = self._source.signature()
        if self._signature is None:
            raise StaleSession("it is no longer there", path=self._source.path)

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
        return self._signature is not None and self.target.is_still(self._signature)


class Swap(Transition):
    """The file at `spare` moves to `target`; the file that is there is kept at `keep`."""

    __slots__ = ("_after", "_expected", "_keep", "_spare")

    def __init__(self, target: Place, spare: Place, keep: Place, expected: Signature) -> None:
        self.target, self._spare, self._keep, self._expected = target, spare, keep, expected
        self._after: Signature | None = None
        # A copy does as well as a link.
        self.is_linked = True

    def prepare(self) -> None:
        self._after = self._spare.signature()
        if self._after is None:
            raise StaleSession("it is no longer there", path=self._spare.path)
        is_linked, self._expected = _keep_name(self.target, self._keep, self._expected)
        if not is_linked:
            self.target.copy(self._keep)

    def do(self) -> None:
        swap(self._spare, self.target, self._expected)

    def revert(self) -> None:
        assert self._after is not None
        if not self._spare.is_taken():
            give_second_name(self._keep, self._spare)
        swap(self._spare, self.target, self._after)

    def settle(self) -> None:
        self._spare.unlink()

    def is_as_done(self) -> bool:
        return self._after is not None and self.target.is_still(self._after)


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
