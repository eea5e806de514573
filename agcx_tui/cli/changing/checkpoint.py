"""`agcx checkpoint`: list, read, create, rename, and delete the checkpoints of sessions, and go back to one.

Strategy: a checkpoint is named `SESSION@NAME`.  Reading and exporting are those of sessions, which take a
checkpoint as well.  What changes something is an act, which `agcx undo` undoes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Unpack

import click

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.cli.changing.change import force_option, may_change
from agcx_tui.cli.common import (
    Command,
    Filled,
    Settings,
    complete_session,
    confirm,
    microseconds_now,
    pass_settings,
    print_json,
    session_argument,
    store_option,
    tell,
)
from agcx_tui.cli.reading.show import ShowOptions, show_conversation, show_options
from agcx_tui.cli.transfer.export import export
from agcx_tui.core.words.format import counted, shortened, size

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store
    from agcx_format.store import StoredCheckpoint

_TITLE_WIDTH = 50
_NAME_WIDTH = 40
_SHORT_ID = 8
_NAMED = "\n\nA CHECKPOINT is SESSION@NAME, or the path of its file."


@click.group(short_help="List, read, create, delete checkpoints, go back.")
def checkpoint() -> None:
    """List checkpoints, read them, create, rename and delete them, and go back to one.

    A CHECKPOINT is SESSION@NAME; NAME is its name or the beginning of its id.
    """


def _export() -> click.Command:
    """`agcx export`, whose help is about checkpoints."""
    command = copy(export)
    argument = copy(export.params[0])
    argument.metavar = "CHECKPOINT..."
    command.params = [argument, *export.params[1:]]
    command.help = (export.help or "").partition("\n\n")[0] + _NAMED
    return command


checkpoint.add_command(_export())


def _checkpoint_argument() -> Callable[[Command], Command]:
    """The argument `CHECKPOINT`: one."""
    return click.argument("checkpoint", metavar="CHECKPOINT", type=Filled())


# --- what there is


@checkpoint.command(short_help="Show the conversation of a checkpoint as text.")
@click.argument("checkpoint", metavar="CHECKPOINT", shell_complete=complete_session)
@show_options
@store_option
@pass_settings
def show(settings: Settings, checkpoint: str, **options: Unpack[ShowOptions]) -> None:
    """Show the conversation of a checkpoint as text; in a terminal, through $PAGER."""
    show_conversation(settings, checkpoint, wants_checkpoint=True, **options)


@checkpoint.command("list", short_help="List the checkpoints of sessions, by default of all.")
@click.argument("sessions", metavar="[SESSION]...", nargs=-1, shell_complete=complete_session)
@click.option("--unlisted", is_flag=True, help="Only those that no session lists.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@store_option
@pass_settings
def list_(settings: Settings, sessions: tuple[str, ...], unlisted: bool, as_json: bool) -> None:
    """List the checkpoints of sessions, by default of all, in the order of their messages."""
    store = settings.store()
    if sessions:
        entries = settings.find(store, sessions)
        found = [each for entry in entries for each in store.checkpoints.of(entry)]
    else:
        found = store.checkpoints.all()
    if unlisted:
        found = [each for each in found if each.is_unlisted]
    if as_json:
        for each in found:
            print_json(_facts(store, each))
    else:
        click.echo("".join(f"{line}\n" for line in checkpoint_lines(found)), nl=False)
    tell(f"{counted(len(found), 'checkpoint')} · {size(sum(each.size for each in found))}")


def _facts(store: Store, found: StoredCheckpoint) -> dict[str, Any]:
    about = found.metadata
    return {
        "session": str(found.session_id),
        "title": found.session.title if found.session else None,
        "id": str(about.id),
        "name": about.name,
        "description": about.description,
        "created_at": about.created_at,
        "message_index": about.message_index,
        "messages_after": _messages_after(found),
        "path": str(store.path / found.path) if found.path else None,
        "bytes": found.size,
        "listed": not found.is_unlisted,
    }


def _messages_after(found: StoredCheckpoint) -> int | None:
    """How many messages the session has had since; None if that is not known."""
    metadata = found.session.metadata if found.session else None
    if metadata is None:
        return None
    return max(0, metadata.message_count - found.metadata.message_index)


def checkpoint_lines(found: Sequence[StoredCheckpoint]) -> Iterator[str]:
    """A line for each: age, name, size, messages up to it and after it, title of its session."""
    from rich.cells import cell_len

    from agcx_format import ns_of
    from agcx_tui.core.sessions.columns import fit, plain_cells
    from agcx_tui.core.words.format import AGE_WIDTH, age

    now = microseconds_now()
    times = Counter((each.session_id, each.metadata.name) for each in found)
    references = [
        _reference(each, is_unique=times[each.session_id, each.metadata.name] == 1)
        for each in found
    ]
    names = [plain_cells(shortened(each, _NAME_WIDTH)) for each in references]
    width = max(map(cell_len, names), default=0)
    for each, name in zip(found, names, strict=True):
        when = age(ns_of(each.metadata.created_at) // 1000, now)
        facts = [counted(each.metadata.message_index, "message")]
        after = _messages_after(each)
        if after is not None:
            facts.append(f"{after:,} after it")
        if each.is_unlisted:
            facts.append("its session does not list it" if each.session else "its session is gone")
        if each.path is None:
            facts.append("its file is missing")
        title = shortened(safe_line(each.title).strip() or "(no title)", _TITLE_WIDTH)
        amount = size(each.size)
        yield (f"{when:>{AGE_WIDTH}}  {fit(name, width)}  {amount:>7}  {', '.join(facts)}  {title}")


def _reference(found: StoredCheckpoint, *, is_unique: bool) -> str:
    """What names it: its session's short id and its name, or the beginning of its id.

    The name of several is behind the id.
    """
    session, own_id = str(found.session_id)[:_SHORT_ID], str(found.metadata.id)[:_SHORT_ID]
    name = safe_line(found.metadata.name)
    if not name:
        return f"{session}@{own_id}"
    return f"{session}@{name}" if is_unique else f"{session}@{own_id} ({name})"


def _amount(found: Sequence[StoredCheckpoint]) -> str:
    """`3 checkpoints (1.2 MB)`."""
    return f"{counted(len(found), 'checkpoint')} ({size(sum(each.size for each in found))})"


# --- changes


@checkpoint.command()
@session_argument()
@click.argument("name", metavar="NAME", type=Filled())
@click.option("--description", type=Filled(), metavar="TEXT", help="What it is for.")
@force_option
@store_option
@pass_settings
def create(
    settings: Settings, session: str, name: str, description: str | None, force: bool
) -> None:
    """Create a checkpoint of a session as it is now."""
    store = settings.store()
    for entry in settings.find(store, [session]):
        if _may_change(settings, store, [entry], force):
            new_id, act = store.checkpoints.create(entry, name, description)
            _done(f"Created checkpoint {name} of {_quoted(entry.title)}, {size(act.size)}")
            click.echo(f"{entry.id}@{str(new_id)[:_SHORT_ID]}")


@checkpoint.command(short_help="Give a checkpoint another name.")
@_checkpoint_argument()
@click.argument("name", metavar="NAME", type=Filled())
@force_option
@store_option
@pass_settings
def rename(settings: Settings, checkpoint: str, name: str, force: bool) -> None:
    """Give a checkpoint another name; one that its session did not list is listed from then on."""
    store = settings.store()
    found = store.checkpoints.resolve(checkpoint)
    if _may_change(settings, store, _sessions([found]), force):
        store.checkpoints.rename(found, name)
        _done(f"Renamed checkpoint {found.name} of {_quoted(found.title)} to {name}")


@checkpoint.command()
@click.argument("checkpoints", metavar="CHECKPOINT...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@force_option
@store_option
@pass_settings
def delete(settings: Settings, checkpoints: tuple[str, ...], yes: bool, force: bool) -> None:
    """Move checkpoints to the trash of the store."""
    store = settings.store()
    found: dict[object, StoredCheckpoint] = {}
    for name in checkpoints:
        try:
            each = store.checkpoints.resolve(name)
        except PersistenceError as error:
            settings.failed(error)
        else:
            found[each.session_id, each.metadata.id] = each
    wanted = list(found.values())
    if not wanted or not _may_change(settings, store, _sessions(wanted), force):
        return
    if not yes:
        for line in checkpoint_lines(wanted):
            tell(line)
        if not confirm(f"Delete {_amount(wanted)}?"):
            settings.failed("nothing was deleted: not confirmed (--yes skips the question)")
            return
    store.checkpoints.delete(wanted)
    _done(f"Deleted {_amount(wanted)}")


@checkpoint.command()
@_checkpoint_argument()
@click.option("--title", type=Filled(), metavar="TEXT", help="The title of the new session.")
@click.option("--in-place", is_flag=True, help="Restore the session itself.")
@click.option("--yes", is_flag=True, help="Do not ask, with --in-place.")
@force_option
@store_option
@pass_settings
def restore(
    settings: Settings, checkpoint: str, title: str | None, in_place: bool, yes: bool, force: bool
) -> None:
    """Create a session from a checkpoint, or go back --in-place."""
    if title is not None and in_place:
        raise click.UsageError("--title is for a new session, not for --in-place")
    store = settings.store()
    found = store.checkpoints.resolve(checkpoint)
    if not in_place:
        new_id, act = store.checkpoints.restore(found, title)
        if found.session is not None and found.session.error is not None:
            tell(f"{found.session.error}: what only the session knows is not in the new one")
        _done(f"Created {_quoted(act.titles[0])} from checkpoint {found.name}")
        click.echo(str(new_id))
        return
    if not _may_change(settings, store, _sessions([found]), force):
        return
    after = _messages_after(found)
    what = f"{_quoted(found.title)} back to checkpoint {found.name}"
    lost = f", without the {counted(after, 'message')} after it" if after else ""
    if not yes and not confirm(f"Take {what}{lost}?"):
        settings.failed("nothing was changed: not confirmed (--yes skips the question)")
        return
    store.checkpoints.go_back(found)
    _done(f"Took {what}{lost}")


def _sessions(found: Sequence[StoredCheckpoint]) -> list[ScanEntry]:
    return [each.session for each in found if each.session is not None]


def _may_change(settings: Settings, store: Store, entries: list[ScanEntry], force: bool) -> bool:
    """Whether to change sessions even though an agent may be using some."""
    return force or may_change(settings, store.at_work(entries, time.time_ns()))


def _done(what: str) -> None:
    tell(f"{what}. Undo with: agcx undo")


def _quoted(title: str) -> str:
    return f"“{shortened(safe_line(title).strip() or '(no title)', _TITLE_WIDTH)}”"
