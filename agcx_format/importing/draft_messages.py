"""Makes the messages of a session from a draft, once everything is known about them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.moments import estimated
from agcx_format.model import unchecked
from agcx_format.model.ids import uuid5_of_each
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    LocalShellCall,
    MessageSnapshot,
    ToolCallMetadata,
)
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.transcript.outputs import CallOutcome

__all__ = ["Calls", "messages_of"]


class Calls:
    """The tool calls of a draft, and what lines other than their outputs say about them.

    With `times_calls`, a call of unknown duration took as long as until its output was written.
    """

    def __init__(self, *, times_calls: bool = False) -> None:
        self._times_calls = times_calls
        self._calls: dict[str, DraftEntry] = {}
        self._outcomes: dict[str, CallOutcome] = {}

    def add(self, call_id: str, entry: DraftEntry) -> None:
        self._calls[call_id] = entry

    def get(self, call_id: str) -> DraftEntry | None:
        """The message with this tool call."""
        return self._calls.get(call_id)

    def tool(self, call_id: str) -> str:
        """The name of the tool that was called; empty if it is not known."""
        called = self._calls.get(call_id)
        match called and called.item:
            case FunctionCall(name=name):
                return name
            case LocalShellCall():
                return "local_shell"
        return ""

    def went(self, call_id: str, outcome: CallOutcome) -> None:
        """Note what a line other than the output says about a call."""
        self._outcomes[call_id] = _merged(self._outcomes.get(call_id), outcome)

    def records(self, entry: DraftEntry) -> list[ToolCallMetadata]:
        """How the call went whose output this is; empty if nothing says that, nor how long it took."""
        if entry.outcome is None or not isinstance(entry.item, FunctionCallOutput):
            return []
        call_id = entry.item.call_id
        outcome = _merged(entry.outcome, self._outcomes.get(call_id))
        seconds = outcome.seconds
        if seconds is None and self._times_calls:
            seconds = _seconds_between(self.get(call_id), entry)
        if outcome.success is None and seconds is None:
            return []
        milliseconds = min(round(seconds * 1000), 2**63) if seconds else 0
        success = outcome.success is not False
        return [
            unchecked.tool_call_metadata(self.tool(call_id), milliseconds, success, outcome.error)
        ]


def _seconds_between(call: DraftEntry | None, output: DraftEntry) -> float | None:
    if call is None or not call.has_time or not output.has_time:
        return None
    return max(0, ns_of(output.time) - ns_of(call.time)) / 1e9


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


def messages_of(
    entries: Sequence[DraftEntry], session_id: UUID, start: Timestamp, calls: Calls
) -> list[MessageSnapshot]:
    """The messages of the entries that were not dropped; `start` is the time before the first."""
    ids = uuid5_of_each(session_id, (entry.name for entry in entries))
    for entry in entries:
        if entry.returned is not None:
            ids[entry.position] = entry.returned[0].message_id
    kept = [entry for entry in entries if not entry.is_dropped]
    times = estimated([e.time if e.has_time else None for e in kept], start)
    messages: list[MessageSnapshot] = []
    turns = 0
    for entry, time in zip(kept, times, strict=True):
        turns += entry.words is not None
        if entry.returned is not None:
            messages.append(
                unchecked.message_snapshot(entry.item, time, entry.returned[1], entry.returned[0])
            )
            continue
        metadata = unchecked.message_metadata(
            False,
            [],
            entry.is_branch_point,
            entry.branch,
            None if entry.parent is None else ids[entry.parent],
            ids[entry.position],
            list(entry.files),
            calls.records(entry) if entry.outcome is not None else [],
        )
        messages.append(
            unchecked.message_snapshot(entry.item, time, turns - 1 if turns else 0, metadata)
        )
    return messages
