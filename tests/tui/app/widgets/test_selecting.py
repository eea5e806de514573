"""Text is selected with the mouse, stays selected, can be read in every theme, and ctrl+c copies it."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pyte
import pytest
from rich.color import Color as RichColor
from textual.color import Color
from textual.containers import Vertical
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection
from textual.theme import BUILTIN_THEMES
from textual.widgets import Input, Static

from agcx_format.session.source import ListSource
from agcx_tui.app import themes
from agcx_tui.app.app import AgcxApp
from agcx_tui.app.widgets.transcript.transcript import Transcript
from tests.support.browsing import browser, demo_copy, scanned, until
from tests.support.messages import assistant, call, output, screen_text, thought, user
from tests.support.terminals import Terminal, agcx

SIZE = (90, 30)
CODE = "```python\ndef f():  # a comment\n    return 'text' + 41\n```"
MESSAGES = [
    user("What is the grid?"),
    thought("I look at the grid first"),
    call('{"command": ["rg", "-n", "grid"]}'),
    output("src/grid.css:1: .grid {}", "c1"),
    assistant(f"# Here\n\nThe **grid** is `x` at https://example.org/a\n\n{CODE}\n\n> quoted"),
]


async def reading(pilot: Pilot, messages: list) -> Transcript:
    """A transcript of the messages, in the program itself."""
    transcript = Transcript(ListSource(messages))
    below = Vertical()
    await pilot.app.screen.mount(below)
    for child in pilot.app.screen.children:
        child.display = child is below
    below.styles.height = "1fr"
    await below.mount(transcript)
    await until(pilot, lambda: transcript.viewport.window)
    transcript.focus()
    await pilot.pause()
    return transcript


def row_of(transcript: Transcript, words: str) -> int:
    return next(y for y, row in enumerate(screen_text(transcript)) if words in row)


async def drag(pilot: Pilot, transcript: Transcript, start: Offset, end: Offset) -> None:
    await pilot.mouse_down(transcript, offset=start)
    await pilot.hover(transcript, offset=end)
    await pilot.mouse_up(transcript, offset=end)
    await pilot.pause()


@pytest.mark.parametrize("back", [False, True], ids=["down", "up"])
@pytest.mark.parametrize("folded", ["start", "end", "within"])
async def test_a_drag_over_a_folded_line_selects_and_unfolds_nothing(folded, back):
    app = AgcxApp(None)
    async with app.run_test(size=SIZE) as pilot:
        transcript = await reading(pilot, MESSAGES)
        before = screen_text(transcript)
        question, call_row = row_of(transcript, "What is"), row_of(transcript, "shell")
        last = row_of(transcript, "Here")
        first, second = {
            "start": (call_row, last),
            "end": (question, call_row),
            "within": (question, last),
        }[folded]
        places = [Offset(4, first), Offset(14, second)]
        await drag(pilot, transcript, *(places[::-1] if back else places))
        assert screen_text(transcript) == before
        selected = app.screen.get_selected_text()
        assert selected
        assert "shell" in selected or folded == "end"
        await pilot.pause(0.1)
        assert app.screen.get_selected_text() == selected


async def test_a_drag_within_a_folded_line_selects_in_it():
    app = AgcxApp(None)
    async with app.run_test(size=SIZE) as pilot:
        transcript = await reading(pilot, MESSAGES)
        before, row = screen_text(transcript), row_of(transcript, "shell")
        at = before[row].index("shell") + 2
        await drag(pilot, transcript, Offset(at, row), Offset(at + 4, row))
        assert app.screen.get_selected_text() == "shell"
        assert screen_text(transcript) == before


async def test_a_click_still_opens_a_folded_line_and_ends_the_selection():
    app = AgcxApp(None)
    async with app.run_test(size=SIZE) as pilot:
        transcript = await reading(pilot, MESSAGES)
        row = row_of(transcript, "shell")
        await drag(pilot, transcript, Offset(4, row - 2), Offset(10, row))
        await pilot.click(transcript, offset=Offset(6, row))
        await pilot.pause()
        assert not app.screen.get_selected_text()
        assert any("src/grid.css" in text for text in screen_text(transcript))


async def test_ctrl_c_copies_what_is_selected_and_quits_when_nothing_is():
    app = AgcxApp(None)
    async with app.run_test(size=SIZE) as pilot:
        transcript = await reading(pilot, MESSAGES)
        row = row_of(transcript, "What is")
        await drag(pilot, transcript, Offset(4, row), Offset(7, row))
        await pilot.press("ctrl+c")
        assert app.clipboard == "What"
        assert not app.screen.get_selected_text()
        assert app.return_code is None
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0


async def test_ctrl_c_copies_what_is_selected_in_a_field(tmp_path):
    app = browser(demo_copy(tmp_path / "history"))
    async with app.run_test(size=SIZE) as pilot:
        await scanned(pilot)
        await pilot.press("slash", *"grid", "shift+home", "ctrl+c")
        assert app.clipboard == "grid"
        assert app.screen.query_one(Input).value == "grid"
        assert app.return_code is None
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app._exit)


@pytest.fixture
def no_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def seen(color: RichColor | None) -> Color:
    assert color is not None
    return Color(*color.get_truecolor())


ALL_THEMES = [themes.DARK.name, themes.LIGHT.name, *BUILTIN_THEMES]


# These two draw the lines that they look at themselves.
@pytest.mark.usefixtures("undrawn")
async def test_what_is_selected_can_be_read_in_every_theme():
    app = AgcxApp(None)
    async with app.run_test(size=SIZE) as pilot:
        transcript = await reading(pilot, MESSAGES)
        transcript.action_fold("tool")
        await pilot.app.workers.wait_for_complete()
        static, field = Static("[bold]some[/] words"), Input("a value", select_on_focus=False)
        await app.screen.mount(static, field)
        for theme in ALL_THEMES:
            app.theme = theme
            await pilot.pause()
            everything = Selection(None, None)
            app.screen.selections = {transcript: everything, static: everything}
            await pilot.pause()
            drawn = [
                segment
                for y in range(transcript.size.height)
                for segment in transcript.render_line(y)
                if segment.text.strip(" ▌│") and y < len(transcript.viewport.window)
            ]
            assert len(drawn) > 30
            drawn += [s for s in static.render_line(0) if s.text.strip()]
            field.focus()
            field.selection = type(field.selection)(0, len(field.value))
            await pilot.pause()
            drawn += [s for y in range(3) for s in field.render_line(y) if "value" in s.text]
            for segment in drawn:
                style = segment.style
                read = themes.contrast(seen(style.color), seen(style.bgcolor))
                assert read >= 4.5, (theme, segment.text, style)
                assert not style.dim, (theme, segment.text)


@pytest.mark.usefixtures("undrawn")
async def test_what_is_selected_is_told_from_what_is_not():
    app = AgcxApp(None)
    async with app.run_test(size=SIZE) as pilot:
        transcript = await reading(pilot, MESSAGES)
        row = row_of(transcript, "What is")
        for theme in ALL_THEMES:
            app.theme = theme
            await drag(pilot, transcript, Offset(4, row), Offset(7, row))
            grounds = {
                segment.text.strip(): segment.style.bgcolor
                for segment in transcript.render_line(row)
                if segment.text.strip()
            }
            assert grounds["What"] != grounds["is the grid?"], theme


def test_contrast_is_that_of_wcag():
    black, white = Color.parse("black"), Color.parse("white")
    assert themes.contrast(black, white) == themes.contrast(white, black) == 21
    assert themes.contrast(white, white) == 1
    assert round(themes.contrast(Color.parse("#777777"), white), 2) == 4.48


def mouse(kind: int, column: int, row: int, end: str = "M") -> str:
    """What a terminal sends: 0 a button, 32 a move with it held; columns and rows from 1."""
    return f"\x1b[<{kind};{column};{row}{end}"


@pytest.mark.parametrize("end_row", ["folded", "above"])
def test_in_a_terminal_a_drag_over_a_folded_line_is_no_click_on_it(tmp_path, end_row):
    store = demo_copy(tmp_path / "history")
    (path,) = store.glob("70b30ef8*")
    environ = {"HOME": str(tmp_path), "SSH_TTY": "/dev/pts/0", "TMUX": ""}
    with Terminal(agcx(path), environ, size=(100, 40)) as screen:
        # All of it, down to the keys, and none of it drawn half.
        screen.until(lambda: "▸ shell" in "".join(shown(screen)), "the conversation")
        screen.until(lambda: shown(screen)[-1].strip(), "the keys")
        screen.drain()
        before = shown(screen)
        folded = next(y for y, row in enumerate(before) if "▸ shell" in row)
        above = next(y for y, row in enumerate(before) if "❯" in row) + 1
        start, stop = (above, folded) if end_row == "folded" else (folded, above)
        # All at once, as to a program that is busy.
        moves = mouse(32, 8, start + 1) + mouse(32, 16, stop + 1)
        screen.type(mouse(0, 6, start + 1) + moves + mouse(0, 16, stop + 1, "m") + "y")
        # To its end: it may be read in parts.
        copy = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]*)[\x07\x1b]")
        screen.until(lambda: copy.search(screen.written), "the copy")
        sent = copy.search(screen.written)
        copied = base64.b64decode(sent[1]).decode()
        assert "▸ s" in copied
        # What stands there is what stood there, but for the mark of the current message.
        rows = slice(2, folded + 2)
        assert [row[2:] for row in shown(screen)[rows]] == [row[2:] for row in before[rows]]


def shown(screen: Terminal) -> list[str]:
    display = pyte.Screen(100, 40)
    stream = pyte.ByteStream(display)
    # pyte takes the marker of a private sequence for none, and obeys the rest.
    stream.feed(re.sub(rb"\x1b\[[<=>][0-?]*[ -/]*[@-~]", b"", screen.written))
    return list(display.display)
