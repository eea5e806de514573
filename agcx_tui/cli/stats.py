"""`agcx stats`: where the space goes."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import click

from agcx_tui.cli.common import Settings, pass_settings, print_json, store_option, tell
from agcx_tui.core.local.paths import cache_directory, measures

if TYPE_CHECKING:
    from agcx_format.space import Stats

_LABEL_WIDTH = 36
# How many files between two updates of the progress line.
_EVERY = 50


@click.command(short_help="Show where the space goes.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@store_option
@pass_settings
def stats(settings: Settings, as_json: bool) -> None:
    """Show where the space goes: by content, directory, model, month, and tag.

    Reads every file completely. Sizes by content are decompressed, all others are sizes on disk; a
    session with two tags counts for both. Results are kept, even if interrupted, and the next run
    reads only new files.
    """
    from agcx_format.space import Stats, StatsCache

    found = Stats()
    store = settings.store()
    entries = list(store.scan())
    with closing(StatsCache(measures(cache_directory()), store.path).gather(entries)) as files:
        for done, file in enumerate(files, 1):
            found.add(file)
            if done % _EVERY == 0:
                _progress(done, len(entries))
    _progress(0, 0)
    in_trash = sum(session.size for session in store.trash())
    if as_json:
        print_json(_facts(found) | {"trash": in_trash})
    else:
        _print(found, in_trash)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        words = f"{done:,} of {total:,}" if total else ""
        click.echo(f"\r\x1b[K{words}", nl=False, err=True)


def _print(found: Stats, in_trash: int) -> None:
    from agcx_tui.core.sessions.columns import fit, plain_cells
    from agcx_tui.core.words.format import size
    from agcx_tui.core.words.storage_report import BAR, bar, headline, sections

    for section in sections(found):
        if not section.lines:
            continue
        click.echo(section.title)
        for line in section.lines:
            drawn = bar(line.amount, section.largest)
            label = fit(plain_cells(line.label[:200]), _LABEL_WIDTH)
            click.echo(f"  {label}  {size(line.amount):>7}  {drawn:{BAR}}  {line.note}".rstrip())
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
