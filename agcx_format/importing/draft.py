"""A conversation while it is imported, and the session that it becomes.

Strategy: a converter passes the items of the parsed lines to an `ImportDraft`, which does what all importers
have in common: message ids that are the same at every import, times, turns, branches, records of tool calls,
and the title. What only a later line says (that a message is a copy, how a call went, that a turn was taken
back) changes an entry of the draft; the messages are made at the end. Nothing here opens a file.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.environment import AGENT, SOURCE_CHANGED, VERSION, WRITTEN_BY
from agcx_format.importing.family import family, links, title_of
from agcx_format.importing.file_contexts import files_of
from agcx_format.importing.imported import Imported, Parent
from agcx_format.importing.json_lines import Line
from agcx_format.importing.moments import estimated
from agcx_format.importing.report import ImportReport, LineTally
from agcx_format.model.fields import Float32
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    Item,
    LocalShellCall,
    Message,
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
)
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_format.transcript.outputs import CallOutcome, read_output
from agcx_format.transcript.title import short_title
from agcx_format.transcript.words import genuine_user_text, text_of

__all__ = ["INCOMPLETE", "ImportDraft"]

# Tag of a session that could not be read completely.
INCOMPLETE = "incomplete"

# How many bad lines are listed; all of them are counted.
_LISTED = 1000

_FORMAT_VERSION = 1

# Everything in them is made here, so it need not be checked again.
_metadata = MessageMetadata.unchecked
_snapshot = MessageSnapshot.unchecked


@dataclass
class ImportDraft:
    """A conversation in progress.

    With `times_calls`, a call of unknown duration took as long as until its output was written.
    """

    id: UUID
    start: Timestamp
    times_calls: bool = False
    entries: list[DraftEntry] = field(default_factory=list)
    skipped: LineTally = field(default_factory=LineTally)
    duplicates: LineTally = field(default_factory=LineTally)
    unknown: LineTally = field(default_factory=LineTally)
    kept_as: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    bad_lines: list[tuple[int, str]] = field(default_factory=list)
    bad_count: int = 0
    replaced: int = 0
    # Whether a part of the file could not be read.
    incomplete: bool = False
    notes: list[str] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)
    modes: list[tuple[OperatingMode, str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    # What the ids of the next messages derive from; by default, the numbers of their lines.
    key: str = ""
    parent: Parent | None = None
    # The sessions of subagents, by the calls that started them.
    subagents: dict[str, UUID] = field(default_factory=dict)
    # What an export of this program said of the session.
    returned_tags: list[str] | None = None
    returned_title: str = ""
    returned_mode: OperatingMode | None = None
    now: Timestamp | None = None
    _has_time: bool = False
    _calls: dict[str, DraftEntry] = field(default_factory=dict)
    _outcomes: dict[str, CallOutcome] = field(default_factory=dict)
    # What the next message continues from, after a branch was left.
    _resumes_from: UUID | None = None
    # The line or key of the last message, and how many messages came from it.
    _origin: str = ""
    _parts: int = 0

    # --- lines

    def at(self, moment: Timestamp | None) -> None:
        """Set the time for the next messages; None keeps that of the line before."""
        self._has_time = moment is not None
        if moment is not None:
            self.now = moment

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
        self.replaced += line.replaced
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

    # --- messages

    def _made(self, name: str) -> UUID:
        """`uuid5` of the session's id and a name, without working out the same beginning each time."""
        digest = self._beginning.copy()
        digest.update(name.encode())
        return UUID(bytes=digest.digest()[:16], version=5)

    @cached_property
    def _beginning(self) -> hashlib._Hash:
        return hashlib.sha1(self.id.bytes, usedforsecurity=False)

    def made_id(self, prefix: str, number: int) -> str:
        """An id for the next item, if it has none; the same at every import."""
        return f"{prefix}_{self._made(f'{prefix}:{self._place(number)}').hex}"

    def _place(self, number: int) -> str:
        """The position of the next message: its line or key, and its number within it."""
        origin = self.key or str(number)
        part = self._parts if origin == self._origin else 0
        return f"{origin}.{part}" if part else origin

    def add(self, item: Item, number: int, outcome: CallOutcome | None = None) -> DraftEntry:
        """Append a message from line `number`.

        `outcome` is what the source says about a tool call; by default, what the output's text says.
        """
        entry = DraftEntry(
            item,
            self._made(self._place(number)),
            self.clock,
            self._has_time,
            genuine_user_text(item),
            parent=self._resumes_from,
        )
        self._resumes_from = None
        origin = self.key or str(number)
        self._parts = self._parts + 1 if origin == self._origin else 1
        self._origin = origin
        match item:
            case FunctionCall(call_id=call_id):
                self._calls[call_id] = entry
                entry.files = files_of(item)
            case LocalShellCall(call_id=str(call_id)):
                self._calls[call_id] = entry
            case FunctionCallOutput():
                entry.outcome = outcome or read_output(item.output).outcome
        self.entries.append(entry)
        return entry

    def lived(self) -> Iterator[DraftEntry]:
        """The messages in no branch that was left, the last one first."""
        return (e for e in reversed(self.entries) if not e.is_dropped and e.branch is None)

    def leave(self, entries: list[DraftEntry], fork: DraftEntry | None) -> None:
        """Put `entries`, which follow `fork`, into a branch of their own, which was left."""
        if not entries:
            return
        branch = uuid5(self.id, f"branch:{entries[0].message_id}")
        for entry in entries:
            entry.branch = entry.branch or branch
        if fork is not None:
            fork.is_branch_point = True
            entries[0].parent = fork.message_id

    def take_back(self, turns: int) -> None:
        """Leave the branch of the last `turns` turns; the next message continues from before them."""
        left: list[DraftEntry] = []
        fork = None
        for entry in self.lived():
            if turns <= 0:
                fork = entry
                break
            left.append(entry)
            turns -= entry.words is not None
        self.leave(left[::-1], fork)
        self._resumes_from = fork.message_id if fork and left else None

    # --- calls and modes

    def call(self, call_id: str) -> DraftEntry | None:
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

    def has_started(self, results: list[DraftEntry], subagent: UUID) -> None:
        """Note which subagent the call was for that has these messages as its result."""
        for entry in results:
            if isinstance(entry.item, FunctionCallOutput):
                self.subagents[entry.item.call_id] = subagent

    def mode(self, mode: OperatingMode) -> None:
        if not self.modes or self.modes[-1][0] is not mode:
            self.modes.append((mode, self.clock))

    # --- the end

    @property
    def first_words(self) -> str:
        """A title made from the first words of the person that were not taken back."""
        said = [e for e in self.entries if e.words and not e.is_dropped]
        lived = [e for e in said if e.branch is None]
        return next((title for e in lived or said if (title := short_title(e.words or ""))), "")

    def _titles_before(self) -> set[str]:
        """Titles that a version which knew fewer kinds of injected text may have made."""
        found: set[str] = set()
        for entry in self.entries:
            if isinstance(entry.item, Message) and entry.item.role == "user":
                found |= {short_title(text_of(entry.item)), short_title(entry.words or "")}
                if entry.words and entry.branch is None:
                    break
        return found

    def finish(
        self, *, source: Path, agent: str, title: str, model: str, tags: list[str], directory: str,
        changed: Timestamp | None = None,
    ) -> Imported:  # fmt: skip
        """The session; `agent` is the tag of who wrote it.

        `changed` is when the file last changed, None if no file did.
        """
        mode = self.modes[-1][0] if self.modes else self.returned_mode or OperatingMode.BUILD
        messages = self._messages()
        tags = [agent, *tags, *links(self.parent), INCOMPLETE if self.incomplete else ""]
        if self.returned_tags is not None:
            tags = [*self.returned_tags, INCOMPLETE if self.incomplete else ""]
            title = self.returned_title or title
        elif self.parent is not None:
            self.titles.add(title)
            title = title_of(self.parent, title)
        metadata = SessionMetadata(
            id=self.id,
            title=title,
            created_at=self.start,
            updated_at=self.clock,
            last_accessed=self.clock,
            message_count=len(messages),
            turn_count=sum(e.words is not None for e in self.entries if not e.is_dropped),
            current_mode=mode,
            model=model or "unknown",
            tags=list(dict.fromkeys(filter(None, tags))),
            is_favorite=False,
            file_size=0,
            compression_ratio=Float32(0.0),
            format_version=_FORMAT_VERSION,
            checkpoints=[],
        )
        environment = {AGENT: agent, **self.environment, **family(self.parent, self.subagents)}
        environment = {name: value for name, value in environment.items() if value}
        if changed is not None:
            environment |= {WRITTEN_BY: VERSION, SOURCE_CHANGED: str(changed)}
        conversation = ConversationSnapshot(
            id=self.id,
            messages=messages,
            context=ConversationContext(directory, environment, [], None, None),
            mode_history=self.modes or [(mode, self.start)],
        )
        titles = frozenset({title, self.first_words, *self.titles, *self._titles_before()} - {""})
        report = self._report(len(messages))
        return Imported(
            metadata, conversation, initial_state(), source, report, titles, self.parent
        )

    def _messages(self) -> list[MessageSnapshot]:
        kept = [entry for entry in self.entries if not entry.is_dropped]
        times = estimated([e.time if e.has_time else None for e in kept], self.start)
        messages: list[MessageSnapshot] = []
        turns = 0
        for entry, time in zip(kept, times, strict=True):
            turns += entry.words is not None
            if entry.returned is not None:
                messages.append(
                    MessageSnapshot(entry.item, time, entry.returned[1], entry.returned[0])
                )
                continue
            metadata = _metadata(
                edited=False,
                edit_history=[],
                branch_point=entry.is_branch_point,
                branch_id=entry.branch,
                parent_message_id=entry.parent,
                message_id=entry.message_id,
                file_context=entry.files,
                tool_calls=self._records(entry),
            )
            messages.append(_snapshot(entry.item, time, turns - 1 if turns else 0, metadata))
        return messages

    def _records(self, entry: DraftEntry) -> list[ToolCallMetadata]:
        """How the call went; empty if nothing says that, nor how long it took."""
        if entry.outcome is None or not isinstance(entry.item, FunctionCallOutput):
            return []
        call_id = entry.item.call_id
        outcome = _merged(entry.outcome, self._outcomes.get(call_id))
        seconds = outcome.seconds
        if seconds is None and self.times_calls:
            seconds = self._seconds_between(self.call(call_id), entry)
        if outcome.success is None and seconds is None:
            return []
        milliseconds = min(round((seconds or 0) * 1000), 2**63)
        success = outcome.success is not False
        return [ToolCallMetadata(self.tool(call_id), milliseconds, success, outcome.error)]

    @staticmethod
    def _seconds_between(call: DraftEntry | None, output: DraftEntry) -> float | None:
        if call is None or not call.has_time or not output.has_time:
            return None
        return max(0, ns_of(output.time) - ns_of(call.time)) / 1e9

    def _report(self, messages: int) -> ImportReport:
        tallies = (self.skipped, self.duplicates, self.unknown)
        return ImportReport(
            messages=messages,
            duplicates=self.duplicates.sorted(),
            skipped=self.skipped.sorted(),
            unknown=self.unknown.sorted(),
            examples={kind: first for tally in tallies for kind, first in tally.examples.items()},
            kept_as=dict(sorted(self.kept_as.items())),
            left_out=dict(sorted(self.left_out.items())),
            bad_lines=tuple(self.bad_lines),
            bad_count=self.bad_count,
            replaced=self.replaced,
            without_time=sum(not e.has_time for e in self.entries if not e.is_dropped),
            notes=tuple(self.notes),
        )


def _merged(own: CallOutcome | None, other: CallOutcome | None) -> CallOutcome:
    """The outcome with what the other one adds; a failure in either is one."""
    if own is None or other is None:
        return own or other or CallOutcome()
    success = own.success if own.success is not None else other.success
    return replace(
        own,
        success=False if other.success is False else success,
        exit_code=own.exit_code if own.exit_code is not None else other.exit_code,
        seconds=own.seconds if own.seconds is not None else other.seconds,
        error=own.error or other.error,
    )
