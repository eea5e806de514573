"""Finds the secrets in a session, and where each is.

Strategy: `find_secrets` searches all texts of a session with the table of rules (`one_text`), and then again
for the same secrets where nothing identifies them: a password that was set in one message is still one
where another message prints it. Messages are read twice rather than kept, so memory grows only with the
finds.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    CheckpointMetadata,
    ConversationContext,
    Session,
    SessionMetadata,
    SessionState,
)
from agcx_format.redaction.matched import guarded
from agcx_format.redaction.named_values import names_secret, worth_hiding
from agcx_format.redaction.one_text import Found, Span, spans, spans_in_line
from agcx_format.redaction.texts import TextPath, commands, path_text, texts

__all__ = ["Find", "distinctive", "find_in_session", "find_secrets"]

# A secret of at least this length that is not a word is searched for everywhere; shorter ones are too common.
_DISTINCTIVE = 8
# The limit for such secrets, since each costs a search in every text.
_MOST_REPEATED = 200

# Where a text is: part of the session, index of the message, path to the text.
_Place = tuple[str, int | None, TextPath]

# The same with the start and the end in the text.
_Where = tuple[_Place, int, int]

# How much of the line an excerpt shows on each side of a find.
_AROUND = 60


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
    def where(self) -> _Where:
        """Where it is in the session."""
        return (self.part, self.message, self.path), self.start, self.end

    @property
    def field(self) -> str:
        """The way to the text within the part, for people: `item.content[0].text`."""
        return path_text(self.path)


def find_in_session(session: Session, *, personal: bool = False) -> list[Find]:
    """Like `find_secrets`, for a session in memory."""
    metadata, conversation, state = session
    messages = conversation.messages
    return find_secrets(metadata, lambda: messages, conversation.context, state, personal=personal)


# Characters of a text that is remembered to have no secret, and how many texts are.
_SHORT, _REMEMBERED = 64, 10_000


def find_secrets(
    metadata: SessionMetadata | CheckpointMetadata,
    read_messages: Callable[[], Iterable[MessageSnapshot]],
    context: ConversationContext | None = None,
    state: SessionState | None = None,
    *,
    personal: bool = False,
    known: Mapping[str, str] | None = None,
    by_rules: bool = True,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Find]:
    """Every secret in a session, in reading order; fewer if it was stopped.

    `read_messages` yields all messages from the first, each time it is called.  `known` are texts to find
    wherever they occur, each with what kind of secret it is; without `by_rules` nothing else is found.
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
    by_text: dict[_Place, Found] = {}
    if by_rules:
        for place, text, found in _by_rules(places(), personal):
            _keep(finds, by_text, place, text, found)
    secrets = distinctive(finds) | dict(known or {})
    if secrets:
        longest_first = {text: secrets[text] for text in sorted(secrets, key=len, reverse=True)}
        parts_of_it: set[_Where] = set()
        for part, index, value in places():
            for path, text, _ in texts(value):
                # A role is one of a few words that distinguish messages.
                if path[-1:] != ("role",):
                    place = part, index, path
                    parts_of_it |= _repeats(finds, by_text, place, text, longest_first)
        if parts_of_it:
            finds = [find for find in finds if find.where not in parts_of_it]
    order = {"metadata": 0, "context": 1, "state": 2, "message": 3}
    finds.sort(key=lambda find: (order[find.part], find.message or 0))
    return finds


def _by_rules(
    places: Iterable[tuple[str, int | None, Any]], personal: bool
) -> Iterator[tuple[_Place, str, list[Span]]]:
    """The texts in which the rules find secrets, and where those are."""
    # Short texts without secrets: roles, names of tools, and ids occur again and again.
    clean: set[str] = set()
    for part, index, value in places:
        for path, text, name in texts(value):
            is_short = len(text) <= _SHORT
            if is_short and text in clean and not name:
                continue
            found = _of_variable(text, name) or spans(text, personal=personal)
            if found:
                yield (part, index, path), text, found
            elif is_short and len(clean) < _REMEMBERED:
                clean.add(text)
        for path, words in commands(value):
            for number, span in spans_in_line(words):
                yield (part, index, (*path, number)), words[number], [span]


def _of_variable(text: str, name: str) -> list[Span]:
    """The value of a variable whose name says that it is a secret, unless a rule is more specific."""
    if not name or not names_secret(name) or not guarded(worth_hiding, True, text):
        return []
    known = spans(text)
    return known or [Span("variable", 0, len(text))]


def _keep(
    finds: list[Find], by_text: dict[_Place, Found], place: _Place, text: str, found: list[Span]
) -> None:
    if not found:
        return
    here = by_text.setdefault(place, Found())
    lines = _Lines(text)
    for span in found:
        if here.add(span):
            finds.append(lines.find(place, span))


def distinctive(finds: Iterable[Find]) -> dict[str, str]:
    """Secrets that are distinctive enough to be found anywhere, with their kind; the longest first."""
    found: dict[str, str] = {}
    for find in finds:
        secret = find.secret
        mixed = any(map(str.isdigit, secret)) or not secret.isalpha()
        if len(secret) >= _DISTINCTIVE and mixed and find.kind not in ("home-directory", "e-mail"):
            found.setdefault(secret, find.kind)
    longest = sorted(found, key=len, reverse=True)[:_MOST_REPEATED]
    return {secret: found[secret] for secret in longest}


def _repeats(
    finds: list[Find],
    by_text: dict[_Place, Found],
    place: _Place,
    text: str,
    secrets: dict[str, str],
) -> set[_Where]:
    """Add the secrets in a text; returns where finds were that are parts of one, which is hidden whole."""
    lines = None
    parts: set[_Where] = set()
    for secret, kind in secrets.items():
        at = text.find(secret)
        while at >= 0:
            span = Span(kind, at, at + len(secret))
            here = by_text.setdefault(place, Found())
            whole, over = here.cover(span)
            if whole is not None:
                lines = lines or _Lines(text)
                finds.append(lines.find(place, whole))
                parts |= {(place, each.start, each.end) for each in over}
            at = text.find(secret, span.end)
    return parts


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
