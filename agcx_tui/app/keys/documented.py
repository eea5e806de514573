"""Every key binding that the program has, by its id: to document them, and to check a configuration.

Strategy: the bindings stand in the classes that obey them and nowhere else; here all screens, dialogs and
widgets are imported and asked.  That takes a moment, so only who needs the names imports this.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from agcx_tui.app import app, dialogs, screens, widgets

__all__ = ["all_bindings", "documented", "problems"]


def _classes() -> Iterator[type[DOMNode]]:
    modules = [app]
    for package in (screens, dialogs, widgets):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            modules.append(import_module(module.name))
    for module in modules:
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, DOMNode)
                and value.__module__ == module.__name__
                and "BINDINGS" in vars(value)
            ):
                yield value


def all_bindings() -> dict[type[DOMNode], list[Binding]]:
    """Of each class that has some, its own bindings, as they are without a configuration."""
    return {node: list(Binding.make_bindings(vars(node)["BINDINGS"])) for node in _classes()}


def documented() -> dict[str, tuple[str, str]]:
    """By id, the keys with commas between and the description; in the order of the ids."""
    keys: dict[str, list[str]] = {}
    descriptions: dict[str, str] = {}
    for bindings in all_bindings().values():
        for binding in bindings:
            if binding.id is not None:
                listed = keys.setdefault(binding.id, [])
                if binding.key not in listed:
                    listed.append(binding.key)
                descriptions[binding.id] = binding.description
    return {name: (",".join(keys[name]), descriptions[name]) for name in sorted(keys)}


def problems(keymap: Mapping[str, str], place: Callable[[str], str] = "{}: ".format) -> list[str]:
    """What is wrong with the keys of a configuration, in lines for a person.

    `place` says where a setting is written.
    """
    known = documented()
    found = [
        f"{place(f'keys.{name}')}no such name; agcx config lists them"
        for name in keymap
        if name not in known
    ]
    # By key, what it is to mean from now on.
    meanings: dict[str, set[str]] = {}
    for name in keymap.keys() & known.keys():
        for binding in Binding.make_bindings([Binding(keymap[name], "", "")]):
            meanings.setdefault(binding.key, set()).add(name)
    own = all_bindings()
    lost: set[str] = set()
    for node in own:
        # As Textual has it: a key of what a class is built on gives way to its own.
        everything = [b for base in reversed(node.__mro__) for b in own.get(base, [])]
        together = {b.key: b for b in everything}.values()
        gave_way = {(b.key, b.id) for b in everything} - {(b.key, b.id) for b in together}
        names = {binding.id for binding in together}
        for key, wanted in meanings.items():
            here = sorted(name for name in wanted & names if (key, name) not in gave_way)
            if len(here) > 1:
                lost.add(f"keys: {key} cannot mean both {' and '.join(here)}")
            lost.update(
                f"keys: {key} no longer means {binding.description}"
                for binding in together
                if here and binding.key == key and binding.id not in keymap
            )
            new = [name for name in here if key not in known[name][0].split(",")]
            lost.update(
                f"keys: {key} no longer means {binding.description}"
                for binding in _behind(node, own)
                if new and binding.key == key and binding.id not in keymap
            )
    for names in _together(own):
        for key, wanted in meanings.items():
            here = sorted(wanted & names)
            # What shares a key by itself was made so.
            if not all(key in known[name][0].split(",") for name in here) and len(here) > 1:
                lost.add(f"keys: {key} cannot mean both {' and '.join(here)}")
    return found + sorted(lost)


def _behind(node: type[DOMNode], own: Mapping[type[DOMNode], list[Binding]]) -> Iterator[Binding]:
    """What a key means that a widget or a screen leaves alone: on the screens that show it, in the app."""
    if issubclass(node, App):
        return
    for other, bindings in own.items():
        if issubclass(other, App):
            yield from bindings
        elif issubclass(other, Screen) and not issubclass(node, Screen) and _shows(other, node):
            for base in other.__mro__:
                yield from own.get(base, [])


def _shows(screen: type[DOMNode], widget: type[DOMNode]) -> bool:
    """A screen that has a widget knows it by name, or what the screen is built on does."""
    modules = [sys.modules[base.__module__] for base in screen.__mro__]
    return any(widget in vars(module).values() for module in modules)


def _together(own: Mapping[type[DOMNode], list[Binding]]) -> Iterator[set[str]]:
    """The names that work at the same time: of a screen, what has its focus, and the app."""
    by_name = {node.__name__: node for node in own}
    for screen in own:
        if not issubclass(screen, Screen):
            continue
        focus = by_name.get(str(screen.AUTO_FOCUS))
        nodes = {*screen.__mro__, *(focus.__mro__ if focus else ()), app.AgcxApp}
        yield {binding.id for node in nodes for binding in own.get(node, []) if binding.id}
