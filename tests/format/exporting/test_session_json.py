"""A session as JSON says everything, in the names that the format has."""

from __future__ import annotations

import json

import pytest

from agcx_format.exporting.json_document import from_session_json, session_json
from agcx_format.importing.codex.rollout import read_rollout
from tests.support.rollout_lines import SESSION, assistant, meta, output, user, write


@pytest.fixture
def session(tmp_path):
    lines = meta(), user("hé\u2028llo"), assistant("yes"), output("x")
    imported = read_rollout(write(tmp_path / "a.jsonl", *lines))
    return imported.metadata, imported.conversation, imported.state


def test_a_session_comes_back_from_its_json_as_it_was(session):
    assert from_session_json(session_json(*session)) == session


def test_the_names_are_those_of_the_format(session):
    document = json.loads(session_json(*session))
    assert document["metadata"]["id"] == SESSION
    assert document["conversation"]["messages"][0]["item"]["type"] == "message"
    assert document["state"]["filter_settings"]["show_reasoning"] is True


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b'{"metadata": {}}', b"\xff",
        b'{"metadata": ' + b"[" * 100_000,
        b'{"metadata": ' + b"[" * 900 + b"]" * 900 + b', "conversation": {}, "state": {}}',
    ],
    ids=["nothing", "list", "empty", "a part", "no text", "deep", "deep part"],
)  # fmt: skip
def test_what_is_no_session_says_so(data):
    with pytest.raises(ValueError, match="."):
        from_session_json(data)


def test_a_ratio_that_no_float_can_hold_says_where_it_is(session):
    document = json.loads(session_json(*session))
    document["metadata"]["compression_ratio"] = 10**400
    with pytest.raises(ValueError, match=r"^\$\.compression_ratio: "):
        from_session_json(json.dumps(document))
