"""A conversation that is too large for memory becomes the same session; memory does not grow with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from random import Random

import pytest

from agcx_format import SessionStore, Store, limits
from agcx_format.codec.zstd import seekable
from agcx_format.exporting import rollout_name, rollout_parts
from agcx_format.importing import (
    ImportOutcome,
    ImportResult,
    agent_named,
    import_sessions,
    read_rollout,
    read_transcript,
)
from agcx_format.layout import of
from tests.support import transcript_lines as claude
from tests.support.rollout_lines import assistant, call, event, meta, output, user, write
from tests.support.stores import golden_session

ROOT = Path(__file__).parents[3]
OTHER = "0199bbbb-1111-7222-8333-444455556666"


def let_frames_be_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a little session have frames."""
    monkeypatch.setattr(seekable, "THRESHOLD", 50_000)
    monkeypatch.setattr(seekable, "FRAME", 20_000)


@pytest.fixture(autouse=True)
def small_frames(monkeypatch):
    let_frames_be_small(monkeypatch)


def let_little_be_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SOURCE_IN_MEMORY", 10_000)
    monkeypatch.setattr(limits, "PAGE_OF_MESSAGES", 10_000)
    monkeypatch.setattr(limits, "SESSION_IN_MEMORY", 0)


def let_few_be_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let messages be put aside in the middle of a file that is not large."""
    monkeypatch.setattr(limits, "MESSAGES_IN_MEMORY", 100)
    monkeypatch.setattr(limits, "PAGE_OF_MESSAGES", 10_000)
    monkeypatch.setattr(limits, "SESSION_IN_MEMORY", 0)


larges = pytest.mark.parametrize("let_it_be_large", [let_little_be_large, let_few_be_many])


def turns(count: int, words: int = 20) -> list[dict]:
    """Turns with what only later lines say: copies, ends of calls, turns taken back, missing times."""
    random = Random(count)
    lines = []
    for number in range(count):
        text = " ".join(random.randbytes(4).hex() for _ in range(words))
        lines += [
            event("user_message", message=f"Ask {number} {text}"),
            user(f"Ask {number} {text}"),
            event("agent_message", message=f"Only here {number}"),
            call("shell", {"command": [f"ls {text}"], "path": "a.py"}, f"call_{number}"),
            output(f"{text}\n" * 3, f"call_{number}"),
            event("exec_command_end", call_id=f"call_{number}", exit_code=number % 3),
            assistant(f"Done {number}"),
        ]
        if number % 10 == 9:
            lines.append(event("thread_rolled_back", num_turns=2))
        if number % 7 == 0:
            lines.append({key: value for key, value in user("Late").items() if key != "timestamp"})
    return [*lines, event("thread_rolled_back", num_turns=count // 2), user("The end")]


def import_one(store: Store, source: Path, agent: str = "codex") -> ImportResult:
    (result,) = import_sessions(store, [source], agent=agent_named(agent))
    assert result.outcome in (ImportOutcome.IMPORTED, ImportOutcome.UPDATED), result.reason
    return result


def imported(kind: type[Store], store: Path, source: Path, agent: str = "codex") -> bytes:
    """The file of the session that a conversation becomes in a store."""
    result = import_one(kind(store), source, agent)
    return Path(kind(store).resolve(str(result.id)).path).read_bytes()


def chain(count: int) -> list[dict]:
    """A transcript in which the person goes back again and again, once nearly to the beginning."""
    lines: list[dict] = []
    parent = None
    for number in range(count):
        names = [f"{number}-{part}" for part in range(4)]
        file = {"filePath": f"{number}.py", "startLine": 1, "numLines": 9}
        parts = [
            claude.user(f"Ask {number} {'words ' * 40}"),
            claude.assistant(claude.use("Read", f"toolu_{number}", file_path=f"{number}.py")),
            claude.user(
                [claude.result("code " * 99, f"toolu_{number}")], toolUseResult={"file": file}
            ),
            claude.assistant(claude.text(f"Done {number}")),
        ]
        for name, part in zip(names, parts, strict=True):
            lines.append(part | {"uuid": name, "parentUuid": parent})
            parent = name
        if number % 7 == 6:
            parent = f"{number - 2}-3"
    # What is said again is said before and after the messages are put aside.
    again = {"type": "mode"}, lines[5], lines[-1]
    return [*lines, *again, claude.user("Back") | {"uuid": "back", "parentUuid": "3-3"}]


@larges
def test_a_large_transcript_becomes_what_it_would_become_in_memory(
    let_it_be_large, tmp_path, monkeypatch
):
    transcript = write(tmp_path / "a.jsonl", *chain(60))
    whole = imported(Store, tmp_path / "whole", transcript, "claude")
    let_it_be_large(monkeypatch)
    assert not isinstance(read_transcript(transcript).conversation.messages, list)
    assert imported(Store, tmp_path / "parts", transcript, "claude") == whole


@larges
@pytest.mark.parametrize("kind", [Store, SessionStore])
def test_a_large_rollout_becomes_what_it_would_become_in_memory(
    kind, let_it_be_large, tmp_path, monkeypatch
):
    parent = write(tmp_path / f"rollout-{OTHER}.jsonl", meta(id=OTHER), *turns(5))
    shown = [json.loads(line) for line in parent.read_text().splitlines()[1:]]
    rollout = write(tmp_path / "a.jsonl", meta(forked_from_id=OTHER), *shown, *turns(100))
    whole = imported(kind, tmp_path / "whole", rollout)
    let_it_be_large(monkeypatch)
    assert not isinstance(read_rollout(rollout).conversation.messages, list)
    assert imported(kind, tmp_path / "parts", rollout) == whole


def test_a_large_export_of_this_program_comes_back(tmp_path, monkeypatch):
    metadata, conversation, _ = golden_session("every-item")
    path = tmp_path / rollout_name(metadata)
    path.write_text("".join(rollout_parts(metadata, conversation.messages, conversation.context)))
    monkeypatch.setattr(limits, "SOURCE_IN_MEMORY", 0)
    monkeypatch.setattr(limits, "PAGE_OF_MESSAGES", 100)
    assert list(read_rollout(path).conversation.messages) == conversation.messages


@pytest.mark.parametrize("kind", [Store, SessionStore])
def test_a_large_rollout_grows_like_any_other(kind, tmp_path, monkeypatch):
    let_little_be_large(monkeypatch)
    rollout = write(tmp_path / "a.jsonl", meta(), *turns(40))
    imported(kind, tmp_path / "grown", rollout)
    write(rollout, meta(), *turns(40), *turns(3))
    grown = imported(kind, tmp_path / "grown", rollout)
    new = imported(kind, tmp_path / "new", rollout)
    layout = of(new)
    assert layout.decode(grown)[1] == layout.decode(new)[1]
    os.utime(rollout, ns=(1, 1))
    (again,) = import_sessions(kind(tmp_path / "grown"), [rollout], agent=agent_named("codex"))
    assert again.outcome is ImportOutcome.PRESENT


def peaks_of_imports(kind: type[Store], folder: Path) -> list[int]:
    """The most memory that imports take of which each source is larger; each one new, then grown."""
    peaks = []
    # The first one imports modules.
    for count in (1, 25, 75):
        lines = [meta(), *turns(count, words=400)]
        rollout = folder / f"{count}.jsonl"
        store = kind(folder / str(count))
        for more in ([], [user("More")]):
            write(rollout, *lines, *more)
            tracemalloc.start()
            import_one(store, rollout)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    return peaks


@pytest.mark.parametrize("kind", [Store, SessionStore])
def test_memory_does_not_grow_with_a_rollout(kind, tmp_path):
    """Neither when it is new, nor when it has grown.

    In a process of its own: what threads that an earlier test left behind take is measured as well.
    """
    script = f"""
import pathlib, pytest, agcx_format
from tests.format.importing import test_large as this
with pytest.MonkeyPatch.context() as patch:
    this.let_frames_be_small(patch)
    this.let_little_be_large(patch)
    print(*this.peaks_of_imports(agcx_format.{kind.__name__}, pathlib.Path({str(tmp_path)!r})))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    peaks = [int(word) for word in done.stdout.split()]
    size = (tmp_path / "75.jsonl").stat().st_size
    assert peaks[4] - peaks[2] < 0.2 * size, (peaks, size)
    assert peaks[5] - peaks[3] < 0.3 * size, (peaks, size)


def test_memory_does_not_grow_with_a_transcript_of_many_messages(tmp_path, monkeypatch):
    """Not even with what lines that come again are compared to."""
    let_few_be_many(monkeypatch)
    peaks, sizes = [], []
    # The first one imports modules.
    for count in (200, 2000, 6000):
        lines = (claude.user(f"{number} " * 200) | {"uuid": f"{number}"} for number in range(count))
        transcript = write(tmp_path / f"{count}.jsonl", *lines)
        tracemalloc.start()
        read_transcript(transcript)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        sizes.append(transcript.stat().st_size)
    assert peaks[2] - peaks[1] < 0.3 * (sizes[2] - sizes[1]), (peaks, sizes)
