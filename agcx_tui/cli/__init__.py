"""The command line: `agcx_tui.cli.agcx`.

Strategy: a command parses its arguments, calls the library, and prints.  Everything except click is
imported when a command runs, so that `--help` is fast; only `browse`, `demo`, and `config`, which checks
the configured keys, load Textual.  Data goes to stdout, everything else to stderr.  `group.py` turns
errors into one line and an exit status: 0 done, 1 some of it failed, 2 wrong use.
"""

from __future__ import annotations

import click

from agcx_tui.cli.agents.mcp_server import mcp
from agcx_tui.cli.browse import browse, demo
from agcx_tui.cli.changing.change import delete, edit, join, undo
from agcx_tui.cli.changing.checkpoint import checkpoint
from agcx_tui.cli.changing.prune import prune
from agcx_tui.cli.changing.redact import redact
from agcx_tui.cli.changing.repair import repair
from agcx_tui.cli.changing.trash import trash
from agcx_tui.cli.common import Settings, store_option
from agcx_tui.cli.completion import completion
from agcx_tui.cli.configuration import config
from agcx_tui.cli.group import Agcx
from agcx_tui.cli.reading.listing import list_
from agcx_tui.cli.reading.search import search
from agcx_tui.cli.reading.show import show
from agcx_tui.cli.reading.stats import stats
from agcx_tui.cli.reading.verify import verify
from agcx_tui.cli.transfer.backup import backup
from agcx_tui.cli.transfer.convert import convert
from agcx_tui.cli.transfer.copying import copy
from agcx_tui.cli.transfer.export import export
from agcx_tui.cli.transfer.importing import import_
from agcx_tui.cli.transfer.sync import sync

__all__ = ["agcx"]


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"agcx {version('agcx')}")
        except PackageNotFoundError:
            click.echo("agcx, run from its sources")
        context.exit()


@click.group(
    cls=Agcx,
    default=browse,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@store_option
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
@click.option("--here", is_flag=True, help="Show only the sessions of this directory.")
@click.pass_context
def agcx(context: click.Context, here: bool) -> None:
    """Browse, read, and clean up the conversations of coding agents.

    Without a command it opens the browser; with a FILE, that file in it. A SESSION is named by its
    id, the beginning of it (4 characters or more), or the path of a file.

    The store is --store, else the first that exists of $AGCX_STORE, $CODEX_HOME/history,
    ~/.agcodex/history and ~/.codex/history.
    """
    context.ensure_object(Settings).use_time_zone()
    if context.invoked_subcommand is None:
        context.invoke(browse, here=here)
    elif here:
        raise click.UsageError("--here is for the browser; agcx list takes --filter is:here")


_COMMANDS = (
    browse, demo, list_, search, show, export, edit, join, checkpoint, redact, copy, convert, backup, delete,
    undo, trash, prune, stats, import_, sync, verify, repair, mcp, config, completion,
)  # fmt: skip

for command in _COMMANDS:
    agcx.add_command(command)
