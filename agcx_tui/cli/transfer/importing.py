"""`agcx import`: sessions of AGCodex, and conversations of other agents.

Strategy: each agent has a command, made from what it says of itself, with those of other packages. A path in
place of an agent's name is looked at: its first bytes tell what it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agcx_tui.cli.common import (
    Settings,
    did_you_mean,
    pass_settings,
    print_json,
    store_option,
    tell,
)
from agcx_tui.cli.transfer.copying import bring_in, layout_option
from agcx_tui.cli.transfer.import_report import Reporter

if TYPE_CHECKING:
    from agcx_format import PersistenceError
    from agcx_format.importing import Agent, FoundSource, ImportOptions
    from agcx_format.store import Incoming, Store


class _Import(click.Group):
    """A group with a command for each agent, which passes a path in place of one to the command for paths."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Options may also stand before the agent or the path."""
        words = (
            at
            for at, word in enumerate(args)
            if not word.startswith("-") and args[at - 1 : at] not in _WITH_VALUE
        )
        at = next(words, 0)
        try:
            return super().parse_args(ctx, [*args[at : at + 1], *args[:at], *args[at + 1 :]])
        except click.NoSuchOption as error:
            if any(error.option_name in each.opts for each in _paths.params):
                what = f"{error.option_name} needs the name of an agent, or a path"
                raise click.UsageError(what, ctx) from None
            raise

    def list_commands(self, ctx: click.Context) -> list[str]:
        from agcx_format.importing import agents

        return [*super().list_commands(ctx), *(agent.name for agent in agents())]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        from agcx_format.importing import agent_named

        if command := super().get_command(ctx, name):
            return command
        if name == _paths.name:
            return _paths
        agent = agent_named(name)
        return _command_of(agent) if agent else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-"):
            if os.path.lexists(word):
                return _paths.name, _paths, args
            meant = did_you_mean(word, self.list_commands(ctx))
            raise click.UsageError(f"no such agent or file: {word!r}{meant}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    "import",
    cls=_Import,
    invoke_without_command=True,
    short_help="Import sessions, or conversations of other agents.",
)
@click.option("--json", "as_json", is_flag=True, help="List the agents, one JSON object per line.")
@click.pass_context
def import_(context: click.Context, as_json: bool) -> None:
    """Import conversations of other agents; a second run adds only what is new.

    `agcx import PATH...` finds out what each path is: a file of an agent, a directory of them, an .agcx
    file, a store, or a session exported as JSON. Without arguments it lists what the agents keep here.
    `agcx import codex --help` shows the options of an import.

    The exit status is 1 if a file, or a part of one, could not be read or understood; that of files that have
    not changed since an earlier import said so is 0, unless they are named.
    """
    from agcx_format.importing import broken_plugins

    for plugin in broken_plugins():
        tell(f"the importer {plugin.name} cannot be used: {plugin.reason}")
    if context.invoked_subcommand is None:
        _list_found(as_json=as_json)


def _list_found(*, as_json: bool) -> None:
    """A line for each agent that keeps conversations on this machine, and one for all others."""
    from agcx_format.counting import counted
    from agcx_format.importing import look
    from agcx_format.transcript import safe_line

    missing = []
    for found in look():
        if as_json:
            print_json(
                {
                    "agent": found.agent.name,
                    "label": found.agent.label,
                    "places": [str(place) for place in found.places],
                    "conversations": len(found.sources),
                }
            )
            continue
        if not found.places:
            missing.append(found.agent.label)
            continue
        count = counted(len(found.sources), "conversation")
        where = ", ".join(map(_short, found.places))
        click.echo(safe_line(f"{found.agent.name:<10}  {count:>20}  {where}"))
    if missing:
        tell(f"not found: {', '.join(missing)}")


def _short(path: Path) -> str:
    """The path, with `~` for the person's home directory."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        return str(path)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of every import."""
    decorators: list[Callable[[Callable[..., None]], Callable[..., None]]] = [
        pass_settings,
        store_option,
        click.option(
            "--json", "as_json", is_flag=True, help="One JSON object per file, one per line."
        ),
        click.option(
            "--dry-run", is_flag=True, help="Show what would be imported; change nothing."
        ),
        click.option("--deleted", is_flag=True, help="Import again what was deleted in the store."),
        click.option(
            "--own-id",
            is_flag=True,
            help="Import a conversation whose id another one has under a new id.",
        ),
        click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(exists=True)),
    ]
    for decorate in decorators:
        command = decorate(command)
    return command


def _command_of(agent: Agent) -> click.Command:
    from agcx_format.importing import ImportOptions

    places = agent.default_places()
    where = ", ".join(map(_short, places)) or "no place"

    @click.command(
        agent.name,
        help=f"Import conversations of {agent.label}: files, or directories of them.\n\n"
        f"Without a PATH, looks in {where}.",
        short_help=f"Import conversations of {agent.label}.",
    )
    @_options
    def command(
        settings: Settings,
        paths: tuple[str, ...],
        dry_run: bool,
        deleted: bool,
        own_id: bool,
        as_json: bool,
    ) -> None:
        options = ImportOptions(dry_run, deleted, own_id, processes=None)
        named = list(map(Path, paths))
        _import(settings, named or places, options, as_json, agent, named=named)

    return command


@click.command("paths")
@_options
@layout_option
def _paths(
    settings: Settings,
    paths: tuple[str, ...],
    layout: str | None,
    dry_run: bool,
    deleted: bool,
    own_id: bool,
    as_json: bool,
) -> None:
    """Import files of agents, .agcx files, stores, or sessions exported as JSON."""
    from agcx_format.importing import ImportOptions

    looked_at = [(path, _is_of_an_agent(path)) for path in paths]
    theirs = [Path(path) for path, is_theirs in looked_at if is_theirs]
    if ours := tuple(path for path, is_theirs in looked_at if not is_theirs):
        _bring_in(settings, map(_of_no_agent, _found(ours)), layout, dry_run, as_json)
    if theirs:
        options = ImportOptions(dry_run, deleted, own_id, processes=None)
        _import(settings, theirs, options, as_json, named=theirs)


# What the word after is a value of.
_WITH_VALUE = [
    [name]
    for option in _paths.params
    if isinstance(option, click.Option) and not option.is_flag
    for name in option.opts
]


def _is_of_an_agent(path: str) -> bool:
    """Whether it is a file that an agent wrote, or a directory that is not a store."""
    from agcx_format import PersistenceError
    from agcx_format.importing import agent_of_file
    from agcx_format.store import find_incoming

    try:
        if os.path.isdir(path):
            return next(find_incoming(path), None) is None
        return agent_of_file(Path(path)) is not None
    except (OSError, PersistenceError):
        return False


@import_.command(short_help="Import .agcx files, stores, or sessions exported as JSON.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(exists=True))
@layout_option
@click.option("--dry-run", is_flag=True, help="Show what would be imported; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per session, one per line.")
@store_option
@pass_settings
def sessions(
    settings: Settings, paths: tuple[str, ...], layout: str | None, dry_run: bool, as_json: bool
) -> None:
    """Import sessions of AGCodex: .agcx files, whole stores, or sessions exported as JSON.

    A session that is there already is left as it is.
    """
    _bring_in(settings, _found(paths), layout, dry_run, as_json)


def _bring_in(
    settings: Settings,
    found: Iterator[Incoming | PersistenceError],
    layout: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    from agcx_format import Store

    store = Store(settings.location.path, layout=int(layout) if layout else None)
    bring_in(settings, store, found, as_json, dry_run)


def _found(paths: tuple[str, ...]) -> Iterator[Incoming | PersistenceError]:
    from agcx_format import PersistenceError
    from agcx_format.store import find_incoming

    for path in paths:
        try:
            yield from find_incoming(path)
        except PersistenceError as error:
            yield error


def _of_no_agent(found: Incoming | PersistenceError) -> Incoming | PersistenceError:
    """With what is wrong with a file that could have been an agent's."""
    from agcx_format import ConversionError

    if not isinstance(found, ConversionError):
        return found
    return ConversionError(f"no known agent wrote it: {found.reason}", path=found.path)


def _import(
    settings: Settings,
    places: list[Path],
    options: ImportOptions,
    as_json: bool,
    agent: Agent | None = None,
    *,
    named: Collection[Path],
) -> None:
    from agcx_format import open_store
    from agcx_format.importing import FoundSource, look_at

    existing = [place for place in places if os.path.lexists(place)]
    if not existing:
        settings.failed("nothing found: looked in " + ", ".join(map(str, places)))
        return
    # Unlike the other commands, this one creates a store that does not exist.
    store = open_store(settings.location.path)
    shown = Reporter(settings, as_json=as_json, named=named)
    found = []
    for each in look_at(store, existing, agent, shown.foreign.append):
        if isinstance(each, FoundSource):
            found.append(each)
        else:
            shown.unreadable(each)
    import_found(settings, store, found, options, shown)


def import_found(
    settings: Settings,
    store: Store,
    found: list[FoundSource],
    options: ImportOptions,
    shown: Reporter,
) -> bool:
    """Import what was found in one act, and print what becomes of it; ctrl+c keeps what was read whole.

    Returns whether it came to its end.
    """
    from agcx_format.importing import ImportRun

    with ImportRun(store, found, options) as run:
        canceled = False
        try:
            for result in run.results():
                shown.result(result)
        except KeyboardInterrupt:
            # What was read is whole.
            canceled = True
        summary = run.finish()
    shown.end(summary, store.path, dry_run=options.dry_run, canceled=canceled, found=len(found))
    if canceled:
        settings.status = 1
    return not canceled
