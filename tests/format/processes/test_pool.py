"""Work in other processes: the order of its results, errors, and processes that end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agcx_format.errors import CorruptData
from agcx_format.processes.pool import Ended, Pool, Process, processes_for
from tests.format.processes.work import act
from tests.support.waiting import LIMIT


@pytest.fixture
def pool():
    pool = Pool(act, 2, ahead=2)
    yield pool
    pool.close()


def test_results_come_in_the_order_of_the_jobs_whatever_each_takes(pool):
    jobs = ["wait 0.3", *"abcdefgh", "print", "interrupt"]
    done = [(job, outcome.result()) for job, outcome in pool.run(jobs)]
    assert done == [(job, job.upper()) for job in jobs]


def test_an_error_of_one_job_is_its_outcome_and_the_others_go_on(pool):
    first, odd, last = [outcome for _, outcome in pool.run(["damage", "odd", "a"])]
    with pytest.raises(CorruptData, match="damaged") as raised:
        first.result()
    assert raised.value.path == "there"
    with pytest.raises(RuntimeError, match="Odd: onetwo"):
        odd.result()
    assert last.result() == "A"


def test_jobs_of_a_process_that_the_system_ends_have_no_result_and_another_one_follows(pool):
    outcomes = [outcome for _, outcome in pool.run(["a", "kill", *"bcdefg"])]
    ended = [isinstance(outcome.exception(), Ended) for outcome in outcomes]
    assert ended[:2] == [False, True]
    assert ended[-1] is False
    assert [outcome.result() for _, outcome in pool.run("xyz")] == ["X", "Y", "Z"]


def test_where_no_process_can_be_started_jobs_have_no_result(pool, monkeypatch):
    with monkeypatch.context() as limited:
        limited.setattr(sys, "executable", "/nowhere/python3")
        for _, outcome in pool.run("ab"):
            assert "no process can be started" in str(outcome.exception())
    assert [outcome.result() for _, outcome in pool.run("a")] == ["A"]
    # Those that are there do all of it.
    monkeypatch.setattr(sys, "executable", "/nowhere/python3")
    assert [outcome.result() for _, outcome in pool.run("abcdef")] == list("ABCDEF")


def test_a_process_that_answers_nonsense_is_ended_and_another_one_follows(pool):
    (outcome,) = [outcome for _, outcome in pool.run(["garbage"])]
    assert isinstance(outcome.exception(), Ended)
    (process,) = pool._processes
    assert [outcome.result() for _, outcome in pool.run("a")] == ["A"]
    # Neither running nor waiting to be asked for.
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


def test_threads_that_share_a_process_get_the_answers_to_their_own_jobs():
    process = Process(act)
    # Larger than a pipe holds, so that whoever sends has to wait in between.
    jobs = [letter * 200_000 for letter in "abcdefgh"] * 5
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(process.submit, jobs))
    assert [outcome.result(60)[0] for outcome in outcomes] == [job[0].upper() for job in jobs]
    process.close()


def test_nobody_waits_for_a_process_that_was_stopped():
    process = Process(act)
    assert process.submit("a").result(LIMIT) == "A"
    os.kill(process.pid, signal.SIGSTOP)
    # Larger than a pipe holds.  Did one of them wait, this would end it.
    end = threading.Timer(LIMIT, process.close)
    end.start()
    outcomes = [process.submit("b" * 200_000) for _ in range(4)]
    assert not any(outcome.done() for outcome in outcomes)
    os.kill(process.pid, signal.SIGCONT)
    assert [len(outcome.result(LIMIT)) for outcome in outcomes] == [200_000] * 4
    os.kill(process.pid, signal.SIGSTOP)
    last = process.submit("c" * 200_000)
    process.close()
    assert isinstance(last.exception(LIMIT), Ended)
    end.cancel()


def test_a_job_that_cannot_be_pickled_leaves_the_others_their_answers():
    process = Process(act)
    with pytest.raises(Exception, match="pickle"):
        process.submit(lambda: None)
    assert process.submit("a").result(60) == "A"
    process.close()


def test_processes_of_low_priority_give_way_to_everything_else():
    for low, priority in ((True, 19), (False, os.nice(0))):
        pool = Pool(act, 1, low_priority=low)
        ((_, outcome),) = pool.run(["priority"])
        assert outcome.result() == str(priority)
        pool.close()


def test_it_stops_while_a_job_takes_its_time(pool):
    asked = iter([False, True])
    assert list(pool.run(["wait 600", "a"], lambda: next(asked))) == []
    pool.close()
    assert [outcome.result() for _, outcome in pool.run("b")] == ["B"]


def test_as_many_processes_as_there_are_jobs_and_processors_and_their_start_is_worth():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert processes_for([10] * 100, 1) == min(cores, 8)
    assert processes_for([], 1) == processes_for([500], 1) == processes_for([1] * 100, 99) == 1
