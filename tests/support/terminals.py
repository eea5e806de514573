"""A program in a pseudo-terminal: its process, what is typed, and everything that it wrote.

Every wait has a deadline: a prompt that never comes fails the test instead of stopping it for ever.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Self

from tests.support.waiting import LIMIT


def agcx(*words: str | Path) -> list[str]:
    """The command that runs the program with these arguments."""
    return [sys.executable, "-m", "agcx_tui", *map(str, words)]


class Terminal:
    """A running program; a context manager that ends it.  `size` is columns, rows."""

    running: ClassVar[set[Terminal]] = set()

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        size: tuple[int, int] = (80, 24),
    ) -> None:
        self.ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        # Before the program has a chance to change it.
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=os.environ | (environment or {}),
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(theirs)
        self.written = b""
        self._open = True
        self.running.add(self)

    # --- what is typed

    def type(self, text: str | bytes) -> None:
        os.write(self.ours, text.encode() if isinstance(text, str) else text)

    def interrupt(self) -> None:
        """Ctrl+C, again and again: one that comes just before Python waits for a line is not seen.

        The time between is long: what is ending already must not be hit by another one.
        """
        end = again = time.monotonic()
        while self.process.poll() is None:
            assert time.monotonic() < end + LIMIT, f"ctrl+c ended nothing: {self.written[-1000:]!r}"
            if time.monotonic() >= again:
                self.type("\x03")
                again += 10
            self._read(0.05)

    # --- what it writes

    def until(self, holds: Callable[[], object], what: str = "what is waited for") -> None:
        """Read what the program writes until something holds; an AssertionError if it never does."""
        end = time.monotonic() + LIMIT
        while not holds():
            assert time.monotonic() < end, f"{what} never came, but {self.written[-2000:]!r}"
            self._read(0.05)

    def wait_for(self, text: str | bytes) -> None:
        """Read until `text` was written."""
        wanted = text.encode() if isinstance(text, str) else text

        def shown() -> bool:
            assert self._open or wanted in self.written, f"{text!r} never came: {self.written!r}"
            return wanted in self.written

        self.until(shown, repr(text))

    def drain(self) -> None:
        """Read what a stopped program has left to be read."""
        while self._read(0.2):
            pass

    def modes(self) -> list:
        """How the terminal is set: `before` is how it was found."""
        return termios.tcgetattr(self.ours)

    # --- the process

    def is_stopped(self) -> bool:
        pid, status = os.waitpid(self.process.pid, os.WNOHANG | os.WUNTRACED)
        return pid != 0 and os.WIFSTOPPED(status)

    def end(self) -> int:
        """Wait until the program has ended and all was read; gives its exit status."""
        self.until(lambda: self.process.poll() is not None, "the end")
        self.until(lambda: not self._open, "the end of what it wrote")
        return self.process.returncode

    def finish(self) -> tuple[int, str]:
        """Wait for the end and close the terminal; gives the exit status and all that was shown."""
        with self:
            return self.end(), self.written.decode()

    def close(self) -> None:
        if self.process.poll() is None:
            # Its children as well: the program leads a session of its own.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.ours)
        self.running.discard(self)

    @classmethod
    def close_all(cls) -> None:
        """End what a test that failed left running."""
        for terminal in list(cls.running):
            terminal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read(self, seconds: float) -> bool:
        """Read what comes within so long; False when nothing did."""
        if not self._open:
            time.sleep(0.005)
            return False
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self.ours, 65536)
        except OSError as cause:
            # Linux says so when nobody has the other side open any more.
            assert cause.errno == errno.EIO
            piece = b""
        self.written += piece
        self._open = bool(piece)
        return self._open


def _take_terminal() -> None:
    """Make it the controlling terminal, so that Ctrl+C and Ctrl+Z reach the program."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
