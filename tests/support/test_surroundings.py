"""The tests pass wherever they are started: in the background, with odd variables, a strict umask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT, surroundings
from tests.support.privileges import without_privileges
from tests.support.waiting import LIMIT

# One that ends a program by ctrl+c, and one that looks at what is drawn in color.
SOME = [
    "tests/tui/cli/test_changes.py::test_ctrl_c_at_the_question_deletes_nothing_and_ends_quietly",
    "tests/slow/terminal/test_left_as_found.py::test_a_terminal_of_16_colors_is_asked_for_no_others",
]
ODD = {
    "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C", "TZ": "Asia/Kathmandu", "COLUMNS": "20",
    "AGCX_STORE": "/nowhere", "CODEX_HOME": "/nowhere", "XDG_STATE_HOME": "/nowhere",
    "XDG_CACHE_HOME": "/nowhere", "EDITOR": "/nowhere", "PYTHONIOENCODING": "latin-1",
}  # fmt: skip


def test_in_the_background_with_odd_variables_they_pass_and_leave_nothing(tmp_path: Path):
    """As `pytest &` in a shell, which ignores Ctrl+C for it."""
    own = tmp_path / "tmp"
    own.mkdir()
    plain = {name: os.environ[name] for name in ("PATH", "HOME")}

    def as_in_the_background() -> None:
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.umask(0o077)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-p", "no:cacheprovider", *SOME],
        cwd=ROOT,
        env=plain | ODD | {"TMPDIR": str(own)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=2 * LIMIT,
        check=False,
        preexec_fn=as_in_the_background,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert list(own.iterdir()) == []


def test_without_privileges_root_is_refused_and_still_reads_what_is_its_own(tmp_path: Path):
    inside = tmp_path / "file"
    inside.write_text("mine")
    tmp_path.chmod(0o700)
    with without_privileges() as folder:
        closed = folder / "closed"
        closed.mkdir(0)
        with pytest.raises(PermissionError):
            list(closed.iterdir())
        # As the interpreter and the packages in a folder that only root may enter.
        if Path(__file__).stat().st_uid == os.getuid():
            assert inside.read_text() == "mine"


def test_what_failed_runs_left_is_removed_but_for_the_last(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    ended = subprocess.Popen(["true"])
    ended.wait()
    for number in range(5):
        left = tmp_path / f"agcx-tests-{ended.pid}-{number}"
        left.mkdir()
        os.utime(left, (number, number))
    (tmp_path / f"agcx-tests-{os.getpid()}-runs").mkdir()
    surroundings.Scratch().path.rmdir()
    left = sorted(path.name.rpartition("-")[2] for path in tmp_path.iterdir())
    assert left == ["2", "3", "4", "runs"]


def test_a_folder_of_any_depth_is_removed(tmp_path: Path):
    folder = tmp_path / "deep"
    at = os.open(tmp_path, os.O_RDONLY)
    for name in ["deep"] + ["d"] * 1500:
        os.mkdir(name, dir_fd=at)
        below = os.open(name, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    surroundings.remove(folder)
    assert not folder.exists()
