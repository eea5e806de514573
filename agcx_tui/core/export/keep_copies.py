"""What is kept of sessions before a rule deletes them: each as JSON, in a directory, by its id.

Strategy: the id alone names the file, so that what is kept instead of a session is found by it.  A file
that is there already and holds what would be written is as good as one written now: who
deletes, undoes and deletes again has kept it all along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agcx_tui.core.export.write_files import EXISTS, Exported, Exporter, Form, export

if TYPE_CHECKING:
    from agcx_format import ScanEntry

__all__ = ["keep_copies"]

_FORM = Form("json")


def keep_copies(
    entries: Iterable[ScanEntry], folder: Path, *, overwrite: bool = False
) -> Iterator[Exported]:
    """Where each session is kept now, or why it is not: `Exported.error`."""
    jobs = [(entry.path, folder / f"{Path(entry.path).stem}.json") for entry in entries]
    for done in export(jobs, _FORM, overwrite=overwrite):
        if not done.error and not done.target.is_file():
            # A device swallows it, and who reads from a FIFO may keep nothing of it.
            yield replace(done, error="it is no regular file, which keeps nothing")
        elif done.error != EXISTS:
            yield done
        elif _holds(done.target, done.source):
            yield replace(done, size=done.target.stat().st_size, error="")
        else:
            yield replace(done, error=f"{EXISTS}, and holds something else")


def _holds(target: Path, source: str) -> bool:
    """Whether the file is what an export would write."""
    if not target.is_file():
        return False
    try:
        with Exporter(_FORM).session(source) as session, open(target, "rb") as file:
            same = all(file.read(len(part)) == part for part in session.parts())
            return same and not file.read(1)
    except OSError:
        return False
