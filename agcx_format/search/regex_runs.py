r"""A run of classes that every match of a regular expression contains, so that most texts need no RE2.

    [qx]\d{3}z              one of qQxX, three digits, one of zZ
    [0-9a-f]{40}            sixteen of them
    \w+ \d{4}-\d{2}-\d+Z?   four digits, a dash, two digits, a dash, a digit

Strategy: RE2 looks at each byte by itself.  Here every byte of a text is replaced by the number of its
class, and the run is looked for as a string of numbers; both are done many bytes at a time, which takes a
tenth of the time.  Where the run is not, there is no match.  Classes that have characters in common become
one, which costs time and never a result.  Of all runs, and parts of them, the one is taken that excludes
most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from math import prod

import msgspec

from agcx_format.search import native
from agcx_format.search.regex_needs import Gap, Part, parts_of

__all__ = ["Run", "run_of"]

# The most classes of a run (more would exclude nothing more), and of an expression.
_LONGEST, _MOST = 16, 64
# A run that occurs by chance more than once in this many bytes excludes too little.
_RARE = 1 << 17
_FLAG_OF_CASE = r"\(\?[A-Za-z-]*i"
# What `k` and `s` match as well when case does not count: the sign of Kelvin, a long s.
_FOLDED_TO_ASCII = {"k": "\u212a".encode(), "s": "\u017f".encode()}
# Of this many bytes of text, about one is this letter.
_ONE_IN = {"etaoinsrl": 17, "bcdfghjkmpquvwxyz": 70}
_OTHERS_ONE_IN = 100

_Class = frozenset[str]


class Run(msgspec.Struct, frozen=True):
    """Bytes of certain classes, one after the other.

    Fields:
        table: the class of each byte, 0 for none.
        classes: of the run.
        letters: where a text has one of these, nothing is known.
    """

    table: bytes
    classes: bytes
    letters: tuple[bytes, ...]

    def may_occur(self, payload: bytes) -> bool:
        """False when it is not in the text, and so no match is."""
        if any(native.find(payload, letter) >= 0 for letter in self.letters):
            return True
        return native.find(native.translate(payload, self.table), self.classes) >= 0


def run_of(pattern: str, *, cased: bool) -> Run | None:
    """The run that excludes most; None when none excludes enough.  `cased`: whether case counts."""
    cased = cased and re.search(_FLAG_OF_CASE, pattern) is None
    best: Sequence[_Class] = ()
    fewest = 1 / _RARE
    for classes in _parts_of_runs(parts_of(pattern, cased=cased), cased):
        merged = _merged(classes)
        chance = prod(map(_share, merged))
        if chance < fewest:
            best, fewest = merged, chance
    return _made(best, cased) if best else None


def _parts_of_runs(parts: Iterable[Part], cased: bool) -> Iterator[Sequence[_Class]]:
    """Every run, from each of its classes on."""
    left = _MOST
    for run in _runs(parts):
        for start in range(min(left, len(run))):
            for end in range(start + 1, min(start + _LONGEST, len(run)) + 1):
                yield [each if cased else _in_both_cases(each) for each in run[start:end]]
        left -= len(run)


def _runs(parts: Iterable[Part]) -> Iterator[list[_Class]]:
    """For each run of parts without a gap, the characters that may be at each place."""
    run: list[_Class] = []
    for part in parts:
        lengths = () if isinstance(part, Gap) else set(map(len, part))
        if isinstance(part, Gap) or len(lengths) != 1:
            yield run
            run = []
        else:
            run += map(frozenset, zip(*part, strict=True))
    yield run


def _in_both_cases(characters: _Class) -> _Class:
    return characters.union(map(str.upper, characters))


def _merged(classes: Sequence[_Class]) -> Sequence[_Class]:
    """The same with those that have characters in common made one."""
    apart: list[_Class] = []
    for each in classes:
        together = [other for other in apart if other & each]
        apart = [other for other in apart if not other & each]
        apart.append(each.union(*together))
    return [next(other for other in apart if each <= other) for each in classes]


def _share(characters: _Class) -> float:
    """About how much of a text these characters are."""
    return sum(map(_SHARES.__getitem__, characters))


_SHARES = {chr(code): 1 / _OTHERS_ONE_IN for code in range(128)} | {
    letter: 1 / one_in for letters, one_in in _ONE_IN.items() for letter in letters
}


def _made(classes: Sequence[_Class], cased: bool) -> Run:
    numbers = {each: number for number, each in enumerate(dict.fromkeys(classes), 1)}
    table = bytearray(256)
    for each, number in numbers.items():
        for character in each:
            table[ord(character)] = number
    folded = [other for letter, other in _FOLDED_TO_ASCII.items() if table[ord(letter)]]
    return Run(
        bytes(table),
        bytes(map(numbers.__getitem__, classes)),
        () if cased else tuple(folded),
    )
