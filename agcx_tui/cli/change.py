"""`agcx delete`, `edit`, and `undo`: all of them can be undone through the store's journal.

Strategy: a session that changed in the last few minutes may belong to a running agent, which would save it
again: the question says so, and without a question --force is required.  Favorites need a second
confirmation, which names them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from agcx_tui.cli.common import (
    Filled,
    Settings,
    confirm,
    microseconds_now,
    pass_settings,
    sessions_argument,
    store_option,
    tell,
)
from agcx_tui.core.words.format import counted, shortened, size

if TYPE_CHECKING:
    from agcx_format import Act, ScanEntry

_TITLES_SHOWN = 10
_FAVORITES_NAMED = 3
_TITLE_LENGTH = 70


force_option = click.option("--force", is_flag=True, help="Also if an agent may still be using it.")


@click.command(short_help="Move sessions to the trash of the store.")
@sessions_argument()
@click.option("--yes", is_flag=True, help="Do not ask.")
@force_option
@store_option
@pass_settings
def delete(settings: Settings, sessions: tuple[str, ...], yes: bool, force: bool) -> None:
    """Move sessions to the store's trash; `agcx undo` restores them."""
    store = settings.store()
    entries = settings.find(store, sessions)
    if not entries:
        return
    running = store.at_work(entries, time.time_ns())
    if yes and not force and running:
        settings.failed(f"nothing was deleted: {_warning(running)} (--force deletes it anyway)")
        return
    if not yes:
        show_what(entries, running)
        show_facts(entries, len(running))
        if not may_delete(settings, entries, amount(entries)):
            return
    deleted = amount(entries)
    store.delete(entries)
    tell(f"Deleted {deleted}. Undo with: agcx undo")


@click.command(short_help="Change the title, tags, or star of sessions.")
@sessions_argument()
@click.option("--title", type=Filled(), metavar="TEXT", help="The new title, for one session only.")
@click.option(
    "--tag", "tags", type=Filled(), metavar="TAG", multiple=True, help="Add a tag; may be repeated."
)
@click.option(
    "--untag", "untags", type=Filled(), metavar="TAG", multiple=True, help="Remove a tag."
)
@click.option("--favorite/--no-favorite", default=None, help="Add or remove the star.")
@force_option
@store_option
@pass_settings
def edit(
    settings: Settings,
    sessions: tuple[str, ...],
    title: str | None,
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    favorite: bool | None,
    force: bool,
) -> None:
    """Change the title, tags, or star; the conversation stays the same, byte for byte."""
    if title is None and not tags and not untags and favorite is None:
        raise click.UsageError("nothing to change: --title, --tag, --untag, --favorite")
    if title is not None and len(sessions) > 1:
        raise click.UsageError("--title changes one session at a time")
    store = settings.store()
    found = settings.find(store, sessions)
    edits = []
    for entry in found:
        if entry.metadata is None:
            settings.failed(entry.error or f"{entry.path} cannot be read")
        elif fields := _changes(entry, title, tags, untags, favorite):
            edits.append((entry, fields))
        else:
            tell(f"{_shortened(entry.title)}: nothing to change")
    entries = [entry for entry, _ in edits]
    running = [] if force else store.at_work(entries, time.time_ns())
    if not edits or not may_change(settings, running):
        return
    from agcx_tui.core.words.acts import describe

    act = store.update_many(edits)
    tell(f"{describe(act)}. Undo with: agcx undo" if act.id else f"{describe(act)}.")


@click.command()
@click.argument("act", metavar="[CHANGE]", type=Filled(), required=False)
@click.option("--list", "list_", is_flag=True, help="List the changes; undo nothing.")
@store_option
@pass_settings
def undo(settings: Settings, act: str | None, list_: bool) -> None:
    """Undo the last change, or the change CHANGE as --list shows it."""
    from agcx_tui.core.words.acts import act_named, describe_undo

    store = settings.store()
    if list_:
        _print_log(store.log())
        return
    wanted = None
    if act is not None:
        found = act_named(store.acts(), act)
        if found is None:
            settings.failed(f"no change {act!r}, or more than one: see agcx undo --list")
            return
        wanted = found.id
    done = store.undo(wanted)
    tell(f"{describe_undo(done)}{_titles(done)}")


def _print_log(acts: Sequence[Act]) -> None:
    from agcx_format import ns_of
    from agcx_tui.core.words.acts import describe, state_of
    from agcx_tui.core.words.format import AGE_WIDTH, age

    now = microseconds_now()
    lines = []
    for act in acts:
        when = age(ns_of(act.created_at) // 1000, now)
        state = f"  ({words})" if (words := state_of(act)) else ""
        lines.append(f"{when:>{AGE_WIDTH}}  {act.id[-6:]}  {describe(act)}{_titles(act)}{state}\n")
    # One write: click looks at the terminal and flushes for each.
    click.echo("".join(lines), nl=False)
    tell(counted(len(acts), "change"))


def _titles(act: Act) -> str:
    """The titles in parentheses, if there are several."""
    from agcx_tui.core.words.acts import titles_of

    titles = titles_of(act) if act.count > 1 else ""
    return f" ({titles})" if titles else ""


def _changes(
    entry: ScanEntry,
    title: str | None,
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    favorite: bool | None,
) -> dict[str, Any]:
    """The fields that would change, with their new values."""
    metadata = entry.metadata
    assert metadata is not None
    kept = [tag for tag in dict.fromkeys([*metadata.tags, *tags]) if tag not in untags]
    wanted = {"title": title, "tags": kept, "is_favorite": favorite}
    return {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(metadata, name)
    }


def may_change(settings: Settings, running: list[ScanEntry]) -> bool:
    """Ask whether to change sessions that an agent may be using; yes if there are none."""
    if not running or confirm(f"{_warning(running)}. Change it anyway?"):
        return True
    settings.failed(f"nothing was changed: {_warning(running)} (--force changes it anyway)")
    return False


def _warning(found: Sequence[ScanEntry]) -> str:
    which = _shortened(found[0].title) if len(found) == 1 else counted(len(found), "session")
    return f"{which} changed in the last 5 minutes; an agent may be working on it"


def may_delete(settings: Settings, entries: Sequence[ScanEntry], what: str) -> bool:
    """Ask whether to delete `what`, and once more if favorites are among the entries."""
    favorites = [entry for entry in entries if entry.metadata and entry.metadata.is_favorite]
    if confirm(f"Delete {what}?") and (not favorites or confirm(_again(favorites))):
        return True
    settings.failed("nothing was deleted: not confirmed (--yes skips the question)")
    return False


def _again(favorites: Sequence[ScanEntry]) -> str:
    names = ", ".join(f"“{_shortened(entry.title)}”" for entry in favorites[:_FAVORITES_NAMED])
    if len(favorites) > _FAVORITES_NAMED:
        names += f" and {len(favorites) - _FAVORITES_NAMED:,} more"
    them = "favorite" if len(favorites) == 1 else f"{len(favorites):,} favorites"
    return f"Also the {them} {names}?"


def amount(entries: Sequence[ScanEntry]) -> str:
    """`3 sessions (1.2 MB)`."""
    from agcx_format.store import own_size

    total = size(sum(map(own_size, entries)))
    return f"{counted(len(entries), 'session')} ({total})"


def show_what(entries: Sequence[ScanEntry], running: Sequence[ScanEntry]) -> None:
    """Print the first of them, with what matters before a deletion."""
    from agcx_format.store import is_link, own_size

    for entry in entries[:_TITLES_SHOWN]:
        notes = [size(own_size(entry))]
        if is_link(entry.path):
            notes.append("a link")
        if entry.metadata is None:
            notes.append("unreadable")
        elif entry.metadata.is_favorite:
            notes.append("a favorite")
        if entry in running:
            notes.append("changed a moment ago: an agent may still be using it")
        tell(f"  {_shortened(entry.title)}  ({', '.join(notes)})")
    if len(entries) > _TITLES_SHOWN:
        tell(f"  … and {len(entries) - _TITLES_SHOWN:,} more")


def show_facts(entries: Sequence[ScanEntry], at_work: int) -> None:
    """Print how old they are, and what speaks against deleting them."""
    from agcx_format.store import is_link
    from agcx_tui.core.words.deletion import deletion_facts

    links = sum(is_link(entry.path) for entry in entries)
    for line in deletion_facts(entries, at_work, microseconds_now(), links):
        tell(line)


def _shortened(title: str) -> str:
    return shortened(title, _TITLE_LENGTH)
