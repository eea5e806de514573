"""Export sessions as JSON before a rule deletes them.

Strategy: a file is named by the session's id alone, so that it can be found by that.  An existing file with
the same content counts as exported, so deleting again after an undo works.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agcx_tui.core.export.write_files import EXISTS, Exported, Exporter, Form, export_each

if TYPE_CHECKING:
    from agcx_format import ScanEntry

__all__ = ["keep_copies"]

_FORM = Form("json")


def keep_copies(
    entries: Iterable[ScanEntry], folder: Path, *, overwrite: bool = False
) -> Iterator[Exported]:
    """Export each session into the folder; `Exported.error` says why one could not be."""
    jobs = [(entry.path, folder / f"{Path(entry.path).stem}.json") for entry in entries]
    for done in export_each(jobs, _FORM, overwrite=overwrite):
        if not done.error and not done.target.is_file():
            # A device keeps nothing, and the reader of a FIFO need not.
            yield replace(done, error="it is not a regular file, so nothing would be kept")
        elif done.error != EXISTS:
            yield done
        elif _holds(done.target, done.source):
            yield replace(done, size=done.target.stat().st_size, error="")
        else:
            yield replace(done, error=f"{EXISTS}, and holds something else")


def _holds(target: Path, source: str) -> bool:
    """Whether the file has the content that an export would write."""
    if not target.is_file():
        return False
    try:
        with Exporter(_FORM).session(source) as session, open(target, "rb") as file:
            same = all(file.read(len(part)) == part for part in session.parts())
            return same and not file.read(1)
    except OSError:
        return False
