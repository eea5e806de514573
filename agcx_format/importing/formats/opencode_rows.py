"""What a session of OpenCode is made of, wherever its messages and parts are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from agcx_format.model.timestamps import Timestamp

__all__ = ["StoredMessage", "StoredSession", "is_number", "latest"]


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message with its parts, in their order.

    Fields:
        number: its place in the session, from 1.
        is_last: whether it is the last one of the session.
    """

    id: str
    number: int
    created: Any
    data: dict[str, Any]
    parts: list[dict[str, Any]]
    is_last: bool


@dataclass(slots=True)
class StoredSession:
    """A session: its row, and its messages, read one by one.

    Fields:
        about: the fields of the row, under the names of the database.
        called_by, role: the call of the parent that started it, and what kind of agent it is.
        errors: place and reason of each row that could not be read.
    """

    about: dict[str, Any]
    changed: Timestamp
    messages: Iterator[StoredMessage] = field(default_factory=lambda: iter(()))
    called_by: str = ""
    role: str = ""
    errors: list[tuple[int, str]] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def latest(*times: Any) -> Any:
    """The latest of the times that are numbers; None if none is."""
    return max(filter(is_number, times), default=None)
