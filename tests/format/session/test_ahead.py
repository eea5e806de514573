"""The text of a section is the same whether a thread decompresses it ahead or not."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from agcx_format import limits
from agcx_format.codec.zstd import frames
from agcx_format.errors import CompressionError
from agcx_format.session.ahead import TextAhead
from agcx_format.session.piece_cache import PieceCache

TEXT = b"".join(b"line %d of a text that is long enough\n" % number for number in range(200_000))


@pytest.fixture(scope="module")
def section() -> bytes:
    # Large and tiny frames, as a file has to which others were appended.
    tiny = [frames.compress(b"%d\n" % number, 3) for number in range(40)]
    return b"".join([frames.compress(TEXT, 3), *tiny, frames.compress(TEXT, 3)])


def test_pieces_are_the_same_with_and_without_a_thread(section: bytes):
    plain = list(TextAhead(section))
    text, found = TextAhead(section), []
    for _ in range(3):
        # What was made ahead in a block and not used there comes first after it.
        with text:
            found += [next(text) for _ in range(2)]
        found.append(next(text))
    with text:
        found += text
    assert found == plain
    assert next(text, None) is None


def test_the_thread_ends_with_the_block(section: bytes):
    before = set(threading.enumerate())
    text = TextAhead(section)
    with text:
        next(text)
    with pytest.raises(KeyError), text:
        raise KeyError
    assert set(threading.enumerate()) <= before


def test_without_a_thread_that_can_be_started_the_text_is_the_same(section: bytes, monkeypatch):
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    plain = list(TextAhead(section))
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with TextAhead(section) as text:
        assert list(text) == plain


def test_what_is_dropped_half_read_is_freed_at_once(section: bytes):
    """Thousands of sessions are opened for their first words: none waits for the garbage collector."""
    text = TextAhead(section)
    next(text)
    with text:
        next(text)
    freed = weakref.ref(text)
    made = weakref.ref(text._made)
    gc.disable()
    try:
        del text
        assert freed() is None
        assert made() is None
    finally:
        gc.enable()


def test_damage_comes_after_the_text_before_it(section: bytes):
    for bad in (section[:-100], section[: len(section) // 2] + bytes(50)):
        found = []
        text = TextAhead(bad)
        with pytest.raises(CompressionError), text:
            found.extend(text)
        plain = []
        with pytest.raises(CompressionError):
            plain.extend(frames.pieces(bad))
        assert b"".join(found) == b"".join(plain)


def test_of_what_was_only_passed_the_beginning_and_the_end_are_kept(monkeypatch):
    monkeypatch.setattr(limits, "KEPT_PASSED", 4 * limits.MIB)
    cache = PieceCache(all_fits=False)
    for number in range(40):
        cache.append(bytes([number]) * limits.MIB)
        if number == 10:
            assert cache.slice(8 * limits.MIB, 8 * limits.MIB + 1) == b"\x08"
    kept = [number for number in range(40) if cache.at_hand(number) is not None]
    # Number 8 was used while it was there.
    assert kept == [0, 1, 2, 3, 8, 36, 37, 38, 39]
