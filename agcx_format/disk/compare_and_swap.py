"""Compare and swap for files: replace or remove one only if it is still the version that was read.

Strategy: other programs save sessions at any moment without taking a lock, and a check before a rename
always leaves a gap.  So the check comes after: an atomic exchange brings out whatever was there, and if that
is not the expected file it is exchanged back.  A file that is moved away is checked where it arrived; a
free name is filled by a link, which never replaces anything.  In the end either the expected change was
made, or the newest save of another program is in place, complete.

Where the file system has no exchange, an act moves the old file aside, checks it, and fills the free
place.  `has_exchange` says which it is, and `verify` reports it for a store.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Final, NoReturn

from agcx_format.disk.durable import Signature, naming, sync_directory_of, temporary_name, write_new
from agcx_format.disk.exchange import Unsupported, exchange, rename_noreplace
from agcx_format.disk.exchange_name import ExchangeName
from agcx_format.disk.place import Place
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError, StaleSession

__all__ = [
    "ANYTHING", "NO_EXCHANGE", "give_back", "has_exchange", "put", "replace_if",
    "restore_exchanged", "swap", "take",
]  # fmt: skip


NO_EXCHANGE: Final = (
    "this file system cannot exchange two files in one step: "
    "a session is out of its place for an instant whenever it is saved"
)


class _Anything:
    """Any file may be replaced, or none."""


ANYTHING = _Anything()


def swap(new: Place, target: Place, expected: Signature, aside: Callable[[], Place]) -> None:
    """Exchange `new` with `target` if that is the expected file, which ends up at `new`.

    Without support for exchange the target is missing for a moment, and what was there lies where `aside`
    says; after a crash recovery restores it, so only an act may do this.

    Raises:
        StaleSession: `target` is another file.  `new` is then unchanged, or holds an older foreign save.
    """
    try:
        _exchange(new, target, expected)
    except Unsupported:
        _swap_by_moves(new, target, expected, aside())


def _exchange(new: Place, target: Place, expected: Signature) -> None:
    """Raises `Unsupported` before anything changes; otherwise as `swap`."""
    placed = new.signature()
    try:
        exchange(new.fd, new.name, target.fd, target.name)
    except FileNotFoundError:
        raise _stale(target) from None
    if _is_still_or_back(new, target, expected):
        return
    while True:
        # A foreign save came out.  Put it back, unless an even newer one comes out in exchange.
        came_out = new.signature()
        exchange(new.fd, new.name, target.fd, target.name)
        if new.signature() == placed:
            raise _stale(target)
        placed = came_out


def _is_still_or_back(new: Place, target: Place, expected: Signature) -> bool:
    """Whether the file that came out is the expected one; if that is unknown, it goes back in place."""
    try:
        return new.is_still(expected)
    except PersistenceError:
        exchange(new.fd, new.name, target.fd, target.name)
        raise


def _swap_by_moves(new: Place, target: Place, expected: Signature, aside: Place) -> None:
    take(target, aside, expected)
    try:
        if put(new, target):
            new.unlink()
    except StaleSession:
        # Another program saved meanwhile: its file is in place, and the act keeps the expected one.
        aside.unlink()
        raise _stale(target) from None
    aside.rename(new)


def put(source: Place, target: Place) -> bool:
    """Give a file the free name `target`; returns whether it still has the name `source` as well.

    Raises:
        StaleSession: the name is taken.
    """
    try:
        if source.link(target):
            return True
        rename_noreplace(source.fd, source.name, target.fd, target.name)
    except FileExistsError:
        # A network file system says so of a link that it has made itself, if its first answer was lost.
        if (there := target.signature()) is not None and there == source.signature():
            return True
        raise StaleSession("something is there already", path=target.path) from None
    except Unsupported:
        if target.is_taken():
            raise StaleSession("something is there already", path=target.path) from None
        source.rename(target)
    return False


def take(target: Place, away: Place, expected: Signature) -> None:
    """Move `target` to `away` if it is the expected file.

    Raises:
        StaleSession: it is another file, which is then back in place, or it is gone.
    """
    try:
        target.rename(away)
    except FileNotFoundError:
        raise _stale(target) from None
    unknown: PersistenceError | None = None
    try:
        if away.is_still(expected):
            return
    except PersistenceError as error:
        unknown = error
    give_back(target, away, unknown)


def give_back(target: Place, away: Place, unknown: PersistenceError | None) -> NoReturn:
    """Move what was moved from `target` to `away` back: it is not the expected file, or that is `unknown`.

    Raises:
        StaleSession: it is another file.
        PersistenceError: why it is unknown.
    """
    # If an even later save has filled the place meanwhile, that one stays.
    with contextlib.suppress(StaleSession):
        if put(away, target):
            away.unlink()
    raise unknown or _stale(target)


def replace_if(
    target: Place, parts: Iterable[bytes], expected: Signature | _Anything | None
) -> Signature:
    """Durably write new content for `target`, keeping mode and owner.

    `expected` is the file that must be there: None if there must be none, `ANYTHING` if it does not matter.

    A file that is expected must not be a link, and its name leaves room for an `ExchangeName`.

    Raises:
        Unsupported: a file is expected, and the file system cannot exchange it.
        CorruptData: what is expected is no regular file.
        StaleSession: another file is there.
        StoreNotWritable: permissions or a read-only file system prevent it.
        PersistenceError: writing failed.  In each case the target is as other programs left it, or
            `restore_exchanged` makes it so.
    """
    with naming(target.path):
        if isinstance(expected, Signature):
            target.check_regular()
        new = target.beside(temporary_name(target.name))
        try:
            signature = write_new(target.fd, new.name, parts, like=target.target_status())
            if expected is None:
                put(new, target)
            elif isinstance(expected, Signature):
                _exchange_under_a_name(new, target, signature, expected)
                return signature
            else:
                new.rename(target)
        finally:
            with contextlib.suppress(OSError):
                new.unlink()
        sync_directory_of(target.fd)
        return signature


def _exchange_under_a_name(
    new: Place, target: Place, signature: Signature, expected: Signature
) -> None:
    """Exchange `new`, which has this signature, durably; its name says after a crash what came out."""
    left = new.beside(str(ExchangeName.of(target.name, signature, expected)))
    new.rename(left)
    try:
        _exchange(left, target, expected)
    except (StaleSession, Unsupported):
        left.unlink()
        raise
    # After any other error it may hold what another program saved.
    try:
        sync_directory_of(target.fd)
    except OSError:
        # What is reported as an error must not be done: the caller will try again.
        with contextlib.suppress(StaleSession):
            _exchange(left, target, signature)
        left.unlink()
        raise
    # It is done; the version before, if it cannot be removed, is known by its name.
    with contextlib.suppress(OSError):
        left.unlink()


def restore_exchanged(tree: Tree, folder: str) -> None:
    """Deal with what interrupted calls of `replace_if` left in a folder; never raises.

    What another program had saved is put back, unless a later save is there.  The folder must be locked.
    """
    with contextlib.suppress(OSError, PersistenceError):
        for each in tree.names(folder):
            name = ExchangeName.parse(each)
            if name is not None:
                with contextlib.suppress(OSError, PersistenceError):
                    left = tree.place(f"{folder}/{each}" if folder else each)
                    _restore(left, left.beside(name.target), name)
                    left.unlink()


def _restore(left: Place, target: Place, name: ExchangeName) -> None:
    """Put back what came out of `target`; what is at `left` then is not needed.

    Raises:
        IsADirectoryError: no exchange has left this.
    """
    came_out, now = left.signature(), target.signature()
    if came_out is None or name.is_ours(came_out):
        return
    if left.is_folder() or target.is_folder():
        raise IsADirectoryError(target.path)
    with contextlib.suppress(StaleSession):
        # Otherwise a program has saved at this moment, and that is the latest version.
        if now is None:
            put(left, target)
        elif name.is_new(now) or _is_later(came_out, now, name):
            swap(left, target, now, lambda: left.beside(temporary_name(target.name)))


def _is_later(came_out: Signature, now: Signature, name: ExchangeName) -> bool:
    """Whether what came out was saved later than what is there, which is not the version that was written.

    Or it is that, in a store that was copied without the times of its files.
    """
    if name.may_be_ours(came_out):
        return False
    return name.may_be_new(now) or now.mtime_ns <= came_out.mtime_ns


def has_exchange(tree: Tree) -> bool:
    """Whether the file system of a folder can exchange two files; creates two small ones to find out."""
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
