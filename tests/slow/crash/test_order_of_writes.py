"""The order in which bytes and names reach the disk, as the kernel saw it.

SIGKILL cannot tell whether anything was synced: the page cache outlives the process, not the machine.
So the system calls of each kind of change are recorded and their order is checked.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import open_store
from tests.slow.crash.versions import session

CALLS = "openat,write,pwrite64,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,close"

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None
    or subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode != 0,
    reason="strace is not installed, or may not trace here",
)

A, B = UUID(int=1 << 96), UUID(int=2 << 96)

_SAVE = """
from agcx_format import open_store
from tests.slow.crash.versions import session
from uuid import UUID
store = open_store({root!r})
"""


@dataclass(frozen=True)
class Call:
    """A system call that succeeded; `path` is what it was done to, `target` where a name went."""

    name: str
    path: str
    target: str = ""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    store = open_store(tmp_path / "store")
    for session_id in (A, B):
        store.save_session(session_id, *session(session_id, 1))
    return tmp_path / "store"


def calls_of(root: Path, code: str) -> list[Call]:
    """The calls that `code` makes on files below `root`, paths relative to it."""
    trace = root.parent / "trace"
    command = ["strace", "-f", "-y", "-qq", "-s", "300", "-e", f"trace={CALLS}", "-o", str(trace)]
    program = _SAVE.format(root=str(root)) + code
    subprocess.run([*command, sys.executable, "-c", program], check=True, timeout=60)
    calls = []
    for line in finished_calls(trace.read_text(errors="replace")):
        if (call := _call(line)) and str(root) in (call.path + call.target):
            shorter = [p.removeprefix(str(root)).lstrip("/") for p in (call.path, call.target)]
            calls.append(Call(call.name, *shorter))
    return calls


def finished_calls(trace: str) -> Iterator[str]:
    """The lines of a trace; a call during which another thread was seen is joined, where it ended."""
    begun: dict[str, str] = {}
    for line in trace.splitlines():
        thread = line.partition(" ")[0]
        if line.endswith(" <unfinished ...>"):
            begun[thread] = line.removesuffix(" <unfinished ...>")
        elif resumed := re.match(r"\d+ +<\.\.\. \w+ resumed>", line):
            yield begun.pop(thread) + line[resumed.end() :]
        else:
            yield line


def _call(line: str) -> Call | None:
    match = re.match(r"(?:\d+ +)?(\w+)\((.*)\) += (\d+)", line)
    if match is None:
        return None
    name, arguments, _ = match.groups()
    # A name after an open directory is relative to that one.
    paths = [os.path.join(*each) for each in re.findall(r'(?:<([^>]*)>, )?"([^"]*)"', arguments)]
    if "RENAME_EXCHANGE" in arguments:
        return Call("exchange", *paths)
    if name.startswith(("rename", "link")):
        return Call(re.match("rename|link", name).group(), *paths)
    if name in ("openat", "unlink", "unlinkat"):
        kind = "create" if "O_CREAT" in arguments else name.removesuffix("at")
        return Call(kind, paths[0])
    described = re.match(r"\d+<([^>]*)>", arguments)
    name = {"fdatasync": "fsync", "pwrite64": "write"}.get(name, name)
    return Call(name, described.group(1) if described else "")


def places(calls: list[Call], name: str, path: str = "", target: str = "") -> list[int]:
    """Where in the order such calls stand; `path` and `target` are patterns."""
    found = [
        i
        for i, call in enumerate(calls)
        if call.name == name and re.search(path, call.path) and re.search(target, call.target)
    ]
    assert found, f"no {name} of {path} {target} in {calls}"
    return found


def between(calls: list[Call], first: int, last: int, folder: str) -> bool:
    """Whether a folder was synced after one call and before another."""
    return any(first < at < last for at in places(calls, "fsync", folder))


def test_a_save_is_written_synced_exchanged_and_the_directory_synced(root: Path):
    calls = calls_of(root, f"store.save_session(UUID({str(A)!r}), *session(UUID({str(A)!r}), 2))")
    (created,) = places(calls, "create", r"\.agcx-tmp$")
    temporary = re.escape(calls[created].path)
    writes = places(calls, "write", temporary)
    (synced,) = places(calls, "fsync", temporary)
    (named,) = places(calls, "rename", temporary, r"\.agcx-swap$")
    (exchanged,) = places(calls, "exchange", re.escape(calls[named].target), rf"^{A}\.agcx$")
    (directory,) = places(calls, "fsync", "^$")
    assert created < writes[0] <= writes[-1] < synced < named < exchanged < directory
    # Nothing else was opened for writing, the session itself least of all.
    assert [call for call in calls if call.name == "create"] == [calls[created]]


def test_a_delete_moves_nothing_before_its_second_names_are_on_the_disk(root: Path):
    calls = calls_of(root, "store.delete(list(store.scan()))")
    (manifest,) = places(calls, "fsync", r"pending/\.manifest\.json.*tmp$")
    links = places(calls, "link", r"^[^/]*\.agcx$", r"^trash/.*\.pending/files/")
    moves = places(calls, "rename", r"^[^/]*\.agcx$", r"^trash/.*\.pending/gone/")
    assert len(links) == len(moves) == 2
    (done,) = places(calls, "rename", r"^trash/[^/]*\.pending$", r"^trash/[^/.]*\.\d+Z-delete-\w+$")
    assert manifest < links[0]
    # The second names, the act and the trash are durable before the first file leaves.
    for folder in (r"pending/files$", r"^trash/[^/]*\.pending$", "^trash$"):
        assert between(calls, links[-1], moves[0], folder)
    # That they left is durable before the act is called done, and then that is, too.
    assert between(calls, moves[-1], done, "^$")
    assert places(calls, "fsync", "^trash$")[-1] > done


def test_an_edit_keeps_the_old_file_and_writes_the_new_before_it_takes_its_place(root: Path):
    calls = calls_of(root, f"store.update_metadata(UUID({str(A)!r}), title='new')")
    new, target = r"pending/new/", rf"^{A}\.agcx$"
    (synced,) = places(calls, "fsync", rf"{new}{A}\.agcx$")
    manifest = places(calls, "fsync", r"\.manifest\.json.*tmp$")[-1]
    (kept,) = places(calls, "link", target, r"pending/before/")
    (exchanged,) = places(calls, "exchange", new, target)
    (done,) = places(calls, "rename", r"^trash/[^/]*\.pending$")
    # The new file and the manifest are synced together, in any order.
    assert max(synced, manifest) < kept < exchanged < done
    assert between(calls, kept, exchanged, r"pending/before$")
    assert between(calls, exchanged, done, "^$")


def test_an_undo_is_announced_before_and_ended_after_its_moves(root: Path):
    open_store(root).delete(list(open_store(root).scan()))
    calls = calls_of(root, "store.undo()")
    (begun,) = places(calls, "rename", "^trash/", r"\.undoing$")
    back = places(calls, "link", r"\.undoing/files/", r"\.agcx$")
    left = places(calls, "unlink", r"\.undoing/files/.*\.agcx$")
    (ended,) = places(calls, "rename", r"\.undoing$", r"\.undone$")
    assert between(calls, begun, back[0], "^trash$")
    # Where they are is durable before the names in the trash go.
    assert between(calls, back[-1], left[0], "^$")
    assert left[-1] < ended
    assert places(calls, "fsync", "^trash$")[-1] > ended


def test_a_session_that_is_destroyed_is_gone_from_the_disk_before_what_belongs_to_it(root: Path):
    store = open_store(root)
    for entry in list(store.scan()):
        store.checkpoints.create(entry, "kept")
    calls = calls_of(root, "store.destroy_sessions(list(store.scan()))")
    removed = places(calls, "unlink", r"^\.[^/]*\.agcx\.agcx-aside$")
    moved = places(calls, "rename", r"^checkpoints/")
    assert len(removed) == len(moved) == 2
    assert between(calls, removed[-1], moved[0], "^$")


def test_an_emptying_is_announced_then_done_then_noted_and_ends_with_the_manifest(root: Path):
    open_store(root).delete(list(open_store(root).scan()))
    calls = calls_of(root, "store.empty_trash()")
    (marked,) = places(calls, "rename", r"^trash/[^/]*-delete-\w+$", r"\.emptying$")
    removed = places(calls, "unlink", r"\.emptying/files/.*\.agcx$")
    (noted,) = places(calls, "fsync", r"^trash/emptied\.jsonl$")
    (last,) = places(calls, "unlink", r"\.emptying/manifest\.json$")
    # A deletion that can be undone has all its files: it is none before the first of them goes.
    assert between(calls, marked, removed[0], "^trash$")
    # The history names it however much of this the disk has seen.
    assert removed[-1] < noted < last
    assert between(calls, noted, last, "^trash$")
    # What is reported as destroyed does not come back.
    assert places(calls, "fsync", "^trash$")[-1] > last
