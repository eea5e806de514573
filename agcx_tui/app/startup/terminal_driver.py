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

from textual.drivers._writer_thread import WriterThread
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

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
        self._lock = threading.Lock()
        self._found: list[Message] = []

    def send_message(self, message: Message) -> None:
        with self._lock:
            self._found.append(message)
            if len(self._found) > 1:
                # They are fetched already.
                return
        self._loop.call_soon_threadsafe(self._hand_over)

    def _hand_over(self) -> None:
        with self._lock:
            found, self._found = self._found, []
        for message in found:
            self._app.post_message(message)

    def start_application_mode(self) -> None:
        super().start_application_mode()
        if self._writer_thread is not None:
            # It may take as much as there is: the loop must not wait for a place in it.
            self._writer_thread._queue.maxsize = 0

    def close(self) -> None:
        writer = self._writer_thread
        if writer is None:
            return
        writer._queue.put(None)
        writer.join(_PATIENCE)
        if writer.is_alive():
            self._discard_unread(writer)

    def _discard_unread(self, writer: WriterThread) -> None:
        """Nobody reads: what was written is of no use any more."""
        waiting = writer._queue
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
        os.set_blocking(self._file.fileno(), False)
        try:
            os.write(self._file.fileno(), _LEAVE)
        except OSError:
            pass
        finally:
            os.set_blocking(self._file.fileno(), True)
