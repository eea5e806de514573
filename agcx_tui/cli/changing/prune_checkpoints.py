"""The part of `agcx prune` that takes checkpoints: those that no session lists, and all but the newest."""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

import click

from agcx_tui.cli.changing.checkpoint import checkpoint_lines
from agcx_tui.cli.common import Settings, confirm, even_unread, print_json, tell
from agcx_tui.core.words.format import counted, size

if TYPE_CHECKING:
    from agcx_format import Store
    from agcx_format.space import CheckpointSelection, Protected

__all__ = ["prune_checkpoints"]


def prune_checkpoints(
    settings: Settings,
    unlisted: bool,
    keep: int | None,
    include: Collection[Protected],
    as_json: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """List what the rule takes and, unless it is a dry run, move that to the trash after a question."""
    from agcx_format.space import select_checkpoints

    store = settings.store()
    now = time.time_ns()
    selection = select_checkpoints(store, now, unlisted=unlisted, keep=keep, include=include)
    with even_unread():
        _show(store, selection, as_json)
    count = counted(len(selection.chosen), "checkpoint")
    words = f"{count} · {size(selection.size)}"
    tell(f"{words} · {selection.spared:,} kept" if selection.spared else words)
    if dry_run or not selection.chosen:
        return
    amount = f"{count} ({size(selection.size)})"
    if not yes and not confirm(f"Delete {amount}?"):
        settings.failed("nothing was deleted: not confirmed (--yes skips the question)")
        return
    store.checkpoints.delete(selection.checkpoints, kind="checkpoint-prune")
    tell(f"Deleted {amount}. Undo with: agcx undo")


def _show(store: Store, selection: CheckpointSelection, as_json: bool) -> None:
    if not as_json:
        for line in checkpoint_lines(selection.checkpoints):
            click.echo(line)
        return
    for each in selection.chosen:
        found = each.checkpoint
        print_json(
            {
                "id": f"{found.session_id}@{found.metadata.id}",
                "title": found.title,
                "path": str(store.path / (found.path or "")),
                "bytes": found.size,
                "reasons": each.reasons,
            }
        )
