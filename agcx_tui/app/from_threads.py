"""How what a thread found reaches a widget, or is dropped: the widget may be gone by then, or the app.

Strategy: Textual drops a message to a widget that is closed, but looks for the app's event loop after that
check, through the parents of the widget, since a thread has no active app.  A widget that is removed in
between has none.  A thread therefore posts and calls through these functions only, and never waits for
the app, which may be waiting for the thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.message import Message
from textual.message_pump import MessagePump

__all__ = ["call", "post"]


def post(receiver: MessagePump, message: Message) -> bool:
    """Post a message from a thread; false if the widget is gone, or the app has ended."""
    return _unless_gone(partial(receiver.post_message, message))


def call(receiver: MessagePump, callback: Callable[..., object], *arguments: object) -> bool:
    """Have a widget or the app call something in its event loop, without waiting; false as for `post`."""
    return _unless_gone(partial(receiver.call_later, callback, *arguments))


def _unless_gone(send: Callable[[], bool]) -> bool:
    try:
        return send()
    except (RuntimeError, AttributeError):
        # Since Textual's check, the widget was removed (`NoActiveAppError`), the loop was closed, or the
        # app lost its loop.  Sending runs no code of ours that could raise these.
        return False
