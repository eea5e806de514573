"""The files of a store, looked at by another process: the same as here, whatever happens to that process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.waiting import LIMIT

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or len(os.sched_getaffinity(0)) == 1,
    reason="another process helps on Linux, and where it has a processor",
)

# Programs of their own: the process of the tests has threads.
_COMMON = """
import os, resource, signal, sys
from pathlib import Path
from agcx_format.search.file_keys import folders_of
from agcx_format.search.index import Index
from agcx_format.search.look_ahead import LookAhead

root, this = Path(sys.argv[1]), os.getpid()

class Endless(type(root)):
    '''A store at which another process looks for ever.'''
    def __truediv__(self, name):
        if os.getpid() != this:
            signal.pause()
        return super().__truediv__(name)

# The processes that look.
others: list[int] = []
fork = os.fork

def remembered_fork() -> int:
    others.append(fork())
    return others[-1]

os.fork = remembered_fork

def names(folders) -> set[str]:
    return {os.fsdecode(key[24:]) for folder in folders for key in folder.keys}
"""

_CASES = {
    "usual": "look = LookAhead(root)",
    "killed": """
look = LookAhead(Endless(root))
os.kill(others[0], signal.SIGKILL)
""",
    "waited for by the system": """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
look = LookAhead(root)
""",
    "no room for its answer": """
resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9))
look = LookAhead(root)
""",
    "no more files": """
before = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
look = LookAhead(root)
resource.setrlimit(resource.RLIMIT_NOFILE, before)
""",
    "one processor": """
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
look = LookAhead(root)
assert not others
""",
}


@pytest.fixture
def store(tmp_path) -> Path:
    """Files of both layouts, of any age, and one that cannot be looked at."""
    root = tmp_path / "store"
    (root / "sessions").mkdir(parents=True)
    for name in ("a.agcx", "sessions/b.agcx", "old.agcx", "other.txt"):
        (root / name).write_text(name)
    os.utime(root / "old.agcx", ns=(0, -(10**18)))
    (root / "gone.agcx").symlink_to("nowhere")
    return root


def run(code: str, store: Path) -> str:
    command = [sys.executable, "-c", _COMMON + code, str(store)]
    options = {"capture_output": True, "text": True, "timeout": LIMIT, "check": True}
    return subprocess.run(command, cwd=ROOT, **options).stdout


@pytest.mark.parametrize("case", _CASES)
def test_every_file_is_known_and_no_process_is_left(store, case):
    code = f"""{_CASES[case]}
looked = look.folders()
assert looked == folders_of(root)
assert look.folders() == looked
assert names(looked) == {{"a.agcx", "b.agcx", "old.agcx", "gone.agcx"}}
try:
    os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
except ChildProcessError:
    print("none")
"""
    assert run(code, store) == "none\n"


def test_a_store_that_cannot_be_read_is_an_error_here(store):
    code = """
from agcx_format.errors import PersistenceError
look = LookAhead(root / "a.agcx" / "b")
assert look.folders() == []
look = LookAhead(root)
os.rename(root, f"{root}-moved")
Path(root).symlink_to(root)
try:
    LookAhead(root).folders()
except PersistenceError as error:
    print(error)
"""
    assert "symbolic links" in run(code, store)


def test_files_are_looked_at_meanwhile_for_one_search_of_this_store(store, tmp_path):
    code = """
empty = root.parent / "empty"
empty.mkdir()
look = LookAhead(root)
os.waitid(os.P_PID, others[0], os.WEXITED | os.WNOWAIT)
(root / "new.agcx").touch()

def searched(index) -> int:
    found = index.find("word")
    list(found)
    return found.progress.total

index = Index(root, look_ahead=look)
assert searched(index) == 4
assert searched(index) == 5
assert searched(Index(root, look_ahead=LookAhead(empty))) == 5
"""
    run(code, store)


def test_who_reads_the_output_does_not_wait_for_it(store):
    code = """
LookAhead(Endless(root))
print(others[0], flush=True)
os._exit(0)
"""
    os.kill(int(run(code, store)), signal.SIGKILL)
