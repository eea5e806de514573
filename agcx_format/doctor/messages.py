"""Checks the messages of a section one by one: whether each decodes, and what is unusual about it.

Strategy: each message that cannot be decoded is its own finding (`ReportDraft` bounds how many). Anything
else is counted and reported once, with the first message that it applies to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.counting import counted
from agcx_format.doctor.report import ReportDraft, Severity
from agcx_format.errors import PersistenceError
from agcx_format.model.items import Message, MessageSnapshot, ReasoningWithoutContent, UnknownItem
from agcx_format.model.timestamps import ns_of
from agcx_format.session.message_walk import MessageWalk

__all__ = ["Stopped", "check_messages"]

_SECTION = "messages"

# A section may claim four billion messages of one byte: the check gives up earlier.
_MOST_BAD = 10_000

# Kinds of findings that are reported once, with the first message that they apply to.
_NOTES = {
    "unknown-kind": "of a kind that is not known, kept as it is",
    "other-form": "not in the form that is written today, it reads the same",
    "unreadable-for-rust": "reasoning in a form that AGCodex writes and cannot load: it refuses this session",
    "time-order": "older than the message before it",
    "too-large": f"larger than {limits.MESSAGE_SHOWN:,} bytes, not looked into",
}

# Kinds that are warnings rather than information, and what helps.
_WRONG = {"unreadable-for-rust": "; agcx repair writes a copy that it loads"}


class Stopped(Exception):
    """The caller asked a check to end."""


def check_messages(
    draft: ReportDraft,
    walk: MessageWalk,
    *,
    base: int,
    should_stop: Callable[[], bool] = lambda: False,
) -> int:
    """Walk to the end; returns how many messages could be decoded.

    `base` is the offset of the compressed section in the file.

    Raises:
        Stopped: `should_stop` returned True.
    """
    notes, readable = _Notes(), 0
    previous = None
    for index, start, raw in walk:
        if index % 256 == 0 and should_stop():
            raise Stopped
        if raw is None:
            notes.count("too-large", index)
            readable += 1
            continue
        try:
            message = messagepack.decode(MessageSnapshot, raw)
        except PersistenceError as error:
            error.located(section=_SECTION, base=start, decompressed=True)
            draft.error(error, _SECTION, "message", message=index + 1)
            if index + 1 - readable >= _MOST_BAD:
                reason = f"{_MOST_BAD:,} messages cannot be decoded: the rest was not looked at"
                draft.add(Severity.ERROR, "given-up", _SECTION, reason)
                break
            continue
        readable += 1
        now = ns_of(message.timestamp)
        if previous is not None and now < previous:
            notes.count("time-order", index)
        previous = now
        notes.look_at(index, message, raw)
    if walk.error is not None:
        claimed = walk.scanner.count
        found = counted(walk.found, "message")
        if claimed is not None:
            found = f"{walk.found:,} of {counted(claimed, 'message')}"
        draft.error(walk.error.located(section=_SECTION, base=base), _SECTION)
        draft.add(Severity.ERROR, "missing", _SECTION, f"{found} before the damage")
    notes.report(draft)
    return readable


def _unknown_kinds(message: MessageSnapshot) -> Iterator[str]:
    """The tags of the items and content parts of a message whose kind is not known."""
    if type(message.item) is Message and not message.metadata.edit_history:
        items: tuple[object, ...] = (message.item,)
    else:
        items = (message.item, *(item for _, item in message.metadata.edit_history))
    for item in items:
        if isinstance(item, UnknownItem):
            yield item.tag
        elif isinstance(item, Message):
            yield from (part.tag for part in item.content if isinstance(part, UnknownItem))


class _Notes:
    """Counts the messages that each note applies to, and remembers the first."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(_NOTES, 0)
        self._first: dict[str, int] = {}
        self._kinds: dict[str, None] = {}

    def count(self, code: str, index: int) -> None:
        self._counts[code] += 1
        self._first.setdefault(code, index + 1)

    def look_at(self, index: int, message: MessageSnapshot, raw: bytes) -> None:
        if kinds := list(_unknown_kinds(message)):
            self.count("unknown-kind", index)
            if len(self._kinds) < 10:
                self._kinds |= dict.fromkeys(kind[:60] for kind in kinds)
        if messagepack.encode(message) != raw:
            self.count("other-form", index)
        edits = (item for _, item in message.metadata.edit_history)
        if any(isinstance(item, ReasoningWithoutContent) for item in (message.item, *edits)):
            self.count("unreadable-for-rust", index)

    def report(self, draft: ReportDraft) -> None:
        for code, reason in _NOTES.items():
            if count := self._counts[code]:
                if code == "unknown-kind":
                    reason += f" ({', '.join(self._kinds)})"
                if count > 1:
                    reason += f"; so are {count - 1:,} more"
                severity = Severity.WARNING if code in _WRONG else Severity.INFO
                reason += _WRONG.get(code, "")
                draft.add(severity, code, _SECTION, reason, message=self._first[code])
