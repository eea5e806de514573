"""Opens an SQLite database that another program may be writing, without changing or locking anything.

Strategy: one that no program is writing is opened as immutable: SQLite then takes no locks and makes no
files. One with a write-ahead log that is in use is opened read-only, as the program's own readers do,
which stops no writer. If that would make a file beside it, a copy is opened instead.

Only tables are read: a view in the place of one could count for ever, and would have no row ids. A value
that no importer takes is refused before it is in memory.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import msgspec

from agcx_format import limits
from agcx_format.disk.durable import open_regular
from agcx_format.errors import ConversionError, PersistenceError
from agcx_format.importing.json_lines import LONGEST_LINE
from agcx_format.importing.source_file import is_missing
from agcx_format.importing.unavailable import SourceUnavailable, source_errors, temporary_files
from agcx_format.importing.value_bound import has_too_many_values

__all__ = ["MAGIC", "all_rows", "decoded", "opened_read_only", "reason", "row_at"]

# What every such database begins with.
MAGIC = b"SQLite format 3\0"
# Kibibytes of pages in memory.
_CACHE = 4096
# Bytes of a file that are copied at once.
_COPIED = limits.MIB
# What is wrong outside of the database, such as a full disk for the files that a large query is sorted in.
_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
    }
)  # fmt: skip


@contextlib.contextmanager
def opened_read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the current state of the database.

    Reading a value of more than `LONGEST_LINE` bytes is a `sqlite3.Error`: read row by row what may have one.

    Raises:
        SourceUnavailable: it cannot be read now.
        ConversionError: it cannot be read, or is not a database.
    """
    try:
        with source_errors(path), contextlib.ExitStack() as stack:
            fd, _ = open_regular(path)
            os.close(fd)
            connection = _connect(path, stack)
            connection.execute(f"pragma cache_size = -{_CACHE}")
            connection.execute("pragma query_only = 1")
            # The first read: the transaction shows one state of the database, however long it takes.
            connection.execute("begin")
            connection.execute("select count(*) from sqlite_master").fetchone()
            connection.set_authorizer(_only_tables)
            yield connection
    # A damaged database can name its parts in bytes that are no text.
    except (sqlite3.Error, UnicodeError) as error:
        kind = SourceUnavailable if _is_passing(error) else ConversionError
        raise kind(f"the database cannot be read: {error}", path=path) from error


def _is_passing(error: sqlite3.Error | UnicodeError) -> bool:
    # The lower byte says what it is, and the others say more of that.
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING


def reason(error: sqlite3.Error | UnicodeError) -> str:
    """Why a row could not be read.

    Raises:
        SourceUnavailable: it may be read another time, so the session must not be taken without it.
    """
    if _is_passing(error):
        raise SourceUnavailable(f"the database cannot be read: {error}") from error
    if isinstance(error, sqlite3.DataError):
        return f"longer than {LONGEST_LINE:,} bytes"
    return f"the database is damaged: {error}"


def all_rows(
    db: sqlite3.Connection,
    query: str,
    given: tuple[Any, ...] = (),
    failed: Callable[[str], object] = lambda why: None,
) -> list[tuple[Any, ...]]:
    """The rows of a query on one table; if an index of it is damaged, those that the table itself gives.

    `query` has `{how}` after the name of the table. `failed` is called with the reason if any is damaged.

    Raises:
        SourceUnavailable: they cannot be read now.
    """
    found: list[tuple[Any, ...]] = []
    try:
        return db.execute(query.format(how=""), given).fetchall()
    except (sqlite3.Error, UnicodeError) as error:
        why = reason(error)
    try:
        # One by one, so that those before a damaged page are kept.
        for row in db.execute(query.format(how="not indexed"), given):
            found.append(row)
    except (sqlite3.Error, UnicodeError) as error:
        why = reason(error)
    failed(why)
    return found


def row_at(db: sqlite3.Connection, table: str, columns: str, place: int) -> tuple[Any, ...]:
    """The row at a place, found without any index.

    Raises:
        sqlite3.Error: it cannot be read, or an index has a place where there is none.
    """
    row: tuple[Any, ...] | None = db.execute(
        f"select {columns} from {table} where rowid = ?", (place,)
    ).fetchone()
    if row is None:
        raise sqlite3.DatabaseError(f"a row of the table {table} is missing")
    return row


def decoded(text: Any) -> Any:
    """The JSON value in a column; None if it is not JSON, or has too many values."""
    if not isinstance(text, str | bytes) or has_too_many_values(text):
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _connect(path: Path, stack: contextlib.ExitStack) -> sqlite3.Connection:
    log, shared, journal = (_size(f"{path}{end}") for end in ("-wal", "-shm", "-journal"))
    if not log and not journal:
        return _open(path, "immutable=1", stack)
    if log and shared:
        with contextlib.suppress(sqlite3.Error):
            connection = _open(path, "mode=ro", stack)
            connection.execute("select count(*) from sqlite_master").fetchone()
            return connection
    with temporary_files():
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agcx-")))
        for end in ["", *(end for end, size in (("-wal", log), ("-journal", journal)) if size)]:
            _copy(Path(f"{path}{end}"), folder / f"copy.db{end}")
    return _open(folder / "copy.db", "mode=rw", stack)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, unless it is gone. An error of reading it names it, whatever may be said of the copy."""
    with source_errors(source):
        try:
            fd, _ = open_regular(source)
        except PersistenceError:
            if is_missing(source):
                return
            raise
    with open(fd, "rb") as original, open(target, "wb") as copy:
        while chunk := _read(original, source):
            copy.write(chunk)


def _read(file: BinaryIO, path: Path) -> bytes:
    with source_errors(path):
        return file.read(_COPIED)


def _open(path: Path, how: str, stack: contextlib.ExitStack) -> sqlite3.Connection:
    name = quote(os.fsencode(path.absolute()))
    connection = sqlite3.connect(f"file:{name}?{how}", uri=True, isolation_level=None)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_LINE)
    stack.callback(connection.close)
    return connection


def _only_tables(
    action: int, _table: str | None, _column: str | None, _database: str | None, through: str | None
) -> int:
    """Allow what reads a table, and not `through` a view; a view alone can be recursive."""
    if through is not None or action == sqlite3.SQLITE_RECURSIVE:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _size(path: str) -> int:
    """The size of a file; 0 for what SQLite does not make: a link can lead to something without end."""
    try:
        status = os.lstat(path)
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
