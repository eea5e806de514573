"""What tests run in is the same on every machine: variables, signals, a temporary directory of their own.

Whoever starts the tests may have a store, a theme, a locale, `NO_COLOR`, a strict umask, or a shell
that ignores Ctrl+C in the background.  No test may notice, and nothing of a test may stay behind.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

__all__ = [
    "Scratch",
    "bytecode",
    "import_in_turn",
    "keep_bytecode",
    "next_home",
    "remove",
    "settle",
    "shared",
]

# What finds programs, libraries and the person's name.
_KEPT = {
    "PATH",
    "TMPDIR",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "USER",
    "LOGNAME",
    # Where the workers of a run gather the pictures that are not as they were.
    "TEXTUAL_SNAPSHOT_TEMPDIR",
    # A directory of real rollouts and transcripts to read as well.
    "AGCX_ROLLOUTS",
}
_KEPT_PREFIXES = ("PYTHON", "PYTEST", "COV_", "COVERAGE")
# Of Python's own, what changes what a program writes.
_DROPPED = {"PYTHONIOENCODING", "PYTHONWARNINGS", "PYTHONUTF8", "PYTHONUNBUFFERED"}
_FIXED = {"LANG": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor", "TZ": "UTC"}

_SIGNALS = ("SIGINT", "SIGQUIT", "SIGHUP", "SIGTERM", "SIGTSTP", "SIGUSR1", "SIGUSR2")

_SCRATCH, _SHARED = "agcx-tests-", "shared-"
_KEPT_RUNS = 3
# A file system in memory, where names change and files are synced at once, and what must be free there:
# a whole run leaves somewhat more than a GiB.
_IN_MEMORY, _ROOM = "/dev/shm", 4 << 30
# Of a run whose pictures are not as they were.
_REPORTS = {"snapshot_report.html"}
_numbers = itertools.count()


class Scratch:
    """The temporary directory of all tests of a run, and of the programs that they start."""

    def __init__(self) -> None:
        place = _place()
        for folder in {place, tempfile.gettempdir()}:
            _remove_old(folder)
        self.path = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH}{os.getpid()}-", dir=place))
        # Whoever root becomes for a test reaches what is that one's own in it.
        self.path.chmod(0o711)
        self._before = os.environ.get("TMPDIR")
        self._started_in = Path.cwd()
        self._was_there = set(os.listdir(self._started_in))
        _set_temporary(str(self.path))

    def left_over(self) -> list[str]:
        """What tests left in it, apart from what pytest and `shared` made, and where they began."""
        known = (_SHARED, "pytest-of-")
        left = {name for name in os.listdir(self.path) if not name.startswith(known)}
        new = set(os.listdir(self._started_in)) - self._was_there - _REPORTS
        # What starts with a dot is a cache of pytest's, or of Hypothesis.
        left |= {name for name in new if not name.startswith(".")}
        return sorted(map(ascii, left))

    def close(self) -> None:
        _set_temporary(self._before)


def _place() -> str:
    """Memory, where there is much of it; else, or if whoever runs the tests named a place, that."""
    try:
        there = os.statvfs(_IN_MEMORY)
        words = Path("/proc/meminfo").read_text().split()
        memory = int(words[words.index("MemAvailable:") + 1]) << 10
    except (OSError, ValueError):
        return tempfile.gettempdir()
    fits = min(there.f_bavail * there.f_frsize, memory // 2) >= _ROOM
    usable = os.access(_IN_MEMORY, os.W_OK | os.X_OK) and not there.f_flag & os.ST_NOEXEC
    return _IN_MEMORY if fits and usable and "TMPDIR" not in os.environ else tempfile.gettempdir()


def _remove_old(folder: str) -> None:
    """Remove what runs that failed or were killed left to look at, but for the last few."""
    places = Path(folder).glob(f"{_SCRATCH}*")
    left = []
    for place in filter(_has_ended, places):
        # Another run may remove it at the same time.
        with suppress(FileNotFoundError):
            status = place.stat()
            if status.st_uid == os.geteuid():
                left.append((status.st_mtime, place))
    for _, place in sorted(left)[:-_KEPT_RUNS]:
        remove(place)


def remove(folder: Path) -> None:
    """Remove it however deep it is: `shutil.rmtree` of this Python ends at a thousand levels."""
    subprocess.run(["rm", "-rf", "--", folder], check=False, stderr=subprocess.DEVNULL)


def _has_ended(place: Path) -> bool:
    """Whether the run that made it is over, by the process in its name."""
    try:
        os.kill(int(place.name.removeprefix(_SCRATCH).partition("-")[0]), 0)
    except ProcessLookupError:
        return True
    except (ValueError, OSError):
        pass
    return False


def _set_temporary(path: str | None) -> None:
    if path is None:
        os.environ.pop("TMPDIR", None)
    else:
        os.environ["TMPDIR"] = path
    tempfile.tempdir = None


def shared(name: str) -> Path:
    """A new directory for what tests of this run share; it goes with the run."""
    return Path(tempfile.mkdtemp(prefix=f"{_SHARED}{name}-"))


def settle() -> None:
    """Make variables, time zone, signals and umask those that tests expect."""
    os.umask(0o022)
    variables = environment(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    for name in _SIGNALS:
        number = getattr(signal, name)
        if signal.getsignal(number) is signal.SIG_IGN:
            # A child inherits that it is ignored, but not a handler.
            signal.signal(number, lambda *_: None)


def keep_bytecode() -> None:
    """Share bytecode among all processes of this run, if whoever runs it wants none kept beside the source.

    Each of them would compile all of this project again, which is half of a short command's work.  What was
    compiled as it was installed is used as it is.
    """
    if not sys.dont_write_bytecode:
        return
    prefix = os.path.join(tempfile.gettempdir(), f"{_SHARED}bytecode")
    for folder in {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}:
        for inside, folders, names in os.walk(folder):
            if os.path.basename(inside) == "__pycache__":
                _link_all(inside, names, prefix + os.path.dirname(inside))
            folders[:] = [name for name in folders if name not in ("test", "tests")]
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = prefix
    sys.dont_write_bytecode = False


def bytecode() -> dict[str, str]:
    """The variable that shares bytecode, for a program that is given only some: it compiles all of this
    project otherwise, and writes the bytecode beside the source."""
    names = ("PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")
    return {name: os.environ[name] for name in names if name in os.environ}


def _link_all(folder: str, names: list[str], target: str) -> None:
    os.makedirs(target, exist_ok=True)
    for name in names:
        if name.endswith(f".{sys.implementation.cache_tag}.pyc"):
            with suppress(FileExistsError):
                os.symlink(os.path.join(folder, name), os.path.join(target, name))


def import_in_turn(modules: list[Path], root: Path, worker: int, workers: int) -> None:
    """Import modules of tests, each worker beginning with others: one compiles what all then read.

    All would compile the same one at the same time.  What cannot be imported is told when it is collected.
    """
    begin = worker * len(modules) // workers
    for path in modules[begin:] + modules[:begin]:
        with suppress(Exception, pytest.skip.Exception):
            import_module(".".join(path.relative_to(root).with_suffix("").parts))


def environment(outer: Mapping[str, str]) -> dict[str, str]:
    """What is left of these variables, with those that are always the same."""
    kept = {
        name: value
        for name, value in outer.items()
        if (name in _KEPT or name.startswith(_KEPT_PREFIXES)) and name not in _DROPPED
    }
    return kept | _FIXED


def next_home() -> str:
    """A home that is not there, another one each time."""
    return os.path.join(tempfile.gettempdir(), f"no-home-{os.getpid()}-{next(_numbers)}")
