"""The parts of a line in the query language: words, phrases, terms with a key, and expressions.

The search and the filter of a list share it: a line is taken apart in one way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

__all__ = ["Token", "tokens"]

_token = re.compile(r'(-?)(?:([A-Za-z]+):)?("[^"]*"?|\S*)')
# The closing slash is one before white space or the end: `/usr/bin` is a word.
_regex = re.compile(r"(-?)/((?:[^\\/\n]|\\.|/(?!\s|$))+)/(?=\s|$)")
_white = re.compile(r"\s*")


class Token(msgspec.Struct, frozen=True):
    """`text[start:end]` of a line.

    Fields:
        negated: whether a minus stands before it.
        key: lower case; empty if there is none.
        written_key: the key as it is written.
        value: a word or phrase without its quotes, or an expression without its slashes.
        is_regex: whether it is an expression.
    """

    text: str
    start: int
    end: int
    negated: bool
    value: str
    written_key: str = ""
    is_regex: bool = False

    @property
    def key(self) -> str:
        """The key in lower case; empty if the token has none."""
        return self.written_key.lower()


def tokens(line: str) -> Iterator[Token]:
    """Every token of a line.  Never raises."""
    at = 0
    while (at := _skip_white(line, at)) < len(line):
        yield (token := _token_at(line, at))
        at = token.end


def _token_at(line: str, at: int) -> Token:
    if match := _regex.match(line, at):
        return Token(match[0], at, match.end(), bool(match[1]), match[2], is_regex=True)
    match = _token.match(line, at)
    assert match is not None
    return Token(match[0], at, match.end(), bool(match[1]), match[3].strip('"'), match[2] or "")


def _skip_white(line: str, at: int) -> int:
    match = _white.match(line, at)
    return match.end() if match else at
