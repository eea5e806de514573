"""What the app uses of Textual without its being documented is still there."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from queue import Queue
from types import SimpleNamespace

import pytest
from rich.segment import Segment
from textual import events
from textual.command import CommandPalette, Hit
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input, Static

from agcx_tui.app import textual_internals
from tests.support.browsing import until
from tests.support.typing_app import SIZE, TypingApp, drawn_lines, is_to_be_drawn
from tests.support.waiting import LIMIT


async def test_an_exception_while_the_program_ends_is_no_failure():
    app = TypingApp()
    async with app.run_test(size=SIZE):
        assert not textual_internals.is_ending(app)
        app.exit()
        assert textual_internals.is_ending(app)
        app.call_later(lambda: 1 // 0)
    assert [type(error) for error in app.failures] == [ZeroDivisionError]


async def test_an_exception_before_that_is_one():
    app = TypingApp()
    with pytest.raises(ZeroDivisionError):
        async with app.run_test(size=SIZE) as pilot:
            app.call_later(lambda: 1 // 0)
            await pilot.pause()
    assert app.failures == []


async def test_the_messages_that_wait_for_the_app_are_seen_and_taken():
    app = TypingApp()
    assert textual_internals.peek_message(app) is None
    first, second = events.Key("a", "a"), events.Key("b", "b")
    app.post_message(first)
    app.post_message(second)
    assert textual_internals.peek_message(app) is first
    assert await textual_internals.take_message(app) is first
    assert textual_internals.peek_message(app) is second


async def test_a_binding_is_run_before_the_focused_widget_gets_the_key():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        # A field that has the focus takes what can be typed.
        app.set_focus(None)
        assert not await textual_internals.run_binding(app, "x", priority=True)
        assert await textual_internals.run_binding(app, "x")
        assert not await textual_internals.run_binding(app, "z")
        await until(pilot, lambda: app.noted == ["x"])
        assert app.query_one(Input).value == ""


async def test_a_forwarded_event_is_handled_by_its_widget_and_does_not_come_back():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        field = app.query_one(Input)
        field.focus()
        textual_internals.forward(field, events.Key("q", "q"))
        textual_internals.forward(field, events.Paste("uick"))
        await until(pilot, lambda: field.value == "quick")
        await pilot.pause()
        assert field.value == "quick"


def test_the_name_of_the_key_that_types_a_character():
    assert textual_internals.key_of("/") == "slash"
    assert textual_internals.key_of("a") == "a"


async def test_whether_what_happens_is_on_the_screen():
    app = TypingApp()
    async with app.run_test(size=SIZE):
        assert not textual_internals.is_drawing_suspended(app)
        with app.batch_update():
            assert textual_internals.is_drawing_suspended(app)
        assert not textual_internals.is_drawing_suspended(app)


async def test_a_screen_takes_keys_once_it_was_put_there():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = Screen()
        assert not textual_internals.takes_keys(screen)
        app.push_screen(screen)
        await until(pilot, lambda: textual_internals.takes_keys(screen))


async def test_whether_a_notification_covers_the_screen():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        assert not textual_internals.has_notifications(app)
        app.notify("told")
        await until(pilot, lambda: textual_internals.has_notifications(app))
        textual_internals.forget_toasts(app)
        assert not textual_internals.has_notifications(app)


async def test_what_changed_is_drawn_before_anything_else_is_handled():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        # Drawn a moment ago: the next time is not yet.
        app.query_one(Static).update("another line")
        await until(pilot, lambda: not is_to_be_drawn(app.screen))
        left = []
        app.query_one(Static).update("a third line")
        textual_internals.draw_now(app.query_one(Static))
        app.screen.call_later(lambda: left.append(is_to_be_drawn(app.screen)))
        await until(pilot, lambda: left)
        assert left == [False]


async def test_what_keeps_its_place_is_drawn_before_anything_else_happens(monkeypatch):
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        first, field = app.query_one(Static), app.query_one(Input)
        pictures = drawn_lines(app, monkeypatch)
        first.update("a long line", layout=False)
        field.placeholder = "a hint"
        textual_internals.repaint_now(first, field)
        assert pictures == [{first.region.y, *field.region.line_range}]
        await pilot.pause()
        assert len(pictures) == 1
        # It would be a widget with a task of its own.
        assert first._vertical_scrollbar is None


async def test_the_lines_of_a_screen():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        lines = textual_internals.rendered_strips(app.screen)
        assert len(lines) == SIZE[1]
        assert lines[0].text.startswith("first line")


def test_a_line_that_is_drawn_as_it_is_does_not_hold_itself(monkeypatch):
    def references(divide):
        strip = Strip([Segment("line")])
        assert divide(strip, [4, 6]) == [strip]
        return sys.getrefcount(strip)

    monkeypatch.setattr(Strip, "divide", None)
    textual_internals.free_strips_at_once()
    # If that is as it was, Textual does what this is for.
    assert references(Strip.divide) < references(textual_internals._divide)
    assert [each.text for each in Strip([Segment("line")]).divide([1, 4])] == ["l", "ine"]


async def test_what_a_field_pastes_is_set_without_the_terminal():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        sent = []
        app._driver.write = sent.append
        textual_internals.set_app_clipboard(app, "copied")
        assert not any("]52" in each for each in sent)
        app.query_one(Input).focus()
        await pilot.press("ctrl+v")
        await until(pilot, lambda: app.query_one(Input).value == "copied")


def test_a_chosen_command_that_is_to_run_no_more_does_not():
    """How it is run twice is tried in `test_palette`."""
    palette = CommandPalette()
    assert palette._selected_command is None
    palette._selected_command = hit = Hit(1, "one", lambda: 1 // 0, text="one")
    textual_internals.forget_chosen_command(palette)
    assert palette._selected_command is not hit
    palette._selected_command.command()
    assert "call_later(self._selected_command.command)" in inspect.getsource(CommandPalette)


async def test_a_sequence_is_written_to_the_terminal():
    app = TypingApp()
    textual_internals.write_to_terminal(app, "before there is one: nothing happens")
    async with app.run_test(size=SIZE):
        sent = []
        app._driver.write = sent.append
        textual_internals.write_to_terminal(app, "\x1b]52;c;\a")
        assert sent == ["\x1b]52;c;\a"]


async def test_what_a_driver_is_made_of():
    """Of the driver that speaks to real terminals; they themselves are tried in tests/slow/terminal."""
    app = TypingApp()
    driver = LinuxDriver(app)
    assert textual_internals.app_of(driver) is app
    assert textual_internals.output_thread(driver) is None
    assert textual_internals.output_queue(driver) is None
    assert textual_internals.terminal_file(driver) is sys.__stderr__
    called = asyncio.Event()
    await asyncio.to_thread(textual_internals.call_in_loop, driver, called.set)
    await asyncio.wait_for(called.wait(), 10)


def test_the_thread_that_writes_has_a_queue():
    from textual.drivers._writer_thread import WriterThread

    with open(os.devnull, "w") as nowhere:
        writer = WriterThread(nowhere)
        driver = SimpleNamespace(_writer_thread=writer)
        assert textual_internals.output_thread(driver) is writer
        assert isinstance(textual_internals.output_queue(driver), Queue)
        app = SimpleNamespace(_driver=driver)
        assert not textual_internals.is_output_waiting(app)
        writer.write("a word")
        assert textual_internals.is_output_waiting(app)
        writer.start()
        textual_internals.output_queue(driver).put(None)
        writer.join(LIMIT)
        assert not writer.is_alive()
        assert not textual_internals.is_output_waiting(app)
    assert not textual_internals.is_output_waiting(app)
    assert "self._writer_thread = WriterThread" in inspect.getsource(LinuxDriver)


def test_keys_are_decoded_as_the_terminal_writes_them(monkeypatch):
    monkeypatch.setattr(linux_driver, "getincrementaldecoder", linux_driver.getincrementaldecoder)
    assert "getincrementaldecoder(" in inspect.getsource(LinuxDriver.run_input_thread)
    textual_internals.decode_keys_with("latin-1")
    assert linux_driver.getincrementaldecoder("utf-8")().decode(b"\xe9") == "é"
    textual_internals.decode_keys_with("utf-8")
    assert linux_driver.getincrementaldecoder("utf-8")().decode(b"\xff.") == "�."


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("\x1bd", ["alt+d"]),
        ("\x1bf", ["alt+f"]),
        ("\x1b1", ["alt+1"]),
        ("\x1b#", ["alt+number_sign"]),
        ("\x1b/ab\x1b", ["alt+slash", "a", "b", "escape"]),
        ("\x1bP", ["alt+shift+p"]),
        ("\x1b[", ["alt+left_square_bracket"]),
        ("\x1b\r", ["escape", "enter"]),
        ("\x1b\x13", ["escape", "ctrl+s"]),
        ("\x1bd\t\r", ["alt+d", "tab", "enter"]),
        ("\x1b\x1b[A", ["escape", "up"]),
        ("\x1b[A\x1bOP\x1b[Z\x1b\t", ["up", "f1", "shift+tab", "shift+tab"]),
    ],
)
def test_escape_is_not_lost_before_a_key_that_comes_with_it(monkeypatch, typed, keys):
    """Both are read at once if they are typed fast, or come over a slow line."""
    monkeypatch.setattr(linux_driver, "XTermParser", linux_driver.XTermParser)
    assert "XTermParser(" in inspect.getsource(LinuxDriver.run_input_thread)
    textual_internals.read_escape_before_keys()
    parser = linux_driver.XTermParser()
    found = [*parser.feed(typed), *parser.feed("")]
    assert [each.key for each in found] == keys
