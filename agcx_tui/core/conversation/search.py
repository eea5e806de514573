"""Every match of a query in one conversation: how many each message has, and where in its text.

Strategy: a search goes through all messages in a thread and counts; where the matches of one message are
is found when a reader goes there.  What is searched is what a message shows: its text as the search over all
conversations reads it, and after that what its metadata add (files, errors, earlier versions), each a text
of its own.  Long texts are searched piece by piece, since one search in 64 MB would hold the interpreter
lock for a third of a second, and between two pieces the thread lets the event loop run.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import compress
from typing import NamedTuple

from agcx_format import LocalShellCall, MessageSnapshot, MessageSource
from agcx_format.search import (
    Finder,
    Literal,
    Matcher,
    Query,
    Said,
    parse_query,
    read_messages,
    shown_texts,
)
from agcx_tui.core.conversation.find_message import all_messages
from agcx_tui.core.local.giving_way import give_way

__all__ = ["Found", "TextMatch", "find_matches", "own_query", "placed", "search"]

_STEP_SECONDS = 0.05
# Characters of a piece: some that are not ASCII take a millisecond to fold.  Each piece of an expression is
# searched with what follows it.
_PIECE, _PIECE_OF_EXPRESSION = 64 * 1024, 512 * 1024
# Matches that are found in a fraction of a millisecond.
_MATCHES = 64
# A composed letter may be decomposed into this many characters.
_GROWS = 4
# A match of an expression that is longer is cut where a piece ends.
_LONGEST_EXPRESSION = 64 * 1024

_ascii = re.compile(r"[\n\x20-\x7e]")
_line = re.compile(r"\n")


class TextMatch(NamedTuple):
    """A match: characters `start` to `end` of text `text` of a message."""

    text: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a step.

    Fields:
        counts: The messages with matches that were found in this step, in order, and how many each has.
            For a query that looks for no words, each message that counts is one match.
        searched: How many messages have been searched in all.
        done: Whether those are all messages.
        missing: When done, the terms that do not occur at all, as typed.
    """

    counts: tuple[tuple[int, int], ...]
    searched: int
    done: bool
    missing: tuple[str, ...] = ()


def _is_plain(message: MessageSnapshot) -> bool:
    about = message.metadata
    is_shell = isinstance(message.item, LocalShellCall)
    return not (is_shell or about.file_context or about.tool_calls or about.edit_history)


class _Search:
    """What a search needs to know of its query, and which words it has not met yet."""

    def __init__(self, query: Query, stopped: Callable[[], bool]) -> None:
        self._query = query
        self._finder = Finder(query)
        self._unwanted = tuple(term.matcher for term in query.unwanted)
        self._unmet = set(query.matchers)
        # In ASCII no two of them match the same range, so that each can be counted by itself.
        words = [m.needle.text.casefold() for m in query.matchers if isinstance(m, Literal)]
        self._are_apart = len(set(words)) == len(query.matchers)
        self._stopped = stopped

    def count(self, said: Said, message: MessageSnapshot) -> int:
        """How many matches a message has."""
        if not self._query.within.messages or not self._finder.allows(said):
            return 0
        # Mostly there is nothing beside it.
        texts = [said.text] if _is_plain(message) else shown_texts(message)
        if any(_occurs(matcher, texts, self._stopped) for matcher in self._unwanted):
            return 0
        matchers = self._query.matchers
        if not matchers:
            return 1
        return sum(self._count_in(text) for text in texts)

    def _count_in(self, text: str) -> int:
        matchers = self._query.matchers
        if len(matchers) == 1 or (self._are_apart and text.isascii()):
            counts = [_count(matcher, text, self._stopped) for matcher in matchers]
            self._unmet.difference_update(compress(matchers, counts))
            return sum(counts)
        for matcher in list(self._unmet):
            if _occurs(matcher, [text], self._stopped):
                self._unmet.discard(matcher)
        return sum(1 for _ in _merged(matchers, [text], self._stopped))

    @property
    def missing(self) -> tuple[str, ...]:
        """The terms that were not found, as typed."""
        text = self._query.text
        terms = (each for each in self._query.wanted if each.matcher in self._unmet)
        return tuple(text[each.start : each.end] for each in terms)


def own_query(query: Query) -> Query:
    """A query without the terms that select sessions: those are of no use within one."""
    text = query.text
    for term in sorted(query.foreign, key=lambda each: each.start, reverse=True):
        text = text[: term.start] + text[term.end :]
    return parse_query(" ".join(text.split()) if query.foreign else text)


def search(
    source: MessageSource,
    query: Query,
    stopped: Callable[[], bool] = lambda: False,
    start: int = 0,
) -> Iterator[Found]:
    """Search from message `start`, from 0, in steps of some hundredths of a second, until `stopped`.

    Blocks, so call it in a thread.  A message with one of the query's unwanted words has no matches.
    """
    state = _Search(query, stopped)
    counts: list[tuple[int, int]] = []
    current: tuple[int, MessageSnapshot] | None = None
    searched, since = start, time.monotonic()

    def decodable() -> Iterator[MessageSnapshot]:
        nonlocal current, searched
        for searched, message in all_messages(source, stopped, start):
            current = searched - 1, message
            yield message

    # All in one: a result is known by the calls before it.
    for said in read_messages(decodable()):
        assert current is not None
        index, message = current
        count = state.count(said, message)
        if stopped():
            return
        if count:
            counts.append((index, count))
        if time.monotonic() - since > _STEP_SECONDS:
            yield Found(tuple(counts), searched, False)
            counts, since = [], time.monotonic()
    if not stopped():
        yield Found(tuple(counts), searched, True, state.missing)


def find_matches(
    message: MessageSnapshot, query: Query, stopped: Callable[[], bool] = lambda: False
) -> list[TextMatch]:
    """The matches of a message that `search` found, in order; those of different words may overlap."""
    return list(_merged(query.matchers, shown_texts(message), stopped))


def placed(texts: list[str], start: int, end: int) -> TextMatch:
    """A match in the texts of a message, from its place in all of them as one, as a search gives it."""
    for number, text in enumerate(texts):
        if start <= len(text):
            return TextMatch(number, start, end)
        start, end = start - len(text) - 1, end - len(text) - 1
    return TextMatch(len(texts), 0, 0)


# --- in one text


def _occurs(matcher: Matcher, texts: list[str], stopped: Callable[[], bool]) -> bool:
    if isinstance(matcher, Literal):
        return any(_holds(matcher, text, stopped) for text in texts)
    return next(_spans(matcher, texts, stopped), None) is not None


def _holds(matcher: Literal, text: str, stopped: Callable[[], bool]) -> bool:
    """Without a look at where it is."""
    start = 0
    while start < len(text) and not stopped():
        give_way()
        stop = _cut(text, start + _PIECE, literal=True)
        end = _cut(text, stop + _overlap(matcher), literal=True)
        if matcher.needle.is_in(text[start:end]):
            return True
        start = stop
    return False


def _merged(
    matchers: tuple[Matcher, ...], texts: list[str], stopped: Callable[[], bool]
) -> Iterator[TextMatch]:
    """The matches of all, in order, each range once."""
    before = None
    for match in merge(*(_spans(matcher, texts, stopped) for matcher in matchers)):
        if match != before:
            yield match
        before = match


def _spans(matcher: Matcher, texts: list[str], stopped: Callable[[], bool]) -> Iterator[TextMatch]:
    for number, text in enumerate(texts):
        for count, (start, end) in enumerate(_spans_in(matcher, text, stopped), 1):
            if count % _MATCHES == 0:
                give_way()
            yield TextMatch(number, start, end)


def _count(matcher: Matcher, text: str, stopped: Callable[[], bool]) -> int:
    if not isinstance(matcher, Literal) or "\n" in matcher.needle.text:
        return sum(1 for _ in _spans(matcher, [text], stopped))
    # Counted without a look at each: no match goes over the end of a line.
    needle, count, start = matcher.needle, 0, 0
    while start < len(text) and not stopped():
        give_way()
        end = text.find("\n", start + _PIECE)
        end = len(text) if end < 0 else end
        if end - start > 2 * _PIECE:
            return count + sum(1 for _ in _spans(matcher, [text[start:]], stopped))
        count += needle.prepare(text[start:end]).count(needle.text)
        start = end
    return count


def _spans_in(
    matcher: Matcher, text: str, stopped: Callable[[], bool]
) -> Iterator[tuple[int, int]]:
    literal = isinstance(matcher, Literal)
    piece = _PIECE if literal else _PIECE_OF_EXPRESSION
    if len(text) <= piece:
        yield from matcher.spans_in(text)
        return
    overlap, start = _overlap(matcher), 0
    while start < len(text) and not stopped():
        give_way()
        stop = _cut(text, start + piece, literal)
        following = stop
        for first, last in matcher.spans_in(text[start : _cut(text, stop + overlap, literal)]):
            if start + first >= stop:
                break
            yield start + first, start + last
            following = max(following, start + last)
        start = following


def _overlap(matcher: Matcher) -> int:
    """How many characters of a match may be in the piece after the one that it begins in."""
    if isinstance(matcher, Literal):
        return _GROWS * (len(matcher.text) + 1)
    return _LONGEST_EXPRESSION


def _cut(text: str, at: int, literal: bool) -> int:
    """A place from `at` on where the two sides can be searched apart.

    No letter is composed with an ASCII character after it; an expression may ask for the beginning of a line.
    """
    if at >= len(text):
        return len(text)
    found = (_ascii if literal else _line).search(text, at, at + _PIECE)
    return found.end() if found and not literal else found.start() if found else at
