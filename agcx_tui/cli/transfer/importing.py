"""`agcx import`: sessions of AGCodex, and conversations of other agents.

Strategy: a line for each file that is imported, updated, or fails; files that are already imported are only
counted.  On stderr, what could not be understood of a file, and at the end what became of all lines.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agcx_tui.cli.common import Settings, pass_settings, print_json, store_option, tell
from agcx_tui.cli.transfer.copying import bring_in, layout_option
from agcx_tui.core.local.paths import codex_rollouts

if TYPE_CHECKING:
    from agcx_format import PersistenceError
    from agcx_format.importing import Imported, ImportReport, ImportResult, ImportTotals
    from agcx_format.store import Incoming


class _Import(click.Group):
    """A group that passes a path given in place of an agent to the command for sessions."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and os.path.lexists(args[0]):
            return sessions.name, sessions, args
        return super().resolve_command(ctx, args)


@click.group(
    "import", cls=_Import, short_help="Import sessions, or those of Codex and Claude Code."
)
def import_() -> None:
    """Import conversations of other agents; a second run adds only what is new.

    `agcx import PATH...` is short for `agcx import sessions PATH...`.

    The exit status is 1 if a file, or a part of one, could not be read or understood.
    """


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of every import."""
    decorators: list[Callable[[Callable[..., None]], Callable[..., None]]] = [
        pass_settings,
        store_option,
        click.option("--json", "as_json", is_flag=True, help="One JSON object a file, one a line."),
        click.option(
            "--dry-run", is_flag=True, help="Show what would be imported; change nothing."
        ),
        click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(exists=True)),
    ]
    for decorate in decorators:
        command = decorate(command)
    return command


@import_.command()
@_options
def codex(settings: Settings, paths: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Import Codex rollouts: files, or directories of them.

    Without a PATH, looks in sessions and archived_sessions of $CODEX_HOME or ~/.codex.
    """
    from agcx_format.importing import find_rollouts, read_rollout

    places = [Path(path) for path in paths] or codex_rollouts(os.environ)
    _import(settings, places, dry_run, as_json, find_rollouts, read_rollout)


@import_.command()
@_options
def claude(settings: Settings, paths: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Import Claude Code transcripts: files, or directories of them.

    Without a PATH, looks in projects of $CLAUDE_CONFIG_DIR or ~/.claude.
    """
    from agcx_format.importing import default_places, find_transcripts, read_transcript

    places = [Path(path) for path in paths] or default_places()
    _import(settings, places, dry_run, as_json, find_transcripts, read_transcript)


@import_.command(short_help="Import .agcx files, stores, or sessions exported as JSON.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True))
@layout_option
@click.option("--dry-run", is_flag=True, help="Show what would be imported; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a session, one a line.")
@store_option
@pass_settings
def sessions(
    settings: Settings, paths: tuple[str, ...], layout: str | None, dry_run: bool, as_json: bool
) -> None:
    """Import sessions of AGCodex: .agcx files, whole stores, or sessions exported as JSON.

    A session that is there already is left as it is.
    """
    from agcx_format import Store

    store = Store(settings.location.path, layout=int(layout) if layout else None)
    bring_in(settings, store, _found(paths), as_json, dry_run)


def _found(paths: tuple[str, ...]) -> Iterator[Incoming | PersistenceError]:
    from agcx_format import PersistenceError
    from agcx_format.store import find_incoming

    for path in paths:
        try:
            yield from find_incoming(path)
        except PersistenceError as error:
            yield error


def _import(
    settings: Settings,
    places: list[Path],
    dry_run: bool,
    as_json: bool,
    find: Callable[..., Iterator[Path]],
    read: Callable[[Path], Imported],
) -> None:
    from agcx_format import open_store
    from agcx_format.importing import ImportTotals, import_sessions

    existing = [place for place in places if place.exists()]
    if not existing:
        settings.failed("nothing found: looked in " + ", ".join(map(str, places)))
        return
    # Unlike the other commands, this one creates a store that does not exist.
    store = open_store(settings.location.path)
    outcomes: Counter[str] = Counter()
    totals = ImportTotals()
    for result in import_sessions(store, existing, dry_run, find=find, read=read):
        outcomes[result.outcome] += 1
        if as_json:
            print_json(_facts(result))
        _report(settings, result, silent=as_json)
        if result.report is not None:
            totals.add(result.path, result.report)
    if not as_json:
        for line in _table(totals):
            tell(line)
    _sum_up(outcomes, store.path, dry_run)


def _report(settings: Settings, result: ImportResult, *, silent: bool) -> None:
    from agcx_format.importing import ImportOutcome
    from agcx_format.transcript import safe_line

    if result.outcome is ImportOutcome.FAILED:
        settings.failed(f"{result.path}: {result.reason}")
    elif result.outcome is not ImportOutcome.PRESENT and not silent:
        reason = f" ({result.reason})" if result.reason else ""
        click.echo(safe_line(f"{result.outcome:>8}  {result.title or result.path}{reason}"))
    if result.report is not None and result.report.not_understood:
        settings.status = 1
        tell(f"{result.path}: {_not_understood(result.report)}")


def _not_understood(report: ImportReport) -> str:
    """The bad lines of a file, or else the types of lines that are not known, with the first of them."""
    if report.bad_count:
        number, reason = report.bad_lines[0]
        what = reason
    else:
        name = next(iter(report.unknown))
        number, what = report.examples[name].line, f"unknown type {name}, kept as text"
    if report.not_understood == 1:
        return f"line {number:,} not understood: {what}"
    return f"{report.not_understood:,} lines not understood, the first is line {number:,}: {what}"


def _table(totals: ImportTotals) -> Iterator[str]:
    """What became of the lines of all files that were read, with the first example of each."""
    from agcx_format.counting import counted
    from agcx_format.importing import LineOutcome

    if not totals.counts:
        return
    counts = {
        kind: counted(totals.counts[kind], "message" if kind is LineOutcome.TAKEN else "line")
        for kind in LineOutcome
    }
    width = max(map(len, counts.values()))
    for kind, count in counts.items():
        row = f"{kind:>15}  {count:<{width}}"
        if kind in totals.examples:
            path, name, example = totals.examples[kind]
            row += f"  first: {name}, line {example.line:,} of {path.name}"
        yield row.rstrip()


def _sum_up(outcomes: Counter[str], store: Path, dry_run: bool) -> None:
    words = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
    where = f"{store}: {words or 'nothing found'}"
    tell(f"{where} (a dry run, nothing was changed)" if dry_run else where)


def _facts(result: ImportResult) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "path": str(result.path),
        "outcome": str(result.outcome),
        "reason": result.reason or None,
        "id": str(result.id) if result.id else None,
        "title": result.title,
    }
    if (report := result.report) is not None:
        facts |= {
            "messages": report.messages,
            "duplicates": report.duplicates,
            "skipped": report.skipped,
            "unknown": report.unknown,
            "examples": {
                name: {"line": each.line, "text": each.text}
                for name, each in report.examples.items()
            },
            "kept_as": report.kept_as,
            "left_out": report.left_out,
            "bad_lines": [list(line) for line in report.bad_lines],
            "bad_count": report.bad_count,
            "not_understood": report.not_understood,
            "replaced": report.replaced,
            "without_time": report.without_time,
        }
    return facts
