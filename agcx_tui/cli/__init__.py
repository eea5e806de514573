"""The command line: `agcx_tui.cli.agcx`.

Strategy: a command parses its arguments, calls the library, and prints.  The group imports the module of the
command that is used, and a command what it needs when it runs: only `browse`, `demo`, and `config`,
which checks the configured keys, load Textual.  Data goes to stdout, everything else to stderr.  `group.py`
turns errors into one line and an exit status: 0 done, 1 some of it failed, 2 wrong use.
"""

from __future__ import annotations

import click

from agcx_tui.cli.common import Settings, store_option
from agcx_tui.cli.group import Agcx

__all__ = ["agcx"]

# Where each command is: the module below this package, and its name there.
_COMMANDS = {
    "backup": "transfer.backup:backup",
    "browse": "browse:browse",
    "checkpoint": "changing.checkpoint:checkpoint",
    "completion": "completion:completion",
    "config": "configuration:config",
    "convert": "transfer.convert:convert",
    "copy": "transfer.copying:copy",
    "delete": "changing.change:delete",
    "demo": "browse:demo",
    "edit": "changing.change:edit",
    "export": "transfer.export:export",
    "import": "transfer.importing:import_",
    "join": "changing.change:join",
    "list": "reading.listing:list_",
    "mcp": "agents.mcp_server:mcp",
    "prune": "changing.prune:prune",
    "redact": "changing.redact:redact",
    "repair": "changing.repair:repair",
    "search": "reading.search:search",
    "show": "reading.show:show",
    "stats": "reading.stats:stats",
    "sync": "transfer.sync:sync",
    "trash": "changing.trash:trash",
    "undo": "changing.undo:undo",
    "verify": "reading.verify:verify",
}


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        # The version of the package is made from this one.
        from agcx_format import __version__

        click.echo(f"agcx {__version__}")
        context.exit()


@click.group(
    cls=Agcx,
    places={name: f"{__name__}.{place}" for name, place in _COMMANDS.items()},
    default="browse",
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
        from agcx_tui.cli.browse import browse

        context.invoke(browse, here=here)
    elif here:
        raise click.UsageError("--here is for the browser; agcx list takes --filter is:here")
