"""`agcx stats`: where the space goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from agcx_tui.cli.common import Settings, pass_settings, print_json, store_option, tell
from agcx_tui.core.local.paths import cache_directory, measures

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store
    from agcx_format.space import ActivitySums, FileStats, Stats

_LABEL_WIDTH = 36
# How many files between two updates of the progress line.
_EVERY = 50


@click.command(short_help="Show what takes the space.")
@click.option(
    "--activity", is_flag=True, help="Also what happened in them: time, tools, failed calls, lines."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@store_option
@pass_settings
def stats(settings: Settings, activity: bool, as_json: bool) -> None:
    """Show what takes the space: by content, directory, model, month, and tag.

    Reads every file completely. Sizes by content are decompressed, all others are sizes on disk; a
    session with two tags counts for both, and a subagent as a session of its own. Results are kept, even
    if interrupted, and the next run reads only new files.
    """
    from agcx_format.space import Stats
    from agcx_tui.core.store.measured_files import files_to_measure

    store = settings.store()
    found = Stats(store.checkpoint_sizes())
    for file in measured(store, files_to_measure(store), activity=activity):
        found.add(file)
    in_trash = sum(session.size for session in store.trash())
    if as_json:
        more = {"activity": _activity(found.activity)} if activity else {}
        print_json(_facts(found) | {"trash": in_trash} | more)
    else:
        _print(found, in_trash)


def measured(store: Store, entries: Sequence[ScanEntry], *, activity: bool) -> Iterator[FileStats]:
    """Measure files, those that are not known yet, with a line that says how far that is."""
    from agcx_format.space import StatsCache

    cache = StatsCache(measures(cache_directory()), store.path)
    with closing(cache.gather(entries, activity=activity)) as files:
        for done, file in enumerate(files, 1):
            yield file
            if done % _EVERY == 0:
                _progress(done, len(entries))
    _progress(0, 0)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        words = f"{done:,} of {total:,}" if total else ""
        click.echo(f"\r\x1b[K{words}", nl=False, err=True)


def _print(found: Stats, in_trash: int) -> None:
    from agcx_tui.core.sessions.columns import fit, plain_cells
    from agcx_tui.core.words.format import size
    from agcx_tui.core.words.storage_report import (
        BAR,
        activity_sections,
        bar,
        headline,
        sections,
    )

    for section in [*sections(found), *activity_sections(found)]:
        if not section.lines:
            continue
        click.echo(section.title)
        for line in section.lines:
            drawn = bar(line.amount, section.largest)
            label = fit(plain_cells(line.label[:200]), _LABEL_WIDTH)
            click.echo(
                f"  {label}  {line.shown or size(line.amount):>7}  {drawn:{BAR}}  {line.note}".rstrip()
            )
        if section.hidden:
            click.echo(f"  and {section.hidden:,} more")
        click.echo()
    tell(headline(found, in_trash))


def _facts(found: Stats) -> dict[str, Any]:
    groups = {
        group: [
            {"name": name, "sessions": t.sessions, "disk": t.disk, "plain": t.plain}
            for name, t in sorted(tallies.items(), key=lambda item: item[1].disk, reverse=True)
        ]
        for group, tallies in found.groups.items()
    }
    return {
        "sessions": found.total.sessions,
        "messages": found.messages,
        "disk": found.total.disk,
        "plain": found.total.plain,
        "subagents": {
            "sessions": found.subagents.sessions,
            "disk": found.subagents.disk,
            "plain": found.subagents.plain,
        },
        "incomplete": found.incomplete,
        "kinds": found.kinds,
        **groups,
        "largest_sessions": [
            {"disk": disk, "path": path, "title": title}
            for disk, path, title in found.largest_sessions
        ],
        "largest_messages": [
            {
                "size": m.size,
                "message": m.index + 1,
                "kind": m.kind,
                "path": m.path,
                "title": m.title,
            }
            for m in found.largest_messages
        ],
    }


def _activity(sums: ActivitySums) -> dict[str, Any]:
    tools = sorted(sums.tools.items(), key=lambda item: item[1].calls, reverse=True)
    return {
        "turns": sums.turns,
        "active_seconds": sums.active_seconds,
        "calls": sums.calls,
        "failed": sums.failed,
        "edited": sums.edited,
        "added": sums.added,
        "removed": sums.removed,
        "tools": [
            {
                "name": name,
                "sessions": tally.sessions,
                "calls": tally.calls,
                "failed": tally.failed,
                "seconds": tally.seconds,
            }
            for name, tally in tools
        ],
    }
