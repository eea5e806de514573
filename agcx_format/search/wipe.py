"""Take words out of the book: of what was destroyed, and of files as they were before.

Strategy: whoever empties the trash calls `forget` afterwards and reports the act when that returns.  Every
segment with a row of a file that is not in the store as it was then is rewritten without it, synced,
renamed, and the old one removed.  A crash in between is seen by the mark: it says up to which state of the
log of emptyings the book is clean, and the next build finishes what is left.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from pathlib import Path

import msgspec

from agcx_format.disk.checked_frames import frame, framed
from agcx_format.disk.durable import Signature, is_still, replace_file
from agcx_format.disk.locks import locked
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError
from agcx_format.search.book import Book
from agcx_format.search.file_keys import path_in
from agcx_format.search.segment_rows import signature_in
from agcx_format.store.acts import emptied
from agcx_format.store.paths import TRASH

__all__ = ["clear", "finish", "forget", "forget_text"]

_MARK = "wiped"
# Seconds that it waits for another process's change.
_PATIENCE = 10.0

_signature = msgspec.msgpack.Decoder(Signature | None)


def forget_text(cache_dir: str | os.PathLike[str], store: str | os.PathLike[str]) -> None:
    """As `Index.forget`, for a store that is not open."""
    forget(Book(Path(cache_dir), Path(store)))


def forget(book: Book) -> None:
    """Keep nothing of any file that is not in the store as it was read.

    What cannot be rewritten is removed.  Raises `OSError` when not even that can be done.
    """
    if not os.path.lexists(book.directory):
        return
    try:
        with locked(book.above, _PATIENCE):
            state = _emptied(book)
            _remove_dead(book)
            with suppress(PersistenceError):
                # On a full disk: without the mark the next build looks once more.
                _set_mark(book, state)
    except PersistenceError:
        # Without its lock nothing is written; all of it goes, which needs none.
        clear(book)


def finish(book: Book) -> None:
    """What a crash left of a `forget`, under the lock of changes."""
    state = _emptied(book)
    if _mark(book) == state:
        return
    _remove_dead(book)
    _set_mark(book, state)


def clear(book: Book) -> None:
    """Remove every segment.  Raises `OSError` when one can be neither removed nor emptied."""
    book.refresh_checked()
    book.sweep()
    for path in book.files():
        book.remove_file(path)
    book.refresh_checked()


def _remove_dead(book: Book) -> None:
    book.sweep()
    book.refresh_checked()
    opened = {segment.path for segment in book.segments}
    for path in book.files():
        if path not in opened:
            # Damaged, or of another version: what it holds cannot be known.
            book.remove_file(path)
    seen: set[bytes] = set()
    for segment in book.segments:
        live = []
        for number, key in enumerate(segment.keys):
            name = path_in(key)
            if name not in seen and _is_still(book.path_of(key), key):
                seen.add(name)
                live.append(number)
        if len(live) < len(segment.keys):
            try:
                book.rewrite(segment, live)
            except PersistenceError:
                # It cannot be read now; what is to be forgotten in it must not wait for that.
                book.remove(segment)
    book.refresh_checked()


def _is_still(path: str, key: bytes) -> bool:
    try:
        return is_still(path, signature_in(key))
    except (PersistenceError, ValueError, struct.error):
        return False


# --- up to where it is clean


def _emptied(book: Book) -> Signature | None:
    """The state of the store's log of emptyings."""
    try:
        return Signature.at(book.store / TRASH / emptied.FILE)
    except PersistenceError:
        return None


def _mark(book: Book) -> Signature | None:
    """Raises nothing: a mark that cannot be read is one of no emptying."""
    try:
        with OpenFile(book.directory / _MARK) as file:
            found: Signature | None = _signature.decode(frame(file, 0)[0])
            return found
    except (ValueError, PersistenceError, msgspec.DecodeError):
        return None


def _set_mark(book: Book, state: Signature | None) -> None:
    replace_file(book.directory / _MARK, [framed(msgspec.msgpack.encode(state))])
