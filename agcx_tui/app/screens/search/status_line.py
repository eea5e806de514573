"""The line below the results of a search: how much was searched, and whether by the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.core.search.summary import shorter, summary

if TYPE_CHECKING:
    from agcx_tui.app.screens.search.live_results import LiveResults
    from agcx_tui.core.search.index_keeper import IndexKeeper

__all__ = ["StatusLine"]

# Cells around and between the words.
_AROUND = 4


class StatusLine(EdgeLine):
    """How much was searched matters more than how."""

    GIVES_WAY = "right"

    def tell(self, live: LiveResults, index: IndexKeeper) -> None:
        """Say how far a search is, and the state of the index."""
        if not live.line:
            self.show("", index.words(0))
            return
        words = summary(live.progress)
        if live.running:
            words = words.replace("searched", "searching…", 1).replace(" · no hits", "")
        right = index.words(live.progress.direct)
        if right and len(words) + len(right) + _AROUND > self.screen.size.width:
            words, right = shorter(words), right.replace(" of ", "/")
            if right.startswith("without an index"):
                # The storage screen says why.
                right = "no index"
        self.show(words, right)
