"""Every golden session goes out in every form."""

from __future__ import annotations

import json
import re

import pytest
from markdown_it import MarkdownIt

from agcx_format import read_session
from agcx_format.exporting.json_document import from_session_json, session_json
from agcx_format.exporting.markdown import to_markdown
from agcx_format.exporting.plain_text import jsonl_parts, to_text
from tests.support.golden_files import GOLDEN

SESSIONS = sorted((GOLDEN / "v1").glob("*.agcx"))


@pytest.fixture(params=SESSIONS, ids=lambda path: path.stem[:8])
def session(request):
    return read_session(request.param)


def test_there_are_golden_sessions():
    assert SESSIONS


def test_markdown_has_a_heading_for_each_message_and_no_other(session):
    metadata, conversation, _ = session
    document = to_markdown(metadata, conversation)
    tokens = MarkdownIt("commonmark").parse(document.split("\n---\n", 1)[1])
    found = [t.tag for t in tokens if t.type == "heading_open" and t.tag in ("h1", "h2")]
    # Besides, there is one where a branch begins or ends, and where the mode changes.
    between = len(re.findall(r"^## — .* —$", document, re.MULTILINE))
    assert found == ["h1"] + ["h2"] * (len(conversation.messages) + between)
    assert document.encode()


def test_json_comes_back_as_it_was(session):
    metadata, conversation, state = session
    again = from_session_json(session_json(metadata, conversation, state))
    assert session_json(*again) == session_json(metadata, conversation, state)
    assert again[1].messages == conversation.messages


def test_text_and_json_lines_go_through_every_message(session):
    metadata, conversation, _ = session
    assert to_text(metadata, conversation).encode()
    records = [json.loads(line) for line in jsonl_parts(metadata, conversation.messages)]
    assert len(records) == len(conversation.messages)
