"""The transcript of a source that is still being read, is damaged, or lets messages go."""

from __future__ import annotations

import threading

from agcx_format.errors import CorruptData
from agcx_format.session.source import PENDING, ListSource
from tests.support.browsing import until
from tests.support.growing_source import GrowingSource
from tests.support.messages import (
    TranscriptApp,
    assert_window,
    call,
    output,
    plain_layout,
    screen_text,
    turns,
    user,
)
from tests.support.waiting import LIMIT

SIZE = (70, 20)


async def grown(pilot, transcript, known: int) -> None:
    await until(pilot, lambda: len(transcript.viewport.heights) == known + 1)


async def test_a_conversation_that_is_still_being_read_grows_below_the_view():
    source = GrowingSource(turns(1) * 4)
    app = TranscriptApp(source)
    async with app.run_test(size=(70, 10)) as pilot:
        assert "Reading …" in screen_text(app.transcript)[1]
        source.gate.release()
        await grown(pilot, app.transcript, 5)
        await pilot.press("j", "j")
        before = screen_text(app.transcript)
        source.gate.release()
        await grown(pilot, app.transcript, 10)
        assert screen_text(app.transcript)[:5] == before[:5]
        await pilot.press("G")
        source.gate.release(2)
        await grown(pilot, app.transcript, 20)
        assert screen_text(app.transcript)[-1].strip() == "answer 0"


async def test_a_broken_tail_ends_with_the_reason_and_the_place():
    error = CorruptData("cut off", path="/x/y.agcx", section="messages", offset=312)
    source = GrowingSource([user("hello")], error)
    source.gate.release()
    app = TranscriptApp(source)
    async with app.run_test(size=SIZE) as pilot:
        await grown(pilot, app.transcript, 1)
        shown = "\n".join(screen_text(app.transcript))
        assert "hello" in shown
        assert "! The rest of the conversation cannot be read" in shown
        assert "messages, byte 312: cut off" in shown


async def test_a_message_that_cannot_be_decoded_stands_between_the_others():
    class Odd(ListSource):
        def get(self, index: int):
            return CorruptData("no timestamp", offset=9) if index == 1 else super().get(index)

    app = TranscriptApp(Odd([user("before"), user("lost"), user("after")]))
    async with app.run_test(size=SIZE):
        shown = "\n".join(screen_text(app.transcript))
        assert "! Message 2 cannot be read" in shown
        assert "byte 9: no timestamp" in shown
        assert "after" in shown
        assert "lost" not in shown


async def test_a_dropped_message_is_fetched_when_it_is_looked_at():
    class Dropped(ListSource):
        dropped = True

        def get(self, index: int):
            return PENDING if self.dropped and index == 0 else super().get(index)

        def fetch(self, index: int, should_stop) -> bool:
            self.dropped = False
            return True

    app = TranscriptApp(Dropped([user("here again")]))
    async with app.run_test(size=SIZE) as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert any("here again" in line for line in screen_text(app.transcript))


async def test_the_end_is_the_end_of_a_last_message_whose_text_comes_later():
    class Dropped(ListSource):
        gate = threading.Event()
        dropped = True

        def get(self, index: int):
            return PENDING if self.dropped and index == 1 else super().get(index)

        def fetch(self, index: int, should_stop) -> bool:
            self.gate.wait(LIMIT)
            self.dropped = False
            return True

    source = Dropped([user("first"), user("\n\n".join(f"line {n}" for n in range(100)))])
    app = TranscriptApp(source)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("G")
        assert any("being read" in line for line in screen_text(app.transcript))
        source.dropped = False
        # The source may say that it grew before it says that the message is there.
        app.transcript.grew()
        assert screen_text(app.transcript)[-1].strip() == "line 99"
        source.gate.set()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert screen_text(app.transcript)[-1].strip() == "line 99"


async def test_of_what_comes_while_m_shows_only_what_was_said_the_rest_is_left_out():
    source = GrowingSource(turns(1) * 6)
    source.gate.release()
    app = TranscriptApp(source)
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await grown(pilot, transcript, 5)
        await pilot.press("m")
        # While the file is still being read.
        await until(pilot, lambda: transcript.showing.shown.name == "SAID")
        assert not source.complete
        source.gate.release(8)
        await grown(pilot, transcript, 30)
        assert "run" not in "\n".join(plain_layout(transcript))
        await until(pilot, lambda: len(transcript.blocks.only) == 12)
        shown = plain_layout(transcript)
        assert sum("question 0" in line or "answer 0" in line for line in shown) == 12
        assert not any("run" in line or "thinking" in line for line in shown)
        await pilot.press("G")
        assert transcript.current == 29
        assert_window(transcript)


async def test_at_the_end_the_call_is_current_that_shows_the_last_message():
    class Read(ListSource):
        complete = False
        gate = threading.Semaphore(0)

        def read_more(self) -> bool:
            self.gate.acquire(timeout=LIMIT)
            return False

    source = Read([user("go on"), call('{"command":["ls"]}'), output("a.txt")])
    app = TranscriptApp(source)
    async with app.run_test(size=SIZE) as pilot:
        assert any("Reading …" in line for line in screen_text(app.transcript))
        # All is read, but the thread that read it has not said so.
        source.complete = True
        await pilot.press("G")
        assert app.transcript.current == 1
        source.gate.release()
