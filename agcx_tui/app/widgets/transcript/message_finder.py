"""Finds a message by what it is: the next turn of the user, the message that another branches from.

Strategy: a thread looks at one message after the other and posts what it found; an answer to an older
question is ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from textual.message import Message
from textual.widget import Widget
from textual.worker import get_current_worker

from agcx_format import MessageSnapshot, MessageSource
from agcx_tui.app import from_threads
from agcx_tui.core.conversation.find_message import find_message

__all__ = ["MessageFinder", "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for: from message `start` (from 0) on, forward (1) or backward (-1).

    Fields:
        name: what it is, for the person who waits.
        passed: whether the message with an index is passed over although it matches.
    """

    name: str
    start: int
    direction: int
    matches: Callable[[MessageSnapshot], bool]
    passed: Callable[[int], bool] = lambda index: False


class MessageFinder:
    """Looks for one message at a time; `wanted` says what, empty while nothing is looked for."""

    @dataclass
    class Found(Message, bubble=False):
        """Search number `number` ended at message `index`, or without one."""

        number: int
        index: int | None

    def __init__(self, widget: Widget) -> None:
        """`widget` gets `Found`, and asks `is_current` whether the answer still counts."""
        self.wanted = ""
        self._widget = widget
        self._number = 0

    def start(self, wanted: Wanted, source: MessageSource) -> None:
        """Look for something in a source."""
        self.stop()
        self.wanted = wanted.name
        number = self._number

        def look() -> None:
            worker = get_current_worker()

            def find(start: int) -> int | None:
                return find_message(
                    source,
                    start,
                    wanted.direction,
                    wanted.matches,
                    lambda: worker.is_cancelled or number != self._number,
                )

            index = find(wanted.start)
            while index is not None and wanted.passed(index):
                index = find(index + wanted.direction)
            from_threads.post(self._widget, self.Found(number, index))

        self._widget.run_worker(look, thread=True, exclusive=True, group="find")

    def stop(self) -> None:
        """Look for nothing."""
        self.wanted = ""
        self._number += 1

    def is_current(self, message: Found) -> bool:
        """Whether this is what is looked for now."""
        return message.number == self._number
