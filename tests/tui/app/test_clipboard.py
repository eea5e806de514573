"""A copy is told with the way that it went, and is not called one when nobody said that it was made.

The programs are small stand-ins on a PATH of their own, but for tmux, which is also tried as it is.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agcx_tui.app.widgets.copying import Copying
from agcx_tui.core.local import clipboard
from agcx_tui.core.local.clipboard import Taken, as_bytes, may_be_taken, put
from tests.bench.terminal import Terminal
from tests.support import ROOT
from tests.support.browsing import browser, demo_copy, notices, scanned, until
from tests.support.surroundings import bytecode

SSH = {"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}
DISPLAYS = {"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}
TMUX = {"TMUX": "/tmp/tmux-0/default,1,0"}


@pytest.fixture
def programs(tmp_path) -> Path:
    """A directory of stand-ins, which is all of their PATH."""
    place = tmp_path / "bin"
    place.mkdir()
    return place


def stand_in(programs: Path, name: str, script: str = "") -> Path:
    """A program that keeps its input and its arguments; gives the file of the input."""
    kept = programs.parent / f"{name}.input"
    path = programs / name
    path.write_text(
        f"#!{sys.executable}\nimport os, sys, time\ndata = sys.stdin.buffer.read()\n"
        f"arguments = sys.argv[1:]\n{script}\nopen({str(kept)!r}, 'wb').write(data)\n"
        f"open({str(kept) + '.arguments'!r}, 'a').write(' '.join(arguments) + '\\n')\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return kept


def given(programs: Path, data: bytes, *environments: dict[str, str]) -> Taken:
    environ = {"PATH": str(programs)}
    for each in environments:
        environ |= each
    return put(data, environ)


@pytest.mark.parametrize(
    ("name", "environ"),
    [
        ("wl-copy", {"WAYLAND_DISPLAY": "wayland-0"}),
        ("xclip", {"DISPLAY": ":0"}),
        ("xsel", {"DISPLAY": ":0"}),
        ("pbcopy", {}),
    ],
)
def test_a_program_of_the_display_takes_it(programs, name, environ):
    kept = stand_in(programs, name)
    assert given(programs, b"caf\xc3\xa9\n", environ) == Taken(name)
    assert kept.read_bytes() == b"caf\xc3\xa9\n"


def test_it_goes_to_the_clipboard_and_not_to_what_is_selected(programs):
    for name in ("xclip", "xsel"):
        kept = stand_in(programs, name)
        given(programs, b"x", {"DISPLAY": ":0"})
        assert "clipboard" in Path(f"{kept}.arguments").read_text()
        (programs / name).unlink()


def test_a_program_without_its_display_is_not_asked(programs):
    for name in ("wl-copy", "xclip", "xsel"):
        stand_in(programs, name)
    assert not given(programs, b"x")


def test_one_that_fails_is_followed_by_the_next(programs):
    stand_in(programs, "wl-copy", "sys.exit(1)")
    stand_in(programs, "xclip", "os.abort()")
    kept = stand_in(programs, "xsel")
    assert given(programs, b"x", DISPLAYS) == Taken("xsel")
    assert kept.read_bytes() == b"x"


def test_where_all_fail_nobody_took_it(programs):
    stand_in(programs, "wl-copy", "sys.exit(1)")
    (programs / "xclip").write_text("not a program")
    (programs / "xclip").chmod(0o755)
    assert not given(programs, b"x", DISPLAYS)
    assert not given(programs / "missing", b"x", DISPLAYS, TMUX)


def test_over_ssh_the_display_of_the_machine_is_not_written_to(programs):
    kept = stand_in(programs, "xclip")
    stand_in(programs, "pbcopy")
    assert not given(programs, b"x", DISPLAYS, SSH)
    assert not kept.exists()
    assert not may_be_taken(SSH)
    assert may_be_taken(SSH | TMUX)


def test_tmux_gets_it_for_its_buffer_and_for_the_terminal(programs):
    kept = stand_in(programs, "tmux", "print('external'); data or sys.exit()")
    assert given(programs, b"x", TMUX, SSH) == Taken(tmux=True, handed_on=True)
    assert kept.read_bytes() == b"x"
    assert Path(f"{kept}.arguments").read_text() == "load-buffer -w -\n"


def test_a_tmux_that_never_writes_to_the_terminal_is_told_apart(programs):
    stand_in(programs, "tmux", "print('off'); data or sys.exit()")
    assert given(programs, b"x", TMUX) == Taken(tmux=True, handed_on=False)


def test_an_old_tmux_gets_it_for_its_buffer(programs):
    kept = stand_in(programs, "tmux", "'-w' in arguments and sys.exit(1)")
    assert given(programs, b"x", TMUX) == Taken(tmux=True, handed_on=False)
    assert kept.read_bytes() == b"x"


def test_inside_tmux_the_display_and_tmux_both_get_it(programs):
    copied = [stand_in(programs, "wl-copy"), stand_in(programs, "tmux", "data or sys.exit()")]
    assert given(programs, b"x", TMUX, DISPLAYS) == Taken("wl-copy", True, True)
    assert [kept.read_bytes() for kept in copied] == [b"x", b"x"]


def test_one_that_does_not_end_is_ended_with_all_that_it_began(programs, tmp_path, monkeypatch):
    children = tmp_path / "children"
    hangs = f"""
child = os.fork()
open({str(children)!r}, "a").write(f"{{os.getpid()}}\\n")
time.sleep(600)"""
    stand_in(programs, "wl-copy", hangs)
    kept = stand_in(programs, "xsel")
    # On a busy machine it may be ended before it has begun.
    for seconds in (0.2, 2, 20):
        monkeypatch.setattr(clipboard, "_SECONDS", seconds)
        assert given(programs, b"x" * 500_000, DISPLAYS) == Taken("xsel")
        assert kept.stat().st_size == 500_000
        if children.exists() and children.read_text().count("\n") >= 2:
            break
    for pid in map(int, children.read_text().split()):
        wait_until_gone(pid)


def wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.01)
    raise AssertionError(f"{pid} lives on")


def test_one_that_reads_nothing_and_ends_is_no_error(programs):
    path = programs / "wl-copy"
    path.write_text("#!/bin/sh\nexit 3\n")
    path.chmod(0o755)
    assert not given(programs, b"x" * 5_000_000, DISPLAYS)


def test_one_that_serves_the_clipboard_from_behind_is_not_waited_for(programs, tmp_path):
    pid = tmp_path / "pid"
    serves = f"""
if child := os.fork():
    open({str(pid)!r}, "w").write(str(child))
else:
    time.sleep(600)"""
    stand_in(programs, "wl-copy", serves)
    assert given(programs, b"x", DISPLAYS) == Taken("wl-copy")
    os.kill(int(pid.read_text()), 0)
    os.kill(int(pid.read_text()), 9)


def test_no_program_has_the_terminal(programs, tmp_path):
    found = tmp_path / "found"
    looks = f"""
try:
    os.open("/dev/tty", os.O_RDWR)
    terminal = "a terminal"
except OSError:
    terminal = "none"
open({str(found)!r}, "w").write(
    f"{{terminal}} {{[os.isatty(fd) for fd in range(3)]}} {{os.getsid(0) == os.getpid()}}"
)"""
    stand_in(programs, "wl-copy", looks)
    code = (
        "from agcx_tui.core.local.clipboard import put\n"
        f"print(put(b'x', {dict(DISPLAYS, PATH=str(programs))!r}))"
    )
    with Terminal([sys.executable, "-c", code], {**os.environ, "PYTHONPATH": str(ROOT)}) as screen:
        screen.wait_for("Taken")
    assert found.read_text() == "none [False, False, False] True"


def test_a_name_that_is_no_text_is_copied_as_the_bytes_that_it_has():
    assert as_bytes("caf\udce9 é") == b"caf\xe9 \xc3\xa9"
    assert as_bytes("half \ud800") == b"half ?"


# --- in the program


@pytest.fixture
def surroundings(programs, monkeypatch) -> pytest.MonkeyPatch:
    for name in (*DISPLAYS, *SSH, *TMUX, "SSH_CLIENT", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(programs))
    return monkeypatch


@pytest.mark.parametrize(
    ("there", "environ", "words"),
    [
        (["wl-copy"], DISPLAYS, "Copied {} with wl-copy."),
        (["tmux"], TMUX, "Copied {} to tmux's buffer, and through it to the terminal."),
        (["xclip", "tmux"], TMUX | DISPLAYS, "Copied {} with xclip, and to tmux's buffer."),
        ([], {}, "Sent {} to the terminal, for its clipboard."),
        ([], SSH, "Sent {} to the terminal, for its clipboard."),
        ([], TMUX, "Sent {} to the terminal, for its clipboard."),
    ],
)
async def test_the_way_is_told(surroundings, programs, tmp_path, there, environ, words):
    kept = [stand_in(programs, name, "data or sys.exit()") for name in there]
    for name, value in environ.items():
        surroundings.setenv(name, value)
    app = browser(demo_copy(tmp_path / "history"))
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await scanned(pilot)
        await pilot.press("y")
        copied = screen.table.id(screen.sessions.cursor)
        assert app.clipboard == copied
        await until(pilot, lambda: notices(pilot) == words.format(copied))
    assert [file.read_text() for file in kept] == [copied] * len(kept)


async def test_a_program_that_hangs_holds_up_nothing(surroundings, programs, tmp_path):
    go = tmp_path / "go"
    stand_in(programs, "wl-copy", f"while not os.path.exists({str(go)!r}): time.sleep(0.01)")
    surroundings.setattr(clipboard, "_SECONDS", 600)
    surroundings.setenv("WAYLAND_DISPLAY", "wayland-0")
    app = browser(demo_copy(tmp_path / "history"))
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await scanned(pilot)
        first = screen.sessions.cursor
        await pilot.press("y", "down", "down")
        assert screen.sessions.cursor != first
        assert not notices(pilot)
        go.touch()
        await until(pilot, lambda: notices(pilot).startswith("Copied "))
        # The wait for it ends.
        go.unlink()
        surroundings.setattr(clipboard, "_SECONDS", 0.1)
        await pilot.press("y")
        await until(pilot, lambda: "Sent " in notices(pilot))


async def test_of_two_copies_the_last_one_stays(surroundings, programs, tmp_path):
    kept = stand_in(programs, "wl-copy", "len(data) < 40 and time.sleep(0.5)")
    surroundings.setenv("WAYLAND_DISPLAY", "wayland-0")
    app = browser(demo_copy(tmp_path / "history"))
    async with app.run_test(size=(120, 30)) as pilot:
        screen = await scanned(pilot)
        path = screen.table.path(screen.sessions.cursor)
        await pilot.press("y", "Y")
        await until(pilot, lambda: path in notices(pilot))
        await pilot.app.workers.wait_for_complete()
    assert kept.read_text() == path
    assert app.clipboard == path


async def test_only_what_nobody_took_is_sent_to_the_terminal(surroundings, programs, tmp_path):
    surroundings.setenv("WAYLAND_DISPLAY", "wayland-0")
    app = browser(demo_copy(tmp_path / "history"))
    async with app.run_test(size=(120, 30)) as pilot:
        written: list[str] = []
        surroundings.setattr(app._driver, "write", written.append)
        copying = Copying(app)
        copying.copy("caf\udce9", "a name")
        await until(pilot, lambda: "Sent a name" in notices(pilot))
        data = base64.b64encode(b"caf\xe9").decode()
        assert f"\x1b]52;c;{data}\a" in written
        stand_in(programs, "wl-copy")
        written.clear()
        copying.copy("x", "another")
        await until(pilot, lambda: "Copied another" in notices(pilot))
        assert not any("]52;" in each for each in written)


# --- in tmux as it is


@pytest.fixture
def tmux(tmp_path) -> Iterator[tuple[Terminal, list[str]]]:
    """The program in tmux in its default configuration, in a terminal of ours; how to speak to that tmux."""
    program = shutil.which("tmux")
    if program is None:
        pytest.skip("there is no tmux here")
    socket = tmp_path / "s"
    speak = [program, "-S", str(socket), "-f", os.devnull]
    store = demo_copy(tmp_path / "history")
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh", **SSH,
        **bytecode(),
    }  # fmt: skip
    command = [*speak, "new-session", sys.executable, "-m", "agcx_tui", "--store", str(store)]
    with Terminal(command, environ) as screen:
        try:
            yield screen, speak
        finally:
            subprocess.run([*speak, "kill-server"], check=False, capture_output=True, timeout=60)


def test_in_tmux_as_it_comes_a_copy_reaches_the_terminal(tmux):
    screen, speak = tmux
    screen.wait_for("Fix the grid")
    screen.wait_quiet()
    screen.write(b"y")
    screen.wait_for("Copied ")
    screen.wait_quiet()
    buffer = subprocess.run(
        [*speak, "show-buffer"], check=True, capture_output=True, timeout=60
    ).stdout
    assert re.fullmatch(rb"[0-9a-f-]{36}", buffer)
    written = b"".join(piece for _, piece in screen.pieces)
    sent = re.findall(rb"\x1b\]52;[^;]*;([A-Za-z0-9+/=]+)", written)
    assert base64.b64decode(sent[-1]) == buffer
