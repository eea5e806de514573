"""How to install what only one feature needs.  Pure."""

from __future__ import annotations

from typing import Literal

__all__ = ["how_to_install"]


def how_to_install(extra: Literal["mcp", "pictures"]) -> str:
    """The command, from the directory of agcx: no package index has agcx, and its name there is free."""
    return f"in the directory of agcx: pip install '.[{extra}]'"
