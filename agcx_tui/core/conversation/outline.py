"""Reads the outline of a conversation, and puts its turns into words."""

from __future__ import annotations

from collections.abc import Callable

from agcx_format import MessageSource
from agcx_format.transcript import Outline, OutlineTurn, safe_line
from agcx_tui.core.conversation.find_message import all_messages
from agcx_tui.core.words.durations import seconds_text
from agcx_tui.core.words.format import counted

__all__ = ["read_outline", "turn_columns", "turn_words"]


def read_outline(
    source: MessageSource, stopped: Callable[[], bool] = lambda: False
) -> Outline | None:
    """Read all messages that can be read; None if `stopped`.  Blocks.

    Raises:
        PersistenceError: The file was closed.
    """
    outline = Outline()
    for number, message in all_messages(source, stopped):
        outline.add(number - 1, message)
    return None if stopped() else outline


def turn_words(turn: OutlineTurn) -> str:
    """The first words of a turn, safe for a screen."""
    return safe_line(turn.words) or "(a picture)"


def turn_columns(turn: OutlineTurn) -> tuple[str, str, str]:
    """How long it took, its calls, and its failures, each empty where there is nothing to say."""
    return (
        seconds_text(turn.seconds),
        counted(turn.calls, "call") if turn.calls else "",
        f"{turn.failed:,} failed" if turn.failed else "",
    )
