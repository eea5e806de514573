"""What was written behind a record that breaks off is read, wherever that one breaks off."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agcx_format.importing.claude import transcript
from agcx_format.importing.codex import rollout
from agcx_format.importing.draft import INCOMPLETE
from agcx_format.importing.json_lines import Line, parse_lines
from agcx_format.importing.records import unfinished_records
from agcx_format.importing.results import ImportOutcome
from agcx_format.importing.run import import_sessions
from agcx_format.model.timestamps import Timestamp
from agcx_format.store.store import Store
from tests.support.rollout_lines import assistant, at_rest, meta, user

NOW = Timestamp.from_ns(1_700_000_000 * 10**9)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
# Records as Codex and Claude Code write them, whatever is in them.
records = st.builds(
    lambda type_, payload, more: {"timestamp": "t", "type": type_, "payload": payload, **more},
    st.text(), st.dictionaries(st.text(), values, max_size=3), st.dictionaries(st.just("n"), values),
) | st.builds(
    lambda type_, content: {
        "type": type_, "sessionId": "s", "message": {"role": "user", "content": [content]}
    },
    st.text(), values,
)  # fmt: skip
written = st.builds(
    lambda record, spaces: json.dumps(record, separators=None if spaces else (",", ":")),
    records,
    st.booleans(),
)


def read(text: str) -> Line:
    (line,) = parse_lines([text.encode()])
    return line


@given(written, st.lists(written, min_size=1, max_size=3), st.data())
@example('{"type":"a","payload":{}}', ['{"type":"b","payload":{"c":1}}'], None)
def test_whole_records_are_read_behind_one_that_breaks_off_anywhere(broken, whole, data):
    cuts = range(1, len(broken)) if data is None else [data.draw(st.integers(1, len(broken) - 1))]
    for cut in cuts:
        line = read(broken[:cut] + "".join(whole))
        assert list(line.values) == [json.loads(text) for text in whole]
        assert line.error


@given(written, written, written, st.integers(1, 40))
def test_two_that_break_off_take_nothing_from_those_around_them(first, second, third, cut):
    line = read(first + second[:-1][:cut] + third[:-1][:cut] + first + second)
    assert list(line.values) == [json.loads(text) for text in (first, first, second)]


@given(written, st.integers(1, 400))
def test_the_pieces_of_a_record_that_breaks_off_are_no_records(record, cut):
    line = read(record[:-1][:cut])
    assert line.error
    # What somebody wrote into a record may be one itself, and the piece may end with it.
    assert [each for each in line.values if not {"payload", "sessionId"} & each.keys()] == []


@pytest.mark.parametrize("follows", [", 2, tru", "]", '}, "b": tru', ": 1"])
def test_what_goes_on_like_a_part_is_no_record_though_it_looks_like_one(follows):
    part = json.dumps({"type": "message", "payload": {"words": "quoted"}})
    assert read('{"a": [' + part + follows).values == ()


def test_a_line_may_lack_its_end_anywhere_also_within_a_character():
    whole = json.dumps({"a": ["🦘", {"b": 1}]})
    assert "\\ud83e\\udd98" in whole
    for cut in range(1, len(whole)):
        assert unfinished_records(whole[:cut]) == []
    assert unfinished_records(whole + whole[:5]) == [json.loads(whole)]
    assert unfinished_records('{"a": nothing like a value') is None


@pytest.mark.parametrize(
    "record",
    [
        {"type": "queue-operation", "operation": "enqueue", "content": "two"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "two"}]},
        {"type": "function_call", "name": "shell", "arguments": "{}", "call_id": "c"},
    ],
    ids=lambda record: record["type"],
)
def test_a_record_without_an_envelope_is_read_behind_one_that_breaks_off_anywhere(record):
    broken = json.dumps(user("one"))
    for cut in range(1, len(broken)):
        assert read(broken[:cut] + json.dumps(record)).values[-1] == record


@pytest.mark.parametrize(
    "text",
    [
        '{"a":[0,' * 5_000, '{"a":' * 50_000, '{"' * 100_000, '{"a":"b' * 50_000, "[{" * 50_000,
        '{"type":"a","payload":{"b":1},' * 20_000, '{"a":{"type":"b","payload":{}},' * 20_000,
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_pieces_without_end_are_given_up(text):
    assert read(text).error


CLAUDE = {"sessionId": "01990000-0000-7000-8000-00000000000c", "timestamp": "2026-03-04T10:00:00Z"}


def said(role: str, text: str) -> str:
    return json.dumps(
        {"type": role, "uuid": text, **CLAUDE, "message": {"role": role, "content": text}}
    )


@pytest.mark.parametrize(
    ("module", "lines"),
    [
        (transcript, [said("user", "one"), said("assistant", "two"), said("user", "three")]),
        (rollout, [json.dumps(each) for each in (meta(), user("one"), assistant("two"))]),
    ],
)
def test_a_session_of_which_a_part_is_missing_is_marked(module, lines):
    whole = convert(module, "\n".join(lines))
    hurt = convert(module, lines[0] + "\n" + lines[1][:-30] + lines[1] + "\n" + lines[2])
    assert items(hurt) == items(whole)
    assert INCOMPLETE not in whole.metadata.tags
    assert hurt.metadata.tags == [*whole.metadata.tags, INCOMPLETE]
    assert [number for number, _ in hurt.report.bad_lines] == [2]


def convert(module, text: str):
    lines = partial(parse_lines, [text.encode()])
    more = {"again": lines} if module is transcript else {}
    return module.convert(lines(), Path("a.jsonl"), NOW, **more)


def items(imported) -> list:
    return [message.item for message in imported.conversation.messages]


def test_the_mark_goes_when_the_file_is_whole_and_is_no_change_of_a_person(tmp_path):
    store, path = Store(tmp_path / "store"), tmp_path / "rollout.jsonl"
    lines = [json.dumps(each) for each in (meta(), user("one"))]

    def outcome(*more: str) -> tuple[ImportOutcome, bool]:
        path.write_text("\n".join([*lines, *more]))
        (result,) = import_sessions(store, [at_rest(path)])
        return result.outcome, INCOMPLETE in store.load_session(result.id)[0].tags

    cut = '{"timestamp":"2026-05-06T07:08:09Z","type":"event_msg","payload":{"type":"token_co'
    assert outcome(cut) == (ImportOutcome.IMPORTED, True)
    assert outcome(cut + 'unt"}}') == (ImportOutcome.UPDATED, False)
    assert outcome(json.dumps(assistant("two")), cut) == (ImportOutcome.UPDATED, True)
    assert outcome(json.dumps(assistant("two")), json.dumps(user("three"))) == (
        ImportOutcome.UPDATED,
        False,
    )
