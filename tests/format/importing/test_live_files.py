"""A conversation that an agent is writing at this moment: its last line may end anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from agcx_format import Store
from agcx_format.importing import FoundSource, ImportOutcome, import_sessions, look_at
from tests.support import transcript_lines as claude
from tests.support.rollout_lines import assistant, at_rest, meta, user

ROLLOUT = [meta(), user("é one"), assistant("two"), user("three"), assistant("four")]
TRANSCRIPT = [
    claude.user("é one"),
    claude.assistant(claude.text("two")),
    claude.user("three"),
    claude.assistant(claude.text("four")),
]
# Appends its input, line by line, to a file in pieces: one for each line that it reads, and says so.
WRITER = """
import sys
file = open(sys.argv[1], "ab", buffering=0)
for line in sys.stdin:
    file.write(bytes.fromhex(line))
    print(flush=True)
"""


def take(store: Store, path: Path) -> tuple[ImportOutcome, list[str]]:
    (result,) = import_sessions(store, [path])
    if result.outcome not in (ImportOutcome.IMPORTED, ImportOutcome.UPDATED, ImportOutcome.PRESENT):
        return result.outcome, []
    assert result.report is None or result.report.bad_count == 0
    return result.outcome, list(store.load_session(result.id)[0].tags)


@pytest.mark.parametrize("lines", [ROLLOUT, TRANSCRIPT], ids=["codex", "claude"])
def test_written_in_pieces_by_another_process_it_grows_and_is_never_marked(tmp_path, lines):
    store, path = Store(tmp_path / "store"), tmp_path / "a.jsonl"
    data = b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in lines)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    counts = []
    with writer:
        for at in range(0, len(data), 61):
            print(data[at : at + 61].hex(), file=writer.stdin, flush=True)
            writer.stdout.readline()
            outcome, tags = take(store, path)
            assert "incomplete" not in tags
            if tags:
                assert outcome is not ImportOutcome.FAILED
                (entry,) = store.scan()
                counts.append(entry.metadata.message_count)
        writer.stdin.close()
    assert counts == sorted(counts)
    assert set(counts) == {1, 2, 3, 4}


def test_a_line_that_is_never_finished_is_told_once_nobody_writes_any_more(tmp_path):
    store, path = Store(tmp_path / "store"), tmp_path / "a.jsonl"
    whole = "".join(json.dumps(each) + "\n" for each in ROLLOUT)
    path.write_text(whole[:-20])
    outcome, tags = take(store, path)
    assert outcome is ImportOutcome.IMPORTED
    assert "incomplete" not in tags
    # The same file, looked at later.
    (found,) = look_at(store, [at_rest(path)])
    assert isinstance(found, FoundSource)
    assert found.comes_by_itself
    (result,) = import_sessions(store, [path])
    assert result.outcome is ImportOutcome.UPDATED
    assert result.report.bad_count == 1
    assert "incomplete" in store.load_session(result.id)[0].tags
    (found,) = look_at(store, [path])
    assert not found.comes_by_itself
