"""Textual's driver for the terminal, prepared for much input at once and for a terminal that stops reading.

Strategy: the thread that reads keys passes them on in batches: a pasted text of a hundred thousand
characters, without bracketed paste, would keep the event loop busy key by key.  Writing never blocks the
event loop, only a thread, so that signals are still handled.  At the end, output that the terminal does not
read for a moment is discarded.
"""

from __future__ import annotations

import os
import termios
import threading
import time
from queue import Queue
from typing import Any

from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from agcx_tui.app import textual_internals

__all__ = ["TerminalDriver"]

# Seconds for the terminal to read the last output, and between two checks after that.
_PATIENCE, _STEP = 1.0, 0.02
# Seconds after which we give up.
_LONGEST = 30.0
# Undoes everything that the driver does to the terminal.
_LEAVE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)


class TerminalDriver(LinuxDriver):
    """Textual's driver with batches of input and output that never blocks."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._reading = threading.Lock()
        self._found: list[Message] = []

    def send_message(self, message: Message) -> None:
        with self._reading:
            self._found.append(message)
            if len(self._found) > 1:
                # The loop is about to fetch them.
                return
        textual_internals.call_in_loop(self, self._hand_over)

    def _hand_over(self) -> None:
        with self._reading:
            found, self._found = self._found, []
        app = textual_internals.app_of(self)
        for message in found:
            app.post_message(message)

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        waiting = textual_internals.output_queue(self)
        if waiting is not None:
            # Unlimited, so that the loop never waits for space in it.
            waiting.maxsize = 0

    def close(self) -> None:
        writer, waiting = (
            textual_internals.output_thread(self),
            textual_internals.output_queue(self),
        )
        if writer is None or waiting is None:
            return
        waiting.put(None)
        writer.join(_PATIENCE)
        if writer.is_alive():
            self._discard_unread(writer, waiting)

    def _discard_unread(self, writer: threading.Thread, waiting: Queue[str | None]) -> None:
        """Discard the output, since the terminal does not read it."""
        with waiting.mutex:
            waiting.queue.clear()
        waiting.put(None)
        end = time.monotonic() + _LONGEST
        while writer.is_alive() and time.monotonic() < end:
            try:
                termios.tcflush(self.fileno, termios.TCOFLUSH)
                # This wakes a write that waits for space; the space alone would not.
                termios.tcflow(self.fileno, termios.TCOOFF)
                termios.tcflow(self.fileno, termios.TCOON)
            except termios.error:
                break
            writer.join(_STEP)
        # Write this again: it may have been discarded with the rest.
        stream = textual_internals.terminal_file(self)
        if stream is None:
            return
        terminal = stream.fileno()
        os.set_blocking(terminal, False)
        try:
            os.write(terminal, _LEAVE)
        except OSError:
            pass
        finally:
            os.set_blocking(terminal, True)
