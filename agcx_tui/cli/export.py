"""`agcx export`: conversations out, to stdout, a file, or a directory.

Strategy: `exporting` renders and writes, as for the app's dialog.  Nothing that exists is replaced
unless `--overwrite` says so or the person at the terminal does; a session that fails is told, and
the rest goes on.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agcx_tui.cli.common import (
    Settings,
    confirm,
    pass_settings,
    sessions_argument,
    store_option,
    tell,
)

if TYPE_CHECKING:
    from agcx_format.store import ScanEntry

# `agcx_tui.exporting.FORMATS`; a test compares.
FORMATS = ("md", "json")


@click.command()
@sessions_argument()
@click.option("--format", "format_", type=click.Choice(FORMATS), default="md", show_default=True)
@click.option(
    "-o",
    "--output",
    metavar="FILE|DIR|-",
    default="-",
    help="A directory takes a file for each session; - is stdout, the default.",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist, without asking.")
@store_option
@pass_settings
def export(
    settings: Settings, sessions: tuple[str, ...], format_: str, output: str, overwrite: bool
) -> None:
    """Take conversations out, as Markdown or JSON."""
    entries = settings.find(settings.store(), sessions)
    to_directory = os.path.isdir(output) or output.endswith(os.sep)
    if len(sessions) > 1 and not to_directory:
        if output == "-" and format_ == "md":
            raise click.UsageError("several conversations need a directory: -o DIR/")
        if output != "-":
            raise click.UsageError(f"{output} is no directory: for a new one write {output}/")
    if output == "-":
        for entry in entries:
            _print(settings, entry, format_)
        return
    _write(settings, _jobs(entries, Path(output), to_directory, format_), format_, overwrite)


def _jobs(
    entries: list[ScanEntry], output: Path, to_directory: bool, format_: str
) -> list[tuple[str, Path]]:
    """Which file goes where.  Two sessions whose names come out the same get their whole id."""
    from agcx_tui.exporting import suggested_name

    if not to_directory:
        return [(entry.path, output) for entry in entries]
    jobs: dict[Path, str] = {}
    for entry in entries:
        target = output / suggested_name(entry.title, str(entry.id or ""), format_)
        if target in jobs:
            target = output / f"{Path(entry.path).stem}.{format_}"
        jobs[target] = entry.path
    return [(source, target) for target, source in jobs.items()]


def _write(settings: Settings, jobs: list[tuple[str, Path]], format_: str, overwrite: bool) -> None:
    from agcx_tui.exporting import export as write_files
    from agcx_tui.wording import size

    for source, target in jobs:
        # Asked for each one, when its turn comes; `write_files` refuses what nobody allowed.
        allowed = overwrite or (
            os.path.lexists(target) and confirm(f"{target} exists. Replace it?")
        )
        for done in write_files([(source, target)], format_, overwrite=allowed):
            if done.error and os.path.lexists(target) and not allowed:
                settings.failed(f"{done.target} exists; --overwrite replaces it")
            elif done.error:
                settings.failed(f"{done.target}: {done.error}")
            else:
                tell(f"{done.target}  {size(done.size)}")


def _print(settings: Settings, entry: ScanEntry, format_: str) -> None:
    from agcx_format.errors import PersistenceError
    from agcx_tui.exporting import render
    from agcx_tui.safe_text import safe_text

    try:
        content = render(entry.path, format_)
    except PersistenceError as error:
        settings.failed(error)
        return
    if sys.stdout.isatty():
        # On a screen what would be obeyed is shown instead; a pipe gets every byte.
        click.echo(safe_text(content.decode("utf-8", "replace")), nl=False)
    else:
        sys.stdout.buffer.write(content)
