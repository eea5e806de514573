"""Bytes to the disk and back: durable writes, locks, maps.  Nothing here knows the format.

`durable` replaces and reads single files; `tree` and `place` reach those of a store without following
links. `compare_and_swap` replaces a file only if it is still the version that was read, `locks` admits one
writer at a time, and `mapped` reads through memory maps that cannot crash the process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.disk.durable import Signature as Signature
    from agcx_format.disk.durable import os_reason as os_reason
    from agcx_format.disk.durable import remove_unused as remove_unused
    from agcx_format.disk.durable import replace_file as replace_file
    from agcx_format.disk.durable import sync_directory as sync_directory
    from agcx_format.disk.durable import sync_written as sync_written
    from agcx_format.disk.durable import write_file as write_file
    from agcx_format.disk.durable import write_unsynced as write_unsynced
    from agcx_format.disk.new_file import make_directory as make_directory
    from agcx_format.disk.new_file import put_new as put_new
    from agcx_format.disk.tree import Tree as Tree

_HOMES = {
    "durable": """Signature os_reason remove_unused replace_file sync_directory
        sync_written write_file write_unsynced""",
    "new_file": "make_directory put_new",
    "tree": "Tree",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
