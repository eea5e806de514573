"""Plain text holds every word; JSON Lines have a record for each message."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from agcx_format.exporting.plain_text import jsonl_parts, to_text
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.model.items import ToolCallMetadata
from tests.support.rollout_lines import SESSION, assistant, call, item, meta, output, user, write


@pytest.fixture
def imported(tmp_path):
    picture = {"type": "input_image", "image_url": "data:image/png;base64,QUJD"}
    lines = [
        user("Fix <b>it</b>\n# now", picture),
        item("reasoning", summary=[{"type": "summary_text", "text": "Looking"}]),
        call("shell", {"command": ["bash", "-lc", "rg grid"]}),
        output('{"output":"a.css\\n","metadata":{"exit_code":1,"duration_seconds":2}}'),
        assistant("Done."),
    ]
    return read_rollout(write(tmp_path / "a.jsonl", meta(), *lines))


def test_plain_text_says_everything_as_it_was_said(imported):
    assert to_text(imported.metadata, imported.conversation) == (
        f"Fix <b>it</b>\n{SESSION} · unknown · 5 messages\n"
        "\n--- 1. User · 2025-09-25 14:02:07 UTC\nFix <b>it</b>\n# now\n[image: image/png, 3 bytes]\n"
        "\n--- 2. Reasoning · 2025-09-25 14:02:07 UTC\nLooking\n"
        "\n--- 3. Tool call: shell · 2025-09-25 14:02:07 UTC\n$ rg grid\n"
        "\n--- 4. Tool output: shell · 2025-09-25 14:02:07 UTC\nexit 1 · 2.0 s\na.css\n"
        "\n--- 5. Assistant · 2025-09-25 14:02:07 UTC\nDone.\n"
    )


def test_plain_text_tells_why_a_tool_failed_and_is_not_obeyed_by_a_terminal(imported):
    first, *_, result, last = imported.conversation.messages
    calls = [ToolCallMetadata("shell", 1, False, "no\x1b[2J luck\x07")]
    failed = replace(result, metadata=replace(result.metadata, tool_calls=calls))
    conversation = replace(imported.conversation, messages=[first, failed, last])
    assert "\nerror: no␛[2J luck␇\na.css\n" in to_text(imported.metadata, conversation)


def test_json_lines_have_the_same_keys_in_every_record(imported):
    lines = list(jsonl_parts(imported.metadata, imported.conversation.messages))
    records = [json.loads(line) for line in lines]
    assert all(line.count("\n") == 1 and line.endswith("\n") for line in lines)
    assert len({tuple(record) for record in records}) == 1
    assert [record["role"] for record in records] == [
        "user", "assistant", "assistant", "tool", "assistant",
    ]  # fmt: skip
    assert records[3] | {"timestamp": "", "session_id": "", "message_id": ""} == {
        "session_id": "", "index": 3, "turn": 0, "timestamp": "", "type": "function_call_output",
        "role": "tool", "content": "a.css\n", "tool": "shell",
        "call_id": "call_1", "success": False, "exit_code": 1, "duration_ms": 2000,
        "error": "exit code 1", "status": None,
        "files": [], "edited": False, "earlier": [],
        "message_id": "", "parent_message_id": None, "branch_point": False, "branch_id": None,
        "branch": None,
    }  # fmt: skip
