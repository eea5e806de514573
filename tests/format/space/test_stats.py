"""Where the space goes: the sums are those of the files, whatever their layout or damage."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import SessionStorage, SessionStore, open_store
from agcx_format.codec import messagepack
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    InputText,
    Message,
    OutputText,
    Reasoning,
    SummaryText,
)
from agcx_format.space import ToolTally
from agcx_format.space import measure as stats
from agcx_format.space.measure import GROUPS, KINDS, Stats, gather, measure
from tests.support.golden_files import GOLDEN
from tests.support.stores import golden_session

ID = UUID(int=1 << 96)

METADATA, CONVERSATION, STATE = golden_session("every-item")
PLAIN = replace(CONVERSATION.messages[0].metadata, file_context=[], edit_history=[], tool_calls=[])


def save(store, items, **fields):
    messages = [replace(CONVERSATION.messages[0], item=item, metadata=PLAIN) for item in items]
    metadata = replace(METADATA, id=ID, **fields)
    store.save_session(ID, metadata, replace(CONVERSATION, id=ID, messages=messages), STATE)
    return store.resolve(str(ID))


@pytest.fixture(params=[SessionStorage, SessionStore], ids=["layout 1", "layout 2"])
def store(request, tmp_path: Path):
    return request.param(tmp_path)


def test_every_kind_of_content_is_counted_in_bytes(store):
    entry = save(
        store,
        [
            Message(None, "user", [InputText("a" * 100), InputImage("data:" + "b" * 995)]),
            Message(None, "user", [InputText("<environment_context>x</environment_context>")]),
            Message(None, "assistant", [OutputText("ü" * 50)]),
            Message(None, "system", [InputText("c" * 7)]),
            Reasoning("r", [SummaryText("d" * 30)], None, "e" * 12),
            FunctionCall(None, "shell", "f" * 20, "id"),
            FunctionCallOutput("id", "g" * 5000),
        ],
    )
    found = measure(entry)
    counted = {kind: size for kind, size in found.kinds.items() if kind != "frame"}
    assert counted == {
        "user": 100, "images": 1000, "answers": 100, "reasoning": 42, "calls": 25,
        "output": 5000, "other": 7 + 44,
    }  # fmt: skip
    assert sum(found.kinds.values()) == found.plain
    assert found.complete
    first = found.largest[0]
    assert (first.index, first.kind) == (6, "output")
    assert first.size > 5000


def test_snippets_and_earlier_versions_count_too(store):
    message = next(m for m in golden_session("full")[1].messages if m.metadata.file_context)
    conversation = replace(CONVERSATION, id=ID, messages=[message])
    store.save_session(ID, replace(METADATA, id=ID), conversation, STATE)
    found = measure(store.resolve(str(ID)))
    said = sum(len((c.path + (c.snippet or "")).encode()) for c in message.metadata.file_context)
    assert found.kinds["snippets"] == said


def test_a_picture_in_an_output_is_a_picture(store):
    data = "A" * 4000
    listed = [{"type": "text", "text": "x" * 50}, {"type": "image", "data": data}]
    found = measure(save(store, [FunctionCallOutput("id", json.dumps(listed))])).kinds
    assert found["images"] == len(f"data:image/png;base64,{data}")
    assert 50 < found["output"] < 150


def test_what_happened_is_added_up(store):
    failed = '{"output":"x","metadata":{"exit_code":1,"duration_seconds":1.5}}'
    items = [
        Message(None, "user", [InputText("hi")]),
        FunctionCall(None, "shell", '{"command": "make"}', "one"),
        FunctionCallOutput("one", failed),
        FunctionCall(None, "Edit", '{"path": "a", "old_str": "x", "new_str": "y"}', "two"),
        FunctionCallOutput("two", "ok"),
    ]
    entry = save(store, items, checkpoints=[], turn_count=0)
    found = Stats()
    found.add(measure(entry))
    assert found.activity.sessions == 0
    facts = measure(entry, activity=True).activity
    assert facts.tools == (("shell", 1, 1, 1.5), ("Edit", 1, 0, 0.0))
    assert (facts.turns, facts.failed, facts.files) == (1, 1, (("a", 1, 1),))
    for _ in range(2):
        found.add(measure(entry, activity=True))
    sums = found.activity
    assert (sums.sessions, sums.turns, sums.calls, sums.failed) == (2, 2, 4, 2)
    assert (sums.added, sums.removed) == (2, 2)
    assert sums.tools["shell"] == ToolTally(2, 2, 2, 3.0)


@pytest.mark.parametrize("name", ["v1", "v2"])
def test_the_sums_are_those_of_the_files(name: str):
    store = open_store(GOLDEN / name)
    found = Stats()
    for file in gather(store.scan()):
        found.add(file)
    entries = list(store.scan())
    assert found.total.sessions == len(entries)
    assert found.total.disk == sum(entry.size for entry in entries)
    read = [store.load_session(entry.id) for entry in entries]
    assert found.messages == sum(len(conversation.messages) for _, conversation, _ in read)
    plain = sum(len(messagepack.encode(m)) for _, c, _ in read for m in c.messages)
    assert found.total.plain >= plain
    assert set(found.kinds) == set(KINDS)
    for group in GROUPS:
        counted = sum(tally.sessions for tally in found.groups[group].values())
        assert counted >= len(entries)
        if group != "tag":
            assert counted == len(entries)
    sizes = [disk for disk, _, _ in found.largest_sessions]
    assert sizes == sorted((entry.size for entry in entries), reverse=True)[:20]


def test_the_largest_messages_of_all_are_kept_and_no_more(store, monkeypatch):
    monkeypatch.setattr(stats, "_LARGEST", 3)
    found = Stats()
    entry = save(store, [Message(None, "user", [InputText("x" * n)]) for n in range(0, 900, 100)])
    found.add(measure(entry))
    assert [message.index for message in found.largest_messages] == [8, 7, 6]
    assert {message.path for message in found.largest_messages} == {entry.path}


def test_damage_is_told_and_counted_up_to_where_it_is(tmp_path: Path):
    store = SessionStorage(tmp_path)
    entry = save(store, [FunctionCallOutput("i", "x" * 1000)] * 3)
    path = Path(entry.path)
    path.write_bytes(path.read_bytes()[: entry.size // 2])
    found = measure(store.resolve(str(ID)))
    assert not found.complete
    path.write_bytes(b"broken")
    found = measure(store.resolve(str(ID)))
    assert (found.complete, found.disk, found.messages) == (False, 6, 0)
    both = Stats()
    both.add(found)
    assert both.incomplete == 1


def test_it_stops_between_two_messages(store):
    entry = save(store, [Message(None, "user", [InputText("x")])] * 50)
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        return calls > 10

    assert list(gather([entry], should_stop=stop)) == []
    assert calls == 11
