"""Flags for the long forms of tests that always run in a short one, hypothesis' settings, and workers.

    pytest tests/slow/fuzz --fuzz=30      half an hour of random values and random damage
    pytest tests/slow/crash --crash=500   five hundred kills instead of a few
    pytest tests/format/store --race=60    two processes, and a truncating one, for a minute each
    pytest tests/format --full        as many values and moments as there are, where a few stand for them
    pytest tests/tui --keys          every key of every screen, over files of odd names
    pytest tests/tui --lexers        code that is hard to split into its parts, in every language

The short forms draw the same examples each time, so that what they find is due to the change
at hand; the long ones draw new ones each time.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import examples, surroundings
from tests.support.terminals import Terminal
from tests.support.waiting import LIMIT

# An example takes as long as it takes: the machine may be busy.
settings.register_profile(
    "agcx",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("agcx")
examples.draw_the_same_everywhere()

_numbers = itertools.count()
_SCRATCH = pytest.StashKey[surroundings.Scratch]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("agcx", "long forms")
    group.addoption("--fuzz", type=float, default=0.0, metavar="MINUTES", help="fuzz for so long")
    group.addoption("--crash", type=int, default=25, metavar="N", help="kill a writer N times")
    group.addoption("--full", action="store_true", help="as many values as the limits allow")
    group.addoption("--race", type=float, default=0.0, metavar="SECONDS", help="race for so long")
    group.addoption("--keys", action="store_true", help="press every key over odd file names")
    group.addoption("--lexers", action="store_true", help="measure every lexer on hostile code")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Directories are shared among workers; single files are not worth their start.

    There are more workers than processors, since much of a test of a screen is waiting.
    """
    files = any(".py" in argument for argument in config.args)
    if files or config.getoption("update_snapshots", False):
        return 0
    return min(8, 2 * (os.cpu_count() or 1))


def pytest_configure(config: pytest.Config) -> None:
    # Imports and the collection of tests make no garbage.
    gc.disable()
    examples.draw_all(config.getoption("--full"))
    surroundings.settle()
    # A worker of pytest-xdist is in the directory of the process that started it.
    if not hasattr(config, "workerinput"):
        config.stash[_SCRATCH] = surroundings.Scratch()
        surroundings.keep_bytecode()


def pytest_collection(session: pytest.Session) -> None:
    if worker := getattr(session.config, "workerinput", None):
        root = session.config.rootpath
        modules = {
            path for place in session.config.args for path in (root / place).rglob("test_*.py")
        }
        number, of = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
        surroundings.import_in_turn(sorted(modules), root, number, of)


def pytest_collection_finish() -> None:
    """Collect garbage seldom, and without what was imported: it took a third of a test of a screen.

    Not too seldom: the memory of a process that forks is copied, and some tests fork a hundred times.
    """
    gc.freeze()
    gc.set_threshold(50_000, 10, 4)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    scratch = session.config.stash.get(_SCRATCH, None)
    if scratch is None:
        return
    if left := scratch.left_over():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        writer = session.config.get_terminal_writer()
        writer.line(f"\nTests left behind: {', '.join(left)}", red=True)
    if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        surroundings.remove(scratch.path)


def pytest_unconfigure(config: pytest.Config) -> None:
    if scratch := config.stash.get(_SCRATCH, None):
        scratch.close()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the test alone.

    Its number is counted: pytest's own looks for the next one among those of all tests before.
    """
    name = re.sub(r"\W", "_", request.node.name)[:30]
    return tmp_path_factory.mktemp(f"{name}{next(_numbers)}", numbered=False)


@pytest.fixture(autouse=True)
def own_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test has a home of its own, in which nothing is, and ends what it started."""
    monkeypatch.setenv("HOME", surroundings.next_home())
    yield
    Terminal.close_all()


@pytest.fixture(autouse=True)
def comes_to_an_end() -> Iterator[None]:
    """A test that waits for ever fails instead of stopping all of them."""

    def fail(*_: object) -> None:
        raise TimeoutError(f"it did not end within {5 * LIMIT:,.0f} seconds")

    signal.signal(signal.SIGALRM, fail)
    signal.setitimer(signal.ITIMER_REAL, 5 * LIMIT)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)


@pytest.fixture
def strides(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """How far to go on to the next moment to look at: up to so many, as far each time; one with `--full`."""
    if request.config.getoption("--full"):
        return lambda most: 1
    chance = random.Random(request.node.name)
    return lambda most: chance.randint(1, most)


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    return request.config.getoption("--crash")


@pytest.fixture(scope="session")
def race_seconds(request: pytest.FixtureRequest) -> float:
    return request.config.getoption("--race")
