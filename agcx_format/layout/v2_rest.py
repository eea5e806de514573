"""A section of layout 2 without its messages, which are most of it and may be more than memory should hold.

Strategy: the text is decompressed piece by piece, and the messages are skipped one at a time.  What comes
before and after them is kept, with an empty list in their place: the same elements, of a conversation
without messages.  Only the form that is written today is read like this; for any other, and for damage that
is to be described, the caller decompresses the whole section.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Self, TypeVar

import msgspec

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.codec.messagepack.scanner import MessageScanner
from agcx_format.codec.zstd import frames
from agcx_format.codec.zstd.frames import Section
from agcx_format.errors import PersistenceError
from agcx_format.layout.elements import FIELDS, Element, conversation_field, element, split

__all__ = ["Found", "ask"]

T = TypeVar("T")


class Found(msgspec.Struct, frozen=True):
    """The elements of a section, with or without its messages.

    Fields:
        raw: the text that was split.
        places: of the elements in it, by name.
        removed: how many bytes of the conversation it lacks.
    """

    raw: bytes
    places: dict[str, Element]
    removed: int = 0

    @classmethod
    def in_text(cls, raw: bytes) -> Self:
        """The elements of the whole section.

        Raises:
            MessagePackDecodeError: when they are damaged.
        """
        return cls(raw, {place.name: place for place in split(raw)})

    @classmethod
    def in_rest(cls, raw: bytes, removed: int) -> Self:
        """The elements of a section without its messages.

        Raises:
            MessagePackDecodeError: when they are damaged, or the messages were another list.
        """
        places = cls.in_text(raw).places
        conversation = places["conversation"]
        split(raw[conversation.start : conversation.end], FIELDS)
        return cls(raw, places, removed)

    def sizes(self) -> list[tuple[str, int]]:
        """The elements' names, each with its bytes in the whole section."""
        return [
            (name, place.end - place.start + (self.removed if name == "conversation" else 0))
            for name, place in self.places.items()
        ]

    def element(self, name: str, type_: type[T]) -> T:
        """One element, decoded.

        Raises:
            MessagePackDecodeError: when it is damaged.
        """
        return element(self.raw, self.places[name], type_)

    def field(self, name: str, type_: type[T]) -> T:
        """One field of the conversation; the messages are not decoded for it.

        Raises:
            MessagePackDecodeError: when it is damaged.
        """
        return conversation_field(self.raw, self.places["conversation"], name, type_)


def ask(section: Section, before: tuple[str, ...], question: Callable[[Found], T]) -> T:
    """What `question` says of a section without its messages or, where that fails, of all of it.

    Raises:
        PersistenceError: when it is damaged, or would have to be loaded at once and is too large for that.
    """
    rest = _read_rest(frames.pieces(section), before)
    if rest is not None:
        with suppress(PersistenceError):
            return question(Found.in_rest(*rest))
    return question(Found.in_text(frames.decompress(section[:])))


def _read_rest(pieces: Iterable[bytes], before: tuple[str, ...]) -> tuple[bytes, int] | None:
    """The text of a section without its messages, and how many bytes shorter it is.

    `before` is what precedes the messages, as for `MessageScanner`.  None if the section is damaged, has
    another form, or is more than may be loaded at once.
    """
    scanner = MessageScanner(before)
    first, after = bytearray(), bytearray()
    size = 0
    try:
        for piece in pieces:
            if scanner.complete:
                after += piece
            else:
                if scanner.count is None:
                    first += piece
                scanner.feed(piece)
                if scanner.complete:
                    after += piece[max(0, scanner.starts[-1] - size) :]
            size += len(piece)
            if len(first) + len(after) > limits.WHOLE_SECTION:
                return None
    except PersistenceError:
        return None
    if not scanner.complete:
        return None
    raw = b"".join([first[: scanner.header], messagepack.array_header(0), after])
    return raw, size - len(raw)
