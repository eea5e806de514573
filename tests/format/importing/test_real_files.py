"""Over real rollouts and transcripts, where `AGCX_ROLLOUTS` names a directory of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from agcx_format import open_store
from agcx_format.codec import messagepack
from agcx_format.exporting.markdown import to_markdown
from agcx_format.importing.claude.transcript import ClaudeCode, read_transcript
from agcx_format.importing.codex.rollout import Codex, read_rollout
from agcx_format.importing.results import ImportOutcome
from agcx_format.importing.run import import_sessions
from agcx_format.importing.source_file import find_files

ROOT = os.environ.get("AGCX_ROLLOUTS")

pytestmark = pytest.mark.skipif(not ROOT, reason="AGCX_ROLLOUTS names no directory")

CLAUDE = list(find_files([Path(ROOT) / "claude"], ClaudeCode.patterns)) if ROOT else []
CODEX = list(find_files([Path(ROOT) / "codex"], Codex.patterns)) if ROOT else []


def values(path: Path) -> list[dict]:
    found = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(text))
        except ValueError:
            continue
    return found


@pytest.mark.parametrize("path", CODEX, ids=lambda path: path.name)
def test_every_line_of_a_rollout_is_a_message_or_in_the_report(path):
    imported = read_rollout(path)
    report, lines = imported.report, values(path)
    # Some items become two messages or three: they are told apart by their kind.
    kinds = [v["payload"]["type"] for v in lines if v.get("type") == "response_item"]
    more = kinds.count("web_search_call") + kinds.count("image_generation_call") * 2
    more += report.kept_as.get("image of a tool: a message of its own", 0)
    more -= kinds.count("image_generation_call")
    # A compaction is a line without an item, and a notice with a summary.
    summaries = [v["payload"].get("message") for v in lines if v.get("type") == "compacted"]
    more += sum(1 + bool(summary) for summary in summaries)
    counted = sum(report.skipped.values()) + sum(report.duplicates.values())
    assert report.messages - more + counted == len(lines)
    written = messagepack.encode_messages(imported.conversation.messages)
    assert messagepack.decode_messages(written) == imported.conversation.messages


@pytest.mark.parametrize("path", CODEX, ids=lambda path: path.name)
def test_turns_are_what_the_program_counted_as_messages_of_the_user(path):
    if path.name.startswith("agent-sessions"):
        pytest.skip("made by hand: its events do not fit its items")
    events = [v["payload"].get("type") for v in values(path) if v.get("type") == "event_msg"]
    assert read_rollout(path).metadata.turn_count == events.count("user_message")


@pytest.mark.parametrize("path", CODEX, ids=lambda path: path.name)
def test_every_word_of_a_message_is_in_the_session(path):
    imported = read_rollout(path)
    session = messagepack.encode_messages(imported.conversation.messages)
    for value in values(path):
        payload = value.get("payload") or {}
        if value.get("type") == "response_item" and payload.get("type") == "message":
            for part in payload["content"]:
                assert (part.get("text") or "").encode() in session


@pytest.mark.parametrize("path", CLAUDE, ids=lambda path: path.name)
def test_every_block_of_a_transcript_is_in_the_session(path):
    imported = read_transcript(path)
    session = messagepack.encode_messages(imported.conversation.messages)
    wanted = {"text": "text", "thinking": "thinking", "tool_use": "name", "tool_result": "content"}
    for value in values(path):
        message = value.get("message") if isinstance(value, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        for block in blocks:
            text = block.get(wanted.get(block["type"])) if isinstance(block, dict) else block
            assert not isinstance(text, str) or text.encode() in session


@pytest.mark.parametrize("path", CLAUDE, ids=lambda path: path.name)
def test_every_line_of_a_transcript_is_a_message_or_in_the_report(path):
    report = read_transcript(path).report
    lines = values(path)
    spoken = [v for v in lines if isinstance(v, dict) and v.get("type") in ("user", "assistant")]
    bad = sum("content" in reason for _, reason in report.bad_lines)
    counted = sum((report.skipped | report.duplicates | report.unknown).values())
    assert len(lines) - len(spoken) == counted + report.bad_count - bad
    assert report.messages >= len(spoken) - bad


def test_the_second_import_of_all_of_them_changes_nothing(tmp_path):
    store = open_store(tmp_path / "store")
    first = list(import_sessions(store, CODEX))
    assert not [result for result in first if result.outcome is ImportOutcome.FAILED]
    before = {path: path.read_bytes() for path in store.path.iterdir() if path.is_file()}
    second = {result.outcome for result in import_sessions(store, CODEX)}
    assert second <= {ImportOutcome.PRESENT, ImportOutcome.SKIPPED}
    assert before == {path: path.read_bytes() for path in before}


@pytest.mark.parametrize("path", CODEX + CLAUDE, ids=lambda path: path.name)
def test_markdown_of_a_real_session_has_a_heading_for_each_message(path):
    from markdown_it import MarkdownIt

    imported = (read_rollout if path in CODEX else read_transcript)(path)
    document = to_markdown(imported.metadata, imported.conversation)
    tokens = MarkdownIt().parse(document.split("\n---\n", 1)[1])
    found = [t for t in tokens if t.type == "heading_open" and t.tag == "h2"]
    assert len(found) == imported.report.messages
