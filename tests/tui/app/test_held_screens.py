"""A screen is drawn, laid out, and styled once as it is opened, by what Textual does not document."""

from __future__ import annotations

import asyncio

from textual import events
from textual.color import Color
from textual.css.stylesheet import Stylesheet
from textual.geometry import Size
from textual.screen import Screen
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widgets import Static

from agcx_tui.app import textual_bases, textual_internals
from agcx_tui.app.keys.gate import KeyGate
from agcx_tui.app.widgets.lines.recall_line import RecallInput
from agcx_tui.app.widgets.lines.typed_line import TypedLine
from agcx_tui.core.sessions.completion import Completion
from tests.support.browsing import until
from tests.support.typing_app import SIZE, TypingApp, is_to_be_drawn
from tests.support.waiting import LIMIT


class CountedScreen(Screen[None]):
    """A screen that counts how often it was drawn."""

    drawn = 0

    def _compositor_refresh(self) -> None:
        self.drawn += 1
        super()._compositor_refresh()


class LateScreen(textual_bases.HeldScreen[None], CountedScreen):
    """A screen that is held for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def compose(self):
        yield Static(id="late")

    def on_mount(self) -> None:
        self.hold(self._seconds)


async def test_a_screen_is_drawn_only_once_it_has_what_it_shows():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = LateScreen(LIMIT)
        app.push_screen(screen)
        await until(pilot, lambda: textual_internals.takes_keys(screen))
        screen.query_one("#late", Static).update("all of it")
        await until(pilot, lambda: screen.query_one("#late").size.height)
        await pilot.pause()
        after: list[int] = []
        screen.call_after_refresh(lambda: after.append(screen.drawn))
        await pilot.pause()
        assert not screen.drawn
        assert not after
        assert textual_bases.is_held(screen)
        screen.release()
        await until(pilot, lambda: screen.drawn and after)
        assert after[0]
        assert not textual_bases.is_held(screen)
        # What changes later is drawn as on any other screen.
        drawn = screen.drawn
        screen.query_one("#late", Static).update("and more")
        await until(pilot, lambda: screen.drawn > drawn)


async def test_a_screen_that_waits_in_vain_is_drawn_after_a_while():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = LateScreen(0.01)
        app.push_screen(screen)
        await until(pilot, lambda: screen.drawn)


async def test_a_screen_that_waited_through_a_batch_of_changes_is_drawn_after_it():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = LateScreen(LIMIT)
        app.push_screen(screen)
        await until(pilot, lambda: textual_internals.takes_keys(screen))
        await pilot.pause()
        with app.batch_update():
            screen.release()
            await pilot.pause()
            assert not screen.drawn
        await until(pilot, lambda: screen.drawn)


class KeyedScreen(textual_bases.HeldScreen[None], CountedScreen):
    """A screen with a key, that notes what it shows each time it is drawn."""

    BINDINGS = [("k", "obey", "obey")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def compose(self):
        yield Static("nothing", id="keyed")

    def action_obey(self) -> None:
        self.query_one("#keyed", Static).update("obeyed")

    def _compositor_refresh(self) -> None:
        if not textual_bases.is_held(self):
            self.shown += [str(each.content) for each in self.query(Static)]
        super()._compositor_refresh()


async def test_what_a_key_does_that_was_typed_before_the_first_picture_is_in_it():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = KeyedScreen()

        async def press() -> None:
            # As the app does with a key that follows one that opens a screen.
            app.push_screen(screen)
            await KeyGate(app).ready()
            await textual_internals.run_binding(app, "k")

        app.call_later(press)
        await until(pilot, lambda: screen.shown)
        assert set(screen.shown) == {"obeyed"}
        assert not textual_bases.is_held(screen)


class SizedScreen(textual_bases.HeldScreen[None]):
    """A screen that notes the sizes that it hears of, and those that it is laid out for."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[int, int]] = []
        self.sizes: list[tuple[int, int]] = []

    def compose(self):
        yield Static(id="sized")

    def _refresh_layout(self, size=None, scroll=False) -> None:
        if size is not None:
            self.sizes.append(tuple(size))
        super()._refresh_layout(size, scroll)

    def on_resize(self, event: events.Resize) -> None:
        self.heard.append(tuple(event.size))


async def test_a_screen_is_laid_out_once_for_a_size():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = SizedScreen()
        app.push_screen(screen)
        await until(pilot, lambda: screen.heard)
        await pilot.pause()
        assert (screen.sizes, screen.heard) == ([SIZE], [SIZE])
        await pilot.resize_terminal(50, 10)
        await until(pilot, lambda: screen.query_one("#sized").size.width == 50)
        await pilot.pause()
        assert screen.sizes == [SIZE, (50, 10)]


async def test_style_sheets_are_not_parsed_before_the_first_theme_is_known(monkeypatch):
    again = []
    monkeypatch.setattr(Stylesheet, "reparse", lambda self: again.append(self))
    app = TypingApp()
    app.theme = "dracula"
    async with app.run_test(size=SIZE):
        assert not again
        background = app.current_theme.background
        assert app.screen.styles.background == Color.parse(background)


class LaidOutScreen(textual_bases.HeldScreen[None]):
    """A screen that counts how often it was laid out and styled after it was mounted."""

    laid_out = styled = 0

    def compose(self):
        yield TypedLine()
        yield SteadyLines()

    def on_mount(self) -> None:
        self.hold(LIMIT)

    def _refresh_layout(self, size=None, scroll=False) -> None:
        self.laid_out += 1
        super()._refresh_layout(size, scroll)

    def update_node_styles(self, animate=True) -> None:
        self.styled += 1
        super().update_node_styles(animate)


class SteadyLines(textual_bases.SteadyView):
    """A view that counts how often its scrollbar was worked out."""

    worked_out = 0

    def on_mount(self) -> None:
        self.virtual_size = Size(10, 1_000)

    def render_line(self, y: int) -> Strip:
        return Strip.blank(10)

    def _scroll_update(self, virtual_size: Size) -> None:
        self.worked_out += 1
        super()._scroll_update(virtual_size)


async def test_a_scrollbar_that_is_mounted_late_shows_what_its_view_holds(monkeypatch):
    mounted = asyncio.Event()

    async def wait(scrollbar: ScrollBar) -> None:
        await mounted.wait()

    monkeypatch.setattr(ScrollBar, "on_mount", wait, raising=False)
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = LaidOutScreen()
        app.push_screen(screen)
        await until(pilot, lambda: screen.query(SteadyLines) and screen.query_one(SteadyLines).size)
        view = screen.query_one(SteadyLines)
        scrollbar = view.vertical_scrollbar

        def thumb() -> int:
            lines = scrollbar.render_lines(scrollbar.size.region)
            return sum(any(segment.style.reverse for segment in line) for line in lines)

        # It is drawn for a few lines, and then there are very many.
        view.virtual_size = Size(10, 2 * view.size.height)
        few = thumb()
        view.virtual_size = Size(10, 1_000 * view.size.height)
        mounted.set()
        await until(pilot, lambda: 0 < thumb() < few)


async def test_a_held_screen_is_styled_once_and_its_scrollbar_worked_out_for_a_size():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = LaidOutScreen()
        app.push_screen(screen)
        await until(pilot, lambda: screen.query(SteadyLines) and screen.query_one(SteadyLines).size)
        await pilot.pause()
        view, before = screen.query_one(SteadyLines), screen.laid_out
        assert not screen.styled
        worked_out = view.worked_out
        screen.refresh(layout=True)
        await until(pilot, lambda: screen.laid_out > before)
        assert view.worked_out == worked_out
        await pilot.resize_terminal(SIZE[0], SIZE[1] + 3)
        await until(pilot, lambda: view.worked_out > worked_out)
        assert view.show_vertical_scrollbar
        # Nor is the screen laid out for what one types, or when there are more lines.
        screen.release()
        await until(pilot, lambda: not (textual_bases.is_held(screen) or is_to_be_drawn(screen)))
        screen.set_focus(screen.query_one(TypedLine))
        await pilot.pause()
        before, worked_out = screen.laid_out, view.worked_out
        await pilot.press("x")
        view.virtual_size = Size(10, 2_000)
        await until(pilot, lambda: screen.query_one(TypedLine).value == "x")
        await pilot.pause()
        assert screen.laid_out == before
        assert view.worked_out > worked_out
        assert view.vertical_scrollbar.window_virtual_size == 2_000


class LineApp(TypingApp):
    """Notes whether there is something to draw once the app hears of a letter."""

    def __init__(self) -> None:
        super().__init__()
        self.to_be_drawn: list[bool] = []

    def compose(self):
        yield Static("first line")
        yield RecallInput(lambda text: Completion(0, ()), lambda: None, lambda: None)

    def on_input_changed(self) -> None:
        self.screen.call_later(lambda: self.to_be_drawn.append(is_to_be_drawn(self.screen)))


async def test_a_letter_is_drawn_at_once_although_something_else_was_a_moment_ago():
    app = LineApp()
    async with app.run_test(size=SIZE) as pilot:
        app.query_one(RecallInput).focus()
        await pilot.pause()
        for letter in "abc":
            app.query_one(Static).update(f"before {letter}")
            await until(pilot, lambda: not is_to_be_drawn(app.screen))
            app.post_message(events.Key(letter, letter))
        await until(pilot, lambda: len(app.to_be_drawn) == 3)
        assert app.query_one(RecallInput).value == "abc"
        assert not any(app.to_be_drawn)


async def test_a_key_that_waited_for_a_screen_until_the_program_ended_does_no_harm():
    # Without any screen, as it is then.
    gate = KeyGate(TypingApp())
    with gate.opening():
        pass
    await gate.ready()


async def test_a_key_waits_for_each_screen_that_is_being_opened():
    gate = KeyGate(TypingApp())
    with gate.opening():
        with gate.opening():
            pass
        ready = asyncio.create_task(gate.ready())
        await rounds()
        assert not ready.done()
    await ready


async def test_a_key_waits_for_a_screen_whose_opening_began_while_it_waited():
    gate = KeyGate(TypingApp())
    with gate.opening():
        ready = asyncio.create_task(gate.ready())
        await rounds()
        second = gate.opening()
        second.__enter__()
    await rounds()
    assert not ready.done()
    second.__exit__(None, None, None)
    await ready


async def rounds() -> None:
    for _ in range(9):
        await asyncio.sleep(0)
