"""Reads the database of a Cursor chat: `chats/<directory>/<id>/store.db`.

Strategy: the table `blobs` holds everything in the chat under the hash of its content: messages as
JSON, and in a binary form which of them the chat has now, in their order. A message that is said twice is
there once. Where the binary form names all messages, its order counts; else, after a compaction for example,
that in which they were written.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agcx_format import limits
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.sqlite import decoded, opened_read_only, reason, row_at

__all__ = ["Chat", "read_chat"]

# The tag of a repeated field 1 of 32 bytes, which is the hash of a message, and of field 9, the directory.
_MESSAGE = b"\x0a\x20"
_DIRECTORY = 9
# Bytes; a message is 34 of them.
_LARGEST_ROOT = 16 * limits.MIB


@dataclass(slots=True)
class Chat:
    """A chat as its database has it.

    Fields:
        about: id, name, mode, model, and when it began.
        messages: each with a key that is the same at every reading.
        errors: place and reason of what could not be read.
        others: how many blobs are no messages.
    """

    about: dict[str, Any] = field(default_factory=dict)
    directory: str = ""
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    errors: list[tuple[int, str]] = field(default_factory=list)
    others: int = 0


def read_chat(path: Path) -> Chat:
    """The chat in a database.

    Raises:
        ConversionError: it cannot be read, or is not a database.
    """
    chat = Chat()
    with opened_read_only(path) as db:
        for key, value in db.execute("select key, value from meta order by key"):
            found = _meta(value)
            if isinstance(found, dict):
                chat.about |= found
            elif isinstance(value, str):
                chat.about.setdefault(str(key), value)
        found = dict(_blobs(db, chat))
        root = _root(db, as_text(chat.about.get("latestRootBlobId")))
    order, chat.directory = _order_in(root)
    names = order if set(found) <= set(order) else list(found)
    times: Counter[str] = Counter()
    for name in names:
        if name in found:
            times[name] += 1
            key = f"{name}#{times[name]}" if times[name] > 1 else name
            chat.messages.append((key, found[name]))
    return chat


def _blobs(db: sqlite3.Connection, chat: Chat) -> Iterator[tuple[str, dict[str, Any]]]:
    """The messages by the names of their blobs, in the order in which they were written."""
    try:
        places = db.execute("select rowid from blobs order by rowid").fetchall()
    except (sqlite3.Error, UnicodeError) as error:
        chat.errors.append((0, reason(error)))
        return
    for number, (place,) in enumerate(places, 1):
        try:
            name, data = row_at(db, "blobs", "id, data", place)
        except (sqlite3.Error, UnicodeError) as error:
            chat.errors.append((number, reason(error)))
            continue
        value = decoded(data)
        if isinstance(value, dict) and as_text(value.get("role")):
            yield str(name), value
        else:
            chat.others += 1


def _root(db: sqlite3.Connection, name: str) -> bytes:
    try:
        row = db.execute(
            "select data from blobs where id = ? and length(data) <= ?", (name, _LARGEST_ROOT)
        ).fetchone()
    except (sqlite3.Error, UnicodeError):
        return b""
    return row[0] if row and isinstance(row[0], bytes) else b""


def _order_in(root: bytes) -> tuple[list[str], str]:
    """The names of the messages, and the directory, of the binary form; empty where it is another."""
    names: list[str] = []
    directory = ""
    at = 0
    while at < len(root):
        if root[at : at + 2] == _MESSAGE and at + 34 <= len(root):
            names.append(root[at + 2 : at + 34].hex())
            at += 34
            continue
        tag, at = _number(root, at)
        if tag & 7 == 0:
            _, at = _number(root, at)
        elif tag & 7 == 2:
            size, at = _number(root, at)
            if tag >> 3 == _DIRECTORY:
                directory = root[at : at + size].decode("utf-8", "replace")
            at += size
        else:
            at += {1: 8, 5: 4}.get(tag & 7, len(root))
    is_path = directory.startswith("/") or directory[1:3] in (":\\", ":/")
    return names, directory if is_path else ""


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length number, and where it ends."""
    value = shift = 0
    while at < len(data) and shift < 64:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            break
    return value, at


def _meta(value: Any) -> Any:
    """A value of the table `meta`: JSON, which is written in hexadecimal digits."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        return None
    try:
        return decoded(bytes.fromhex(text))
    except ValueError:
        return decoded(text)
