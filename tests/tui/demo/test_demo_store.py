"""The demo is what people see first: all of it must be real files that the library reads back."""

from __future__ import annotations

import base64
import struct
import time
import zlib
from uuid import UUID

import pytest

from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    LocalShellCall,
    Message,
    Reasoning,
)
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import ns_of
from agcx_format.session.lazy import SessionFile
from agcx_format.session.whole import read_session
from agcx_format.store.store import open_store
from agcx_tui.demo import build_demo_store, demo_store, picture, script
from agcx_tui.demo.store import DAMAGED, scripts

NOW = 1_790_000_000 * script.SECOND
DAY = 86_400 * script.SECOND


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "history"
    build_demo_store(path, NOW)
    return open_store(path)


def whole(store):
    damaged = {script.demo_id(name) for name in DAMAGED}
    return [read_session(e.path) for e in store.scan() if e.id not in damaged]


def test_every_script_becomes_a_file_and_every_whole_one_reads_back(store):
    sessions = whole(store)
    assert len(sessions) == len(scripts()) - len(DAMAGED) >= 12
    for metadata, conversation, _ in sessions:
        assert metadata.message_count == len(conversation.messages)
        assert metadata.created_at <= metadata.updated_at <= metadata.last_accessed


def test_the_ages_count_back_from_now_and_are_spread_over_a_year(store):
    ages = [NOW - ns_of(metadata.last_accessed) for metadata, _, _ in whole(store)]
    assert min(ages) == 4 * 60 * script.SECOND
    assert sum(age < DAY for age in ages) >= 3
    assert sum(DAY < age < 30 * DAY for age in ages) >= 4
    assert max(ages) > 365 * DAY


def test_the_ids_are_the_same_each_time_and_differ_in_their_first_eight_digits(store, tmp_path):
    build_demo_store(tmp_path / "again", NOW + DAY)
    ids = {entry.id for entry in store.scan()}
    assert ids == {entry.id for entry in open_store(tmp_path / "again").scan()}
    assert len({str(id)[:8] for id in ids}) == len(ids)


def test_a_file_cut_off_in_its_messages_gives_those_before_and_says_what_is_missing(store):
    with SessionFile(store.resolve(str(script.demo_id("broken"))).path) as file:
        assert 0 < len(file) < file.metadata.message_count
        assert file.error is not None
        assert file.error.section == "messages"


def test_a_file_cut_off_in_its_metadata_is_listed_as_unreadable(store):
    (unreadable,) = [entry for entry in store.scan() if entry.metadata is None]
    assert unreadable.id == script.demo_id("torn")
    assert unreadable.error.section == "metadata"


def test_a_file_cut_off_in_its_messages_is_listed_with_its_title_and_the_damage(store):
    (damaged,) = [entry for entry in store.scan() if entry.metadata and entry.error]
    assert damaged.id == script.demo_id("broken")
    assert damaged.error.section == "messages"


def test_its_checkpoints_hold_the_conversation_up_to_them(store):
    listed = [(m.id, made) for m in store.list_sessions() for made in m.checkpoints]
    assert listed
    for session_id, made in listed:
        value = store.load_checkpoint(session_id, made.id)
        assert value.metadata == made
        assert len(value.conversation.messages) == made.message_index


def test_it_shows_whatever_a_conversation_can_hold(store):
    sessions = whole(store)
    messages = [m for _, conversation, _ in sessions for m in conversation.messages]
    kinds = {type(message.item) for message in messages}
    assert kinds == {Message, Reasoning, FunctionCall, FunctionCallOutput, LocalShellCall}
    assert {metadata.current_mode for metadata, _, _ in sessions} == set(OperatingMode)
    assert len({metadata.model for metadata, _, _ in sessions}) >= 5
    assert any(metadata.checkpoints for metadata, _, _ in sessions)
    assert any(metadata.is_favorite for metadata, _, _ in sessions)
    assert any(metadata.message_count == 0 for metadata, _, _ in sessions)
    assert any(metadata.message_count > 300 for metadata, _, _ in sessions)
    assert any(message.metadata.edit_history for message in messages)
    assert any(message.metadata.branch_point for message in messages)
    assert any(not call.success for message in messages for call in message.metadata.tool_calls)


def test_every_output_answers_the_call_before_it(store):
    for _, conversation, _ in whole(store):
        calls: set[str] = set()
        for message in conversation.messages:
            match message.item:
                case FunctionCall(call_id=call_id) | LocalShellCall(call_id=call_id):
                    calls.add(call_id)
                case FunctionCallOutput(call_id=call_id):
                    assert call_id in calls


def test_an_answer_on_a_branch_hangs_on_the_message_where_it_branches():
    _, conversation, _ = script.session("flaky-test", scripts()["flaky-test"], NOW)
    (branching,) = [m.metadata for m in conversation.messages if m.metadata.branch_point]
    branch = [m.metadata for m in conversation.messages if m.metadata.branch_id]
    assert branch
    assert {metadata.parent_message_id for metadata in branch} == {branching.message_id}


@pytest.mark.parametrize("draw", [picture.layout, picture.photo])
def test_a_picture_is_a_whole_png(draw):
    data = base64.b64decode(InputImage(draw()).image_url.removeprefix("data:image/png;base64,"))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    pixels_at = data.index(b"IDAT") + 4
    length = int.from_bytes(data[pixels_at - 8 : pixels_at - 4], "big")
    rows = zlib.decompress(data[pixels_at : pixels_at + length])
    assert len(rows) == height * (1 + 3 * width)
    assert data.endswith(zlib.crc32(b"IEND").to_bytes(4, "big"))


def test_the_files_look_as_old_as_their_conversations(store):
    for entry in store.scan():
        if entry.metadata:
            assert entry.mtime_ns == ns_of(entry.metadata.updated_at)


def test_the_directory_is_gone_afterwards():
    with demo_store() as path:
        newest = max(entry.mtime_ns for entry in open_store(path).scan())
        assert 0 < time.time_ns() - newest < DAY
    assert not path.parent.exists()


def test_a_slip_in_a_script_is_an_error():
    front = '+++\ntitle = "x"\nmodel = "m"\nmode = "Build"\nage = "1h"\n+++\n'
    with pytest.raises(ValueError, match="unknown word 'brnach'"):
        script.parse(front + "@@ user brnach\nhello\n")
    with pytest.raises(ValueError, match="no such kind of message: sure"):
        script.session("x", front + "@@ sure\nhello\n", NOW)


def test_ids_are_stable_across_versions_of_the_program():
    assert script.demo_id("grid-layout") == UUID("70b30ef8-e6eb-504a-ab0a-b17d5d131808")
