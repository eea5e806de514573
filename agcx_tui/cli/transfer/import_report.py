"""What `agcx import` prints: a line for each conversation, and at the end what became of all lines.

Strategy: those that are already imported are only counted.  On stderr, what could not be understood of a
file, and at the end what became of all lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agcx_tui.cli.common import Settings, tell

if TYPE_CHECKING:
    from agcx_format.importing import ImportReport, ImportResult, ImportTotals


def report(settings: Settings, result: ImportResult, *, silent: bool) -> None:
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


def table(totals: ImportTotals) -> Iterator[str]:
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


def sum_up(outcomes: Counter[str], store: Path, dry_run: bool) -> None:
    words = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
    where = f"{store}: {words or 'nothing found'}"
    tell(f"{where} (a dry run, nothing was changed)" if dry_run else where)


def facts_of(result: ImportResult) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "path": str(result.path),
        "part": result.part or None,
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
