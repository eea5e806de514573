"""On a line that takes nothing for a while pictures do not pile up, and nothing that is typed is lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from agcx_format import new_message, new_session, open_store
from agcx_format.model.items import InputText, Message
from tests.support.terminals import Terminal, agcx

_PRESSES = 40


def test_what_is_drawn_while_the_line_takes_nothing_is_the_last_picture_alone(tmp_path: Path):
    store = open_store(tmp_path / "store")
    said = new_message(Message(None, "user", [InputText("over a slow line\n" * 40)]))
    store.save_session(*_saved("Far away", said))
    places = {"HOME": str(tmp_path), "AGCX_STORE": str(store.path)}
    with Terminal(agcx(), places, (120, 40)) as screen:
        screen.wait_for("a slow line")
        screen.drain()
        # Nobody reads.  The preview goes below, is hidden, and comes back: each time all is drawn again.
        for _ in range(_PRESSES):
            screen.type("p")
            time.sleep(0.015)
        screen.type("/farther")
        before = len(screen.written)
        screen.wait_for("0 of 1")
        # Some are on their way, in what the system keeps for the terminal; all of them are over 250 kB.
        assert len(screen.written) - before < 120_000
        screen.type("\x03")
        assert screen.end() == 0


def test_a_screen_is_drawn_once_and_again_where_the_terminal_may_have_cut_it(tmp_path: Path):
    store = open_store(tmp_path / "store")
    said = new_message(Message(None, "user", [InputText("over a slow line\n" * 40)]))
    store.save_session(*_saved("Far away", said))
    environment = {"HOME": str(tmp_path), "AGCX_STORE": str(store.path)}
    with Terminal(agcx(), environment, (120, 40)) as screen:
        screen.wait_for("a slow line")
        screen.drain()
        for key, shown, places in (
            ("f", "Search inside all", 1),
            # In the list, and above the preview.
            ("\x1b", "Far away", 2),
            ("f", "Search inside all", 1),
        ):
            before = len(screen.written)
            screen.type(key)
            screen.until(lambda at=before, text=shown: text.encode() in screen.written[at:], shown)
            screen.drain()
            assert screen.written[before:].count(shown.encode()) == places, key
        # It was smaller for a moment, which the program was too busy to see.
        before = len(screen.written)
        os.kill(screen.process.pid, signal.SIGWINCH)
        screen.until(lambda: b"Search inside all" in screen.written[before:], "all of it")
        screen.type("\x03")
        assert screen.end() == 0


def _saved(title, message):
    metadata, conversation, state = new_session(title=title, messages=[message])
    return metadata.id, metadata, conversation, state
