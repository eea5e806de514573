"""`agcx browse` and `agcx demo`: the commands that show a screen."""

from __future__ import annotations

from pathlib import Path

import click

from agcx_tui.app.startup.run import Start, remembering, show_app
from agcx_tui.cli.common import Settings, is_dumb, is_terminal, pass_settings, store_option


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--here", is_flag=True, help="Show only the sessions of this directory.")
@store_option
@pass_settings
def browse(settings: Settings, file: str | None = None, here: bool = False) -> None:
    """Browse the sessions, or read one FILE.

    This is what `agcx` does without a command.
    """
    if not is_terminal():
        instead = f"agcx show {file}" if file else "agcx list"
        why = " (TERM is dumb)" if is_dumb() else ""
        raise click.UsageError(f"the browser needs a terminal{why}; without one: {instead}")
    _show(settings, remembering(settings.location, file=file, here=here))


@click.command(short_help="Try the browser on a small store of its own.")
@pass_settings
def demo(settings: Settings) -> None:
    """Try the browser on a small store of its own, which is removed afterwards."""
    from agcx_tui.demo import demo_store

    with demo_store() as path:
        if is_terminal():
            _show(settings, Start(path, [path]))
        else:
            _print_demo(path)


def _show(settings: Settings, start: Start) -> None:
    settings.status = show_app(start, *settings.config)


def _print_demo(path: Path) -> None:
    """Print the list and the first favorite conversation in it."""
    from agcx_format import open_store
    from agcx_tui.cli.reading.listing import know_projects, make_table, print_table
    from agcx_tui.cli.reading.show import text_lines

    store = open_store(path)
    table = make_table(store.scan())
    know_projects(table, store)
    print_table(table)
    favorite = next(row for row in table.order if table.favorite(row))
    click.echo()
    for line in text_lines(store.resolve(table.path(favorite))):
        click.echo(line)
