"""Follows one session file that was opened without its store.

Strategy: one look a second costs next to nothing and works on every file system, also when the file is
replaced, which every save does.

No Textual.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agcx_format.disk import Signature
from agcx_format.errors import PersistenceError

if TYPE_CHECKING:
    from agcx_tui.core.store.opened_store import OpenedStore

__all__ = ["follow_file"]

# Seconds between two looks.
_EVERY = 1.0


async def follow_file(path: str, opened: OpenedStore) -> None:
    """Publish each new version of a file as one that another program saved, until this is cancelled."""
    seen: Signature | None = None
    while True:
        found = await asyncio.to_thread(_signature, path)
        if found is not None and found != seen:
            # The first version too: it may be newer than the one that was opened.
            seen = found
            opened.saved.publish({path: found})
        await asyncio.sleep(_EVERY)


def _signature(path: str) -> Signature | None:
    try:
        return Signature.of_target(path)
    except PersistenceError:
        return None
