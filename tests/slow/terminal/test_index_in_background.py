"""The index is built beside the app in a real terminal: searched meanwhile, resumed, and ended with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agcx_format import new_session, open_store
from agcx_format.search import Index
from agcx_tui.core.local.paths import search_index
from tests.support.messages import assistant, user
from tests.support.terminals import Terminal, agcx
from tests.support.waiting import wait_until

SESSIONS = 40
# Enough text that a build takes some seconds.
TEXT = "\n".join(
    f"line {number} of what was printed: {number * 7919:x}" for number in range(20_000)
)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    store = open_store(tmp_path / "history")
    for number in range(SESSIONS):
        said = [user(f"the wombat {number}"), assistant(f"{number}\n{TEXT}")]
        session = new_session(title=f"Number {number}", messages=said)
        store.save_session(session.metadata.id, *session)
    return tmp_path / "history"


def shown(store: Path, home: Path, *words: str) -> Terminal:
    places = {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
    }
    return Terminal(agcx("--store", store, *words), places)


def building(store: Path) -> list[int]:
    """The processes that build the index of this store."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"agcx_format.search.build" in words and os.fsencode(store) in words:
                found.append(int(process.name))
    return found


needs_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")


def book(home: Path, store: Path) -> Index:
    return Index(store, search_index(home / "cache" / "agcx"))


@needs_proc
def test_a_search_while_it_is_built_is_right_and_says_how_far_the_index_is(large, tmp_path):
    with shown(large, tmp_path / "home") as screen:
        screen.wait_for("Number 3")
        screen.type("f")
        screen.wait_for("Search inside all")
        screen.wait_for(f"of {SESSIONS}")
        screen.type("wombat")
        screen.wait_for(f"{SESSIONS} hits")
        wait_until(lambda: book(tmp_path / "home", large).state().complete, "the index")
        screen.type("\x03")
        assert screen.end() == 0
    assert building(large) == []


@needs_proc
def test_it_ends_with_an_app_that_is_killed_and_the_next_one_goes_on(large, tmp_path):
    home = tmp_path / "home"
    with shown(large, home) as screen:
        screen.until(lambda: building(large), "the process")
        screen.process.send_signal(signal.SIGKILL)
        screen.process.wait()
        wait_until(lambda: building(large) == [], "its end")
    before = book(home, large).state().sessions
    assert before < SESSIONS
    found = subprocess.run(
        agcx("--store", large, "search", "--count", "wombat"),
        capture_output=True, text=True, check=True, env=os.environ | {"XDG_CACHE_HOME": str(home / "cache")},
    )  # fmt: skip
    assert len(found.stdout.splitlines()) == SESSIONS
    with shown(large, home) as screen:
        screen.until(lambda: book(home, large).state().complete, "the rest of the index")


@needs_proc
def test_the_configuration_turns_it_off(large, tmp_path):
    home = tmp_path / "home"
    (home / "config" / "agcx").mkdir(parents=True)
    (home / "config" / "agcx" / "config.toml").write_text("[search]\nindex = false\n")
    with shown(large, home) as screen:
        screen.wait_for("Number 3")
        screen.type("f")
        screen.wait_for("Search inside all")
        screen.type("wombat")
        screen.wait_for("without an index")
        screen.wait_for(f"{SESSIONS} hits")
        assert building(large) == []
    assert not (home / "cache" / "agcx" / "search").exists()
