"""`agcx sync`: what is new of every agent that keeps conversations on this machine, in one act, or always."""

from __future__ import annotations

import click

from agcx_tui.cli.common import Settings, pass_settings, store_option, tell
from agcx_tui.cli.transfer.import_report import Reporter
from agcx_tui.cli.transfer.importing import import_found


@click.command(short_help="Import what is new of all agents.")
@click.option("--dry-run", is_flag=True, help="Show what would be imported; change nothing.")
@click.option("--watch", is_flag=True, help="Keep importing what the agents write, until ctrl+c.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file, one per line.")
@store_option
@pass_settings
def sync(settings: Settings, dry_run: bool, watch: bool, as_json: bool) -> None:
    """Import what is new or has grown since, of every agent that keeps conversations on this machine.

    `agcx import` lists where that is. What was deleted in the store stays deleted, and what
    an undo removed is not imported again unless it is named. An agent without any
    conversations is not an error; the exit status is 1 if a file, or a part of one, could not be read or
    understood. That is said once: the next run is without an error, unless such a file has changed.

    With --watch it runs until ctrl+c or a signal ends it, which is not an error: a session that an agent is
    writing comes within seconds and grows with it, with a line each time. These changes are not in the
    history, as if the agent itself saved in the store.
    """
    if watch and dry_run:
        raise click.UsageError("--watch does not go with --dry-run")
    from agcx_format import open_store
    from agcx_format.counting import counted
    from agcx_format.importing import FoundSource, ImportOptions, look

    # Unlike most commands, this one creates a store that does not exist.
    store = open_store(settings.location.path)
    shown = Reporter(settings, as_json=as_json, per_file=False)
    found: list[FoundSource] = []
    for agent in look(store):
        found += agent.sources
        for error in agent.errors:
            shown.unreadable(error)
    undone = sum(each.was_undone for each in found)
    found = [each for each in found if not each.was_undone]
    options = ImportOptions(dry_run, processes=None)
    is_whole = import_found(settings, store, found, options, shown)
    if undone:
        what = counted(undone, "conversation")
        tell(f"{what} left out whose import was undone: agcx import AGENT imports them")
    if watch and is_whole:
        from agcx_tui.cli.transfer.watching import watch as keep_watching

        keep_watching(settings, store, as_json=as_json)
