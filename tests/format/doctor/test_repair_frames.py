"""Files of layout 1 with a seek table: what is damaged in one frame loses nothing of the others."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.doctor.checks import verify_file
from agcx_format.doctor.repair import Repair, repair_file
from agcx_format.layout.v1_sections import Span, join, split
from agcx_format.model.items import InputText, Message, MessageSnapshot
from agcx_format.model.new import new_message, new_session
from agcx_format.session.whole import read_session, write_session
from tests.format.doctor.test_repair import incompressible, is_subset, overwritten, saved
from tests.format.doctor.test_verify_files import large_session
from tests.support.bad_sectors import BadSectors, needs_proc
from tests.support.golden_files import v1


def test_behind_a_damaged_frame_the_seek_table_finds_the_others(tmp_path):
    path = tmp_path / f"{v1('full').id}.agcx"
    count = large_session(path)
    original = read_session(path)[1].messages
    data = bytearray(path.read_bytes())
    _, place, _, _ = split(bytes(data))
    table = seekable.read_table(data[place.start : place.end])
    frame = place.start + table.section[table.frames // 2]
    data[frame : frame + 64] = bytes(64)
    path.write_bytes(data)
    done = repair_file(path, tmp_path / "out")
    again = saved(done)
    assert count * 0.8 < len(again) < count
    assert is_subset(again, original)
    assert again[-1] == original[-1]
    assert done.lost[0].startswith("messages ")


def test_whatever_is_damaged_in_a_frame_the_messages_of_the_others_are_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Also what zstd does not notice, and in the first frame; and of the damaged one those before it."""
    monkeypatch.setattr(seekable, "THRESHOLD", 2000)
    monkeypatch.setattr(seekable, "FRAME", 600)
    said = said_over_and_over(40)
    session = new_session(messages=said)
    path = tmp_path / f"{session.metadata.id}.agcx"
    # Level 1 with such texts leaves them as they are, without a check sum.
    monkeypatch.setattr(frames, "compress", lambda data, level: stored(bytes(data)))
    write_session(path, *session)
    data = path.read_bytes()
    place = split(data)[1]
    table = seekable.read_table(data[place.start : place.end])
    for frame in (0, 3, table.frames - 1):
        first, end = table.messages[frame], table.messages[frame + 1]
        for at, before in (
            (place.start + table.section[frame], 0),
            (middle(data, table, place, frame), 1),
        ):
            bad = data[:at] + b"\xc1" + data[at + 1 :]
            done = repaired_copy(path, bad, tmp_path / f"{frame}-{before}")
            again = saved(done)
            lost = {number for number, each in enumerate(said, 1) if each not in again}
            assert set(itertools.chain.from_iterable(map(numbers_in, done.lost))) == lost
            assert again[: first + before] == said[: first + before]
            assert again[len(again) - len(said) + end :] == said[end:]


def numbers_in(sentence: str) -> range:
    """Of the messages that it says are lost."""
    found = re.match(r"messages? (\d+)(?: to (\d+))?: ", sentence)
    assert found, sentence
    return range(int(found[1]), int(found[2] or found[1]) + 1)


def test_messages_that_the_seek_table_counts_elsewhere_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(seekable, "THRESHOLD", 2000)
    monkeypatch.setattr(seekable, "FRAME", 600)
    session = new_session(messages=said_over_and_over(40))
    path = tmp_path / f"{session.metadata.id}.agcx"
    write_session(path, *session)
    data, place = path.read_bytes(), split(path.read_bytes())[1]
    table = seekable.read_table(data[place.start : place.end])
    section, text, counts = (
        [b - a for a, b in itertools.pairwise(each)]
        for each in (table.section, table.text, table.messages)
    )
    # The first frame holds one more than the table says, the second one less.
    wrong = [counts[0] - 1, counts[1] + 1, *counts[2:]]
    tail = b"".join(seekable.tail_of(wrong, list(zip(section, text, strict=True))))
    bad = overwritten(data, place.end - len(tail), tail)
    # Alone it is no loss: everything can be read without the table.
    done = repaired_copy(path, bad, tmp_path / "one")
    assert (saved(done), done.lost) == (session.conversation.messages, ())
    context = split(data)[2].start
    done = repaired_copy(path, overwritten(bad, context, bytes(4)), tmp_path / "two")
    every = session.conversation.messages
    assert saved(done) == every[: wrong[0]] + every[counts[0] :]
    assert done.lost[0].startswith(f"data after message {wrong[0]} in its frame")
    missing = table.messages[2]
    assert done.lost[1] == f"message {missing}: the data ends inside it"
    assert [sentence.partition(":")[0] for sentence in done.lost[2:]] == ["the context"]


@needs_proc
def test_what_cannot_be_decoded_in_later_frames_is_counted_on_from_frame_to_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Where the first sector cannot be read, a place in the session is not known."""
    said = incompressible(11)
    session = new_session(messages=said)
    path = tmp_path / f"{session.metadata.id}.agcx"
    write_session(path, *session)
    sections = [path.read_bytes()[span.start : span.end] for span in split(path.read_bytes())]
    raw = [messagepack.encode(each) for each in said]
    raw[6] = raw[9] = messagepack.encode("no message")
    texts = [
        messagepack.array_header(len(raw)) + b"".join(raw[:5]),
        b"".join(raw[5:8]),
        b"".join(raw[8:]),
    ]
    sections[1] = b"".join(frames.compress(text, 3) for text in texts)
    path.write_bytes(b"".join(join(*sections)))
    with BadSectors(tmp_path, bad={path: range(4096)}):
        done = repair_file(path, tmp_path / "out")
        monkeypatch.setattr(limits, "GUESSES", 4 * len(b"".join(texts)))
        some = repair_file(path, tmp_path / "some")
    assert saved(done) == [said[n] for n in (5, 7, 8, 10)]
    numbers = [sentence.partition(":")[0] for sentence in done.lost]
    assert [each for each in numbers if each.startswith("message ")] == ["message 2", "message 5"]
    assert "the last messages" not in numbers
    assert saved(some) == saved(done)[: some.messages]
    assert some.messages < done.messages
    assert any(sentence.startswith("the last messages: ") for sentence in some.lost)


def said_over_and_over(count: int) -> list[MessageSnapshot]:
    return [new_message(Message(None, "user", [InputText(f"{n} " * 40)])) for n in range(count)]


def stored(data: bytes) -> bytes:
    """A frame of zstd with one block that is not compressed."""
    return b"\x28\xb5\x2f\xfd\x00\x58" + (len(data) << 3 | 1).to_bytes(3, "little") + data


def middle(data: bytes, table: seekable.Table, place: Span, frame: int) -> int:
    """Where the second message of a frame begins in a file whose frames are `stored`."""
    start = place.start + table.section[frame]
    text = data[start + 9 : place.start + table.section[frame + 1]]
    return start + 9 + messagepack.messages_in(text, 1, header=frame == 0)[1]


def repaired_copy(path: Path, data: bytes, folder: Path) -> Repair:
    folder.mkdir()
    copy = folder / path.name
    copy.write_bytes(data)
    assert not verify_file(copy).ok
    return repair_file(copy, folder / "out")
