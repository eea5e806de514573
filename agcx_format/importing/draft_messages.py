"""Makes the messages of a session from a draft, once everything is known about them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter
from uuid import UUID, uuid5

import msgspec

from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.moments import estimated
from agcx_format.importing.stored_entries import Entries
from agcx_format.model import unchecked
from agcx_format.model.ids import DerivedIds
from agcx_format.model.items import (
    FileContext,
    FunctionCall,
    FunctionCallOutput,
    Item,
    LocalShellCall,
    MessageSnapshot,
    ToolCallMetadata,
)
from agcx_format.model.streamed import StreamedMessages
from agcx_format.model.timestamps import ns_of
from agcx_format.transcript.outputs import CallOutcome

__all__ = ["Calls", "DraftMessages", "id_of"]

_time, _name = attrgetter("time"), attrgetter("name")
_datetime = datetime.fromisoformat

# Most messages have no edits and no files. They share these lists, since no code changes a list of a value.
_NO_EDITS: list[tuple[str, Item]] = []
_NO_FILES: list[FileContext] = []
_NO_CALLS: list[ToolCallMetadata] = []

# Ids that are derived at once.
_BATCH = 256


class Calls:
    """The tool calls of a draft, and what lines other than their outputs say about them.

    With `times_calls`, a call of unknown duration took as long as until its output was written.

    Fields:
        entries: the messages.
    """

    def __init__(self, entries: Entries, *, times_calls: bool = False) -> None:
        self.entries = entries
        self._times_calls = times_calls
        # The positions of the calls.
        self._calls: dict[str, int] = {}
        # By the position of a call, or the id of one that was not there before the line.
        self._outcomes: dict[int | str, CallOutcome] = {}

    def add(self, call_id: str, position: int) -> None:
        self._calls[call_id] = position

    def position(self, call_id: str) -> int | None:
        """Where the last message with a call of this id is."""
        return self._calls.get(call_id)

    def get(self, call_id: str) -> DraftEntry | None:
        """The last message with a call of this id."""
        position = self.position(call_id)
        return None if position is None else self.entries[position]

    def went(self, call_id: str, outcome: CallOutcome) -> None:
        """Note what a line other than the output says about the last call of this id."""
        call = self._calls.get(call_id, call_id)
        self._outcomes[call] = _merged(self._outcomes.get(call), outcome)

    def records(self, entry: DraftEntry) -> list[ToolCallMetadata]:
        """How the call went whose output this is; empty if nothing says that, nor how long it took."""
        item, outcome = entry.item, entry.outcome
        if outcome is None or type(item) is not FunctionCallOutput:
            return []
        # Some programs number calls from 1 in each turn, so the nearest one before is meant.
        call = self.position(item.call_id) if entry.call is None else entry.call
        called = None if call is None else self.entries[call]
        if outcomes := self._outcomes:
            of_call = None if call is None else outcomes.get(call)
            of_id = outcomes.get(item.call_id)
            # The end of a call may come before it, and so may its output.
            other = of_id or of_call if entry.call is None else of_call or of_id
            outcome = _merged(outcome, other)
        success, took = outcome.success, None
        if (seconds := outcome.seconds) is not None:
            took = min(round(seconds * 1000), 2**63)
        elif self._times_calls:
            took = _milliseconds_between(called, entry)
        if success is None and took is None:
            return []
        is_success = success is not False
        return [unchecked.tool_call_metadata(_tool(called), took or 0, is_success, outcome.error)]


def _tool(called: DraftEntry | None) -> str:
    """The name of the tool that was called; empty if it is not known."""
    item = None if called is None else called.item
    if type(item) is FunctionCall:
        return item.name
    return "local_shell" if type(item) is LocalShellCall else ""


def _milliseconds_between(call: DraftEntry | None, output: DraftEntry) -> int | None:
    if call is None or not call.has_time or not output.has_time:
        return None
    passed = _seconds_between(call.time, output.time)
    return round(passed * 1000) if passed > 0 else 0


def _seconds_between(began: str, ended: str) -> float:
    if len(began) == len(ended) == _TO_MILLISECONDS:
        # As most are. A `datetime` cannot hold a leap second.
        try:
            return (_datetime(ended) - _datetime(began)).total_seconds()
        except ValueError:
            pass
    return (ns_of(ended) - ns_of(began)) / 1e9


# The length of a time with milliseconds.
_TO_MILLISECONDS = len("2025-01-01T00:00:00.000Z")


def _merged(own: CallOutcome | None, other: CallOutcome | None) -> CallOutcome:
    """The outcome with what the other one adds; a failure in either is one."""
    if own is None or other is None:
        return own or other or CallOutcome()
    success = own.success if own.success is not None else other.success
    return msgspec.structs.replace(
        own,
        success=False if other.success is False else success,
        exit_code=own.exit_code if own.exit_code is not None else other.exit_code,
        seconds=own.seconds if own.seconds is not None else other.seconds,
        error=own.error or other.error,
    )


class _Turns:
    """Counts the turns that messages of the person begin.

    An export of this program notes the turn that a message is in, which it need not have begun.
    """

    def __init__(self) -> None:
        self.count = 0
        self._noted: int | None = None

    def add(self, entry: DraftEntry) -> None:
        noted = None if entry.returned is None else entry.returned[1]
        if noted is None or noted != self._noted:
            self.count += 1
        self._noted = noted


class DraftMessages(StreamedMessages):
    """The messages of a draft, built again on each iteration; `parent` is the session that a task is from.

    Fields:
        turns: how many of them begin a turn.
        without_time: how many have a time that is estimated.
        latest: the latest of their times, or the start.
    """

    def __init__(
        self,
        entries: Entries,
        session_id: UUID,
        start: str,
        calls: Calls,
        parent: UUID | None = None,
    ) -> None:
        self._entries, self._id, self._start, self._calls = entries, session_id, start, calls
        self._parent = parent
        count = without_time = 0
        turns, latest, before_zone = _Turns(), start, start[:-1]
        for entry in entries:
            if entry.is_dropped:
                continue
            # The text has the order of the moments but for its Z.
            text = entry.time[:-1]
            if text > before_zone:
                latest, before_zone = entry.time, text
            count += 1
            if entry.words is not None:
                turns.add(entry)
            elif parent and entry.returned and entry.returned[0].parent_message_id == parent:
                # What is before the task of a subagent was said in its parent's conversation.
                turns = _Turns()
            if not entry.has_time:
                without_time += 1
        self._count, self.without_time = count, without_time
        self.turns, self.latest = turns.count, latest

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[MessageSnapshot]:
        times: Iterator[str] = map(_time, self._kept())
        if self.without_time:
            known = (entry.time if entry.has_time else None for entry in self._kept())
            times = estimated(known, self._start)
        turns, turn, calls = _Turns(), 0, self._calls
        for entry, time, message_id in zip(self._kept(), times, self._ids(), strict=True):
            if entry.words is not None:
                turns.add(entry)
                turn = turns.count - 1
            if entry.returned is not None:
                metadata, noted = entry.returned
                yield unchecked.message_snapshot(entry.item, time, noted, metadata)
                continue
            metadata = unchecked.message_metadata(
                False,
                _NO_EDITS,
                entry.is_branch_point,
                entry.branch,
                self._parent_of(entry) if entry.is_task or entry.parent is not None else None,
                message_id,
                list(entry.files) if entry.files else _NO_FILES,
                calls.records(entry) if entry.outcome is not None else _NO_CALLS,
            )
            yield unchecked.message_snapshot(entry.item, time, turn, metadata)

    def _parent_of(self, entry: DraftEntry) -> UUID | None:
        """The message that one continues from, if it is not the one before; of a task, the session."""
        if entry.is_task:
            return self._parent
        return None if entry.parent is None else id_of(self._id, self._entries[entry.parent])

    def _kept(self) -> Iterator[DraftEntry]:
        if self._count == len(self._entries):
            return iter(self._entries)
        return (entry for entry in self._entries if not entry.is_dropped)

    def _ids(self) -> Iterator[UUID]:
        """The id of each message; many are derived at once, from names rather than held messages."""
        names = map(_name, self._kept())
        batches = iter(lambda: list(itertools.islice(names, _BATCH)), [])
        return itertools.chain.from_iterable(map(DerivedIds(self._id).of_each, batches))


def id_of(session_id: UUID, entry: DraftEntry) -> UUID:
    """The id of a message."""
    return entry.returned[0].message_id if entry.returned else uuid5(session_id, entry.name)
