"""A terminal whose encoding lacks what the browser draws, and keys that are no text in it."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pyte
import pytest

from agcx_tui.core.local.streams import STAND_INS, prepare
from agcx_tui.demo import build_demo_store
from tests.bench.terminal import Terminal
from tests.support import ROOT
from tests.support.surroundings import bytecode

SIZE = (120, 40)
TITLE = "Fix the grid layout"
# What the column of projects has, which are read after the rows are there.
PROJECTS = ("infra", "site", "courier", "meter", "robin", "tallyho", "shop", "notes", "Pictures")
DAY = 86_400 * 10**9


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """A home with sessions so old that no age changes while they are looked at."""
    home = tmp_path_factory.mktemp("home")
    (home / ".agcodex").mkdir()
    build_demo_store(home / ".agcodex" / "history", now=time.time_ns() - 400 * DAY)
    return home


def browser(home: Path, encoding: str) -> Terminal:
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "TZ": "UTC",
        "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONIOENCODING": encoding,
        **bytecode(),
    }  # fmt: skip
    return Terminal([sys.executable, "-m", "agcx_tui"], environment, SIZE)


def shown(terminal: Terminal, encoding: str) -> list[str]:
    """What a terminal of that encoding shows."""
    screen = pyte.Screen(*SIZE)
    stream = pyte.Stream(screen)
    stream.use_utf8 = False
    data = b"".join(piece for _, piece in terminal.pieces)
    assert b"\\u" not in data
    stream.feed(data.decode(encoding).replace("\x1b[?", "\x1b["))
    return list(screen.display)


def test_what_an_encoding_lacks_is_drawn_with_stand_ins_in_its_place(home):
    prepare()
    seen = {}
    for encoding in ("utf-8", "latin-1"):
        # The second time its page is painted first: in the same way.
        for _ in range(2):
            with browser(home, encoding) as terminal:
                for words in (TITLE, *PROJECTS):
                    terminal.wait_for(words)
                terminal.wait_quiet(0.5)
                seen[encoding] = shown(terminal, encoding)
                terminal.write(b"q")
                terminal.wait_end()
    expected = [row.encode("latin-1", STAND_INS).decode("latin-1") for row in seen["utf-8"]]
    assert seen["latin-1"] == expected
    assert any("|" in row for row in expected)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_keys_that_are_no_text_do_not_end_the_program(home, encoding):
    with browser(home, encoding) as terminal:
        terminal.wait_for(TITLE)
        terminal.wait_quiet()
        terminal.write(b"/caf\xe9\xff x\xe9")
        terminal.wait_quiet()
        line = "\n".join(shown(terminal, encoding))
        assert ("café" if encoding == "latin-1" else "caf\ufffd") in line
        terminal.write(b"\x11")
        terminal.wait_end()
