"""Everything that the app uses of Textual and that Textual does not document, in one place.

Each function says what it is for.  Its test of the same name fails when a new version of Textual no longer
has what it stands on.  No other module names anything private of Textual.
"""

from __future__ import annotations

import asyncio
import codecs
import select
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App, ReturnType
from textual.geometry import Region, Size
from textual.keys import _character_to_key
from textual.reactive import Reactive
from textual.screen import Screen, ScreenResultType
from textual.scroll_view import ScrollView
from textual.strip import Strip

from agcx_tui.app.terminal_rows import TerminalRows, in_lines, in_spans

if TYPE_CHECKING:
    from queue import Queue
    from threading import Thread
    from typing import TextIO

    from rich.console import Console
    from textual.command import CommandPalette
    from textual.drivers.linux_driver import LinuxDriver
    from textual.message import Message
    from textual.widget import Widget

__all__ = [
    "EndingApp",
    "HeldScreen",
    "SteadyView",
    "app_of",
    "call_in_loop",
    "decode_keys_with",
    "draw_now",
    "forget_chosen_command",
    "forget_toasts",
    "forward",
    "free_strips_at_once",
    "has_notifications",
    "is_drawing_suspended",
    "is_ending",
    "is_held",
    "is_output_waiting",
    "key_of",
    "output_queue",
    "output_thread",
    "peek_message",
    "rendered_strips",
    "run_binding",
    "set_app_clipboard",
    "take_message",
    "takes_keys",
    "terminal_file",
    "write_to_terminal",
]

AnyApp = App[Any]


# --- the app's queue of messages


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
    """Of a picture what the terminal does not show already."""

    def __init__(self, picture: LayoutUpdate | ChopsUpdate, rows: TerminalRows) -> None:
        self._picture, self._rows = picture, rows

    def render_segments(self, console: Console) -> str:
        picture = self._picture
        if isinstance(picture, LayoutUpdate):
            pieces = in_lines(picture.strips, picture.region)
        else:
            pieces = in_spans(picture.spans, picture.chops, picture.chop_ends)
        return self._rows.write(pieces, lambda strip: strip.render(console))


def is_ending(app: AnyApp) -> bool:
    """Whether `exit()` was called: what is typed from then on is for nobody."""
    return app._exit


def peek_message(app: AnyApp) -> Message | None:
    """The message that the app handles next, which stays in its queue: keys are typed in one go."""
    return app._peek_message()


async def take_message(app: AnyApp) -> Message:
    """Remove and return the message that the app would handle next."""
    return await app._get_message()


async def run_binding(app: AnyApp, key: str, *, priority: bool = False) -> bool:
    """Run what a key is bound to, before the focused widget gets the key; false if it is bound to nothing."""
    return await app._check_bindings(key, priority=priority)


def forward(receiver: Widget, event: events.Key | events.Paste) -> None:
    """Hand a widget an event so that it does not come back to the app as a new one."""
    receiver._forward_event(event)


def key_of(character: str) -> str:
    """The name of the key that types a character: `slash` for `/`."""
    return _character_to_key(character)


# --- what is on the screen

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
        """Draw nothing before `release`, or until so much time has passed."""
        self._is_held = True
        self.set_timer(seconds, self.release)

    def release(self) -> None:
        """Draw it in one go, and from then on whatever changes."""
        if self._is_held:
            self.call_later(self._hear_of_changes)

    async def _hear_of_changes(self) -> None:
        # Widgets tell of what has changed in them once the event loop gets to them.
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


def is_drawing_suspended(app: AnyApp) -> bool:
    """Whether the app is in a `batch_update`: nothing that happens now is on the screen yet."""
    return app._batch_count > 0


def takes_keys(screen: Screen[Any]) -> bool:
    """Whether a screen is composed and has been on top: only then its focused widget gets keys."""
    return screen.is_mounted and bool(screen.stack_updates)


def draw_now(widget: Widget) -> None:
    """Draw a widget and all in it as they are now, with what else has changed on its screen.

    A screen that was drawn a moment ago is otherwise drawn again one or two sixtieths of a second later.
    """
    from textual.widget import Widget

    for each in widget.walk_children(Widget, with_self=True):
        each.vertical_scrollbar._check_refresh()
        each._check_refresh()
    # After what these have just told the screen.
    widget.screen.call_later(widget.screen._on_timer_update)


def has_notifications(app: AnyApp) -> bool:
    """Whether a notification covers a part of the screen."""
    return len(app._notifications) > 0


def forget_toasts(app: AnyApp, *, but_failures: bool = False) -> None:
    """Remove the notification that is shown, on every screen; `but_failures` leaves warnings and errors.

    Textual would leave the empty holders of toasts that it removes itself.
    """
    shown = list(app._notifications)
    if but_failures and any(each.severity != "information" for each in shown):
        return
    app._notifications.clear()
    # The stack is empty while the program ends.
    for screen in app.screen_stack if shown else ():
        screen.query("ToastHolder").remove()


def rendered_strips(screen: Screen[Any]) -> list[Strip]:
    """The lines of a screen, as they are on the terminal."""
    return screen._compositor.render_strips(screen.size)


def free_strips_at_once() -> None:
    """Have a line that is drawn as it is hold no reference to itself.

    Textual keeps in each line how it was divided, which is mostly not at all: every line that was ever drawn,
    some forty objects, would wait for a full garbage collection, and all of the interface for that.
    """
    Strip.divide = _divide_if_needed  # type: ignore[method-assign, assignment]


_divide = Strip.divide


def _divide_if_needed(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    within = [cut for cut in cuts if cut <= strip.cell_length]
    return [strip] if within == [strip.cell_length] else _divide(strip, within)


def forget_chosen_command(palette: CommandPalette) -> None:
    """Have a palette run nothing: it runs what was chosen after each `dismiss`, also after the second."""
    from textual.command import Hit

    palette._selected_command = Hit(0, "", lambda: None)


# --- the terminal


def set_app_clipboard(app: AnyApp, text: str) -> None:
    """Set what ctrl+v pastes in Textual's own fields, without sending it to the terminal."""
    app._clipboard = text


def write_to_terminal(app: AnyApp, data: str) -> None:
    """Send an escape sequence, in order with what is drawn."""
    if app._driver is not None:
        app._driver.write(data)


def output_thread(driver: LinuxDriver) -> Thread | None:
    """The thread that writes to the terminal; None while the app is not running."""
    return driver._writer_thread


def output_queue(driver: LinuxDriver) -> Queue[str | None] | None:
    """What that thread has not written yet: None at its end.  It blocks the event loop when it is full."""
    return None if driver._writer_thread is None else driver._writer_thread._queue


def is_output_waiting(app: AnyApp) -> bool:
    """Whether the terminal, or the line to it, has no room for what was written; false without a terminal."""
    writer = getattr(app._driver, "_writer_thread", None)
    if writer is None:
        return False
    try:
        return bool(writer._queue.queue) or not select.select([], [writer._file], [], 0)[1]
    except (OSError, ValueError):
        # It is closed, or the program has more files open than can be asked about.
        return False


def call_in_loop(driver: LinuxDriver, callback: Callable[[], object]) -> None:
    """Call something in the event loop of the app, from the thread that reads keys."""
    driver._loop.call_soon_threadsafe(callback)


def app_of(driver: LinuxDriver) -> AnyApp:
    """The app that gets what a driver reads."""
    return driver._app


def terminal_file(driver: LinuxDriver) -> TextIO | None:
    """The stream that goes to the terminal; None without a standard error."""
    return driver._file


def decode_keys_with(encoding: str) -> None:
    """Decode what the terminal sends; bytes that mean nothing become U+FFFD.

    Textual takes all of it for UTF-8, and ends at the first byte that is not.
    """
    from textual.drivers import linux_driver

    def decoder(_: str) -> Callable[[], codecs.IncrementalDecoder]:
        return lambda: codecs.getincrementaldecoder(encoding)("replace")

    vars(linux_driver)["getincrementaldecoder"] = decoder
