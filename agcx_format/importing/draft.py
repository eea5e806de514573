"""A conversation while it is imported, and the session that it becomes.

Strategy: a converter passes the items of the parsed lines to an `ImportDraft`, which does what all importers
have in common: message ids that are the same at every import, times, turns, branches, records of tool calls,
and the title. What only a later line says (that a message is a copy, how a call went, that a turn was taken
back) changes an entry of the draft; the messages are made at the end. Nothing here opens a file.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from agcx_format import limits
from agcx_format.importing.draft_entry import DraftEntry, ReturnedSession
from agcx_format.importing.draft_messages import Calls, DraftMessages, id_of
from agcx_format.importing.environment import VERSION, spent_since
from agcx_format.importing.family import family, links, title_of
from agcx_format.importing.file_contexts import files_of
from agcx_format.importing.imported import Imported, Parent
from agcx_format.importing.json_lines import Parsed, UsualLines
from agcx_format.importing.moments import moment_of
from agcx_format.importing.report import ImportReport, Kinds, LineTally
from agcx_format.importing.stored_entries import Entries, StoredEntries
from agcx_format.model.fields import Float32
from agcx_format.model.ids import DerivedIds
from agcx_format.model.items import FunctionCall, FunctionCallOutput, Item, LocalShellCall, Message
from agcx_format.model.new import initial_state
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    OperatingMode,
    SessionMetadata,
)
from agcx_format.model.timestamps import Timestamp, is_usual
from agcx_format.subagents import parent_of, subagents_in
from agcx_format.transcript.outputs import CallOutcome, read_outcome
from agcx_format.transcript.title import short_title
from agcx_format.transcript.words import genuine_user_text, text_of
from agcx_format.variables import AGENT, SOURCE_CHANGED, WRITTEN_BY

__all__ = ["INCOMPLETE", "ImportDraft"]

# Tag of a session that could not be read completely.
INCOMPLETE = "incomplete"

# How many bad lines are listed; all are counted.
_LISTED = 1000

_FORMAT_VERSION = 1


@dataclass(slots=True)
class ImportDraft:
    """A conversation in progress."""

    id: UUID
    start: Timestamp
    # Whether messages are made whenever they are iterated over, since a list would double the memory.
    streams: bool = False
    # A call of unknown duration took as long as until its output was written.
    times_calls: bool = False
    entries: Entries = field(default_factory=list)
    # Whether messages that are too many for memory are put aside (see `stored_entries`).
    stores_many: bool = False
    skipped: LineTally = field(default_factory=LineTally)
    duplicates: LineTally = field(default_factory=LineTally)
    unknown: LineTally = field(default_factory=LineTally)
    kept_as: Kinds = field(default_factory=Kinds)
    left_out: Kinds = field(default_factory=Kinds)
    bad_lines: list[tuple[int, str]] = field(default_factory=list)
    bad_count: int = 0
    # Not those in fields that nothing uses of usual lines.
    replaced: int = 0
    # Whether a part of the file could not be read.
    incomplete: bool = False
    # Whether its last line was not yet written to its end.
    is_unfinished: bool = False
    notes: list[str] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)
    modes: list[tuple[OperatingMode, str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    # What the ids of the next messages derive from; by default, the numbers of their lines.
    key: str = ""
    # What goes before the numbers of lines in ids, where they are not of the first file of a session.
    file: str = ""
    parent: Parent | None = None
    # The sessions of subagents, by the calls that started them.
    subagents: dict[str, UUID] = field(default_factory=dict)
    # What an export of this program said of the session.
    returned: ReturnedSession | None = None
    # The time of the last line that had one, in the usual form.
    now: str | None = None
    # Whether the line that is read has one.
    _has_time: bool = False
    # The position of the message that the next one continues from, after a branch was left.
    _resumes_from: int | None = None
    # The line or key of the last message, and how many messages came from it.
    _origin: str = ""
    _parts: int = 0
    calls: Calls = field(init=False)
    _ids: DerivedIds = field(init=False)

    def __post_init__(self) -> None:
        self.calls = Calls(self.entries, times_calls=self.times_calls)
        self._ids = DerivedIds(self.id)

    # --- lines

    def at(self, moment: str | None) -> None:
        """Set the time for the next messages; None keeps that of the line before."""
        self._has_time = moment is not None
        if moment is not None:
            self.now = moment

    def at_time(self, given: Any) -> None:
        """The same for a time in any form that programs write."""
        if type(given) is str and is_usual(given):
            self.now, self._has_time = given, True
        else:
            self.at(moment_of(given))

    @property
    def moment(self) -> tuple[str | None, bool]:
        """The time for the next messages, and whether their line has one."""
        return self.now, self._has_time

    @moment.setter
    def moment(self, moment: tuple[str | None, bool]) -> None:
        self.now, self._has_time = moment

    @property
    def clock(self) -> Timestamp:
        """The time of the last line that had one; before it, the start of the conversation."""
        return self.start if self.now is None else Timestamp(self.now)

    def take(
        self,
        lines: Iterable[Parsed],
        read: Callable[[Any, int], None],
        read_usual: Callable[[list[Any], int], None] | None = None,
    ) -> None:
        """Pass each value of the lines and its number to `read`, and report what is wrong with a line.

        Those of usual lines go to `read_usual`, with the number of the first.
        """
        for line in lines:
            if self.stores_many and len(self.entries) > limits.MESSAGES_IN_MEMORY:
                self.put_aside()
            if isinstance(line, UsualLines):
                assert read_usual is not None
                read_usual(line.values, line.number)
                continue
            number = line.number
            for value in line.values:
                try:
                    read(value, number)
                except RecursionError:
                    self.too_deep(number)
            if line.replaced:
                self.replaced += line.replaced
            if line.has_depths:
                self.left_out["value that is nested too deeply"] += 1
            if line.is_unfinished:
                self.is_unfinished = True
                self.note("its last line is being written")
            elif line.error:
                self.incomplete = True
                self.bad(line.number, line.error)

    def put_aside(self) -> None:
        """Hold the messages in memory no longer."""
        self.stores_many = False
        if isinstance(self.entries, list):
            self.entries = self.calls.entries = StoredEntries(self.entries)

    def too_deep(self, number: int) -> None:
        """Note a line that was only taken in part, since it is nested too deeply."""
        self.incomplete = True
        self.bad(number, "nested too deeply")

    def bad(self, number: int, reason: str) -> None:
        """Report that line `number`, from 1, cannot be read."""
        self.bad_count += 1
        if len(self.bad_lines) < _LISTED:
            self.bad_lines.append((number, reason))

    def note(self, sentence: str) -> None:
        """Add a sentence to the report, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    # --- messages

    def made_id(self, prefix: str, number: int) -> str:
        """An id for the next item, if it has none; the same at every import."""
        name = self.key or self.file + str(number)
        if name == self._origin:
            name = f"{name}.{self._parts}"
        return f"{prefix}_{self._ids.hex(f'{prefix}:{name}')}"

    def id_of(self, entry: DraftEntry) -> UUID:
        """The id of the message."""
        return id_of(self.id, entry)

    def add(self, item: Item, number: int, outcome: CallOutcome | None = None) -> DraftEntry:
        """Append a message from line `number`.

        `outcome` is what the source says about a tool call; by default, what the output's text says.
        """
        name = self.key or self.file + str(number)
        if name != self._origin:
            self._origin, self._parts = name, 1
        else:
            name, self._parts = f"{name}.{self._parts}", self._parts + 1
        entries = self.entries
        entry = DraftEntry(item, len(entries), name, self.now or self.start, self._has_time, None)
        if self._resumes_from is not None:
            entry.parent, self._resumes_from = self._resumes_from, None
        # `isinstance` takes several times as long where the answer is no.
        if type(item) is FunctionCallOutput:
            entry.outcome = outcome or read_outcome(item.output)
            entry.call = self.calls.position(item.call_id)
        elif type(item) is FunctionCall:
            self.calls.add(item.call_id, entry.position)
            if files := files_of(item):
                entry.files = files
        elif type(item) is Message:
            if item.role == "user":
                entry.words = genuine_user_text(item)
        elif type(item) is LocalShellCall and item.call_id is not None:
            self.calls.add(item.call_id, entry.position)
        entries.append(entry)
        return entry

    def call_of(self, output: DraftEntry) -> DraftEntry | None:
        """The message with the call whose output this is; None if none came before it."""
        return None if output.call is None else self.entries[output.call]

    def lived(self) -> Iterator[DraftEntry]:
        """The messages in no branch that was left, the last one first."""
        return (e for e in reversed(self.entries) if not e.is_dropped and e.branch is None)

    def leave(self, entries: list[DraftEntry], fork: DraftEntry | None) -> None:
        """Put `entries`, which follow `fork`, into a branch of their own, which was left."""
        self.leave_at([entry.position for entry in entries], fork.position if fork else None)

    def leave_at(self, positions: Sequence[int], fork: int | None) -> None:
        """The same for messages at these positions."""
        if not positions:
            return
        branch = uuid5(self.id, f"branch:{self.id_of(self.entries[positions[0]])}")
        for position in positions:
            entry = self.entries[position]
            entry.branch = entry.branch or branch
        if fork is not None:
            self.entries[fork].is_branch_point = True
            self.entries[positions[0]].parent = fork

    def leave_last(self, left: list[int]) -> None:
        """Leave the last messages that were lived, given backwards; the next one continues from before."""
        if not left:
            return
        fork = next((e.position for e in self.lived() if e.position < left[-1]), None)
        self.leave_at(left[::-1], fork)
        self.continue_from(fork)

    def continue_from(self, position: int | None) -> None:
        """Let the next message follow this one, if that is not the last."""
        self._resumes_from = position

    # --- calls and modes

    def has_started(self, results: list[DraftEntry], subagent: UUID) -> None:
        """Note which subagent the call was for that has these messages as its result."""
        for entry in results:
            if isinstance(entry.item, FunctionCallOutput):
                self.subagents[entry.item.call_id] = subagent

    def mode(self, mode: OperatingMode) -> None:
        """Continue in this mode from now on."""
        if not self.modes or self.modes[-1][0] is not mode:
            self.modes.append((mode, self.clock))

    # --- the end

    @property
    def first_words(self) -> str:
        """A title made from the first words of the person that were not taken back."""
        lived = (e for e in self.entries if e.words and not e.is_dropped and e.branch is None)
        said = (e for e in self.entries if e.words and not e.is_dropped)
        first = next(lived, None)
        words = said if first is None else itertools.chain([first], lived)
        return next((title for e in words if (title := short_title(e.words or ""))), "")

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
        parent: UUID | None = None
        if self.returned is not None:
            parent = parent_of(self.returned.tags)
        elif self.parent is not None:
            parent = self.parent.id
            self.titles.add(title)
            title = title_of(self.parent, title)
        messages = DraftMessages(self.entries, self.id, self.start, self.calls, parent)
        metadata = self._metadata(messages, title, model, [agent, *tags, *links(self.parent)])
        environment = self._environment(agent)
        if changed is not None:
            environment |= {WRITTEN_BY: VERSION, SOURCE_CHANGED: str(changed)}
        conversation = ConversationSnapshot.unchecked(
            self.id,
            messages if self.streams or isinstance(self.entries, StoredEntries) else list(messages),
            ConversationContext(directory, environment, [], None, None),
            self.modes or [(metadata.current_mode, self.start)],
        )
        titles = {metadata.title, self.first_words, *self.titles, *self._titles_before()} - {""}
        return Imported(
            metadata, conversation, initial_state(), source, self._report(messages),
            frozenset(titles), self.parent,
        )  # fmt: skip

    def _metadata(
        self, messages: DraftMessages, title: str, model: str, tags: list[str]
    ) -> SessionMetadata:
        # Clocks are set back: the last line need not be the latest.
        created, updated = self.start, max(self.clock, Timestamp(messages.latest))
        mode = OperatingMode.BUILD
        if (returned := self.returned) is not None:
            title, model, tags = returned.title or title, returned.model or model, returned.tags
            created = returned.created or created
            updated = max(updated, returned.updated or updated)
            mode = returned.mode or mode
        return SessionMetadata(
            id=self.id,
            title=title,
            created_at=created,
            updated_at=updated,
            last_accessed=updated,
            message_count=len(messages),
            turn_count=messages.turns,
            current_mode=self.modes[-1][0] if self.modes else mode,
            model=model or "unknown",
            tags=list(dict.fromkeys(filter(None, [*tags, INCOMPLETE if self.incomplete else ""]))),
            is_favorite=returned is not None and returned.is_favorite,
            file_size=0,
            compression_ratio=Float32(0.0),
            format_version=_FORMAT_VERSION,
            checkpoints=[],
        )

    def _environment(self, agent: str) -> dict[str, str]:
        """What AGCX has no field for; of a session that was exported, with what was known of it."""
        returned = self.returned
        if returned is None or returned.environment is None:
            found = {AGENT: agent, **self.environment, **family(self.parent, self.subagents)}
        else:
            subagents = subagents_in(returned.environment) | self.subagents
            found = spent_since(returned.environment, self.environment) | family(None, subagents)
        return {name: value for name, value in found.items() if value}

    def _report(self, messages: DraftMessages) -> ImportReport:
        tallies = (self.skipped, self.duplicates, self.unknown)
        return ImportReport(
            messages=len(messages),
            duplicates=self.duplicates.sorted(),
            skipped=self.skipped.sorted(),
            unknown=self.unknown.sorted(),
            examples={kind: first for tally in tallies for kind, first in tally.examples.items()},
            kept_as=dict(sorted(self.kept_as.items())),
            left_out=dict(sorted(self.left_out.items())),
            bad_lines=tuple(self.bad_lines),
            bad_count=self.bad_count,
            replaced=self.replaced,
            without_time=messages.without_time,
            notes=tuple(self.notes),
            is_unfinished=self.is_unfinished,
        )
