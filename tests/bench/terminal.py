"""A program in a pseudo-terminal, as it shows itself to a person: bytes in, bytes out, and when.

Strategy: a thread does nothing but read, and notes when each piece came.  Everything is worked out
from these notes afterwards, so what it costs to look at the text delays no time.  Nothing is ever
answered: a program that asks the terminal something and waits for it is seen to wait.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Self

import pyte

from tests.support.waiting import LIMIT

__all__ = ["DOWN", "END", "ENTER", "ESCAPE", "NotShown", "Terminal"]

DOWN, END, ENTER, ESCAPE = b"\x1b[B", b"\x1b[F", b"\r", b"\x1b"
_QUIT = b"\x11"

_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]P_^X].*?(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\`-~])", re.DOTALL
)
# What comes within this time of the piece before belongs to the same picture.
_BURST = 0.012


class NotShown(Exception):
    """The text that was waited for did not come."""


class Terminal:
    """A running program; a context manager that ends it.  `size` is columns, rows.

    All times are seconds by `time.perf_counter`; `started` is just before the process was made, and
    `modes_before` are those of the terminal until then.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        size: tuple[int, int] = (120, 40),
    ) -> None:
        self._columns, self._rows = size
        self._changed = threading.Condition()
        self._pieces: list[tuple[float, bytes]] = []
        self._ended = False
        self.master, slave = os.openpty()
        window = struct.pack("HHHH", self._rows, self._columns, 0, 0)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, window)
        # The first terminal that a leader of a session opens becomes the one that controls it.
        name = os.ttyname(slave)
        files = [(os.POSIX_SPAWN_OPEN, fd, name, os.O_RDWR, 0) for fd in (0, 1, 2)]
        self.modes_before = termios.tcgetattr(slave)
        self.started = time.perf_counter()
        self.pid = os.posix_spawn(
            command[0], command, dict(environment), file_actions=files, setsid=True
        )
        os.close(slave)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    # --- in

    def write(self, data: bytes) -> float:
        """Type something; gives when."""
        now = time.perf_counter()
        os.write(self.master, data)
        return now

    def press(self, key: bytes, timeout: float = 5) -> float:
        """Seconds from a key to the last byte of the picture that it made.

        What comes later, after a pause, is left out: see `wait_quiet`.
        """
        mark, sent = self.mark(), self.write(key)
        self._await_piece(mark, timeout, f"an answer to {key!r}")
        return self._end_of_burst(mark) - sent

    def press_until_still(self, key: bytes, seconds: float = 0.3) -> float:
        """Seconds from a key to the last byte that comes before nothing more does for `seconds`."""
        mark, sent = self.mark(), self.write(key)
        self._await_piece(mark, 5, f"an answer to {key!r}")
        while time.perf_counter() - self._pieces[-1][0] < seconds:
            time.sleep(seconds / 10)
        return self._pieces[-1][0] - sent

    def press_for(self, key: bytes, text: str, timeout: float = 30) -> float:
        """Seconds from a key to the last byte of the picture that has `text` in it."""
        mark, sent = self.mark(), self.write(key)
        found = self._find(text, mark, timeout)
        return self._end_of_burst(found) - sent

    def hold(self, key: bytes, presses: int, rate: float = 30) -> list[float]:
        """A key held down, `rate` times a second: for each press, seconds to its last byte.

        A press without any byte before the next one is late, until the first byte that comes.
        """
        mark, sent = self.mark(), []
        begun = time.perf_counter()
        for number in range(presses):
            time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            sent.append(self.write(key))
        time.sleep(1 / rate)
        end = time.perf_counter()
        self.wait_quiet(0.1)
        self._check_alive()
        arrived = [when for when, _ in self._pieces[mark:]]
        return [
            _latency(arrived, at, until) for at, until in zip(sent, [*sent[1:], end], strict=True)
        ]

    # --- out

    def mark(self) -> int:
        """The place in the output from which on something is to be looked for."""
        return len(self._pieces)

    def wait_for(self, text: str, mark: int = 0, timeout: float = LIMIT) -> float:
        """When the piece with the end of `text` came; `text` is a regular expression.

        Looked for in what is printed, so it has to be in one line and printed in one go; colours
        do not matter.  `NotShown` after `timeout` seconds.
        """
        return self._pieces[self._find(text, mark, timeout)][0]

    def wait_quiet(self, seconds: float = 0.15, timeout: float = 180) -> None:
        """Until nothing came for so long, and the program did next to nothing meanwhile."""
        limit = time.perf_counter() + timeout
        while time.perf_counter() < limit:
            self._check_alive()
            before = self.busy()
            time.sleep(seconds)
            last = self._pieces[-1][0] if self._pieces else 0
            idle = self.busy() - before < 0.15 * seconds and not self._waits_for_a_processor()
            if idle and time.perf_counter() - last > seconds:
                return
        raise NotShown(f"the program was never quiet for {seconds} s")

    @property
    def pieces(self) -> list[tuple[float, bytes]]:
        """All that came so far, and when."""
        return list(self._pieces)

    def screen(self) -> list[str]:
        """The lines that a person sees now."""
        screen = pyte.Screen(self._columns, self._rows)
        stream = pyte.ByteStream(screen)
        # pyte takes the marker of a private sequence for none, and obeys the rest.
        private = re.compile(rb"\x1b\[[<=>][0-?]*[ -/]*[@-~]")
        stream.feed(private.sub(b"", b"".join(piece for _, piece in self._pieces)))
        return [line.rstrip() for line in screen.display]

    # --- the process

    def memory(self) -> int:
        """Resident memory in bytes."""
        self._check_alive()
        with open(f"/proc/{self.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def busy(self) -> float:
        """Seconds of processor time that all its threads took so far."""
        with open(f"/proc/{self.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _waits_for_a_processor(self) -> bool:
        """Whether one of its threads has something to do: on a busy machine it may be slow to do it."""
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{self.pid}/task/{task}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] in "RD":
                    return True
        return False

    def close(self) -> None:
        """End it with ctrl+q, by force when that does not help."""
        with contextlib.suppress(OSError):
            os.write(self.master, _QUIT)
        for _ in range(200):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
            time.sleep(0.01)
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self._ended = True
        self._thread.join(timeout=1)
        os.close(self.master)

    def wait_end(self, timeout: float = LIMIT) -> None:
        """Until the program ends by itself."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._ended, timeout):
                raise self._not_shown("the program did not end")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- inside

    def _read(self) -> None:
        while not self._ended:
            if not select.select([self.master], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(self.master, 1 << 16)
            except OSError:
                piece = b""
            now = time.perf_counter()
            with self._changed:
                if piece:
                    self._pieces.append((now, piece))
                else:
                    self._ended = True
                self._changed.notify_all()

    def _await_piece(self, number: int, timeout: float, what: str) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._pieces) > number or self._ended, timeout)
        if len(self._pieces) <= number:
            raise self._not_shown(f"{what} did not come")

    def _check_alive(self) -> None:
        if self._ended:
            raise self._not_shown("the program ended")

    def _not_shown(self, what: str) -> NotShown:
        """The first line says what, the others what a person saw instead."""
        return NotShown("\n".join([what, *filter(None, self.screen())]))

    def _find(self, text: str, mark: int, timeout: float) -> int:
        """The number of the piece with which `text` is there."""
        pattern, limit = re.compile(text), time.perf_counter() + timeout
        printed, at = _Printed(), mark
        while True:
            self._await_piece(at, limit - time.perf_counter(), f"the text {text!r}")
            if pattern.search(printed.feed(self._pieces[at][1])):
                return at
            at += 1

    def _end_of_burst(self, piece: int) -> float:
        """When the last byte of the picture came to which a piece belongs."""
        while True:
            when = self._pieces[piece][0]
            time.sleep(max(0.0, when + _BURST - time.perf_counter()))
            if len(self._pieces) == piece + 1 or self._pieces[piece + 1][0] - when > _BURST:
                return when
            piece += 1


class _Printed:
    """The text in a stream of bytes, without the sequences; one that is cut waits for its rest."""

    def __init__(self) -> None:
        self._rest = b""
        self._text = ""

    def feed(self, piece: bytes) -> str:
        """All text so far, its last kilobyte at least."""
        raw = self._rest + piece
        cut = raw.rfind(b"\x1b")
        if cut >= 0 and not _SEQUENCE.match(raw[cut:].decode("latin-1")) and len(raw) - cut < 4096:
            raw, self._rest = raw[:cut], raw[cut:]
        else:
            self._rest = b""
        self._text = self._text[-1000:] + _SEQUENCE.sub("", raw.decode("utf-8", "replace"))
        return self._text


def _latency(arrived: Sequence[float], at: float, until: float) -> float:
    own = [when for when in arrived if at <= when < until]
    if own:
        return own[-1] - at
    return next((when for when in arrived if when >= until), float("inf")) - at
