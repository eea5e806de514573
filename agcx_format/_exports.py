"""Public names that are imported when they are first asked for, so that a program pays for what it uses.

Strategy: a package lists its names by the module that has them, and imports the same names for type
checkers only.  `tests/test_public.py` compares the two.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["names_in", "on_demand"]

Homes = dict[str, str]


def names_in(homes: Homes) -> list[str]:
    """All names of a table, sorted."""
    return sorted(name for names in homes.values() for name in names.split())


def on_demand(package: str, homes: Homes) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The functions `__getattr__` and `__dir__` of a package.

    `homes` gives for each module, relative to the package, the names in it, with blanks between them.
    """
    module_of = {name: module for module, names in homes.items() for name in names.split()}

    def get(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{module_of[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        # Not what the package itself imports: only its public names, and the modules that are loaded.
        here = vars(sys.modules[package]).items()
        inside = {n for n, value in here if n.startswith("_") or isinstance(value, ModuleType)}
        return sorted({*inside, *module_of})

    return get, names
