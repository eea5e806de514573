"""A session of any size: first messages first, any message on demand, memory bounded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from msgspec.structs import replace

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames, steps
from agcx_format.errors import PersistenceError
from agcx_format.layout import v1_sections
from agcx_format.session.lazy import SessionFile
from agcx_format.session.piece_cache import PieceCache, gathered
from agcx_format.session.sequential import SequentialMessages
from agcx_format.session.source import PENDING
from tests.format.session.files import message, write
from tests.support.stores import golden_session


def test_the_first_messages_are_there_before_the_last_is_read(streamed: Path, messages):
    with SessionFile(streamed) as session:
        assert isinstance(session._messages, SequentialMessages)
        assert session.known() == 0
        assert session.get(0) is PENDING
        assert session.read_more()
        assert 0 < session.known() < len(messages)
        assert not session.complete
        assert session.get(0) == messages[0]
        assert session.get(session.known()) is PENDING
        seen = session.known()
        while session.read_more():
            assert session.known() >= seen
            seen = session.known()
        assert (session.complete, session.error, seen) == (True, None, len(messages))


@pytest.mark.parametrize("kind", ["streamed", "framed"])
def test_it_is_a_sequence(kind: str, messages, request):
    with SessionFile(request.getfixturevalue(kind)) as session:
        assert session[5] == messages[5]
        assert session[-1] == messages[-1]
        assert len(session) == len(messages)
        sizes = [session.size_of(index) for index in range(3, 400)]
        assert list(session.sizes(3, 400)) == sizes
        assert list(session.sizes(7, 7)) == []
        assert list(session) == messages
        for index in (len(messages), -len(messages) - 1):
            with pytest.raises(IndexError):
                session[index]
        for number in (-1, len(messages), 2**70):
            for ask in (session.fetch, session.size_of, session.raw):
                with pytest.raises(IndexError, match=f"no message {number}: .* are known so far"):
                    ask(number)
        # Exact for what is at hand.
        assert all(session.fetch(index) for index in range(len(messages)))
        assert sum(map(session.size_of, range(len(messages)))) == len(
            b"".join(messagepack.encode(m) for m in messages)
        )


def test_what_was_dropped_comes_back(streamed: Path, messages):
    with SessionFile(streamed) as session:
        session._messages._cache = PieceCache(keep=limits.MIB, keep_packed=limits.MIB)
        assert session.read_more()
        assert session.get(0) == messages[0]
        len(session)
        # It was looked at, so it was packed and not dropped.
        assert session.get(0) == messages[0]
        middle = len(messages) // 2
        assert session.get(middle) is PENDING
        assert session.fetch(middle, should_stop=lambda: True) is False
        assert session.get(middle) is PENDING
        assert session.fetch(middle)
        assert session.get(middle) == messages[middle]


def test_pieces_are_gathered_so_that_none_is_tiny():
    def broken():
        yield b"a"
        yield b"b"
        raise PersistenceError("damaged")

    assert [len(p) for p in gathered([b"x"] * 200_000)] == [65536, 65536, 65536, 3392]
    got = []
    with pytest.raises(PersistenceError):
        got.extend(gathered(broken()))
    assert list(gathered([b"y" * 100_000, b"z"])) == [b"y" * 100_000, b"z"]


def test_messages_before_the_damage_are_given_and_the_damage_is_named(
    streamed: Path, messages, tmp_path
):
    data = bytearray(streamed.read_bytes())
    span = v1_sections.split(data)[1]
    at = span.start + (span.end - span.start) // 2
    data[at : at + 64] = bytes(64)
    path = tmp_path / "damaged.agcx"
    path.write_bytes(data)
    with SessionFile(path) as session:
        known = len(session)
        assert 500 < known < len(messages)
        assert [session[i] for i in range(0, known, 97)] == messages[:known:97]
        assert session.error.section == "messages"
        assert session.error.path == str(path)
        assert span.start < session.error.offset <= at
        got = []
        with pytest.raises(PersistenceError):
            got.extend(session)
        assert session.context == golden_session("full")[1].context
        assert session.state == golden_session("full")[2]


def test_a_walk_keeps_nothing_for_those_who_do_not_come_back(streamed: Path, messages):
    with SessionFile(streamed) as session:
        # (`list` would ask for the length first, which reads to the end.)
        assert [each for each in session] == messages  # noqa: C416
        assert session.known() == 0
        assert session._messages._cache.size == 0


def test_a_message_that_cannot_be_decoded_is_an_error_in_its_place(tmp_path: Path):
    messages = [message(i, 100) for i in range(9)]
    packed = [messagepack.encode(each) for each in messages]
    packed[4] = packed[4].replace(b"2025-10-14T", b"2025-10-99T")
    raw = bytes([0x90 + len(packed)]) + b"".join(packed)
    metadata, conversation, state = golden_session("full")
    context = frames.compress(messagepack.encode(conversation.context), 3)
    sections = (bincode.encode(metadata), frames.compress(raw, 3), context, bincode.encode(state))
    path = tmp_path / "one.agcx"
    path.write_bytes(b"".join(v1_sections.join(*sections)))
    with SessionFile(path) as session:
        assert len(session) == 9
        assert session.get(3) == messages[3]
        assert session.get(5) == messages[5]
        error = session.get(4)
        assert isinstance(error, PersistenceError)
        assert (error.section, error.decompressed, error.path) == ("messages", True, str(path))
        start = raw.index(packed[4])
        assert start < error.offset < start + len(packed[4])
        with pytest.raises(PersistenceError):
            session[4]


@pytest.fixture
def inflated(monkeypatch) -> list[int]:
    """The size of each piece that is decompressed from now on."""
    sizes: list[int] = []

    def counted(inflate):
        def inflate_counted(*args) -> bytes:
            piece = inflate(*args)
            sizes.append(len(piece))
            return piece

        return inflate_counted

    monkeypatch.setattr(frames, "_inflate", counted(frames._inflate))
    stream = steps._FrameStream
    monkeypatch.setattr(stream, "inflate", counted(stream.inflate))
    return sizes


@pytest.mark.parametrize("kind", ["streamed", "framed"])
def test_a_list_of_all_messages_decompresses_them_once(kind: str, messages, request, inflated):
    """`list` asks for the length first, which reads to the end."""
    whole = len(messagepack.encode_messages(messages))
    with SessionFile(request.getfixturevalue(kind)) as session:
        assert list(session) == messages
        assert sum(inflated) == whole
        # What has been read is at hand for whoever comes next.
        if kind == "streamed":
            assert list(session) == messages
            assert sum(inflated) == whole


def test_a_list_gives_what_the_length_has_passed_and_dropped(streamed: Path, messages):
    for keep in (0, limits.MIB, 5 * limits.MIB):
        with SessionFile(streamed) as session:
            session._messages._cache = PieceCache(keep=keep, keep_packed=0)
            assert list(session) == messages
            # Half of it read, the first pieces at hand, the others not read yet.
        with SessionFile(streamed) as session:
            while session.known() < len(messages) // 2:
                session.read_more()
            known = session.known()
            assert list(iter(session)) == messages
            # Whoever reads on by steps goes on where they were.
            assert session.known() == known


@pytest.mark.parametrize("kind", ["streamed", "framed"])
@pytest.mark.parametrize(
    "part",
    [
        slice(0, 2), slice(2), slice(3, 1), slice(1_998, 2_100), slice(3_000, 3_001), slice(0, 7, 3),
        slice(-3, None), slice(None, -1_997), slice(2, None, 500), slice(5, 0, -2), slice(0, 0),
        slice(None, 3, None), slice(-2_500, 2), slice(True, 3),
    ],
    ids=str,
)  # fmt: skip
def test_a_slice_is_the_slice_of_the_list(kind: str, part: slice, messages, request):
    with SessionFile(request.getfixturevalue(kind)) as session:
        assert session[part] == messages[part]


def test_a_slice_of_the_beginning_reads_the_beginning_only(streamed: Path, messages):
    with SessionFile(streamed) as session:
        assert session[0:2] == messages[:2]
        assert session.known() < len(messages)


@pytest.mark.parametrize("index", ["0", 1.0, None, slice("a", "b"), slice(0, 4, 0)], ids=repr)
def test_an_index_of_another_type_is_the_error_that_a_list_gives(streamed: Path, index):
    with SessionFile(streamed) as session, pytest.raises((TypeError, ValueError)) as ours:
        session[index]
    with pytest.raises((TypeError, ValueError)) as theirs:
        [1, 2, 3][index]
    assert type(ours.value) is type(theirs.value)


def test_memory_does_not_grow_with_the_file(tmp_path: Path, messages):
    """160 MiB of text, read to its end by a process of its own."""
    path = tmp_path / "big.agcx"
    metadata, conversation, state = golden_session("full")
    stream = zstandard.ZstdCompressor(level=1, write_content_size=False).compressobj()
    packed = b"".join(messagepack.encode(each) for each in messages)
    times = 160 * limits.MIB // len(packed)
    parts = [stream.compress(b"\xdd" + (times * len(messages)).to_bytes(4, "big"))]
    parts += [stream.compress(packed) for _ in range(times)]
    section = b"".join([*parts, stream.flush()])
    context = frames.compress(messagepack.encode(conversation.context), 3)
    sections = (bincode.encode(metadata), section, context, bincode.encode(state))
    path.write_bytes(b"".join(v1_sections.join(*sections)))
    code = f"""
import resource
from agcx_format.model.session import OperatingMode
from agcx_format.session.lazy import SessionFile
session = SessionFile({str(path)!r})
session.read_more()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = len(session)
session[count // 2]
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, grown_kib = map(int, done.stdout.split())
    assert count == times * len(messages)
    assert grown_kib < 120 * 1024


def test_two_threads_may_read_and_get_at_once(streamed: Path, messages):
    import threading

    with SessionFile(streamed) as session:
        reader = threading.Thread(target=lambda: len(session))
        reader.start()
        wrong = 0
        while not session.complete:
            index = session.known() - 1
            found = session.get(index)
            wrong += found is not PENDING and found != messages[index]
        reader.join()
        assert wrong == 0


def test_a_closed_file_gives_errors_and_not_another_file(streamed: Path):
    session = SessionFile(streamed)
    session.close()
    session.close()
    with pytest.raises(PersistenceError, match="closed"):
        session.context  # noqa: B018
    assert session.read_more() is False


def test_how_many_messages_are_expected_is_what_the_file_says_once_that_is_read(tmp_path):
    with SessionFile(write(tmp_path / "s.agcx", [])) as session:
        session.metadata = replace(session.metadata, message_count=5)
        assert session.expected == 5
        session.read_more()
        assert session.expected == 0
