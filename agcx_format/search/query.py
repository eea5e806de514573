"""The search line's language: text in, terms out.

    stall "lease expired" -retry /time.?out/ role:assistant tool:shell path:queue.py is:error in:you

Strategy: `parse_query` is pure and never raises.  A word, a `"phrase"` and a `/regex/` are looked for in
the text of messages; a leading `-` means not; keys narrow which messages count.  What cannot be understood is
left out and listed in `Query.errors` with its place in the line, so that a half-typed line searches for
what is already clear.  A key that is not known is part of a word (`http://`, `fix:`).

A caller that has keys of its own, as a list of sessions has `project:` and `after:`, names them as
`foreign_keys`; their terms are returned in `Query.foreign` as they are written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import partial

import msgspec

from agcx_format.search.matchers import LONGEST_NEEDLE, Literal, Matcher, Refused, compiled
from agcx_format.search.tokenizer import Token, tokens
from agcx_format.transcript.folding import fold

__all__ = [
    "KEYS",
    "PLACES",
    "ROLES",
    "ForeignTerm",
    "Query",
    "QueryError",
    "Term",
    "Within",
    "parse_query",
]

KEYS = ("role", "tool", "path", "is", "in")
PLACES = ("title", "you", "assistant", "reasoning", "tool")
# Those that agents write, and what is searched besides messages; a file may hold others.
ROLES = ("user", "assistant", "reasoning", "tool", "system", "developer", "title")
_STATES = ("error",)


class QueryError(ValueError):
    """A part of a query that means nothing.

    Fields:
        reason: what is wrong with it.
        text: the part, which is at `start` to `end` of the line.
    """

    def __init__(self, reason: str, text: str, start: int) -> None:
        # All of them, so that it can be copied and pickled.
        super().__init__(reason, text, start)
        self.reason = reason
        self.text = text
        self.start = start
        self.end = start + len(text)

    def __str__(self) -> str:
        return f"{self.text}: {self.reason}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QueryError) and self.args == other.args

    def __hash__(self) -> int:
        return hash(self.args)


class Term(msgspec.Struct, frozen=True):
    """What is looked for: a word, phrase or regular expression, at `start` to `end` of the line.

    Two that look for the same are equal, regardless of their places.
    """

    matcher: Matcher
    start: int = 0
    end: int = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Term) and self.matcher == other.matcher

    def __hash__(self) -> int:
        return hash(self.matcher)


class ForeignTerm(msgspec.Struct, frozen=True):
    """A term of a key that the caller named, with its sign and quotes in `text`."""

    key: str
    text: str
    start: int
    end: int


class Condition(msgspec.Struct, frozen=True):
    """One narrowing of the messages that count: one of `values` (folded), or none when negated."""

    key: str
    values: tuple[str, ...]
    negated: bool = False


class Within(msgspec.Struct, frozen=True):
    """Which messages count.  All conditions must hold."""

    conditions: tuple[Condition, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.conditions)

    @property
    def title(self) -> bool:
        """Whether titles are asked for; they are searched unless a condition leaves them out."""
        return "title" in self._places()

    @property
    def messages(self) -> bool:
        """Whether messages are searched: always, unless only titles are wanted."""
        return self._places() != {"title"}

    def _places(self) -> set[str]:
        return {
            value
            for each in self.conditions
            if each.key == "in" and not each.negated
            for value in each.values
        }


class Query(msgspec.Struct, frozen=True):
    """What a line means.

    Fields:
        text: the line.
        wanted: every one of them must occur in a session, in any order.
        unwanted: none of them may occur in it.
        within: which messages count, for both.
        foreign: terms of the caller's own keys.
        errors: what means nothing, in the order of the line.
    """

    text: str = ""
    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()
    within: Within = Within()
    foreign: tuple[ForeignTerm, ...] = ()
    errors: tuple[QueryError, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to search for."""
        return bool(self.wanted or self.unwanted or self.within)

    @property
    def foreign_text(self) -> str:
        """The caller's terms as one line, for its own parser."""
        return " ".join(term.text for term in self.foreign)

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        """What is highlighted."""
        return tuple(term.matcher for term in self.wanted)

    def narrows(self, earlier: Query) -> bool:
        """Whether every session that fits this query fits the earlier one too.

        True while a line is typed to its end: then only the sessions found before need to be searched.
        """
        return (
            set(self.within.conditions) >= set(earlier.within.conditions)
            and {term.text for term in self.foreign} == {term.text for term in earlier.foreign}
            and {term.matcher for term in self.unwanted} >= {t.matcher for t in earlier.unwanted}
            and all(
                any(new.matcher.implies(old.matcher) for new in self.wanted)
                for old in earlier.wanted
            )
        )


def parse_query(text: str, foreign_keys: Collection[str] = ()) -> Query:
    """The query that a line means.  Never raises: what cannot be understood is in `errors`.

        red build        both words, anywhere in the session
        "red build"      the phrase
        -red             sessions without the word
        /re[ad]/         a regular expression in the syntax of RE2
        role:assistant   only such messages; likewise `tool: path: is: in:`, see `KEYS`

    Conditions on sessions, such as `project:`, are up to the caller.  Their keys, in lower case, are
    `foreign_keys`, and their terms are in `foreign`; without that, they are searched for as words.
    A key that is in `KEYS` as well (`is`) keeps the values that are known here.
    """
    return _Parser(text, frozenset(foreign_keys)).query()


class _Parser:
    def __init__(self, text: str, foreign_keys: frozenset[str]) -> None:
        self._text = text
        self._foreign_keys = foreign_keys
        self._wanted: dict[Matcher, Term] = {}
        self._unwanted: dict[Matcher, Term] = {}
        self._conditions: list[Condition] = []
        self._foreign: list[ForeignTerm] = []
        self._errors: list[QueryError] = []

    def query(self) -> Query:
        for token in tokens(self._text):
            if token.is_regex:
                self._look_for(token, partial(compiled, token.value))
            else:
                self._plain(token)
        return Query(
            self._text,
            tuple(self._wanted.values()),
            tuple(self._unwanted.values()),
            Within(tuple(dict.fromkeys(_merged(self._conditions)))),
            tuple(self._foreign),
            tuple(self._errors),
        )

    def _plain(self, token: Token) -> None:
        name, value = token.key, token.value
        if name and name not in KEYS and name not in self._foreign_keys:
            name, value = "", f"{token.written_key}:{value}"
        if not value:
            return
        if not name:
            self._look_for(token, partial(_literal_of, value))
        elif name not in KEYS or (name in self._foreign_keys and not _is_known(name, value)):
            self._foreign.append(ForeignTerm(name, token.text, token.start, token.end))
        else:
            self._narrow(name, token)

    def _look_for(self, token: Token, make: Callable[[], Matcher]) -> None:
        try:
            matcher = make()
        except Refused as refused:
            self._errors.append(QueryError(str(refused), token.text, token.start))
            return
        terms = self._unwanted if token.negated else self._wanted
        terms.setdefault(matcher, Term(matcher, token.start, token.end))

    def _narrow(self, key: str, token: Token) -> None:
        choices = {"is": _STATES, "in": PLACES, "role": ROLES}.get(key)
        values = []
        for part in filter(None, token.value.split(",")):
            folded = fold(part)
            if choices is not None:
                fits = [choice for choice in choices if choice.startswith(folded)]
                if len(fits) != 1:
                    reason = f"one of {', '.join(choices)}"
                    self._errors.append(QueryError(reason, token.text, token.start))
                    # A file may have a role that is not known here: to leave it out would find too much.
                    if key != "role":
                        continue
                else:
                    folded = fits[0]
            values.append(folded)
        if values:
            self._conditions.append(Condition(key, tuple(values), token.negated))


def _merged(conditions: list[Condition]) -> Iterator[Condition]:
    """`role:user role:assistant` means either; `-role:` each."""
    either: dict[str, list[str]] = {}
    for each in conditions:
        if each.negated:
            yield each
        else:
            either.setdefault(each.key, []).extend(each.values)
    for key, values in either.items():
        yield Condition(key, tuple(dict.fromkeys(values)))


def _is_known(key: str, value: str) -> bool:
    return key != "is" or fold(value) in _STATES


def _literal_of(value: str) -> Literal:
    if len(value) > LONGEST_NEEDLE:
        raise Refused(f"it is longer than {LONGEST_NEEDLE:,} characters")
    return Literal.of(value)
