"""What each way on from a branch point has: how many messages, how it ends, and what only it ran or touched.

Strategy: one pass beside that of `BranchFinder`, which keeps for each command and file the branches that have
it, with the first message there; whatever another branch has as well says nothing about the difference.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from agcx_format.model.items import Message, MessageSnapshot
from agcx_format.transcript.branches import Branches, Way
from agcx_format.transcript.title import short_title
from agcx_format.transcript.tool_calls import CallReader
from agcx_format.transcript.words import text_of

__all__ = ["BranchContents", "WayContent"]

# As much of a command as distinguishes it from others.
_COMMAND = 200
# Characters of the last words.
_WORDS = 120
# As much of a message as its first words are looked for in.
_LOOKED_AT = 1000


class WayContent(msgspec.Struct, frozen=True):
    """What is on one way, apart from the messages before it.

    Fields:
        messages: how many are in its branch from its first one on.
        ends: the first words of the last answer; empty if there is none.
        commands: those that ran nowhere else, in order, each once.
        files: those that no other part of the conversation names, likewise.
    """

    messages: int
    ends: str
    commands: tuple[str, ...]
    files: tuple[str, ...]


class _Places:
    """Where names occur: for each the branches, with the number of the first message there."""

    def __init__(self) -> None:
        self._first: dict[str, dict[UUID | None, int]] = {}

    def add(self, name: str, branch: UUID | None, number: int) -> None:
        self._first.setdefault(name, {}).setdefault(branch, number)

    def only_on(self, way: Way) -> tuple[str, ...]:
        return tuple(
            name
            for name, places in self._first.items()
            if len(places) == 1 and places.get(way.branch, 0) >= way.start
        )


class BranchContents:
    """Takes all messages of a conversation, in order, as `BranchFinder` does."""

    def __init__(self) -> None:
        self._calls = CallReader()
        self._commands = _Places()
        self._files = _Places()
        self._answers: dict[UUID | None, tuple[int, str]] = {}

    def add(self, number: int, message: MessageSnapshot) -> None:
        """The next message; `number` counts from 1."""
        branch, item = message.metadata.branch_id, message.item
        call = self._calls.read(message)
        if call is not None:
            if call.command:
                self._commands.add(call.command[:_COMMAND], branch, number)
            for path in call.files:
                self._files.add(path, branch, number)
        elif isinstance(item, Message) and item.role == "assistant":
            self._answers[branch] = number, text_of(item)[:_LOOKED_AT]

    def of(self, branches: Branches, way: Way) -> WayContent:
        """What is on a way of these branches, once every message was added."""
        number, answer = self._answers.get(way.branch, (0, ""))
        return WayContent(
            branches.messages_on(way),
            short_title(answer, _WORDS) if number >= way.start else "",
            self._commands.only_on(way),
            self._files.only_on(way),
        )
