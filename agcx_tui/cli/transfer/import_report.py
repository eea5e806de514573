"""What `agcx import` prints: a line for each conversation, and at the end what became of all lines.

Strategy: those that are already imported are only counted.  On stderr, what could not be understood of a
file, and at the end what became of all lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agcx_tui.cli.common import Settings, even_unread, print_json, tell

if TYPE_CHECKING:
    from agcx_format import PersistenceError
    from agcx_format.importing import ImportReport, ImportResult, ImportSummary, ImportTotals


# Kinds of what is not understood, listed at most.
_KINDS = 10


class Reporter:
    """Prints what becomes of each conversation, and the sums at the end.

    What is not understood is said of each file, or in sum where the program itself found the files. What an
    earlier import said of a file that has not changed is a failure of this one only if a person named it.
    `foreign` takes the files that no known agent wrote.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        as_json: bool,
        per_file: bool = True,
        named: Iterable[Path] = (),
    ) -> None:
        from agcx_format.importing import ImportTotals

        self._settings, self._as_json, self._per_file = settings, as_json, per_file
        self._named = frozenset(named)
        self._unclear = _Unclear()
        self._failed_before = 0
        self._outcomes: Counter[str] = Counter()
        self._totals = ImportTotals()
        self._left_out: Counter[str] = Counter()
        self.foreign: list[Path] = []

    def unreadable(self, error: PersistenceError) -> None:
        """A path that could not be looked at."""
        from agcx_format.importing import ImportOutcome, ImportResult

        self.result(ImportResult(Path(error.path or ""), ImportOutcome.FAILED, error.reason))

    def result(self, result: ImportResult) -> None:
        self._outcomes[result.outcome] += 1
        self._left_out[result.reason] += 1
        is_news = not result.is_unchanged or result.path in self._named
        with even_unread():
            self._print(result, is_news=is_news)
        if result.report is not None:
            self._totals.add(result.path, result.report)
            if is_news and result.report.not_understood:
                self._settings.status = 1
                self._unclear.add(result.path, result.report)
                if self._per_file:
                    tell(f"{result.path}: {_not_understood(result.report)}")

    def _print(self, result: ImportResult, *, is_news: bool) -> None:
        from agcx_format.importing import ImportOutcome
        from agcx_format.transcript import safe_line

        if self._as_json:
            print_json(facts_of(result))
        if result.outcome is ImportOutcome.FAILED and is_news:
            self._settings.failed(f"{result.path}: {result.reason}")
        elif result.outcome is ImportOutcome.FAILED:
            self._failed_before += 1
        elif result.outcome is not ImportOutcome.PRESENT and not self._as_json:
            if result.report is None:
                # Nothing has changed since it was skipped.
                return
            reason = f" ({result.reason})" if result.reason else ""
            click.echo(safe_line(f"{result.outcome:>8}  {result.title or result.path}{reason}"))

    def end(
        self, summary: ImportSummary, store: Path, *, dry_run: bool, canceled: bool, found: int
    ) -> None:
        """Print what the run did."""
        from agcx_format.importing import DELETED, OTHER_CONVERSATION, ImportOutcome

        for result in summary.left_out:
            self._outcomes[result.instead_of] -= 1
            self.result(result.result)
        if self._as_json:
            with even_unread():
                print_json(self._sums(summary, canceled=canceled))
        elif self._outcomes[ImportOutcome.IMPORTED] or self._outcomes[ImportOutcome.UPDATED]:
            for line in table(self._totals):
                tell(line)
        if not self._per_file:
            for line in self._unclear.rows():
                tell(line)
        words = ", ".join(f"{count:,} {outcome}" for outcome, count in (+self._outcomes).items())
        words = words or "nothing found"
        if before := self._failed_before:
            words += f" ({before:,} failed as before, unchanged: agcx import FILE says why)"
        if deleted := self._left_out[DELETED]:
            words += (
                f" ({deleted:,} deleted in the store: agcx import AGENT --deleted imports them)"
            )
        if same_id := self._left_out[OTHER_CONVERSATION]:
            words += (
                f" ({same_id:,} with the id of another: agcx import AGENT --own-id imports them)"
            )
        if self.foreign:
            words += f"; {_count_foreign(self.foreign)}"
            if not found:
                self._settings.status = 1
        if canceled:
            words = f"canceled after {self._outcomes.total():,} of {found:,}: {words}"
        if summary.acts:
            words += "; undo with: agcx undo"
        tell(f"{store}: {words}" + (" (a dry run, nothing was changed)" if dry_run else ""))

    def _sums(self, summary: ImportSummary, *, canceled: bool) -> dict[str, Any]:
        totals = self._totals
        return {
            "total": {
                "conversations": {str(name): count for name, count in (+self._outcomes).items()},
                "lines": {str(kind): count for kind, count in totals.counts.items()},
                "examples": {
                    str(kind): {
                        "path": str(path),
                        "kind": name,
                        "line": each.line,
                        "text": each.text,
                    }
                    for kind, (path, name, each) in totals.examples.items()
                },
                "acts": [act.id for act in summary.acts],
                "foreign": [str(path) for path in self.foreign],
                "canceled": canceled,
            }
        }


class _Unclear:
    """What was not understood of all files: how often, in how many files, and where first."""

    def __init__(self) -> None:
        self._lines: Counter[str] = Counter()
        self._files: Counter[str] = Counter()
        self._first: dict[str, tuple[int, Path]] = {}

    def add(self, path: Path, report: ImportReport) -> None:
        found = Counter({f"unknown type {name}": count for name, count in report.unknown.items()})
        places = {f"unknown type {name}": report.examples[name].line for name in report.unknown}
        for number, reason in report.bad_lines:
            # What follows says where in the line.
            what = reason.partition(": ")[0]
            found[what] += 1
            places.setdefault(what, number)
        if rest := report.bad_count - len(report.bad_lines):
            found["more lines that cannot be read"] += rest
        for what, count in found.items():
            self._lines[what] += count
            self._files[what] += 1
            self._first.setdefault(what, (places.get(what, 0), path))

    def rows(self) -> Iterator[str]:
        """A line for each kind, the most frequent first."""
        from agcx_format.counting import counted
        from agcx_format.transcript import safe_line

        for what, count in self._lines.most_common(_KINDS):
            number, path = self._first[what]
            files = counted(self._files[what], "file")
            place = f"line {number:,} of {path.name}" if number else path.name
            yield safe_line(f"{count:>15,}  {what}, in {files}, first: {place}")
        if (more := len(self._lines) - _KINDS) > 0:
            yield f"{'':>15}  and {counted(more, 'more kind')}"


def _count_foreign(paths: list[Path]) -> str:
    if len(paths) == 1:
        return f"no known agent wrote {paths[0].name}"
    return f"no known agent wrote {len(paths):,} files, the first is {paths[0].name}"


def _not_understood(report: ImportReport) -> str:
    """The unreadable lines of a file, or else the unknown types of lines, each with the first example."""
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
