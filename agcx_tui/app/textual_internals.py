"""What the app uses of Textual that Textual does not document, as functions.

Each function says what it is for.  Its test of the same name fails when a new version of Textual no longer
has what it stands on.  Only `textual_bases`, with the classes that do so, names anything private of Textual
besides this module.
"""

from __future__ import annotations

import codecs
import select
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.keys import _character_to_key
from textual.screen import Screen
from textual.strip import Strip

if TYPE_CHECKING:
    from queue import Queue
    from threading import Thread
    from typing import TextIO

    from textual.command import CommandPalette
    from textual.drivers.linux_driver import LinuxDriver
    from textual.message import Message
    from textual.widget import Widget

__all__ = [
    "app_of",
    "call_in_loop",
    "decode_keys_with",
    "draw_now",
    "focus_first",
    "forget_chosen_command",
    "forget_toasts",
    "forward",
    "free_strips_at_once",
    "has_notifications",
    "is_drawing_suspended",
    "is_ending",
    "is_output_waiting",
    "key_of",
    "output_queue",
    "output_thread",
    "peek_message",
    "read_escape_before_keys",
    "rendered_strips",
    "repaint_now",
    "run_binding",
    "run_next_callbacks",
    "set_app_clipboard",
    "take_message",
    "takes_keys",
    "terminal_file",
    "write_to_terminal",
]

AnyApp = App[Any]


# --- the app's queue of messages


def is_ending(app: AnyApp) -> bool:
    """Whether `exit()` was called: what is typed from then on is ignored."""
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


async def run_next_callbacks(app: AnyApp) -> None:
    """Run what waits for `call_next`, as `push_screen_wait` does before it pushes."""
    await app._flush_next_callbacks()


def forward(receiver: Widget, event: events.Key | events.Paste) -> None:
    """Hand a widget an event so that it does not come back to the app as a new one."""
    receiver._forward_event(event)


def key_of(character: str) -> str:
    """The name of the key that types a character: `slash` for `/`."""
    return _character_to_key(character)


# --- what is on the screen


def is_drawing_suspended(app: AnyApp) -> bool:
    """Whether the app is in a `batch_update`: nothing that happens now is on the screen yet."""
    return app._batch_count > 0


def takes_keys(screen: Screen[Any]) -> bool:
    """Whether a screen is composed and has been on top: only then its focused widget gets keys."""
    return screen.is_mounted and bool(screen.stack_updates)


def focus_first(screen: Screen[Any]) -> None:
    """Give the focus to what gets it on a new screen, if nothing on this one has it."""
    screen._update_auto_focus()


def draw_now(widget: Widget) -> None:
    """Draw a widget and everything in it, with what else has changed on its screen.

    A screen that was drawn a moment ago is otherwise drawn again one or two sixtieths of a second later.
    """
    for part in _parts(widget):
        part._check_refresh()
    # After what these have just reported to the screen.
    widget.screen.call_later(widget.screen._on_timer_update)


def repaint_now(*widgets: Widget) -> None:
    """Draw widgets and everything in them before this returns, but for what is to be laid out first.

    A key that takes long is drawn before the list that it changed, with which this draws it in one picture;
    the second would come one or two sixtieths of a second later.
    """
    screen = widgets[0].screen
    for part in chain.from_iterable(map(_parts, widgets)):
        if part._repaint_required and part.display:
            part._repaint_required = False
            screen._dirty_widgets.add(part)
    screen._on_timer_update()


def _parts(widget: Widget) -> Iterator[Widget]:
    """A widget and everything in it, with the scrollbars: to ask for one that is not shown makes it."""
    from textual.widget import Widget

    for each in widget.walk_children(Widget, with_self=True):
        if each.show_vertical_scrollbar:
            yield each.vertical_scrollbar
        yield each


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
    """The lines of a screen, as the terminal shows them."""
    return screen._compositor.render_strips(screen.size)


def free_strips_at_once() -> None:
    """Keep a line that is drawn unchanged from holding a reference to itself.

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


def read_escape_before_keys() -> None:
    """Read Esc and a key that was typed right after it as that key with Alt, or as both.

    Of the two Textual discards Esc before a sign or Enter, and takes `f` for ctrl+right and 1 for `¡`.
    """
    from textual._xterm_parser import XTermParser
    from textual.drivers import linux_driver

    class Parser(XTermParser):
        def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
            escape, after = sequence[:1] == "\x1b", sequence[1:]
            if escape and len(after) == 1 and after not in _AFTER_ESCAPE:
                sequence, alt = after, True
            for key in super()._sequence_to_key_events(sequence, alt):
                if not alt or key.key.startswith("alt+"):
                    yield key
                elif key.is_printable:
                    yield events.Key(f"alt+{key.key}", key.character)
                else:
                    yield from (events.Key("escape", "\x1b"), key)

    vars(linux_driver)["XTermParser"] = Parser


# What begins a longer sequence after Esc, or is a key with it: Esc, Tab, and Backspace.
_AFTER_ESCAPE = "[OPX^_]\x1b\t\x7f"
