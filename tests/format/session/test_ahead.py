"""The text of a section is the same whether a thread decompresses it ahead or not."""

from __future__ import annotations

import gc
import os
import signal
import threading
import weakref

import msgpack
import pytest

from agcx_format import limits
from agcx_format.codec.zstd import frames
from agcx_format.errors import CompressionError, FileClosed
from agcx_format.session import sequential
from agcx_format.session.ahead import TextAhead, _Made
from agcx_format.session.piece_cache import PieceCache
from agcx_format.session.sequential import SequentialMessages
from tests.support.waiting import LIMIT

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


def _threads() -> set[threading.Thread]:
    return {each for each in threading.enumerate() if each.name == "decompress"}


def test_one_thread_makes_all_and_ends_with_the_text(section: bytes):
    """Several would have memory of their own each, which is mapped again and again."""
    before, text = _threads(), TextAhead(section)
    with text:
        next(text)
    (thread,) = _threads() - before
    with pytest.raises(KeyError), text:
        raise KeyError
    with text:
        next(text)
        assert _threads() - before == {thread}
        list(text)
    thread.join(LIMIT)
    assert not thread.is_alive()


def test_the_thread_of_a_text_that_is_dropped_ends(section: bytes):
    before, text = _threads(), TextAhead(section)
    with text:
        next(text)
    (thread,) = _threads() - before
    del text
    thread.join(LIMIT)
    assert not thread.is_alive()


def test_no_thread_outlives_a_session_that_is_closed_half_read(monkeypatch):
    monkeypatch.setattr(sequential, "_SLICE_SECONDS", 0)
    before = _threads()
    text = msgpack.packb(["a message that is not short" * 100] * 10_000)
    messages = SequentialMessages(frames.compress(text, 3))
    assert messages.read_more()
    assert messages.read_more()
    (thread,) = _threads() - before
    messages.close()
    thread.join(LIMIT)
    assert not thread.is_alive()
    assert not messages.read_more()


def test_a_session_that_is_closed_as_more_is_read_is_closed_and_not_damaged(monkeypatch):
    text = msgpack.packb(["a message that is not short" * 100] * 10_000)
    messages = SequentialMessages(frames.compress(text, 3))
    assert messages.read_more()
    known = messages.known()

    def closed_meanwhile() -> int:
        messages.close()
        return known

    monkeypatch.setattr(messages, "known", closed_meanwhile)
    messages.read_more()
    assert isinstance(messages.error, FileClosed)


def test_in_a_fork_the_text_goes_on(section: bytes):
    text = TextAhead(section)
    with text:
        found = [next(text) for _ in range(2)]
    child = os.fork()
    if child == 0:
        # Should it wait for a thread that is not there, it ends.
        signal.alarm(60)
        try:
            with text:
                found += text
            os._exit(found != list(TextAhead(section)))
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_an_interrupt_while_a_piece_is_waited_for_takes_none_away():
    waits, was_interrupted, main = threading.Event(), threading.Event(), threading.get_ident()

    def interrupt(*_signal: object) -> None:
        if not was_interrupted.is_set():
            was_interrupted.set()
            raise KeyboardInterrupt

    def interrupting() -> bytes:
        waits.wait(LIMIT)
        # Again and again: one that comes before the waiting is seen only after it.
        while not was_interrupted.wait(0.01):
            signal.pthread_kill(main, signal.SIGUSR1)
        return b"1"

    made = _Made(iter([lambda: b"0", interrupting, lambda: b"2", lambda: b"3"]))
    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        made.start()
        found = [next(made)]
        waits.set()
        with pytest.raises(KeyboardInterrupt):
            made.stop()
        made.stop()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert [*found, *made] == [b"0", b"1", b"2", b"3"]


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
