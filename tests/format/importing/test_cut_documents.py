"""A session that is one JSON document and lacks its end is read up to there, and grows when it is whole."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import zstandard

from agcx_format import open_store
from agcx_format.importing import ImportOutcome, ImportResult, agent_named, import_sessions
from agcx_format.importing.json_lines import read_document
from agcx_format.importing.records import closed, without_depths
from agcx_format.transcript.words import text_of
from tests.support.rollout_lines import at_rest

SESSION = "0199aaaa-1111-7222-8333-444455556666"
TIME = "2026-03-01T10:00:00.000Z"
WORDS = ['Is ] a "}" or a \\', "It is.", "[ And {?", "Neither."]


def gemini() -> str:
    messages = [
        {
            "id": str(n),
            "timestamp": TIME,
            "type": kind,
            "content": words,
            "thoughts": [{"subject": "x"}],
        }
        for n, (kind, words) in enumerate(zip(["user", "gemini"] * 2, WORDS, strict=True))
    ]
    return json.dumps(
        {"sessionId": SESSION, "projectHash": "x", "startTime": TIME, "messages": messages}
    )


def codex() -> str:
    items = [
        {"type": "message", "role": role, "content": [{"type": "input_text", "text": words}]}
        for role, words in zip(["user", "assistant"] * 2, WORDS, strict=True)
    ]
    return json.dumps({"session": {"id": SESSION, "timestamp": TIME}, "items": items})


DOCUMENTS = {"gemini": gemini(), "codex": codex()}
agents = pytest.mark.parametrize("agent", DOCUMENTS)


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


def taken(store, path: Path, agent: str) -> ImportResult:
    (result,) = import_sessions(store, [path], agent=agent_named(agent))
    return result


def said(store) -> list[str]:
    session = store.load_session(UUID(SESSION))
    return [
        text_of(each.item) for each in session.conversation.messages if text_of(each.item) in WORDS
    ]


@agents
def test_what_is_complete_is_taken_and_the_rest_when_it_is_there(agent, store, tmp_path):
    text = DOCUMENTS[agent]
    path = tmp_path / f"session-{SESSION}.json"
    path.write_text(text[: text.index("Neither") + 3])
    first = taken(store, at_rest(path), agent)
    assert first.outcome is ImportOutcome.IMPORTED
    assert first.report is not None
    assert first.report.bad_count == 1
    assert said(store) == WORDS[:3]
    path.write_text(text)
    assert taken(store, path, agent).outcome is ImportOutcome.UPDATED
    assert said(store) == WORDS


@agents
def test_of_a_compressed_document_that_is_cut_all_whole_messages_are_taken(agent, store, tmp_path):
    # A block of 128 KiB is the least that can be decompressed.
    long = [*WORDS[:2], Random(1).randbytes(100_000).hex(), WORDS[3]]
    text = DOCUMENTS[agent].replace(json.dumps(WORDS[2])[1:-1], long[2])
    data = zstandard.ZstdCompressor().compress(text.encode())
    path = tmp_path / f"session-{SESSION}.json.zst"
    path.write_bytes(data[:-1000])
    (first,) = import_sessions(store, [at_rest(path)])
    assert first.outcome is ImportOutcome.IMPORTED
    assert first.report is not None
    assert first.report.bad_lines == ((1, "the compressed file is cut off"),)
    assert said(store) == WORDS[:2]
    path.write_bytes(data)
    assert taken(store, path, agent).outcome is ImportOutcome.UPDATED
    assert said(store) == [WORDS[0], WORDS[1], WORDS[3]]


def test_a_whole_document_before_damaged_bytes_is_taken(tmp_path):
    path = tmp_path / "session.json.zst"
    document = {"items": [{"a": 1}]}
    path.write_bytes(zstandard.ZstdCompressor().compress(json.dumps(document).encode()) + b"(\xb5")
    (line,) = read_document(path, closes=True)
    assert line.values == (document,)
    assert line.error == "the compressed file is cut off"


@agents
def test_wherever_a_document_is_cut_only_whole_messages_of_it_are_read(agent):
    text = DOCUMENTS[agent]
    whole = json.loads(text)
    name = list(whole)[-1]
    for end in range(len(text)):
        if found := closed(text[:end]):
            read = json.loads(found)
            assert read[name] == whole[name][: len(read[name])]
    assert len(read[name]) == len(WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 10_000,
        '{"a": [{}, ' + "[" * 10_000,
        '{"a": [}',
        '{"a": [{}}',
        '{"a": [1, "[{}',
        '"[{}]',
    ],
)
def test_what_has_no_whole_element_has_nothing_to_read(text):
    assert closed(text) == ""


def test_what_follows_the_end_of_a_document_takes_nothing_from_it(tmp_path):
    path = tmp_path / "session.json"
    document = {"items": [{"a": 1}], "title": "After the list"}
    path.write_text(f"{json.dumps(document)} the end of a longer one")
    (line,) = read_document(path, closes=True)
    assert line.values == (document,)
    assert line.error


@pytest.mark.parametrize("end", ["", "\\\n", "\\"])
def test_quotes_in_a_string_that_is_damaged_are_not_each_tried_as_another(end):
    # Each would be read up to the end: for hours.
    quotes = '\\"' * 500_000 + end
    assert closed(f'{{"a": [{{}}, "{quotes}') == '{"a": [{}]}'
    assert without_depths(f'{"[" * 1_000}"{quotes}') == "[" * 100
