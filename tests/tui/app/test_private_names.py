"""What is private of Textual is named in two modules only, and no name of ours hides one of it."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap

from textual.app import App

import agcx_tui.app
from agcx_tui.app import textual_bases, textual_internals
from tests.support.typing_app import TypingApp


def modules() -> list[str]:
    found = pkgutil.walk_packages(agcx_tui.app.__path__, "agcx_tui.app.")
    inside = {textual_internals.__name__, textual_bases.__name__}
    return [each.name for each in found if each.name not in inside]


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


def test_what_is_overridden_is_there_and_is_all_that_is():
    """What is gone from Textual is overridden in vain; a new name of it may be one of ours by chance."""
    classes = (
        textual_bases.EndingApp,
        textual_bases.HeldScreen,
        textual_bases.SteadyView,
    )
    overridden = {
        f"{each.__name__}.{name}"
        for each in classes
        for name in private_names_of(each)
        if any(hasattr(base, name) for base in each.__bases__)
    }
    assert overridden == {
        "EndingApp._display",
        "EndingApp._handle_exception",
        "HeldScreen._compositor_refresh",
        "HeldScreen._invoke_and_clear_callbacks",
        "HeldScreen._on_timer_update",
        "HeldScreen._screen_resized",
        "SteadyView._size_updated",
    }


def private_names_of(each: type) -> set[str]:
    """Those that a class defines or sets itself."""
    names = defined_names(tree_of(each))
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def test_the_test_has_eyes():
    tree = ast.parse("self._own = 1; app._batch_count; field._forward_event()")
    assert private_names(tree, False) == {"_batch_count", "_forward_event"}
    assert private_names(tree, True) == {"_own"}
    assert issubclass(TypingApp, App)
