"""Whatever happens to the files of the search index, a search finds what is there, and nothing breaks."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from unittest.mock import patch
from zlib import crc32

import msgspec
import pytest
from hypothesis import strategies as st

from agcx_format import open_store
from agcx_format.disk.checked_frames import framed
from agcx_format.errors import PersistenceError
from agcx_format.search import Index
from agcx_format.search.segment_rows import MAGIC
from tests.format.search.odd_stores import make_odd_store
from tests.slow.fuzz.conftest import Fuzzing
from tests.slow.fuzz.damage import apply, rough_edits
from tests.slow.fuzz.limits import limited
from tests.slow.fuzz.wrong_values import HOSTILE, places, replaced
from tests.support.bad_sectors import BadSectors, needs_proc

QUERIES = ("Timeout", "straße", "/lay.ut/", "grid -error role:user", "in:title s")
MEMORY = 256 << 20

Found = list[tuple[str, int]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> tuple[Path, Path]:
    """A store and a cache with its book in two segments."""
    root = tmp_path_factory.mktemp("kept")
    make_odd_store(root / "store", 7, 11)
    index = Index(open_store(root / "store"), root / "cache")
    asked = iter(range(100))
    index.update(should_stop=lambda: next(asked) >= 4)
    index.update()
    assert len(list((root / "cache").rglob("*.seg"))) == 2
    return root / "store", root / "cache"


def found(index: Index) -> list[Found]:
    return [[(session.path, session.count) for session in index.find(query)] for query in QUERIES]


def counts(index: Index) -> Found:
    return [(session.path, session.count) for session in index.find(QUERIES[0])]


def spoiled(kept: tuple[Path, Path], to: Path, spoil: Callable[[bytes], bytes]) -> Index:
    """An index whose segments went through `spoil`."""
    store, cache = kept
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(cache, to)
    for path in to.rglob("*.seg"):
        path.write_bytes(spoil(path.read_bytes()))
    return Index(open_store(store), to)


def test_damaged_segments_change_no_result(kept, tmp_path, fuzzing: Fuzzing):
    expected = found(Index(open_store(kept[0])))

    def check(changes) -> None:
        index = spoiled(kept, tmp_path / "cache", lambda data: apply(data, changes))
        with limited(MEMORY, 60):
            assert found(index) == expected
            # What is damaged is built anew.
            assert index.update().complete
            assert found(index) == expected

    fuzzing(check, rough_edits, examples=8)


@needs_proc
@pytest.mark.parametrize("changing", [False, True], ids=["find", "update"])
def test_a_read_of_the_book_that_fails_changes_no_result(kept, tmp_path, changing):
    """A bad sector anywhere in the book: what it holds is read in the session's own file."""
    store, cache = kept[0], tmp_path / "cache"
    expected = counts(Index(open_store(store)))

    def work() -> None:
        index = Index(open_store(store), cache)
        if changing:
            # Whoever builds is told; the book is as good as before.
            with suppress(PersistenceError):
                index.update()
        assert counts(index) == expected
        index.state()

    shutil.copytree(kept[1], cache)
    with BadSectors(cache) as reads:
        work()
    assert reads.reads > 9
    # Building reads the same places and more: every third of them.
    for number in range(0, reads.reads, 3 if changing else 1):
        shutil.rmtree(cache)
        shutil.copytree(kept[1], cache)
        with BadSectors(cache, number):
            work()


def test_a_write_of_the_book_that_fails_leaves_one_that_is_right(tmp_path):
    store, cache = tmp_path / "store", tmp_path / "cache"
    make_odd_store(store, 2, 11)
    expected = counts(Index(open_store(store)))
    step = 0
    while True:
        shutil.rmtree(cache, ignore_errors=True)
        index = Index(open_store(store), cache)
        with failing_at(step) as failed, suppress(PersistenceError):
            index.update()
        assert counts(index) == expected
        assert index.update().complete
        if not failed:
            break
        step += 1
    assert step > 8


@contextmanager
def failing_at(step: int) -> Iterator[list[str]]:
    """The change of a file with this number fails, once; which one it was, if there are so many."""
    left, failed = count(), []

    def failing(name: str, function: Callable) -> Callable:
        def call(*args, **options):
            if next(left) == step:
                failed.append(name)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return function(*args, **options)

        return call

    names = ("write", "fsync", "rename", "unlink", "mkdir")
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(patch.object(os, name, failing(name, getattr(os, name))))
        yield failed


def test_hostile_tables_break_nothing(kept, tmp_path, fuzzing: Fuzzing):
    def check(drawn) -> None:
        share, value = drawn

        def spoil(data: bytes) -> bytes:
            length = int.from_bytes(data[8:12], "little")
            payload = data[16 : 16 + length]
            assert crc32(payload) == int.from_bytes(data[12:16], "little")
            table = msgspec.msgpack.decode(payload)
            ways = list(places(table))
            table = replaced(table, ways[int(share * (len(ways) - 1))], value)
            return MAGIC + framed(msgspec.msgpack.encode(table)) + data[16 + length :]

        index = spoiled(kept, tmp_path / "cache", spoil)
        with limited(MEMORY, 60):
            found(index)
            index.update()
            list(index.find("the"))

    numbers = st.floats(0, 1)
    values = st.sampled_from([value for value in HOSTILE if value == value])
    fuzzing(check, st.tuples(numbers, values), examples=8)
