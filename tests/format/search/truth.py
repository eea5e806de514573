"""The naive search that every other one must equal: all sessions loaded, text as read, folded, `in`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from agcx_format.errors import PersistenceError
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    LocalShellCall,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
)
from agcx_format.search import Index, Query, Term, Within, parse_query
from agcx_format.search.matchers import Literal, Matcher, Refused, Regex
from agcx_format.search.text import as_read
from agcx_format.session.lazy import SessionFile
from agcx_format.store.store import Store
from agcx_format.transcript.folding import Folded, Needle, fold
from agcx_format.transcript.tool_calls import CallReader, ToolCall, tool_call
from agcx_format.transcript.wording import describe_file, describe_record
from agcx_format.transcript.words import genuine_user_text

Place = tuple[int | None, int, int]
Found = dict[str, list[Place]]
"""By the name of the file, every match: message, start, end."""


@dataclass(frozen=True)
class Loaded:
    """A session, as far as it can be read."""

    name: str
    title: str
    messages: list[MessageSnapshot]
    texts: list[str]
    calls: list[ToolCall | None]
    broken: bool


def load(store: Store) -> list[Loaded]:
    """Every session of which at least the metadata can be read."""
    found = []
    for entry in store.scan():
        messages: list[MessageSnapshot] = []
        broken = False
        try:
            with SessionFile(entry.path) as file:
                title = file.metadata.title
                try:
                    messages.extend(file)
                except PersistenceError:
                    broken = True
        except PersistenceError:
            continue
        texts = ["\n".join([as_read(each.item), *map(storable, beside(each))]) for each in messages]
        reader = CallReader()
        calls = [reader.read(message) for message in messages]
        found.append(Loaded(os.path.basename(entry.path), title, messages, texts, calls, broken))
    return found


def storable(text: str) -> str:
    return text.replace("\0", "\u2400").encode("utf-8", "replace").decode()


def beside(message: MessageSnapshot) -> list[str]:
    """What a message shows beside its text, written down once more."""
    item, about = message.item, message.metadata
    texts = []
    if isinstance(item, LocalShellCall) and item.action.env:
        texts.append("\n".join("=".join(pair) for pair in item.action.env.items()))
    for file in about.file_context:
        texts += [describe_file(file)] + ([file.snippet] if file.snippet else [])
    called = tool_call(message) or tool_call(None, message)
    if called is None:
        for record in about.tool_calls:
            texts.append(describe_record(record) + (f"\n{record.error}" if record.error else ""))
    elif any(record.error for record in about.tool_calls):
        texts += called.unsaid_errors
    return texts + [as_read(earlier) for _, earlier in about.edit_history[::-1]]


def naive(sessions: Iterable[Loaded], query: Query) -> Found:
    found: Found = {}
    for session in sessions:
        parts: list[tuple[int | None, str]] = []
        conditions = query.within.conditions
        if all(_title_counts(each.key, each.values) is not each.negated for each in conditions):
            parts.append((None, storable(session.title)))
        if query.within.messages:
            parts += [
                (number, text)
                for number, text in enumerate(session.texts)
                if _counts(session, number, query.within)
            ]
        each = [_places(parts, term.matcher) for term in query.wanted]
        if not all(each) or any(_places(parts, term.matcher) for term in query.unwanted):
            continue
        if each:
            places = sorted((p for one in each for p in one), key=lambda p: (p[0] is not None, p))
            found[session.name] = places
        elif query.unwanted:
            found[session.name] = []
        elif numbers := [n for n, _ in parts if n is not None or query.within.title]:
            found[session.name] = [(number, 0, 0) for number in numbers]
    return found


def _places(parts: Iterable[tuple[int | None, str]], matcher: Matcher) -> list[Place]:
    spans = _literal_spans if isinstance(matcher, Literal) else _regex_spans
    return [(number, *span) for number, text in parts for span in spans(text, matcher.text)]


def _literal_spans(text: str, written: str) -> list[tuple[int, int]]:
    needle = Needle.of(written)
    folded = _folded(text, needle.cased)
    found, at = [], 0
    while (at := folded.text.find(needle.text, at)) >= 0:
        found.append(folded.span(at, at + len(needle.text)))
        at += len(needle.text)
    return found


@lru_cache(maxsize=1 << 16)
def _folded(text: str, cased: bool) -> Folded:
    """A text with the map to its letters, which takes long to make and is asked for by every query."""
    return Needle("", cased).folded(text)


def _regex_spans(text: str, pattern: str) -> list[tuple[int, int]]:
    import re2

    options = re2.Options()
    # The patterns of these tests have no escapes with a capital.
    options.case_sensitive = pattern != pattern.lower()
    found = re2.compile(f"(?m){pattern}", options).finditer(text)
    return [match.span() for match in found if match.end() > match.start()]


def _title_counts(key: str, values: tuple[str, ...]) -> bool:
    return key in ("in", "role") and "title" in values


def _counts(session: Loaded, number: int, within: Within) -> bool:
    message = session.messages[number]
    item = message.item
    kind, role, tool = "other", "other", ""
    failed = any(not call.success for call in message.metadata.tool_calls)
    if isinstance(item, Message):
        role = item.role
        if item.role == "assistant":
            kind = "assistant"
        elif genuine_user_text(item) is not None:
            kind = "you"
    elif isinstance(item, (Reasoning, ReasoningWithoutContent)):
        kind = role = "reasoning"
    elif isinstance(item, (FunctionCall, LocalShellCall, FunctionCallOutput)):
        kind = role = "tool"
        read = session.calls[number]
        assert read is not None
        tool, failed = read.name, read.failed
    truths: dict[str, Callable[[str], bool]] = {
        "in": lambda value: kind == value,
        "role": lambda value: fold(role) == value,
        "tool": lambda value: value in fold(tool),
        "is": lambda value: failed,
    }
    return all(
        any(map(truths[each.key], each.values)) is not each.negated for each in within.conditions
    )


def searched(index: Index, query: Query) -> Found:
    """What the index finds, checked for what it says of itself."""
    found: Found = {}
    search = index.find(query, rows=None)
    for session in search:
        name = os.path.basename(session.path)
        assert name not in found, "a session was given twice"
        assert session.exact
        only_excludes = not query.wanted and query.unwanted
        assert session.count == (1 if only_excludes else len(session.hits)) or only_excludes
        found[name] = [(hit.message, hit.start, hit.end) for hit in session.hits]
        for hit in session.hits:
            assert hit.line_start <= hit.start
    progress = search.progress
    assert progress.done
    assert progress.searched + len(progress.unreadable) == progress.total
    assert progress.sessions == len(found)
    return found


def literal(text: str) -> Query:
    return Query(text, wanted=(Term(Literal.of(text)),))


def some_query(random: Random, texts: Sequence[str]) -> Query:
    """Words that were cut from the texts, most of them, in other cases."""
    wanted: list[Matcher] = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        matcher = _some_matcher(random, texts)
        if matcher is not None:
            wanted.append(matcher)
    unwanted = [_some_matcher(random, texts)] if random.random() < 0.15 else []
    within = Within()
    if random.random() < 0.25:
        line = random.choice(
            (
                "in:you",
                "in:tool",
                "in:assistant",
                "in:reasoning",
                "role:user",
                "-role:user",
                "tool:shell",
                "-tool:s",
                "is:error",
                "in:title",
                "in:title,you",
                "role:assistant is:error",
            )
        )
        within = parse_query(line).within
    return Query(
        "",
        tuple(Term(each) for each in dict.fromkeys(wanted)),
        tuple(Term(each) for each in unwanted if each is not None),
        within,
    )


def _some_matcher(random: Random, texts: Sequence[str]) -> Matcher | None:
    text = random.choice(texts)
    if not text:
        return None
    at = random.randrange(len(text))
    piece = text[at : at + random.choice((1, 1, 2, 3, 3, 4, 5, 8, 16, 40))]
    piece = random.choice((str, str, str.upper, str.lower, str.casefold, str.swapcase))(piece)
    if random.random() < 0.1:
        piece = "".join(random.sample(piece, len(piece)))
    try:
        if random.random() < 0.15 and piece.isalnum() and piece.isascii():
            pattern = random.choice(
                (piece, f"^{piece}", f"{piece}$", f"{piece[:1]}.{{0,3}}{piece[-1:]}", f"{piece}+|zz+",
                 f"[{piece}]+", f"[^{piece}]*x", f"{piece}[\\s]*", f"{piece[:2]}[{piece}]",
                 f"{piece}|zq+[0-9]", f"({piece[:1]}|{piece[-1:]}){{2}}")
            )  # fmt: skip
            return Regex.of(pattern)
        return Literal.of(piece)
    except Refused:
        return None
