"""What was measured is measured once, and kept no longer than the file is the one that was measured."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format import open_store
from agcx_format.space.measure import FileStats, gather
from agcx_format.space.measure_all import measure_all
from agcx_format.space.measure_cache import StatsCache
from tests.support.processes import end_started
from tests.support.stores import contents, copy_of


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return copy_of("v1", tmp_path / "store")


@pytest.fixture
def cache(store: Path, tmp_path: Path) -> StatsCache:
    return StatsCache(tmp_path / "cache", store)


def found(cache: StatsCache, store: Path) -> list[FileStats]:
    return list(cache.gather(list(open_store(store).scan())))


def spoil(path: str | Path) -> None:
    """Whoever reads it sees that; its signature does not tell."""
    before = os.stat(path)
    with open(path, "r+b") as file:
        file.write(bytes(before.st_size))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_it_gives_what_measuring_gives_and_reads_nothing_the_second_time(store, cache):
    before = contents(store, trash=True)
    anew = list(gather(open_store(store).scan()))
    assert found(cache, store) == anew
    assert contents(store, trash=True) == before
    for file in anew:
        spoil(file.path)
    assert {file.path: file for file in found(cache, store)} == {file.path: file for file in anew}


def test_what_happened_is_measured_once_it_is_asked_for(store, cache):
    entries = list(open_store(store).scan())
    assert {file.activity for file in cache.gather(entries)} == {None}
    asked = list(cache.gather(entries, activity=True))
    assert asked == list(gather(entries, activity=True))
    assert all(file.activity is not None for file in asked)
    for file in asked:
        spoil(file.path)
    # Known from now on, whether it is asked for or not.
    for again in (cache.gather(entries, activity=True), cache.gather(entries)):
        assert {file.path: file for file in again} == {file.path: file for file in asked}


def test_what_changed_is_measured_and_what_is_gone_is_forgotten(store, cache):
    first, second, *rest = [file.path for file in found(cache, store)]
    os.utime(first)
    os.unlink(second)
    again = {file.path: file for file in found(cache, store)}
    assert set(again) == {first, *rest}
    kept = {os.fsdecode(row.path): row.signature[2] for row in cache.load().values()}
    assert set(kept) == {first, *rest}
    assert kept[first] == os.stat(first).st_mtime_ns


def test_what_could_not_be_read_is_tried_anew(store, cache):
    path = next(store.glob("*.agcx"))
    whole = path.read_bytes()
    status = path.stat()
    spoil(path)
    assert not all(file.complete for file in found(cache, store))
    path.write_bytes(whole)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    # Not only called complete: a kept row says nothing of what could not be read.
    assert found(cache, store) == list(gather(open_store(store).scan()))


def test_what_was_measured_before_it_was_stopped_or_left_is_kept(store, cache):
    entries = list(open_store(store).scan())
    asked: list[FileStats] = []
    for file in cache.gather(entries, should_stop=lambda: len(asked) == 2):
        asked.append(file)
    assert len(cache.load()) == 2
    left = cache.gather(entries)
    for _ in range(4):
        next(left)
    left.close()
    assert list(cache.load()) == [os.fsencode(entry.path) for entry in entries[:4]]


def test_two_that_measure_at_once_keep_what_both_found(store, cache):
    entries = list(open_store(store).scan())
    parts = cache.gather(entries[:3]), cache.gather(entries[3:])
    for part in parts:
        next(part)
    for part in parts:
        list(part)
    assert {os.fsdecode(path) for path in cache.load()} == {entry.path for entry in entries}


def test_forgotten_files_and_earlier_titles_leave_no_word(store, cache):
    opened = open_store(store)
    gone, edited, *_ = [entry for entry in opened.scan() if entry.metadata and not entry.error]
    for entry, title in ((gone, "Secret plan"), (edited, "Hidden words")):
        opened.update_metadata(entry.id, title=title)
    found(cache, store)
    assert words(cache) == {b"Secret plan", b"Hidden words"}
    opened.update_metadata(edited.id, title="Other")
    cache.forget([gone.path])
    assert words(cache) == set()
    assert cache.load()


def words(cache: StatsCache) -> set[bytes]:
    kept = cache.path.read_bytes()
    return {each for each in (b"Secret plan", b"Hidden words") if each in kept}


def test_it_is_readable_by_its_owner_alone(store, cache):
    found(cache, store)
    assert stat.S_IMODE(cache.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(cache.directory.stat().st_mode) == 0o700


def test_that_of_another_store_is_none(store, cache, tmp_path):
    found(cache, store)
    other = StatsCache(cache.directory, copy_of("v1", tmp_path / "other"))
    os.rename(cache.path, other.path)
    assert other.load() == {}


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> tuple[Path, bytes]:
    folder = tmp_path_factory.mktemp("stats")
    store = copy_of("v1", folder / "store")
    cache = StatsCache(folder / "cache", store)
    found(cache, store)
    return store, cache.path.read_bytes()


@given(st.data())
def test_a_damaged_one_is_none(saved, tmp_path_factory, data):
    store, whole = saved
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :]
    if at and data.draw(st.booleans()):
        changed = whole[: at - 1]
    cache = StatsCache(tmp_path_factory.mktemp("damaged"), store)
    cache.path.write_bytes(changed)
    assert cache.load() == {}


def test_several_processes_give_the_same_in_the_same_order(store, cache):
    entries = list(open_store(store).scan())
    spoil(entries[3].path)
    expected = list(gather(entries, activity=True))
    assert [file.complete for file in expected].count(False) == 1
    # Some are known already, some only without their activity.
    list(cache.gather(entries[::3], activity=True))
    list(cache.gather(entries[1::3]))
    assert list(cache.gather(entries, activity=True, processes=2)) == expected
    assert {file.path for file in found(cache, store)} == {entry.path for entry in entries}


def test_processes_that_measure_can_be_stopped_and_ended(store, tmp_path, monkeypatch):
    entries = list(open_store(store).scan())
    assert list(measure_all(entries, lambda: True, processes=2)) == []
    end_started(monkeypatch)
    assert list(measure_all(entries, processes=2)) == list(gather(entries))
