"""Lines of JSON are read whatever is between them, with no more than one in memory."""

from __future__ import annotations

import json
import tracemalloc

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from agcx_format.importing import json_lines
from agcx_format.importing.json_lines import Line, parse_lines, read_document, read_lines

chunk_sizes = st.integers(1, 40)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers())), chunk_sizes)
def test_lines_do_not_depend_on_where_the_chunks_were_cut(values, size):
    data = "".join(json.dumps(value) + "\n" for value in values).encode()
    read = list(parse_lines(cut(data, size)))
    assert [line.values for line in read] == [(value,) for value in values]
    assert [line.number for line in read] == list(range(1, len(values) + 1))


@given(st.binary(max_size=200), chunk_sizes)
def test_no_bytes_are_an_error(data, size):
    for line in parse_lines(cut(data, size)):
        assert line.values or line.error


def test_two_objects_on_a_line_are_both_read():
    assert list(parse_lines([b'{"a":1}{"b":2}\n'])) == [Line(1, ({"a": 1}, {"b": 2}))]


def test_blank_lines_count_but_are_not_lines():
    assert list(parse_lines([b'\n \r\n{"a":1}'])) == [Line(3, ({"a": 1},))]


def test_a_line_that_is_too_long_is_left_out_and_the_next_one_read():
    read = list(parse_lines([b'"' + b"x" * 60, b"x" * 60, b'"\n{}\n'], longest=100))
    assert read == [Line(1, error="longer than 100 bytes"), Line(2, ({},))]


def test_nesting_without_end_is_a_bad_line():
    (line,) = parse_lines([b"[" * 100_000])
    assert line.error


def test_where_reading_failed_is_said_after_the_lines_before_it():
    read = list(parse_lines([b'{}\n{"a', ValueError("damaged")]))
    assert read[0].values == ({},)
    assert [line.error for line in read[1:]] == ["cut off in the middle of the line", "damaged"]


def packed(*parts: bytes) -> bytes:
    """A zstd frame for each part."""
    return b"".join(zstandard.ZstdCompressor().compress(part) for part in parts)


def test_a_compressed_file_may_be_several_frames(tmp_path):
    """Codex appends one at each start; a line may go on in the next."""
    path = tmp_path / "rollout.jsonl.zst"
    path.write_bytes(packed(b'{"a":1}\n{"b"', b":2}\n", b'{"c":3}\n' * 3_000))
    read = list(read_lines(path))
    assert [line.values for line in read[:3]] == [({"a": 1},), ({"b": 2},), ({"c": 3},)]
    assert len(read) == 3_002
    assert all(line.error is None for line in read)


def test_a_compressed_file_that_is_cut_off_says_so_after_what_can_be_read(tmp_path):
    path = tmp_path / "rollout.jsonl.zst"
    lines = b"".join(b'{"n":%d,"x":"%x"}\n' % (n, n * 7919**5) for n in range(20_000))
    whole = packed(lines)
    path.write_bytes(whole[: len(whole) // 2])
    *good, last = read_lines(path)
    assert "cut off" in last.error
    good = [line for line in good if line.error is None]
    assert len(good) > 5_000
    assert [line.values[0]["n"] for line in good] == list(range(len(good)))


def test_compressed_data_that_is_damaged_says_so_after_the_frames_before_it(tmp_path):
    path = tmp_path / "rollout.jsonl.zst"
    path.write_bytes(packed(b'{"a":1}\n') + b"no frame at all" * 10)
    first, last = read_lines(path)
    assert first.values == ({"a": 1},)
    assert "the compressed data is damaged" in last.error


def test_an_empty_compressed_file_has_no_lines(tmp_path):
    path = tmp_path / "rollout.jsonl.zst"
    path.write_bytes(b"")
    assert list(read_lines(path)) == []
    path.write_bytes(packed(b""))
    assert list(read_lines(path)) == []


@pytest.mark.parametrize("compressed", [False, True])
def test_a_document_that_is_too_large_is_refused_with_the_reason(tmp_path, monkeypatch, compressed):
    monkeypatch.setattr(json_lines, "LONGEST_LINE", 1_000_000)
    path, document = tmp_path / "session.json", b'{"messages": [%s]}' % (b" " * 4_000_000)
    path.write_bytes(packed(document) if compressed else document)
    tracemalloc.start()
    (line,) = read_document(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert line.values == ()
    # What is compressed comes in large pieces.
    assert compressed or peak < 3_000_000
    assert line.error is not None
    assert line.error.startswith("one JSON document of more than 1,000,000 bytes")
