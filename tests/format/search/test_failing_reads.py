"""A read of the index that fails is no damage: the search is right without it, and the index stays."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from unittest.mock import patch

import pytest

from agcx_format import PersistenceError, open_store
from agcx_format.model.items import InputText, Message
from agcx_format.search import Index
from agcx_format.search.segment import Segment
from agcx_format.search.segment_maker import SegmentMaker
from tests.format.search.odd_stores import make_odd_store, save
from tests.support.bad_sectors import BadSectors, needs_proc

pytestmark = needs_proc

QUERY = "Timeout"
ERRORS = (errno.EIO, errno.EMFILE, errno.ENOMEM, errno.ESTALE)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    make_odd_store(tmp_path / "store", 7, 11)
    return tmp_path / "store"


@pytest.fixture
def cache(tmp_path: Path, store: Path) -> Path:
    """With an index in two segments."""
    asked = iter(range(100))
    index = Index(store, tmp_path / "cache")
    index.update(should_stop=lambda: next(asked) >= 4)
    index.update()
    assert len(segments(tmp_path / "cache")) == 2
    return tmp_path / "cache"


def segments(cache: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in cache.rglob("*.seg")}


def searched(index: Index) -> tuple[list[tuple[str, int]], int]:
    """What was found, and how many sessions were searched without the index."""
    search = index.find(QUERY)
    found = [(each.path, each.count) for each in search]
    assert search.progress.done
    return found, search.progress.direct


@contextmanager
def failing(number: int, *, after: int = 0) -> Iterator[None]:
    """Reads of segments fail, but for the first ones."""
    done = 0
    real = os.pread

    def pread(fd: int, size: int, offset: int) -> bytes:
        nonlocal done
        if os.readlink(f"/proc/self/fd/{fd}").endswith(".seg"):
            done += 1
            if done > after:
                raise OSError(number, os.strerror(number))
        return real(fd, size, offset)

    with patch.object(os, "pread", pread):
        yield


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("is_open", [False, True], ids=["begins", "goes on"])
def test_the_sessions_are_searched_in_their_own_files_and_the_index_stays(
    store: Path, cache: Path, number: int, is_open: bool
):
    before = segments(cache)
    expected, everything = searched(Index(store))
    index = Index(store, cache)
    if is_open:
        assert searched(index) == (expected, 0)
    with failing(number):
        # The progress says so, which the status line shows.
        assert searched(index) == (expected, everything)
        assert index.close_words("Timeuot", seconds=60)
    assert segments(cache) == before
    assert searched(index) == (expected, 0)


@pytest.mark.parametrize("after", [3, 6, 9])
def test_it_is_neither_removed_nor_built_in_vain_while_it_is_brought_up_to_date(
    store: Path, cache: Path, after: int
):
    before = segments(cache)
    expected, _ = searched(Index(store))
    with failing(errno.EIO, after=after), suppress(PersistenceError):
        Index(store, cache).update()
    assert before.items() <= segments(cache).items()
    index = Index(store, cache)
    assert index.update().complete
    assert searched(index) == (expected, 0)
    # What was built twice meanwhile is there once.
    assert sum(map(len, segments(cache).values())) < 1.5 * sum(map(len, before.values()))


def test_a_segment_that_is_never_readable_goes_when_the_others_hold_everything(
    store: Path, cache: Path
):
    expected, _ = searched(Index(store))
    bad = next(iter(segments(cache)))
    with BadSectors(cache, bad={bad: 0}):
        index = Index(store, cache)
        assert searched(index)[1] > 0
        assert bad.exists()
        assert index.update().complete
        assert not bad.exists()
        assert searched(index) == (expected, 0)


def test_what_was_destroyed_does_not_stay_in_a_segment_that_cannot_be_read(
    store: Path, cache: Path
):
    opened = open_store(store)
    victim = next(iter(opened.scan()))
    index = Index(store, cache)
    searched(index)
    opened.delete([victim])
    opened.empty_trash()
    before = segments(cache)
    # Its head can be read, and says that the session was in it; what is to be kept cannot.
    with failing(errno.EIO, after=8):
        index.forget()
    name = os.fsencode(Path(victim.path).name)
    assert any(name in data for data in before.values())
    assert not any(name in data for data in segments(cache).values())


def test_what_cannot_be_copied_is_not_taken_for_the_text_of_the_next_session(tmp_path: Path):
    store, cache = tmp_path / "store", tmp_path / "cache"
    store.mkdir()
    for number in range(2):
        items = [Message(None, "user", [InputText(f"{n} words " * 4_000)]) for n in range(4)]
        path = store / f"{number:08d}-0000-4000-8000-000000000000.agcx"
        save(path, items, "title", Random(number))
        Index(store, cache).update()
    name = os.fsencode(store)
    first, second = (Segment(path, name) for path in sorted(segments(cache)))
    first.check()
    assert first.block_count == 2
    maker = SegmentMaker(name)
    with failing(errno.EIO, after=2), pytest.raises(PersistenceError):
        maker.copy(first, [0])
    maker.copy(second, [0])
    assert (maker.sessions, maker.blocks) == (1, second.block_count)
