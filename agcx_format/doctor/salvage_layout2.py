"""Reads what can still be read of a damaged file of layout 2, or of a checkpoint that is built like one.

Strategy: all of it is one stream of zstd frames, read up to the damage. What follows the messages is decoded
element by element.
"""

from __future__ import annotations

import contextlib
from typing import Any

from agcx_format import limits
from agcx_format.codec import messagepack
from agcx_format.codec.messagepack import lenient
from agcx_format.doctor.damaged_file import DamagedFile
from agcx_format.doctor.salvaged import Salvaged
from agcx_format.doctor.session import AFTER_MESSAGES, first_element, value_end
from agcx_format.errors import PersistenceError
from agcx_format.layout import v2
from agcx_format.model.session import SessionMetadata
from agcx_format.session.message_walk import MessageWalk

__all__ = ["salvage_layout2"]


def salvage_layout2(source: DamagedFile, before: tuple[str, ...] = v2.BEFORE_MESSAGES) -> Salvaged:
    """`before` counts the elements before the messages: a checkpoint has no metadata there."""
    found = Salvaged(v2.VERSION)
    walk = MessageWalk(source.pieces(v2.HEADER), before, limits.WHOLE_SECTION)
    found.walk(walk)
    place = first_element(walk.head)
    if before == v2.BEFORE_MESSAGES:
        try:
            raw = walk.head[slice(*place)] if place else b""
            found.metadata = messagepack.decode(SessionMetadata, raw)
        except PersistenceError as error:
            found.lost.append(f"the metadata: {error.reason}")
    _take_after(found, walk.tail)
    return found


def _take_after(found: Salvaged, tail: bytes) -> None:
    kept: dict[str, tuple[bytes, Any]] = {}
    at = 0
    try:
        for name, type_ in AFTER_MESSAGES:
            end = at + value_end(tail[at:])
            with contextlib.suppress(PersistenceError):
                kept[name] = tail[at:end], messagepack.decode(type_, tail[at:end])
            at = end
    except lenient.UNPACK_ERRORS:
        # The decompressed data ends here.
        pass
    found.context = kept.get("context", (None,))[0]
    found.history = kept.get("mode history", (None,))[0]
    found.state = kept["state"][1] if "state" in kept else None
    for name in ("context", "mode history", "state"):
        if name not in kept:
            found.lost.append(f"the {name}: it cannot be read, an initial one takes its place")
