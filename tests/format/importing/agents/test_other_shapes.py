"""Words in a field of another shape than usual are taken as text, or counted: never lost silently."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agcx_format.codec.json import to_json
from agcx_format.importing import Imported, agent_named
from tests.support.agent_files import MAKERS
from tests.support.rollout_lines import event, item, meta, user
from tests.support.rollout_lines import write as write_rollout
from tests.support.transcript_lines import assistant, attached, queued, text
from tests.support.transcript_lines import user as asked

# What the messages of each say, a word that stands in one place of the file.
WORDS = ("Looking.", "nope", "grid")


def codex(root: Path) -> Path:
    root.mkdir()
    return write_rollout(
        root / "rollout.jsonl",
        meta(),
        user("Fix the grid"),
        event("agent_reasoning", text="Where is it?"),
        event("agent_message", message="Looking."),
        event("turn_aborted", reason="interrupted"),
        item("function_call", name="shell", arguments="{}", call_id="c1"),
        item("function_call_output", call_id="c1", output="nope"),
    )


def claude(root: Path) -> Path:
    path = root / "claude.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        asked("Fix the grid"), assistant(text("Looking.")), queued("enqueue", "nope, the other"),
        queued("remove"), attached("Where is it?"),
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


FILES = {**MAKERS, "codex": codex, "claude": claude}
del FILES["opencode"], FILES["cursor store"]


def read(maker: str, path: Path) -> Imported:
    agent = agent_named(maker.split()[0])
    (source,) = agent.sources(path)
    return agent.read(source)


def places(value: Any, words: str, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to each value that has the words in it, from the outermost to the text."""
    if words not in json.dumps(value):
        return
    yield way
    below = value.items() if isinstance(value, dict) else enumerate(value)
    if not isinstance(value, str):
        for name, each in below:
            yield from places(each, words, (*way, name))


def changed(value: Any, way: tuple[Any, ...], wrapped: Any) -> Any:
    if not way:
        return wrapped(value)
    if isinstance(value, dict):
        return {n: changed(v, way[1:], wrapped) if n == way[0] else v for n, v in value.items()}
    return [changed(v, way[1:], wrapped) if n == way[0] else v for n, v in enumerate(value)]


def says(imported: Imported) -> str:
    return b"".join(to_json(message) for message in imported.conversation.messages).decode()


@pytest.mark.parametrize("wrapped", [lambda v: [v], lambda v: {"value": v}], ids=["list", "object"])
@pytest.mark.parametrize("maker", FILES)
def test_words_in_another_shape_are_text_or_counted(maker, wrapped, tmp_path):
    named = FILES[maker](tmp_path / "in")
    tried = 0
    for file in sorted((tmp_path / "in").rglob("*.json*")):
        whole = file.read_text()
        is_document = file.suffix == ".json"
        lines = [json.loads(line) for line in ([whole] if is_document else whole.splitlines())]
        for number, line in enumerate(lines):
            for words in WORDS:
                for way in places(line, words):
                    if not way or words not in says(read(maker, named)):
                        continue
                    there = [*lines[:number], changed(line, way, wrapped), *lines[number + 1 :]]
                    file.write_text("\n".join(map(json.dumps, there)))
                    imported = read(maker, named)
                    assert words in says(imported) or imported.report.not_understood, (way, line)
                    tried += 1
                    file.write_text(whole)
    assert tried > 3


@pytest.mark.parametrize("maker", [maker for maker in FILES if maker not in ("codex", "claude")])
def test_what_is_only_empty_is_no_failure(maker, tmp_path):
    path = FILES[maker](tmp_path / "in")
    if maker == "opencode older":
        return
    with path.open("a") as file:
        for line in EMPTY.get(maker, []):
            file.write(json.dumps(line) + "\n")
    report = read(maker, path).report
    assert report.not_understood == 0
    if maker in EMPTY:
        assert any(kind.endswith("with nothing in it") for kind in report.skipped)


# Lines of a known type that say nothing.
EMPTY: dict[str, list[dict[str, Any]]] = {
    "copilot": [{"type": "assistant.message", "data": {"messageId": "m9", "content": ""}}],
    "qwen": [
        {
            "sessionId": "x",
            "uuid": "q9",
            "type": "assistant",
            "message": {"role": "model", "parts": []},
        }
    ],
    "kimi": [
        {
            "type": "context.append_loop_event",
            "event": {"type": "content.part", "part": {"type": "text", "text": ""}},
        }
    ],
}
