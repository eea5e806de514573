"""Begins a search before the command line is imported: another process looks at the store's files meanwhile.

Strategy: this guesses what the arguments mean.  A wrong guess costs some time of another processor, and no
more: what was looked at is used only where it is the store that the command searches.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agcx_tui.core.local.paths import find_store

if TYPE_CHECKING:
    from agcx_format.search import LookAhead

__all__ = ["look_ahead", "searched_store"]

# With these nothing is searched, or not before something else that may take long.
_NOT_AT_ONCE = {"--build", "--help", "-h"}


def look_ahead(arguments: list[str]) -> LookAhead | None:
    """The files of the store that will probably be searched; None where no search was asked for."""
    store = searched_store(arguments)
    if store is None:
        return None
    from agcx_format.search import LookAhead

    return LookAhead(store)


def searched_store(arguments: list[str]) -> Path | None:
    """The store that will probably be searched, if any."""
    named, rest = None, []
    words = iter(arguments)
    for word in words:
        if word == "--store":
            named = next(words, None)
        elif word.startswith("--store="):
            named = word.removeprefix("--store=")
        else:
            rest.append(word)
    if rest[:1] != ["search"] or not _NOT_AT_ONCE.isdisjoint(rest):
        return None
    try:
        # An empty name is wrong use, which the command reports.
        return find_store(named or None).path
    except (OSError, RuntimeError, ValueError):
        return None
