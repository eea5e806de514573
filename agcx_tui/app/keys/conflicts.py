"""What is wrong with the keys of a configuration: unknown names, and keys that would mean two things.

Strategy: which actions are offered at the same time only the screens know, by what they are built on, which
widgets they show, and which of these gets the focus; so all screens, dialogs, and widgets are imported and
asked.  That takes a moment: import this only to check a configuration.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from agcx_tui.app import dialogs, screens, widgets
from agcx_tui.core.words.actions import by_id, documented

__all__ = ["all_bindings", "key_problems"]


def _classes(app: type[App[Any]]) -> Iterator[type[DOMNode]]:
    modules = [sys.modules[app.__module__]]
    for package in (screens, dialogs, widgets):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            try:
                modules.append(import_module(found.name))
            except ModuleNotFoundError as error:
                # It needs an extra that is not installed, so its keys are not offered.
                if (error.name or "").startswith("agcx_"):
                    raise
    for module in modules:
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, DOMNode)
                and value.__module__ == module.__name__
                and "BINDINGS" in vars(value)
            ):
                yield value


def all_bindings(app: type[App[Any]]) -> dict[type[DOMNode], list[Binding]]:
    """The bindings that each class of an app declares itself, without a configuration."""
    return {node: list(Binding.make_bindings(vars(node)["BINDINGS"])) for node in _classes(app)}


def key_problems(
    app: type[App[Any]],
    keymap: Mapping[str, str],
    place: Callable[[str], str] = "{}: ".format,
) -> list[str]:
    """What is wrong with the keys of a configuration, in lines for a person.

    Args:
        app: The class of the app.
        keymap: The configured keys by the id of an action, several with commas between.
        place: Gives the start of a line for a setting, such as where it is written.
    """
    known = documented()
    unknown = [
        f"{place(f'keys.{name}')}no such name; agcx config lists them"
        for name in keymap
        if name not in known
    ]
    own = all_bindings(app)
    clashes = _Clashes(keymap, own)
    found = {problem for node in own for problem in clashes.within(node)}
    found.update(problem for ids in _together(app, own) for problem in clashes.among(ids))
    return unknown + sorted(found)


class _Clashes:
    """Finds keys that would mean two things, or no longer what they mean without the configuration."""

    def __init__(
        self, keymap: Mapping[str, str], own: Mapping[type[DOMNode], list[Binding]]
    ) -> None:
        self._keymap, self._own = keymap, own
        # The keys of each action without a configuration.
        self._usual = {name: action[0].split(",") for name, action in documented().items()}
        # The ids of the actions that each key is configured for.
        self._meanings: dict[str, set[str]] = {}
        for name in keymap.keys() & self._usual.keys():
            for binding in Binding.make_bindings([Binding(keymap[name], "", "")]):
                self._meanings.setdefault(binding.key, set()).add(name)

    def within(self, node: type[DOMNode]) -> Iterator[str]:
        """Problems within a screen, dialog, or widget, and keys that it takes from screens and the app."""
        # As in Textual, a key of a class replaces that of its base classes.
        everything = [b for base in reversed(node.__mro__) for b in self._own.get(base, [])]
        together = {b.key: b for b in everything}.values()
        gave_way = {(b.key, b.id) for b in everything} - {(b.key, b.id) for b in together}
        ids = {binding.id for binding in together if binding.id is not None}
        for key, wanted in self._meanings.items():
            here = sorted(name for name in wanted & ids if (key, name) not in gave_way)
            if len(here) > 1:
                yield _means_both(key, here)
            if here:
                yield from self._lost(key, together)
            if any(key not in self._usual[name] for name in here):
                yield from self._lost(key, _behind(node, self._own))

    def among(self, ids: set[str]) -> Iterator[str]:
        """Problems among actions that work at the same time."""
        for key, wanted in self._meanings.items():
            here = sorted(wanted & ids)
            # Actions that share a key without being configured do so on purpose.
            if len(here) > 1 and not all(key in self._usual[name] for name in here):
                yield _means_both(key, here)

    def _lost(self, key: str, bindings: Iterable[Binding]) -> Iterator[str]:
        """What the key means in these bindings, which have it without a configuration."""
        for binding in bindings:
            if binding.key == key and binding.id not in self._keymap:
                yield f"keys: {key} no longer means {_help(binding)}"


def _means_both(key: str, names: Iterable[str]) -> str:
    return f"keys: {key} cannot mean both {' and '.join(names)}"


def _help(binding: Binding) -> str:
    action = by_id(binding.id)
    return binding.description if action is None else action.help


def _behind(node: type[DOMNode], own: Mapping[type[DOMNode], list[Binding]]) -> Iterator[Binding]:
    """The bindings that get the keys which a widget or a screen does not take: of its screens, of the app."""
    if issubclass(node, App):
        return
    for other, bindings in own.items():
        if issubclass(other, App):
            yield from bindings
        elif issubclass(other, Screen) and not issubclass(node, Screen) and _shows(other, node):
            for base in other.__mro__:
                yield from own.get(base, [])


def _shows(screen: type[DOMNode], widget: type[DOMNode]) -> bool:
    """Whether the module of the screen, or of a class it is built on, imports the widget."""
    modules = [sys.modules[base.__module__] for base in screen.__mro__]
    return any(widget in vars(module).values() for module in modules)


def _together(
    app: type[App[Any]], own: Mapping[type[DOMNode], list[Binding]]
) -> Iterator[set[str]]:
    """Sets of ids that work at the same time: those of a screen, of its focused widget, and of the app."""
    by_name = {node.__name__: node for node in own}
    for screen in own:
        if not issubclass(screen, Screen):
            continue
        focus = by_name.get(str(screen.AUTO_FOCUS))
        nodes = {*screen.__mro__, *(focus.__mro__ if focus else ()), app}
        yield {binding.id for node in nodes for binding in own.get(node, []) if binding.id}
