"""Copies from any screen, and says how the text was copied, if it was.

Strategy: a thread runs the programs that can take a text (`clipboard.py`).  If none takes it, it goes to
the terminal, which never answers: that is called sent, not copied.
"""

from __future__ import annotations

import os
import threading
from base64 import b64encode
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from textual.app import App

from agcx_tui.app import from_threads
from agcx_tui.app.textual_internals import set_app_clipboard, write_to_terminal
from agcx_tui.core.local import clipboard

__all__ = ["Copying", "copy"]

# OSC 52 is cut off by terminals somewhere above this many characters.
_LIMIT = 75_000


# The copies of each app that runs.
_COPYING: WeakKeyDictionary[App[Any], Copying] = WeakKeyDictionary()


class Copying:
    """Copies made in one app; only the last counts."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._latest = 0

    def copy(self, text: str, what: str) -> None:
        """Copy `text` and say so; `what` names it, in words that are safe to show."""
        if len(text) > _LIMIT:
            words = f"{len(text):,} characters are too many for the clipboard; export it instead."
            self._app.notify(words, severity="warning", markup=False)
            return
        # For the app's own fields.
        set_app_clipboard(self._app, text)
        self._latest += 1
        number = self._latest
        if clipboard.may_be_taken(os.environ):
            put = partial(self._put, number, text, what)
            self._app.run_worker(put, name="copy", group="copy", thread=True, exit_on_error=False)
        else:
            self._report(number, text, what, clipboard.Taken())

    def _put(self, number: int, text: str, what: str) -> None:
        """In a thread; of several copies in a row the last one stays."""
        with self._lock:
            if number != self._latest:
                return
            taken = clipboard.put(clipboard.as_bytes(text), os.environ)
        from_threads.call(self._app, self._report, number, text, what, taken)

    def _report(self, number: int, text: str, what: str, taken: clipboard.Taken) -> None:
        if number != self._latest:
            return
        if not taken:
            self._send(text)
        self._app.notify(_words(what, taken), markup=False)

    def _send(self, text: str) -> None:
        data = b64encode(clipboard.as_bytes(text)).decode()
        write_to_terminal(self._app, f"\x1b]52;c;{data}\a")


def copy(app: App[Any], text: str, what: str) -> None:
    """Copy a text for an app, and say so; `what` names it, in words that are safe to show."""
    if app not in _COPYING:
        _COPYING[app] = Copying(app)
    _COPYING[app].copy(text, what)


def _words(what: str, taken: clipboard.Taken) -> str:
    if taken.program:
        also = ", and to tmux's buffer" if taken.tmux else ""
        return f"Copied {what} with {taken.program}{also}."
    if taken.handed_on:
        return f"Copied {what} to tmux's buffer, and through it to the terminal."
    if taken.tmux:
        return f"Copied {what} to tmux's buffer, and nowhere else."
    return f"Sent {what} to the terminal, for its clipboard."
