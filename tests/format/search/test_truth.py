"""Whatever state the book is in, a search finds what the naive one finds: sessions, messages, places."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from agcx_format import open_store
from agcx_format.search import Index, native
from agcx_format.search.segment_rows import MAGIC
from tests.format.search.odd_stores import make_odd_store, save, some_items
from tests.format.search.truth import load, naive, searched, some_query
from tests.support.golden_files import GOLDEN

QUERIES = 15
# A query with more matches takes a second in each state of the book, and tells no more there.
MANY = 1_000


@pytest.fixture(scope="module")
def stores(tmp_path_factory) -> dict[str, Path]:
    """Never changed by a test."""
    root = tmp_path_factory.mktemp("stores")
    make_odd_store(root / "odd", 14, 5)
    return {
        "odd": root / "odd",
        "v1": GOLDEN / "v1",
        "v2": GOLDEN / "v2",
        "both": GOLDEN / "manager-store",
    }


@pytest.fixture
def full(request) -> bool:
    return request.config.getoption("--full")


def queries(full: bool, count: int = QUERIES) -> int:
    return count * (40 if full else 1)


def check(index: Index, count: int, *, many: bool = False) -> None:
    """Ask for so many queries, but only with `many` for those that have very many matches."""
    sessions = load(index.store)
    texts = [text for session in sessions for text in session.texts if text] or ["nothing"]
    texts += [session.title for session in sessions if session.title]
    random = Random(1)
    for _ in range(count):
        query = some_query(random, texts)
        if query:
            truth = naive(sessions, query)
            if many or sum(map(len, truth.values())) <= MANY:
                assert searched(index, query) == truth, query


@pytest.mark.parametrize("name", ["odd", "v1", "v2", "both"])
def test_without_a_book(stores, name, full):
    check(Index(open_store(stores[name])), queries(full, 3 if name == "v1" else 10), many=True)


@pytest.mark.parametrize("name", ["odd", "v1", "v2", "both"])
def test_with_a_whole_book(stores, name, tmp_path, full):
    index = Index(open_store(stores[name]), tmp_path)
    assert index.update().complete
    check(index, queries(full, 8 if name == "v1" else QUERIES), many=True)


def test_of_a_whole_book_no_session_is_read_that_can_be_read_at_all(stores, tmp_path):
    index = Index(open_store(stores["odd"]), tmp_path)
    index.update()
    search = index.find("the")
    list(search)
    assert search.progress.direct == 0
    progress = search.progress
    assert progress.searched + len(progress.unreadable) == progress.total
    assert len(progress.unreadable) == 2
    # What is wrong with them is said as if they were read.
    direct = Index(index.store).find("the")
    list(direct)
    for stored, read in zip(progress.unreadable, direct.progress.unreadable, strict=True):
        assert (stored.path, str(stored.error)) == (read.path, str(read.error))
        assert stored.error.truncated == read.error.truncated
    assert any(each.error.truncated for each in progress.unreadable)


def test_with_a_half_built_book(stores, tmp_path, full):
    index = Index(open_store(stores["odd"]), tmp_path)
    asked = iter(range(100))
    state = index.update(should_stop=lambda: next(asked) > 9)
    assert 0 < state.sessions < state.total
    check(index, queries(full), many=full)
    assert index.update().complete
    check(index, 10)


def test_with_a_book_of_another_version(stores, tmp_path, full):
    index = Index(open_store(stores["odd"]), tmp_path)
    index.update()
    for path in tmp_path.rglob("*.seg"):
        data = path.read_bytes()
        path.write_bytes(b"AGCXbok9" + data[8:])
    index = Index(index.store, tmp_path)
    check(index, queries(full), many=full)
    assert index.update().complete
    # It does not stay on the disk.
    assert {path.read_bytes()[:8] for path in tmp_path.rglob("*.seg")} == {MAGIC}


def test_a_book_by_another_version_of_unicode_is_not_used(stores, tmp_path, monkeypatch):
    with monkeypatch.context() as older:
        older.setattr("agcx_format.search.segment_maker.unidata_version", "9.0.0")
        Index(open_store(stores["odd"]), tmp_path).update()
    index = Index(open_store(stores["odd"]), tmp_path)
    assert index.state().sessions == 0
    assert index.update().complete
    assert {path.stat().st_size for path in tmp_path.rglob("*.seg")} == {index.state().size}


def test_with_a_book_of_another_store(stores, tmp_path):
    Index(open_store(stores["v1"]), tmp_path / "cache").update()
    (book,) = (tmp_path / "cache").iterdir()
    index = Index(open_store(stores["odd"]), tmp_path / "cache")
    index.update()
    (other,) = set((tmp_path / "cache").iterdir()) - {book}
    for path in other.rglob("*.seg"):
        path.unlink()
    for path in book.rglob("*.seg"):
        shutil.copy(path, other / "book-1" / path.name)
    check(Index(index.store, tmp_path / "cache"), 15)


def test_with_a_stale_book(stores, tmp_path, full):
    store = tmp_path / "store"
    shutil.copytree(stores["odd"], store)
    index = Index(open_store(store), tmp_path / "cache")
    index.update()
    random = Random(7)
    files = sorted(store.glob("*.agcx"))
    for path in files[3:7]:
        save(path, some_items(random, 5), "changed")
    for path in files[7:10]:
        path.unlink()
    for number in range(3):
        save(store / f"0000000{number}-0000-4000-8000-000000000000.agcx", some_items(random, 5))
    check(index, queries(full), many=full)
    assert index.update().complete
    check(index, 20)


@pytest.mark.parametrize("gone", ["_stringzilla", "_re2", "numpy"])
def test_without_a_library(stores, tmp_path, monkeypatch, gone):
    monkeypatch.setattr(native, gone, lambda: None)
    index = Index(open_store(stores["odd"]), tmp_path)
    if gone == "_re2":
        from agcx_format.search import parse_query

        (error,) = parse_query("grid /x+/").errors
        assert "google-re2" in error.reason
        assert native.missing() == ("google-re2",)
        monkeypatch.undo()
    index.update()
    check(index, 15)
    check(Index(index.store), 5)
