"""A store of the demo's sessions, a copy for each test, and ways to run the program on it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agcx_tui.cli import agcx
from agcx_tui.demo import build_demo_store
from tests.support import terminals
from tests.support.terminals import agcx as program
from tests.support.waiting import LIMIT

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
    # An export without a directory is written here.
    monkeypatch.chdir(tmp_path)
    return path


def run(*words: str | Path) -> Result:
    """The command in this process, without a terminal."""
    return CliRunner().invoke(agcx, [str(word) for word in words], prog_name="agcx")


def run_program(*words: str | Path, **options) -> subprocess.CompletedProcess:
    """The command as a program of its own, without a terminal."""
    usual = {"capture_output": True, "text": True, "timeout": LIMIT, "check": False}
    if options.get("text", True):
        usual["encoding"] = "utf-8"
    options = usual | options
    return subprocess.run(program(*words), stdin=subprocess.DEVNULL, **options)


class Terminal(terminals.Terminal):
    """`agcx` with these words in a pseudo-terminal."""

    def __init__(self, *words: str | Path, **environment: str) -> None:
        super().__init__(program(*words), environment)
