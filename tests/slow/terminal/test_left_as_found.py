"""The terminal is left as it was found, however the program ends or stops."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.terminals import Terminal, agcx
from tests.support.waiting import LIMIT

ALTERNATE, MAIN = b"\x1b[?1049h", b"\x1b[?1049l"
HIDDEN, SHOWN = b"\x1b[?25l", b"\x1b[?25h"
# What the mouse, the pasting and the focus are told to report.
ASKED = [b"1000", b"1003", b"1015", b"1006", b"2004", b"1004"]


def browser(store: Path, home: Path, **environment: str) -> Terminal:
    """The program in a terminal of 80×24."""
    places = {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    return Terminal(agcx("--store", store), places | environment)


def assert_left_as_found(written: bytes) -> None:
    assert written.rfind(MAIN) > written.rfind(ALTERNATE) >= 0
    assert written.rfind(SHOWN) > written.rfind(HIDDEN) >= 0
    for number in ASKED:
        asked, ended = b"\x1b[?" + number + b"h", b"\x1b[?" + number + b"l"
        assert asked not in written or written.rfind(ended) > written.rfind(asked), number


@pytest.mark.parametrize(
    "name",
    [
        "SIGTERM",
        "SIGHUP",
        "SIGQUIT",
        "SIGUSR1",
        "SIGUSR2",
        "SIGALRM",
        "SIGABRT",
        "SIGSEGV",
        "SIGRTMAX",
    ],
)
def test_a_signal_to_end_leaves_the_terminal_as_it_was(store, tmp_path, name):
    number = getattr(signal, name)
    with browser(store, tmp_path) as screen:
        screen.wait_for("Fix the grid")
        assert screen.modes() != screen.before
        screen.process.send_signal(number)
        assert screen.end() == 128 + number
        assert_left_as_found(screen.written)
        assert screen.modes() == screen.before
        assert b"Traceback" not in screen.written


def ends_by_default(number: int) -> bool:
    """Whether a process that does nothing about this signal is ended by it."""
    pid = os.fork()
    if not pid:
        signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.kill(os.getpid(), number)
        os._exit(0)
    _, status = os.waitpid(pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def test_every_signal_that_ends_a_program_is_caught():
    # The first cannot be; Python ignores the next two, and makes an exception of the last.
    others = {signal.SIGKILL, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT}
    ending = {n for n in signal.valid_signals() - others - {signal.SIGSTOP} if ends_by_default(n)}
    code = "from agcx_tui.core.local.signals import *; print(*map(int, {*ENDING, *block()}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60)
    assert ending <= set(map(int, done.stdout.split()))


def test_an_interrupt_from_outside_leaves_the_terminal_as_it_was(store, tmp_path):
    with browser(store, tmp_path) as screen:
        screen.wait_for("Fix the grid")
        screen.process.send_signal(signal.SIGINT)
        screen.end()
        assert_left_as_found(screen.written)
        assert screen.modes() == screen.before


def test_a_real_fault_ends_the_program_although_its_signal_is_waited_for():
    code = (
        "import ctypes, resource, threading, time\n"
        "from agcx_tui.core.local.signals import wait_for_blocked\n"
        "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "wait_for_blocked(print)\n"
        "threading.Thread(target=ctypes.string_at, args=(0,)).start()\n"
        "time.sleep(600)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=LIMIT)
    assert done.returncode == -signal.SIGSEGV


@pytest.mark.parametrize("key", [b"q", b"\x03", b"\x11"], ids=["q", "ctrl+c", "ctrl+q"])
def test_the_keys_that_quit_leave_the_terminal_as_it_was(store, tmp_path, key):
    with browser(store, tmp_path) as screen:
        screen.wait_for("Fix the grid")
        screen.type(key)
        assert screen.end() == 0
        assert_left_as_found(screen.written)
        assert screen.modes() == screen.before


def test_ctrl_z_leaves_the_terminal_and_fg_comes_back(store, tmp_path):
    with browser(store, tmp_path) as screen:
        screen.wait_for("Fix the grid")
        screen.type(b"\x1a")
        screen.until(screen.is_stopped, "the stop")
        screen.drain()
        assert_left_as_found(screen.written)
        assert screen.modes() == screen.before
        stopped_at = len(screen.written)
        screen.process.send_signal(signal.SIGCONT)
        # All of it, from the first line to the last.
        for text in (b"agcx", b"Fix the grid", b"help"):
            screen.until(lambda text=text: text in screen.written[stopped_at:], "the list again")
        screen.type(b"q")
        assert screen.end() == 0
        assert_left_as_found(screen.written)
        assert screen.modes() == screen.before


def styles(written: bytes) -> set[bytes]:
    """The parameters of every escape that styles text."""
    return set(re.findall(rb"\x1b\[([\d;]*)m", written))


def test_without_color_everything_is_grey(store, tmp_path):
    with browser(store, tmp_path, NO_COLOR="1", COLORTERM="truecolor") as screen:
        screen.wait_for("Fix the grid")
        screen.type(b"q")
        screen.end()
        colors = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", b" ".join(styles(screen.written)))
        assert colors
        assert all(red == green == blue for red, green, blue in colors)


def test_a_terminal_of_16_colors_is_asked_for_no_others(store, tmp_path):
    with browser(store, tmp_path, TERM="xterm", COLORTERM="") as screen:
        screen.wait_for("Fix the grid")
        screen.type(b"q")
        screen.end()
        found = styles(screen.written)
        assert found
        assert not any(re.search(rb"[34]8;[25]", style) for style in found)
