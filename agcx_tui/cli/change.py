"""`agcx delete` and `agcx undo`: both through the store's journal, so nothing is lost by either."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from agcx_tui.cli.common import (
    Settings,
    confirm,
    pass_settings,
    sessions_argument,
    store_option,
    tell,
)
from agcx_tui.wording import counted, size

if TYPE_CHECKING:
    from agcx_format.store import ScanEntry

# A file that changed so lately may be an agent's that still writes it.
_JUST_NOW_SECONDS = 5 * 60
_TITLES_SHOWN = 10
_TITLE_LENGTH = 70


@click.command()
@sessions_argument()
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
@pass_settings
def delete(settings: Settings, sessions: tuple[str, ...], yes: bool) -> None:
    """Move sessions to the store's trash; `agcx undo` brings them back."""
    store = settings.store()
    entries = settings.find(store, sessions)
    if not entries:
        return
    if not yes:
        _show_what(entries)
        if not confirm(f"Delete {_amount(entries)}?"):
            settings.failed("nothing was deleted: it was not confirmed (--yes does not ask)")
            return
    store.delete(entries)
    tell(f"Deleted {_amount(entries)}. Bring back: agcx undo")


@click.command()
@store_option
@pass_settings
def undo(settings: Settings) -> None:
    """Take back the last change."""
    act = settings.store().undo()
    titles = ", ".join(_shortened(title) for title in act.titles[:3])
    more = f" and {act.count - 3:,} more" if act.count > 3 else ""
    tell(f"Undone: {act.kind} of {counted(act.count, 'session')}: {titles}{more}")


def _amount(entries: list[ScanEntry]) -> str:
    total = size(sum(entry.size for entry in entries))
    return f"{counted(len(entries), 'session')} ({total})"


def _show_what(entries: list[ScanEntry]) -> None:
    for entry in entries[:_TITLES_SHOWN]:
        notes = [size(entry.size)]
        if entry.metadata is None:
            notes.append("unreadable")
        elif entry.metadata.is_favorite:
            notes.append("a favourite")
        if time.time() - entry.mtime_ns / 1e9 < _JUST_NOW_SECONDS:
            notes.append("changed a moment ago: an agent may still write it")
        tell(f"  {_shortened(entry.title)}  ({', '.join(notes)})")
    if len(entries) > _TITLES_SHOWN:
        tell(f"  … and {len(entries) - _TITLES_SHOWN:,} more")


def _shortened(title: str) -> str:
    return title if len(title) <= _TITLE_LENGTH else title[: _TITLE_LENGTH - 1] + "…"
