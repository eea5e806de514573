"""What was destroyed is forgotten: no cache of the program keeps a word of it.

Strategy: one place that knows every cache there is.  Whoever destroys calls `forget`; whoever adds
a cache adds it here.  No Textual; it may block.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from uuid import UUID

__all__ = ["forget"]


def forget(ids: Collection[UUID], state: Path | None) -> None:
    """Take these sessions out of what is kept in `state`, the program's state directory."""
    if ids and state is not None:
        from agcx_tui.reading_positions import ReadingPositions

        ReadingPositions(state).forget(ids)
