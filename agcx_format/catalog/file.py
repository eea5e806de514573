"""The catalog file: a cache of a store's session list, so that the list appears at once.

    head      magic and version, then frames: length, CRC-32, payload
    frame 0   `Head`: of which store, how many sessions, of what size
    frame 1   the first page of rows, in the order of the list, which is read alone
    others    the rest of the rows, a thousand a frame

Strategy: the files always win over the catalog. Each row has the signature of the file it was read from,
and whoever shows it compares it with the directory soon after (`refresh.differences`). A catalog that is
damaged, or of another store or version, is silently discarded and written again. It holds words from
people's conversations, so only its owner can read it, and `forget` removes them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec.structs import replace

from agcx_format.catalog.block import Block, decode_block, encode_block
from agcx_format.catalog.columns import GONE, Columns
from agcx_format.disk.checked_frames import frame, framed, make_private, name_of, remove
from agcx_format.disk.durable import Signature, replace_file
from agcx_format.disk.locks import locked
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import LockFailed, PersistenceError

__all__ = ["Catalog", "Head", "Reading"]

# Names the byte order, since arrays are stored in that of the machine.
MAGIC = b"AGCXcat6" + sys.byteorder[:1].encode()

FIRST_PAGE = 128
_ROWS = 1024
# Seconds that `forget` waits while another process writes.
_PATIENCE = 10


class Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The real path of the store, how many rows follow, and the totals that a list shows."""

    store: bytes
    rows: int
    sessions: int
    size: int
    broken: int


_head = msgspec.msgpack.Decoder(Head)


class Reading:
    """An open catalog: `head` and `page` are read already, `blocks` yields the rest."""

    def __init__(self, file: OpenFile, head: Head, page: Block, at: int, store: bytes) -> None:
        """`store` is the path of the store as the caller spells it."""
        self._file, self._at, self._store = file, at, store
        self.head = head
        self.page = _at_home(page, store)

    def blocks(self) -> Iterator[Block]:
        """The rows after the first page, for a thread to read while that page is shown.

        Closes the file at the end.

        Raises:
            ValueError: the file is damaged here; rows may be missing.
            PersistenceError: it cannot be read now; rows may be missing.
        """
        try:
            rows = self.page.count
            while rows < self.head.rows:
                payload, self._at = frame(self._file, self._at)
                block = decode_block(payload)
                if not block.count:
                    raise ValueError("an empty frame")
                rows += block.count
                yield _at_home(block, self._store)
        finally:
            self.close()

    def close(self) -> None:
        """Close the file; the blocks that were not read are given up."""
        self._file.close()


class Catalog:
    """The catalog of one store; `directory` holds the catalogs of all stores."""

    def __init__(self, directory: str | os.PathLike[str], store: str | os.PathLike[str]) -> None:
        self.directory = Path(directory)
        self._store = os.fsencode(os.path.realpath(store))
        # The prefix of the paths of its files.
        self._spelled = os.fsencode(Path(store).absolute())
        self.path = self.directory / name_of(self._store)

    def open(self) -> Reading | None:
        """Read the head and the first page; None if there is no usable catalog."""
        try:
            file = OpenFile(self.path)
        except PersistenceError:
            return None
        try:
            return self._reading(file)
        except (ValueError, PersistenceError, msgspec.DecodeError):
            file.close()
            return None

    def _reading(self, file: OpenFile) -> Reading:
        if file.read(len(MAGIC), 0) != MAGIC:
            raise ValueError("another format")
        payload, at = frame(file, len(MAGIC))
        head = _head.decode(payload)
        if head.store != self._store:
            raise ValueError("of another store")
        if (
            not 0 <= head.broken <= head.sessions <= head.rows < 1 << 32
            or not 0 <= head.size < 1 << 63
        ):
            raise ValueError("totals that cannot be")
        payload, at = frame(file, at)
        return Reading(file, head, decode_block(payload), at, self._spelled)

    def load(self) -> Columns | None:
        """Read all rows; None if there is no usable catalog."""
        reading = self.open()
        if reading is None:
            return None
        columns = Columns()
        try:
            columns.extend(reading.page)
            for block in reading.blocks():
                columns.extend(block)
        except (ValueError, PersistenceError):
            return None
        return columns

    def save(self, columns: Columns, rows: list[int], *, patience: float = 0) -> bool:
        """Write these rows in this order, which should be that of the list: the first page is read alone.

        Returns False if another process is writing and does not finish within `patience` seconds.

        Raises:
            PersistenceError: the file cannot be written.
        """
        make_private(self.directory)
        try:
            with locked(self.directory, patience):
                replace_file(self.path, self._parts(columns, rows))
        except LockFailed:
            return False
        return True

    def forget(self, paths: Iterable[str]) -> None:
        """Remove everything about these files, and about files that have been replaced since.

        If that is not possible within ten seconds, the whole catalog is deleted.
        """
        gone = set(paths)
        columns = self.load()
        if columns is not None:
            rows = [
                row
                for row in range(len(columns))
                if columns.path(row) not in gone and not _changed(columns, row)
            ]
            with suppress(PersistenceError, OSError):
                if len(rows) == len(columns) or self.save(columns, rows, patience=_PATIENCE):
                    return
        self.clear()

    def clear(self) -> None:
        """Remove the catalog."""
        remove(self.path)

    # --- inside

    def _parts(self, columns: Columns, rows: list[int]) -> Iterator[bytes]:
        flags, sizes = columns.arrays["flags"], columns.arrays["sizes"]
        rows = [row for row in rows if not flags[row] & GONE]
        size = sum(sizes[row] for row in rows)
        broken = sum(1 for row in rows if row in columns.errors)
        head = Head(self._store, len(rows), len(rows), size, broken)
        yield MAGIC
        yield framed(encode_block(head))
        yield framed(self._encoded(columns.block(rows[:FIRST_PAGE])))
        for at in range(FIRST_PAGE, len(rows), _ROWS):
            yield framed(self._encoded(columns.block(rows[at : at + _ROWS])))

    def _encoded(self, block: Block) -> bytes:
        return encode_block(_in_folders(block, self._spelled, _HOME))


# A store can be spelled in many ways (relative, through a link): its folders are stored without it.
_HOME = b"\0"


def _at_home(block: Block, store: bytes) -> Block:
    return _in_folders(block, _HOME, store)


def _in_folders(block: Block, old: bytes, new: bytes) -> Block:
    """The block with the prefix of its folders replaced."""

    def moved(folder: object) -> object:
        if not isinstance(folder, bytes) or (folder + b"/")[: len(old) + 1] != old + b"/":
            return folder
        return new + folder[len(old) :]

    folders = [moved(folder) for folder in block.pools.get("folders", ())]
    return replace(block, pools={**block.pools, "folders": folders})


def _changed(columns: Columns, row: int) -> bool:
    """Whether the file has been replaced since it was read: it may have had another title."""
    try:
        now = Signature.at(columns.path(row))
    except PersistenceError:
        return False
    return now is not None and now != columns.signature(row)
