"""What happened in a conversation, as facts that lead to messages: for a tab and for the command line.

Strategy: the library counts; here it becomes words.  What people ask for most comes first: how long, what
failed, which files; each group says how many there are, so that a long one need not be counted.
"""

from __future__ import annotations

from collections.abc import Callable

from agcx_format import ModeHistory, ns_of
from agcx_format.errors import PersistenceError
from agcx_format.transcript import (
    Activity,
    ActivityReader,
    EditedMessage,
    FailedCall,
    FileUse,
    ToolUse,
)
from agcx_tui.core.conversation.fact import Fact, Group
from agcx_tui.core.conversation.facts import mode_facts
from agcx_tui.core.conversation.find_message import all_messages
from agcx_tui.core.conversation.subject import Conversation
from agcx_tui.core.words import format
from agcx_tui.core.words.durations import seconds_text
from agcx_tui.core.words.format import counted

__all__ = ["activity_facts", "read_activity"]


def read_activity(
    conversation: Conversation, stopped: Callable[[], bool] = lambda: False
) -> Activity | None:
    """Read all messages and say what happened in those that can be read; None if `stopped`.  Blocks.

    Raises:
        PersistenceError: The file was closed.
    """
    reader = ActivityReader(
        conversation.metadata.turn_count, _directory(conversation), _mode_history(conversation)
    )
    for number, message in all_messages(conversation.source, stopped):
        reader.add(number, message)
    return None if stopped() else reader.activity()


def _directory(conversation: Conversation) -> str:
    try:
        return conversation.context().working_directory
    except PersistenceError:
        return ""


def _mode_history(conversation: Conversation) -> ModeHistory:
    try:
        return conversation.mode_history()
    except PersistenceError:
        return []


def activity_facts(activity: Activity, usage: tuple[Fact, ...] = ()) -> list[Group]:
    """All that happened, with the `usage` of tokens if that is known; groups without facts are left out."""
    groups = [
        Group("Activity", (*_summary(activity), *usage)),
        _group("Modes", mode_facts(activity.modes)),
        _group("Failed calls", tuple(map(_failed, activity.failed))),
        _group("Tools", tuple(map(_tool, activity.tools))),
        _group("Files changed", tuple(_file(f) for f in activity.files if f.changes)),
        _group("Other files", tuple(_file(f) for f in activity.files if not f.changes)),
        _group("Edited messages", tuple(map(_edited, activity.edited))),
    ]
    return [group for group in groups if group.facts]


def _group(title: str, facts: tuple[Fact, ...]) -> Group:
    return Group(f"{title} · {len(facts):,}" if len(facts) > 1 else title, facts)


def _summary(activity: Activity) -> list[Fact]:
    if activity.began is None or activity.ended is None:
        return [Fact("messages", "0")]
    span = f"{_moment(activity.began)} to {_moment(activity.ended)}"
    facts = [
        Fact("took", seconds_text(activity.seconds) or "no time", span),
        Fact("active", seconds_text(activity.active_seconds) or "no time", _BREAKS),
        Fact("turns", f"{activity.turns:,}", counted(activity.messages, "message")),
    ]
    if activity.calls:
        failed = f"{len(activity.failed):,} failed" if activity.failed else ""
        facts.append(Fact("tool calls", f"{activity.calls:,}", failed))
    changed = sum(file.changes > 0 for file in activity.files)
    if changed:
        facts.append(
            Fact("lines", _lines(activity.added, activity.removed), f"in {_files(changed)}")
        )
    if activity.branches:
        facts.append(Fact("branches", f"{activity.branches:,}"))
    return facts


_BREAKS = "without breaks of more than 5 min"


def _files(count: int) -> str:
    return counted(count, "file")


def _failed(call: FailedCall) -> Fact:
    words = " · ".join(filter(None, (call.outcome.word, call.name, call.gist)))
    return Fact(f"message {call.number:,}", words, call.reason, message=call.number)


def _tool(tool: ToolUse) -> Fact:
    words = counted(tool.calls, "call")
    failed = f"{tool.failed:,} failed" if tool.failed else ""
    note = " · ".join(filter(None, (failed, seconds_text(tool.seconds))))
    return Fact(tool.name or "(no name)", words, note, message=tool.number)


def _file(file: FileUse) -> Fact:
    name = _lines(file.added, file.removed) if file.changes else f"message {file.number:,}"
    uses = f"named {counted(file.uses, 'time')}"
    return Fact(name, file.path, uses if file.uses > 1 else "", message=file.number)


def _lines(added: int, removed: int) -> str:
    return f"+{added:,} −{removed:,}"


def _edited(message: EditedMessage) -> Fact:
    words = counted(message.versions, "earlier version") if message.versions else "edited"
    last = f"last {_moment(message.last)}" if message.last else ""
    return Fact(f"message {message.number:,}", words, last, message=message.number)


def _moment(moment: str) -> str:
    return format.exact(ns_of(moment) // 1000)
