"""A history of very many acts comes from a cache, and is that of the store all the same."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from agcx_format import open_store
from agcx_format.catalog import HistoryCache
from agcx_format.errors import CorruptData
from agcx_format.store.acts.manifest import Act
from tests.support.many_acts import repeat_last_act
from tests.support.stores import copy_of

MANY = 600


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Of one session that is there, and many deletions."""
    path = copy_of("v1", tmp_path / "store")
    opened = open_store(path)
    first, *_ = opened.scan()
    opened.delete([first])
    repeat_last_act(path, MANY)
    return path


@pytest.fixture
def cache(store: Path, tmp_path: Path) -> HistoryCache:
    """One that holds the store's history."""
    cache = HistoryCache(tmp_path / "cache", store)
    cache.log()
    cache.save()
    return cache


def spoil(store: Path, act: Act) -> None:
    """Its manifest is damaged in its place."""
    (store / "trash" / act.id / "manifest.json").write_bytes(b"no manifest")


def test_it_gives_what_the_store_gives_whatever_happens(store, cache):
    opened = open_store(store)
    _, newest, *_, old, oldest = opened.log()
    first, *_ = opened.trash()

    def undo(act: Act) -> None:
        opened.undo(act.id)

    for change in (
        lambda: None,
        lambda: undo(oldest),
        lambda: undo(newest),
        lambda: opened.restore([first]),
        lambda: opened.undo(),
        lambda: opened.destroy([old]),
        lambda: opened.empty_trash(),
    ):
        change()
        assert (cache.log(), cache.trash()) == (opened.log(), opened.trash())
        cache.save()


def test_only_the_last_manifests_are_read_again(store, cache):
    last, *_, oldest = before = open_store(store).log()
    spoil(store, oldest)
    assert cache.log() == before
    spoil(store, last)
    found = cache.log()
    assert found[1:] == before[1:]
    assert found[0].problem is not None


def test_what_acts_reads_the_manifest_itself(store, cache):
    *_, oldest = cache.log()
    spoil(store, oldest)
    with pytest.raises(CorruptData):
        open_store(store).undo(oldest.id)


def test_another_directory_of_the_name_is_another_act(store, cache):
    *_, one, other = cache.log()
    shutil.rmtree(store / "trash" / other.id)
    shutil.copytree(store / "trash" / one.id, store / "trash" / other.id)
    found = cache.log()[-1]
    assert (found.id, found.steps) == (other.id, one.steps)


def test_a_few_acts_leave_nothing_in_the_cache(tmp_path):
    store = copy_of("v1", tmp_path / "store")
    opened = open_store(store)
    opened.delete(list(opened.scan()))
    cache = HistoryCache(tmp_path / "cache", store)
    assert cache.log() == opened.log()
    cache.save()
    assert not (tmp_path / "cache").exists()


def test_one_act_more_does_not_write_it_again(store, cache):
    before = cache.path.stat()
    opened = open_store(store)
    opened.restore(opened.trash()[:1])
    assert cache.log() == opened.log()
    cache.save()
    assert cache.path.stat().st_ino == before.st_ino


def test_what_was_destroyed_since_it_was_read_is_not_saved(store, tmp_path):
    opened = open_store(store)
    *_, oldest = opened.log()
    name = oldest.steps[0].path.encode()
    cache, other = (HistoryCache(tmp_path / "cache", store) for _ in range(2))
    cache.log()
    opened.destroy([oldest])
    other.clear()
    cache.save()
    assert name not in cache.path.read_bytes()
    assert cache.log() == opened.log()


def test_what_is_gone_does_not_stay_in_it(store, cache):
    opened = open_store(store)
    *_, oldest = opened.log()
    name = oldest.steps[0].path.encode()
    assert name in cache.path.read_bytes()
    opened.destroy([oldest])
    cache.log()
    cache.save()
    assert name not in cache.path.read_bytes()


def test_a_manifest_of_very_many_sessions_is_read_from_the_store(store, tmp_path):
    *_, oldest = open_store(store).log()
    manifest = store / "trash" / oldest.id / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b" " * 20_000)
    cache = HistoryCache(tmp_path / "cache", store)
    assert cache.log() == open_store(store).log()
    cache.save()
    spoil(store, oldest)
    assert cache.log()[-1].problem is not None


def test_it_is_for_its_owner_and_of_its_store(store, cache, tmp_path):
    assert cache.path.stat().st_mode & 0o777 == 0o600
    assert cache.directory.stat().st_mode & 0o777 == 0o700
    other = HistoryCache(cache.directory, copy_of("v1", tmp_path / "other"))
    os.rename(cache.path, other.path)
    assert other.log() == []
    cache.clear()
    assert cache.log() == open_store(store).log()


def test_a_damaged_one_is_none(store, cache):
    good, before = cache.path.read_bytes(), open_store(store).log()
    for damaged in (b"", good[:7], good[:-1], good[:1000], good[:500] + b"\0" + good[501:]):
        cache.path.write_bytes(damaged)
        assert cache.log() == before
        cache.save()
        assert cache.path.read_bytes() == good
