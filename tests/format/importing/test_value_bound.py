"""JSON of more values than fit in memory is refused before it is parsed; text full of commas is read."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format import limits
from agcx_format.importing.formats.sqlite import decoded
from agcx_format.importing.json_lines import Line, Parsed, read_document, read_lines
from agcx_format.importing.value_bound import TOO_MANY_VALUES, has_too_many_values

MOST = 50_000
PROSE = b"well, [then] {or}, \\" * MOST


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(limits, "JSON_VALUES", MOST)


def read(
    path: Path, data: bytes, reader: Callable[..., Any], **how: bool
) -> tuple[list[Parsed], int]:
    """What a reader makes of a file, and how many bytes of memory that took."""
    path.write_bytes(data)
    tracemalloc.start()
    lines = list(reader(path, **how))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return lines, peak


@pytest.mark.parametrize(
    ("reader", "how"), [(read_lines, {}), (read_document, {}), (read_document, {"closes": True})]
)
# A file that was just written can be one that a program is writing, whose last line lacks its end.
@pytest.mark.parametrize("end", [b"{}]}\n", b"{}", b""])
def test_values_without_end_are_refused_in_little_memory(tmp_path, reader, how, end):
    data = b'{"x":[' + b"{}," * 10 * MOST + end
    lines, peak = read(tmp_path / "x.json", data, reader, **how)
    assert lines == [Line(1, error=TOO_MANY_VALUES)]
    assert peak < 6 * len(data)


@pytest.mark.parametrize("reader", [read_lines, read_document])
def test_prose_full_of_commas_and_brackets_is_read(tmp_path, reader):
    prose = PROSE.replace(b"\\", b'\\\\\\"')
    (line,), _ = read(tmp_path / "x.jsonl", b'{"x":["%s"]}\n' % prose, reader)
    assert line.error is None
    assert line.values == ({"x": [prose.replace(b'\\\\\\"', b'\\"').decode()]},)


def test_the_lines_after_one_that_is_refused_are_read(tmp_path):
    data = b'{"a":1}\n[' + b"0," * 2 * MOST + b'0]\n{"b":2}\n'
    lines, _ = read(tmp_path / "x.jsonl", data, read_lines)
    assert lines == [Line(1, ({"a": 1},)), Line(2, error=TOO_MANY_VALUES), Line(3, ({"b": 2},))]


def test_a_column_of_too_many_values_has_none():
    assert decoded(f"[{'0,' * 2 * MOST}0]") is None
    assert decoded(f'["{"," * 3 * MOST}"]') == ["," * 3 * MOST]


@given(st.text('",[{\\ab '), st.integers(0, 8))
def test_signs_count_outside_strings_alone(text, most):
    """As one who goes through the text sign by sign counts them."""
    count, inside, escaped = 0, False, False
    for sign in text:
        if inside:
            inside, escaped = sign != '"' or escaped, sign == "\\" and not escaped
        elif sign == '"':
            inside = True
        else:
            count += sign in ",[{"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "JSON_VALUES", most)
        assert has_too_many_values(text) == has_too_many_values(text.encode()) == (count > most)
