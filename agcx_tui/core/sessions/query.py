"""The filter line's little language: text in, terms out.

    grid "two words" model:gpt-5 -tag:wip is:favorite after:2024-11 larger:1MB messages:>100

Strategy: `parse` is pure and never raises.  A bare word is looked for in title, tags, model and
id; `key:value` narrows by one column; a leading `-` means not; all terms must hold.  A value that
cannot be understood is left out of the terms and said in `Query.errors`, so that a half-typed
line filters by what is already clear.  A key without a value yet is neither.  A key that there is not
is part of a word, for titles hold such; `Query.unknown` has it, for when no title does.  Matching
itself is done by the table that holds the columns (`session_table.py`).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agcx_format.transcript import Needle, fold

WORD = "word"
KEYS = ("model", "tag", "mode", "is", "before", "after", "larger", "smaller", "messages", "id")
STATES = ("favorite", "broken", "empty", "imported", "marked", "listed")
# The tags that an import gives.
IMPORTS = frozenset({"codex", "claude-code"})
# And the one of an import of which a part could not be read.
INCOMPLETE = "incomplete"
MODES = ("plan", "build", "review")

_SPELLINGS = {"favourite": "favorite", "fav": "favorite", "unreadable": "broken"}

_token = re.compile(r'(-?)(?:([A-Za-z]+):)?("[^"]*"?|\S*)')
_date = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_ago = re.compile(r"(\d{1,5})([hdwmy])")
_bytes = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_count = re.compile(r"(<=|>=|<|>|=|)(\d{1,20})")

_HOURS = {"h": 1, "d": 24, "w": 24 * 7, "m": 24 * 30, "y": 24 * 365}
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition.

    `value` by key: folded text for `word model tag mode is id`; microseconds since 1970 for
    `before after`; bytes for `larger smaller`; a pair of operator and count for `messages`.  A word
    with a capital is looked for as it is `written`.
    """

    key: str
    value: str | int | tuple[str, int]
    negated: bool = False
    written: str = field(default="", compare=False)

    @property
    def needle(self) -> str:
        """What a text must hold, of a key whose value is text."""
        return self.written or str(self.value)


@dataclass(frozen=True, slots=True)
class Query:
    terms: tuple[Term, ...] = ()
    errors: tuple[str, ...] = ()
    # What looks like a key and was taken for a word.
    unknown: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def words(self) -> tuple[str, ...]:
        """What is to be highlighted: the plain words that are looked for."""
        return tuple(term.needle for term in self.terms if term.key == WORD and not term.negated)

    def narrows(self, earlier: Query) -> bool:
        """Whether everything that fits this query fits the earlier one too.

        True while a line is typed to its end, which lets the table look at its last result only.
        """
        return all(any(_implies(new, old) for new in self.terms) for old in earlier.terms)


class _BadValue(ValueError):
    """The text of it is shown beside the filter line."""


def parse(text: str, now: int) -> Query:
    """The query that the line means at `now` (microseconds since 1970)."""
    terms: list[Term] = []
    errors: list[str] = []
    unknown: list[str] = []
    for minus, key, raw in _token.findall(text):
        value = raw.strip('"')
        name = key.lower()
        if key and name not in KEYS:
            # `fix: it` and `http://` are words: titles hold such things.
            if not value.startswith("//"):
                unknown.append(key)
            value, name = f"{key}:{value}", WORD
        if not value:
            continue
        try:
            meant = _READERS[name or WORD](value, now)
        except _BadValue as error:
            errors.append(f"{name}: {error}")
        else:
            needle = Needle.of(value)
            written = needle.text if needle.cased and name in ("", WORD) else ""
            terms.append(Term(name or WORD, meant, bool(minus), written))
    return Query(tuple(terms), tuple(errors), tuple(unknown))


# How the value of a term is looked for, by key: whatever fits a value that holds another fits that one, too.
_LOOKED_FOR: dict[str, Callable[[str, str], bool]] = {
    WORD: operator.contains,
    "model": operator.contains,
    "id": str.startswith,
}


def _implies(new: Term, old: Term) -> bool:
    if new == old and new.written == old.written:
        return True
    test = _LOOKED_FOR.get(new.key)
    if test is None or new.key != old.key or new.negated or old.negated:
        return False
    # What has a word as it is written has it folded, and not the other way round.
    if old.written:
        return test(new.written, old.written)
    return test(str(new.value), str(old.value))


def _text(value: str, now: int) -> str:
    return fold(value)


def _one_of(choices: tuple[str, ...]) -> Callable[[str, int], str]:
    def read(value: str, now: int) -> str:
        name = _SPELLINGS.get(value.casefold(), value.casefold())
        # `is:fav` on the way to `is:favorite` is meant already, when it can mean one thing only.
        fits = [choice for choice in choices if choice.startswith(name)]
        if len(fits) != 1:
            raise _BadValue("one of " + ", ".join(choices))
        return fits[0]

    return read


def _moment(value: str, now: int) -> int:
    """The beginning of a local day, month or year; or so long before `now`."""
    name = value.casefold()
    if ago := _ago.fullmatch(name):
        return now - int(ago[1]) * _HOURS[ago[2]] * 3_600_000_000
    try:
        if name in ("today", "yesterday"):
            midnight = datetime.fromtimestamp(now // 1_000_000).replace(hour=0, minute=0, second=0)
            return _as_micros(midnight - timedelta(days=name == "yesterday"))
        if date := _date.fullmatch(name):
            return _as_micros(datetime(int(date[1]), int(date[2] or 1), int(date[3] or 1)))
    except (ValueError, OverflowError, OSError):
        pass
    raise _BadValue("a date as 2024-11-24, 2024-11, today, yesterday, 3d, 2w")


def _as_micros(moment: datetime) -> int:
    """A naive local datetime as microseconds since 1970."""
    return int(moment.timestamp()) * 1_000_000


def _size(value: str, now: int) -> int:
    match = _bytes.fullmatch(value)
    if match is None:
        raise _BadValue("a size as 500k, 10MB, 1.5GB")
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** " kmgt".index(match[2].lower() or " "))


def _comparison(value: str, now: int) -> tuple[str, int]:
    match = _count.fullmatch(value)
    if match is None:
        if value in ("<", ">", "<=", ">=", "="):
            raise _BadValue(f"a number after {value}")
        raise _BadValue("a number as >100, <=5, 0")
    return match[1] or "=", int(match[2])


_READERS: dict[str, Callable[[str, int], str | int | tuple[str, int]]] = {
    WORD: _text,
    "model": _text,
    "tag": _text,
    "id": _text,
    "mode": _one_of(MODES),
    "is": _one_of(STATES),
    "before": _moment,
    "after": _moment,
    "larger": _size,
    "smaller": _size,
    "messages": _comparison,
}
