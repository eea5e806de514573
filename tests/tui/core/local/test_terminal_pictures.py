"""A terminal gets pictures only in a way in which it draws them."""

from __future__ import annotations

import os
import termios
from threading import Thread

import pytest

from agcx_tui.core.local.terminal_pictures import draws_placeholders, graphics


@pytest.mark.parametrize(
    ("environment", "kind"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "sixel"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1", "TMUX": "/x"}, ""),
        ({}, ""),
    ],
)
def test_a_terminal_that_says_nothing_of_pictures_gets_none(environment, kind):
    assert graphics(environment) == kind


@pytest.mark.parametrize(
    ("answer", "is_drawn"),
    [
        (b"\x1b_Gi=1;OK\x1b\\\x1b[?62;c", True),
        (b"\x1b[?62;c", False),  # Kitty before 0.28 does not answer what it cannot read
        (b"\x1b_Gi=1;EINVAL:no\x1b\\\x1b[?62;c", False),
        (b"c\x1b[A\x1b_Gi=1;OK\x1b\\\x1b[?62;c", True),  # keys that were pressed meanwhile
    ],
)
def test_a_kitty_says_whether_it_draws_through_text_cells(answer, is_drawn):
    kitty, terminal = os.openpty()
    before = termios.tcgetattr(terminal)

    def answers():
        question = b""
        while not question.endswith(b"\x1b[c"):
            question += os.read(kitty, 100)
        # In parts, as over a slow line.
        for at in range(len(answer)):
            os.write(kitty, answer[at : at + 1])

    asked = Thread(target=answers)
    asked.start()
    try:
        assert draws_placeholders(terminal) is is_drawn
        assert termios.tcgetattr(terminal) == before
    finally:
        asked.join()
        os.close(kitty)
        os.close(terminal)


def test_what_is_no_terminal_cannot_be_asked(tmp_path):
    with open(tmp_path / "file", "wb") as file, pytest.raises(OSError, match="ioctl"):
        draws_placeholders(file.fileno())
