"""The last page is on the screen first, in a real terminal: seamlessly, honestly, and never wrongly."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyte
import pytest

from agcx_tui.demo import build_demo_store
from tests.bench.terminal import DOWN, Terminal
from tests.support import ROOT
from tests.support.surroundings import bytecode
from tests.support.waiting import LIMIT

SIZE = (120, 40)
TITLE = "Fix the grid layout"
LONG_AGO = 30 * 24 * 3600 * 1_000_000_000
# What Textual writes first of all when it starts.
TEXTUAL = b"\x1b[?1000h"
_PRIVATE = re.compile(rb"\x1b\[[<=>][0-?]*[ -/]*[@-~]")


@pytest.fixture(scope="module")
def used_home(tmp_path_factory) -> Path:
    """A home with a store in it, and a browser that was opened and left once."""
    home = tmp_path_factory.mktemp("home")
    store = home / ".agcodex" / "history"
    store.parent.mkdir()
    # Long ago: an age in minutes may be another one by the time that Textual draws it.
    build_demo_store(store, now=time.time_ns() - LONG_AGO)
    with browser(home) as terminal:
        terminal.wait_for(TITLE)
        # The projects are read once the list is there, that of the oldest session last.
        terminal.wait_for("backup")
        terminal.wait_quiet()
        leave(terminal)
    return home


@pytest.fixture
def home(used_home) -> Iterator[Path]:
    """That home; what a test does to its page and its sessions is taken back."""
    (page,) = (used_home / ".cache/agcx/catalog").glob("*.page")
    store = used_home / ".agcodex/history"
    kept, files = page.read_bytes(), {path: path.read_bytes() for path in store.glob("*.agcx")}
    yield used_home
    page.write_bytes(kept)
    for path, data in files.items():
        if not path.exists():
            path.write_bytes(data)


def browser(home: Path, *arguments: str, size=SIZE, code: str = "", **variables: str) -> Terminal:
    """`agcx` in a terminal; `code` runs before it."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "TZ": "UTC",
        **bytecode(),
    }
    run = f"{code}\nfrom agcx_tui.__main__ import main\nmain()"
    command = [sys.executable, "-c", run, *arguments]
    return Terminal(command, {**environment, **variables}, size)


def leave(terminal: Terminal) -> None:
    terminal.write(b"q")
    terminal.wait_end()


def output(terminal: Terminal) -> bytes:
    return b"".join(piece for _, piece in terminal.pieces)


def wait_for_textual(terminal: Terminal) -> None:
    """Until it begins: what was waited for before may be on the page that was painted."""
    end = time.monotonic() + LIMIT
    while TEXTUAL not in output(terminal):
        assert time.monotonic() < end, "Textual never began"
        time.sleep(0.01)


def painted_first(terminal: Terminal) -> bool:
    """Whether there were rows before Textual began."""
    before = output(terminal).partition(TEXTUAL)[0]
    return TITLE.encode() in before


def screens(data: bytes, size=SIZE) -> list[list[str]]:
    """What a person sees after each write that moves to the beginning of a line, and at the end."""
    screen = pyte.Screen(*size)
    stream = pyte.ByteStream(screen)
    seen, lines = [], list(screen.display)
    for part in re.split(rb"(?=\x1b\[\d+;1H|\x1b\[\?)", _PRIVATE.sub(b"", data)):
        stream.feed(part)
        # Only what changed: `display` makes all lines, and takes longer than the program.
        for y in screen.dirty:
            lines[y] = "".join(screen.buffer[y][x].data for x in range(size[0]))
        screen.dirty.clear()
        seen.append(lines.copy())
    return seen


class Shown(NamedTuple):
    """A start, and the end with `q`.

    Fields:
        data: what was written until nothing more came.
        screen: what it looked like then.
        modes: of the terminal before, then, and after the end.
        written: all that was written.
    """

    data: bytes
    screen: list[str]
    modes: tuple[list, list, list]
    written: bytes


@pytest.fixture(scope="module")
def shown(used_home) -> Shown:
    with browser(used_home) as terminal:
        wait_for_textual(terminal)
        terminal.wait_quiet()
        data, screen = output(terminal), terminal.screen()
        while_shown = termios.tcgetattr(terminal.master)
        leave(terminal)
        modes = terminal.modes_before, while_shown, termios.tcgetattr(terminal.master)
        return Shown(data, screen, modes, output(terminal))


def test_rows_are_there_before_textual_and_stay_through_the_hand_over(shown):
    early, mark, late = shown.data.partition(TEXTUAL)
    assert mark
    assert TITLE.encode() in early
    # Textual neither changes to the alternate screen again nor clears it: nobody sees it blank.
    assert shown.data.count(b"\x1b[?1049h") == 1
    assert b"\x1b[2J" not in shown.data
    assert b"\x1b[J" not in late
    first = screens(early)[-1]
    rows = [line for line in first if line.strip()]
    # The sessions, and the title, the filter, the header, and the keys.
    assert len(rows) > 15
    for seen in screens(shown.data)[len(screens(early)) - 1 :]:
        assert sum(bool(line.strip()) for line in seen) >= len(rows)
        assert any(TITLE in line for line in seen)


def test_the_page_is_what_textual_draws_in_its_place(shown):
    first = screens(shown.data.partition(TEXTUAL)[0])[-1]
    # The preview comes later.
    assert [line.split("│")[0].rstrip() for line in first] == [
        line.split("│")[0].rstrip() for line in shown.screen
    ]


def test_keys_typed_at_once_are_obeyed_and_not_echoed(home):
    with browser(home, code="import time") as terminal:
        terminal.wait_for(TITLE)
        terminal.write(b"/grid")
        terminal.wait_for(r"\d of \d+")
        terminal.wait_quiet()
        assert "/ grid" in "\n".join(re.sub(" +", " ", line) for line in terminal.screen())
        before = output(terminal).partition(TEXTUAL)[0]
    assert b"/grid" not in before


def test_the_terminal_is_as_it_was_after_leaving(shown):
    before, while_shown, after = shown.modes
    assert while_shown[3] & termios.ECHO == 0
    assert after == before
    assert shown.written.count(b"\x1b[?1049l") == 1
    assert shown.written.rindex(b"\x1b[?25h") > shown.written.rindex(b"\x1b[?25l")


# Between the paint and Textual: the import of Textual does something else.
_HOOK = """
import sys, os, time, signal
class Hook:
    def find_spec(self, name, path=None, target=None):
        if name == "textual.app":
            {action}
sys.meta_path.insert(0, Hook())
"""


@pytest.mark.parametrize(
    "action",
    [
        "raise RuntimeError('no such luck')",
        "os.kill(os.getpid(), signal.SIGTERM); time.sleep(600)",
        "os.kill(os.getpid(), signal.SIGQUIT); time.sleep(600)",
        "os.kill(os.getpid(), signal.SIGUSR1); time.sleep(600)",
        "os.kill(os.getpid(), signal.SIGHUP); time.sleep(600)",
        "print('a word', file=sys.stderr); os._exit(3)",
        "sys.exit(4)",
    ],
)
def test_the_terminal_is_restored_when_the_import_fails(home, action):
    with browser(home, code=_HOOK.format(action=action)) as terminal:
        terminal.wait_end()
        assert painted_first(terminal)
        assert termios.tcgetattr(terminal.master) == terminal.modes_before
        data = output(terminal)
    assert data.count(b"\x1b[?1049l") == 1
    after = data.partition(b"\x1b[?1049l")[2]
    assert b"\x1b[?25h" in after
    if "luck" in action:
        assert b"no such luck" in after
    if "word" in action:
        assert b"a word" in after


def test_ctrl_c_during_the_import_leaves_and_restores(home):
    with browser(home, code=_HOOK.format(action="time.sleep(600)")) as terminal:
        terminal.wait_for(TITLE)
        terminal.write(b"\x03")
        terminal.wait_end()
        assert termios.tcgetattr(terminal.master) == terminal.modes_before
        assert output(terminal).count(b"\x1b[?1049l") == 1
        assert b"Traceback" not in output(terminal)


def is_painted(home: Path, *arguments: str, code: str = "", **options) -> bool:
    """Whether a page is painted; the program ends where Textual would be imported, which takes longest."""
    code += _HOOK.format(action="os._exit(0)")
    with browser(home, *arguments, code=code, **options) as terminal:
        terminal.wait_end()
        assert TEXTUAL not in output(terminal)
        return painted_first(terminal)


@pytest.mark.parametrize(
    ("arguments", "painted"),
    [
        ([], True),
        (["browse"], True),
        (["--store", "{store}"], True),
        (["--store={store}", "browse"], True),
        (["--store", "{empty}"], False),
        (["{file}"], False),
    ],
)
def test_it_is_painted_when_the_list_of_this_store_was_asked_for(home, arguments, painted):
    store = home / ".agcodex/history"
    (home / "empty").mkdir(exist_ok=True)
    names = {"store": store, "empty": home / "empty", "file": next(store.glob("*.agcx"))}
    assert is_painted(home, *(word.format(**names) for word in arguments)) is painted


@pytest.mark.parametrize(
    "variables",
    [{"NO_COLOR": "1"}, {"COLORTERM": ""}, {"COLORFGBG": "0;15"}, {"TERM": "screen"}],
)
def test_a_page_of_another_look_is_not_painted(home, variables):
    assert not is_painted(home, **variables)


@pytest.mark.parametrize(
    "variables", [{"NO_COLOR": "1"}, {"COLORTERM": "", "COLORFGBG": "0;15", "TERM": "screen"}]
)
def test_in_another_look_the_second_start_is_painted(home, variables):
    with browser(home, **variables) as terminal:
        terminal.wait_for(TITLE)
        terminal.wait_quiet()
        assert not painted_first(terminal)
        leave(terminal)
    code = _HOOK.format(action="os._exit(0)")
    with browser(home, code=code, **variables) as terminal:
        terminal.wait_end()
        assert painted_first(terminal)
        early = output(terminal)
    if "NO_COLOR" in variables:
        assert not re.search(rb"\x1b\[[\d;]*[34]8;2;(\d+);(?!\1;\1)", early)


def test_another_size_is_not_painted(home):
    assert not is_painted(home, size=(100, 40))


def test_a_dumb_terminal_gets_a_sentence(home):
    with browser(home, TERM="dumb") as terminal:
        terminal.wait_end()
        assert b"\x1b" not in output(terminal)
        assert b"TERM is dumb" in output(terminal)


def test_a_damaged_page_is_not_painted(home):
    (page,) = (home / ".cache/agcx/catalog").glob("*.page")
    page.write_bytes(page.read_bytes().replace(b"grid", b"\x1b]0;"))
    assert not is_painted(home)


def test_what_was_deleted_since_is_not_shown(home):
    from agcx_format.store.store import open_store

    store = open_store(home / ".agcodex/history")
    entry = next(entry for entry in store.scan() if entry.title == TITLE)
    store.delete([entry])
    with browser(home) as terminal:
        terminal.wait_for("agcx")
        terminal.wait_quiet()
        assert not any(TITLE in line for seen in screens(output(terminal)) for line in seen)
        early = output(terminal).partition(TEXTUAL)[0]
    assert b"\x1b[?1049h" in early


def test_without_a_terminal_nothing_is_painted(home):
    import subprocess

    environment = {
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm-256color",
    } | bytecode()
    command = [sys.executable, "-m", "agcx_tui"]
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=LIMIT,
    )
    assert b"\x1b" not in done.stdout + done.stderr
    assert done.returncode == 2


def test_a_page_in_the_background_would_stop_the_program(home):
    """`agcx &`: no page, and no byte to the terminal that belongs to another."""
    assert not is_painted(home, code="import os\nos.tcgetpgrp = lambda fd: -1\n")


def test_sigterm_is_an_end_as_any_other(home):
    with browser(home) as terminal:
        terminal.wait_for(TITLE)
        terminal.wait_quiet()
        before = output(terminal).count(b"\x1b[?1049l")
        terminal.write(DOWN)
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.wait_end()
        assert output(terminal).count(b"\x1b[?1049l") == before + 1
