"""Processes that help a search: the same results, whatever becomes of them, and none that stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from agcx_format import open_store
from agcx_format.search import Index, helpers, jobs, parse_query, scheduler
from agcx_format.search.examine import Outcome
from tests.format.search.odd_stores import make_odd_store
from tests.format.search.truth import literal, load, naive, searched, some_query
from tests.support import ROOT
from tests.support.processes import children, has_ended
from tests.support.waiting import LIMIT


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("helped") / "odd"
    make_odd_store(root, 14, 5)
    return root


@pytest.fixture(autouse=True)
def at_once(monkeypatch) -> None:
    """Help is asked for at the first job, and every session is a job."""
    monkeypatch.setattr(scheduler, "_ALONE", 1)
    monkeypatch.setattr(scheduler, "WORTH_HELP", 0)
    monkeypatch.setattr(jobs, "_SMALL", 1)
    monkeypatch.setattr(jobs, "_LARGE", 1)
    # Also where a machine has one core.
    monkeypatch.setattr("agcx_format.processes.pool.cores", lambda: 3)


@pytest.fixture(params=["none", "whole"])
def index(request, store, tmp_path):
    """Without a book and with one; the helpers are there."""
    index = Index(open_store(store), None if request.param == "none" else tmp_path)
    if request.param == "whole":
        index.update()
    begin(index)
    yield index
    index.close()


def begin(index: Index) -> None:
    index._helpers.start()
    wait_until(lambda: len(index._helpers.ready()) == 2)


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def said(outcome: Outcome) -> tuple[object, ...]:
    """All of it, so that errors can be compared."""
    missing = outcome.unsearched
    error = None if missing is None else (missing.path, missing.messages, vars(missing.error))
    return outcome.hits, error, outcome.direct, outcome.gone


def test_what_a_helper_finds_is_what_is_found_here(index, request):
    sessions = load(index.store)
    texts = [text for session in sessions for text in session.texts if text]
    random = Random(2)
    count = 150 if request.config.getoption("--full") else 6
    queries = [some_query(random, texts) for _ in range(count)]
    queries += [parse_query(line) for line in ("-the", "in:title", "/[a-z]+ing/ the", "is:error")]
    (helper, _) = index._helpers.ready()
    for number, query in enumerate(filter(None, queries)):
        order = ("newest", "best")[number % 2]
        plan = index.find(query, order=order, rows=5, context=2).plan()
        for job in plan.jobs:
            there = helper.submit(job.remote()).result()
            assert list(map(said, there)) == list(map(said, job.run(lambda: False)))
    for query in filter(None, queries):
        truth = naive(sessions, query)
        if sum(map(len, truth.values())) <= 1_000:
            assert searched(index, query) == truth, query


def test_when_helpers_are_ended_in_the_middle_nothing_is_missing(index):
    truth = naive(load(index.store), literal("e"))
    found = {}
    for session in index.find(literal("e"), rows=None):
        found[os.path.basename(session.path)] = len(session.hits)
        for helper in index._helpers.ready():
            os.kill(helper.pid, signal.SIGKILL)
    assert found == {name: len(places) for name, places in truth.items()}
    # Others take their place.
    assert searched(index, literal("e")) == truth
    wait_until(lambda: len(index._helpers.ready()) == 2)


def test_helpers_that_do_not_answer_are_not_waited_for(index, monkeypatch):
    monkeypatch.setattr(scheduler, "_PATIENCE", 0.05)
    truth = naive(load(index.store), literal("e"))
    for pid in index._helpers.pids:
        os.kill(pid, signal.SIGSTOP)
    # Were they waited for, this would fail rather than hang.
    end = threading.Timer(LIMIT, index.close)
    end.start()
    for _ in range(2):
        assert searched(index, literal("e")) == truth
    end.cancel()
    assert len(index._helpers.pids) == 2


def test_a_search_that_is_stopped_leaves_nothing_to_the_next(index):
    truth = naive(load(index.store), literal("the"))
    for _ in range(5):
        search = index.find("e")
        next(iter(search))
        search.stop()
        assert searched(index, literal("the")) == truth
        assert not search.progress.done


def test_a_segment_that_is_gone_or_damaged_is_left_to_who_asked(store, tmp_path):
    index = Index(open_store(store), tmp_path)
    index.update()
    truth = naive(load(index.store), literal("the"))
    begin(index)
    plan = index.find("the").plan()
    (path,) = tmp_path.rglob("*.seg")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + bytes(len(whole) - len(whole) // 2))
    damaged = [job.remote() for job in plan.jobs]
    (helper, _) = index._helpers.ready()
    assert any(helper.submit(remote).exception() is not None for remote in damaged)
    assert searched(index, literal("the")) == truth
    index.close()


@pytest.mark.parametrize("program", ["", "/nowhere/python3", "/usr/bin/env", "python-that-ends"])
def test_where_none_can_be_started_everything_is_found_here(store, tmp_path, monkeypatch, program):
    if program == "python-that-ends":
        program = str(tmp_path / program)
        Path(program).write_text("#!/bin/sh\nexit 1\n")
        os.chmod(program, 0o700)
    monkeypatch.setattr(sys, "executable", program)
    index = Index(open_store(store))
    for _ in range(2):
        assert searched(index, literal("the")) == naive(load(index.store), literal("the"))
    wait_until(lambda: not index._helpers.ready())
    index.close()


def test_what_the_first_search_begins_with_can_be_done_before_it(store, tmp_path, monkeypatch):
    monkeypatch.setattr("agcx_format.search.index.WORTH_HELP", 10)
    for cache_dir in (None, tmp_path):
        index = Index(open_store(store), cache_dir, niceness=5)
        if cache_dir is not None:
            index.update()
        index.prepare()
        assert len(index.helping) == 2
        wait_until(lambda index=index: len(index._helpers.ready()) == 2)
        for pid in index.helping:
            assert os.getpriority(os.PRIO_PROCESS, pid) == min(19, os.nice(0) + 5)
        assert searched(index, literal("the")) == naive(load(index.store), literal("the"))
        index.close()
    # Not where there is little text.
    monkeypatch.setattr("agcx_format.search.index.WORTH_HELP", 1_000_000)
    index.prepare()
    assert index.helping == []


def test_they_end_some_time_after_they_were_prepared_for_nothing(store, monkeypatch):
    monkeypatch.setattr("agcx_format.search.index.WORTH_HELP", 0)
    monkeypatch.setattr(helpers, "_STAY", 0.1)
    index = Index(open_store(store))
    index.prepare()
    wait_until(lambda: not index.helping)


def test_where_no_thread_can_be_started_everything_is_found_and_no_helper_stays(index, monkeypatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    truth = naive(load(index.store), literal("the"))
    others = children() - set(index._helpers.pids)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    # Those that are there end at once, and no others are begun.
    for _ in range(2):
        assert searched(index, literal("the")) == truth
        assert children() <= others


def test_a_frozen_program_starts_none(store, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    index = Index(open_store(store))
    index._helpers.start()
    assert index._helpers.ready() == []
    assert searched(index, literal("the")) == naive(load(index.store), literal("the"))


def test_they_end_when_the_index_is_closed_and_some_time_after_the_last_search(store, monkeypatch):
    monkeypatch.setattr(helpers, "_STAY", 0.1)
    index = Index(open_store(store))
    begin(index)
    pids = [helper.pid for helper in index._helpers.ready()]
    index.close()
    begin(index)
    pids += [helper.pid for helper in index._helpers.ready()]
    list(index.find("the"))
    wait_until(lambda: not index._helpers.ready())
    assert len(set(pids)) == 4
    for pid in pids:
        # Neither running nor waiting to be asked for.
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_search_that_runs_when_the_index_is_closed_starts_none(store, monkeypatch):
    monkeypatch.setattr(scheduler, "_ALONE", 3)
    index = Index(open_store(store))
    truth = naive(load(index.store), literal("the"))
    search = iter(index.find(literal("the"), rows=None))
    found = [next(search)]
    index.close()
    found += search
    assert len(found) == len(truth)
    assert index.helping == []
    # The next one is helped again.
    list(index.find(literal("the")))
    assert len(index.helping) == 2
    index.close()


_SEARCHES = """
import os, sys, time
from agcx_format.search import Index
index = Index(sys.argv[1])
index._helpers.start()
while not (ready := index._helpers.ready()):
    time.sleep(0.01)
if sys.argv[2] == "fork":
    # As if another thread were asking for them.
    with index._helpers._lock:
        child = os.fork()
if sys.argv[2] == "fork" and child == 0:
    # Has helpers that are not its own.
    assert index.helping == []
    before = len(list(index.find("the")))
    index.close()
    os._exit(before)
if sys.argv[2] == "fork":
    print(os.waitstatus_to_exitcode(os.wait()[1]), len(list(index.find("the"))))
else:
    print(*(helper.pid for helper in ready), flush=True)
    time.sleep(600)
"""


def test_they_end_with_the_program_however_that_ends(store):
    command = [sys.executable, "-c", _SEARCHES, str(store), "wait"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        pids = list(map(int, program.stdout.readline().split()))
        program.kill()
    assert pids
    for pid in pids:
        wait_until(lambda pid=pid: has_ended(pid))


def test_a_fork_of_the_program_searches_by_itself(store):
    # Python 3.12 and later warn of a fork beside threads, which is what is tried here.
    quiet = "-Wignore::DeprecationWarning"
    command = [sys.executable, quiet, "-c", _SEARCHES, str(store), "fork"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=60)
    child, parent = map(int, done.stdout.split())
    assert child == parent > 0
    assert done.stderr == b""


def test_a_search_of_little_text_loads_nothing_that_only_a_large_one_needs(store, tmp_path):
    index = Index(open_store(store), tmp_path)
    index.update()
    code = (
        "import sys; from agcx_format.search import Index\n"
        "print(len(list(Index(*sys.argv[1:]).find('zyqw'))))\n"
        "print(*sorted({'concurrent.futures', 'subprocess', 'pickle'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(store), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["0", ""]
