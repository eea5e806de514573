"""Reads a conversation in order and adds what a message alone does not say.

Strategy: one pass, so a session of any size can be read as it comes. Which tool an output belongs to, which
turn a message is in, and what its branch is called all follow from the messages before it; every export
and `agcx show` learn them here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agcx_format.model.items import MessageSnapshot
from agcx_format.transcript.title import short_title
from agcx_format.transcript.tool_calls import CallReader, ToolCall
from agcx_format.transcript.wording import (
    describe_record,
    describe_speaker,
    describe_time,
)
from agcx_format.transcript.words import genuine_user_text, text_of

__all__ = ["ReadMessage", "TranscriptReader"]

# As much of a branch's first words as names it.
_BRANCH_NAME = 60


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message and what the conversation before it says about it.

    Fields:
        number: position in the session, from 1.
        message: itself.
        speaker: who or what it is from, on one line: `User`, `Tool output: shell`, …
        turn: from 0; counted where the file does not count turns.
        call: the tool call, if it holds a call or an output.
        notes: remarks, one line each: edits, branches, records of tool calls.
        errors: why tools failed, as far as it is not said elsewhere in the message.
    """

    number: int
    message: MessageSnapshot
    speaker: str
    turn: int
    call: ToolCall | None
    notes: tuple[str, ...]
    errors: tuple[str, ...]


class TranscriptReader:
    """Takes the messages of one conversation, from the first.

    `turn_count` is what the session's metadata says: 0 means that the program that wrote it did not
    count turns, and then a turn begins with each message of the person.
    """

    def __init__(self, turn_count: int) -> None:
        self._counts_turns = turn_count == 0
        self._turns = 0
        self._calls = CallReader()
        self._branches: dict[UUID, str] = {}
        self._branch_points: dict[UUID, int] = {}
        self._previous: UUID | None = None

    def read(self, number: int, message: MessageSnapshot) -> ReadMessage:
        """The message with its context; `number` counts from 1."""
        call = self._calls.read(message)
        if self._counts_turns and genuine_user_text(message.item) is not None:
            self._turns += 1
        turn = max(0, self._turns - 1) if self._counts_turns else message.turn_index
        notes = [*_edits(message), *self._place(number, message)]
        errors: Sequence[str] = call.unsaid_errors if call is not None else ()
        if call is None:
            records = message.metadata.tool_calls
            notes += map(describe_record, records)
            errors = [record.error for record in records if record.error]
        name = call.name if call else ""
        return ReadMessage(
            number,
            message,
            describe_speaker(message.item, name),
            turn,
            call,
            tuple(notes),
            tuple(errors),
        )

    def _place(self, number: int, message: MessageSnapshot) -> list[str]:
        """Where the message is in the tree of branches, which are named by their first words."""
        metadata, notes = message.metadata, []
        parent = metadata.parent_message_id
        if parent is not None and parent != self._previous and parent in self._branch_points:
            notes.append(f"Continues from message {self._branch_points[parent]}")
        if metadata.branch_point:
            notes.append("Branch point")
            self._branch_points[metadata.message_id] = number
        if (branch := metadata.branch_id) is not None:
            name = self._branches.get(branch)
            if name is None:
                words = genuine_user_text(message.item) or text_of(message.item)
                self._branches[branch] = short_title(words, _BRANCH_NAME)
                notes.append("Begins a branch")
            else:
                notes.append(f"Branch: {name}" if name else "In a branch")
        self._previous = metadata.message_id
        return notes


def _edits(message: MessageSnapshot) -> list[str]:
    metadata = message.metadata
    times = [describe_time(when) for when, _ in metadata.edit_history]
    if not times:
        return ["Edited"] if metadata.edited else []
    count = f" {len(times)} times" if len(times) > 1 else ""
    return [f"Edited{count}, last {times[-1]}"]
