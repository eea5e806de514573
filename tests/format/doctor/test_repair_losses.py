"""What may be believed of a damaged file, and what is lost and said so."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.doctor.checks import verify_file
from agcx_format.doctor.repair import can_be_saved, repair_file
from agcx_format.errors import PersistenceError
from agcx_format.layout import index, v2
from agcx_format.layout.v1_sections import HEADER, split
from agcx_format.model.items import (
    InputText,
    Message,
)
from agcx_format.model.new import new_session
from agcx_format.session.whole import read_session, write_session
from tests.format.doctor.test_repair import (
    incompressible,
    is_subset,
    repaired,
    saved,
    without_metadata,
)
from tests.format.doctor.test_verify_files import large_session, with_messages
from tests.support.bad_sectors import BadSectors, needs_proc
from tests.support.golden_files import V2, v1
from tests.support.stores import golden_session

# --- what may be believed


def test_a_field_right_before_the_damage_is_not_believed(tmp_path):
    """A length that is damaged cuts its own text first, and only then makes the next field unreadable."""
    golden = v1("every-item")
    metadata = golden_session("every-item")[0]
    data = bytearray(golden.data)
    title_at = HEADER + 17
    assert data[title_at] == len(metadata.title.encode())
    data[title_at] -= 3
    done = repaired(bytes(data), golden, tmp_path)
    assert done.target is not None
    found = read_session(done.target)[0]
    assert found.id == metadata.id
    assert found.title != metadata.title.encode()[:-3].decode()
    assert not metadata.title.startswith(found.title)
    assert "as far as the file says no more than id" in done.rebuilt[0]


def test_fields_well_before_the_damage_are_kept(tmp_path):
    golden = v1("every-item")
    metadata = golden_session("every-item")[0]
    data = bytearray(golden.data)
    # The last moment of three: title and the first of them are right.
    at = data.index(metadata.last_accessed.encode(), HEADER + 18 + len(metadata.title.encode()))
    data[at + 4] = 0xFF
    done = repaired(bytes(data), golden, tmp_path)
    found = read_session(done.target)[0]
    assert (found.title, found.created_at) == (metadata.title, metadata.created_at)
    assert "no more than id, title, created_at" in done.rebuilt[0]


@pytest.mark.parametrize("place", ["copy", "index"])
def test_a_copy_that_is_of_another_session_is_not_taken(place: str, tmp_path):
    golden = v1("every-item")
    foreign = replace(golden_session("every-item")[0], id=UUID(int=7), title="Of somebody else")
    if place == "copy":
        copy = tmp_path / "metadata" / f"{golden.id}.meta"
        copy.parent.mkdir()
        copy.write_bytes(bincode.encode(foreign))
    else:
        value = replace(index.build([foreign]), sessions={UUID(golden.id): foreign})
        (tmp_path / "sessions.idx").write_bytes(index.encode(value))
    done = repaired(without_metadata("every-item"), golden, tmp_path)
    found = read_session(done.target)[0]
    assert str(found.id) == golden.id
    assert found.title != "Of somebody else"
    assert "made from the messages" in done.rebuilt[0]


def test_metadata_of_another_id_than_the_file_has_are_told(tmp_path):
    golden = v1("every-item")
    path = tmp_path / f"{UUID(int=7)}.agcx"
    path.write_bytes(golden.data)
    done = repair_file(path, tmp_path / "out")
    assert done.id == UUID(int=7)
    assert any(golden.id in sentence for sentence in done.rebuilt)
    assert read_session(done.target)[0].id == UUID(int=7)


# --- what is lost is said


def array(*values: bytes) -> bytes:
    return bytes([0xDC]) + len(values).to_bytes(2, "big") + b"".join(values)


def test_messages_that_cannot_be_saved_are_told_one_by_one_and_then_counted(tmp_path):
    golden = v1("full")
    good = [messagepack.encode(each) for each in golden_session("full")[1].messages]
    path = tmp_path / f"{golden.id}.agcx"
    path.write_bytes(with_messages(golden, array(*good, *[b"\x91\xa1x"] * 30)))
    done = repair_file(path, tmp_path / "out")
    assert [messagepack.encode(each) for each in saved(done)] == good
    single = [sentence for sentence in done.lost if sentence.startswith("message ")]
    assert len(single) == 20
    assert single[0].startswith(f"message {len(good) + 1}:")
    assert "10 more messages that cannot be decoded" in done.lost


def test_a_message_too_large_to_be_held_is_lost_and_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "WHOLE_SECTION", 200_000)
    golden = v1("full")
    good = [messagepack.encode(each) for each in golden_session("full")[1].messages]
    first = golden_session("full")[1].messages[0]
    text = random.Random(7).randbytes(150_000).hex()
    large = messagepack.encode(replace(first, item=Message(None, "user", [InputText(text)])))
    path = tmp_path / f"{golden.id}.agcx"
    path.write_bytes(with_messages(golden, array(good[0], large, *good[1:])))
    done = repair_file(path, tmp_path / "out")
    assert done.messages == 1
    assert any("too large" in sentence for sentence in done.lost)


def test_a_layout_2_file_with_names_of_fields_is_saved_whole(tmp_path):
    """Only the strict reader knows that form; here the file is named after another session."""
    golden = next(session for session in V2 if session.name == "full")
    metadata, conversation, state = read_session(golden.path)
    fields = {
        "id": metadata.id,
        "messages": conversation.messages,
        "context": conversation.context,
        "mode_history": conversation.mode_history,
    }
    named = b"\x84" + b"".join(map(messagepack.encode, itertools.chain(*fields.items())))
    elements = [messagepack.encode(metadata), named, messagepack.encode(state), b"\xc0"]
    path = tmp_path / f"{UUID(int=7)}.agcx"
    path.write_bytes(b"".join(v2.pack(elements, 3)))
    assert not verify_file(path).ok
    done = repair_file(path, tmp_path / "out")
    again = read_session(done.target)
    assert again[0].id == UUID(int=7)
    assert again[1].messages == conversation.messages
    assert again[1].mode_history == conversation.mode_history
    assert again[1].context == conversation.context
    assert again[2] == state
    assert done.lost == ()


# --- a disk with a sector that cannot be read


@needs_proc
def test_what_lies_before_and_behind_a_bad_sector_is_saved(tmp_path):
    path = tmp_path / f"{v1('full').id}.agcx"
    count = large_session(path)
    section = split(path.read_bytes())[1]
    with BadSectors(tmp_path, bad={path: section.start + (section.end - section.start) // 2}):
        report = verify_file(path)
        done = repair_file(path, tmp_path / "out")
    assert not report.ok
    assert any("cannot be read: input/output error" in f.reason for f in report.findings)
    # Frames behind the bad one are found by the table.
    assert count // 2 < done.messages < count
    assert any("cannot be read: input/output error" in sentence for sentence in done.lost)
    assert verify_file(done.target).ok
    texts = [each.item.content[0].text for each in saved(done)]
    every = [each.item.content[0].text for each in read_session(path)[1].messages]
    assert is_subset(texts, every)
    assert texts[0] == every[0]
    assert texts[-1] == every[-1]


@needs_proc
@pytest.mark.parametrize("section", ["header", "metadata", "context", "state"])
def test_whichever_section_cannot_be_read_the_others_are_saved(section: str, tmp_path):
    golden = v1("every-item")
    path = tmp_path / f"{golden.id}.agcx"
    path.write_bytes(golden.data)
    spans = {span.section: span for span in split(golden.data)}
    offset = 0 if section == "header" else spans[section].start + 1
    with BadSectors(tmp_path, bad={path: offset}):
        assert not verify_file(path).ok
        done = repair_file(path, tmp_path / "out")
    original = read_session(golden.path)
    again = read_session(done.target)
    assert str(again[0].id) == golden.id
    assert again[1].messages == original[1].messages
    if section != "context":
        assert again[1].context == original[1].context
    # What is put in its place is told; of the header everything is known.
    assert bool(done.lost or done.rebuilt) == (section != "header")


@needs_proc
def test_without_its_first_sector_a_large_file_keeps_the_messages_of_later_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Where the section begins is lost, but each of its frames begins with a message."""
    monkeypatch.setattr(seekable, "THRESHOLD", 4_000)
    monkeypatch.setattr(seekable, "FRAME", 4_000)
    said = incompressible(40)
    session = new_session(messages=said, working_directory="/src")
    path = tmp_path / f"{session.metadata.id}.agcx"
    write_session(path, *session)
    messages = split(path.read_bytes())[1]
    table = seekable.read_table(path.read_bytes()[messages.start : messages.end])
    # Of a whole frame, and of one that is damaged in its middle, up to there.
    frame, end = table.frames // 2, messages.start + table.section[table.frames // 2 + 1]
    data = bytearray(path.read_bytes())
    data[end - 40 : end] = bytes(40)
    path.write_bytes(data)
    with BadSectors(tmp_path, bad={path: range(4096)}):
        assert can_be_saved(path)
        done = repair_file(path, tmp_path / "out")
    kept = [
        n for n in range(table.frames) if messages.start + table.section[n] >= 4096 and n != frame
    ]
    expected = [each for n in kept for each in said[table.messages[n] : table.messages[n + 1]]]
    assert len(kept) > 4
    assert [each for each in saved(done) if each in expected] == expected
    assert is_subset(saved(done), said)
    assert "the first messages" in "".join(done.lost)
    again = read_session(done.target)
    assert (again[1].context, again[2]) == (session.conversation.context, session.state)


@needs_proc
def test_of_a_file_without_a_readable_message_no_empty_session_is_made(tmp_path):
    golden = v1("every-item")
    path = tmp_path / f"{golden.id}.agcx"
    path.write_bytes(golden.data)
    messages = next(span for span in split(golden.data) if span.section == "messages")
    with BadSectors(tmp_path, bad={path: messages.start + 1}):
        assert not can_be_saved(path)
        with pytest.raises(PersistenceError, match="no message in it can be saved"):
            repair_file(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    # Of one that had none, the title and tags are worth it.
    empty = v1("empty")
    path = tmp_path / f"{empty.id}.agcx"
    path.write_bytes(empty.data[:-1])
    assert can_be_saved(path)
    assert repair_file(path, tmp_path / "out").messages == 0


# The header of a file whose metadata end nowhere.
_WITHOUT_LENGTH = v1("empty").data[:6] + b"\xf0\xff\xff\xff"


def test_a_file_that_was_made_to_be_searched_without_end_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each of its thousand frames after the messages could be where the context is."""
    monkeypatch.setattr(limits, "GUESSES", limits.MIB)
    path, golden = tmp_path / "made.agcx", v1("every-item")
    messages = next(span for span in split(golden.data) if span.section == "messages")
    frame = frames.compress(bytes(3_000_000), 1)
    path.write_bytes(_WITHOUT_LENGTH + golden.data[messages.start : messages.end] + frame * 1_000)
    looked = 0

    def count() -> bool:
        nonlocal looked
        looked += 1
        return False

    assert can_be_saved(path, count)
    # A piece of 128 KiB each time, of gigabytes; and twice for each frame of which none is wanted any more.
    assert looked < 2_500


def test_guesses_that_give_nothing_are_bounded_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Before the messages, a frame of empty blocks, which says at its beginning that much follows."""
    path, golden = tmp_path / "made.agcx", v1("every-item")
    messages = next(span for span in split(golden.data) if span.section == "messages")
    text = b"\xdd\x00\x01\x00\x00\xc6\x01\x00\x00\x00"
    empty, last = b"\x02\x00\x00x", b"\x03\x00\x00x"
    frame = frames.MAGIC.to_bytes(4, "little") + b"\x00\x58" + bytes([len(text) << 3, 0, 0]) + text
    found = golden.data[messages.start : messages.end]
    path.write_bytes(_WITHOUT_LENGTH + frame + empty * 10_000 + last + found)
    assert can_be_saved(path)
    monkeypatch.setattr(limits, "GUESSES", limits.MIB)
    assert not can_be_saved(path)


def test_the_search_for_what_can_be_saved_ends_when_nobody_wants_it(tmp_path: Path):
    path = tmp_path / "made.agcx"
    golden = v1("every-item")
    messages = next(span for span in split(golden.data) if span.section == "messages")
    # Nothing says where the messages are, but they are there.
    path.write_bytes(_WITHOUT_LENGTH + golden.data[messages.start :])
    assert can_be_saved(path)
    left = iter([False, False])
    assert not can_be_saved(path, lambda: next(left, True))
