"""Where any of some words occurs in a text, found in one pass.

Strategy: google-re2 goes through a text five times as fast as Python's own expressions.  Both find the same:
the leftmost word, and of those that begin there the first of the list.  Where re2 is not installed, or where
a text is not ASCII and offsets in bytes are no offsets in characters, Python's takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from typing import Protocol

__all__ = ["Words"]


class _Match(Protocol):
    def start(self) -> int: ...

    def group(self) -> bytes: ...


class _Pattern(Protocol):
    """An expression of google-re2, which has no types of its own."""

    def finditer(self, text: bytes) -> Iterator[_Match]: ...


class Words:
    """Finds words, of which the earlier ones in the list win over their prefixes."""

    def __init__(self, words: Sequence[str]) -> None:
        self._alternatives = _alternatives(words)
        self._is_ascii = all(word.isascii() for word in words)

    def places(self, text: str) -> Iterator[tuple[int, str]]:
        """Where each begins, and which it is; none overlaps the one before."""
        fast = self._fast
        if fast is not None and text.isascii():
            return ((m.start(), m.group().decode()) for m in fast.finditer(text.encode()))
        return ((m.start(), m.group()) for m in self._plain.finditer(text))

    @cached_property
    def _plain(self) -> re.Pattern[str]:
        return re.compile(self._alternatives)

    @cached_property
    def _fast(self) -> _Pattern | None:
        if not self._is_ascii:
            return None
        try:
            found: _Pattern = import_module("re2").compile(self._alternatives.encode())
        except ImportError:
            return None
        return found


def _alternatives(words: Sequence[str]) -> str:
    """A pattern for any of the words that tests the first letter only once."""
    by_letter: dict[str, list[str]] = {}
    for word in words:
        by_letter.setdefault(word[0], []).append(re.escape(word[1:]))
    return "|".join(f"{re.escape(k)}(?:{'|'.join(rest)})" for k, rest in by_letter.items())
