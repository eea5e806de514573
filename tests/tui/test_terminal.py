"""The terminal is left as it was found, however the program ends or stops."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tui.browsing import demo_copy

ROOT = Path(__file__).parents[2]

ALTERNATE, MAIN = b"\x1b[?1049h", b"\x1b[?1049l"
HIDDEN, SHOWN = b"\x1b[?25l", b"\x1b[?25h"
# What the mouse, the pasting and the focus are told to report.
ASKED = [b"1000", b"1003", b"1015", b"1006", b"2004", b"1004"]


class Browser:
    """The program in a terminal of 80×24: its process and what it wrote."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int, theirs: int) -> None:
        self.process = process
        self.ours = ours
        self.theirs = theirs
        self.written = b""

    def until(self, holds, what: str) -> None:
        """Read what the program writes until something holds; an assertion that it comes to."""
        end = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < end, (what, self.written[-1000:])
            if select.select([self.ours], [], [], 0.05)[0]:
                self.written += os.read(self.ours, 65536)

    def is_stopped(self) -> bool:
        pid, status = os.waitpid(self.process.pid, os.WNOHANG | os.WUNTRACED)
        return pid != 0 and os.WIFSTOPPED(status)

    def modes(self) -> list:
        return termios.tcgetattr(self.theirs)

    def end(self) -> int:
        self.until(lambda: self.process.poll() is not None, "the end")
        while select.select([self.ours], [], [], 0.1)[0]:
            self.written += os.read(self.ours, 65536)
        return self.process.returncode


@contextmanager
def browser(store: Path, home: Path, **environment: str) -> Iterator[Browser]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    process = subprocess.Popen(
        [sys.executable, "-m", "agcx_tui", "--store", str(store)],
        stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, start_new_session=True,
        env={
            **kept, "TERM": "xterm-256color", "HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"), "XDG_CACHE_HOME": str(home / "cache"),
            "XDG_CONFIG_HOME": str(home / "config"), **environment,
        },
    )  # fmt: skip
    try:
        yield Browser(process, ours, theirs)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


@pytest.fixture
def store(tmp_path):
    return demo_copy(tmp_path / "history")


def assert_left_as_found(written: bytes) -> None:
    assert written.rfind(MAIN) > written.rfind(ALTERNATE) >= 0
    assert written.rfind(SHOWN) > written.rfind(HIDDEN) >= 0
    for number in ASKED:
        asked, ended = b"\x1b[?" + number + b"h", b"\x1b[?" + number + b"l"
        assert asked not in written or written.rfind(ended) > written.rfind(asked), number


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["term", "hup"]
)
def test_a_signal_to_end_leaves_the_terminal_as_it_was(store, tmp_path, number, status):
    with browser(store, tmp_path) as screen:
        before = screen.modes()
        screen.until(lambda: b"Fix the grid" in screen.written, "the list")
        assert screen.modes() != before
        screen.process.send_signal(number)
        assert screen.end() == status
        assert_left_as_found(screen.written)
        assert screen.modes() == before
        assert b"Traceback" not in screen.written


@pytest.mark.parametrize("key", [b"q", b"\x03", b"\x11"], ids=["q", "ctrl+c", "ctrl+q"])
def test_the_keys_that_quit_leave_the_terminal_as_it_was(store, tmp_path, key):
    with browser(store, tmp_path) as screen:
        before = screen.modes()
        screen.until(lambda: b"Fix the grid" in screen.written, "the list")
        os.write(screen.ours, key)
        assert screen.end() == 0
        assert_left_as_found(screen.written)
        assert screen.modes() == before


def test_ctrl_z_leaves_the_terminal_and_fg_comes_back(store, tmp_path):
    with browser(store, tmp_path) as screen:
        before = screen.modes()
        screen.until(lambda: b"Fix the grid" in screen.written, "the list")
        os.write(screen.ours, b"\x1a")
        screen.until(screen.is_stopped, "the stop")
        while select.select([screen.ours], [], [], 0.1)[0]:
            screen.written += os.read(screen.ours, 65536)
        assert_left_as_found(screen.written)
        assert screen.modes() == before
        stopped_at = len(screen.written)
        screen.process.send_signal(signal.SIGCONT)
        # All of it, from the first line to the last.
        for text in (b"agcx", b"Fix the grid", b"help"):
            screen.until(lambda text=text: text in screen.written[stopped_at:], "the list again")
        os.write(screen.ours, b"q")
        assert screen.end() == 0
        assert_left_as_found(screen.written)
        assert screen.modes() == before


def styles(written: bytes) -> set[bytes]:
    """The parameters of every escape that styles text."""
    return set(re.findall(rb"\x1b\[([\d;]*)m", written))


def test_without_colour_everything_is_grey(store, tmp_path):
    with browser(store, tmp_path, NO_COLOR="1", COLORTERM="truecolor") as screen:
        screen.until(lambda: b"Fix the grid" in screen.written, "the list")
        os.write(screen.ours, b"q")
        screen.end()
        colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", b" ".join(styles(screen.written)))
        assert colours
        assert all(red == green == blue for red, green, blue in colours)


def test_a_terminal_of_16_colours_is_asked_for_no_others(store, tmp_path):
    with browser(store, tmp_path, TERM="xterm", COLORTERM="") as screen:
        screen.until(lambda: b"Fix the grid" in screen.written, "the list")
        os.write(screen.ours, b"q")
        screen.end()
        found = styles(screen.written)
        assert found
        assert not any(re.search(rb"[34]8;[25]", style) for style in found)
