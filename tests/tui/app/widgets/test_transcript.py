"""The transcript as a reader uses it: keys, folds, a view that stays, copies, pictures of damage."""

from __future__ import annotations

import threading

import pytest
from textual.geometry import Offset
from textual.selection import Selection

from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.session.source import PENDING, ListSource
from agcx_tui.app import themes
from agcx_tui.app.widgets.roll.selected import pack
from tests.support.browsing import until
from tests.support.messages import (
    TranscriptApp,
    assistant,
    call,
    output,
    screen_text,
    thought,
    user,
)
from tests.support.waiting import LIMIT

SIZE = (70, 20)


def talk(turns: int = 30) -> ListSource:
    """Turns of four: a question, a thought, a call with 30 lines of output, an answer."""
    messages = []
    for turn in range(turns):
        lines = "\n".join(f"out {turn}.{line}" for line in range(30))
        messages += [
            user(f"question {turn}"),
            thought(f"thinking {turn}\n\nat length"),
            call(f'{{"cmd":"run {turn}"}}', f"c{turn}"),
            output(lines, f"c{turn}"),
            assistant(f"answer {turn}\n\n" + "word " * (turn * 7 % 90)),
        ]
    return ListSource(messages)


def plain_layout(transcript) -> list[str]:
    """Every line of every block, which is what the screen is a window onto."""
    view = transcript.viewport
    return [
        view.strip(place).text.rstrip()
        for index in range(len(view.heights))
        for place in view.within(index)
    ]


def assert_window(transcript) -> None:
    shown, plain = screen_text(transcript), plain_layout(transcript)
    count = min(len(shown), len(plain))
    starts = [at for at in range(len(plain)) if plain[at : at + count] == shown[:count]]
    assert starts, shown


async def test_every_key_moves_the_view_as_it_says():
    app = TranscriptApp(talk())
    async with app.run_test(size=SIZE) as pilot:
        transcript, view = app.transcript, app.transcript.viewport
        plain = plain_layout(transcript)

        def line() -> int:
            return view.position

        for key, expected in [
            ("j", 1), ("down", 2), ("k", 1), ("up", 0), ("k", 0), ("ctrl+d", 10), ("ctrl+u", 0),
            ("pagedown", 19), ("pageup", 0), ("end", len(plain) - 20), ("g", 0),
            ("G", len(plain) - 20), ("home", 0),
        ]:  # fmt: skip
            await pilot.press(key)
            assert line() == expected, key
            assert screen_text(transcript) == plain[expected : expected + 20], key
            assert round(transcript.scroll_y) == expected, key
        assert transcript.virtual_size.height == len(plain)


async def test_brackets_go_from_message_to_message_and_braces_from_turn_to_turn():
    app = TranscriptApp(talk())
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        for key, current in [
            ("]", 1), ("]", 2), ("]", 4), ("]", 5), ("[", 4), ("}", 5), ("}", 10), ("{", 5),
            ("{", 0), ("[", 0),
        ]:  # fmt: skip
            await pilot.press(key)
            assert transcript.current == current, key
            assert transcript.viewport.head_row(current) is not None
        await pilot.press("}", "}")
        assert screen_text(transcript)[0].startswith("❯ You")
        assert screen_text(transcript)[1].strip() == "question 10"[:8] + " 2"


@pytest.mark.parametrize(("key", "opened"), [("t", "out 14.0"), ("T", "at length")])
async def test_folding_leaves_the_message_in_its_row(key, opened):
    app = TranscriptApp(talk())
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        transcript.go(70, row=9)
        row = transcript.viewport.head_row(70)
        assert row == 9
        for _ in range(2):
            await pilot.press(key)
            assert transcript.viewport.head_row(70) == row
            assert_window(transcript)
        await pilot.press(key, "pagedown")
        assert any(opened in line for line in plain_layout(transcript))


async def test_the_view_stays_on_its_message_when_the_terminal_is_resized():
    app = TranscriptApp(talk())
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        transcript.go(104, row=3)
        for size in [(40, 20), (120, 12), (70, 30)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert transcript.viewport.head_row(104) == 3
            assert_window(transcript)


async def test_enter_opens_a_call_then_its_left_out_lines_then_folds_it():
    app = TranscriptApp(talk(2))
    async with app.run_test(size=(70, 60)) as pilot:
        transcript = app.transcript
        transcript.go(2)
        folded = screen_text(transcript)
        await pilot.press("enter")
        assert "    … 10 more lines, enter opens" in screen_text(transcript)
        await pilot.press("enter")
        assert "    out 0.20" in screen_text(transcript)
        await pilot.press("enter")
        assert screen_text(transcript) == folded


async def test_an_output_that_folds_away_leaves_the_cursor_to_its_call():
    app = TranscriptApp(talk(2))
    async with app.run_test(size=(70, 60)) as pilot:
        transcript = app.transcript
        for opening, folding in ((["t"], ["enter", "enter"]), (["t", "t"], ["t"])):
            await pilot.press(*opening)
            transcript.go(3)
            await pilot.press(*folding)
            assert transcript.current == 2
            assert transcript.viewport.head_row(2) is not None


async def test_a_click_opens_the_call_under_it_and_the_lines_left_out():
    app = TranscriptApp(talk(1))
    async with app.run_test(size=(70, 60)) as pilot:
        transcript = app.transcript
        row = next(y for y, text in enumerate(screen_text(transcript)) if "run 0" in text)
        await pilot.click(offset=(6, row))
        assert transcript.current == 2
        row = screen_text(transcript).index("    … 10 more lines, enter opens")
        await pilot.click(offset=(8, row))
        assert "    out 0.15" in screen_text(transcript)


async def test_the_wheel_and_the_scrollbar_move_the_view():
    app = TranscriptApp(talk())
    async with app.run_test(size=SIZE):
        transcript = app.transcript
        transcript._on_mouse_scroll_down(_Wheel())
        assert transcript.viewport.position == 2
        transcript.scroll_to(y=400, animate=False)
        assert_window(transcript)
        assert transcript.viewport.top.block > 20


class _Wheel:
    ctrl = shift = False

    def stop(self) -> None:
        """Textual's handler asks for nothing else."""


async def test_y_copies_the_message_as_the_file_has_it():
    app = TranscriptApp(ListSource([assistant("# one\n\n**two**"), user("x" * 80_000)]))
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("y")
        assert app.clipboard == "# one\n\n**two**"
        app.transcript.go(1)
        await pilot.press("y")
        assert app.clipboard == "# one\n\n**two**"


async def test_a_selection_gives_the_lines_without_their_margins():
    app = TranscriptApp(ListSource([assistant("alpha\n\n- beta\n- gamma")]))
    async with app.run_test(size=SIZE):
        transcript = app.transcript
        rows = {text.strip(): row for row, text in enumerate(screen_text(transcript)) if text}
        window = transcript.viewport.window
        start = Offset(4, pack(window[rows["alpha"]]))
        end = Offset(40, pack(window[rows["•  gamma"] if "•  gamma" in rows else rows["• gamma"]]))
        text, _ = transcript.get_selection(Selection(start, end))
        assert [line.split() for line in text.split("\n")] == [
            ["alpha"], [], ["•", "beta"], ["•", "gamma"],
        ]  # fmt: skip
        assert not text.split("\n")[2].startswith("  ")


@pytest.mark.parametrize("theme", ["agcx-dark", "agcx-light", "textual-dark", "textual-light"])
async def test_text_that_is_selected_can_be_read(theme):
    app = TranscriptApp(ListSource([assistant("alpha beta gamma")]))
    app.register_theme(themes.DARK)
    app.register_theme(themes.LIGHT)
    async with app.run_test(size=SIZE) as pilot:
        app.theme = theme
        await pilot.pause()
        row = next(y for y, text in enumerate(screen_text(app.transcript)) if "alpha" in text)
        number = pack(app.transcript.viewport.window[row])
        plain = {segment.style.bgcolor for segment in app.transcript.render_line(row)}
        app.screen.selections = {
            app.transcript: Selection(Offset(4, number), Offset(10, number)),
        }
        await pilot.pause()
        chosen = [
            segment.style
            for segment in app.transcript.render_line(row)
            if segment.style.bgcolor not in plain
        ]
        assert chosen
        assert all(style.color != style.bgcolor for style in chosen)


class GrowingSource:
    """A source that makes a few messages known at a time, when the test lets it."""

    def __init__(self, messages: list, error: PersistenceError | None = None) -> None:
        self._messages = messages
        self._known = 0
        self._error = error
        self.gate = threading.Semaphore(0)
        self.complete = False
        self.error: PersistenceError | None = None

    def known(self) -> int:
        return self._known

    def get(self, index: int):
        return self._messages[index] if index < self._known else PENDING

    def size_of(self, index: int) -> int:
        return 100

    def read_more(self) -> bool:
        if self.complete:
            return False
        self.gate.acquire(timeout=LIMIT)
        self._known = min(len(self._messages), self._known + 5)
        if self._known == len(self._messages):
            self.error = self._error
            self.complete = True
        return True


async def grown(pilot, transcript, known: int) -> None:
    await until(pilot, lambda: len(transcript.viewport.heights) == known + 1)


async def test_a_conversation_that_is_still_being_read_grows_below_the_view():
    source = GrowingSource([message for index in range(4) for message in talk(1)._messages])
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


async def test_m_shows_what_was_said_then_what_failed_then_all():
    source = talk()
    failed = '{"output":"x","metadata":{"exit_code":2,"duration_seconds":0.4}}'
    messages = [source.get(index) for index in range(source.known())]
    messages[53] = output(failed, "c10")
    app = TranscriptApp(ListSource(messages))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        transcript.go(52)
        await pilot.press("m")
        await until(pilot, lambda: transcript.showing.shown.name == "SAID")
        assert transcript.current == 54
        shown = plain_layout(transcript)
        assert any("question 29" in line for line in shown)
        assert not any("run" in line or "thought" in line for line in shown)
        await pilot.press("[")
        assert transcript.current == 50
        await pilot.press("m")
        (line,) = filter(None, plain_layout(transcript))
        assert line.startswith("▸ shell  run 10 ")
        assert transcript.current == 52
        # A place that is asked for is shown.
        transcript.seek(60)
        assert transcript.showing.shown.name == "ALL"
        assert transcript.current == 60
        assert_window(transcript)
        # Where nobody said a word, what failed comes at once.
        transcript.show(ListSource(messages[52:54]))
        await pilot.press("m")
        await until(pilot, lambda: transcript.showing.shown.name == "FAILED")


async def test_of_what_comes_while_m_shows_only_what_was_said_the_rest_is_left_out():
    source = GrowingSource([message for turn in range(6) for message in talk(1)._messages])
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
