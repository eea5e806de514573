"""Steps from match to match, each taken as soon as its target is known.

Strategy: a step waits while the match after this one may not have been found yet, or which match this one
is.  So steps that come at once, as from a slow line, lead as far as one by one.  Those that still wait when
the reader goes elsewhere are dropped, since they are no longer expected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agcx_tui.app.widgets.transcript.matches import Matches
    from agcx_tui.core.conversation.search import Found

__all__ = ["Beyond", "MatchSteps"]

Beyond = Callable[[int], bool]
"""Steps on from the last match (1), or back from the first one (-1).

Says whether this leads to another conversation: then it gets all further steps as well.
"""


class MatchSteps:
    """Without `beyond` they go around."""

    def __init__(self, beyond: Beyond | None) -> None:
        self._beyond = beyond
        self._waiting: deque[int] = deque()
        self._is_leaving = False
        # Where the reader had moved to from the current match when the last one was requested, if anywhere.
        self._asked_at: int | None = None

    def ask(self, direction: int, matches: Matches | None) -> None:
        """Ask for the next match (1) or the previous one (-1)."""
        left_for = None if matches is None else matches.left_for
        if left_for != self._asked_at:
            self._waiting.clear()
        self._asked_at = left_for
        self._waiting.append(direction)

    def forget(self) -> None:
        """Take none of those that wait."""
        self._waiting.clear()

    def take(self, matches: Matches, found: Found | None) -> bool:
        """Take the steps that are possible with what was found; true if one led to a match."""
        moved = False
        if matches.left_for != self._asked_at:
            self._waiting.clear()
        while self._waiting:
            led = self._take(self._waiting[0], matches, found)
            if led is None:
                break
            self._waiting.popleft()
            self._asked_at = matches.left_for
            moved |= led
        return moved

    def _take(self, direction: int, matches: Matches, found: Found | None) -> bool | None:
        """Whether it led to a match of this conversation; None while that is not known."""
        if self._is_leaving and self._beyond is not None:
            self._is_leaving = self._beyond(direction)
            return False
        is_done = found is not None and found.done
        if not is_done and not matches.knows(direction, 0 if found is None else found.searched):
            return None
        if matches.step(direction):
            return True
        if not is_done:
            return None
        if self._beyond is None:
            matches.wrap(direction)
            return True
        self._is_leaving = self._beyond(direction)
        return False
