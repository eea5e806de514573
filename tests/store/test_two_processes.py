"""Processes that use one store at the same time: no update is lost, no lock stays, no map kills.

`--race=SECONDS` makes them go on for longer.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    PersistenceError,
    SessionFile,
    SessionStorage,
    SessionStore,
    StaleSession,
    acts,
    open_store,
    read_session,
)
from agcx_format.files import read_metadata
from agcx_format.locks import locked
from tests.golden_files import GOLDEN, v1
from tests.stores import contents, golden_session

COUNTER, SHARED = UUID(int=1 << 96), UUID(int=2 << 96)


def add_one(root: Path, session_id: UUID) -> int:
    """Load, add one, save: again until nobody was faster.  Gives how often somebody was."""
    store, beaten = open_store(root), 0
    while True:
        metadata, conversation, state = store.load_session(session_id)
        more = replace(metadata, turn_count=metadata.turn_count + 1)
        try:
            store.save_session(session_id, more, conversation, state)
            return beaten
        except StaleSession:
            beaten += 1


def count_on(root: str, seconds: float) -> None:
    """What each process does; prints how many it added, and how often it was beaten to it."""
    end, added, beaten, edits = time.monotonic() + seconds, 0, 0, 0
    while time.monotonic() < end:
        beaten += add_one(Path(root), COUNTER)
        added += 1
        store = open_store(root)
        entry = next(e for e in store.scan() if e.id == SHARED)
        try:
            store.update_many([(entry, {"tags": [*entry.metadata.tags, str(os.getpid())]})])
            edits += 1
        except StaleSession:
            beaten += 1
    print(json.dumps([added, edits, beaten]))


@pytest.mark.parametrize("facade", [SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def test_no_update_is_lost(facade: type, tmp_path: Path, race_seconds: float):
    root = tmp_path / "store"
    metadata, conversation, state = golden_session("full")
    for session_id in (COUNTER, SHARED):
        begun = replace(metadata, id=session_id, turn_count=0, tags=[])
        facade(root).save_session(session_id, begun, conversation, state)
    call = f"from {__name__} import count_on; count_on({str(root)!r}, {race_seconds})"
    command = [sys.executable, "-c", call]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    results = [json.loads(process.communicate(timeout=race_seconds + 60)[0]) for process in running]
    added, edits, beaten = map(sum, zip(*results, strict=True))
    store = open_store(root)
    assert store.load_session(COUNTER)[0].turn_count == added
    # Each edit read the tags, and added one: an edit on top of an older reading would lose some.
    assert len(store.load_session(SHARED)[0].tags) == edits
    assert len(store.acts()) == edits
    assert all(one[0] > 1 and one[1] > 1 for one in results)
    assert beaten, "they never met"
    with locked(root, timeout=1):
        pass
    assert acts.unfinished(root) == []
    assert [name for name in contents(root, trash=True) if "tmp" in name or ".lock" in name] == []


def test_a_lock_goes_with_the_process_that_held_it(tmp_path: Path):
    code = f"""
from pathlib import Path
from agcx_format.locks import locked
with locked(Path({str(tmp_path)!r})):
    print("held", flush=True)
    input()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"held\n"
    with (
        pytest.raises(PersistenceError, match="another program is changing it"),
        locked(tmp_path, 0.1),
    ):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with locked(tmp_path, 1):
        pass


# --- a file that is cut short under the reader

_CUTTER = """
import os, sys, time
path, data = sys.argv[1], open(sys.argv[1], "rb").read()
fd = os.open(path, os.O_RDWR)
print("ready", flush=True)
sizes = [0, 5, 7, 100, 4096, 5000, len(data) // 2]
number = 0
while True:
    os.ftruncate(fd, sizes[number % len(sizes)])
    number += 1
    if number % 3:
        time.sleep(0.0001)
    os.pwrite(fd, data, 0)
    time.sleep(0.0002)
"""


def read_for(path: Path, seconds: float) -> dict[str, int]:
    """Read a file by its map and in all other ways; counts of values and of errors."""
    seen = {"values": 0, "errors": 0}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for read in (mapped_metadata, lambda p: list(SessionFile(p)), read_session, listed):
            try:
                read(path)
                seen["values"] += 1
            except PersistenceError:
                seen["errors"] += 1
    return seen


def mapped_metadata(path: Path) -> None:
    for _ in range(20):
        with open(path, "rb") as file:
            read_metadata(file.fileno(), os.fstat(file.fileno()).st_size, use_mmap=True)


def listed(path: Path) -> None:
    for entry in SessionStorage(
        path.parent.parent if path.parent.name == "sessions" else path.parent
    ).scan():
        if entry.error is not None:
            raise entry.error


def print_reading(path: str, seconds: float) -> None:
    print(json.dumps(read_for(Path(path), seconds)))


@pytest.mark.parametrize("layout", [1, 2])
def test_a_file_that_is_cut_short_while_it_is_read_kills_nobody(
    layout: int, tmp_path: Path, race_seconds: float
):
    if layout == 1:
        path, data = tmp_path / "a.agcx", with_long_title()
    else:
        path = tmp_path / "sessions" / "a.agcx"
        path.parent.mkdir()
        data = max(
            (GOLDEN / "v2" / "sessions").iterdir(), key=lambda p: p.stat().st_size
        ).read_bytes()
    path.write_bytes(data)
    cutter = subprocess.Popen([sys.executable, "-c", _CUTTER, str(path)], stdout=subprocess.PIPE)
    try:
        assert cutter.stdout.readline() == b"ready\n"
        call = f"from {__name__} import print_reading; print_reading({str(path)!r}, {race_seconds})"
        # In a process of its own: SIGBUS would end this one, and every test with it.
        reader = subprocess.run(
            [sys.executable, "-c", call], capture_output=True, text=True, timeout=race_seconds + 60
        )
        assert cutter.poll() is None
    finally:
        cutter.kill()
        cutter.wait()
    assert reader.returncode == 0, reader.stderr[-2000:]
    seen = json.loads(reader.stdout)
    assert seen["values"] > 0
    assert seen["errors"] > 0


def with_long_title() -> bytes:
    """A session whose metadata takes many pages of the map."""
    from agcx_format import layout1

    metadata, conversation, state = read_session(v1("large").path)
    return b"".join(layout1.encode(replace(metadata, title="t" * 100_000), conversation, state, 3))
