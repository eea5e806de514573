"""The order in which Textual calls a screen and its widgets, on which `HeldScreen` and `SteadyView` stand.

Nothing of ours is in it: a screen and a view of Textual note what happens to them.  If a test fails with a
new version of Textual, its sentence says what no longer holds and what of ours stands on it.
"""

from __future__ import annotations

import asyncio

from textual import events, on
from textual.geometry import Size
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.strip import Strip
from textual.widgets import Static

from tests.support.browsing import until
from tests.support.typing_app import SIZE, TypingApp, is_to_be_drawn


class Steps(list[str]):
    """What happened, in order."""

    def comes(self, first: str, second: str, so: str) -> None:
        """Assert that the first time of one is before the first time of the other."""
        assert first in self, f"Textual no longer does this: {first}. {so}"
        assert second in self, f"Textual no longer does this: {second}. {so}"
        assert self.index(first) < self.index(second), (
            f"Textual changed an order: “{first}” comes after “{second}” now. {so}"
        )


class PlainView(ScrollView):
    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps

    def on_mount(self) -> None:
        self.steps.append("the view is mounted")
        scrollbar = self.vertical_scrollbar
        scrollbar.call_later(self.steps.append, "what the view has its scrollbar do later is done")
        self.virtual_size = Size(10, 1_000)

    def render_line(self, y: int) -> Strip:
        return Strip.blank(10)

    def _size_updated(self, size, virtual_size, container_size, layout=True) -> bool:
        self.steps.append("the view is given its size")
        return super()._size_updated(size, virtual_size, container_size, layout)

    def on_resize(self) -> None:
        self.steps.append("the view hears of its size")


class PlainScreen(Screen[None]):
    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps
        self.size_when_heard: tuple[Size, Size] | None = None

    def compose(self):
        self.steps.append("the screen is composed")
        yield Static("before", id="text")
        yield PlainView(self.steps)

    def on_mount(self) -> None:
        self.steps.append("the screen is mounted")

    @on(events.ScreenResume)
    def _resumed_first(self, event: events.ScreenResume) -> None:
        self.steps.append("the screen hears that it is on top")
        event.refresh_styles = False

    def update_node_styles(self, animate: bool = True) -> None:
        self.steps.append("all of the screen is styled again")
        super().update_node_styles(animate)

    def _refresh_layout(self, size=None, scroll=False) -> None:
        self.steps.append("the screen is laid out")
        super()._refresh_layout(size, scroll)

    def _compositor_refresh(self) -> None:
        self.steps.append("the screen is drawn")
        super()._compositor_refresh()

    async def _invoke_and_clear_callbacks(self) -> None:
        self.steps.append("what waits until it is drawn is called")
        await super()._invoke_and_clear_callbacks()

    def _screen_resized(self, size: Size) -> None:
        self.steps.append("the screen hears of its size")
        self.size_when_heard = size, self._compositor.size
        super()._screen_resized(size)


async def test_textual_calls_a_screen_and_its_widgets_in_the_order_that_ours_stand_on(monkeypatch):
    steps = Steps()
    noted = "the scrollbar is mounted"
    monkeypatch.setattr(ScrollBar, "on_mount", lambda bar: steps.append(noted), raising=False)
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = PlainScreen(steps)
        app.push_screen(screen)
        expected = {"what the view has its scrollbar do later is done", "the view hears of its size",
                    "what waits until it is drawn is called"}  # fmt: skip
        await until(pilot, lambda: expected <= set(steps))

        drawn = "the screen is drawn"
        so = "HeldScreen.hold() is called as a screen is mounted, and is too late after the first picture."
        steps.comes("the screen is mounted", drawn, so)
        so = "HeldScreen keeps Textual from styling all again when the screen hears that it is on top."
        steps.comes("the screen hears that it is on top", drawn, so)
        assert "all of the screen is styled again" not in steps, so
        so = "HeldScreen lays out a screen once for its first size: it was laid out when it hears of it."
        steps.comes("the screen is laid out", "the screen hears of its size", so)
        assert screen.size_when_heard == (Size(*SIZE), Size(*SIZE)), so
        so = "HeldScreen has what waits for a picture wait until it is released."
        steps.comes(drawn, "what waits until it is drawn is called", so)
        so = "SteadyView compares the size that it is given with the one it had, to lay out nothing again."
        steps.comes("the view is given its size", "the view hears of its size", so)
        so = "SteadyView has its scrollbar drawn again after that was mounted."
        steps.comes("the view is mounted", noted, so)
        steps.comes(noted, "what the view has its scrollbar do later is done", so)


async def test_a_widget_tells_its_screen_of_a_change_before_what_is_called_later_twice():
    steps = Steps()
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = PlainScreen(steps)
        app.push_screen(screen)
        await until(pilot, lambda: "what waits until it is drawn is called" in steps)
        await pilot.pause()
        known: list[bool] = []

        async def later() -> None:
            await asyncio.sleep(0)
            screen.call_later(last)

        def last() -> None:
            known.append(is_to_be_drawn(screen) or "the screen is drawn" in steps)

        steps.clear()
        screen.query_one("#text", Static).update("after")
        screen.call_later(later)
        await until(pilot, lambda: known)
        assert known == [True], (
            "A widget that was changed has not told its screen yet when HeldScreen.release() draws it: "
            "the first picture would lack the change."
        )
