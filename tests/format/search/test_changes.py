"""A search while another process saves, deletes and restores sessions."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from agcx_format import open_store
from agcx_format.model.items import InputText, Message
from agcx_format.search import Index
from tests.format.search.odd_stores import save, some_items
from tests.format.search.truth import literal, load, naive, searched
from tests.support import ROOT

_CHANGES = """
import sys
from pathlib import Path
from random import Random
from agcx_format import open_store
from tests.format.search.odd_stores import save, some_items
root, random = Path(sys.argv[1]), Random(1)
print(flush=True)
for turn in range(60):
    store = open_store(root)
    changing = [e for e in store.scan() if e.path.endswith("ffffffffffff.agcx")]
    if turn % 3 == 0:
        store.delete(random.sample(changing, 2))
    elif turn % 3 == 1:
        store.undo()
    else:
        save(Path(random.choice(changing).path), some_items(random, 3))
"""


@pytest.fixture
def store(tmp_path) -> Path:
    """Eight sessions that stay, and six that change."""
    root = tmp_path / "store"
    root.mkdir()
    for number in range(14):
        random = Random(number)
        end = "0" * 12 if number < 8 else "f" * 12
        items = [Message(None, "user", [InputText("needle here")]), *some_items(random, 5)]
        save(root / f"{number:08d}-0000-4000-8000-{end}.agcx", items, "title", random)
    return root


@pytest.mark.parametrize("book", ["none", "whole", "followed"])
def test_sessions_that_stay_are_found_and_counts_are_honest(store, tmp_path, book):
    index = Index(open_store(store), None if book == "none" else tmp_path / "cache")
    if book != "none":
        index.update()
    command = [sys.executable, "-c", _CHANGES, str(store)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        while other.poll() is None:
            search = index.find("needle")
            names = [Path(session.path).stem for session in search]
            assert sum(name.endswith("000000000000") for name in names) == 8
            assert len(names) == len(set(names))
            progress = search.progress
            assert progress.done
            assert progress.searched == progress.total <= 14
            if book == "followed":
                index.update()
    assert other.returncode == 0
    for word in ("needle", "a", "grid"):
        assert searched(index, literal(word)) == naive(load(index.store), literal(word))
    if book != "none":
        assert index.update().complete
        assert searched(index, literal("needle")) == naive(load(index.store), literal("needle"))


@pytest.mark.parametrize("text", ["needle", "", "a needle in so much hay " * 100, "hay"])
def test_a_session_that_changed_since_it_was_listed_is_searched_as_it_is_now(tmp_path, text):
    path = tmp_path / "00000000-0000-4000-8000-000000000000.agcx"
    save(path, [Message(None, "user", [InputText("nothing of it in here, nor there")])])
    index = Index(tmp_path)
    refs = index.sessions()
    save(path, [Message(None, "user", [InputText(text)])])
    assert len(list(index.find("needle", sessions=refs))) == ("needle" in text)


@pytest.mark.parametrize("folder", ["", "sessions"])
@pytest.mark.parametrize("seconds", [-300_000_000, 1_700_000_000])
def test_files_of_any_date_are_known_until_they_change(tmp_path, folder, seconds):
    (tmp_path / "store" / folder).mkdir(parents=True)
    path = tmp_path / "store" / folder / "00000000-0000-4000-8000-000000000000.agcx"
    save(path, [Message(None, "user", [InputText("needle")])])
    os.utime(path, ns=(0, seconds * 10**9 + 1))
    index = Index(tmp_path / "store", tmp_path / "cache")
    index.update()
    # As nothing does that keeps the time: only the index has the words now.
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=(0, seconds * 10**9 + 1))
    assert [hit.line for hit in index.search("needle")] == ["needle"]
    os.utime(path, ns=(0, seconds * 10**9 + 2))
    changed = index.find("needle")
    assert not list(changed)
    assert len(changed.progress.unreadable) == 1


def test_a_file_of_a_time_that_64_bits_cannot_count_in_nanoseconds_is_searched(tmp_path):
    path = tmp_path / "store" / "00000000-0000-4000-8000-000000000000.agcx"
    path.parent.mkdir()
    save(path, [Message(None, "user", [InputText("needle")])])
    os.utime(path, ns=(0, 10_400_000_000 * 10**9))
    index = Index(path.parent, tmp_path / "cache")
    index.update()
    assert [hit.line for hit in index.search("needle")] == ["needle"]


@pytest.mark.parametrize("what", ["gone", "a pipe", "a folder", "zeros"])
def test_what_is_no_session_any_more_since_it_was_listed_is_said(tmp_path, what):
    path = tmp_path / "00000000-0000-4000-8000-000000000000.agcx"
    save(path, [Message(None, "user", [InputText("needle")])])
    index = Index(tmp_path)
    refs = index.sessions()
    path.unlink()
    if what == "a pipe":
        os.mkfifo(path)
    elif what == "a folder":
        path.mkdir()
    elif what == "zeros":
        path.symlink_to("/dev/zero")
    search = index.find("needle", sessions=refs)
    assert list(search) == []
    assert search.progress.total == len(search.progress.unreadable) == (what != "gone")


def test_a_search_is_stopped_between_two_jobs_and_says_that_it_did_not_end(store, tmp_path):
    search = Index(open_store(store)).find("needle")
    found = 0
    for _ in search:
        found += 1
        search.stop()
    assert 1 <= found <= 14
    assert not search.progress.done


def test_sessions_are_given_in_the_order_and_among_those_that_were_asked_for(store, tmp_path):
    index = Index(open_store(store), tmp_path / "cache")
    index.update()
    refs = sorted(index.sessions(), key=lambda ref: ref.path)[2:9][::-1]
    assert [s.path for s in index.find("needle", sessions=refs)] == [ref.path for ref in refs]
    best = [s.score for s in index.find("needle", order="best")]
    assert best == sorted(best, reverse=True)


def test_sessions_behind_a_link_out_of_the_store_are_searched_and_never_in_the_book(
    store, tmp_path
):
    root = tmp_path / "linked"
    root.mkdir()
    (root / "sessions").symlink_to(store)
    index = Index(open_store(root), tmp_path / "cache")
    assert index.update().sessions == 0
    assert len(list(index.find("needle"))) == 14


def test_the_garbage_collector_works_as_before_when_the_index_is_built(store, tmp_path):
    before = gc.get_threshold()
    paces = set()

    def stop() -> bool:
        paces.add(gc.get_threshold())
        return False

    index = Index(open_store(store), tmp_path / "cache")
    index.update(should_stop=stop)
    assert paces
    assert before not in paces
    assert gc.get_threshold() == before


def test_a_read_only_cache_is_searched_without(store, tmp_path):
    from agcx_format.errors import PersistenceError

    (tmp_path / "cache").write_text("a file where a directory should be")
    index = Index(open_store(store), tmp_path / "cache")
    with pytest.raises(PersistenceError):
        index.update()
    search = index.find("needle")
    assert len(list(search)) == 14
    assert search.progress.direct == 14


def test_it_is_never_larger_than_it_may_be_and_the_newest_sessions_are_in_it(store, tmp_path):
    """What does not fit is searched in its file."""
    index = Index(open_store(store), tmp_path / "cache")
    whole = index.update().size
    for cap in (whole // 60, whole * 3 // 4, whole // 2, whole * 2):
        state = index.update(cap=cap)
        assert state.size <= cap
        assert state.complete
        assert bool(state.left_out) is (cap < whole)
        search = index.find("needle")
        assert len(list(search)) == 14
        assert search.progress.direct == state.left_out


def test_what_is_new_takes_the_place_of_what_is_old_or_changed(store, tmp_path):
    index = Index(open_store(store), tmp_path / "cache")
    cap = index.update().size * 3 // 4
    for number in range(12):
        name = f"{number:08d}-0000-4000-8000-{'0' * 12 if number < 8 else 'f' * 12}"
        save(store / f"{name}.agcx", some_items(Random(number), 6), "newest")
        state = index.update(cap=cap)
        assert state.size <= cap
        assert state.complete
        assert index.find("in:title newest", sessions=index.sessions()[:1]).progress.direct == 0
        search = index.find("newest", sessions=index.sessions()[:1])
        assert len(list(search)) == 1
        assert search.progress.direct == 0


def test_of_those_that_take_more_than_expected_as_many_are_in_it_as_fit(tmp_path):
    """A text that is said four times takes little in a file, and much where each part can be read alone."""
    root, random = tmp_path / "store", Random(7)
    root.mkdir()
    for number in range(4):
        long = " ".join(random.randbytes(30).hex() for _ in range(1_000))
        items = [Message(None, "user", [InputText(f"needle {long}")])] * 4
        save(root / f"{number:08d}-0000-4000-8000-000000000000.agcx", items, "title", random)
    index = Index(open_store(root), tmp_path / "cache")
    whole = index.update().size
    for many in (3, 1):
        index.clear()
        for _ in range(2):
            state = index.update(cap=whole * (2 * many + 1) // 8)
            assert (state.sessions, state.left_out) == (many, 4 - many)
            assert state.complete
        search = index.find("needle", sessions=index.sessions()[:many])
        assert len(list(search)) == many
        assert search.progress.direct == 0


def test_the_process_that_builds_says_how_far_it_is_and_ends_with_who_started_it(store, tmp_path):
    from agcx_format.search import build

    command = build.build_command(store, tmp_path / "cache")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.returncode == build.BUILD_STOPPED, done.stderr
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        last = process.stdout.read().splitlines()[-1]
        assert process.wait() == build.BUILD_DONE
    assert b'"sessions":14' in last
    assert Index(open_store(store), tmp_path / "cache").state().complete


@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="priorities of Linux")
def test_the_book_of_an_idle_program_is_built_by_an_idle_process(store, tmp_path):
    from agcx_format.search import build

    with subprocess.Popen(
        build.build_command(store, tmp_path / "cache"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        preexec_fn=lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)),
    ) as process:
        assert process.stdout is not None
        assert b'"sessions":14' in process.stdout.read()
        # It has ended, and the system still knows what it was.
        found = os.sched_getscheduler(process.pid), os.getpriority(os.PRIO_PROCESS, process.pid)
        assert process.wait() == build.BUILD_DONE
    assert found == (os.SCHED_IDLE, 19)


def test_words_that_are_nearly_so_are_offered(store, tmp_path):
    index = Index(open_store(store), tmp_path / "cache")
    index.update()
    assert "needle" in index.close_words("neddle")
    assert index.close_words("needle") == []
    assert index.close_words("xq") == []
