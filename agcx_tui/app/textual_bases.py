"""Base classes of the app, its screens, and its scrolling views, which change what Textual does not document.

Each says what Textual would do without it.  A test lists what they override, and fails when a new version of
Textual no longer has it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.geometry import Region, Size
from textual.reactive import Reactive
from textual.screen import Screen, ScreenResultType
from textual.scroll_view import ScrollView

from agcx_tui.app.terminal_rows import TerminalRows, in_lines, in_spans
from agcx_tui.app.textual_internals import is_drawing_suspended, is_ending, is_output_waiting

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["EndingApp", "HeldScreen", "SteadyView", "is_held"]


class EndingApp(App[ReturnType]):
    """An app in which an exception raised while the program ends is no failure.

    A screen that is still being composed then misses its widgets.  Style sheets are parsed with the colors of
    its first theme only, and not with those of Textual's own theme before.

    The terminal gets only what it does not show already.  The first picture of a screen, or for a size, is
    sent whole, in case something else was drawn there.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._rows = TerminalRows()
        self._drawn: tuple[Screen[Any], Region] | None = None

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        if isinstance(renderable, LayoutUpdate) and self._drawn != (screen, renderable.region):
            self._drawn = screen, renderable.region
            self._rows.forget()
        if isinstance(renderable, LayoutUpdate | ChopsUpdate):
            renderable = _Changes(renderable, self._rows)
        super()._display(screen, renderable)

    @on(events.Resize)
    def _draw_what_was_cut(self, event: events.Resize) -> None:
        """A terminal that was smaller for a moment cut what it showed; Textual draws for a new size only."""
        if self._drawn is not None and event.size == self._drawn[1].size:
            self.draw_all()

    def draw_all(self) -> None:
        """Something else was on the terminal meanwhile."""
        self._rows.forget()
        self.refresh(layout=True)

    def failed_while_ending(self, error: Exception) -> None:
        """An exception was raised after `exit()`; by default it is discarded."""

    def refresh_css(self, animate: bool = True) -> None:
        if self.screen_stack:
            super().refresh_css(animate)
        else:
            # Nothing is composed yet, and what will be is styled then.
            self.stylesheet.set_variables(self.get_css_variables())

    def _handle_exception(self, error: Exception) -> None:
        if is_ending(self):
            self.failed_while_ending(error)
        else:
            super()._handle_exception(error)


class _Changes(CompositorUpdate):
    """The part of a picture that the terminal does not show already."""

    def __init__(self, picture: LayoutUpdate | ChopsUpdate, rows: TerminalRows) -> None:
        self._picture, self._rows = picture, rows

    def render_segments(self, console: Console) -> str:
        picture = self._picture
        if isinstance(picture, LayoutUpdate):
            pieces = in_lines(picture.strips, picture.region)
        else:
            pieces = in_spans(picture.spans, picture.chops, picture.chop_ends)
        return self._rows.write(pieces, lambda strip: strip.render(console))


# Seconds until a screen that could not be drawn is drawn.
_SOON = 0.01


class HeldScreen(Screen[ScreenResultType]):
    """A screen that can wait for what it is to show before it is drawn for the first time.

    Meanwhile the screen below is seen, and this one is laid out and gets keys.  An app's `batch_update` would
    draw it all the same, and discard the picture.

    Every screen is laid out and drawn once for its first size, and not again when it hears of that size.

    While the terminal has not taken the picture before, none is drawn: on a slow line they would pile up, and
    what one types would be seen when all of them are.
    """

    _is_held = False

    def hold(self, seconds: float) -> None:
        """Draw nothing before `release`, or until this much time has passed."""
        self._is_held = True
        self.set_timer(seconds, self.release)

    def release(self) -> None:
        """Draw it in one go, and every change from then on."""
        if self._is_held:
            self.call_later(self._hear_of_changes)

    async def _hear_of_changes(self) -> None:
        # Widgets report changes once the event loop gets to them.
        await asyncio.sleep(0)
        self.call_later(self._draw_all)

    def _draw_all(self) -> None:
        if not self._is_held:
            return
        if is_drawing_suspended(self.app):
            # Nothing is drawn now, and after it only what changes then.
            self.set_timer(_SOON, self.release)
            return
        self._is_held = False
        # All of it is about to be drawn.
        self._repaint_required = False
        self._on_timer_update()
        if self._compositor._dirty_regions:
            # It was laid out while it was held.
            self._compositor_refresh()

    @on(events.ScreenResume)
    def _keep_styles(self, event: events.ScreenResume) -> None:
        """Keep Textual from computing all styles again that it has just computed for a screen that is held.

        Nothing in one may look different because of which of its widgets has the focus at first.
        """
        if self._is_held:
            event.refresh_styles = False

    def _on_timer_update(self) -> None:
        if is_output_waiting(self.app):
            # The timer asks again.
            self._update_timer.resume()
        else:
            super()._on_timer_update()

    async def _invoke_and_clear_callbacks(self) -> None:
        """Run what waits until it is drawn."""
        if not self._is_held:
            await super()._invoke_and_clear_callbacks()

    def _compositor_refresh(self) -> None:
        if not self._is_held:
            super()._compositor_refresh()

    def _screen_resized(self, size: Size) -> None:
        # The first layout sends its size to all widgets, and the screen is one of them.
        if size != self._compositor.size:
            super()._screen_resized(size)


class SteadyView(ScrollView):
    """A scroll view that a layout of its screen leaves alone, unless it changes its size, and whose content
    grows without one.

    Textual compares the size of the content with that of the view, finds them different, and draws the
    scrollbar again; and it lays out the screen whenever the size of the content changes.
    """

    virtual_size: Reactive[Size] = Reactive(Size(0, 0))

    @on(events.Mount)
    def _refresh_mounted_scrollbar(self) -> None:
        """Draw the scrollbar again once it is mounted itself.

        It may be drawn before, and what changes between the two leaves that picture as it is.
        """
        scrollbar = self.vertical_scrollbar
        scrollbar.call_later(scrollbar.refresh)

    def watch_virtual_size(self, size: Size) -> None:
        """Follow with the scrollbar."""
        self._scroll_update(size)

    def _size_updated(
        self, size: Size, virtual_size: Size, container_size: Size, layout: bool = True
    ) -> bool:
        if (self._size, self._container_size) == (size, size - self.styles.gutter.totals):
            return False
        return super()._size_updated(size, virtual_size, container_size, layout)


def is_held(screen: Screen[Any]) -> bool:
    """Whether a screen waits to be drawn for the first time."""
    return isinstance(screen, HeldScreen) and screen._is_held
