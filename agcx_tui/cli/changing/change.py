"""`agcx delete`, `edit`, and `join`: all of them can be undone through the store's journal.

Strategy: a session that changed in the last few minutes may belong to a running agent, which would save it
again: the question says so, and without a question --force is required.  Favorites need a second
confirmation, which names them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agcx_tui.cli.changing.act_json import json_option, print_act
from agcx_tui.cli.changing.destroying import destroy
from agcx_tui.cli.common import (
    Filled,
    Settings,
    complete_session,
    confirm,
    microseconds_now,
    pass_settings,
    sessions_argument,
    store_option,
    tell,
    typed_word,
)
from agcx_tui.core.words.format import counted, shortened, size

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store
    from agcx_format.store import Emptied

# `OperatingMode`, which would make --help slow; a test compares.
MODES = ("plan", "build", "review")
_TITLES_SHOWN = 10
_FAVORITES_NAMED = 3
_TITLE_LENGTH = 70


force_option = click.option("--force", is_flag=True, help="Even if an agent may still be using it.")


@click.command(short_help="Move sessions to the trash of the store.")
@sessions_argument()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--keep-subagents", is_flag=True, help="Keep their subagents.")
@click.option(
    "--permanently",
    is_flag=True,
    help="Destroy them instead, as on a full disk; nothing restores them.",
)
@force_option
@json_option
@store_option
@pass_settings
def delete(
    settings: Settings,
    sessions: tuple[str, ...],
    yes: bool,
    keep_subagents: bool,
    permanently: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Move sessions to the store's trash, with their subagents; `agcx undo` restores them.

    With --permanently they are destroyed, and nothing restores them.
    """
    from agcx_format.store import subagents_of

    store = settings.store()
    entries = settings.find(store, sessions)
    if not entries:
        return
    if not keep_subagents and (started := subagents_of(entries, store.scan())):
        tell(
            f"With {counted(len(started), 'subagent')} that they started (--keep-subagents leaves them)."
        )
        entries = [*entries, *started]
    running = store.at_work(entries, time.time_ns())
    if yes and not force and running:
        settings.failed(f"nothing was deleted: {_warning(running)} (--force deletes it anyway)")
        return
    if not yes:
        sizes = store.checkpoint_sizes()
        show_what(entries, running, sizes)
        show_facts(entries, len(running), permanently=permanently)
        what = amount(entries, sizes)
        if not (may_destroy if permanently else may_delete)(settings, entries, what):
            return
    if permanently:
        _destroy(store, entries, as_json=as_json)
        return
    act = store.delete(entries)
    if as_json:
        print_act(act)
    deleted = f"{counted(act.count, 'session')} ({size(act.size)})"
    tell(f"Deleted {deleted}. Undo with: agcx undo")


def _destroy(store: Store, entries: Sequence[ScanEntry], *, as_json: bool) -> None:
    def report(gone: Emptied) -> None:
        if as_json:
            print_act(gone.acts[0])
        tell(f"Destroyed {counted(len(entries), 'session')}; {size(gone.size)} freed.")

    destroy(store, lambda: store.destroy_sessions(entries), report)


@click.command(short_help="Change the title, tags, star, model, directory of sessions.")
@sessions_argument()
@click.option("--title", type=Filled(), metavar="TEXT", help="The new title, for one session only.")
@click.option(
    "--tag", "tags", type=Filled(), metavar="TAG", multiple=True, help="Add a tag; may be repeated."
)
@click.option(
    "--untag", "untags", type=Filled(), metavar="TAG", multiple=True, help="Remove a tag."
)
@click.option("--favorite/--no-favorite", default=None, help="Add or remove the star.")
@click.option("--model", type=Filled(), metavar="MODEL", help="The model that answered.")
@click.option("--mode", type=click.Choice(MODES), help="The mode of the agent.")
@click.option("--directory", type=Filled(), metavar="DIR", help="Where the agent worked.")
@force_option
@json_option
@store_option
@pass_settings
def edit(
    settings: Settings,
    sessions: tuple[str, ...],
    title: str | None,
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    favorite: bool | None,
    model: str | None,
    mode: str | None,
    directory: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Change the title, tags, star, model, mode, or directory; what was said stays the same."""
    if not any((title, tags, untags, favorite is not None, model, mode, directory)):
        raise click.UsageError(
            "nothing to change: --title, --tag, --untag, --favorite, --model, --mode, --directory"
        )
    if title is not None and len(sessions) > 1:
        raise click.UsageError("--title changes one session at a time")
    store = settings.store()
    found = settings.find(store, sessions)
    edits = []
    for entry in found:
        if entry.metadata is None:
            settings.failed(entry.error or f"{entry.path} cannot be read")
        elif (
            fields := _changes(entry, title, tags, untags, favorite, model, mode)
        ) or directory is not None:
            edits.append((entry, fields))
        else:
            tell(f"{_shortened(entry.title)}: nothing to change")
    entries = [entry for entry, _ in edits]
    running = [] if force else store.at_work(entries, time.time_ns())
    if not edits and as_json and found:
        print_act(store.update_many(()))
    if not edits or not may_change(settings, running):
        return
    from agcx_tui.core.words.acts import describe

    if directory is None:
        act = store.update_many(edits)
    else:
        act = store.content.move(edits, str(Path(directory).expanduser().absolute()))
    if as_json:
        print_act(act)
    tell(f"{describe(act)}. Undo with: agcx undo" if act.id else f"{describe(act)}.")


@click.command(short_help="Join two sessions into one.")
@click.argument("first", metavar="SESSION", shell_complete=complete_session)
@click.argument("second", metavar="SESSION", shell_complete=complete_session)
@click.option("--yes", is_flag=True, help="Do not ask, even if something is left out.")
@force_option
@json_option
@store_option
@pass_settings
def join(
    settings: Settings, first: str, second: str, yes: bool, force: bool, as_json: bool
) -> None:
    """Put the messages of the second session after those of the first.

    It first lists what the layout of the first cannot hold. The second one goes to the trash, with
    its checkpoints; `agcx undo` separates them again.
    """
    store = settings.store()
    entries = settings.find(store, [first, second])
    if settings.status:
        return
    if len(entries) < 2:
        raise click.UsageError("a session cannot be joined with itself")
    lost = store.content.join_losses(*entries)
    running = [] if force else store.at_work(entries, time.time_ns())
    if not may_change(settings, running):
        return
    if lost:
        tell(f"without: {'; '.join(lost)}")
        if not yes and not confirm("Join the sessions without that?"):
            settings.failed("nothing was changed: not confirmed (--yes skips the question)")
            return
    act = store.content.join(*entries)
    if as_json:
        print_act(act)
    one, two = (_shortened(title) for title in act.titles)
    tell(f"Joined “{two}” to “{one}”. Undo with: agcx undo")


def _changes(
    entry: ScanEntry,
    title: str | None,
    tags: tuple[str, ...],
    untags: tuple[str, ...],
    favorite: bool | None,
    model: str | None,
    mode: str | None,
) -> dict[str, Any]:
    """The fields that would change, with their new values."""
    from agcx_format import OperatingMode

    metadata = entry.metadata
    assert metadata is not None
    kept = [tag for tag in dict.fromkeys([*metadata.tags, *tags]) if tag not in untags]
    wanted = {
        "title": title,
        "tags": kept,
        "is_favorite": favorite,
        "model": model,
        "current_mode": OperatingMode(mode.capitalize()) if mode else None,
    }
    return {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(metadata, name)
    }


def may_change(settings: Settings, running: list[ScanEntry]) -> bool:
    """Ask whether to change sessions that an agent may be using; yes if there are no such sessions."""
    if not running or confirm(f"{_warning(running)}. Change it anyway?"):
        return True
    settings.failed(f"nothing was changed: {_warning(running)} (--force changes it anyway)")
    return False


def _warning(found: Sequence[ScanEntry]) -> str:
    which = _shortened(found[0].title) if len(found) == 1 else counted(len(found), "session")
    return f"{which} changed in the last 5 minutes; an agent may be working on it"


def may_delete(settings: Settings, entries: Sequence[ScanEntry], what: str) -> bool:
    """Ask whether to delete `what`, and again if favorites are among the entries."""
    favorites = [entry for entry in entries if entry.metadata and entry.metadata.is_favorite]
    if confirm(f"Delete {what}?") and (not favorites or confirm(_again(favorites))):
        return True
    settings.failed("nothing was deleted: not confirmed (--yes skips the question)")
    return False


def may_destroy(settings: Settings, entries: Sequence[ScanEntry], what: str) -> bool:
    """Ask for a word before `what` is destroyed."""
    if typed_word(f"Destroy {what}, for good?"):
        return True
    settings.failed("nothing was destroyed: not confirmed (--yes skips the question)")
    return False


def _again(favorites: Sequence[ScanEntry]) -> str:
    names = ", ".join(f"“{_shortened(entry.title)}”" for entry in favorites[:_FAVORITES_NAMED])
    if len(favorites) > _FAVORITES_NAMED:
        names += f" and {len(favorites) - _FAVORITES_NAMED:,} more"
    them = "favorite" if len(favorites) == 1 else f"{len(favorites):,} favorites"
    return f"Also the {them} {names}?"


def amount(entries: Sequence[ScanEntry], checkpoints: Mapping[str, int]) -> str:
    """`3 sessions (1.2 MB)`, with their checkpoints."""
    total = size(sum(_whole_size(entry, checkpoints) for entry in entries))
    return f"{counted(len(entries), 'session')} ({total})"


def _whole_size(entry: ScanEntry, checkpoints: Mapping[str, int]) -> int:
    from agcx_format.store import own_size

    return own_size(entry) + checkpoints.get(str(entry.id), 0)


def show_what(
    entries: Sequence[ScanEntry], running: Sequence[ScanEntry], checkpoints: Mapping[str, int]
) -> None:
    """Print the first of them, with what matters before a deletion."""
    from agcx_format.store import is_link

    for entry in entries[:_TITLES_SHOWN]:
        notes = [size(_whole_size(entry, checkpoints))]
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


def show_facts(entries: Sequence[ScanEntry], at_work: int, *, permanently: bool = False) -> None:
    """Print how old they are, and what speaks against deleting them."""
    from agcx_format.store import is_link
    from agcx_tui.core.words.deletion import deletion_facts

    links = sum(is_link(entry.path) for entry in entries)
    for line in deletion_facts(
        entries, at_work, microseconds_now(), links, permanently=permanently
    ):
        tell(line)


def _shortened(title: str) -> str:
    return shortened(title, _TITLE_LENGTH)
