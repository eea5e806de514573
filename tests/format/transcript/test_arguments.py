"""Arguments as people read them: no text of many lines is on one, and nothing of them is lost."""

from __future__ import annotations

import json

import pytest

from agcx_format.exporting.html import to_html
from agcx_format.exporting.markdown import to_markdown
from agcx_format.exporting.plain_text import jsonl_parts, to_text
from agcx_format.model.items import FunctionCall
from agcx_format.model.new import new_message, new_session
from agcx_format.transcript.arguments import Passage, readable_arguments
from agcx_format.transcript.tools import read_call

EDIT = {"old_string": "x\ny = 2\nz", "new_string": "x\ny = 5\nz"}
DIFF = " x\n-y = 2\n+y = 5\n z"


def laid_out(arguments: object) -> tuple[object, tuple[Passage, ...]]:
    text, passages = readable_arguments(
        read_call(FunctionCall(None, "t", json.dumps(arguments), "c"))
    )
    return json.loads(text) if text else None, passages


@pytest.mark.parametrize(
    ("arguments", "rest", "passages"),
    [
        ({"path": "a", **EDIT, "all": False}, {"path": "a", "all": False}, [Passage("", DIFF, True)]),
        ({"path": "a", "content": "b\nc"}, {"path": "a"}, [Passage("content", "b\nc")]),
        ({"content": "b\nc"}, None, [Passage("content", "b\nc")]),
        ({"old_str": "", "new_str": "b\nc"}, None, [Passage("", "+b\n+c", True)]),
        ({"old_str": "b", "new_str": "b"}, None, [Passage("", " b", True)]),
        (
            {"path": "a", "edits": [EDIT, {"oldText": "1", "newText": "2"}]},
            {"path": "a"},
            [Passage("", DIFF, True), Passage("", "-1\n+2", True)],
        ),
    ],
)  # fmt: skip
def test_long_texts_stand_beside_the_rest(arguments, rest, passages):
    assert laid_out(arguments) == (rest, tuple(passages))


@pytest.mark.parametrize(
    "arguments",
    [
        {"path": "a", "query": "b\n"},
        {"edits": [EDIT, {**EDIT, "replace_all": True}]},
        {"edits": "all"},
        {"deep": {"text": "a\nb"}},
        ["a\nb"],
    ],
)
def test_what_would_lose_something_stays_as_it_is(arguments):
    assert laid_out(arguments) == (arguments, ())


def test_every_export_for_people_shows_it_and_programs_get_the_json():
    call = FunctionCall(None, "Edit", json.dumps({"file_path": "a.py", **EDIT}), "c")
    metadata, conversation, _ = new_session(messages=[new_message(call)])
    assert f"```diff\n{DIFF}\n```" in to_markdown(metadata, conversation)
    assert f"<pre>\n{DIFF}</pre>" in to_html(metadata, conversation)
    assert DIFF in to_text(metadata, conversation)
    record = json.loads("".join(jsonl_parts(metadata, conversation.messages)))
    assert json.loads(record["content"]) == {"file_path": "a.py", **EDIT}
