"""Lines of JSON are read whatever is between them, with no more than one in memory."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from agcx_format.convert.lines import Line, parse_lines

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
