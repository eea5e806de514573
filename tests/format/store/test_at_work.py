"""Whether an agent may be at work on a session: one rule, for the library, the command line and the app."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import Timestamp
from agcx_format.disk.durable import Signature
from agcx_format.store.store import Store
from tests.support.privileges import without_privileges
from tests.support.stores import golden_session

MINUTE = 60 * 10**9
both_layouts = pytest.mark.parametrize("layout", [1, 2])


def filled(root: Path, layout: int, count: int = 3) -> Store:
    store = Store(root, layout=layout)
    metadata, conversation, state = golden_session("every-item")
    metadata = replace(metadata, last_accessed=Timestamp.now())
    for number in range(count):
        session_id = UUID(int=number + 1)
        store.save_session(session_id, replace(metadata, id=session_id), conversation, state)
    return store


def age(store: Store, minutes: float) -> None:
    """Let the files be so old."""
    then = time.time_ns() - int(minutes * MINUTE)
    for entry in store.scan():
        os.utime(entry.path, ns=(then, then))


def running(store: Store, minutes_later: float = 0) -> int:
    now = time.time_ns() + int(minutes_later * MINUTE)
    entries = list(store.scan())
    found = store.at_work(entries, now)
    assert store.in_use([entry.signature for entry in entries], now) == {e.signature for e in found}
    return len(found)


@both_layouts
@pytest.mark.parametrize(
    ("minutes", "expected"), [(0, 3), (4, 3), (6, 0), (-1, 0), (-10, 0), (-60 * 24 * 365 * 5, 0)]
)
def test_what_changed_in_the_last_minutes_may_be_in_use(
    tmp_path: Path, layout: int, minutes: float, expected: int
):
    """A time in the future tells nothing: until that day every file would be in use."""
    store = filled(tmp_path, layout)
    age(store, minutes)
    assert running(store) == expected


@both_layouts
@pytest.mark.parametrize(
    "fields", [{"is_favorite": True}, {"title": "New"}, {"tags": ["a"]}], ids=str
)
def test_ones_own_change_is_no_agents(tmp_path: Path, layout: int, fields: dict):
    store = filled(tmp_path, layout)
    age(store, 60)
    store.update_metadata(UUID(int=1), **fields)
    assert running(store) == 0
    # Another program's view of the same store.
    assert running(Store(tmp_path)) == 0
    store.undo()
    assert running(store) == 0


@both_layouts
def test_other_acts_are_no_agents_either(tmp_path: Path, layout: int):
    store = filled(tmp_path, layout)
    age(store, 60)
    store.duplicate(UUID(int=1))
    store.split(UUID(int=2), 2)
    store.delete([next(entry for entry in store.scan() if entry.id == UUID(int=3))])
    store.restore(store.trash())
    store.undo()
    store.undo()
    assert running(store) == 0


@both_layouts
def test_a_save_after_ones_own_change_is_an_agents(tmp_path: Path, layout: int):
    store = filled(tmp_path, layout)
    age(store, 60)
    store.update_metadata(UUID(int=1), title="New")
    other = Store(tmp_path)
    other.save_session(UUID(int=1), *other.load_session(UUID(int=1)))
    assert running(store) == 1


def test_many_older_acts_are_not_read(tmp_path: Path, monkeypatch):
    store = filled(tmp_path, 1)
    for number in range(30):
        store.update_metadata(UUID(int=1 + number % 3), title=f"No {number}")
    opened = []
    open_file = os.open

    def noting(path, *rest, **named):
        opened.append(os.path.basename(path))
        return open_file(path, *rest, **named)

    monkeypatch.setattr(os, "open", noting)
    # What changed an hour after the last act has nothing to do with any.
    now = time.time_ns() + 60 * MINUTE
    assert len(store.in_use([Signature(1, 2, now)], now)) == 1
    assert opened.count("manifest.json") <= 1


def test_an_act_of_which_not_even_the_time_is_known_hides_none_before_it(tmp_path: Path):
    store = filled(tmp_path, 1)
    age(store, 60)
    store.update_metadata(UUID(int=1), title="New")
    unknown = tmp_path / "trash" / "99991399T250000.000000Z-edit-abcdef"
    unknown.mkdir()
    (unknown / "manifest.json").write_text("{", encoding="utf-8")
    assert store.log()[0].problem
    assert running(store) == 0


def test_a_log_that_cannot_be_read_makes_nobody_sure():
    with without_privileges() as folder:
        store = filled(folder / "store", 1)
        store.update_metadata(UUID(int=1), title="New")
        (folder / "store" / "trash").chmod(0)
        assert running(store) == 3
        (folder / "store" / "trash").chmod(0o700)


@both_layouts
def test_a_restored_store_is_not_in_use_as_a_whole(tmp_path: Path, layout: int):
    """The files of a copy are all new; only what was used lately may be at work."""
    store = filled(tmp_path / "store", layout)
    then = Timestamp.from_ns(time.time_ns() - 3 * 24 * 60 * MINUTE)
    metadata, conversation, state = golden_session("every-item")
    for number in (1, 2):
        session_id = UUID(int=number)
        old = replace(metadata, id=session_id, last_accessed=then, updated_at=then)
        Store(store.path).save_session(session_id, old, conversation, state)
    copied = shutil.copytree(store.path, tmp_path / "copy")
    age(Store(copied), 1)
    entries = list(Store(copied).scan())
    assert [entry.id for entry in Store(copied).at_work(entries, time.time_ns())] == [UUID(int=3)]
