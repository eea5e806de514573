"""The import that goes on in the background is killed, or the power fails: the next start takes the rest.

Whatever had come by then stays, each conversation whole and once.  The history does not name it, unless the
end came in the instant between an act and its removal.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agcx_format import SessionStorage, SessionStore, Store, open_store, read_session
from agcx_format.doctor import verify_store
from agcx_format.doctor.report import Severity
from agcx_format.store.acts.act_dirs import unfinished
from agcx_tui.core.importing import background
from agcx_tui.core.importing.background import BackgroundImport
from agcx_tui.core.store.opened_store import OpenedStore
from tests.slow.crash.processes import killed_at
from tests.slow.crash.replays import Recording
from tests.slow.crash.versions import assert_clean
from tests.support.rollout_lines import SESSION, assistant, meta, user, write

# Sessions by their titles, and what is said in them.
Told = dict[str, list[str]]

BEFORE: Told = {"grown": ["grown"]}
AFTER: Told = {"grown": ["grown", "an answer"], "one": ["one"], "two": ["two"]}
# How many states of the disk the quick form looks at.
FEW = 3


@pytest.fixture
def rollouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Codex keeps its conversations. Each is an act of its own."""
    for name in ("CODEX_HOME", "CLAUDE_CONFIG_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("_FIRST_AFTER", "_REST", "_RETRY_AFTER"):
        monkeypatch.setattr(background, name, 0.0)
    monkeypatch.setattr(background, "_MOST", 1)
    found = tmp_path / "home" / ".codex" / "sessions"
    found.mkdir(parents=True)
    return found


def other(number: int) -> dict:
    return meta(id=f"{SESSION[:-1]}{number}")


def prepared(root: Path, rollouts: Path, layout: type[Store]) -> Path:
    """A store that an import was made into; since then a conversation has grown, and two are new."""
    write(rollouts / "grown.jsonl", other(0), user("grown"))
    go_on(layout(root))
    write(rollouts / "grown.jsonl", other(0), user("grown"), assistant("an answer"))
    for number, words in enumerate(["one", "two"], 1):
        write(rollouts / f"{words}.jsonl", other(number), user(words))
    return root


def go_on(store: Store) -> None:
    """What a start of the program imports by itself."""

    async def run() -> None:
        opened = OpenedStore()
        opened.use(store, None)
        sync = BackgroundImport(on_start=True)
        await sync.run(opened)
        assert not sync.state.problem

    asyncio.run(run())


def told(root: Path) -> Told:
    found: Told = {}
    for entry in open_store(root).scan():
        metadata, conversation, _ = read_session(entry.path)
        assert metadata.title not in found
        found[metadata.title] = [m.item.content[0].text for m in conversation.messages]
    return found


def look_after(root: Path) -> Told:
    """What the store tells after a crash; the next start completes it."""
    store = open_store(root)
    # What is half done is set right by the next change, and is no error.
    assert Severity.ERROR not in {report.severity for report in verify_store(store)}
    now = told(root)
    for title, words in now.items():
        assert words in (BEFORE.get(title), AFTER[title])
    assert now.keys() >= BEFORE.keys()
    go_on(store)
    assert told(root) == AFTER
    # A change of the store, which removes what is left.
    store.rebuild_index()
    for act_dir in unfinished(root):
        # The power failed before its manifest was on the disk: nothing tells where new files belong.
        kept = [path for path in act_dir.rglob("*") if path.is_file()]
        assert kept
        assert all(path.is_relative_to(act_dir / "new") and path.stat().st_size for path in kept)
        (report,) = (each for each in verify_store(store) if each.path == str(act_dir))
        assert "except for new files" in report.findings[0].reason
        shutil.rmtree(act_dir)
    assert_clean(root)
    assert not [found for report in verify_store(store) for found in report.findings]
    assert [act.kind for act in store.log()] in ([], ["save"])
    return now


def test_killed_before_each_change_of_a_file(
    tmp_path: Path, rollouts: Path, strides: Callable[[int], int]
):
    template = prepared(tmp_path / "template", rollouts, SessionStorage)
    assert told(template) == BEFORE
    step, killed, seen = strides(20), True, []
    while killed:
        root = tmp_path / f"run{step}"
        shutil.copytree(template, root)
        killed = killed_at(step, lambda root=root: go_on(open_store(root)))
        seen.append(look_after(root))
        shutil.rmtree(root)
        step += strides(80)
    assert seen[-1] == AFTER
    assert any(BEFORE != now != AFTER for now in seen)


def test_the_power_fails(
    tmp_path: Path,
    rollouts: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
):
    root = prepared(tmp_path / "store", rollouts, SessionStore)
    recording = Recording(root, tmp_path / "vault")
    recording.run(lambda: go_on(open_store(root)), monkeypatch)
    assert told(root) == AFTER
    chance = random.Random(0)
    states = list(recording.states(chance))
    if not request.config.getoption("--full"):
        states = [*chance.sample(states, FEW), states[-1]]
    for number, (moment, state) in enumerate(states):
        replayed = tmp_path / f"replay{number}"
        recording.make(state, moment, replayed)
        now = look_after(replayed)
        if moment == recording.events:
            assert now == AFTER
        shutil.rmtree(replayed)
