"""The transcript as a reader uses it: keys, folds, a view that stays, copies."""

from __future__ import annotations

import pytest
from textual.geometry import Offset
from textual.selection import Selection

from agcx_format.session.source import ListSource
from agcx_tui.app import themes
from agcx_tui.app.widgets.roll.selected import pack
from tests.support.browsing import until
from tests.support.messages import (
    TranscriptApp,
    assert_window,
    assistant,
    output,
    plain_layout,
    screen_text,
    turns,
    user,
)

SIZE = (70, 20)


async def test_every_key_moves_the_view_as_it_says():
    app = TranscriptApp(ListSource(turns(30)))
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
    app = TranscriptApp(ListSource(turns(30)))
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
    app = TranscriptApp(ListSource(turns(30)))
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
    app = TranscriptApp(ListSource(turns(30)))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        transcript.go(104, row=3)
        for size in [(40, 20), (120, 12), (70, 30)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert transcript.viewport.head_row(104) == 3
            assert_window(transcript)


async def test_enter_opens_a_call_then_its_left_out_lines_then_folds_it():
    app = TranscriptApp(ListSource(turns(2)))
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
    app = TranscriptApp(ListSource(turns(2)))
    async with app.run_test(size=(70, 60)) as pilot:
        transcript = app.transcript
        for opening, folding in ((["t"], ["enter", "enter"]), (["t", "t"], ["t"])):
            await pilot.press(*opening)
            transcript.go(3)
            await pilot.press(*folding)
            assert transcript.current == 2
            assert transcript.viewport.head_row(2) is not None


async def test_a_line_moves_what_is_current_where_nothing_is_left_to_scroll_to():
    app = TranscriptApp(ListSource(turns(30)))
    async with app.run_test(size=SIZE) as pilot:
        transcript = app.transcript
        await pilot.press("down")
        assert (transcript.viewport.position, transcript.current) == (1, 0)
        await pilot.press("end", "up", "down")
        last = transcript.current
        await pilot.press("up", "up", "down", "down", "down", "down")
        assert transcript.viewport.is_at_end
        assert transcript.current == last


async def test_a_click_opens_the_call_under_it_and_the_lines_left_out():
    app = TranscriptApp(ListSource(turns(1)))
    async with app.run_test(size=(70, 60)) as pilot:
        transcript = app.transcript
        # All of it is in view.
        await pilot.press("down", "down", "down")
        there = transcript.current
        assert there > 0
        await pilot.press("up")
        assert transcript.current < there
        row = next(y for y, text in enumerate(screen_text(transcript)) if "run 0" in text)
        await pilot.click(offset=(6, row))
        assert transcript.current == 2
        row = screen_text(transcript).index("    … 10 more lines, enter opens")
        await pilot.click(offset=(8, row))
        assert "    out 0.15" in screen_text(transcript)


async def test_the_wheel_and_the_scrollbar_move_the_view():
    app = TranscriptApp(ListSource(turns(30)))
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


async def test_m_shows_what_was_said_then_what_failed_then_all():
    failed = '{"output":"x","metadata":{"exit_code":2,"duration_seconds":0.4}}'
    messages = turns(30)
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
        assert not any("run" in line or "reasoning" in line for line in shown)
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
