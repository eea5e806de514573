"""What speaks to the terminal: Textual's driver, where much comes in at once, or nobody reads what goes out.

Strategy: what the thread that reads keys finds is handed over in lists, not key by key: a pasted text
of a hundred thousand characters without brackets would keep the event loop busy with that alone.
Writing never waits for the terminal: its thread may, and the loop goes on, so that signals are obeyed.
At the end, what nobody has read for a moment is discarded.
"""

from __future__ import annotations

import os
import termios
import threading
import time
from queue import Queue

from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from agcx_tui.app import textual_internals

__all__ = ["TerminalDriver"]

# Seconds that the terminal has at the end to read what is written, and between two looks after that.
_PATIENCE, _STEP = 1.0, 0.02
# Seconds after which it is left alone, whatever it does.
_LONGEST = 30.0
# What undoes all that the driver does to the terminal.
_LEAVE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"
    b"\x1b[<u\x1b[?1049l\x1b[?25h\x1b[?1004l"
)


class TerminalDriver(LinuxDriver):
    """Textual's driver with the two differences that the module tells of."""

    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self._reading = threading.Lock()
        self._found: list[Message] = []

    def send_message(self, message: Message) -> None:
        with self._reading:
            self._found.append(message)
            if len(self._found) > 1:
                # They are fetched already.
                return
        textual_internals.call_in_loop(self, self._hand_over)

    def _hand_over(self) -> None:
        with self._reading:
            found, self._found = self._found, []
        app = textual_internals.app_of(self)
        for message in found:
            app.post_message(message)

    def start_application_mode(self) -> None:
        super().start_application_mode()
        waiting = textual_internals.output_queue(self)
        if waiting is not None:
            # It may take as much as there is: the loop must not wait for a place in it.
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
        """Nobody reads: what was written is of no use any more."""
        with waiting.mutex:
            waiting.queue.clear()
        waiting.put(None)
        end = time.monotonic() + _LONGEST
        while writer.is_alive() and time.monotonic() < end:
            try:
                termios.tcflush(self.fileno, termios.TCOFLUSH)
                # A write that waits for room is woken by this, and not by there being room.
                termios.tcflow(self.fileno, termios.TCOOFF)
                termios.tcflow(self.fileno, termios.TCOON)
            except termios.error:
                break
            writer.join(_STEP)
        # It may have been discarded with the rest.
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
