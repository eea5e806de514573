"""Destroying on the command line: what is gone leaves the caches of the program, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agcx_tui.core.local.paths import cache_directory, state_directory

if TYPE_CHECKING:
    from agcx_format import Store
    from agcx_format.store import Emptied

__all__ = ["destroy"]


def destroy(store: Store, work: Callable[[], Emptied], report: Callable[[Emptied], None]) -> None:
    """Destroy by `work`; `report` gets what is gone before it is forgotten, unless that fails.

    Raises:
        PersistenceError: Something could not be destroyed, or a cache not be cleaned.
    """
    from agcx_tui.core.store import forget

    state, cache = state_directory(), cache_directory()
    forget.destroy(work, store.path, state=state, cache=cache, report=report)
