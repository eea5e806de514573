"""The result of an import: a session, and a report on every line.

Strategy: a converter passes the items of the parsed lines to an `ImportDraft`, which does what all importers
have in common: message ids that are the same at every import, times, turns, records of tool calls, and the
title. Nothing here opens a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from agcx_format.importing.json_lines import Line
from agcx_format.model.fields import Float32
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    Item,
    MessageMetadata,
    MessageSnapshot,
    ToolCallMetadata,
)
from agcx_format.model.new import initial_state
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    OperatingMode,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.outputs import CallOutcome, read_output
from agcx_format.transcript.title import short_title
from agcx_format.transcript.words import genuine_user_text

__all__ = [
    "INCOMPLETE",
    "ImportDraft",
    "ImportReport",
    "Imported",
]

# Tag of a session that could not be read completely.
INCOMPLETE = "incomplete"

# How many bad lines are listed; all of them are counted.
_LISTED = 1000

_FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the lines of a file.

    Fields:
        messages: how many the conversation has.
        skipped: lines without conversation, by type.
        kept_as: items of types that AGCX does not have, by what they were and became.
        left_out: fields of items that AGCX has no place for.
        bad_lines: number and reason of the first thousand lines that could not be read.
        bad_count: how many lines could not be read.
        without_time: messages that have the time of the line before.
        notes: sentences about the file.
    """

    messages: int
    skipped: dict[str, int]
    kept_as: dict[str, int]
    left_out: dict[str, int]
    bad_lines: tuple[tuple[int, str], ...]
    bad_count: int
    without_time: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """A session in the form of `Store.save_session`; its sizes are 0 until it is written.

    `titles` are all titles that an import of an earlier state of the file may have given it.
    """

    metadata: SessionMetadata
    conversation: ConversationSnapshot
    state: SessionState
    source: Path
    report: ImportReport
    titles: frozenset[str]


@dataclass
class ImportDraft:
    """A conversation in progress. Times are texts, as in the source."""

    id: UUID
    start: Timestamp
    messages: list[MessageSnapshot] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    kept_as: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    bad_lines: list[tuple[int, str]] = field(default_factory=list)
    bad_count: int = 0
    without_time: int = 0
    # Whether a part of the file could not be read.
    incomplete: bool = False
    notes: list[str] = field(default_factory=list)
    turns: int = 0
    first_words: str = ""
    titles: set[str] = field(default_factory=set)
    modes: list[tuple[OperatingMode, str]] = field(default_factory=list)
    now: Timestamp | None = None
    _tools: dict[str, str] = field(default_factory=dict)
    # The line of the last message, and how many messages came from it.
    _number: int = 0
    _parts: int = 0

    def at(self, time: object) -> bool:
        """Set the time for the next messages, and return whether `time` is a valid one."""
        moment = moment_of(time)
        if moment is not None:
            self.now = moment
        return moment is not None

    @property
    def clock(self) -> Timestamp:
        return self.now or self.start

    def take(self, line: Line, read: Callable[[Any, int], None]) -> None:
        """Pass each value of a line and its number to `read`, and report what is wrong with the line."""
        for value in line.values:
            try:
                read(value, line.number)
            except RecursionError:
                self.incomplete = True
                self.bad(line.number, "nested too deeply")
        if line.error:
            self.incomplete = True
            self.bad(line.number, line.error)

    def bad(self, number: int, reason: str) -> None:
        self.bad_count += 1
        if len(self.bad_lines) < _LISTED:
            self.bad_lines.append((number, reason))

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def made_id(self, prefix: str, number: int) -> str:
        """An id for the next item, if it has none; the same at every import."""
        return f"{prefix}_{uuid5(self.id, f'{prefix}:{self._place(number)}').hex}"

    def _place(self, number: int) -> str:
        """The position of the next message: its line, and its number within the line."""
        part = self._parts if number == self._number else 0
        return f"{number}.{part}" if part else str(number)

    def mode(self, mode: OperatingMode) -> None:
        if not self.modes or self.modes[-1][0] is not mode:
            self.modes.append((mode, self.clock))

    def add(self, item: Item, number: int, outcome: CallOutcome | None = None) -> None:
        """Append a message from line `number`.

        `outcome` is what the source says about a tool call; by default, what the output's text says.
        """
        words = genuine_user_text(item)
        if words is not None:
            self.turns += 1
            self.first_words = self.first_words or short_title(words)
        calls = []
        if isinstance(item, FunctionCall):
            self._tools[item.call_id] = item.name
        elif isinstance(item, FunctionCallOutput):
            calls = self._metrics(item, outcome or read_output(item.output).outcome)
        message_id = uuid5(self.id, self._place(number))
        self._parts = self._parts + 1 if number == self._number else 1
        self._number = number
        metadata = MessageMetadata(False, [], False, None, None, message_id, [], calls)
        turn = max(0, self.turns - 1)
        self.messages.append(MessageSnapshot(item, self.clock, turn, metadata))

    def _metrics(self, item: FunctionCallOutput, outcome: CallOutcome) -> list[ToolCallMetadata]:
        """Empty if the output says neither how the call went nor how long it took."""
        if outcome.success is None and outcome.seconds is None:
            return []
        milliseconds = min(round((outcome.seconds or 0) * 1000), 2**63)
        success = outcome.success is not False
        name = self._tools.get(item.call_id, "")
        return [ToolCallMetadata(name, milliseconds, success, outcome.error)]

    def finish(
        self,
        *,
        source: Path,
        title: str,
        last_accessed: Timestamp,
        model: str,
        tags: list[str],
        directory: str,
    ) -> Imported:
        mode = self.modes[-1][0] if self.modes else OperatingMode.BUILD
        metadata = SessionMetadata(
            id=self.id,
            title=title,
            created_at=self.start,
            updated_at=self.clock,
            last_accessed=last_accessed,
            message_count=len(self.messages),
            turn_count=self.turns,
            current_mode=mode,
            model=model or "unknown",
            tags=list(dict.fromkeys(filter(None, [*tags, INCOMPLETE if self.incomplete else ""]))),
            is_favorite=False,
            file_size=0,
            compression_ratio=Float32(0.0),
            format_version=_FORMAT_VERSION,
            checkpoints=[],
        )
        conversation = ConversationSnapshot(
            id=self.id,
            messages=self.messages,
            context=ConversationContext(directory, {}, [], None, None),
            mode_history=self.modes or [(mode, self.start)],
        )
        titles = frozenset({title, self.first_words, *self.titles} - {""})
        return Imported(metadata, conversation, initial_state(), source, self._report(), titles)

    def _report(self) -> ImportReport:
        return ImportReport(
            messages=len(self.messages),
            skipped=dict(sorted(self.skipped.items())),
            kept_as=dict(sorted(self.kept_as.items())),
            left_out=dict(sorted(self.left_out.items())),
            bad_lines=tuple(self.bad_lines),
            bad_count=self.bad_count,
            without_time=self.without_time,
            notes=tuple(self.notes),
        )


def moment_of(time: object) -> Timestamp | None:
    """A timestamp of the source; None if it is not valid."""
    if not isinstance(time, str):
        return None
    try:
        return Timestamp(time)
    except ValueError:
        return None
