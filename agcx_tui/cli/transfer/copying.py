"""`agcx copy` and `agcx import PATH`: sessions with their checkpoints, from one store into another.

Strategy: existing sessions are kept, so both can be repeated.  All sessions that can be read come in one
change, which `agcx undo` undoes; what the store cannot hold is said before.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from agcx_format.transcript import safe_line
from agcx_tui.cli.common import (
    Filled,
    Settings,
    pass_settings,
    print_json,
    sessions_argument,
    store_option,
    tell,
)

if TYPE_CHECKING:
    from agcx_format import PersistenceError, Store
    from agcx_format.store import Incoming

COPIED, PRESENT, SKIPPED = "copied", "already there", "skipped"


layout_option = click.option(
    "--layout", type=click.Choice(["1", "2"]), help="Write them in this layout."
)


@click.command(short_help="Copy sessions with their checkpoints to another store.")
@sessions_argument()
@click.option(
    "--to",
    "target",
    metavar="STORE",
    required=True,
    type=Filled(click.Path(file_okay=False, path_type=Path)),
    help="The store to copy to; created if it does not exist.",
)
@layout_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per session, one per line.")
@click.option("--dry-run", is_flag=True, help="Show what would be copied; change nothing.")
@store_option
@pass_settings
def copy(
    settings: Settings,
    sessions: tuple[str, ...],
    target: Path,
    layout: str | None,
    as_json: bool,
    dry_run: bool,
) -> None:
    """Copy sessions to another store, with checkpoints and index; the originals stay.

    They take the layout of that store, or --layout; what that cannot hold is listed. A session that is
    already in the other store stays as it is. `agcx undo --store STORE` removes
    the copies again.
    """
    from agcx_format import Store
    from agcx_format.store import incoming_of

    store = settings.store()
    found: list[Incoming | PersistenceError] = []
    for entry in settings.find(store, sessions):
        incoming = incoming_of(store, entry)
        if incoming is not None:
            found.append(incoming)
        else:
            settings.failed(entry.error or f"{entry.path} cannot be read")
    to = Store(target, layout=int(layout) if layout else None)
    bring_in(settings, to, found, as_json, dry_run)


def bring_in(
    settings: Settings,
    store: Store,
    found: Iterable[Incoming | PersistenceError],
    as_json: bool,
    dry_run: bool,
) -> None:
    """Copy sessions to a store, and say what became of each."""
    outcomes: dict[UUID, tuple[Incoming, str, str]] = {}
    again: list[tuple[Incoming, str, str]] = []
    for each in found:
        if isinstance(each, Exception):
            settings.failed(each)
        elif each.id in outcomes:
            again.append((each, SKIPPED, "named before, with the same id"))
        else:
            outcomes[each.id] = (each, *_outcome(settings, store, each))
    new = [each for each, outcome, _ in outcomes.values() if outcome == COPIED]
    if not dry_run:
        for each, reason in _copied(store, new):
            outcomes[each.id] = (each, SKIPPED, reason)
            settings.status = 1
    said = [*outcomes.values(), *again]
    for each, outcome, reason in said:
        if as_json:
            print_json(_facts(each, outcome, reason))
        elif outcome != PRESENT:
            note = f" ({reason})" if reason else ""
            click.echo(safe_line(f"{outcome:>8}  {each.title or each.path}{note}"))
    counts = Counter(outcome for _, outcome, _ in said)
    words = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items())
    where = f"{store.path}: {words or 'no sessions'}"
    tell(f"{where} (a dry run, nothing was changed)" if dry_run else where)


def _copied(store: Store, new: Sequence[Incoming]) -> Iterator[tuple[Incoming, str]]:
    """Copy sessions; yields those that cannot be read to their end, without which it is tried again.

    Raises:
        PersistenceError: something else fails.
    """
    from agcx_format import PersistenceError

    left = {each.id: each for each in new}
    while left:
        try:
            store.copy_in(left.values())
            return
        except PersistenceError as error:
            path = os.fspath(error.path or "")
            bad = next((e for e in left.values() if path in (e.path, *e.checkpoints)), None)
            if bad is None:
                raise
            yield left.pop(bad.id), str(error)


def _outcome(settings: Settings, store: Store, each: Incoming) -> tuple[str, str]:
    """What becomes of a session, and why."""
    from agcx_format import PersistenceError
    from agcx_format.store import is_same

    try:
        if each.id not in store:
            return COPIED, "; ".join(each.losses(store.layout_for(each.layout)))
        if is_same(store, each):
            return PRESENT, ""
    except PersistenceError as error:
        settings.status = 1
        return SKIPPED, str(error)
    return SKIPPED, "another version of it is in the store"


def _facts(each: Incoming, outcome: str, reason: str) -> dict[str, Any]:
    return {
        "path": each.path,
        "outcome": outcome,
        "reason": reason or None,
        "id": str(each.id),
        "title": each.title,
        "checkpoints": len(each.checkpoints),
    }
