"""Where all matches need not be counted, what is said at the beginning is found without reading the rest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import msgspec
import pytest

from agcx_format.model.items import InputText, Message
from agcx_format.search import Index, Query, SessionHits, scope
from agcx_format.search.book import Book
from agcx_format.search.segment_rows import Beginning, BlockRow
from tests.format.search.odd_stores import make_odd_store, save
from tests.format.search.truth import load, some_query


@pytest.fixture(scope="module")
def long(tmp_path_factory) -> Path:
    """A store of long sessions, of which one says `zygote` late."""
    root = tmp_path_factory.mktemp("begun") / "long"
    root.mkdir()
    random = Random(4)
    for number in range(4):
        words = ["stall lease the " + "".join(random.choices("abcdef ", k=600)) for _ in range(60)]
        words[50 if number == 3 else 2] += " zygote"
        items = [Message(None, "user", [InputText(each)]) for each in words]
        save(root / f"00000000-0000-4000-8000-00000000000{number}.agcx", items)
    return root


def few(index: Index, query: Query | str, rows: int) -> tuple[list[SessionHits], int]:
    """What is found, but for how, and how many sessions were read in their files."""
    search = index.find(query, rows=rows, counted=False)
    found = [msgspec.structs.replace(each, direct=False) for each in search]
    assert search.progress.done
    return found, search.progress.direct


def test_the_same_is_found_as_in_the_files(tmp_path, monkeypatch, request):
    # Also what is not common.
    monkeypatch.setattr(scope, "_COMMON", -1)
    store = tmp_path / "store"
    make_odd_store(store, 10, 6)
    index, files = Index(store, tmp_path / "cache"), Index(store)
    index.update()
    random = Random(5)
    texts = [text for session in load(index.store) for text in session.texts if text]
    for _ in range(25 * (20 if request.config.getoption("--full") else 1)):
        query = some_query(random, texts)
        if query:
            for rows in (0, 1, 3):
                assert few(index, query, rows)[0] == few(files, query, rows)[0], (query, rows)


@pytest.mark.parametrize(
    "line", ["stall lease", "stall -zygote", "the lease -xyzzy", "stall role:user"]
)
def test_a_number_that_is_not_of_all_matches_says_so(long, line):
    everything = {each.path: each.count for each in Index(long).find(line)}
    for rows in (0, 1, 7, 1000):
        for session in Index(long).find(line, rows=rows, counted=False):
            count = everything[session.path]
            assert session.count == count if session.exact else session.count <= count
            assert len(session.hits) == min(rows, count)


def spoiled(store: Path, cache: Path, place: Callable[[BlockRow, Beginning], int]) -> Index:
    """With an index in which a byte of each first block is another, at a place of its text."""
    index = Index(store, cache)
    index.clear()
    index.update()
    book = Book(cache, store)
    book.refresh()
    for segment in book.segments:
        data = bytearray(segment.path.read_bytes())
        for start, row in zip(segment._starts, segment.blocks, strict=False):
            if row.beginning is not None:
                data[start + row.packed_facts + place(row, row.beginning)] ^= 0xFF
        segment.path.write_bytes(data)
    return Index(store, cache)


def test_the_rest_is_not_read(long, tmp_path):
    expected, _ = few(Index(long), "the", 2)
    assert len(expected) == 4

    def in_the_rest(row: BlockRow, beginning: Beginning) -> int:
        return (beginning.packed + row.packed) // 2

    assert few(spoiled(long, tmp_path, in_the_rest), "the", 2) == (expected, 0)
    # Unless all matches are counted, or what is wanted is not all at the beginning.
    for query, rows, counted in (("the", 1, True), ("the", 100, False), ("zygote", 1, False)):
        index = spoiled(long, tmp_path, in_the_rest)
        search = index.find(query, rows=rows, counted=counted)
        found = [(each.path, each.hits, each.count) for each in search]
        files = Index(long).find(query, rows=rows, counted=counted)
        assert found == [(each.path, each.hits, each.count) for each in files]
        assert search.progress.direct > 0


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95])
def test_a_beginning_that_is_damaged_is_not_believed(long, tmp_path, share):
    index = spoiled(long, tmp_path, lambda row, beginning: int(share * beginning.packed))
    found, direct = few(index, "the", 2)
    assert found == few(Index(long), "the", 2)[0]
    assert direct > 0
