"""`agcx prune`: clean up by rule, into the trash.

Strategy: the sessions that `--dry-run` lists are those that the question names and that are deleted, provided
that their files have not changed since.  With `--export`, only what was exported is deleted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agcx_format.transcript import safe_line
from agcx_tui.cli.changing.change import may_delete, show_facts
from agcx_tui.cli.common import (
    Filled,
    Settings,
    even_unread,
    pass_settings,
    print_json,
    store_option,
    tell,
)
from agcx_tui.cli.values import Age, Amount, Bytes
from agcx_tui.core.words.format import counted, size

if TYPE_CHECKING:
    from agcx_format.space import Chosen, Selection

# As `agcx_format.space.Protected`, which would make --help slow; a test compares them.
PROTECTED = ("favorites", "unreadable", "checkpoints", "in-use")


# Other spellings of them, and the earlier name of one.
_SPELLINGS = {"favourites": "favorites", "at-work": "in-use"}


class _Kind(click.Choice[str]):
    """A protected kind, in any of its spellings."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return super().convert(_SPELLINGS.get(value, value), param, ctx)


_TITLE_WIDTH = 50


@click.command(short_help="Move sessions that match conditions to the trash.")
@click.option(
    "--older-than", type=Filled(Age()), metavar="AGE", help="Not used since: 90d, 2024-11."
)
@click.option("--larger-than", type=Filled(Bytes()), metavar="SIZE", help="Larger on disk: 10MB.")
@click.option("--empty", is_flag=True, help="Without messages.")
@click.option("--imported-unchanged", is_flag=True, help="Imported and not changed since.")
@click.option("--duplicates", is_flag=True, help="With the same messages as a newer session.")
@click.option("--keep", type=click.IntRange(0), metavar="N", help="All except the newest N.")
@click.option(
    "--unlisted-checkpoints",
    is_flag=True,
    help="Instead of sessions: checkpoints that no session lists.",
)
@click.option(
    "--keep-checkpoints",
    type=click.IntRange(0),
    metavar="N",
    help="Instead of sessions: all except the newest N checkpoints of each.",
)
@click.option(
    "--max-total",
    type=Filled(Amount()),
    metavar="SIZE",
    help="All except the newest that take no more than this together: 1GB, 80%.",
)
@click.option(
    "--free",
    type=Filled(Amount()),
    metavar="SIZE",
    help="The longest unused, until this much is freed: 100MB, 10%.",
)
@click.option(
    "--model", type=Filled(), metavar="MODEL", help="Of this model; * and ? are wildcards."
)
@click.option("--tag", type=Filled(), metavar="TAG", help="With this tag; * and ? are wildcards.")
@click.option(
    "--directory", type=Filled(), metavar="DIR", help="Sessions that worked in DIR or below."
)
@click.option(
    "--include", type=_Kind(PROTECTED), multiple=True, help="Also sessions of a protected kind."
)
@click.option(
    "--export",
    "export_to",
    metavar="DIR",
    type=Filled(click.Path(file_okay=False, path_type=Path)),
    help="Export as JSON first; delete only what was exported.",
)
@click.option("--overwrite", is_flag=True, help="With --export: replace files that exist.")
@click.option("--json", "as_json", is_flag=True, help="The list as one JSON object per line.")
@click.option("--dry-run", is_flag=True, help="Show the list; change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@store_option
@pass_settings
def prune(
    settings: Settings,
    /,
    export_to: Path | None,
    overwrite: bool,
    as_json: bool,
    dry_run: bool,
    yes: bool,
    include: tuple[str, ...],
    unlisted_checkpoints: bool,
    keep_checkpoints: int | None,
    **conditions: Any,
) -> None:
    """Move the sessions that match all given conditions to the trash.

    Protected: favorites, unreadable files, sessions with checkpoints, and sessions in use; --include
    includes them. `agcx undo` restores everything. The space is free once the trash is emptied.

    \b
      agcx prune --free 100MB
      agcx prune --older-than 90d --keep 20
    """
    from agcx_format.space import Protected, PruneRule, select

    if conditions["directory"]:
        conditions["directory"] = str(Path(conditions["directory"]).expanduser().absolute())
    rule = PruneRule(**conditions, include=frozenset(map(Protected, include)))
    if unlisted_checkpoints or keep_checkpoints is not None:
        if rule or export_to is not None:
            raise click.UsageError("conditions for checkpoints and for sessions cannot be combined")
        from agcx_tui.cli.changing.prune_checkpoints import prune_checkpoints

        prune_checkpoints(
            settings, unlisted_checkpoints, keep_checkpoints, rule.include, as_json, dry_run, yes
        )
        return
    if not rule:
        raise click.UsageError("no condition given: name at least one, such as --older-than 90d")
    if overwrite and export_to is None:
        raise click.UsageError("--overwrite needs --export")
    store = settings.store()
    selection = select(store, rule, time.time_ns())
    with even_unread():
        _show(selection, as_json)
    _show_sums(selection)
    if dry_run or not selection.chosen:
        return
    amount = f"{counted(len(selection.chosen), 'session')} ({size(selection.size)})"
    if not yes:
        entries = selection.entries
        show_facts(entries, len(store.at_work(entries, time.time_ns())))
        if not may_delete(settings, entries, amount):
            return
    chosen: Sequence[Chosen] = selection.chosen
    if export_to is not None:
        chosen = _exported(settings, chosen, export_to, overwrite)
    if chosen:
        act = store.delete([each.entry for each in chosen], kind="prune")
        amount = f"{counted(act.count, 'session')} ({size(act.size)})"
        tell(f"Deleted {amount}. Undo with: agcx undo; free the space with: agcx trash empty")


def _show(selection: Selection, as_json: bool) -> None:
    from agcx_tui.core.sessions.columns import fit, plain_cells

    for each in selection.chosen:
        if as_json:
            print_json(_facts(each))
            continue
        title = fit(plain_cells(each.entry.title[:200]).strip() or "(no title)", _TITLE_WIDTH)
        name = str(each.entry.id or "")[:8]
        reasons = safe_line("; ".join(each.reasons))
        click.echo(f"{name:8}  {size(each.size):>7}  {title}  {reasons}")


def _show_sums(selection: Selection) -> None:
    from agcx_tui.core.words.spared import short_of, spared

    words = [f"{counted(len(selection.chosen), 'session')} · {size(selection.size)}"]
    if selection.missing:
        words.append(short_of(selection))
    if selection.spared:
        words.append(spared(selection))
    tell(" · ".join(words))


def _facts(chosen: Chosen) -> dict[str, Any]:
    entry = chosen.entry
    return {
        "id": str(entry.id) if entry.id else None,
        "title": entry.title,
        "path": entry.path,
        "bytes": chosen.size,
        "reasons": chosen.reasons,
    }


def _exported(
    settings: Settings, chosen: Sequence[Chosen], folder: Path, overwrite: bool
) -> list[Chosen]:
    """The sessions that were exported; the others are reported and not deleted."""
    from agcx_tui.core.export.keep_copies import keep_copies
    from agcx_tui.core.export.write_files import EXISTS

    kept = set()
    for result in keep_copies([each.entry for each in chosen], folder, overwrite=overwrite):
        if not result.error:
            kept.add(result.source)
            continue
        hint = " (--overwrite replaces it)" if result.error.startswith(EXISTS) else ""
        settings.failed(f"{result.target}: {result.error}; the session was not deleted{hint}")
    return [each for each in chosen if each.entry.path in kept]
