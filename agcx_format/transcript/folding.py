"""Normalizes text for searching: the same folding in the filter, in a conversation, and in every list.

Strategy: the query and the text pass through the same function, and then one is searched for in the other.

- Composed and decomposed letters are equal (NFC): `é` is `e` with an accent.
- Accents count: `cafe` does not find `café`.
- Case does not count (full Unicode case folding: `ß` is `ss`, `ﬁ` is `fi`, a final `ς` is `σ`), unless the
  query has a capital: `Grid` does not find `grid`. In a filter each word decides for itself; in a
  conversation, the whole query.
- The Turkish `İ` equals `i`, as `I` does, so `istanbul` finds `İstanbul`; the dotless `ı` is another letter.
- Full-width and half-width forms are equal: `ＡＢＣ` is `ABC`, `ﾕｰｻﾞｰ` is `ユーザー`. Other similar characters
  (`①`, `ℕ`) are not.

Folding may change lengths; `Folded` maps what was found in folded text to its place in the original: the
smallest pieces of it that fold by themselves.  So `x` found in `x́`, which no single character stands for, is
the `x` alone, and an `é` of two characters is both; the rest of the text makes no difference.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import repeat

import msgspec

__all__ = ["Folded", "Needle", "fold", "has_capital", "unify"]

# Compiled when first needed, which ASCII never does.
_OTHER_WIDTH = "[\u3000\uff01-\uffee]"
# Characters that case folding makes longer; others in these ranges do no harm.
_MAY_GROW = (
    "[ß\u0130\u0149\u01f0\u0307\u0345\u0390\u03b0\u0587\u1e96-\u1e9e\u1f50-\u1fff\ufb00-\ufb17]"
)
# Letters that combine with the one before although they are not combining characters: parts of Korean
# syllables, and vowels of Indic scripts.
_JOINING = (
    "[\u09be\u09d7\u0b3e\u0b56\u0b57\u0bbe\u0bd7\u0cc2\u0cd5\u0cd6\u0d3e\u0d57\u0dcf\u0ddf\u102e"
    "\u1161-\u1175\u11a8-\u11c2\u1b35\U00011127\U0001133e\U00011357\U000113b8\U000113bb\U000113c2"
    "\U000113c5\U000113c7-\U000113c9\U000114b0\U000114ba\U000114bd\U000115af\U00011930\U0001611e"
    "-\U00016120\U00016129\U00016d63\U00016d67\U00016d68]"
)


# A letter that changes and has more characters is one piece: it is no readable text, and it would be folded
# once for each of them.
_MOST_MARKS = 32

# Parts of some hundred characters that end before a character which joins nothing.
_PARTS = "(?s:.){1,256}[^\0-\x7f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]*"


def unify(text: str) -> str:
    """The text with one form for each letter, with its case."""
    if text.isascii():
        return text
    if re.search(_OTHER_WIDTH, text):
        text = text.translate(_widths())
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """The text in the form that is searched. Idempotent."""
    if text.isascii():
        return text.lower()
    folded = unify(text).casefold().replace("i\u0307", "i")
    return unicodedata.normalize("NFC", folded)


def has_capital(text: str) -> bool:
    """Whether case counts when searching for this."""
    return text != text.lower()


class Needle(msgspec.Struct, frozen=True):
    """A query: `text` is searched for in what `prepare` returns. Made by `Needle.of`."""

    text: str
    cased: bool

    @staticmethod
    @lru_cache(maxsize=64)
    def of(words: str) -> Needle:
        """What these words look for; case counts if there is a capital in them."""
        cased = has_capital(words)
        return Needle(unify(words) if cased else fold(words), cased)

    def prepare(self, text: str) -> str:
        """A text in the form in which this is searched for."""
        return unify(text) if self.cased else fold(text)

    def is_in(self, text: str) -> bool:
        """Whether a text contains this."""
        return self.text in self.prepare(text)

    def folded(self, text: str) -> Folded:
        """The same, with a map to the original text."""
        return Folded(text, self)


class Folded:
    """A text prepared for a needle, with a map to the original text."""

    def __init__(self, original: str, needle: Needle) -> None:
        self.text = needle.prepare(original)
        # None if all offsets are unchanged.
        self._parts: _Parts | None = None
        if not _is_even(original, self.text, needle.cased):
            self._parts = _Parts(original, needle)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The range of the original text that became this range, in pieces that fold by themselves."""
        if self._parts is None:
            return start, end
        first = self._parts.piece(start)[0]
        return first, self._parts.piece(end - 1)[1] if end > start else first


class _Parts:
    """A text in parts that fold by themselves: only those that are asked about are gone through by letter."""

    def __init__(self, original: str, needle: Needle) -> None:
        self._original = original
        self._needle = needle
        # Where each part begins, and where it begins once it is folded; last, where all of it ends.
        self._starts = [0]
        self._folded = [0]
        for part in re.finditer(_PARTS, original):
            self._starts.append(part.end())
            self._folded.append(self._folded[-1] + len(needle.prepare(part[0])))
        self._aligned: dict[int, list[tuple[int, int]]] = {}

    def piece(self, at: int) -> tuple[int, int]:
        """Where the piece is that a character of the folded text is of."""
        number = bisect_right(self._folded, at) - 1
        if number >= len(self._starts) - 1:
            end = self._starts[-1]
            return end, end
        places = self._aligned.get(number)
        if places is None:
            places = self._aligned[number] = self._align(number)
        return places[at - self._folded[number]]

    def _align(self, number: int) -> list[tuple[int, int]]:
        start, end = self._starts[number : number + 2]
        places: list[tuple[int, int]] = []
        for letter in _letters(self._original[start:end]):
            for size, folded_size in self._sizes(letter):
                places += [(start, start + size)] * folded_size
                start += size
        return places

    def _sizes(self, letter: str) -> Iterator[tuple[int, int]]:
        """The sizes of the pieces of a letter, and of each once it is folded."""
        prepare = self._needle.prepare
        folded, before, folded_before = prepare(letter), 0, 0
        if _is_even(letter, folded, self._needle.cased):
            yield from repeat((1, 1), len(letter))
            return
        if len(letter) <= _MOST_MARKS:
            for at in range(1, len(letter)):
                first = prepare(letter[:at])
                if first + prepare(letter[at:]) == folded:
                    yield at - before, len(first) - folded_before
                    before, folded_before = at, len(first)
        yield len(letter) - before, len(folded) - folded_before


def _is_even(original: str, folded: str, cased: bool) -> bool:
    """Whether folding kept the offset of every character."""
    if original.isascii():
        return True
    return (
        len(original) == len(folded)
        and unicodedata.is_normalized("NFC", original)
        and not re.search(_OTHER_WIDTH, original)
        and (cased or not re.search(_MAY_GROW, original))
    )


def _letters(text: str) -> Iterator[str]:
    """The text in pieces that fold independently: a letter with everything that combines with it."""
    start = 0
    # Half-width sound marks combine as full-width ones do.
    joined = text.translate(_widths()) if re.search(_OTHER_WIDTH, text) else text
    for at in range(1, len(text)):
        letter = joined[at]
        if letter < "\u0300" or not (unicodedata.combining(letter) or re.match(_JOINING, letter)):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


@cache
def _widths() -> dict[int, int]:
    """Characters of full or half width, and what each is a form of."""
    found = {}
    for code in (0x3000, *range(0xFF01, 0xFFEF)):
        kind, _, form = unicodedata.decomposition(chr(code)).partition(" ")
        if kind in ("<wide>", "<narrow>"):
            found[code] = int(form, 16)
    return found
