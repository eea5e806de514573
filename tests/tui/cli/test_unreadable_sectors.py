"""A disk with a bad sector: one unreadable row or finding, wherever it lies, and everything else as ever.

Every command runs once for each read that it does, and that one fails.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import Result
from msgspec.structs import replace

from agcx_format import Store, Timestamp
from agcx_format.model.items import InputText, Message
from agcx_format.model.session import Checkpoint, CheckpointMetadata
from tests.support import rollout_lines as lines
from tests.support.bad_sectors import BadSectors, needs_proc
from tests.support.stores import golden_session
from tests.tui.cli.conftest import run

pytestmark = needs_proc

FIRST, SECOND, THIRD, GONE, LATER = (UUID(int=number * 0x1111 << 96) for number in range(1, 6))
TITLES = {FIRST: "The first", SECOND: "The second", THIRD: "The third"}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A store of both layouts with a checkpoint, an index and a trash, and what can be imported."""
    root = tmp_path_factory.mktemp("disk")
    metadata, conversation, state = golden_session("full")
    words = replace(conversation.messages[0], item=Message(None, "user", [InputText("needle")]))
    conversation = replace(conversation, messages=[words, *conversation.messages])
    titles = TITLES | {GONE: "In the trash", LATER: "Changed later"}
    for session_id, title in titles.items():
        store = Store(root / "history", layout=2 if session_id == THIRD else 1)
        named = replace(metadata, id=session_id, title=title, checkpoints=[], tags=["tagged"])
        store.save_session(session_id, named, replace(conversation, id=session_id), state)
    note = CheckpointMetadata(UUID(int=7), "before", Timestamp.now(), 1, None)
    store.save_checkpoint(FIRST, Checkpoint(note, conversation, state))
    # What no agent can be at work on any more.
    for path in (root / "history").rglob("*.agcx"):
        os.utime(path, ns=(1_700_000_000 * 10**9,) * 2)
    store.rebuild_index()
    store.update_metadata(LATER, is_favorite=True)
    store.delete([store.resolve(str(GONE))])
    store.back_up(root / "backup.tar")
    rollouts = root / "codex" / "2025" / "10" / "14"
    rollouts.mkdir(parents=True)
    for number in range(2):
        session_id = str(UUID(int=0x77 + number))
        said = [lines.meta(id=session_id), lines.user("please"), lines.assistant("done")]
        path = rollouts / f"rollout-2025-10-14T07-08-09-{session_id}.jsonl"
        path.write_text("\n".join(map(json.dumps, said)))
    return root


COMMANDS = {
    "list": ["list"],
    "list json": ["list", "--json"],
    "list filter": ["list", "--filter", "tag:tagged"],
    "show": ["show", str(FIRST)],
    "show json": ["show", str(THIRD), "--json"],
    "show last": ["show", str(FIRST), "--last", "1"],
    **{f"export {form}": ["export", str(FIRST), "--format", form] for form in ("md", "json", "codex")},
    "export many": ["export", str(FIRST), str(THIRD), "--format", "txt", "-o", "{out}/"],
    "export redacted": ["export", str(THIRD), "--redact", "-o", "{out}.md"],
    "delete": ["delete", str(FIRST), str(THIRD), "--yes"],
    "edit": ["edit", str(FIRST), str(THIRD), "--tag", "new"],
    "undo": ["undo"],
    "undo list": ["undo", "--list"],
    "trash list": ["trash", "list"],
    "trash restore": ["trash", "restore", str(GONE)],
    "trash empty": ["trash", "empty", "--yes"],
    "prune": ["prune", "--duplicates", "--empty", "--dry-run"],
    "stats": ["stats"],
    "import": ["import", "codex", "{root}/codex"],
    "verify": ["verify"],
    "verify one": ["verify", str(THIRD)],
    "convert": ["convert", str(FIRST), str(THIRD), "--layout", "2", "--force", "--yes"],
    "copy": ["copy", str(FIRST), str(THIRD), "--to", "{out}"],
    "import store": ["import", "{store}", "--store", "{out}"],
    "backup": ["backup", "create", "{out}.md"],
    "backup verify": ["backup", "verify", "{root}/backup.tar"],
    "backup restore": ["backup", "restore", "{root}/backup.tar", "--to", "{out}"],
    "redact": ["redact", str(FIRST), "--text", "needle", "--yes", "--force"],
    "join": ["join", str(FIRST), str(SECOND), "--force"],
    "move": ["edit", str(FIRST), "--directory", "/else", "--force"],
    "checkpoint create": ["checkpoint", "create", str(FIRST), "now", "--force"],
    "checkpoint restore": ["checkpoint", "restore", f"{FIRST}@before"],
    "search": ["search", "needle"],
    "repair": ["repair", f"{{store}}/{FIRST}.agcx", "-o", "{out}"],
}  # fmt: skip


# A session whose tags cannot be read has no tag; stats counts the files that it cannot read; and what lies
# in the trash is told by acts, not by files.
SAYS_NO_NAME = {"list filter", "stats", "undo list", "trash list", "trash restore", "trash empty"}


@pytest.fixture
def disk(place, tmp_path, monkeypatch):
    """A fresh copy of everything for each run of a command."""
    root = tmp_path / "disk"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    monkeypatch.setenv("AGCX_STORE", str(root / "history"))
    monkeypatch.delenv("CODEX_HOME", raising=False)

    def fresh() -> Path:
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(place, root)
        return root

    return fresh


def command(name: str, root: Path) -> Result:
    places = {"root": root, "store": root / "history", "out": root.parent / "out"}
    shutil.rmtree(places["out"], ignore_errors=True)
    Path(f"{places['out']}.md").unlink(missing_ok=True)
    return run(*(word.format(**places) if "{" in word else word for word in COMMANDS[name]))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_outlives_every_read_that_fails(name: str, disk):
    root = disk()
    # Once before, so that caches are there and are read as well.
    if name in ("stats", "list"):
        command(name, root)
    with BadSectors(root) as reads:
        whole = command(name, disk() if name not in ("stats", "list") else root)
    assert whole.exit_code == 0, whole.output
    for number in range(reads.reads):
        root = disk()
        with BadSectors(root, number) as bad:
            done = command(name, root)
        where = f"{name}, read {number}: {bad.bad}\n{done.output}"
        assert done.exception is None or isinstance(done.exception, SystemExit), where
        assert done.exit_code in (0, 1), where
        assert "output cannot be written" not in done.stderr, where
        assert bad.bad, where
        is_silent = name in SAYS_NO_NAME or "/trash/" in bad.bad[0]
        if not is_silent and plain(done.output) != plain(whole.output):
            # Whatever is missing or told, it says of which file.
            assert str(Path(bad.bad[0]).stem)[:8] in done.output, where


def plain(output: str) -> str:
    """Without what differs from run to run."""
    output = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|@[0-9a-f]{8}", "0", output)
    return re.sub(r"[0-9]+(\.[0-9]+)?( [kM]?B)?", "0", output)
