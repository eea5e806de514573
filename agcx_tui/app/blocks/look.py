"""What a block needs to know besides its message: how to draw it, and its neighbors."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from agcx_format import MessageSnapshot
from agcx_format.transcript import Branches, ModeChange
from agcx_tui.app.blocks.palette import Palette

__all__ = ["Around", "Fold", "Look"]


class Fold(IntEnum):
    """How much of a block is shown.

    `FULL` leaves no lines out.  `WRITTEN` adds what is drawn in other words, as it was written.
    """

    FOLDED = 0
    OPEN = 1
    FULL = 2
    WRITTEN = 3


@dataclass(frozen=True, slots=True)
class Look:
    """`width` in cells, without the rail; `compact` omits headers, for a preview."""

    width: int
    palette: Palette = field(default_factory=Palette)
    compact: bool = False


@dataclass(frozen=True, slots=True)
class Around:
    """The neighbors, which decide on gaps, elapsed time, and which output answers which call.

    `partner` is the output of a call or the call of an output; `adjacent` means that nothing
    is between the two.  `dated` asks for the date because nothing was said before.  `branches` are those
    of the conversation, None until they are read.  `turn` is the number of its turn, None if not known.
    `modes` are the changes of mode just before it.  `is_task` says that it is what a subagent was asked to
    do, `follows_task` the same of the message before it.
    """

    index: int
    previous: MessageSnapshot | None = None
    previous_open: bool = False
    partner: MessageSnapshot | None = None
    adjacent: bool = False
    dated: bool = False
    branches: Branches | None = None
    turn: int | None = None
    modes: tuple[ModeChange, ...] = ()
    is_task: bool = False
    follows_task: bool = False
