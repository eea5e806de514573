"""Another package adds an agent with an entry point; one that is broken does not disturb the others."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agcx_format import open_store
from agcx_format.importing import (
    AGENTS,
    agent_named,
    agent_of,
    agent_of_file,
    agent_tags,
    agents,
    broken_plugins,
    import_sessions,
    registry,
)
from agcx_format.importing.run import ImportOutcome
from tests.support import transcript_lines as claude
from tests.support.rollout_lines import meta, user, write

TOY = """
from pathlib import Path
from agcx_format.importing import Agent, ImportDraft
from agcx_format.model.ids import session_id
from agcx_format.model.items import InputText, Message
from agcx_format.model.timestamps import Timestamp

class Toy(Agent):
    name, label, tag = "toy", "The Toy", "toy"
    patterns = ("*.toy",)

    def default_places(self):
        return [Path("/nowhere/toys")]

    def detect(self, head):
        if head.data.startswith(b"odd"):
            raise KeyError("odd")
        return head.data.startswith(b"toy")

    def read(self, source):
        words = source.path.read_text().removeprefix("toy ").strip()
        if words == "fail":
            raise ZeroDivisionError("by zero")
        draft = ImportDraft(session_id("", source.path.name), Timestamp("2026-01-01T00:00:00Z"))
        draft.add(Message(None, "user", [InputText(words)]), 1)
        return draft.finish(source=source.path, agent=self.tag, title=words, model="", tags=[], directory="")

class Incomplete(Agent):
    name, label, tag = "incomplete", "Incomplete", "incomplete"

class Copy(Toy):
    name = "codex"

nothing = 5
"""
POINTS = """[agcx.importers]
a-missing = no_such_module:Agent
b-incomplete = toy_agent:Incomplete
c-nothing = toy_agent:nothing
d-taken = toy_agent:Copy
toy = toy_agent:Toy
"""


def clear() -> None:
    registry._plugins.cache_clear()
    agent_tags._is_agent.cache_clear()


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A package that is installed as pip would install it: a module, and metadata with entry points."""
    place = tmp_path / "site"
    about = place / "toy_agent-1.0.dist-info"
    about.mkdir(parents=True)
    (place / "toy_agent.py").write_text(TOY)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-agent\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(place))
    clear()
    yield
    clear()
    sys.modules.pop("toy_agent", None)


def test_an_agent_of_another_package_is_one_like_the_others(toy, tmp_path):
    assert "toy" in [agent.name for agent in agents()]
    assert agent_named("toy").label == "The Toy"
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.toy").write_text("toy one")
    write(folder / "b.jsonl", meta(), user("two"))
    store = open_store(tmp_path / "store")
    assert {r.title for r in import_sessions(store, [folder])} == {"one", "two"}
    (found,) = [each for each in store.list_sessions() if each.title == "one"]
    assert found.tags == ["toy"]
    assert agent_of(found.tags) == "toy"
    (again,) = import_sessions(store, [folder], agent=agent_named("toy"))
    assert again.outcome is ImportOutcome.PRESENT


def test_the_tags_of_our_own_agents_are_known_without_loading_them():
    assert set(AGENTS) == {agent.tag for agent in agents()}


def test_plugins_that_are_broken_are_reported_with_the_reason(toy):
    reasons = {plugin.name: plugin.reason for plugin in broken_plugins()}
    assert list(reasons) == ["a-missing", "b-incomplete", "c-nothing", "d-taken"]
    assert "no_such_module" in reasons["a-missing"]
    assert "abstract" in reasons["b-incomplete"]
    assert "not a subclass" in reasons["c-nothing"]
    assert "codex already" in reasons["d-taken"]


def test_a_plugin_that_fails_fails_for_its_own_files_only(toy, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.toy").write_text("toy fail")
    (folder / "b.toy").write_text("odd")
    write(folder / "c.jsonl", meta(), user("two"))
    bad, good = import_sessions(open_store(tmp_path / "store"), [folder])
    assert (bad.path.name, bad.outcome) == ("a.toy", ImportOutcome.FAILED)
    assert bad.reason == "the importer of The Toy failed: ZeroDivisionError: by zero"
    assert good.outcome is ImportOutcome.IMPORTED


def test_a_file_says_itself_which_agent_wrote_it(tmp_path):
    def name_of(path: Path) -> str | None:
        agent = agent_of_file(path)
        return agent and agent.name

    assert name_of(write(tmp_path / "a", meta(), user("one"))) == "codex"
    document = {"session": {"id": "x", "timestamp": "2025-04-20T00:00:00Z"}, "items": []}
    (tmp_path / "b").write_text(json.dumps(document, indent=2))
    assert name_of(tmp_path / "b") == "codex"
    assert name_of(write(tmp_path / "c", claude.user("one"))) == "claude"
    assert name_of(write(tmp_path / "d", '{"a": 1}')) is None
    (tmp_path / "e").write_bytes(b"\0" * 10)
    assert name_of(tmp_path / "e") is None
