"""The screens that the browser opens beside itself, each imported when it is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

    from agcx_tui.app.screens.storage import Opened
    from agcx_tui.app.services import Services
    from agcx_tui.core.store.act_queue import ActQueue

__all__ = ["beside"]


def beside(name: str, services: Services, acts: ActQueue) -> Screen[Opened] | Screen[None]:
    """The screen of this name; it leaves with the sessions that the list is to show, None for all.

    Raises:
        ValueError: There is no such screen.
    """
    if name == "storage":
        from agcx_tui.app.screens.storage import StorageScreen

        return StorageScreen(services, acts)
    if name == "prune":
        from agcx_tui.app.screens.prune import PruneScreen

        return PruneScreen(services, acts)
    if name == "trash":
        from agcx_tui.app.screens.trash import TrashScreen

        return TrashScreen(services, acts)
    if name == "history":
        from agcx_tui.app.screens.history import HistoryScreen

        return HistoryScreen(services, acts)
    if name == "import":
        from agcx_tui.app.screens.importing import ImportScreen

        return ImportScreen(services, acts)
    raise ValueError(f"no screen {name}")
