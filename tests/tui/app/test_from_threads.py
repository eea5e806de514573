"""What a thread found reaches its widget, or is dropped without a fault: gone is gone."""

from __future__ import annotations

import ast
import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import indent

import pytest
from textual import on
from textual.app import App
from textual.message import Message
from textual.widget import Widget

from agcx_tui.app import from_threads
from tests.support import ROOT
from tests.support.waiting import LIMIT, soon


class Found(Message):
    """What a thread posts."""


class Finder(Widget):
    """Asks `meanwhile` in the thread that posts, after Textual has seen that the widget is open."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[str] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def check_message_enabled(self, message: Message) -> bool:
        if threading.current_thread() is not threading.main_thread():
            self.meanwhile()
        return super().check_message_enabled(message)

    @on(Found)
    def _found(self) -> None:
        self.got.append("message")


class FinderApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.finder = Finder()

    def compose(self):
        yield self.finder


# Both ways of a thread to a widget.
def post(finder: Finder) -> bool:
    return from_threads.post(finder, Found())


def call(finder: Finder) -> bool:
    return from_threads.call(finder, finder.got.append, "call")


WAYS = pytest.mark.parametrize("way", [post, call])


async def test_a_widget_gets_what_a_thread_posts_and_calls():
    app = FinderApp()
    async with app.run_test():
        for way in (post, call):
            assert await asyncio.to_thread(way, app.finder)
        await soon(lambda: app.finder.got == ["message", "call"])


@WAYS
async def test_a_widget_that_is_gone_gets_nothing(way):
    app = FinderApp()
    async with app.run_test():
        await app.finder.remove()
        assert not await asyncio.to_thread(way, app.finder)


@WAYS
async def test_a_widget_that_is_removed_while_a_thread_posts_gets_nothing(way):
    app = FinderApp()
    async with app.run_test():
        loop = asyncio.get_running_loop()

        async def remove() -> None:
            await app.finder.remove()

        app.finder.meanwhile = lambda: asyncio.run_coroutine_threadsafe(remove(), loop).result(
            LIMIT
        )
        # A thread of a worker, which has no active app: `to_thread` would give it one.
        assert not await loop.run_in_executor(None, way, app.finder)
    assert app.finder.got == []


@WAYS
def test_what_is_found_while_the_program_ends_is_dropped(way):
    app = FinderApp()
    inside, ended = threading.Event(), threading.Event()
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(way(app.finder)), daemon=True)

    def wait() -> None:
        inside.set()
        assert ended.wait(LIMIT)

    async def run() -> None:
        async with app.run_test():
            app.finder.meanwhile = wait
            thread.start()
            assert await asyncio.to_thread(inside.wait, LIMIT)

    asyncio.run(run())
    ended.set()
    thread.join(LIMIT)
    assert answers == [False]


# --- no thread goes another way

# What a thread asks a widget by, around `from_threads`, or what it may no longer have.
_AROUND = {"app", "call_from_thread", "call_later", "call_next", "notify", "post_message"}


def in_threads(module: ast.Module) -> Iterator[ast.AST]:
    """The functions of a module that run in a thread, and those that they call by name."""
    methods: dict[str, list[ast.AST]] = {}
    # By the name of a function, or of a variable with what a worker is given.
    others: dict[str, list[ast.AST]] = {}
    waiting: list[ast.AST] = []
    of_classes = [
        each for node in ast.walk(module) if isinstance(node, ast.ClassDef) for each in node.body
    ]
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef(name, decorator_list=decorators):
                (methods if node in of_classes else others).setdefault(name, []).append(node)
                waiting += [node] * any(map(_says_thread, decorators))
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name("partial")) as value):
                others.setdefault(name, []).append(value)
            case ast.Call(ast.Attribute(attr="run_worker"), [work, *_]) if _says_thread(node):
                waiting.append(work)
    seen: list[ast.AST] = []
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.append(node)
        yield node
        for each in ast.walk(node):
            match each:
                case ast.Name(name):
                    waiting += others.get(name, [])
                case ast.Attribute(ast.Name("self"), name) if not _is_handed_over(each, node):
                    waiting += methods.get(name, [])


def _says_thread(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and any(
        keyword.arg == "thread" and isinstance(keyword.value, ast.Constant) and keyword.value.value
        for keyword in node.keywords
    )


def _is_handed_over(method: ast.AST, within: ast.AST) -> bool:
    """Whether a method is named for `from_threads.call`, which calls it in the event loop."""
    return any(
        isinstance(each, ast.Call)
        and ast.unparse(each.func) == "from_threads.call"
        and method in each.args
        for each in ast.walk(within)
    )


def around(path: Path) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{each.lineno}: {each.attr}"
        for node in in_threads(ast.parse(path.read_text("utf-8")))
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and each.attr in _AROUND
    ]


def test_threads_reach_widgets_in_this_way_only():
    paths = sorted((ROOT / "agcx_tui/app").rglob("*.py"))
    assert [each for path in paths for each in around(path)] == []


@pytest.mark.parametrize(
    "source",
    [
        "@work(thread=True)\ndef _read(self):\n    self.post_message(Found())",
        "@work(thread=True)\ndef _read(self):\n    self._end()\n"
        "def _end(self):\n    self.post_message(Found())",
        "def start(self):\n    self.run_worker(self._read, thread=True)\n"
        "def _read(self):\n    self.app.call_from_thread(self._end)",
        "def start(self):\n    read = partial(self._read, 1)\n    self.run_worker(read, thread=True)\n"
        "def _read(self, number):\n    self.call_later(self._end)",
    ],
)
def test_another_way_is_recognized(source):
    assert [
        each
        for node in in_threads(ast.parse("class Finder:\n" + indent(source, "    ")))
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and each.attr in _AROUND
    ]
