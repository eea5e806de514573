"""Where a Codex session comes from: the one that started it as a subagent, or that it was forked from.

Strategy: the file of a fork, and of most subagents, begins with the conversation of its parent, unless it
only names the file that has it. What both have said alike from the beginning is the parent's; where the
parent's file is not there, what was said before the session began. Newer versions give all of that the time
at which the fork was made: then it is what was answered sooner than anybody can answer. It stays as context,
and is neither a turn of the session nor its title. What comes next in a subagent is the task from its parent,
which newer versions write as a letter from one agent to another.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from agcx_format.errors import PersistenceError
from agcx_format.importing.codex.outputs import PLACEHOLDERS
from agcx_format.importing.codex.speakers import PASSTHROUGH, is_of_program
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.fields import as_text
from agcx_format.importing.imported import Parent
from agcx_format.importing.json_lines import Usual, read_lines
from agcx_format.importing.stored_entries import Entries
from agcx_format.model.ids import session_id
from agcx_format.model.items import Message
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.transcript.words import own_words, text_of

__all__ = ["Family", "Letter", "SaidBy", "call_that_started", "files_of", "said_by", "spawned"]

# A rollout lies in sessions/YEAR/MONTH/DAY.
_LEVELS = 5

SaidBy = Callable[[Path, str], Iterable[str]]


class Letter(NamedTuple):
    """A message to an agent from the one above it.

    Fields:
        position: among the messages.
        to: the path of the agent.
    """

    position: int
    to: str


class Family:
    """What the header of a rollout says of its origin.

    Fields:
        parent: the session that started it; None if a person did.
        origin: the id of the session that its file begins with; empty if it begins with itself.
        first_ordinal: of the first line that is its own; None if the header does not say so.
        own_from: the position of the first message that is its own; None if that is not known.
        copied: when the file was begun with a copy of its origin; None if it is not known that it was.
    """

    def __init__(self, meta: dict[str, Any]) -> None:
        self.parent: Parent | None = None
        self.origin = as_text(meta.get("forked_from_id"))
        self.own_from: int | None = None
        self.copied: str | None = None
        # The position of what its own conversation starts with.
        self._start: int | None = None
        first = meta.get("subagent_history_start_ordinal")
        self.first_ordinal = first if type(first) is int else None
        given = _spawn_in(meta)
        self._path = as_text(given.get("agent_path"))
        if parent := _parent_in(meta, given):
            names = ("agent_role", "agent_nickname", "other")
            role = next(filter(None, (as_text(given.get(name)) for name in names)), "")
            self.parent = Parent(session_id(parent, ""), "", role)
            if "other" not in given:
                self.origin = self.origin or parent
        # A file that continues one of its origin does not begin with a copy of it.
        self._has_copy = bool(self.origin) and not isinstance(meta.get("history_base"), dict)

    def mark(self, entries: Entries, started: str, said: Iterable[str]) -> None:
        """Take from what was said before the session began that it is the person's own here.

        `started` is when the session began, `said` what was said in its origin.
        """
        if not self._has_copy:
            return
        before = self._inherited(entries, started, said)
        if self.parent is None and not any(
            True for _ in itertools.islice(_own(entries), before, None)
        ):
            # Nothing was said after the fork, so this is all there is to tell it by.
            self._start = len(entries)
            return
        for entry in itertools.islice(_own(entries), before):
            entry.words = None
            self.own_from = max(self.own_from or 0, entry.position + 1)

    def _inherited(self, entries: Entries, started: str, said: Iterable[str]) -> int:
        """How much of what the person said is from the origin."""
        if self.own_from is not None:
            return sum(entry.position < self.own_from for entry in _own(entries))
        before = 0
        for entry, words in zip(_own(entries), said, strict=False):
            if entry.words != words:
                break
            before += 1
        if not before:
            before = sum(e.has_time and Timestamp(e.time) < started for e in _own(entries))
        if not before and self.copied is not None:
            answered = _answered_by(entries, ns_of(self.copied) + _COPIED_WITHIN_NS)
            before = sum(entry.position < answered for entry in _own(entries))
        return before

    def starts_at(self, entries: Entries) -> int:
        """The position of the message that its own conversation starts with; 0 if that is not known."""
        if self.first_ordinal is not None and self.own_from is not None:
            return self.own_from
        if self._start is not None:
            return self._start
        own = self.own_from or 0
        said = (entry.position for entry in _own(entries) if entry.position >= own)
        return next(said, len(entries) if own else 0)

    def take_task(self, entries: Entries, letters: Iterable[Letter]) -> str:
        """Make the first that was said to a subagent the task from its parent; returns a title for it.

        `letters` are those to an agent from the one above it.
        """
        if self.parent is None:
            return ""
        start, own = self.own_from or 0, (self._path, "")
        said = (entry.position for entry in _own(entries))
        written = (letter.position for letter in letters if letter.to in own or not self._path)
        firsts = (next((p for p in places if p >= start), None) for places in (said, written))
        first = min((p for p in firsts if p is not None), default=None)
        if first is None or not isinstance(item := (entry := entries[first]).item, Message):
            return ""
        self._start = first
        words = entry.words or _words_of_letter(text_of(item))
        entry.item = replace(item, role="developer")
        entry.is_task, entry.words = True, None
        return words or self._path.rpartition("/")[2].replace("_", " ")


def _spawn_in(meta: dict[str, Any]) -> dict[str, Any]:
    """What a header says of the agent that it is of; `other` names one that Codex started by itself."""
    source = meta.get("source")
    kind = source.get("subagent") if isinstance(source, dict) else None
    match kind:
        case {"thread_spawn": dict(spawn)}:
            return {**meta, **{name: value for name, value in spawn.items() if value}}
        case {"other": str(other)} | str(other):
            return {**meta, "other": other}
    return meta


def _parent_in(meta: dict[str, Any], given: dict[str, Any]) -> str:
    """The id of the session that started the one of a header; empty if a person did."""
    source = meta.get("source")
    is_subagent = isinstance(source, dict) and "subagent" in source
    if not is_subagent and meta.get("thread_source") != "subagent":
        return ""
    # The session of an agent is that of the agent above all others.
    names = ("parent_thread_id", "session_id")
    parent = next(filter(None, (as_text(given.get(name)) for name in names)), "")
    return "" if parent == meta.get("id") else parent


# How long it takes at most to copy a conversation; no model answers within it.
_COPIED_WITHIN_NS = 10**9


def _answered_by(entries: Entries, end_ns: int) -> int:
    """The position after the last thing that an agent did until then, from the beginning."""
    until = 0
    for entry in entries:
        if not entry.has_time or ns_of(entry.time) > end_ns:
            break
        if not isinstance(entry.item, Message) or entry.item.role == "assistant":
            until = entry.position + 1
    return until


def _own(entries: Entries) -> Iterator[DraftEntry]:
    """What the person said."""
    return (entry for entry in entries if entry.words is not None)


# What Codex writes above the words of a letter.
_letter = re.compile(
    r"Message Type: [^\n]*\n(?:(?:Task name|Sender|Recipient): [^\n]*\n)*(?:Payload:\s*)?"
).match


def _words_of_letter(text: str) -> str:
    """The words of a letter, without what is written above them; empty if they are encrypted."""
    words = text.partition("\n")[2]
    above = _letter(words)
    words = words[above.end() :] if above else words
    return "" if words in PLACEHOLDERS else words


def spawned(event: str, payload: dict[str, Any]) -> dict[str, UUID]:
    """The subagent that an event says a call has started, by the call; empty if it says nothing of that."""
    match event, payload:
        # The last is that of an item that was completed.
        case ("collab_agent_spawn_end", {"call_id": str(call), "new_thread_id": str(thread)}) | (
            "sub_agent_activity",
            {"kind": "started", "agent_thread_id": str(thread), "event_id": str(call)}
            | {"kind": "started", "agent_thread_id": str(thread), "id": str(call)},
        ) if thread:
            return {call: session_id(thread, "")}
    return {}


def said_by(rollout: Path, origin: str) -> Iterator[str]:
    """What a person said in another session of the same directories, in all its files from the beginning."""
    # Their names have the times when they were begun.
    files = {path.name: path for path in files_of(rollout, origin)}
    for _, path in sorted(files.items()):
        with contextlib.suppress(OSError, PersistenceError):
            for line in read_lines(path):
                yield from filter(None, map(_said_in, line.values))


def _said_in(value: Any) -> str:
    match value:
        case {"payload": {"type": "message", "role": "user", "content": list(parts), **more}}:
            if is_of_program(more.get(PASSTHROUGH)):
                return ""
            texts = (as_text(part.get("text")) for part in parts if isinstance(part, dict))
            return "\n".join(filter(None, map(own_words, texts)))
    return ""


def call_that_started(rollout: Path, parent: str, child: UUID) -> str:
    """The id of the call by which a session of the same directories started another; empty if none says so.

    Lines without the id of the other session are not parsed.
    """
    for path in files_of(rollout, parent):
        with contextlib.suppress(OSError, PersistenceError):
            values = (value for line in read_lines(path, _naming(child)) for value in line.values)
            calls = (_call_that_started(value, child) for value in values)
            if call := next(filter(None, calls), ""):
                return call
    return ""


def _naming(session: UUID) -> Usual:
    """Reads the lines that name a session, and nothing of the others."""
    name = str(session).encode()

    def parse(line: bytes) -> None:
        if name in line:
            raise msgspec.ValidationError("it names the session")

    return Usual(parse, after=0)


def _call_that_started(line: Any, child: UUID) -> str:
    match line:
        case {"payload": {"call_id": str(call), "output": str(output)}}:
            names_it = re.search(rf'"agent_id"\s*:\s*"{child}"', output)
            return call if names_it else ""
        case {"payload": {"type": "item_completed", "item": dict(item)}}:
            started = spawned("sub_agent_activity", item)
        case {"payload": {"type": str(event)}}:
            started = spawned(event, line["payload"])
        case _:
            return ""
    return next((call for call, session in started.items() if session == child), "")


def files_of(rollout: Path, session: str) -> Iterator[Path]:
    """The rollouts of a session beside another, then those in the folder of the day that its id was made."""
    folders = [rollout.parent]
    days = [day.strftime("%Y/%m/%d") for day in _days_around(session)]
    for root in list(rollout.absolute().parents)[:_LEVELS]:
        folders += [root / day for day in days]
    for folder in dict.fromkeys(folders):
        try:
            yield from sorted(p for p in folder.iterdir() if session in p.name and p != rollout)
        except OSError:
            continue


def _days_around(session: str) -> list[datetime]:
    """The day when an id of version 7 was made, and the days next to it; none if there is no such day."""
    try:
        found = UUID(session)
        if found.version != 7:
            return []
        day = datetime.fromtimestamp((found.int >> 80) / 1000, UTC)
        return [day + timedelta(days=each) for each in (0, -1, 1)]
    except (ValueError, OverflowError):
        return []
