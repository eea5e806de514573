"""A session that an agent is writing appears in a real terminal, and an open conversation follows it."""

from __future__ import annotations

import json
from pathlib import Path

from agcx_format import open_store
from tests.support.rollout_lines import assistant, meta, user, write
from tests.support.terminals import Terminal, agcx


def test_a_session_that_is_being_written_appears_and_is_followed_to_its_end(tmp_path: Path):
    home = tmp_path / "home"
    sessions = home / ".codex" / "sessions"
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("[sync]\nwatch = true\n", encoding="utf-8")
    sessions.mkdir(parents=True)
    places = {
        "HOME": str(home),
        "CODEX_HOME": "",
        "AGCX_CONFIG": str(home / "config" / "config.toml"),
        "AGCX_STORE": str(tmp_path / "store"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CACHE_HOME": str(home / "cache"),
    }
    store = open_store(tmp_path / "store")
    store.path.mkdir()
    with Terminal(agcx(), places, (120, 16)) as screen:
        screen.wait_for("No sessions yet")
        live = sessions / "live.jsonl"
        # It may begin before the program watches: an agent goes on writing.
        written = 0

        def writes_until(text: str) -> None:
            nonlocal written

            def seen() -> bool:
                nonlocal written
                written += 1
                with live.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(assistant(f"step {written}")) + "\n")
                return text.encode() in screen.written

            screen.until(seen, text)

        write(live, meta(), user("Watch me"))
        writes_until("Watch me")
        screen.type("\r")
        screen.wait_for("message 1 of")
        writes_until("below, end")
        screen.type("\x1b[F")
        # The last step of all is shown once nothing more is written.
        screen.wait_for(f"step {written}")
        screen.type("\x03")
        assert screen.end() == 0
    assert store.log() == []
    assert list((store.path / "trash").glob("staging*")) == []
