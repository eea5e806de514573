"""Reads what can still be read of a damaged file, message by message."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.doctor.damaged_file import DamagedFile
from agcx_format.doctor.salvage_layout1 import salvage_layout1
from agcx_format.doctor.salvage_layout2 import salvage_layout2
from agcx_format.doctor.salvaged import Salvaged
from agcx_format.errors import PersistenceError
from agcx_format.layout import Layout, v1, v2
from agcx_format.session.message_walk import MessageWalk

__all__ = ["salvage", "salvage_checkpoint"]


def salvage(file: DamagedFile, layout: Layout) -> Salvaged:
    """Read a file as one of this layout; the result is `empty` if it is not."""
    way = _WAYS.get(layout)
    return _salvage_any(file, layout) if way is None else way(file)


def salvage_checkpoint(file: DamagedFile, layout: Layout) -> Salvaged | None:
    """Read a checkpoint; None for a form in which no message can be found after a damaged one."""
    way = _CHECKPOINT_WAYS.get(layout)
    return None if way is None else way(file)


def _salvage_any(file: DamagedFile, layout: Layout) -> Salvaged:
    """Read what the layout itself still finds: this module does not know how its files break."""
    found = Salvaged(layout.version)
    data = file.section(0)
    try:
        found.metadata = layout.metadata(data)
        place = layout.messages(data)
    except PersistenceError as error:
        found.lost.append(f"what cannot be found: {error.reason}")
        return found
    pieces = file.pieces(place.start, place.end)
    found.walk(MessageWalk(pieces, place.before, limits.WHOLE_SECTION))
    try:
        found.context = messagepack.encode(layout.context(data))
    except PersistenceError:
        found.lost.append("the context: it cannot be read, an empty one takes its place")
    try:
        found.state = layout.state(data)
    except PersistenceError:
        found.lost.append("the state: it cannot be read, an initial one takes its place")
    return found


_Way = Callable[[DamagedFile], Salvaged]
_WAYS: dict[Layout, _Way] = {v1.LAYOUT: salvage_layout1, v2.LAYOUT: salvage_layout2}
# A checkpoint of layout 1 is a single bincode value, from which nothing can be saved.
_CHECKPOINT_WAYS: dict[Layout, _Way] = {
    v2.LAYOUT: partial(salvage_layout2, before=v2.BEFORE_CHECKPOINT_MESSAGES)
}
