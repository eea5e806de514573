"""The rows of OpenCode: of its database, in both versions, or of the files that came before.

Strategy: both are read message by message, so that a long session takes little memory. A row that cannot be
read is an error of that row, and the others are used.
"""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from agcx_format.errors import ConversionError
from agcx_format.importing.agent import Source
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats import opencode_2
from agcx_format.importing.formats.opencode_files import in_files
from agcx_format.importing.formats.opencode_rows import (
    StoredMessage,
    StoredSession,
    is_number,
    latest,
)
from agcx_format.importing.formats.sqlite import (
    MAGIC,
    all_rows,
    decoded,
    opened_read_only,
    reason,
    row_at,
)
from agcx_format.importing.json_lines import LONGEST_LINE
from agcx_format.importing.moments import moment_of
from agcx_format.importing.unavailable import source_errors
from agcx_format.model.timestamps import Timestamp

__all__ = ["read_stored", "stored_in"]


def stored_in(path: Path) -> Iterator[Source]:
    """The sessions in a database, the oldest first; or the one in a file.

    Raises:
        ConversionError: it cannot be read.
    """
    if not _is_database(path):
        yield Source(path)
        return
    with opened_read_only(path) as db:
        newer = opencode_2.sessions_in(db)
        known = {session for session, _ in newer}
        older = [] if newer and not _has_sessions(db) else _older_sessions(db)
    for session, changed in [*(each for each in older if each[0] not in known), *newer]:
        yield Source(path, str(session), moment_of(changed))


def _older_sessions(db: sqlite3.Connection) -> list[tuple[Any, Any]]:
    """The ids of the sessions of version 1, the oldest first, and when each last changed."""
    query = "select session_id, max(time_updated) from part {how} group by session_id"
    parts = dict(all_rows(db, query))
    rows = db.execute("select id, time_updated from session order by time_created, id").fetchall()
    return [(session, latest(updated, parts.get(session))) for session, updated in rows]


def _has_sessions(db: sqlite3.Connection) -> bool:
    query = "select 1 from sqlite_master where type = 'table' and name = 'session'"
    return db.execute(query).fetchone() is not None


def _is_database(path: Path) -> bool:
    from agcx_format.disk.durable import open_regular

    with source_errors(path):
        fd, _ = open_regular(path)
        with open(fd, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC


@contextlib.contextmanager
def read_stored(source: Source) -> Iterator[StoredSession]:
    """A session, while its messages are read.

    Raises:
        ConversionError: it cannot be read, or is not a database.
    """
    if not _is_database(source.path):
        yield in_files(source.path)
        return
    with opened_read_only(source.path) as db:
        yield _in_database(db, source)


# --- the database


def _in_database(db: sqlite3.Connection, source: Source) -> StoredSession:
    # Found by its id: a condition on all of them would read the table once for each session.
    one, of = (
        ("where id = ?", (source.part,)) if source.part else ("order by time_created limit 1", ())
    )
    is_newer = opencode_2.has_session(db, source.part)
    table = "session_v2" if is_newer else "session"
    errors: list[tuple[int, str]] = []
    damaged = _errors_of(errors, f"table {table}")
    rows = all_rows(db, f"select * from {table} {{how}} {one}", of, damaged)
    if not rows:
        raise ConversionError(f"no session {source.part} in the database", path=source.path)
    names = (column[0] for column in db.execute(f"select * from {table} limit 0").description)
    about = dict(zip(names, rows[0], strict=True))
    about["revert"] = decoded(about.get("revert"))
    if is_newer:
        changed = source.changed or moment_of(about.get("time_updated")) or Timestamp.from_ns(0)
        stored = StoredSession(about, changed, errors=errors)
        stored.messages = _newer_messages(db, stored)
        if as_text(about.get("parent_id")):
            stored.role = as_text(about.get("agent"))
        return stored
    changed = source.changed or _changed(db, about)
    stored = StoredSession(about, changed, errors=errors)
    stored.messages = _messages(db, stored)
    if parent := as_text(about.get("parent_id")):
        stored.called_by, stored.role = _call_of(db, parent, as_text(about.get("id")))
    return stored


def _newer_messages(db: sqlite3.Connection, stored: StoredSession) -> Iterator[StoredMessage]:
    """The messages of version 2; each waits for the next one, which says whether it is the last."""
    waiting: StoredMessage | None = None
    rows = opencode_2.messages_of(db, stored.about.get("id"), stored.errors)
    for number, (name, created, data, parts) in enumerate(rows, 1):
        if silent := data.pop("silent", None):
            stored.skipped[f"message {silent}"] += 1
        if waiting is not None:
            yield waiting
        waiting = StoredMessage(name, number, created, data, parts, is_last=False)
    if waiting is not None:
        yield replace(waiting, is_last=True)


def _changed(db: sqlite3.Connection, about: dict[str, Any]) -> Timestamp:
    query = "select max(time_updated) from part {how} where session_id = ?"
    of_part = next((time for (time,) in all_rows(db, query, (about.get("id"),))), None)
    changed = latest(of_part, about.get("time_updated"), about.get("time_created"))
    return moment_of(changed) or Timestamp.from_ns(0)


def _call_of(db: sqlite3.Connection, parent: str, child: str) -> tuple[str, str]:
    """The call in the parent that started a session, and the kind of its agent; empty if unknown."""
    query = (
        "select data from part {how} where session_id = ? and instr(data, ?) and length(data) < ?"
    )
    for (text,) in all_rows(db, query, (parent, f'"{child}"', LONGEST_LINE)):
        match decoded(text):
            case {"callID": str(call), "state": {"metadata": {"sessionId": str(started)}, **state}}:
                if started == child:
                    given = state.get("input")
                    role = given.get("subagent_type") if isinstance(given, dict) else ""
                    return call, as_text(role)
    return "", ""


def _messages(db: sqlite3.Connection, stored: StoredSession) -> Iterator[StoredMessage]:
    """The messages in their order; those that cannot be read go to the errors."""
    query = "select rowid, id, time_created from message {how} where session_id = ?"
    damaged = _errors_of(stored.errors, "table message")
    rows = all_rows(db, query, (stored.about.get("id"),), damaged)
    rows.sort(key=lambda row: (row[2] if is_number(row[2]) else -math.inf, str(row[1])))
    parts = _Parts(db, stored)
    for number, (place, name, _) in enumerate(rows, 1):
        try:
            message = _message(db, stored, parts, number, place, is_last=number == len(rows))
        except (sqlite3.Error, UnicodeError) as error:
            stored.errors.append((number, f"message {name}: {reason(error)}"))
            continue
        if message is not None:
            yield message
    if alone := parts.count_without({name for _, name, _ in rows}):
        stored.skipped["part of a message that is gone"] += alone
    if lost := _count_lost(db, stored):
        stored.skipped["message of a session that is gone"] += lost


def _count_lost(db: sqlite3.Connection, stored: StoredSession) -> int:
    """How many messages of the database are of no session in it, said once: with the oldest session."""
    sessions = [
        name for (name,) in all_rows(db, "select id from session {how} order by time_created, id")
    ]
    if sessions[:1] != [stored.about.get("id")]:
        return 0
    counts = all_rows(db, "select session_id, count(*) from message {how} group by session_id")
    known = set(sessions)
    return sum(count for session, count in counts if session not in known)


def _message(
    db: sqlite3.Connection,
    stored: StoredSession,
    parts: _Parts,
    number: int,
    place: int,
    *,
    is_last: bool,
) -> StoredMessage | None:
    name, created, text = row_at(db, "message", "id, time_created, data", place)
    data = _read(stored, number, f"message {name}", text)
    if data is None:
        return None
    return StoredMessage(str(name), number, created, data, list(parts.of(number, name)), is_last)


class _Parts:
    """The parts of the messages of a session.

    Without the index of OpenCode, looking up those of a message reads the whole table: then all places are
    looked up once. So they are if that index is damaged.
    """

    def __init__(self, db: sqlite3.Connection, stored: StoredSession) -> None:
        self._db, self._stored = db, stored
        self._places: defaultdict[Any, list[int]] | None = None
        try:
            if not _has_index(db, "message_id"):
                self._look_up()
        except (sqlite3.Error, UnicodeError) as error:
            stored.errors.append((0, reason(error)))

    def _look_up(self) -> defaultdict[Any, list[int]]:
        self._places = defaultdict(list)
        query = "select message_id, rowid, id from part {how} where session_id = ?"
        damaged = _errors_of(self._stored.errors, "table part")
        rows = all_rows(self._db, query, (self._stored.about.get("id"),), damaged)
        for message, place, _ in sorted(rows, key=lambda row: str(row[2])):
            self._places[message].append(place)
        return self._places

    def count_without(self, messages: set[Any]) -> int:
        """How many parts of the session are of none of these messages; 0 if that would take a whole read."""
        if self._places is not None:
            return sum(len(self._places[each]) for each in self._places.keys() - messages)
        if not _has_index(self._db, "session_id"):
            return 0
        query = "select message_id from part {how} where session_id = ?"
        rows = all_rows(self._db, query, (self._stored.about.get("id"),))
        return sum(message not in messages for (message,) in rows)

    def of(self, number: int, message: Any) -> Iterator[dict[str, Any]]:
        """Each part of a message; those that cannot be read go to the errors."""
        for place in self._places_of(message):
            name: Any = place
            try:
                (name,) = row_at(self._db, "part", "id", place)
                (text,) = row_at(self._db, "part", "data", place)
            except (sqlite3.Error, UnicodeError) as error:
                self._stored.errors.append((number, f"part {name}: {reason(error)}"))
                continue
            data = _read(self._stored, number, f"part {name}", text)
            if data is not None:
                yield {**data, "id": str(name)}

    def _places_of(self, message: Any) -> list[int]:
        if self._places is not None:
            return self._places[message]
        query = "select rowid from part where message_id = ? order by id"
        try:
            return [place for (place,) in self._db.execute(query, (message,))]
        except (sqlite3.Error, UnicodeError) as error:
            self._stored.errors.append((0, f"index of the table part: {reason(error)}"))
            return self._look_up()[message]


def _errors_of(errors: list[tuple[int, str]], what: str) -> Callable[[str], None]:
    """Adds to the errors why something cannot be read."""
    return lambda why: errors.append((0, f"{what}: {why}"))


def _has_index(db: sqlite3.Connection, column: str) -> bool:
    """Whether parts are found by this column without reading all of them."""
    plan = f"explain query plan select 1 from part where {column} = 'x'"
    return any("SEARCH" in str(step[-1]) for step in db.execute(plan))


def _read(stored: StoredSession, number: int, what: str, text: Any) -> dict[str, Any] | None:
    """The object in a row; None with an error if it has none."""
    value = decoded(text)
    if isinstance(value, dict):
        return value
    stored.errors.append((number, f"{what}: not a JSON object"))
    return None
