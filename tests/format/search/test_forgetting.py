"""Words of what was destroyed leave the book before that is reported, whenever the machine stops."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
import zstandard

from agcx_format import open_store
from agcx_format.disk.durable import temporary_name
from agcx_format.disk.locks import locked
from agcx_format.errors import PersistenceError
from agcx_format.search import Index, forget_text, wipe
from agcx_format.search.book import Book
from agcx_format.search.segment import Segment
from agcx_format.search.segment_maker import SegmentMaker
from agcx_tui.core.store.forget import forget
from tests.format.search.odd_stores import save, some_items
from tests.support import ROOT

SECRET = "zyqwortharc"


@pytest.fixture
def store(tmp_path) -> Path:
    """Twelve sessions; three of them say the secret."""
    from agcx_format.model.items import InputText, Message

    root = tmp_path / "store"
    root.mkdir()
    for number in range(12):
        random = Random(number)
        items = some_items(random, 6)
        if number % 4 == 1:
            items.append(Message(None, "user", [InputText(f"the {SECRET} is here")]))
        path = root / f"{number:08d}-0000-4000-8000-000000000000.agcx"
        save(path, items, f"title {number}", random)
    return root


def holds(cache: Path, word: str = SECRET) -> bool:
    """Whether any file below holds the word, packed or not."""
    for path in cache.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            at = data.find(b"\x28\xb5\x2f\xfd")
            while at >= 0:
                try:
                    plain = zstandard.ZstdDecompressor().decompressobj().decompress(data[at:])
                except zstandard.ZstdError:
                    plain = b""
                if word.encode() in plain:
                    return True
                at = data.find(b"\x28\xb5\x2f\xfd", at + 1)
            if word.encode() in data:
                return True
    return False


def found(index: Index) -> int:
    return sum(1 for _ in index.find(SECRET))


def delete_and_empty(store: Path) -> object:
    opened = open_store(store)
    opened.delete([e for e in opened.scan() if int(e.path[-41:-33]) % 4 == 1])
    return opened.empty_trash()


def test_emptying_the_trash_takes_the_words_out_of_the_book(store, tmp_path):
    cache = tmp_path / "cache"
    index = Index(open_store(store), cache / "search")
    index.update()
    assert found(index) == 3
    assert holds(cache)
    gone = delete_and_empty(store)
    assert holds(cache)
    forget(gone, store, state=None, cache=cache)
    assert not holds(cache)
    assert found(index) == 0
    state = index.state()
    assert (state.sessions, state.total) == (9, 9)


def test_what_is_in_other_parts_of_the_book_stays(store, tmp_path):
    """Also for a program that starts afterwards."""
    cache = tmp_path / "cache"
    kept = next(store.glob("00000000*"))
    aside = kept.rename(tmp_path / kept.name)
    Index(open_store(store), cache / "search").update()
    aside.rename(kept)
    Index(open_store(store), cache / "search").update()
    forget(delete_and_empty(store), store, state=None, cache=cache)
    assert not holds(cache)
    again = Index(open_store(store), cache / "search")
    assert (again.state().sessions, again.state().total) == (9, 9)


def test_a_title_that_an_edit_replaced_leaves_it_too(store, tmp_path):
    cache = tmp_path / "cache"
    opened = open_store(store)
    session_id = next(opened.scan()).id
    assert session_id
    opened.update_metadata(session_id, title=f"about {SECRET}s")
    Index(opened, cache / "search").update()
    opened.update_metadata(session_id, title="other")
    forget(opened.empty_trash(), store, state=None, cache=cache)
    assert not holds(cache, f"{SECRET}s")


def test_what_was_deleted_and_brought_back_is_found(store, tmp_path):
    opened = open_store(store)
    index = Index(opened, tmp_path / "cache")
    index.update()
    opened.delete(list(opened.scan()))
    assert found(index) == 0
    opened.undo()
    assert found(index) == 3


def test_a_segment_that_cannot_be_written_anew_is_removed(store, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    index = Index(open_store(store), cache / "search")
    index.update()
    gone = delete_and_empty(store)

    def full(*_: object) -> None:
        raise PersistenceError("no space left on device")

    monkeypatch.setattr(Book, "add", full)
    forget(gone, store, state=None, cache=cache)
    assert not holds(cache)
    assert found(index) == 0


def test_what_cannot_be_noted_is_destroyed_all_the_same(store, tmp_path):
    """The mark cannot be written, as on a full disk."""
    cache = tmp_path / "cache"
    index = Index(open_store(store), cache / "search")
    index.update()
    gone = delete_and_empty(store)
    (above,) = (cache / "search").iterdir()
    (above / "book-1" / "wiped" / "in the way").mkdir(parents=True)
    forget(gone, store, state=None, cache=cache)
    assert not holds(cache)
    assert found(index) == 0


@contextmanager
def holding(directory: Path) -> Iterator[None]:
    """Another process holds the lock of a directory."""
    code = (
        "import sys; from pathlib import Path; from agcx_format.disk.locks import locked\n"
        "with locked(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(directory)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        try:
            yield
        finally:
            holder.communicate()


def test_a_book_that_another_process_changes_for_ever_is_removed(store, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    index = Index(open_store(store), cache / "search")
    index.update()
    delete_and_empty(store)
    monkeypatch.setattr(wipe, "_PATIENCE", 0.0)
    (above,) = (cache / "search").iterdir()
    with holding(above):
        forget_text(cache / "search", store)
        assert not holds(cache)


def test_while_a_book_is_built_what_was_destroyed_does_not_come_back(store, tmp_path):
    cache = tmp_path / "cache"
    index = Index(open_store(store), cache / "search")
    asked = 0

    def stop() -> bool:
        # All sessions have been read by then, and none is committed.
        nonlocal asked
        asked += 1
        if asked == 12:
            forget(delete_and_empty(store), store, state=None, cache=cache)
        return False

    index.update(should_stop=stop)
    assert not holds(cache)
    assert found(index) == 0
    assert index.state().sessions == 9


_KILLED = """
import os, signal, sys
from pathlib import Path
step, store, cache = int(sys.argv[1]), sys.argv[2], sys.argv[3]
calls = 0
def dies(function):
    def call(*a, **k):
        global calls
        calls += 1
        if calls == step: os.kill(os.getpid(), signal.SIGKILL)
        result = function(*a, **k)
        calls += 1
        if calls == step: os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call
from agcx_format.search import forget_text
for name in ("open", "write", "rename", "unlink", "fsync", "truncate"):
    setattr(os, name, dies(getattr(os, name)))
forget_text(cache, store)
"""


@pytest.mark.slow
def test_killed_at_any_step_the_next_build_finishes_it(store, tmp_path, kills):
    built = tmp_path / "built"
    Index(open_store(store), built).update()
    delete_and_empty(store)
    killed, step = 0, 0
    random = Random(3)
    while True:
        # Every step in the long form, some in the short one.
        step += 1 if kills > 25 else random.randrange(1, 7)
        cache = tmp_path / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        shutil.copytree(built, cache)
        done = subprocess.run(
            [sys.executable, "-c", _KILLED, str(step), str(store), str(cache)],
            cwd=ROOT,
            check=False,
        )
        index = Index(open_store(store), cache)
        assert found(index) == 0
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        killed += 1
        index.update()
        assert not holds(cache), f"killed at step {step}"
        assert index.state().complete
    assert killed > 3
    assert not holds(cache)


def test_a_crash_between_the_emptying_and_the_forgetting_is_seen(store, tmp_path):
    cache = tmp_path / "cache"
    opened = open_store(store)
    index = Index(opened, cache)
    index.update()
    session_id = next(e.id for e in opened.scan() if int(e.path[-41:-33]) == 1)
    assert session_id
    # Its earlier version is in the book, under the name of a file that is there.
    opened.update_metadata(session_id, title="other")
    path = next(e.path for e in opened.scan() if e.id == session_id)
    save(Path(path), some_items(Random(1), 2), "nothing here")
    for entry in list(opened.scan()):
        if int(entry.path[-41:-33]) in (5, 9):
            opened.delete([entry])
    opened.empty_trash()
    index.update()
    assert not holds(cache)


def test_a_crash_after_the_emptying_is_seen_where_no_session_is_gone(store, tmp_path):
    """One of many was edited: for that alone the next build would not write the others again."""
    cache = tmp_path / "cache"
    opened = open_store(store)
    session_id = next(opened.scan()).id
    assert session_id
    opened.update_metadata(session_id, title=f"about {SECRET}s")
    index = Index(opened, cache)
    index.update()
    opened.update_metadata(session_id, title="other")
    index.update()
    assert holds(cache, f"{SECRET}s")
    opened.empty_trash()
    index.update()
    assert not holds(cache, f"{SECRET}s")


@pytest.mark.parametrize("forgets", [Index.forget, Index.update], ids=["asked", "next build"])
def test_what_is_emptied_while_another_emptying_is_forgotten_is_seen(
    forgets: Callable[[Index], object], store, tmp_path, monkeypatch
):
    """A program edits a session and empties the trash at that moment, and ends before it can forget."""
    cache = tmp_path / "cache"
    opened = open_store(store)
    edited, deleted = islice(opened.scan(), 2)
    assert edited.id
    opened.update_metadata(edited.id, title=f"about {SECRET}s")
    opened.empty_trash()
    index = Index(opened, cache)
    index.update()
    opened.delete([deleted])
    opened.empty_trash()
    rewrite = Book.rewrite

    def meanwhile(*arguments: Any) -> None:
        # What is still in the store has been looked at by now.
        monkeypatch.undo()
        assert edited.id
        opened.update_metadata(edited.id, title="other")
        opened.empty_trash()
        rewrite(*arguments)

    monkeypatch.setattr(Book, "rewrite", meanwhile)
    forgets(index)
    assert holds(cache, f"{SECRET}s")
    index.update()
    assert not holds(cache, f"{SECRET}s")


def test_nobody_else_may_read_the_book(store, tmp_path):
    Index(open_store(store), tmp_path / "cache").update()
    for path in (tmp_path / "cache").rglob("*"):
        mode = path.stat().st_mode & 0o777
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_forgetting_where_there_is_no_book_makes_none(store, tmp_path):
    forget_text(tmp_path / "cache", store)
    assert not (tmp_path / "cache").exists()


def test_it_waits_for_no_builder(store, tmp_path):
    cache = tmp_path / "cache"
    index = Index(open_store(store), cache)
    index.update()
    delete_and_empty(store)
    (book,) = cache.glob("*/book-1")
    with locked(book):
        index.forget()
    assert not holds(cache)
    assert [
        Segment(path, os.fsencode(os.path.realpath(store))).sessions for path in book.glob("*.seg")
    ]


def spoil(segment: Path) -> None:
    """As a failing disk does it: no program can tell what it holds, but who looks finds the words."""
    with open(segment, "r+b") as file:
        file.write(bytes(8))


def leave_half(segment: Path) -> None:
    """As a builder that was killed: the words are in a file that has not become a segment yet."""
    shutil.copyfile(segment, segment.with_name(temporary_name(segment.name)))


@pytest.mark.parametrize("is_locked", [False, True], ids=["alone", "beside another process"])
@pytest.mark.parametrize("happens", [spoil, leave_half])
def test_what_is_no_segment_of_the_book_is_not_kept_either(
    happens: Callable[[Path], None], is_locked: bool, store, tmp_path, monkeypatch
):
    cache = tmp_path / "cache"
    Index(open_store(store), cache).update()
    delete_and_empty(store)
    (book,) = cache.glob("*/book-1")
    for segment in list(book.glob("*.seg")):
        happens(segment)
    assert holds(cache)
    if is_locked:
        monkeypatch.setattr(wipe, "_PATIENCE", 0.0)
        with holding(book.parent):
            forget_text(cache, store)
    else:
        forget_text(cache, store)
    assert not holds(cache)


def test_a_segment_that_cannot_be_read_now_is_removed(store, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    index = Index(open_store(store), cache)
    index.update()
    delete_and_empty(store)

    def refused(*_: object) -> None:
        raise PersistenceError("input/output error")

    monkeypatch.setattr(SegmentMaker, "copy", refused)
    index.forget()
    assert not holds(cache)
