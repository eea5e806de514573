"""The filter language: parses text into terms.

    grid "two words" /time.?out/ model:gpt-5 -tag:wip is:favorite after:2024-11 larger:1MB messages:>100

Strategy: `parse` is pure and never raises.  It is the language of the search: a line is taken apart in the
same way, and a key that both have selects the same sessions.  A plain word or a `/regex/` is searched in
title, tags, model, id, project and first words; `key:value` tests one column; a leading `-` means not; all
terms must match.  A key that does not exist, or
a value that cannot be understood, is reported in `Query.errors` and ignored, so that a half-typed line
filters by what is clear already; in quotes, it is a word.  A key without a value is ignored.  `matching.py`
tests the rows.
"""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from agcx_format.search import Token, tokens
from agcx_format.transcript import Needle, fold

WORD = "word"
REGEX = "regex"
KEYS = (
    "project", "dir", "branch", "agent", "model", "tag", "mode", "is", "before", "after",
    "larger", "smaller", "messages", "turns", "duration", "file", "tool", "checkpoint", "id",
)  # fmt: skip
STATES = (
    "favorite", "broken", "empty", "imported", "failed", "edited", "branched", "marked", "listed",
    "here", "subagent",
)  # fmt: skip
# Keys that only the search inside conversations has.
OF_MESSAGE_SEARCH = frozenset({"role", "in"})
# Keys of the search, which looks at each message, and those of sessions in which there is such a message.
AS_IN_SEARCH = {"path": "file"}
# Keys that are known only once the beginning of a session has been read.
_OF_OPENING = frozenset({"project", "dir", "branch"})
# Keys and states that are known only once the messages of a session have been read.
_OF_MESSAGES = frozenset({"turns", "duration", "file", "tool", "checkpoint"})
_STATES_OF_MESSAGES = frozenset({"failed", "edited", "branched"})
# The tag of a session that could not be imported completely.
INCOMPLETE = "incomplete"
MODES = ("plan", "build", "review")

_SPELLINGS = {
    "favourite": "favorite", "fav": "favorite", "unreadable": "broken", "damaged": "broken",
    "error": "failed",
}  # fmt: skip

_DATE = r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?"
_AGO = r"(\d{1,5})([hdwmy])"
_BYTES = r"(?i)(\d{1,12}(?:\.\d{1,6})?)\s*([kmgt]?)(i?)b?"
_COUNT = r"(<=|>=|<|>|=|)(\d{1,20})"
_SPAN = r"(?i)(<=|>=|<|>|)(\d{1,9}(?:\.\d{1,6})?)(s|min|m|h|d)"

_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_HOURS = {"h": 1, "d": 24, "w": 24 * 7, "m": 24 * 30, "y": 24 * 365}
_EPOCH = datetime(1970, 1, 1)


class Term(msgspec.Struct, frozen=True):
    """One condition.

    Fields:
        key: The column, or WORD or REGEX.
        value: The expression, for REGEX; folded text for `word project dir branch agent model tag mode is
            id file tool checkpoint`; microseconds since 1970 for `before after`; bytes for
            `larger smaller`; operator and count for `messages turns`; operator and seconds for `duration`.
        negated: Whether it must not match.
        written: A word with a capital letter, as typed: it is case-sensitive.
    """

    key: str
    value: str | int | tuple[str, int]
    negated: bool = False
    written: str = ""

    @property
    def needle(self) -> str:
        """The text to search for, if the value is a text."""
        return self.written or str(self.value)

    @property
    def is_of_facts(self) -> bool:
        """Whether it is searched in all facts of a session, its first words among them."""
        return self.key in (WORD, REGEX)

    @property
    def is_of_opening(self) -> bool:
        """Whether the beginning of a session has to be read to know if it matches."""
        return self.key in _OF_OPENING or (self.key == "is" and self.value == "here")

    @property
    def is_of_messages(self) -> bool:
        """Whether a session's messages have to be read to know if it matches."""
        return self.key in _OF_MESSAGES or (self.key == "is" and self.value in _STATES_OF_MESSAGES)


class Query(msgspec.Struct, frozen=True):
    """Terms that must all match, and what could not be understood."""

    terms: tuple[Term, ...] = ()
    errors: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def words(self) -> tuple[str, ...]:
        """The plain words, for highlighting."""
        return tuple(term.needle for term in self.terms if term.key == WORD and not term.negated)

    @property
    def patterns(self) -> tuple[str, ...]:
        """The expressions, for highlighting."""
        return tuple(str(t.value) for t in self.terms if t.key == REGEX and not t.negated)

    @property
    def is_of_messages(self) -> bool:
        """Whether the messages of sessions have to be read for it."""
        return any(term.is_of_messages for term in self.terms)

    @property
    def names_subagents(self) -> bool:
        """Whether the person asks for subagents, or for certain sessions."""
        asked = ("subagent", "listed", "marked")
        return any(term.key == "id" or term.value in asked for term in self.terms)

    def narrows(self, earlier: Query) -> bool:
        """Whether everything that matches this query also matches the earlier one.

        True while text is appended to a line, so the table only needs to test its last result.
        """
        return all(any(_implies(new, old) for new in self.terms) for old in earlier.terms)


class _BadValue(ValueError):
    """The message is shown beside the filter line."""


def parse(text: str, now: int) -> Query:
    """The query of a line at the time `now` (microseconds since 1970)."""
    terms: list[Term] = []
    errors: list[str] = []
    for token in tokens(text):
        try:
            term = _term(token, now)
        except _BadValue as error:
            errors.append(str(error))
        else:
            if term is not None:
                terms.append(term)
    return Query(tuple(terms), tuple(errors))


def _term(token: Token, now: int) -> Term | None:
    """None for a key without a value."""
    value, name = token.value, AS_IN_SEARCH.get(token.key, token.key)
    if token.is_regex:
        return Term(REGEX, _expression(token), token.negated)
    if name and name not in KEYS:
        # `http://` and `std::vector` are words.
        if not value.startswith(("//", ":")):
            raise _BadValue(_no_key(token.written_key))
        value, name = f"{token.written_key}:{value}", ""
    if not value:
        return None
    try:
        meant = _READERS[name or WORD](value, now)
    except _BadValue as error:
        raise _BadValue(f"{name}: {error}") from None
    needle = Needle.of(value)
    written = needle.text if needle.cased and not name else ""
    return Term(name or WORD, meant, token.negated, written)


def _expression(token: Token) -> str:
    from agcx_format.search import Refused, compiled

    try:
        return compiled(token.value).text
    except Refused as refused:
        raise _BadValue(f"{token.text}: {refused}") from None


def _no_key(key: str) -> str:
    if key.lower() in OF_MESSAGE_SEARCH:
        return f"{key}: works only in the search inside conversations"
    return f"no key {key}; the keys are {', '.join(KEYS)}; put words in quotes"


# How a value is searched, by key: a row that matches a longer value matches the shorter one in it.
_LOOKED_FOR: dict[str, Callable[[str, str], bool]] = {
    WORD: operator.contains,
    "project": operator.contains,
    "dir": operator.contains,
    "branch": operator.contains,
    "agent": str.startswith,
    "model": operator.contains,
    "file": operator.contains,
    "tool": operator.contains,
    "checkpoint": operator.contains,
    "id": str.startswith,
}


def _implies(new: Term, old: Term) -> bool:
    if new == old:
        return True
    test = _LOOKED_FOR.get(new.key)
    if test is None or new.key != old.key or new.negated or old.negated:
        return False
    # A text with the word as written also contains it folded, but not vice versa.
    if old.written:
        return test(new.written, old.written)
    return test(str(new.value), str(old.value))


def _text(value: str, now: int) -> str:
    return fold(value)


def _path(value: str, now: int) -> str:
    return fold(os.path.expanduser(value))


def _one_of(choices: tuple[str, ...], *also: str) -> Callable[[str, int], str]:
    """Reads one of the choices; an error also names the words in `also`."""

    def read(value: str, now: int) -> str:
        name = _SPELLINGS.get(value.casefold(), value.casefold())
        # `is:fav`, on the way to `is:favorite`, already works if it is unambiguous.
        fits = [choice for choice in choices if choice.startswith(name)]
        if len(fits) != 1:
            raise _BadValue("one of " + ", ".join((*choices, *also)))
        return fits[0]

    return read


def _moment(value: str, now: int) -> int:
    """The beginning of a local day, month, or year; or a time before `now`."""
    name = value.casefold()
    if ago := re.fullmatch(_AGO, name):
        return now - int(ago[1]) * _HOURS[ago[2]] * 3_600_000_000
    try:
        if name in ("today", "yesterday"):
            midnight = datetime.fromtimestamp(now // 1_000_000).replace(hour=0, minute=0, second=0)
            return _as_micros(midnight - timedelta(days=name == "yesterday"))
        if date := re.fullmatch(_DATE, name):
            return _as_micros(datetime(int(date[1]), int(date[2] or 1), int(date[3] or 1)))
    except (ValueError, OverflowError, OSError):
        pass
    raise _BadValue("a date such as 2024-11-24, 2024-11, today, yesterday, 3d, 2w")


def _as_micros(moment: datetime) -> int:
    """A naive local datetime as microseconds since 1970."""
    return int(moment.timestamp()) * 1_000_000


def _size(value: str, now: int) -> int:
    match = re.fullmatch(_BYTES, value)
    if match is None:
        raise _BadValue("a size such as 500k, 10MB, 1.5GB")
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** " kmgt".index(match[2].lower() or " "))


def _comparison(value: str, now: int) -> tuple[str, int]:
    match = re.fullmatch(_COUNT, value)
    if match is None:
        if value in ("<", ">", "<=", ">=", "="):
            raise _BadValue(f"a number after {value}")
        raise _BadValue("a number such as >100, <=5, 0")
    return match[1] or "=", int(match[2])


def _duration(value: str, now: int) -> tuple[str, int]:
    match = re.fullmatch(_SPAN, value)
    if match is None:
        raise _BadValue("a time such as >1h, <5min, 90s")
    return match[1] or ">=", round(float(match[2]) * _SECONDS[match[3].lower()])


_READERS: dict[str, Callable[[str, int], str | int | tuple[str, int]]] = {
    WORD: _text,
    "project": _text,
    "dir": _path,
    "branch": _text,
    "agent": _text,
    "model": _text,
    "tag": _text,
    "id": _text,
    "mode": _one_of(MODES),
    # The search has it as well, for single messages.
    "is": _one_of(STATES, "error"),
    "before": _moment,
    "after": _moment,
    "larger": _size,
    "smaller": _size,
    "messages": _comparison,
    "turns": _comparison,
    "duration": _duration,
    "file": _text,
    "tool": _text,
    "checkpoint": _text,
}
