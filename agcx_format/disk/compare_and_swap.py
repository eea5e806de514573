"""Put a file in place, or take it away, only while what lies there is what was read.

Strategy: other programs save sessions without taking a lock, at any instant, and looking before a
rename always leaves one more.  So the look comes after: an atomic exchange brings out whatever was
there, and if that is not the expected file it is exchanged back.  A file that is taken away is
looked at where it came out; a free name is filled by a link, which never replaces.  In the end
either the expected change was made, or the newest foreign save is in its place, whole.

Where the file system has no exchange, an act moves the old file aside, looks at it, and fills the free
place.  A plain save links the old file aside first and looks again just before the rename: there an
instant remains.  `has_exchange` tells, and `verify` says it of a store.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Final

from agcx_format.disk.durable import Signature, naming, sync_directory_of, temporary_name, write_new
from agcx_format.disk.exchange import Unsupported, exchange, rename_noreplace
from agcx_format.disk.tree import Place, Tree
from agcx_format.errors import StaleSession

__all__ = ["ANYTHING", "NO_EXCHANGE", "has_exchange", "put", "replace_if", "swap", "take"]


NO_EXCHANGE: Final = (
    "this file system cannot exchange two files in one step: "
    "what a program without a lock saves in the very instant of another save can be replaced by it"
)


class _Anything:
    """Whatever lies there may be replaced."""


ANYTHING = _Anything()


def swap(new: Place, target: Place, expected: Signature, *, is_kept: bool = True) -> None:
    """Exchange two files if the expected one lies at `target`, which lies at `new` afterwards.

    Raises `StaleSession` when it is another; then `new` is as it was, or holds an older foreign save.
    Where there is no exchange and the expected file `is_kept` in an act, the place is empty for a
    moment: recovery fills it after a crash.
    """
    placed = new.signature()
    try:
        exchange(new.fd, new.name, target.fd, target.name)
    except Unsupported:
        (_swap_by_moves if is_kept else _swap_by_link)(new, target, expected)
        return
    except FileNotFoundError:
        raise _stale(target) from None
    if new.is_still(expected):
        return
    while True:
        # What came out is a foreign save: it goes back, unless an even newer one comes out for it.
        came_out = new.signature()
        exchange(new.fd, new.name, target.fd, target.name)
        if new.signature() == placed:
            raise _stale(target)
        placed = came_out


def _swap_by_moves(new: Place, target: Place, expected: Signature) -> None:
    aside = new.beside(temporary_name(new.name))
    take(target, aside, expected)
    try:
        if put(new, target):
            new.unlink()
    except StaleSession:
        # Saved in between: the newest is in its place, and what was expected is kept in the act.
        aside.unlink()
        raise _stale(target) from None
    aside.rename(new)


def _swap_by_link(new: Place, target: Place, expected: Signature) -> None:
    """Without an exchange and without an act: the place is never empty, and one instant remains."""
    aside = new.beside(temporary_name(new.name))
    if not target.is_still(expected):
        raise _stale(target)
    is_linked = target.link(aside)
    if not is_linked:
        target.copy(aside)
    if not target.is_still(expected):
        aside.unlink()
        raise _stale(target)
    new.rename(target)
    if not is_linked or aside.is_still(expected):
        aside.unlink()
        return
    # Another program wrote into the old file in place.
    aside.rename(target)
    raise _stale(target)


def put(source: Place, target: Place) -> bool:
    """Give a file the name `target`, which must be free; whether `source` names it still.

    Raises `StaleSession` when something lies there.
    """
    try:
        if source.link(target):
            return True
        rename_noreplace(source.fd, source.name, target.fd, target.name)
    except FileExistsError:
        raise StaleSession("something is there already", path=target.path) from None
    except Unsupported:
        if target.is_taken():
            raise StaleSession("something is there already", path=target.path) from None
        source.rename(target)
    return False


def take(target: Place, away: Place, expected: Signature) -> None:
    """Move a file away if it is the expected one.

    Raises `StaleSession` when it is another, which is then back, or gone.
    """
    try:
        target.rename(away)
    except FileNotFoundError:
        raise _stale(target) from None
    if away.is_still(expected):
        return
    # A save that came after this one may have filled the place: then that one is the newest.
    with contextlib.suppress(StaleSession):
        if put(away, target):
            away.unlink()
    raise _stale(target)


def replace_if(
    target: Place, parts: Iterable[bytes], expected: Signature | _Anything | None
) -> Signature:
    """Write new content for `target` durably, if the expected file lies there, or nothing for None.

    Mode and owner are kept.  Raises `StaleSession`, `StoreNotWritable` or another `PersistenceError`;
    the target is then as another program left it.
    """
    with naming(target.path):
        new = target.beside(temporary_name(target.name))
        try:
            signature = write_new(target.fd, new.name, parts, like=target.status_behind())
            if expected is None:
                put(new, target)
            elif isinstance(expected, Signature):
                swap(new, target, expected, is_kept=False)
            else:
                new.rename(target)
        finally:
            with contextlib.suppress(OSError):
                new.unlink()
        sync_directory_of(target.fd)
        return signature


def has_exchange(tree: Tree) -> bool:
    """Whether the file system of a folder can exchange two files; writes two small ones to find out."""
    one, two = (tree.place(temporary_name("exchange")) for _ in range(2))
    try:
        for place in (one, two):
            write_new(place.fd, place.name, [b"?"])
        exchange(one.fd, one.name, two.fd, two.name)
    except Unsupported:
        return False
    except OSError:
        return True
    finally:
        for place in (one, two):
            with contextlib.suppress(OSError):
                place.unlink()
    return True


def _stale(place: Place) -> StaleSession:
    return StaleSession("it changed since it was read", path=place.path)
