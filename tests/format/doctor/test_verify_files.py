"""What a check says of one file: nothing of a whole one, and never an exception of a damaged one."""

from __future__ import annotations

import os
import random
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames
from agcx_format.doctor.checks import verify_file
from agcx_format.doctor.report import FileReport, Severity
from agcx_format.errors import PersistenceError
from agcx_format.layout import checkpoint, elements, index, v2
from agcx_format.layout.v1_sections import decompress_section, join, split
from agcx_format.model.items import InputText, Message
from agcx_format.session.whole import read_session, write_session
from tests.support.golden_files import GOLDEN, MUTATED, V1, V2, GoldenSession, mutations, v1
from tests.support.stores import golden_session

TRAPS = {"reasoning-trap-empty", "reasoning-trap-text"}
# Their metadata hold the largest counts there are, to test the encoding of integers.
COUNTS = {"w250", "w251", "w65535", "w65536", "wu32max", "wu32over", "wu64max"}


def codes(report: FileReport) -> set[tuple[str, str]]:
    return {(finding.severity.value, finding.code) for finding in report.findings}


def strict_reader_takes(path: Path) -> bool:
    try:
        read_session(path)
    except PersistenceError:
        return False
    return True


@pytest.mark.parametrize("golden", V1 + V2, ids=lambda golden: f"{golden.layout}-{golden.name}")
def test_what_rust_wrote_is_whole(golden: GoldenSession):
    report = verify_file(golden.path)
    expected = set()
    times = [message.timestamp for message in read_session(golden.path)[1].messages]
    # As texts they sort as the moments do, but for the odd years and offsets of one session.
    if times != sorted(times) or golden.name == "times-odd":
        expected.add(("info", "time-order"))
    if golden.name in TRAPS:
        expected.add(("warning", "unreadable-for-rust"))
    if golden.name in COUNTS:
        expected.add(("warning", "count"))
    assert codes(report) == expected
    assert report.layout == golden.layout
    assert str(report.id) == golden.id
    parts = [part for part in report.parts if not part.decompressed]
    # Without a gap but for the lengths, and to the last byte.
    assert parts[0].start == 0
    assert parts[-1].end == len(golden.data)


def test_the_first_days_form_is_worth_a_note():
    report = verify_file(next((GOLDEN / "legacy").glob("*.agcx")))
    assert codes(report) == {("info", "other-form"), ("info", "time-order")}


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*/checkpoints/*")), ids=lambda path: path.stem)
def test_checkpoints_are_whole(path: Path):
    assert verify_file(path).findings == ()


@pytest.mark.parametrize("name", MUTATED)
def test_an_error_is_what_the_strict_reader_refuses_and_nothing_else(name: str, tmp_path):
    path = tmp_path / f"{v1(name).id}.agcx"
    differences = []
    for mutation in mutations(name):
        path.write_bytes(mutation.apply(v1(name).data))
        report = verify_file(path)
        if strict_reader_takes(path) == (report.severity is Severity.ERROR):
            differences.append((mutation, report.findings))
    assert differences == []


@pytest.mark.parametrize("name", ["full", "every-item", "empty"])
def test_the_same_holds_in_layout_2_also_inside_the_section(name: str, tmp_path):
    golden = next(session for session in V2 if session.name == name)
    path = tmp_path / f"{golden.id}.agcx"
    raw, draw = v2.decompress(golden.data), random.Random(name)
    damaged = []
    for _ in range(150):
        at, byte = draw.randrange(len(raw)), bytes([draw.randrange(256)])
        section = frames.compress(raw[:at] + byte + raw[at + 1 :], 1)
        damaged.append(golden.data[:8] + len(section).to_bytes(8, "little") + section)
        at = draw.randrange(len(golden.data))
        damaged.append(golden.data[:at])
        damaged.append(golden.data[:at] + byte + golden.data[at + 1 :])
    outcomes = set()
    for data in damaged:
        path.write_bytes(data)
        is_error = verify_file(path).severity is Severity.ERROR
        assert strict_reader_takes(path) != is_error
        outcomes.add(is_error)
    assert outcomes == {True, False}


def test_a_layout_2_file_with_names_of_fields_reads_the_same(tmp_path):
    golden = next(session for session in V2 if session.name == "full")
    raw = v2.decompress(golden.data)
    metadata, conversation, state, checksum = (
        raw[place.start : place.end] for place in elements.split(raw)
    )
    starts = _field_starts(conversation)
    names = ("id", "messages", "context", "mode_history")
    named = b"\x84" + b"".join(
        messagepack.encode(name) + conversation[start:end]
        for name, (start, end) in zip(names, starts, strict=True)
    )
    path = tmp_path / f"{golden.id}.agcx"
    path.write_bytes(b"".join(v2.pack([metadata, named, state, checksum], 3)))
    assert codes(verify_file(path)) == {("info", "other-form")}


def _field_starts(record: bytes) -> list[tuple[int, int]]:
    places = elements.split(record, ("id", "messages", "context", "mode_history"))
    return [(place.start, place.end) for place in places]


def test_damage_is_told_where_it_is(tmp_path):
    golden = v1("full")
    path = tmp_path / f"{golden.id}.agcx"
    _, messages, _, _ = split(golden.data)
    path.write_bytes(golden.data[: messages.start + 9])
    report = verify_file(path)
    (length, cut, missing) = report.of_part("messages")
    assert length.offset == messages.start - 4
    assert cut.offset == messages.start + 9
    assert "0 messages" in missing.reason
    assert [part.name for part in report.parts if part.start is None] == ["context", "state"]


def test_one_message_that_cannot_be_decoded_is_named(tmp_path):
    golden = v1("times")
    _, place, _, _ = split(golden.data)
    raw = bytearray(decompress_section(golden.data, place))
    start = messagepack.find_messages(raw)[4]
    raw[start] = 0x93
    path = tmp_path / f"{golden.id}.agcx"
    path.write_bytes(with_messages(golden, bytes(raw)))
    report = verify_file(path)
    first = next(f for f in report.findings if f.severity is Severity.ERROR)
    assert (first.message, first.offset, first.decompressed) == (5, start, True)


def with_messages(golden: GoldenSession, raw: bytes) -> bytes:
    sections = [golden.data[span.start : span.end] for span in split(golden.data)]
    sections[1] = frames.compress(raw, 3)
    return b"".join(join(*sections))


@pytest.mark.parametrize("magic", [b"AGCX\1\0", b"BGCX\1\0"])
@pytest.mark.parametrize("size", range(10))
def test_a_header_that_is_cut_off_is_one_error(magic: bytes, size: int, tmp_path: Path):
    path = tmp_path / "cut.agcx"
    path.write_bytes((magic + bytes(4))[:size])
    assert [finding.severity for finding in verify_file(path).findings] == [Severity.ERROR]


def test_an_item_of_an_unknown_kind_is_worth_a_note(tmp_path):
    golden = v1("full")
    _, place, _, _ = split(golden.data)
    raw = decompress_section(golden.data, place)
    changed = raw.replace(b"\xaainput_text", b"\xaainput_tape", 1)
    assert changed != raw
    path = tmp_path / f"{golden.id}.agcx"
    path.write_bytes(with_messages(golden, changed))
    report = verify_file(path)
    assert ("info", "unknown-kind") in codes(report)
    assert any("input_tape" in finding.reason for finding in report.findings)
    assert report.ok


def test_what_is_wrong_but_readable_is_a_warning(tmp_path):
    golden = v1("full")
    path = tmp_path / f"{v1('times').id}.agcx"
    path.write_bytes(golden.data + b"more")
    found = codes(verify_file(path))
    assert {("warning", "id"), ("warning", "excess")} <= found


def with_sections(name: str, *, after_state: bytes = b"", **metadata) -> bytes:
    """A file of the golden session, with other metadata, or with bytes after its state."""
    golden = v1(name)
    spans = split(golden.data)
    raw = [golden.data[span.start : span.end] for span in spans]
    first = bincode.encode(replace(golden_session(name)[0], **metadata))
    return b"".join(join(first, raw[1], raw[2], raw[3] + after_state))


def test_bytes_after_the_state_and_after_the_metadata_are_told_with_their_place(tmp_path):
    """They mean nothing, so somebody may have meant something by them."""
    path = tmp_path / f"{v1('full').id}.agcx"
    whole = with_sections("full")
    path.write_bytes(whole)
    assert verify_file(path).ok
    path.write_bytes(with_sections("full", after_state=b"12345"))
    (finding,) = verify_file(path).of_part("state")
    assert (finding.severity, finding.code, finding.offset) == (
        Severity.WARNING,
        "excess",
        len(whole),
    )
    assert "5 bytes" in finding.reason
    spans = split(whole)
    raw = [whole[span.start : span.end] for span in spans]
    path.write_bytes(b"".join(join(raw[0] + b"xyz", *raw[1:])))
    (finding,) = verify_file(path).of_part("metadata")
    assert (finding.code, finding.offset) == ("excess", spans[0].end)


@pytest.mark.parametrize(
    ("created", "updated", "told"),
    [
        ("2025-10-14T07:08:09Z", "2025-10-14T07:08:08.999999999Z", True),
        ("2025-10-14T07:08:09Z", "2025-10-14T07:08:09Z", False),
        # As moments, not as texts.
        ("2025-10-14T07:08:09Z", "2025-10-14T07:08:09.001Z", False),
        ("+10000-01-01T00:00:00Z", "9999-12-31T00:00:00Z", True),
    ],
)
def test_a_session_that_was_updated_before_it_was_created(created, updated, told, tmp_path):
    path = tmp_path / f"{v1('full').id}.agcx"
    path.write_bytes(with_sections("full", created_at=created, updated_at=updated))
    found = [finding for finding in verify_file(path).findings if finding.section == "metadata"]
    assert [finding.code for finding in found] == ["time-order"] * told
    assert verify_file(path).ok


# --- beside the sessions


def a_checkpoint() -> Path:
    return next(path for path in sorted((GOLDEN / "manager-store" / "checkpoints").iterdir()))


def test_a_checkpoint_whose_name_says_nothing_or_another_id(tmp_path):
    data = a_checkpoint().read_bytes()
    path = tmp_path / "copy.ckpt"
    path.write_bytes(data)
    report = verify_file(path)
    assert codes(report) == {("warning", "name")}
    assert report.id is None
    session_id, checkpoint_id = checkpoint.ids_of(a_checkpoint().name)
    other = UUID(int=7)
    path = tmp_path / checkpoint.file_name(session_id, other)
    path.write_bytes(data)
    report = verify_file(path)
    assert codes(report) == {("warning", "id")}
    assert str(checkpoint_id) in report.findings[0].reason
    assert str(other) in report.findings[0].reason
    assert report.id == session_id


def test_a_checkpoint_of_layout_2_has_no_id_inside_to_be_another(tmp_path):
    path = next(path for path in sorted((GOLDEN / "v2" / "checkpoints").iterdir()))
    session_id, _ = checkpoint.ids_of(path.name)
    copy = tmp_path / checkpoint.file_name(session_id, UUID(int=7))
    copy.write_bytes(path.read_bytes())
    assert verify_file(copy).ok


def test_an_index_on_its_own(tmp_path):
    value = index.build([golden_session("full")[0]])
    path = tmp_path / "sessions.idx"
    for layout in (1, 2):
        path.write_bytes(index.encode(value, layout))
        report = verify_file(path)
        assert (report.ok, report.kind, report.layout) == (True, "index", layout)
    path.write_bytes(index.encode(value)[:-3])
    report = verify_file(path)
    assert codes(report) == {("warning", "unreadable")}
    assert report.layout is None


def test_a_copy_of_metadata_on_its_own(tmp_path):
    metadata = golden_session("full")[0]
    path = tmp_path / f"{metadata.id}.meta"
    path.write_bytes(bincode.encode(metadata))
    report = verify_file(path)
    assert (report.ok, report.kind, report.id) == (True, "metadata copy", metadata.id)
    path.write_bytes(bincode.encode(replace(metadata, id=UUID(int=7))))
    report = verify_file(path)
    assert codes(report) == {("warning", "id")}
    assert str(UUID(int=7)) in report.findings[0].reason
    path.write_bytes(b"\x10half")
    assert codes(verify_file(path)) == {("warning", "unreadable")}
    odd = tmp_path / "notes.meta"
    odd.write_bytes(bincode.encode(metadata))
    assert codes(verify_file(odd)) == {("warning", "name")}
    odd.write_bytes(b"")
    assert codes(verify_file(odd)) == {("warning", "name"), ("warning", "unreadable")}


@pytest.mark.parametrize("name", ["x.ckpt", "sessions.idx", "x.meta"])
def test_a_file_beside_the_sessions_that_is_too_large_is_not_read(name: str, tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "WHOLE_SECTION", 1_000)
    path = tmp_path / name
    path.write_bytes(bytes(1_001))
    (finding, *_) = verify_file(path).findings
    assert finding.code == "unreadable"
    assert "1,001 bytes are too many" in finding.reason


def large_session(path: Path) -> int:
    """Messages in several frames with a seek table; gives how many."""
    metadata, conversation, state = golden_session("full")
    first = conversation.messages[0]
    draw = random.Random(7)
    messages = [
        replace(first, item=Message(None, "user", [InputText(draw.randbytes(40_000).hex())]))
        for _ in range(120)
    ]
    metadata = replace(metadata, message_count=len(messages))
    write_session(path, metadata, replace(conversation, messages=messages), state)
    return len(messages)


def test_a_seek_table_is_compared_with_the_frames(tmp_path):
    path = tmp_path / f"{v1('full').id}.agcx"
    count = large_session(path)
    report = verify_file(path)
    assert report.findings == ()
    assert next(part.items for part in report.parts if part.name == "messages") == count
    data = bytearray(path.read_bytes())
    _, place, _, _ = split(bytes(data))
    footer = place.end - 9
    # The size of the last frame's text; then the count of frames.
    data[footer - 4] ^= 1
    path.write_bytes(data)
    assert codes(verify_file(path)) == {("warning", "seek-table")}
    data[footer] += 1
    path.write_bytes(data)
    assert codes(verify_file(path)) == {("warning", "seek-table")}
    assert strict_reader_takes(path)


def test_a_check_can_be_stopped(tmp_path):
    path = tmp_path / f"{v1('full').id}.agcx"
    large_session(path)
    assert verify_file(path, should_stop=lambda: True).stopped


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_an_error_and_never_waited_for(tmp_path, make):
    path = tmp_path / "x.agcx"
    make(path)
    assert verify_file(path).severity is Severity.ERROR
    assert verify_file(tmp_path / "nothing.agcx").severity is Severity.ERROR


def test_a_bomb_of_messages_is_given_up(tmp_path):
    golden = v1("full")
    count = 2_000_000
    raw = b"\xdd" + count.to_bytes(4, "big") + b"\xc0" * count
    path = tmp_path / f"{golden.id}.agcx"
    path.write_bytes(with_messages(golden, raw))
    report = verify_file(path)
    assert ("error", "given-up") in codes(report)
    assert len(report.findings) < 100
