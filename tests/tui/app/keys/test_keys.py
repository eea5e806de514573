"""Every key of every screen comes from the table of actions, and can be found, rebound, and read about."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.app import App
from textual.binding import ActiveBinding
from textual.widget import Widget

from agcx_tui.app.app import AgcxApp
from agcx_tui.app.dialogs.help import HelpScreen, help_sections
from agcx_tui.app.keys.conflicts import all_bindings
from agcx_tui.app.screens.conversation.conversation import ConversationScreen
from agcx_tui.core.words.actions import ACTIONS, actions
from tests.support import ROOT
from tests.support.browsing import SIZE, browser, scanned, until

OURS = all_bindings(AgcxApp)


def offered() -> Iterator[tuple[Path, str]]:
    """Where a class takes its bindings from the table, and for which place."""
    for path in sorted((ROOT / "agcx_tui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(ast.Name("bindings"), [ast.Constant(str(place))]):
                    yield path, place


def test_a_binding_is_made_from_the_table_and_nowhere_else():
    for path in sorted((ROOT / "agcx_tui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(ast.Name("Binding")) if path.parent.name != "keys":
                    pytest.fail(f"{path}:{node.lineno}: a binding outside of the table")
                case ast.Assign([ast.Name("BINDINGS")], value) | ast.AnnAssign(
                    ast.Name("BINDINGS"), _, value
                ):
                    assert isinstance(value, ast.Call), f"{path}:{node.lineno}"
                    assert ast.unparse(value.func) == "bindings", f"{path}:{node.lineno}"


def test_the_focus_moves_at_once():
    """`focus()` of a widget waits behind keys typed before, and takes the focus back from them."""
    for path in sorted((ROOT / "agcx_tui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(ast.Attribute(attr="focus")):
                    pytest.fail(f"{path}:{node.lineno}: use `set_focus` of the screen")


def test_each_place_of_the_table_is_of_one_class():
    assert Counter(place for _, place in offered()) == dict.fromkeys(ACTIONS, 1)


def test_every_action_has_words_and_stands_in_help():
    bound = [(node, binding) for node, bindings in OURS.items() for binding in bindings]
    sections = help_sections(ActiveBinding(_made(node), each, True, "") for node, each in bound)
    told = {words for section in sections for _, words in section.rows}
    for action in actions():
        assert action.help, action
        assert action.help in told, action
    assert {each.id for _, each in bound} == {action.id for action in actions()}


def _made(node: type) -> object:
    """As good as one of it, for what only asks for the class."""
    return object.__new__(node)


@pytest.mark.parametrize("node", OURS, ids=lambda node: node.__name__)
def test_every_binding_has_an_id_and_a_description(node):
    for binding in OURS[node]:
        assert binding.id, binding
        assert binding.description, binding
        assert " " not in binding.id


def test_an_id_means_one_thing():
    meant: dict[str, set[tuple[str, str]]] = {}
    for bindings in OURS.values():
        for binding in bindings:
            meant.setdefault(binding.id or "", set()).add((binding.action, binding.description))
    assert {name: what for name, what in meant.items() if len(what) > 1} == {}
    assert len(meant) > 60


def test_within_a_class_a_key_means_one_thing():
    for node, bindings in OURS.items():
        keys = Counter(binding.key for binding in bindings)
        assert [key for key, count in keys.items() if count > 1] == [], node


@pytest.mark.parametrize("node", OURS, ids=lambda node: node.__name__)
def test_every_action_is_there(node):
    for binding in OURS[node]:
        action = binding.action.partition("(")[0]
        owner = App if action.startswith("app.") else node
        assert hasattr(owner, f"action_{action.removeprefix('app.')}"), binding


async def in_help(pilot) -> str:
    await pilot.press("question_mark")
    await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
    text = str(pilot.app.screen.sections)
    await pilot.press("escape")
    return text


def described(*nodes: Widget | App) -> set[str]:
    """What the keys of these do, their bases' keys included."""
    bases = {base for node in nodes for base in type(node).__mro__}
    return {binding.description for base in bases & OURS.keys() for binding in OURS[base]}


async def test_question_mark_tells_every_key_of_the_list_and_of_a_conversation(store):
    app = browser(store)
    async with app.run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        text = await in_help(pilot)
        assert {
            words for words in described(app, screen, screen.sessions) if words not in text
        } == set()

        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConversationScreen))
        screen = pilot.app.screen
        await until(pilot, lambda: screen.focused is screen.transcript)
        text = await in_help(pilot)
        # No call of this one started a subagent.
        assert {words for words in described(screen, screen.transcript) if words not in text} == {
            "open the subagent, or the parent"
        }
