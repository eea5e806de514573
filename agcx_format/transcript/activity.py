"""What happened in a session: how long it took, which tools ran, what failed, and which files changed.

Strategy: one pass over the messages, in which each adds to sums; only calls, files, and edits are remembered,
so a session of any size can be read as it comes. A call counts as failed or as done once its output is read.
Messages have no place for tokens and cost: an import notes them in the environment of the session.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

import msgspec

from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    LocalShellCall,
    Message,
    MessageSnapshot,
)
from agcx_format.model.timestamps import ns_of
from agcx_format.transcript.changed_files import FileChange, file_changes
from agcx_format.transcript.modes import ModeChanges, ModePeriod, ModeReader
from agcx_format.transcript.outputs import CallOutcome, Output, failure_reason
from agcx_format.transcript.tool_calls import CallReader, ToolCall, outcome_of_record
from agcx_format.transcript.words import genuine_user_text

__all__ = [
    "Activity", "ActivityReader", "EditedMessage", "FailedCall", "FileUse", "ToolUse",
    "read_activity",
]  # fmt: skip

# A longer wait for the person is a break.
_BREAK_NS = 5 * 60 * 10**9
_SECOND = 10**9
# As much of a command as a list shows.
_GIST = 200

# Paths that are absolute although they do not begin with a slash.
_other_absolute = re.compile(r"~|[A-Za-z]:[\\/]").match


class ToolUse(msgspec.Struct, frozen=True):
    """How often a tool was called.

    Fields:
        seconds: how long its calls ran; from call to output where nothing says it, unless that took so long
            that the person was probably asked.
        number: the message of its first call, from 1; so in the other classes.
    """

    name: str
    calls: int
    failed: int
    seconds: float
    number: int


class FailedCall(msgspec.Struct, frozen=True):
    """A call that failed.

    Fields:
        gist: its command or what else it was about, on one line.
        reason: the first line of its error; where that says only the exit code, the last line of the output.
    """

    number: int
    name: str
    gist: str
    outcome: CallOutcome
    reason: str


class FileUse(msgspec.Struct, frozen=True):
    """A file that calls name or that is attached to messages.

    Fields:
        path: relative to the session's directory if it is inside.
        uses: how many calls or messages name it.
        changes: how many calls changed it, of those that did not fail.
        added, removed: lines, as far as the calls say.
        number: the first message that names it.
    """

    path: str
    uses: int
    changes: int
    added: int
    removed: int
    number: int


class EditedMessage(msgspec.Struct, frozen=True):
    """A message that was changed later; `versions` counts the earlier ones, `last` is when, or None."""

    number: int
    versions: int
    last: str | None


class Activity(msgspec.Struct, frozen=True):
    """What happened in a session.

    Fields:
        messages: how many were read.
        turns: how many times the person said something.
        began, ended: when the earliest and the latest message were written; None without messages.
        seconds: from the one to the other.
        active_seconds: without the breaks: waits of more than five minutes for the person.
        tools: by the number of calls, most first.
        failed: in the order of the session, as all others.
        files: each once.
        edited: messages that were changed later.
        branches: how many branches there are beside the main conversation.
        modes: empty if only the current mode is known.
    """

    messages: int
    turns: int
    began: str | None
    ended: str | None
    seconds: float
    active_seconds: float
    tools: tuple[ToolUse, ...]
    failed: tuple[FailedCall, ...]
    files: tuple[FileUse, ...]
    edited: tuple[EditedMessage, ...]
    branches: int
    modes: tuple[ModePeriod, ...]

    @property
    def calls(self) -> int:
        """How many tool calls there are."""
        return sum(tool.calls for tool in self.tools)

    @property
    def added(self) -> int:
        """Lines added to all files."""
        return sum(file.added for file in self.files)

    @property
    def removed(self) -> int:
        """Lines removed from all files."""
        return sum(file.removed for file in self.files)


def read_activity(
    messages: Iterable[MessageSnapshot],
    *,
    turn_count: int = 0,
    directory: str = "",
    mode_history: ModeChanges = (),
) -> Activity:
    """The activity of a whole session; the arguments are those of `ActivityReader`."""
    reader = ActivityReader(turn_count, directory, mode_history)
    for number, message in enumerate(messages, 1):
        reader.add(number, message)
    return reader.activity()


class _Tool(msgspec.Struct):
    number: int
    calls: int = 0
    failed: int = 0
    ns: int = 0


class _File(msgspec.Struct):
    number: int
    uses: int = 0
    changes: int = 0
    added: int = 0
    removed: int = 0


class _Open(msgspec.Struct):
    """A call whose output is yet to come."""

    number: int
    ns: int
    call: ToolCall
    changes: tuple[FileChange, ...]


class _Clock(msgspec.Struct):
    """Adds up time from message to message."""

    first: tuple[int, str] | None = None
    last: tuple[int, str] | None = None
    previous: int | None = None
    active_ns: int = 0

    def add(self, ns: int, moment: str, longest: int | None) -> int:
        """Count the time since the message before; not at all if that is more than `longest`."""
        passed = 0 if self.previous is None else ns - self.previous
        self.previous = ns
        if self.first is None or ns < self.first[0]:
            self.first = ns, moment
        if self.last is None or ns > self.last[0]:
            self.last = ns, moment
        if passed < 0 or (longest is not None and passed > longest):
            return 0
        self.active_ns += passed
        return passed


class ActivityReader:
    """Takes the messages of one session, from the first; `activity` is asked once, after the last.

    `turn_count` is that of the metadata, 0 if its writer did not count turns; paths are relative to
    `directory`, if that is given. A `mode_history` of one entry says nothing that the metadata do not.
    """

    def __init__(
        self, turn_count: int = 0, directory: str = "", mode_history: ModeChanges = ()
    ) -> None:
        self._turn_count = turn_count
        self._directory = directory
        self._modes = ModeReader(mode_history)
        self._calls = CallReader()
        self._clock = _Clock()
        self._messages = self._turns = 0
        self._tools: dict[str, _Tool] = {}
        self._open: dict[str, _Open] = {}
        self._ended: set[str] = set()
        self._failed: list[FailedCall] = []
        self._files: dict[str, _File] = {}
        self._edited: list[EditedMessage] = []
        self._branches: set[object] = set()

    def add(self, number: int, message: MessageSnapshot) -> ToolCall | None:
        """Read the next message, whose number in the session counts from 1.

        Returns the tool call if it holds a call or an output, as `CallReader` does.
        """
        self._messages += 1
        said = genuine_user_text(message.item) is not None
        self._turns += said
        ns = ns_of(message.timestamp)
        call = self._calls.read(message)
        self._pass_time(number, message, ns, call)
        if call is None:
            self._add_records(number, message)
            self._use_files(number, [file.path for file in message.metadata.file_context])
        elif isinstance(message.item, FunctionCallOutput):
            self._end(number, ns, call)
        else:
            self._begin(number, ns, call, message)
        metadata = message.metadata
        if metadata.edited or metadata.edit_history:
            last = metadata.edit_history[-1][0] if metadata.edit_history else None
            self._edited.append(EditedMessage(number, len(metadata.edit_history), last))
        if metadata.branch_id is not None:
            self._branches.add(metadata.branch_id)
        return call

    # --- time

    def _pass_time(
        self, number: int, message: MessageSnapshot, ns: int, call: ToolCall | None
    ) -> None:
        item, longest = message.item, None
        if isinstance(item, Message) and item.role == "user":
            longest = _BREAK_NS
        elif call is not None and call.output is not None and call.outcome.seconds is not None:
            # The rest of the time was spent waiting for the person's consent.
            longest = max(_BREAK_NS, int(call.outcome.seconds * _SECOND) + _BREAK_NS)
        passed = self._clock.add(ns, message.timestamp, longest)
        self._modes.add(number, ns, passed)

    # --- tool calls

    def _begin(self, number: int, ns: int, call: ToolCall, message: MessageSnapshot) -> None:
        self._count(call.name, number)
        directory = call.directory or ""
        self._use_files(number, call.files, directory)
        assert isinstance(message.item, FunctionCall | LocalShellCall)
        begun = _Open(number, ns, call, file_changes(message.item, call.call) if call.files else ())
        if not call.call_id:
            self._finish(begun, call.outcome)
            return
        self._abandon(self._open.pop(call.call_id, None))
        self._ended.discard(call.call_id)
        self._open[call.call_id] = begun

    def _end(self, number: int, ns: int, answered: ToolCall) -> None:
        call_id = answered.call_id or ""
        begun = self._open.pop(call_id, None)
        named = begun.call.files if begun is not None else ()
        self._use_files(number, (path for path in answered.files if path not in named))
        if begun is None:
            # An output whose call is not in the session is a call all the same, but only once.
            if call_id in self._ended:
                return
            self._count(answered.name, number)
            begun = _Open(number, ns, answered, ())
        self._ended.add(call_id)
        outcome = answered.outcome
        if outcome.seconds is not None:
            self._tools[answered.name].ns += int(outcome.seconds * _SECOND)
        elif outcome.status is None and 0 < ns - begun.ns <= _BREAK_NS:
            self._tools[answered.name].ns += ns - begun.ns
        self._finish(begun, outcome, answered.output)

    def _abandon(self, begun: _Open | None) -> None:
        """A call without an output counts as done or failed only if its own message says so."""
        if begun is not None and begun.call.outcome.success is not None:
            self._finish(begun, begun.call.outcome)

    def _finish(self, begun: _Open, outcome: CallOutcome, output: Output | None = None) -> None:
        """Count what a call did, now that it is known how it went."""
        call, directory = begun.call, begun.call.directory or ""
        if outcome.success is False:
            self._tools[call.name].failed += 1
            gist = call.call.gist if call.call is not None else ""
            reason = failure_reason(outcome, output)
            self._failed.append(FailedCall(begun.number, call.name, gist[:_GIST], outcome, reason))
            return
        for path in dict.fromkeys(change.path for change in begun.changes):
            self._file(path, directory, begun.number).changes += 1
        for change in begun.changes:
            file = self._file(change.path, directory, begun.number)
            file.added += change.added
            file.removed += change.removed

    def _count(self, name: str, number: int) -> None:
        self._tools.setdefault(name, _Tool(number)).calls += 1

    def _add_records(self, number: int, message: MessageSnapshot) -> None:
        """Records in a message that holds neither a call nor an output are all there is of those calls."""
        for record in message.metadata.tool_calls:
            self._count(record.tool_name, number)
            tool = self._tools[record.tool_name]
            tool.ns += record.execution_time_ms * 10**6
            if not record.success:
                tool.failed += 1
                outcome = outcome_of_record(record)
                reason = failure_reason(outcome, None)
                self._failed.append(FailedCall(number, record.tool_name, "", outcome, reason))

    # --- files

    def _use_files(self, number: int, paths: Iterable[str], directory: str = "") -> None:
        for path in paths:
            if path:
                self._file(path, directory, number).uses += 1

    def _file(self, path: str, directory: str, number: int) -> _File:
        name = path
        if not _other_absolute(path):
            name = posixpath.normpath(posixpath.join(self._directory, directory, path))
            if self._directory:
                name = name.removeprefix(self._directory.rstrip("/") + "/")
        return self._files.setdefault(name, _File(number))

    # --- the result

    def activity(self) -> Activity:
        """What happened in the messages that were read."""
        for begun in self._open.values():
            self._abandon(begun)
        self._open.clear()
        clock = self._clock
        return Activity(
            messages=self._messages,
            turns=self._turn_count or self._turns,
            began=clock.first[1] if clock.first else None,
            ended=clock.last[1] if clock.last else None,
            seconds=(clock.last[0] - clock.first[0]) / _SECOND if clock.last and clock.first else 0,
            active_seconds=clock.active_ns / _SECOND,
            tools=tuple(
                ToolUse(name, t.calls, t.failed, t.ns / _SECOND, t.number)
                for name, t in sorted(self._tools.items(), key=lambda each: -each[1].calls)
            ),
            failed=tuple(sorted(self._failed, key=lambda each: each.number)),
            files=tuple(
                FileUse(path, f.uses, f.changes, f.added, f.removed, f.number)
                for path, f in self._files.items()
            ),
            edited=tuple(self._edited),
            branches=len(self._branches),
            modes=tuple(self._modes.periods(clock.last[0] if clock.last else 0)),
        )
