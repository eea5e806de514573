"""`agcx trash`: list, restore, and destroy what was deleted.

Strategy: sessions in the trash are named as those in the store.  Emptying destroys data,
so it asks for a typed word instead of a yes; without a terminal it requires `--yes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from agcx_format.transcript import safe_line
from agcx_tui.cli.changing.act_json import json_option, print_act
from agcx_tui.cli.changing.destroying import destroy
from agcx_tui.cli.common import (
    Filled,
    Settings,
    microseconds_now,
    pass_settings,
    print_json,
    store_option,
    tell,
    typed_word,
)
from agcx_tui.cli.project_column import MOST_READ, project_column
from agcx_tui.cli.values import Age
from agcx_tui.core.local.paths import cache_directory, histories
from agcx_tui.core.words.format import counted, shortened, size

if TYPE_CHECKING:
    from agcx_format.store import TrashedSession

_TITLE_WIDTH = 60
_SHORT_ID = 8


@click.group()
def trash() -> None:
    """List what was deleted, restore it, or destroy it."""


@trash.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@store_option
@pass_settings
def list_(settings: Settings, as_json: bool) -> None:
    """List the sessions in the trash, the most recently deleted first."""
    from agcx_format.catalog import HistoryCache

    cache = HistoryCache(histories(cache_directory()), settings.store().path)
    sessions = cache.trash()
    if as_json:
        for session in sessions:
            print_json(
                {
                    "id": str(session.id) if session.id else None,
                    "title": session.title,
                    "bytes": session.size,
                    "path": session.path,
                    "act": session.act.id,
                    "kind": session.act.kind,
                    "deleted_at": session.act.created_at,
                }
            )
    else:
        # One write: click looks at the terminal and flushes for each.
        click.echo("".join(_lines(sessions)), nl=False)
    tell(f"{counted(len(sessions), 'session')} · {size(sum(each.size for each in sessions))}")
    cache.save()


def _lines(sessions: Sequence[TrashedSession]) -> Iterator[str]:
    from agcx_format import ns_of
    from agcx_tui.core.words.format import AGE_WIDTH, age

    now = microseconds_now()
    for session, project in zip(sessions, project_column(_projects(sessions)), strict=True):
        when = age(ns_of(session.act.created_at) // 1000, now)
        title = shortened(safe_line(session.title).strip() or "(no title)", _TITLE_WIDTH)
        name = session.name[:_SHORT_ID]
        amount = f"{size(session.size):>7}"
        yield f"{when:>{AGE_WIDTH}}  {session.act.id[-6:]}  {name:8}  {amount}  {project}{title}\n"


def _projects(sessions: Sequence[TrashedSession]) -> list[str]:
    """What the project of each is called; empty where none is known, and of all but the last thousand.

    The beginning of a session says it, which takes half a millisecond to read.
    """
    from agcx_format.catalog import read_opening
    from agcx_tui.core.sessions.project_labels import project_labels

    found = [read_opening(each.path).project for each in sessions[:MOST_READ]]
    found += [""] * (len(sessions) - len(found))
    labels = project_labels(dict.fromkeys(found))
    return [labels.get(project, "") for project in found]


@trash.command()
@click.argument("sessions", metavar="[SESSION]...", nargs=-1)
@click.option(
    "--act",
    type=Filled(),
    metavar="CHANGE",
    help="All that this change deleted, as `trash list` shows it.",
)
@click.option("--all", "all_", is_flag=True, help="Everything in the trash.")
@json_option
@store_option
@pass_settings
def restore(
    settings: Settings, sessions: tuple[str, ...], act: str | None, all_: bool, as_json: bool
) -> None:
    """Restore sessions; nothing that exists is overwritten."""
    if not (sessions or act or all_):
        raise click.UsageError("name what to restore: SESSION, --act CHANGE, or --all")
    store = settings.store()
    there = store.trash()
    if act is not None:
        there = [each for each in there if each.act.id.startswith(act) or each.act.id[-6:] == act]
        if not there:
            settings.failed(f"the trash holds nothing from a change {act!r}")
    wanted = there if not sessions else _find(settings, there, sessions)
    if not there and all_:
        if as_json:
            print_act(store.restore(()))
        tell("Nothing in the trash to restore.")
    elif wanted:
        done = store.restore(wanted)
        if as_json:
            print_act(done)
        total = size(done.size)
        tell(f"Restored {counted(done.count, 'session')} ({total}). Undo with: agcx undo")


def _find(
    settings: Settings, there: Sequence[TrashedSession], names: Sequence[str]
) -> list[TrashedSession]:
    """The sessions of these names; of one that was deleted several times, the last."""
    from agcx_format.store import SHORTEST_PREFIX

    found: dict[str, TrashedSession] = {}
    for name in names:
        fitting = [
            each
            for each in there
            if name in (each.path, each.origin)
            or (len(name) >= SHORTEST_PREFIX and str(each.id or "").startswith(name.lower()))
        ]
        if not fitting:
            settings.failed(f"no session {name!r} in the trash")
        elif len({each.origin for each in fitting}) > 1:
            settings.failed(f"{len(fitting)} sessions in the trash begin with {name!r}")
        else:
            found.setdefault(fitting[0].origin, fitting[0])
    return list(found.values())


@trash.command()
@click.option(
    "--older-than",
    metavar="AGE",
    type=Filled(Age()),
    help="Only what was deleted before: 30d, 12h, 2w, 2024-11.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@store_option
@pass_settings
def empty(settings: Settings, older_than: str | None, yes: bool) -> None:
    """Destroy what is in the trash. This cannot be undone.

    It also destroys the versions that edits replaced; those changes can no longer be undone.
    """
    from agcx_format.store import trashed
    from agcx_tui.core.words.deletion import destroyed_sessions

    store = settings.store()
    to_destroy = store.to_destroy(older_than)
    if not to_destroy:
        tell("Nothing in the trash to destroy.")
        return
    sessions = list(trashed(store.path, to_destroy))
    total = size(sum(each.size for each in sessions))
    what = f"{destroyed_sessions(sessions)} ({total})"
    question = f"Destroy {what} and the undo of {counted(len(to_destroy), 'change')}, for good?"
    if not yes and not typed_word(question):
        settings.failed("nothing was destroyed: not confirmed (--yes skips the question)")
        return
    destroy(
        store,
        lambda: store.destroy(to_destroy),
        lambda gone: tell(f"Destroyed {counted(gone.count, 'session')}; {size(gone.size)} freed."),
    )
