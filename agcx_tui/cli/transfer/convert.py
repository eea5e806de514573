"""`agcx convert`: sessions in the other layout, where they are, with checkpoints, copies, and index.

Strategy: what the layout has no place for is said before anything changes, and asked about.  All sessions
that can be converted change in one act; a session that cannot is not changed, and is reported.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from agcx_format.transcript import safe_line
from agcx_tui.cli.changing.change import force_option, may_change
from agcx_tui.cli.common import (
    Settings,
    complete_session,
    confirm,
    even_unread,
    pass_settings,
    print_json,
    store_option,
    tell,
)
from agcx_tui.core.words.format import counted, shortened, size

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store

CONVERTED, UNCHANGED, FAILED = "converted", "unchanged", "failed"
_TITLE_WIDTH = 50


@click.command(short_help="Write sessions in the other layout, in place.")
@click.argument("sessions", metavar="[SESSION]...", nargs=-1, shell_complete=complete_session)
@click.option("--all", "all_", is_flag=True, help="Every session of the store.")
@click.option(
    "--layout", type=click.Choice(["1", "2"]), required=True, help="The layout to write them in."
)
@click.option("--yes", is_flag=True, help="Do not ask, even if something is left out.")
@click.option("--dry-run", is_flag=True, help="Show what would be left out; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per session, one per line.")
@force_option
@store_option
@pass_settings
def convert(
    settings: Settings,
    sessions: tuple[str, ...],
    all_: bool,
    layout: str,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    force: bool,
) -> None:
    """Write sessions in layout 1 or 2, with their checkpoints; the index follows.

    It first lists what the layout cannot hold. The old files go to the trash; `agcx undo` restores
    them.
    """
    if bool(sessions) == all_:
        raise click.UsageError("name what to convert: SESSION, or --all")
    store = settings.store()
    entries = list(store.scan()) if all_ else settings.find(store, sessions)
    wanted, is_something_lost = _reviewed(settings, store, entries, int(layout), as_json)
    if not wanted or dry_run:
        tell(_sum(wanted, layout, "would be converted" if dry_run else "to convert"))
        return
    if not force and not may_change(settings, store.at_work(wanted, time.time_ns())):
        return
    question = f"Convert {counted(len(wanted), 'session')} to layout {layout} without that?"
    if is_something_lost and not yes and not confirm(question):
        settings.failed("nothing was changed: not confirmed (--yes skips the question)")
        return
    store.convert(wanted, int(layout))
    tell(f"{_sum(wanted, layout, 'converted')}. Undo with: agcx undo")


def _reviewed(
    settings: Settings, store: Store, entries: list[ScanEntry], layout: int, as_json: bool
) -> tuple[list[ScanEntry], bool]:
    """The sessions that can be converted, each printed with what is lost; whether anything is."""
    from agcx_format import PersistenceError

    wanted: list[ScanEntry] = []
    is_something_lost = False
    for entry in entries:
        lost: list[str] = []
        outcome = CONVERTED if entry.layout != layout else UNCHANGED
        try:
            if outcome == CONVERTED:
                lost = store.losses(entry, layout)
                wanted.append(entry)
        except PersistenceError as error:
            settings.failed(error)
            outcome, lost = FAILED, [str(error)]
        is_something_lost = is_something_lost or (outcome == CONVERTED and bool(lost))
        with even_unread():
            _print(entry, outcome, lost, as_json)
    return wanted, is_something_lost


def _print(entry: ScanEntry, outcome: str, lost: list[str], as_json: bool) -> None:
    if as_json:
        print_json(_facts(entry, outcome, lost))
    elif outcome == CONVERTED:
        note = f"  without: {'; '.join(lost)}" if lost else ""
        title = shortened(safe_line(entry.title).strip() or "(no title)", _TITLE_WIDTH)
        click.echo(f"{title}  ({size(entry.size)}){safe_line(note)}")


def _facts(entry: ScanEntry, outcome: str, lost: list[str]) -> dict[str, Any]:
    return {
        "path": entry.path,
        "id": str(entry.id) if entry.id else None,
        "title": entry.title,
        "layout": entry.layout,
        "bytes": entry.size,
        "outcome": outcome,
        "lost": lost if outcome == CONVERTED else [],
        "reason": lost[0] if outcome == FAILED else None,
    }


def _sum(wanted: list[ScanEntry], layout: str, what: str) -> str:
    total = size(sum(entry.size for entry in wanted))
    return f"{counted(len(wanted), 'session')} ({total}) {what} to layout {layout}"
