"""Finds the secrets in a session, and where each is.

Strategy: `spans` searches one text with the table of rules. `find_secrets` searches all texts of a session,
and then again for the same secrets where nothing identifies them: a password that was set in one message is
still one where another message prints it. The words of a command are searched one by one and as a line, since
`-p` says what the next word is. Messages are read twice rather than kept, so memory grows only with the
finds.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import ConversationContext, Session, SessionMetadata, SessionState
from agcx_format.redaction import checks
from agcx_format.redaction.rules import RULES, SecretRule
from agcx_format.redaction.texts import TextPath, commands, path_text, texts

__all__ = ["Find", "Span", "find_in_session", "find_secrets", "spans"]

# A secret of at least this length that is not a word is searched for everywhere; shorter ones are too common.
_DISTINCTIVE = 8
# The limit for such secrets, since each costs a search in every text.
_MOST_REPEATED = 200

# Where a text is: part of the session, index of the message, path to the text.
_Place = tuple[str, int | None, TextPath]

# No secret is shorter than this together with its name.
_SHORTEST = 6

# The longest part of a secret before its anchor.
_LEAD = 65

# How much of the line an excerpt shows on each side of a find.
_AROUND = 60


@dataclass(frozen=True, slots=True)
class Span:
    """A secret in a text; offsets in characters."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Find:
    """A secret in a session.

    Fields:
        kind: which rule found it: `github-token`, `password`, …
        part: `message`, `metadata`, `context`, or `state`.
        message: index of the message from 0; None in the other parts.
        path: the way to the text within the part.
        start, end: where the secret is in the text, in characters.
        line: its line in the text, from 1.
        excerpt: the part of the line around it; the secret begins at character `column`.
    """

    kind: str
    secret: str
    part: str
    message: int | None
    path: TextPath
    start: int
    end: int
    line: int
    excerpt: str
    column: int

    @property
    def field(self) -> str:
        return path_text(self.path)


# --- one text


def spans(text: str, *, personal: bool = False) -> list[Span]:
    """The secrets in a text in order, without overlaps; with `personal` also names and addresses.

    Takes time linear in the length of the text.
    """
    if len(text) < _SHORTEST:
        return []
    found = _matched(text, personal)
    for lists in _LISTS:
        for span in lists.spans(text):
            found.add(span)
    return found.spans


def _matched(text: str, personal: bool = False) -> _Found:
    matches = list(_RULES.matches(text))
    if personal:
        matches += _PERSONAL.matches(text)
    found = _Found()
    # In the order of the rules: where two match, the more specific one wins.
    for rule, start, end in sorted(matches):
        found.add(Span(RULES[rule].kind, start, end))
    return found


class _Lists:
    """Lists of words in quotation marks of one kind, as in JSON.

    Their elements are bounded in length, and text that only begins like a list is skipped at once.
    """

    def __init__(self, quote: str) -> None:
        self._option = quote + "-"
        mark, blank = re.escape(quote), r"(?>(?:\s|\\{1,3}[nt]){0,40})"
        escaped = r"\\{3}\"|" if quote == '\\"' else ""
        word = rf'{mark}(?>(?:{escaped}(?!{mark})(?:\\[^\n]|[^"\\\n])){{0,400}}){mark}'
        self._list = re.compile(
            rf"\[{blank}(?P<words>{word}(?>(?:{blank},{blank}{word}){{1,60}}))(?P<end>{blank}\])?"
        )
        self._word = re.compile(word)
        self._quote = len(quote)

    def spans(self, text: str) -> Iterator[Span]:
        """The secrets in the words of a command, found in the line that they make."""
        if self._option not in text:
            return
        for match in self._list.finditer(text):
            if match["end"] is None:
                continue
            places = [
                (word.start() + self._quote, word.end() - self._quote)
                for word in self._word.finditer(text, *match.span("words"))
            ]
            for number, span in _in_line([text[start:end] for start, end in places]):
                at = places[number][0]
                yield Span(span.kind, at + span.start, at + span.end)


_LISTS = tuple(map(_Lists, ('"', "'", '\\"', '\\\\\\"')))


def _in_line(words: list[str]) -> Iterator[tuple[int, Span]]:
    """The same for the words by themselves: the number of the word, and where in it.

    A value at the start of a word is the whole word, whatever a shell would make of the line.
    """
    if not any(word.startswith("-") for word in words):
        return
    starts = list(itertools.accumulate((len(word) + 1 for word in words[:-1]), initial=0))
    for span in _matched(" ".join(words)).spans:
        number = bisect.bisect(starts, span.start) - 1
        start, end = span.start - starts[number], span.end - starts[number]
        word = words[number]
        if " " not in word[:start] and start < len(word):
            yield number, Span(span.kind, start, len(word))
        elif start < len(word):
            yield number, Span(span.kind, start, min(end, len(word)))


# The number of a rule, and where the secret is.
_Match = tuple[int, int, int]


class _Table:
    """Rules whose anchors are searched for together."""

    def __init__(self, personal: bool) -> None:
        numbers = [n for n, rule in enumerate(RULES) if rule.personal is personal]
        self._fast = [n for n in numbers if not RULES[n].anchors]
        exact = [n for n in numbers if RULES[n].anchors and not RULES[n].ignores_case]
        self._exact = _Anchors(exact)
        self._lowered = _Anchors([n for n in numbers if RULES[n].ignores_case])

    def matches(self, text: str) -> Iterator[_Match]:
        for number in self._fast:
            for match in RULES[number].pattern.finditer(text):
                yield number, *checks.secret_span(match)
        yield from self._exact.matches(text, text)
        yield from self._lowered.matches(text, _lowered(text))


class _Anchors:
    """One search for all anchors of these rules.

    Longer anchors come first; where one matches, the rules of its prefixes are tried as well.
    """

    def __init__(self, numbers: list[int]) -> None:
        anchors = sorted({a for n in numbers for a in RULES[n].anchors}, key=len, reverse=True)
        self._search = re.compile(_alternatives(anchors)).finditer
        self._rules = {
            anchor: [n for n in numbers if anchor.startswith(RULES[n].anchors)]
            for anchor in anchors
        }

    def matches(self, text: str, where: str) -> Iterator[_Match]:
        # The end of the last match of each rule.
        taken: dict[int, int] = {}
        for anchor in self._search(where):
            at = anchor.start()
            for number in self._rules[anchor[0]]:
                if at >= taken.get(number, 0) and (span := _match(RULES[number], text, at)):
                    taken[number] = span[1]
                    yield number, *span


def _alternatives(anchors: list[str]) -> str:
    """A pattern for any of the words that tests the first letter only once."""
    by_letter: dict[str, list[str]] = {}
    for anchor in anchors:
        by_letter.setdefault(anchor[0], []).append(re.escape(anchor[1:]))
    return "|".join(f"{re.escape(k)}(?:{'|'.join(rest)})" for k, rest in by_letter.items())


def _match(rule: SecretRule, text: str, at: int) -> tuple[int, int] | None:
    match = rule.pattern.match(text, at)
    if match is None or not (rule.check is None or rule.check(match)):
        return None
    start, end = checks.secret_span(match)
    if rule.behind is not None:
        begin = rule.behind(text, start)
        return None if begin is None else (begin, end)
    if rule.lead is None:
        return start, end
    lead = rule.lead.search(text, max(0, at - _LEAD), at)
    return lead and (lead.start(), end)


def _lowered(text: str) -> str:
    """Lower case with unchanged offsets: one letter would become two."""
    return text.replace("\u0130", "i").lower()


_RULES, _PERSONAL = _Table(personal=False), _Table(personal=True)


class _Found:
    """Spans in order, none of which overlaps an earlier one."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self._starts: list[int] = []

    def add(self, span: Span) -> bool:
        index = bisect.bisect(self._starts, span.start)
        if index and self.spans[index - 1].end > span.start:
            return False
        if index < len(self.spans) and self.spans[index].start < span.end:
            return False
        self._starts.insert(index, span.start)
        self.spans.insert(index, span)
        return True


# --- a session


def find_in_session(session: Session, *, personal: bool = False) -> list[Find]:
    """Like `find_secrets`, for a session in memory."""
    metadata, conversation, state = session
    messages = conversation.messages
    return find_secrets(metadata, lambda: messages, conversation.context, state, personal=personal)


def find_secrets(
    metadata: SessionMetadata,
    read_messages: Callable[[], Iterable[MessageSnapshot]],
    context: ConversationContext | None = None,
    state: SessionState | None = None,
    *,
    personal: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Find]:
    """Every secret in a session, in reading order; fewer if it was stopped.

    `read_messages` yields all messages from the first, each time it is called.
    """

    def places() -> Iterator[tuple[str, int | None, Any]]:
        yield "metadata", None, metadata
        yield "context", None, context
        yield "state", None, state
        for index, message in enumerate(read_messages()):
            if should_stop():
                return
            yield "message", index, message

    finds: list[Find] = []
    by_text: dict[_Place, _Found] = {}
    for part, index, value in places():
        for path, text, name in texts(value):
            found = _of_variable(text, name) or spans(text, personal=personal)
            _keep(finds, by_text, (part, index, path), text, found)
        for path, words in commands(value):
            for number, span in _in_line(words):
                _keep(finds, by_text, (part, index, (*path, number)), words[number], [span])
    secrets = _distinctive(finds)
    if secrets:
        for part, index, value in places():
            for path, text, _ in texts(value):
                _repeats(finds, by_text, (part, index, path), text, secrets)
    order = {"metadata": 0, "context": 1, "state": 2, "message": 3}
    finds.sort(key=lambda find: (order[find.part], find.message or 0))
    return finds


def _of_variable(text: str, name: str) -> list[Span]:
    """The value of a variable whose name says that it is a secret, unless a rule is more specific."""
    if not name or not checks.names_secret(name) or not checks.worth_hiding(text):
        return []
    known = spans(text)
    return known or [Span("variable", 0, len(text))]


def _keep(
    finds: list[Find], by_text: dict[_Place, _Found], place: _Place, text: str, found: list[Span]
) -> None:
    if not found:
        return
    here = by_text.setdefault(place, _Found())
    lines = _Lines(text)
    for span in found:
        if here.add(span):
            finds.append(lines.find(place, span))


def _distinctive(finds: list[Find]) -> dict[str, str]:
    """Secrets that are distinctive enough to be found anywhere, with their kind; the longest first."""
    distinctive: dict[str, str] = {}
    for find in finds:
        secret = find.secret
        mixed = any(map(str.isdigit, secret)) or not secret.isalpha()
        if len(secret) >= _DISTINCTIVE and mixed and find.kind not in ("home-directory", "e-mail"):
            distinctive.setdefault(secret, find.kind)
    longest = sorted(distinctive, key=len, reverse=True)[:_MOST_REPEATED]
    return {secret: distinctive[secret] for secret in longest}


def _repeats(
    finds: list[Find],
    by_text: dict[_Place, _Found],
    place: _Place,
    text: str,
    secrets: dict[str, str],
) -> None:
    lines = None
    for secret, kind in secrets.items():
        at = text.find(secret)
        while at >= 0:
            span = Span(kind, at, at + len(secret))
            here = by_text.setdefault(place, _Found())
            if here.add(span):
                lines = lines or _Lines(text)
                finds.append(lines.find(place, span))
            at = text.find(secret, span.end)


class _Lines:
    """The lines of a text in which something was found."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends: list[int] = []
        at = text.find("\n")
        while at >= 0:
            self._ends.append(at)
            at = text.find("\n", at + 1)

    def find(self, place: _Place, span: Span) -> Find:
        part, index, path = place
        line = bisect.bisect_left(self._ends, span.start)
        first = self._ends[line - 1] + 1 if line else 0
        last = self._ends[line] if line < len(self._ends) else len(self._text)
        start = max(first, span.start - _AROUND)
        end = min(last, span.end + _AROUND)
        secret = self._text[span.start : span.end]
        return Find(
            span.kind, secret, part, index, path, span.start, span.end, line + 1,
            self._text[start:end], span.start - start,
        )  # fmt: skip
