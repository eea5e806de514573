"""The layouts of session files: `registry` knows them all, and is imported when it is first asked.

`base` is the interface of a layout, `v1` and `v2` are the two that exist.  `checkpoint` and `index` are the
other files of a store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.layout.base import Layout as Layout
    from agcx_format.layout.encoded import EncodedFile as EncodedFile
    from agcx_format.layout.encoded import Hold as Hold
    from agcx_format.layout.registry import HEAD as HEAD
    from agcx_format.layout.registry import LAYOUTS as LAYOUTS
    from agcx_format.layout.registry import by_version as by_version
    from agcx_format.layout.registry import guess as guess
    from agcx_format.layout.registry import of as of

_HOMES = {
    "base": "Layout",
    "encoded": "EncodedFile Hold",
    "registry": "HEAD LAYOUTS by_version guess of",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
