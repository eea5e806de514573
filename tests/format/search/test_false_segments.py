"""A segment with right checksums can say what is not so: then its sessions are searched in their files."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format.model.items import InputText, Message
from agcx_format.search import Index
from agcx_format.search.book import Book
from agcx_format.search.packing import compress
from agcx_format.search.segment_rows import Beginning, BlockRow
from tests.format.search.odd_stores import save

# More than any address space has.
HUGE = 1 << 60
# A frame of one segment that claims this many bytes and has one empty block.
CLAIM = b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", HUGE) + b"\x01\x00\x00"
NO_TEXT = b"title\n\0\nthe \xff"


def claiming_text(row: BlockRow, frames: bytes) -> tuple[BlockRow, bytes]:
    facts = frames[: row.packed_facts]
    return replace(row, packed=len(CLAIM), size=HUGE, beginning=None), facts + CLAIM


def claiming_facts(row: BlockRow, frames: bytes) -> tuple[BlockRow, bytes]:
    text = frames[row.packed_facts :]
    return replace(row, packed_facts=len(CLAIM), facts_size=HUGE), CLAIM + text


def claiming_beginning(row: BlockRow, frames: bytes) -> tuple[BlockRow, bytes]:
    row, frames = claiming_text(row, frames)
    # No CRC-32 is easier than that of nothing.
    return replace(row, beginning=Beginning(0, HUGE, 0)), frames


def no_text(row: BlockRow, frames: bytes) -> tuple[BlockRow, bytes]:
    packed = compress(NO_TEXT)
    row = replace(row, packed=len(packed), size=len(NO_TEXT), beginning=None)
    return row, frames[: row.packed_facts] + packed


@pytest.fixture
def store(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    said = [Message(None, "user", [InputText(f"the {'lease ' * 900}{n}")]) for n in range(20)]
    save(tmp_path / "store" / "00000000-0000-4000-8000-000000000000.agcx", list(said))
    return tmp_path / "store"


@pytest.mark.parametrize("falsify", [claiming_text, claiming_facts, claiming_beginning, no_text])
@pytest.mark.parametrize("counted", [True, False])
def test_the_sessions_are_searched_in_their_files(store, tmp_path, falsify, counted):
    index = Index(store, tmp_path / "cache")
    index.update()
    book = Book(tmp_path / "cache", store)
    book.refresh()
    (segment,) = book.segments
    maker = book.maker()
    maker.copy(segment, [0])
    for place, row in enumerate(maker._blocks):
        maker._blocks[place], maker._frames[place] = falsify(row, maker._frames[place])
    segment.path.write_bytes(b"".join(maker.parts()))
    index = Index(store, tmp_path / "cache")
    assert index.close_words("leace") in ([], ["lease"])
    search = index.find("the", rows=2, counted=counted)
    expected = Index(store).find("the", rows=2, counted=counted)
    assert [each.hits for each in search] == [each.hits for each in expected]
    assert search.progress.direct == 1
