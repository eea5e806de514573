"""What is looked for, and where it occurs: a literal or a regular expression, in a block or in one text.

Strategy: the truth is `spans_in`: the needle in what `folding` makes of one message, or the expression
over it as it is.  Blocks of many messages are searched as bytes, by stringzilla or re2, which is a
hundred times faster and gives the same wherever the traits of the block allow it; elsewhere, and where
one of the two is not installed, the message is folded.

A match is a span of characters of the message as it is read.  Matches of one matcher do not overlap; empty
ones are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Protocol

import msgspec

from agcx_format.search import native
from agcx_format.search.blocks import Block, in_characters
from agcx_format.search.traits import EVERY, ODD, SHARP, WIDE
from agcx_format.transcript.folding import Needle

__all__ = ["LONGEST_NEEDLE", "Literal", "Match", "Matcher", "Refused", "Regex", "compiled"]

# In characters.  A line that was pasted by mistake is longer.
LONGEST_NEEDLE = 200_000
# Bytes that are folded at once to count matches; what is longer is gone through match by match.
_FOLDED_AT_ONCE = 1 << 20

Match = tuple[int, int, int]
"""The number of the message within its block; start and end in characters of its text."""


class Refused(ValueError):
    """What cannot be looked for, with the reason for people."""


class Matcher(Protocol):
    """One thing that is looked for.  Immutable, hashable, and usable from any thread."""

    @property
    def text(self) -> str:
        """As written."""

    @property
    def required(self) -> tuple[frozenset[bytes], ...]:
        """Sets of bytes, folded by `casefold`: every text with a match contains one of each."""

    def occurs(self, block: Block) -> bool:
        """Whether there is a match in the block."""

    def count(self, block: Block) -> int:
        """How many matches there are in the block."""

    def first(self, block: Block, most: int) -> list[Match]:
        """The first matches in the block."""

    def matches(self, block: Block) -> Iterator[Match]:
        """Every match, in the order of the text."""

    def spans_in(self, text: str) -> Iterator[tuple[int, int]]:
        """Every match in one text."""

    def implies(self, other: Matcher) -> bool:
        """Whether every text with a match of this has one of the other."""


class Literal(msgspec.Struct, frozen=True):
    """A word or phrase, as a `Matcher`.

    Case counts when there is a capital in it; two that find the same are equal.
    """

    text: str
    needle: Needle
    _raw: bytes
    _beware: int

    @classmethod
    def of(cls, text: str) -> Literal:
        """A word or phrase to look for.

        Raises:
            Refused: no text can contain it.
        """
        needle = Needle.of(text)
        if not needle.text or "\0" in needle.text:
            raise Refused("there is nothing to look for")
        try:
            raw = needle.text.encode()
        except UnicodeEncodeError:
            raise Refused("it holds half a character") from None
        return cls(text, needle, raw, _traits_to_beware(needle))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Literal) and self.needle == other.needle

    def __hash__(self) -> int:
        return hash(self.needle)

    @property
    def required(self) -> tuple[frozenset[bytes], ...]:
        return (frozenset([self.needle.text.casefold().encode()]),)

    def occurs(self, block: Block) -> bool:
        if self._beware & Block.ALWAYS:
            return any(True for _ in _each_message(self, block))
        if self._is_slow(block):
            return any(self.needle.text in text for text in self._prepared(block))
        if self.needle.cased:
            return native.find(block.payload, self._raw) >= 0
        return native.uncased_find(block.payload, self._raw) >= 0

    def count(self, block: Block) -> int:
        if self._beware & Block.ALWAYS:
            return sum(1 for _ in _each_message(self, block))
        if self._is_slow(block):
            return sum(text.count(self.needle.text) for text in self._prepared(block))
        payload = block.payload
        if self.needle.cased:
            return payload.count(self._raw)
        if native.uncased_find(payload, self._raw) < 0:
            return 0
        if len(payload) <= _FOLDED_AT_ONCE:
            return native.uncased_count(payload, self._raw)
        return sum(1 for _ in native.uncased_spans(payload, self._raw))

    def first(self, block: Block, most: int) -> list[Match]:
        if self._is_slow(block):
            return list(islice(_each_message(self, block), most))
        return block.first_in_characters(islice(self._spans(block.payload), most))

    def matches(self, block: Block) -> Iterator[Match]:
        if self._is_slow(block):
            return _each_message(self, block)
        return block.in_characters(self._spans(block.payload))

    def spans_in(self, text: str) -> Iterator[tuple[int, int]]:
        needle = self.needle
        if needle.text not in needle.prepare(text):
            return
        folded, size = needle.folded(text), len(needle.text)
        at = folded.text.find(needle.text)
        while at >= 0:
            yield folded.span(at, at + size)
            at = folded.text.find(needle.text, at + size)

    def implies(self, other: Matcher) -> bool:
        if not isinstance(other, Literal):
            return self == other
        # A letter may be composed with the one behind it when it is folded and not before.
        return self.needle.cased == other.needle.cased and other.needle.text in self.needle.text

    def _is_slow(self, block: Block) -> bool:
        return bool(block.traits & self._beware) or (
            not self.needle.cased and not native.has_uncased(block.payload)
        )

    def _prepared(self, block: Block) -> Iterator[str]:
        # By message: even if one is not ASCII, most are, and those are folded quickly.
        return map(self.needle.prepare, block.texts)

    def _spans(self, payload: bytes) -> Iterator[tuple[int, int]]:
        spans = native.cased_spans if self.needle.cased else native.uncased_spans
        return spans(payload, self._raw)


def _traits_to_beware(needle: Needle) -> int:
    text = needle.text
    if text[0] == "\n" or text[-1] == "\n":
        # It could match what separates two messages.
        return EVERY | Block.ALWAYS
    beware = ODD
    if any(character.isascii() and not character.isalnum() for character in text):
        beware |= WIDE
    if not needle.cased and (text[0] == "s" or text[-1] == "s"):
        beware |= SHARP
    return beware


class _Run(Protocol):
    """What every match contains; see `regex_runs`, which is imported with the first expression."""

    def may_occur(self, payload: bytes) -> bool:
        """False if it is not in the text, and so no match is."""


class Regex(msgspec.Struct, frozen=True):
    """An expression in the syntax of RE2, over each message, as a `Matcher`.

    `^` and `$` are the ends of lines.  Case counts when there is a capital in it outside of escapes.
    It is applied to the unchanged text: accents and widths are not unified.
    """

    text: str
    _pattern: native.Pattern
    required: tuple[frozenset[bytes], ...]
    _run: _Run | None

    @classmethod
    def of(cls, pattern: str) -> Regex:
        """An expression to look for.

        Raises:
            Refused: it is invalid, or RE2 does not support it; the error says why.
        """
        from agcx_format.search.regex_needs import needs_of
        from agcx_format.search.regex_runs import run_of
        from agcx_format.search.regex_syntax import has_capital_outside_escapes

        if "\0" in pattern:
            raise Refused("there is nothing to look for")
        cased = has_capital_outside_escapes(pattern)
        try:
            compiled = native.compile_regex(pattern, cased=cased)
        except ValueError as error:
            raise Refused(str(error)) from None
        return cls(pattern, compiled, needs_of(pattern), run_of(pattern, cased=cased))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regex) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[Callable[[str], Regex], tuple[str]]:
        # Compiled once in the process that gets it.
        return compiled, (self.text,)

    @property
    def cased(self) -> bool:
        """Whether case counts."""
        return self._pattern.cased

    @property
    def anchored(self) -> bool:
        """Whether it may say something of the beginning or end of a whole text."""
        return self._pattern.anchored

    def may_be_in(self, texts: bytes) -> bool:
        """False if none of the texts that these bytes hold, with line breaks between them, has a match.

        What is before and behind a text, a line break, is to every assertion as the end of the text, except
        for those that say just that.
        """
        return self._pattern.anchored or self._pattern.search(texts)

    def first_in(self, text: bytes) -> tuple[int, int] | None:
        """Start and end in bytes of the first match in one text."""
        return self._pattern.first(text)

    def occurs(self, block: Block) -> bool:
        return next(self.matches(block), None) is not None

    def count(self, block: Block) -> int:
        return sum(1 for _ in self.matches(block))

    def first(self, block: Block, most: int) -> list[Match]:
        return list(islice(self.matches(block), most))

    def matches(self, block: Block) -> Iterator[Match]:
        if self._run is not None and not self._run.may_occur(block.payload):
            return
        if self.may_be_in(block.payload):
            yield from _each_message(self, block)

    def spans_in(self, text: str) -> Iterator[tuple[int, int]]:
        raw = text.encode("utf-8", "replace")
        if raw.isascii():
            yield from self._pattern.spans(raw)
            return
        for _, _, start, end in in_characters(raw, self._pattern.spans(raw)):
            yield start, end

    def implies(self, other: Matcher) -> bool:
        return self == other


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Regex:
    """`Regex.of`, once for each pattern."""
    return Regex.of(pattern)


def _each_message(matcher: Matcher, block: Block) -> Iterator[Match]:
    for number, text in enumerate(block.texts):
        for start, end in matcher.spans_in(text):
            yield number, start, end
