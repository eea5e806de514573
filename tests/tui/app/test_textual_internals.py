"""What the app uses of Textual without its being documented is still there, and used in one place only."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import os
import pkgutil
import sys
import textwrap
from queue import Queue
from types import SimpleNamespace

import pytest
from textual import events
from textual.app import App
from textual.color import Color
from textual.command import CommandPalette, Hit
from textual.css.stylesheet import Stylesheet
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input, Static

import agcx_tui.app
from agcx_tui.app import textual_internals
from agcx_tui.app.widgets.lines.typed_line import TypedLine
from tests.support.browsing import until
from tests.support.waiting import LIMIT

SIZE = (60, 12)


class TypingApp(textual_internals.EndingApp[None]):
    """A field to type into and a key that is bound; what comes of both is noted."""

    BINDINGS = [("x", "note('x')", "note")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []
        self.failures: list[Exception] = []

    def compose(self):
        yield Static("first line")
        yield Input()

    def action_note(self, word: str) -> None:
        self.noted.append(word)

    def failed_while_ending(self, error: Exception) -> None:
        self.failures.append(error)


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


def is_to_be_drawn(screen: Screen) -> bool:
    return bool(screen._layout_required or screen._dirty_widgets)


class CountedScreen(Screen[None]):
    """A screen that counts how often it was drawn."""

    drawn = 0

    def _compositor_refresh(self) -> None:
        self.drawn += 1
        super()._compositor_refresh()


class LateScreen(textual_internals.HeldScreen[None], CountedScreen):
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
        assert textual_internals.is_held(screen)
        screen.release()
        await until(pilot, lambda: screen.drawn and after)
        assert after[0]
        assert not textual_internals.is_held(screen)
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


class SizedScreen(textual_internals.HeldScreen[None]):
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


class LaidOutScreen(textual_internals.HeldScreen[None]):
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


class SteadyLines(textual_internals.SteadyView):
    """A view that counts how often its scrollbar was worked out."""

    worked_out = 0

    def on_mount(self) -> None:
        self.virtual_size = Size(10, 1_000)

    def render_line(self, y: int) -> Strip:
        return Strip.blank(10)

    def _scroll_update(self, virtual_size: Size) -> None:
        self.worked_out += 1
        super()._scroll_update(virtual_size)


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
        await until(
            pilot, lambda: not (textual_internals.is_held(screen) or is_to_be_drawn(screen))
        )
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


async def test_the_lines_of_a_screen():
    app = TypingApp()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        lines = textual_internals.rendered_strips(app.screen)
        assert len(lines) == SIZE[1]
        assert lines[0].text.startswith("first line")


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
        writer.start()
        writer.write("a word")
        textual_internals.output_queue(driver).put(None)
        writer.join(LIMIT)
        assert not writer.is_alive()
    assert "self._writer_thread = WriterThread" in inspect.getsource(LinuxDriver)


def test_keys_are_decoded_as_the_terminal_writes_them(monkeypatch):
    monkeypatch.setattr(linux_driver, "getincrementaldecoder", linux_driver.getincrementaldecoder)
    assert "getincrementaldecoder(" in inspect.getsource(LinuxDriver.run_input_thread)
    textual_internals.decode_keys_with("latin-1")
    assert linux_driver.getincrementaldecoder("utf-8")().decode(b"\xe9") == "é"
    textual_internals.decode_keys_with("utf-8")
    assert linux_driver.getincrementaldecoder("utf-8")().decode(b"\xff.") == "�."


# --- nowhere else


def modules() -> list[str]:
    found = pkgutil.walk_packages(agcx_tui.app.__path__, "agcx_tui.app.")
    return [each.name for each in found if each.name != textual_internals.__name__]


def private_names(tree: ast.AST, receiver: bool) -> set[str]:
    """Private attributes of `self` (with `receiver`), or of anything else."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not node.attr.startswith("__")
        and (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")) is receiver
    }


def defined_names(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.attr if isinstance(node, ast.Attribute) else node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def tree_of(thing: object) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(thing)))


def test_no_other_module_names_anything_private_of_textual():
    loaded = [importlib.import_module(name) for name in modules()]
    trees = {module.__name__: tree_of(module) for module in loaded}
    ours = set().union(*map(defined_names, trees.values())) | {"_replace", "_asdict"}
    wrong = []
    for name, tree in trees.items():
        wrong += [f"{name}: .{each}" for each in private_names(tree, False) - ours]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("textual"):
                words = [*str(node.module).split("."), *(each.name for each in node.names)]
                wrong += [f"{name}: import {word}" for word in words if word.startswith("_")]
    assert wrong == []


def test_no_class_has_a_private_name_that_its_base_in_textual_has():
    """One that did would break Textual, or be broken by it, without a word."""
    wrong = set()
    known: dict[type, set[str]] = {}
    for name in modules():
        module = importlib.import_module(name)
        for each in vars(module).values():
            if not inspect.isclass(each) or each.__module__ != name:
                continue
            names = private_names(tree_of(each), True)
            for base in each.__mro__:
                if not base.__module__.startswith("textual.") or not names:
                    continue
                if base not in known:
                    known[base] = private_names(tree_of(base), True) | {
                        word for word in vars(base) if word.startswith("_")
                    }
                wrong |= {f"{each.__qualname__}.{word}" for word in names & known[base]}
    assert wrong == set()


def test_the_test_has_eyes():
    tree = ast.parse("self._own = 1; app._batch_count; field._forward_event()")
    assert private_names(tree, False) == {"_batch_count", "_forward_event"}
    assert private_names(tree, True) == {"_own"}
    assert issubclass(TypingApp, App)
