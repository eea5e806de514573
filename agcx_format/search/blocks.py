"""Blocks: the text of some messages of one session in one piece, and what is known of each message.

Strategy: whether a text comes out of the book or out of a session's file, it is searched in this form by the
same functions.  Messages are separated by a NUL between line breaks: no text holds a NUL, so no needle
matches across two messages, and to a regular expression the end of a message is the end of a line.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import ClassVar

import msgspec

from agcx_format.search import native
from agcx_format.search.said import Kind, Said, storable
from agcx_format.search.traits import traits_of

__all__ = [
    "BLOCK_SIZE",
    "SEPARATOR",
    "TITLE_NUMBER",
    "Block",
    "Damaged",
    "Facts",
    "cut",
    "facts_of",
    "in_characters",
]

SEPARATOR = "\n\0\n"
# Bytes of text in a block: what is decompressed at once.  A longer message is a block of its own.
BLOCK_SIZE = 64 * 1024

TITLE_NUMBER = -1
"""What the title has for the number of a message."""


class Damaged(ValueError):
    """The book is not what was written; the reader must do without it."""


class Sort(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What many messages of a block have alike.

    Fields:
        kind, role, tool, failed: as `Said` has them.
    """

    kind: Kind
    role: str
    tool: str
    failed: bool


class Facts(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is known of the messages of a block, beside their text.

    Strategy: few values, so that it is decoded in the time that one hit takes: messages are of a few sorts,
    and their times are one text.

    Fields:
        sorts: those of these messages.
        of: for each message the number of its sort, as two bytes.
        times: as the files have them, a line for each message.
        paths: of the messages that are about files, by their number.
    """

    sorts: list[Sort]
    of: bytes
    times: str
    paths: dict[int, list[str]]

    def kind(self, number: int) -> Kind:
        return self._sort(number).kind

    def failed(self, number: int) -> bool:
        return self._sort(number).failed

    def role(self, number: int) -> str:
        return self._sort(number).role

    def tool(self, number: int) -> str:
        return self._sort(number).tool

    def _sort(self, number: int) -> Sort:
        """Raises `Damaged` when there is none."""
        code = self.of[2 * number : 2 * number + 2]
        sort = int.from_bytes(code, "little")
        if not code or sort >= len(self.sorts):
            raise Damaged("a message of no sort")
        return self.sorts[sort]


class Block:
    """Some messages of one session.

    Fields:
        payload: their texts in UTF-8, separated.
        traits: see `traits`.
        first: the number of the first message in its session, from 0; -1 where the title comes first.
    """

    ALWAYS: ClassVar[int] = 0x80
    """A bit that all blocks have among their traits."""

    def __init__(self, payload: bytes, traits: int, first: int, facts: Callable[[], Facts]) -> None:
        self.payload = payload
        self.traits = traits | self.ALWAYS
        self.first = first
        self._get_facts = facts
        self._facts: Facts | None = None
        self._times: list[str] = []
        # A message and where it begins: those that are asked for follow each other.
        self._reached = 0, 0
        # The text that was asked for last: one message may have thousands of matches.
        self._last = -1, ""

    @cached_property
    def text(self) -> str:
        """Raises `Damaged` when it is no UTF-8."""
        return _decoded(self.payload)

    @property
    def facts(self) -> Facts:
        found = self._facts
        if found is None:
            found = self._facts = self._get_facts()
        return found

    def time(self, number: int) -> str:
        """The time of one message, as the file has it.  Raises `Damaged` when there is none."""
        if not self._times:
            self._times = self.facts.times.split("\n")
        if number >= len(self._times):
            raise Damaged("a message without a time")
        return self._times[number]

    @property
    def messages(self) -> int:
        return native.count(self.payload, b"\0", 0, len(self.payload)) + 1

    def message(self, number: int) -> str:
        """The text of one message.  Raises `Damaged` when it is no UTF-8."""
        if self._last[0] == number:
            return self._last[1]
        payload = self.payload
        reached, start = self._reached
        if number < reached:
            reached = start = 0
        for _ in range(reached, number):
            # The line breaks around the NULs are not part of a message.
            start = payload.index(b"\0", start) + 2
        self._reached = number, start
        end = payload.find(b"\0", start)
        text = _decoded(payload[start : end - 1 if end >= 0 else None])
        self._last = number, text
        return text

    def in_characters(self, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
        """Spans of bytes, in order, as message numbers and spans of characters in these messages."""
        for number, at, start, end in in_characters(self.payload, spans):
            # Whoever takes a match is likely to ask for its message.
            self._reached = number, at
            yield number, start, end

    def first_in_characters(self, spans: Iterable[tuple[int, int]]) -> list[tuple[int, int, int]]:
        """The same for a few spans, all at once."""
        found = list(in_characters(self.payload, spans))
        if found:
            self._reached = found[0][:2]
        return [(number, start, end) for number, _, start, end in found]

    @cached_property
    def texts(self) -> list[str]:
        """The text of each message.  Raises `Damaged` when it is no UTF-8."""
        return self.text.split(SEPARATOR)


def _decoded(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Damaged(str(error)) from None


def cut(title: str, messages: Iterable[Said]) -> Iterator[Block]:
    """The title of one session, which has the number -1, and its messages in blocks."""
    held: list[Said] = []
    size, first = 0, TITLE_NUMBER
    for said in chain([Said(storable(title), Kind.TITLE, "title", "")], messages):
        text = said.text
        more = len(text) if text.isascii() else len(text.encode())
        if held and size + more > BLOCK_SIZE:
            yield _block(held, first)
            first += len(held)
            held, size = [], 0
        held.append(said)
        size += more + len(SEPARATOR)
    if held:
        yield _block(held, first)


def _block(held: list[Said], first: int) -> Block:
    # All at once, which saves time for nearly every message.
    text = SEPARATOR.join([said.text for said in held])
    facts = facts_of(held)
    return Block(text.encode(), traits_of(text), first, lambda: facts)


def facts_of(held: list[Said]) -> Facts:
    """The facts about these messages."""
    sorts: dict[tuple[Kind, str, str, bool], int] = {}
    number = sorts.setdefault
    of = [number((said.kind, said.role, said.tool, said.failed), len(sorts)) for said in held]
    return Facts(
        [Sort(*each) for each in sorts],
        struct.pack(f"<{len(of)}H", *of),
        "\n".join([said.time for said in held]),
        {at: list(said.paths) for at, said in enumerate(held) if said.paths},
    )


def in_characters(
    payload: bytes, spans: Iterable[tuple[int, int]]
) -> Iterator[tuple[int, int, int, int]]:
    """Spans of bytes, in order: the message's number and its first byte, start and end in characters."""
    number = first = counted = characters = 0
    for begin, end in spans:
        # `characters` of the message are known, up to `counted`.
        mark = payload.rfind(b"\0", counted, begin)
        if mark >= 0:
            number += native.count(payload, b"\0", counted, begin)
            first = counted = mark + 2
            characters = 0
        characters += _characters(payload, counted, begin)
        size = _characters(payload, begin, end)
        yield number, first, characters, characters + size
        characters += size
        counted = end


def _characters(payload: bytes, start: int, end: int) -> int:
    part = payload[start:end]
    return len(part) if part.isascii() else len(part.decode("utf-8", "replace"))
