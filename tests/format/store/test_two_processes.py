"""Processes that use one store at the same time: no update is lost, no lock stays, no map kills.

`--race=SECONDS` makes them go on for longer.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    open_store,
    read_session,
)
from agcx_format.disk.locks import locked
from agcx_format.session.metadata import read_metadata
from agcx_format.store.acts.act_dirs import unfinished
from tests.support.golden_files import GOLDEN, v1
from tests.support.stores import contents, golden_session
from tests.support.waiting import LIMIT

COUNTER, SHARED = UUID(int=1 << 96), UUID(int=2 << 96)


def add_one(root: Path, session_id: UUID, when_loaded: Callable[[], object]) -> int:
    """Load, add one, save: again until nobody was faster.  Gives how often somebody was."""
    store, beaten = open_store(root), 0
    while True:
        metadata, conversation, state = store.load_session(session_id)
        if not beaten:
            when_loaded()
        more = replace(metadata, turn_count=metadata.turn_count + 1)
        try:
            store.save_session(session_id, more, conversation, state)
            return beaten
        except StaleSession:
            beaten += 1


def tag(root: Path, session_id: UUID, when_read: Callable[[], object]) -> int:
    """Add a tag to those that are there, in the same way."""
    beaten = 0
    while True:
        store = open_store(root)
        entry = next(e for e in store.scan() if e.id == session_id)
        if not beaten:
            when_read()
        try:
            store.update_many([(entry, {"tags": [*entry.metadata.tags, str(os.getpid())]})])
            return beaten
        except StaleSession:
            beaten += 1


def compete(root: str) -> None:
    """What each process does: a round for each line it is given.

    It says when it has read what it is about to change, and goes on when it is told to.
    """

    def meet() -> None:
        print("read", flush=True)
        input()

    for line in iter(input, "end"):
        waits = meet if line == "together" else lambda: None
        beaten = [
            add_one(Path(root), COUNTER, waits),
            tag(Path(root), SHARED, waits),
        ]
        print(json.dumps(beaten), flush=True)


class Competitor:
    """A process that changes the store whenever it is told to."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import compete; compete({str(root)!r})"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def tell(self, line: str) -> None:
        self.process.stdin.write(line + "\n")

    def hear(self) -> str:
        assert select.select([self.process.stdout], [], [], LIMIT)[0], "it says nothing"
        return self.process.stdout.readline().strip()


@contextmanager
def two_competitors(root: Path) -> Iterator[list[Competitor]]:
    both = [Competitor(root) for _ in range(2)]
    try:
        yield both
        for one in both:
            one.tell("end")
            assert one.process.wait(LIMIT) == 0
    finally:
        for one in both:
            one.process.kill()
            one.process.communicate()


def together(both: list[Competitor]) -> None:
    """A round in which both have read the same before either saves: one of them is beaten."""
    for one in both:
        one.tell("together")
    for _ in ("the counter", "the tags"):
        assert [one.hear() for one in both] == ["read", "read"]
        for one in both:
            one.tell("go on")
    # Between the two meetings, and after the last one, nobody saves but the two who met.
    beaten = [json.loads(one.hear()) for one in both]
    assert [sum(each) for each in zip(*beaten, strict=True)] == [1, 1]


def freely(both: list[Competitor]) -> None:
    for one in both:
        one.tell("freely")
    for one in both:
        json.loads(one.hear())


@pytest.mark.parametrize("facade", [SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def test_no_update_is_lost(facade: type, tmp_path: Path, race_seconds: float):
    root = tmp_path / "store"
    metadata, conversation, state = golden_session("full")
    for session_id in (COUNTER, SHARED):
        begun = replace(metadata, id=session_id, turn_count=0, tags=[])
        facade(root).save_session(session_id, begun, conversation, state)
    rounds, end = 0, time.monotonic() + race_seconds
    with two_competitors(root) as both:
        while rounds < 20 or time.monotonic() < end:
            together(both) if rounds % 2 else freely(both)
            rounds += 1
    store = open_store(root)
    assert store.load_session(COUNTER)[0].turn_count == 2 * rounds
    # Each edit read the tags, and added one: an edit on top of an older reading would lose some.
    assert len(store.load_session(SHARED)[0].tags) == 2 * rounds
    assert len(store.acts()) == 2 * rounds
    with locked(root, timeout=1):
        pass
    assert unfinished(root) == []
    assert [name for name in contents(root, trash=True) if "tmp" in name or ".lock" in name] == []


def test_a_lock_goes_with_the_process_that_held_it(tmp_path: Path):
    code = f"""
from pathlib import Path
from agcx_format.disk.locks import locked
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
    """Read a file by its map and in all other ways, until either was seen often; counts of both."""
    seen = {"values": 0, "errors": 0}
    end, limit = time.monotonic() + seconds, time.monotonic() + LIMIT
    while min(seen.values()) < 50 or time.monotonic() < end:
        assert time.monotonic() < limit + seconds, seen
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
            [sys.executable, "-c", call],
            capture_output=True,
            text=True,
            timeout=race_seconds + 2 * LIMIT,
            check=False,
        )
        assert cutter.poll() is None
    finally:
        cutter.kill()
        cutter.wait()
    assert reader.returncode == 0, reader.stderr[-2000:]
    assert json.loads(reader.stdout).keys() == {"values", "errors"}


def with_long_title() -> bytes:
    """A session whose metadata takes many pages of the map."""
    from agcx_format.layout.v1 import LAYOUT

    metadata, conversation, state = read_session(v1("large").path)
    return b"".join(LAYOUT.encode(replace(metadata, title="t" * 100_000), conversation, state, 3))
