"""Reads a conversation in order and adds what a message alone does not say.

Strategy: one pass, so a session of any size can be read as it comes. Which tool an output belongs to, which
turn a message is in, and what its branch is called all follow from the messages before it; every export
and `agcx show` learn them here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from agcx_format.model.items import MessageMetadata, MessageSnapshot
from agcx_format.model.session import SessionMetadata
from agcx_format.subagents import parent_of
from agcx_format.transcript.modes import ModeChanges, changes_between, mode_changes
from agcx_format.transcript.silent import SilentMessages
from agcx_format.transcript.tasks import TASK_SPEAKER, TaskFinder
from agcx_format.transcript.title import short_title
from agcx_format.transcript.tool_calls import CallReader, ToolCall
from agcx_format.transcript.wording import (
    describe_record,
    describe_speaker,
    describe_time,
)
from agcx_format.transcript.words import (
    genuine_user_text,
    text_of,
)

__all__ = ["ReadMessage", "TranscriptReader"]

# As much of a branch's first words as names it.
_BRANCH_NAME = 60


class ReadMessage(msgspec.Struct, frozen=True):
    """A message and what the conversation before it says about it.

    Fields:
        number: position in the session, from 1.
        message: itself.
        speaker: who or what it is from, on one line: `User`, `Tool output: shell`, `Task from its parent`, …
        turn: from 0; counted where the file does not count turns.
        call: the tool call, if it holds a call or an output.
        headings: what the conversation does before it, one line each: it goes into another mode, into a
            branch, or back from one.
        branch: the name of the branch that it is in; None for none.
        notes: remarks, one line each: edits, branch points, records of tool calls.
        errors: why tools failed, unless the message says so elsewhere.
        is_silent: whether it says nothing new (see `silent`), so that a view leaves it out.
        is_task: whether it is what the parent of a subagent asked it to do.
    """

    number: int
    message: MessageSnapshot
    speaker: str
    turn: int
    call: ToolCall | None
    headings: tuple[str, ...]
    branch: str | None
    notes: tuple[str, ...]
    errors: tuple[str, ...]
    is_silent: bool = False
    is_task: bool = False


class TranscriptReader:
    """Takes the messages of one conversation, from the first.

    `turn_count` is what the session's metadata says: 0 means that the program that wrote it did not
    count turns, and then a turn begins with each message of the person.  `modes` is the session's history
    of modes, and `when` puts a moment into words.  `parent` is the session that started it as a subagent.
    """

    def __init__(
        self,
        turn_count: int,
        modes: ModeChanges = (),
        when: Callable[[str], str] = describe_time,
        *,
        parent: UUID | None = None,
    ) -> None:
        self._counts_turns = turn_count == 0
        self._turns = 0
        self._calls = CallReader()
        self._call_before: ToolCall | None = None
        self._silent = SilentMessages()
        self._branches: dict[UUID, str] = {}
        self._branch_points: dict[UUID, int] = {}
        self._previous: MessageSnapshot | None = None
        self._changes = mode_changes(modes)
        self._when = when
        self._tasks = TaskFinder(parent)

    @classmethod
    def of(
        cls,
        metadata: SessionMetadata,
        modes: ModeChanges = (),
        when: Callable[[str], str] = describe_time,
    ) -> TranscriptReader:
        """The reader of the session that these metadata describe."""
        return cls(metadata.turn_count, modes, when, parent=parent_of(metadata.tags))

    def read(self, number: int, message: MessageSnapshot) -> ReadMessage:
        """The message with its context; `number` counts from 1."""
        call = self._calls.read(message)
        if self._counts_turns and genuine_user_text(message.item) is not None:
            self._turns += 1
        turn = max(0, self._turns - 1) if self._counts_turns else message.turn_index
        notes = _edits(message)
        headings = [*self._modes(number, message), *self._place(number, message, notes)]
        self._previous = message
        errors: Sequence[str] = call.unsaid_errors if call is not None else ()
        if call is None:
            records = message.metadata.tool_calls
            notes += map(describe_record, records)
            errors = [record.error for record in records if record.error]
        name = call.name if call else ""
        is_silent = not headings and self._silent.is_silent(message, self._call_before)
        self._call_before = call
        is_task = self._tasks.is_task(message)
        return ReadMessage(
            number,
            message,
            TASK_SPEAKER if is_task else describe_speaker(message.item, name),
            turn,
            call,
            tuple(headings),
            self._name(message.metadata.branch_id),
            tuple(notes),
            tuple(errors),
            is_silent and not notes,
            is_task,
        )

    def _modes(self, number: int, message: MessageSnapshot) -> list[str]:
        if not self._changes or (self._previous is None and number > 1):
            return []
        previous = self._previous.timestamp if self._previous is not None else None
        changes = changes_between(self._changes, previous, message.timestamp)
        return [change.describe(self._when(change.since)) for change in changes]

    def _place(self, number: int, message: MessageSnapshot, notes: list[str]) -> list[str]:
        """The heading of a branch that begins or ends here, and what `notes` say of the tree of branches."""
        metadata, previous = message.metadata, self._previous
        branch = metadata.branch_id
        origin = self._origin(metadata)
        if metadata.branch_point:
            notes.append("Branch point")
            self._branch_points[metadata.message_id] = number
        if branch is not None and branch not in self._branches:
            # Who begins to read in the middle has not seen the first words.
            begins = previous is not None or number == 1
            words = genuine_user_text(message.item) or text_of(message.item) if begins else ""
            self._branches[branch] = short_title(words, _BRANCH_NAME)
        if branch == (previous.metadata.branch_id if previous is not None else None):
            if origin:
                notes.append(f"C{origin[1:]}")
            return []
        name = self._name(branch)
        heading = (
            "Back from the branch" if name is None else f"Branch “{name}”" if name else "A branch"
        )
        return [", ".join(filter(None, (heading, origin)))]

    def _origin(self, metadata: MessageMetadata) -> str:
        """Which branch point a message continues from, if that is not the message before it."""
        parent, previous = metadata.parent_message_id, self._previous
        if parent is None or parent not in self._branch_points:
            return ""
        # Some programs name the branch point as the parent of every message in a branch.
        follows = previous is not None and (
            parent == previous.metadata.message_id
            or (
                metadata.branch_id is not None
                and _in_branch(metadata) == _in_branch(previous.metadata)
            )
        )
        return "" if follows else f"continues from message {self._branch_points[parent]}"

    def _name(self, branch: UUID | None) -> str | None:
        """The first words of a branch."""
        return None if branch is None else self._branches[branch]


def _in_branch(metadata: MessageMetadata) -> tuple[UUID | None, UUID | None]:
    """The branch that a message is in, and the message that it continues from."""
    return metadata.branch_id, metadata.parent_message_id


def _edits(message: MessageSnapshot) -> list[str]:
    metadata = message.metadata
    if not metadata.edit_history:
        return ["Edited"] if metadata.edited else []
    times = [describe_time(when) for when, _ in metadata.edit_history]
    count = f" {len(times)} times" if len(times) > 1 else ""
    return [f"Edited{count}, last {times[-1]}"]
