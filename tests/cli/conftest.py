"""A store of the demo's sessions, a copy for each test, and ways to run the program on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agcx_tui.cli import agcx
from agcx_tui.demo import build_demo_store

# Of the demo: two whole sessions, and the two files that are cut off.
GRID, QUEUE, BROKEN, TORN = "70b30ef8", "4bac6788", "0c970611", "31736654"


@pytest.fixture(scope="session")
def demo_files(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "history"
    build_demo_store(path)
    return path


@pytest.fixture
def store(demo_files, tmp_path, monkeypatch) -> Path:
    """The store that a command without --store works on; no other place is there."""
    path = tmp_path / "history"
    shutil.copytree(demo_files, path)
    monkeypatch.setenv("AGCX_STORE", str(path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    return path


def run(*words: str | Path) -> Result:
    """The command in this process, without a terminal."""
    return CliRunner().invoke(agcx, [str(word) for word in words], prog_name="agcx")


def program(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "agcx_tui", *map(str, words)]


def run_program(*words: str | Path, **options) -> subprocess.CompletedProcess:
    """The command as a program of its own, without a terminal."""
    options = {"capture_output": True, "text": True, "timeout": 60, "check": False} | options
    return subprocess.run(program(*words), stdin=subprocess.DEVNULL, **options)


class Terminal:
    """The program in a pseudo-terminal."""

    def __init__(self, *words: str | Path, **environment: str) -> None:
        self.master, slave = os.openpty()
        self.process = subprocess.Popen(
            program(*words),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=os.environ | environment,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        self.seen = b""

    def wait_for(self, text: str) -> None:
        """Read until `text` was shown."""
        while text.encode() not in self.seen:
            piece = self._read()
            assert piece, f"never showed {text!r}, but {self.seen!r}"

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def interrupt(self) -> None:
        """Ctrl+C, again and again: one that comes just before Python waits for a line is not seen."""
        for _ in range(50):
            self.type("\x03")
            try:
                self.process.wait(timeout=0.5)
                return
            except subprocess.TimeoutExpired:
                continue

    def finish(self) -> tuple[int, str]:
        """Exit status, and everything that was shown."""
        while self._read():
            pass
        os.close(self.master)
        return self.process.wait(timeout=30), self.seen.decode()

    def _read(self) -> bytes:
        try:
            piece = os.read(self.master, 65536)
        except OSError:
            # Linux says so when the program has closed its side.
            return b""
        self.seen += piece
        return piece


def _take_terminal() -> None:
    """Let Ctrl+C in the terminal reach the program."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
