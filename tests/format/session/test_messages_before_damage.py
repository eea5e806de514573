"""Of a damaged file every message before the damage is given, in each of the ways in which one can ask.

Whoever iterates, whoever asks by number and whoever reads on as a screen does find the same messages, and
the same error after them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import zstandard
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, seekable
from agcx_format.doctor.checks import verify_file
from agcx_format.errors import PersistenceError
from agcx_format.layout import v1_sections, v2
from agcx_format.model.items import InputText, Message, MessageSnapshot
from agcx_format.session.lazy import SessionFile
from agcx_format.session.piece_cache import PieceCache
from agcx_format.session.random_access import RandomAccessMessages
from agcx_format.session.source import PENDING
from tests.support.stores import golden_session

METADATA, CONVERSATION, STATE = golden_session("full")
METADATA = replace(METADATA, message_count=12)


def small(number: int) -> MessageSnapshot:
    item = Message(None, "user", [InputText(f"number {number} {number * 7919:x}")])
    return replace(CONVERSATION.messages[0], item=item)


MESSAGES = [small(number) for number in range(12)]
RAW = messagepack.encode_messages(MESSAGES)
STARTS = messagepack.find_messages(RAW)


def in_blocks(data: bytes, cuts: Sequence[int]) -> bytes:
    """One frame with a block up to each cut: as much can be read as blocks are there."""
    stream = zstandard.ZstdCompressor(level=3, write_content_size=False).compressobj()
    parts = []
    for start, end in itertools.pairwise([0, *cuts, len(data)]):
        parts.append(stream.compress(data[start:end]))
        parts.append(stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    return b"".join([*parts, stream.flush()])


def in_frames(data: bytes, cuts: Sequence[int]) -> bytes:
    """Several frames, without a table."""
    return b"".join(
        frames.compress(data[start:end], 3)
        for start, end in itertools.pairwise([0, *cuts, len(data)])
    )


# Through the middle of messages, and between two of them.
CUTS = [40, STARTS[2], STARTS[3] + 9, STARTS[6], STARTS[9] + 50]


def file_of_layout1(section: bytes) -> bytes:
    context = frames.compress(messagepack.encode(CONVERSATION.context), 3)
    return b"".join(
        v1_sections.join(bincode.encode(METADATA), section, context, bincode.encode(STATE))
    )


def whole_files() -> dict[str, bytes]:
    conversation = replace(CONVERSATION, messages=MESSAGES)
    inside = b"".join(
        [
            b"\x94",
            messagepack.encode(METADATA),
            messagepack.encode(conversation),
            messagepack.encode(STATE),
            b"\xc0",
        ]
    )
    begin = inside.index(RAW)
    section = in_blocks(inside, [begin + cut for cut in CUTS])
    head = v2.MAGIC + (2).to_bytes(4, "little") + len(section).to_bytes(8, "little")
    return {
        "one block": file_of_layout1(frames.compress(RAW, 3)),
        "blocks": file_of_layout1(in_blocks(RAW, CUTS)),
        "frames": file_of_layout1(in_frames(RAW, CUTS)),
        "layout 2": head + section,
    }


WHOLE = whole_files()


def by_number(session: SessionFile) -> list[MessageSnapshot | PersistenceError]:
    """As a screen reads: on and on, then each message fetched."""
    while session.read_more():
        pass
    found = []
    for number in range(session.known()):
        assert session.fetch(number)
        message = session.get(number)
        assert message is not PENDING
        found.append(message)
    return found


def by_iteration(session: SessionFile) -> tuple[list[MessageSnapshot], PersistenceError | None]:
    found: list[MessageSnapshot] = []
    try:
        for message in session:
            found.append(message)
    except PersistenceError as error:
        return found, error
    return found, None


def ways(path: Path) -> list[tuple[list, str]]:
    """Messages and error of each way to ask, each on a file opened anew."""
    with SessionFile(path) as session:
        shown = by_number(session), str(session.error)
    with SessionFile(path) as session:
        found, error = by_iteration(session)
        iterated = found, str(error)
    with SessionFile(path) as session:
        # After a length, which leaves what it read at hand.
        count = len(session)
        found, error = by_iteration(session)
        listed = found, str(error)
        assert count == len(found)
    with SessionFile(path) as session:
        # With nothing kept of what was passed.
        if hasattr(session._messages, "_cache"):
            session._messages._cache = PieceCache(0, 0)
        len(session)
        found, error = by_iteration(session)
        forgotten = found, str(error)
    return [shown, iterated, listed, forgotten]


@pytest.mark.parametrize("kind", WHOLE)
def test_cut_at_any_byte_the_messages_before_the_cut_are_given_in_every_way(
    kind: str, tmp_path: Path, strides: Callable[[int], int]
):
    path = tmp_path / "cut.agcx"
    data = WHOLE[kind]
    metadata_end = v1_sections.HEADER + len(bincode.encode(METADATA)) if kind != "layout 2" else 16
    most, seen = 0, set()
    end = metadata_end - 1
    while end < len(data):
        end = min(len(data), end + strides(4))
        path.write_bytes(data[:end])
        try:
            SessionFile(path).close()
        except PersistenceError:
            # Layout 2's metadata are in the section.
            assert kind == "layout 2"
            continue
        first, *others = ways(path)
        assert all(other == first for other in others), end
        messages, error = first
        assert messages == MESSAGES[: len(messages)]
        assert (error == "None") == (len(messages) == len(MESSAGES))
        assert len(messages) >= most
        most = len(messages)
        seen.add(most)
    assert most == len(MESSAGES)
    if kind != "one block":
        assert len(seen) > 4


@pytest.mark.parametrize("kind", WHOLE)
def test_with_any_byte_changed_all_ways_find_the_same(kind: str, tmp_path):
    path = tmp_path / "changed.agcx"
    data = WHOLE[kind]
    start = v1_sections.HEADER + len(bincode.encode(METADATA)) if kind != "layout 2" else 16
    for at in range(start, min(len(data), start + 400), 3):
        changed = bytearray(data)
        changed[at] ^= 0x21
        path.write_bytes(changed)
        try:
            SessionFile(path).close()
        except PersistenceError:
            continue
        with SessionFile(path) as session:
            shown, ended = by_number(session), session.error
        # Where one cannot be decoded, iteration ends, and a screen shows the next one.
        good = list(itertools.takewhile(lambda m: isinstance(m, MessageSnapshot), shown))
        with SessionFile(path) as session:
            found, error = by_iteration(session)
        assert found == good
        assert (error is None) == (ended is None and len(good) == len(shown))


@pytest.mark.parametrize("kind", ["one block", "frames"])
@pytest.mark.parametrize("number", [0, 1, 7, 11])
def test_messages_before_damage_in_the_text_itself_are_given_in_every_way(kind, number, tmp_path):
    """The zstd is whole, and all of it is one piece; message `number` is no MessagePack."""
    raw = bytearray(RAW)
    raw[STARTS[number]] = 0xC1
    section = in_frames(bytes(raw), CUTS) if kind == "frames" else frames.compress(raw, 3)
    path = tmp_path / "text.agcx"
    path.write_bytes(file_of_layout1(section))
    first, *others = ways(path)
    assert all(other == first for other in others)
    assert first[0] == MESSAGES[:number]
    assert f"message {number + 1}" in first[1]


# --- the frame against the seek table


def framed(counts: Sequence[int], sizes: Sequence[int] | None = None) -> bytes:
    """A file of three frames of four messages each, with a table that claims these."""
    parts = [RAW[: STARTS[4]], RAW[STARTS[4] : STARTS[8]], RAW[STARTS[8] :]]
    packed = [frames.compress(part, 3) for part in parts]
    claimed = [len(part) for part in parts] if sizes is None else sizes
    entries = [(len(one), size) for one, size in zip(packed, claimed, strict=True)]
    return file_of_layout1(b"".join([*packed, *seekable.tail_of(counts, entries)]))


TRUE_SIZES = [STARTS[4], STARTS[8] - STARTS[4], len(RAW) - STARTS[8]]


def test_a_true_table_finds_every_message(tmp_path):
    path = tmp_path / "true.agcx"
    path.write_bytes(framed([4, 4, 4]))
    with SessionFile(path) as session:
        assert isinstance(session._messages, RandomAccessMessages)
        assert by_number(session) == MESSAGES
        assert list(session) == MESSAGES
    assert verify_file(path).ok


@pytest.mark.parametrize(
    ("counts", "sizes", "right"),
    [
        # One message fewer than the frame holds, one more.
        ([4, 3, 4], None, [0, 1, 2, 3, None, None, None, 8, 9, 10, 11]),
        ([4, 5, 4], None, [0, 1, 2, 3, None, None, None, None, None, 8, 9, 10, 11]),
        # A byte fewer than the text of the frame, a byte more.
        ([4, 4, 4], [0, -1, 0], [0, 1, 2, 3, None, None, None, None, 8, 9, 10, 11]),
        ([4, 4, 4], [0, 1, 0], [0, 1, 2, 3, None, None, None, None, 8, 9, 10, 11]),
        ([4, 4, 4], [-1, 1, 0], [None] * 8 + [8, 9, 10, 11]),
    ],
)
def test_a_frame_that_is_not_what_the_table_says_is_an_error_in_its_place(
    counts: list[int], sizes: list[int] | None, right: list[int | None], tmp_path
):
    """A number must never lead to a message that is another, or to half of one."""
    path = tmp_path / "lie.agcx"
    claimed = sizes and [true + more for true, more in zip(TRUE_SIZES, sizes, strict=True)]
    path.write_bytes(framed(counts, claimed))
    with SessionFile(path) as session:
        assert isinstance(session._messages, RandomAccessMessages)
        found = by_number(session)
        assert [isinstance(each, MessageSnapshot) for each in found] == [
            n is not None for n in right
        ]
        for number, message in zip(right, found, strict=True):
            assert number is None or message == MESSAGES[number]
        given, error = by_iteration(session)
        assert given == MESSAGES[: 4 if right[0] is not None else 0]
        assert error is not None
    # The check says so, and that nothing is lost for who reads from the beginning.
    report = verify_file(path)
    assert {(finding.severity.value, finding.code) for finding in report.findings} >= {
        ("warning", "seek-table")
    }
    assert not any(finding.severity.value == "error" for finding in report.findings)


def test_frames_that_are_cut_elsewhere_than_the_table_says_are_told(tmp_path):
    """The table has the ends of messages, the frames end within them."""
    cuts = [0, STARTS[4] + 5, STARTS[8] - 5, len(RAW)]
    packed = [frames.compress(RAW[start:end], 3) for start, end in itertools.pairwise(cuts)]
    entries = [(len(one), size) for one, size in zip(packed, TRUE_SIZES, strict=True)]
    path = tmp_path / "elsewhere.agcx"
    section = b"".join([*packed, *seekable.tail_of([4, 4, 4], entries)])
    path.write_bytes(file_of_layout1(section))
    codes = {finding.code for finding in verify_file(path).findings}
    assert codes == {"seek-table"}


@pytest.mark.parametrize("wrong", ["text", "section", "messages"])
def test_each_number_of_a_seek_table_is_compared_with_the_frames(wrong: str, tmp_path):
    """Sums are right in each, so that the table is believed until somebody jumps."""
    parts = [RAW[: STARTS[4]], RAW[STARTS[4] : STARTS[8]], RAW[STARTS[8] :]]
    packed = [frames.compress(part, 3) for part in parts]
    sizes, texts, counts = [len(one) for one in packed], list(TRUE_SIZES), [4, 4, 4]
    numbers = {"text": texts, "section": sizes, "messages": counts}[wrong]
    numbers[0] += 1
    numbers[1] -= 1
    tail = seekable.tail_of(counts, list(zip(sizes, texts, strict=True)))
    path = tmp_path / "table.agcx"
    path.write_bytes(file_of_layout1(b"".join([*packed, *tail])))
    with SessionFile(path) as session:
        assert isinstance(session._messages, RandomAccessMessages)
    codes = {finding.code for finding in verify_file(path).findings}
    assert "seek-table" in codes


def test_frames_that_were_used_last_are_kept_and_no_more_than_the_limit(tmp_path, monkeypatch):
    """The bound of memory itself, for both readers."""
    path = tmp_path / "true.agcx"
    path.write_bytes(framed([4, 4, 4]))
    monkeypatch.setattr(limits, "KEPT_OPEN", TRUE_SIZES[0] + TRUE_SIZES[2])
    with SessionFile(path) as session:
        for number in (0, 5):
            session.fetch(number)
        assert session.get(0) == MESSAGES[0]
        session.fetch(0)
        session.fetch(9)
        # The second frame was used the longest time ago.
        assert session.get(5) is PENDING
        assert session.get(0) == MESSAGES[0]
        assert session.get(9) == MESSAGES[9]
        # One frame is kept, however large it is.
        monkeypatch.setattr(limits, "KEPT_OPEN", 1)
        session.fetch(5)
        assert session.get(5) == MESSAGES[5]
        assert session.get(0) is session.get(9) is PENDING
        # The size of a message is known without its text, about.
        assert 0 < session.size_of(0) < 2 * len(messagepack.encode(MESSAGES[0]))


@pytest.mark.parametrize(("keep", "keep_packed"), [(300_000, 50_000), (200_000, 0), (0, 0)])
def test_windows_hold_no_more_than_they_may(keep: int, keep_packed: int):
    windows = PieceCache(keep=keep, keep_packed=keep_packed)
    pieces = [bytes([number]) * 70_000 for number in range(40)]
    for number, piece in enumerate(pieces):
        windows.append(piece)
        assert windows.slice(number * 70_000, number * 70_000 + 5) == piece[:5]
        held = sum(map(len, windows._open.values()))
        # Two pieces always: a message may lie across their edge.
        assert held <= max(keep, 2 * 70_000)
        assert held == windows._open_size
        packed = sum(map(len, windows._packed.values()))
        assert packed <= keep_packed
        assert packed == windows._packed_size
    # What was looked at and is still packed comes back; what is not there is said to be missing.
    for number, piece in enumerate(pieces):
        start = number * 70_000
        got = windows.slice(start, start + 70_000)
        assert got in (piece, None)
        assert (got is None) == bool(windows.missing(start, start + 70_000))


def test_whatever_comes_in_between_pieces_are_the_text(tmp_path, monkeypatch):
    """Any message, in any order, while hardly anything is kept."""
    monkeypatch.setattr(limits, "KEPT_OPEN", 0)
    monkeypatch.setattr(limits, "KEPT_PACKED", 0)
    path = tmp_path / "blocks.agcx"
    path.write_bytes(WHOLE["blocks"])
    order: Callable[[int], int] = lambda step: step * 7 % len(MESSAGES)  # noqa: E731
    with SessionFile(path) as session:
        for step in range(3 * len(MESSAGES)):
            assert session[order(step)] == MESSAGES[order(step)]
