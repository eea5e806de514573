"""The bytes of a file decide how it is read, whatever its name says."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import zstandard

from agcx_format.errors import ConversionError
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.json_lines import parse_lines
from tests.support.rollout_lines import assistant, meta, user


def data() -> bytes:
    return "".join(
        json.dumps(each) + "\n" for each in (meta(), user("größer"), assistant("b"))
    ).encode()


def texts(path: Path) -> list[str]:
    return [each.item.content[0].text for each in read_rollout(path).conversation.messages]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.zst"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_first_bytes_say_what_is_compressed(tmp_path, name, packed):
    path = tmp_path / name
    path.write_bytes(zstandard.ZstdCompressor().compress(data()) if packed else data())
    assert texts(path) == ["größer", "b"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("packed", [True, False])
def test_unicode_of_any_width_is_read(tmp_path, encoding, packed):
    path = tmp_path / "a.jsonl"
    wide = data().decode().encode(encoding)
    path.write_bytes(zstandard.ZstdCompressor().compress(wide) if packed else wide)
    assert texts(path) == ["größer", "b"]
    assert read_rollout(path).report.bad_count == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (zstandard.ZstdCompressor().compress(data())[:9], "cut off"),
        (zstandard.ZstdCompressor().compress(data())[:3], "cut off"),
        (gzip.compress(data(), mtime=0), "compressed with gzip"),
        (b"SQLite format 3\0" + bytes(100), "an SQLite database"),
        (b'{"type": "session_meta", "payl', "cut off in the middle of the line"),
    ],
    ids=["zstd", "zstd-head", "gzip", "sqlite", "json"],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.zst", "a.json"])
def test_what_cannot_be_read_says_why(tmp_path, content, reason, name):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConversionError, match=reason):
        read_rollout(path)


def test_bytes_that_are_not_utf_8_are_counted():
    (line,) = parse_lines([b'{"a":"\xff caf\xe9 \xef\xbf\xbd"}'])
    assert line.values == ({"a": "\ufffd caf\ufffd \ufffd"},)
    assert line.replaced == 2
