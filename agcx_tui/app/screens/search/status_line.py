"""The line below the results of a search: how much was searched, and whether by the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.core.search.summary import shorter, summary

if TYPE_CHECKING:
    from agcx_tui.app.screens.search.live_results import LiveResults
    from agcx_tui.core.search.index_keeper import IndexKeeper

__all__ = ["StatusLine"]

# Cells between the words of both edges.
_BETWEEN = 2


class StatusLine(EdgeLine):
    """How much was searched matters more than how."""

    GIVES_WAY = "right"

    # What it says where there is room for all of it.
    _full = "", ""

    def tell(self, live: LiveResults, index: IndexKeeper) -> None:
        """Say how far a search is, and the state of the index."""
        if not live.line:
            self._full = "", index.words(0)
        else:
            words = summary(live.progress)
            if live.running:
                words = words.replace("searched", "searching…", 1).replace(" · no hits", "")
            self._full = words, index.words(live.progress.direct)
        self._fit()

    def on_resize(self) -> None:
        self._fit()

    def _fit(self) -> None:
        """In other words where there is no room for these."""
        words, right = self._full
        needed = len(words) + (len(right) + _BETWEEN if right else 0)
        if needed > self.content_size.width > 0:
            words, right = shorter(words), right.replace(" of ", "/")
            if right.startswith("without an index"):
                # The storage screen says why.
                right = "no index"
        self.show(words, right)
