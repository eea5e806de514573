"""`agcx verify`: check every section of every file.

Strategy: the report of a file is printed as soon as the file is checked, so the first fault of a large store
appears at once.  Files without problems are only counted, except with -v.  In a terminal a line on stderr
shows the progress; it is cleared before anything else is printed.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agcx_format.transcript import safe_line
from agcx_tui.cli.common import (
    Settings,
    complete_session,
    file_named,
    pass_settings,
    print_json,
    store_option,
    tell,
)
from agcx_tui.core.words.verification import SEVERITIES, place_of, sentence

if TYPE_CHECKING:
    from agcx_format.doctor import FileReport


@click.command(short_help="Check every section of sessions.")
@click.argument("sessions", metavar="[SESSION|PATH]...", nargs=-1, shell_complete=complete_session)
@click.option("-v", "--verbose", is_flag=True, help="Also list files without problems.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file, one per line.")
@store_option
@pass_settings
def verify(settings: Settings, sessions: tuple[str, ...], verbose: bool, as_json: bool) -> None:
    """Check every section of the given sessions, or of the whole store; change nothing.

    A PATH is a session file, a checkpoint, an index, or the directory of another store. Exit status
    1 if something is wrong; notes do not count.
    """
    progress = _Progress(sys.stderr.isatty())
    counts: Counter[str | None] = Counter()
    total = 0
    try:
        for report in _reports(settings, sessions, progress):
            severity = report.severity
            counts[severity] += 1
            total += report.size
            if not report.ok:
                settings.status = 1
            if as_json or verbose or not report.ok:
                progress.clear()
            if as_json:
                print_json(report.to_plain())
            elif verbose or not report.ok:
                for line in _lines(report):
                    click.echo(safe_line(line))
            if report.kind == "session":
                progress.step()
    finally:
        progress.clear()
    if not counts and settings.status:
        # None of the names is that of a file: an error is printed for each.
        return
    words = _totals(counts, total, verbose)
    if as_json:
        tell(words)
    else:
        click.echo(words)


def _reports(
    settings: Settings, names: tuple[str, ...], progress: _Progress
) -> Iterator[FileReport]:
    from agcx_format import open_store
    from agcx_format.doctor import verify_file, verify_store
    from agcx_format.errors import PersistenceError

    stores = [] if names else [settings.store()]
    paths = []
    for name in names:
        if os.path.isdir(name):
            stores.append(open_store(name))
        elif os.path.lexists(name):
            paths.append(name)
        else:
            try:
                paths.append(file_named(settings.store(), name))
            except PersistenceError as error:
                settings.failed(error)
    progress.total = len(paths) + sum(_session_count(store.path) for store in stores)
    yield from map(verify_file, paths)
    for store in stores:
        yield from verify_store(store)


def _session_count(root: Path) -> int:
    from agcx_format.errors import PersistenceError
    from agcx_format.store import session_paths

    try:
        return sum(1 for _ in session_paths(root))
    except PersistenceError:
        # The check reports it.
        return 0


# --- text


def _lines(report: FileReport) -> Iterator[str]:
    """The lines of a report; if something is wrong, they list the sections with their findings."""
    from agcx_tui.core.words.format import short_path, size

    word = SEVERITIES[report.severity]
    yield f"{word:7}  {short_path(report.path)}  ({report.kind}, {size(report.size)})"
    names = {part.name for part in report.parts}
    if not report.ok:
        width = max([len(part.name) for part in report.parts], default=0)
        for part in report.parts:
            yield f"    {part.name:{width}}  {place_of(part)}".rstrip()
            yield from (f"        {sentence(finding)}" for finding in report.of_part(part.name))
        others = [finding for finding in report.findings if finding.section not in names]
    else:
        others = list(report.findings)
    yield from (f"    {sentence(finding)}" for finding in others)


def _totals(counts: Counter[str | None], total: int, verbose: bool) -> str:
    from agcx_tui.core.words.format import counted, size

    checked = f"{counted(sum(counts.values()), 'file')} checked, {size(total)}"
    wrong = [
        f"{counts[severity]:,} with {word}s"
        for severity, word in SEVERITIES.items()
        if severity is not None and counts[severity]
    ]
    if not counts["error"] and not counts["warning"]:
        wrong.insert(0, "nothing is wrong")
    hint = " (-v shows them)" if counts["info"] and not verbose else ""
    return f"{checked}: {', '.join(wrong)}{hint}"


class _Progress:
    """`checked 120 of 815`, a line on stderr that is overwritten."""

    def __init__(self, shown: bool) -> None:
        self.total = 0
        self._shown = shown
        self._done = 0
        self._on_screen = False

    def step(self) -> None:
        self._done += 1
        if self._shown:
            click.echo(f"\r\x1b[Kchecked {self._done:,} of {self.total:,}", nl=False, err=True)
            self._on_screen = True

    def clear(self) -> None:
        if self._on_screen:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._on_screen = False
