r"""What every match of a regular expression contains: sets of strings, of each of which it contains one.

    TODO|FIXME:       one of todo, fixme:
    [qx]\d{3}z        one of q00 … x99, and one of 00z … 99z
    (get|set)_?x .*y  one of get_x, getx, set_x, setx

Strategy: an expression is a sequence of parts.  A part is a few strings, of which a match has one in this
place, or a gap: text of which nothing is known, or only what it contains.  Parts that follow each other
without a gap are joined as long as the strings are few.  Conservative: what is not understood requires
nothing, which costs time and never a result.  Strings are lower case: each match is folded before it is
compared with them.  (For whoever asks for the parts alone they may be as they are written.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

__all__ = ["Gap", "Part", "Strings", "needs_of", "parts_of"]

# Strings at most, of one set and of all: each is looked up by itself.
_MOST, _MOST_OF_ALL = 256, 512
# Characters; a longer expression is not looked at.
_LONGEST = 2_000
# Parts of what is repeated, and how often it is written out.
_LONGEST_REPEATED, _WRITTEN_OUT = 32, 8
# Characters of a string that excludes something.
_SHORTEST = 2

Strings = frozenset[str]

_NOTHING = Strings([""])
_CLASSES = {
    "d": Strings("0123456789"),
    "w": Strings("0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
}

# --- the syntax of RE2

_GROUP = r"\((?:\?(?:P?<\w+>|[A-Za-z-]*:))?"
_FLAGS = r"\(\?[A-Za-z-]+\)"
# In some versions, `{,2}` is literal text.
_REPETITION = r"(?:([*+?])|\{(\d*)(,?)(\d*)\})\??"
_CLASS = r"(?s)\[(\^?)(\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*)\]"
# One character of a class: ASCII, and no white space.
_MEMBER = r"(?:\\[!-/:-@\[-`{-~]|[!-\[\]-~])"
_MEMBERS = rf"\\([dw])|({_MEMBER})(?:-({_MEMBER}))?"
_ASSERTION = r"[\^$]|\\[bBAz]"
# White space, any character, and characters by their properties or numbers.
_UNKNOWN = r"(?s)[^!-~]|\.|\\[DWSsnrtfva]|\\[pP](?:\{[^}]*\}|.)|\\x(?:\{[^}]*\}|..)"
_ESCAPED_CLASS = r"\\([dw])"
_LITERAL = r"\\([!-/:-@\[-`{-~])|([^\\()|*+?\[])"


class Gap(msgspec.Struct, frozen=True):
    """Any text that contains one of each of these sets."""

    needs: tuple[Strings, ...] = ()


Part = Strings | Gap


class _Unclear(Exception):
    """What the expression means is not known here."""


def needs_of(pattern: str) -> tuple[frozenset[bytes], ...]:
    """Sets of ASCII strings in lower case: every match, folded, contains one of each."""
    chosen, left = [], _MOST_OF_ALL
    for strings in sorted(set(_needs(parts_of(pattern))), key=_weakness):
        if len(strings) <= left:
            left -= len(strings)
            chosen.append(frozenset(string.encode() for string in strings))
    return tuple(chosen)


def parts_of(pattern: str, *, cased: bool = False) -> list[Part]:
    """What every match is made of, one after the other; nothing where that is not understood.

    Strings are as the expression has them if `cased`; else in lower case.
    """
    if len(pattern) > _LONGEST or "\\Q" in pattern:
        return []
    try:
        return _Parser(pattern, cased).parts()
    except (_Unclear, RecursionError):
        return []


def _weakness(strings: Strings) -> tuple[bool, int, list[str]]:
    """Sorts first what excludes most."""
    return min(map(len, strings)) == _SHORTEST, len(strings), sorted(strings)


class _Parser:
    """Reads an expression that RE2 has accepted."""

    def __init__(self, pattern: str, cased: bool) -> None:
        self._pattern = pattern
        self._cased = cased
        self._at = 0

    def parts(self) -> list[Part]:
        """Raises `_Unclear`."""
        parts = self._alternatives()
        if self._at < len(self._pattern):
            raise _Unclear
        return parts

    def _next(self, syntax: str) -> re.Match[str] | None:
        match = re.compile(syntax).match(self._pattern, self._at)
        if match is not None:
            self._at = match.end()
        return match

    def _alternatives(self) -> list[Part]:
        found = [self._sequence()]
        while self._next(r"\|"):
            found.append(self._sequence())
        return found[0] if len(found) == 1 else [_either(found)]

    def _sequence(self) -> list[Part]:
        parts: list[Part] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            atom = self._atom()
            while repetition := self._next(_REPETITION):
                atom = _repeated(atom, *_times(repetition))
            parts += atom
        return parts

    def _atom(self) -> list[Part]:
        if self._next(_FLAGS):
            # None of them changes what is said here.  What is repeated is the part before them.
            if self._next(_REPETITION):
                raise _Unclear
            return []
        if self._next(_GROUP):
            parts = self._alternatives()
            if not self._next(r"\)"):
                raise _Unclear
            return parts
        if match := self._next(_CLASS):
            members = None if match[1] else _members(match[2])
            return [Gap() if members is None else self._written(members)]
        if self._next(_ASSERTION):
            return [_NOTHING]
        if match := self._next(_ESCAPED_CLASS):
            return [self._written(_CLASSES[match[1]])]
        if self._next(_UNKNOWN):
            return [Gap()]
        if match := self._next(_LITERAL):
            return [self._written([match[1] or match[2]])]
        raise _Unclear

    def _written(self, characters: Iterable[str]) -> Strings:
        return Strings(characters if self._cased else map(str.lower, characters))


def _times(repetition: re.Match[str]) -> tuple[int, int | None]:
    """How often at least and at most."""
    sign, least, comma, most = repetition.groups()
    if sign is not None:
        return (1 if sign == "+" else 0), (1 if sign == "?" else None)
    if not comma:
        return int(least), int(least)
    return int(least or 0), int(most) if most else None


def _members(inside: str) -> set[str] | None:
    """The characters of a class; None unless all of them are known."""
    found: set[str] = set()
    at = 0
    members = re.compile(_MEMBERS)
    while at < len(inside):
        match = members.match(inside, at)
        if match is None or "[:" in inside:
            return None
        at = match.end()
        named, first, last = match.groups()
        if named:
            found |= _CLASSES[named]
        else:
            codes = range(ord(first[-1]), ord((last or first)[-1]) + 1)
            found |= set(map(chr, codes))
    return found


# --- what parts mean together


def _repeated(parts: list[Part], least: int, most: int | None) -> list[Part]:
    if least == 0:
        exact = _joined(parts) if most == 1 else None
        return [Gap() if exact is None else exact | _NOTHING]
    if len(parts) > _LONGEST_REPEATED:
        return [Gap(tuple(_needs(parts)))]
    written = parts * min(least, _WRITTEN_OUT)
    if least == most and least <= _WRITTEN_OUT:
        return written
    return [*written, Gap(), *written]


def _either(alternatives: list[list[Part]]) -> Part:
    exact = [_joined(parts) for parts in alternatives]
    strings = _together(exact)
    if strings is not None:
        return strings
    # One of what each of them needs most.
    strings = _together([min(_needs(parts), key=_weakness, default=None) for parts in alternatives])
    return Gap() if strings is None else Gap((strings,))


def _together(sets: list[Strings | None]) -> Strings | None:
    known = [each for each in sets if each is not None]
    if len(known) < len(sets):
        return None
    strings = Strings().union(*known)
    return strings if len(strings) <= _MOST else None


def _joined(parts: Iterable[Part]) -> Strings | None:
    """What parts are together, if that is a few strings."""
    found = _NOTHING
    for part in parts:
        if isinstance(part, Gap) or len(found) * len(part) > _MOST:
            return None
        found = _product(found, part)
    return found


def _product(before: Strings, after: Strings) -> Strings:
    return Strings(first + second for first in before for second in after)


def _needs(parts: Iterable[Part]) -> list[Strings]:
    """What the parts contain, of strings that are long enough to exclude something."""
    found: list[Strings] = []
    run: list[Strings] = []
    for part in parts:
        if isinstance(part, Gap):
            found += [*_windows(run), *part.needs]
            run = []
        else:
            run.append(part)
    found += _windows(run)
    return [strings for strings in found if min(map(len, strings), default=0) >= _SHORTEST]


def _windows(run: list[Strings]) -> Iterator[Strings]:
    """As many parts as can be joined, from each of them on.

    What is within the window before is one only if its strings are fewer.
    """
    reached, fewest = 0, 0
    for start in range(len(run)):
        strings, end = _NOTHING, start
        while end < len(run) and len(strings) * len(run[end]) <= _MOST:
            strings = _product(strings, run[end])
            end += 1
        if end > reached or len(strings) < fewest:
            yield strings
            reached, fewest = end, len(strings)
        if end == len(run) and fewest == 1:
            return
