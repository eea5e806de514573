"""The terminal is left as it was found, however the program ends or stops."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.terminals import Terminal, agcx
from tests.tui.browsing import demo_copy

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
        screen.wait_for("Fix the grid")
        assert screen.modes() != screen.before
        screen.process.send_signal(number)
        assert screen.end() == status
        assert_left_as_found(screen.written)
        assert screen.modes() == screen.before
        assert b"Traceback" not in screen.written


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


def test_without_colour_everything_is_grey(store, tmp_path):
    with browser(store, tmp_path, NO_COLOR="1", COLORTERM="truecolor") as screen:
        screen.wait_for("Fix the grid")
        screen.type(b"q")
        screen.end()
        colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", b" ".join(styles(screen.written)))
        assert colours
        assert all(red == green == blue for red, green, blue in colours)


def test_a_terminal_of_16_colours_is_asked_for_no_others(store, tmp_path):
    with browser(store, tmp_path, TERM="xterm", COLORTERM="") as screen:
        screen.wait_for("Fix the grid")
        screen.type(b"q")
        screen.end()
        found = styles(screen.written)
        assert found
        assert not any(re.search(rb"[34]8;[25]", style) for style in found)
