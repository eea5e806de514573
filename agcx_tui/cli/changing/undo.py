"""`agcx undo`: take back a change, or list all of them.

Strategy: without a name it is about the last change.  If that destroyed something, nothing is undone: what
came before it is undone only by its name, since whoever types `undo` hardly means it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from agcx_tui.cli.changing.act_json import print_act
from agcx_tui.cli.common import (
    Filled,
    Settings,
    microseconds_now,
    pass_settings,
    store_option,
    tell,
)
from agcx_tui.core.local.paths import cache_directory, histories
from agcx_tui.core.words.format import counted, shortened

if TYPE_CHECKING:
    from agcx_format import Act, Store

_TITLES_SHOWN = 10
_TITLE_LENGTH = 70


@click.command()
@click.argument("act", metavar="[CHANGE]", type=Filled(), required=False)
@click.option("--list", "list_", is_flag=True, help="List the changes; undo nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per change.")
@store_option
@pass_settings
def undo(settings: Settings, act: str | None, list_: bool, as_json: bool) -> None:
    """Undo the last change, or CHANGE, which is an id from --list."""
    store = settings.store()
    if list_:
        from agcx_format.catalog import HistoryCache

        cache = HistoryCache(histories(cache_directory()), store.path)
        _print_log(cache.log(), as_json)
        cache.save()
    elif act is None:
        _undo_last(settings, store, as_json)
    else:
        from agcx_tui.core.words.acts import acts_named

        found = acts_named(store.acts(), act)
        if len(found) == 1:
            _undo(settings, store, found[0], as_json)
        else:
            few = f"{len(found)} changes match {act!r}" if found else f"no change {act!r}"
            settings.failed(f"{few}: agcx undo --list shows the ids")


def _undo_last(settings: Settings, store: Store, as_json: bool) -> None:
    from agcx_tui.core.words.acts import cannot_be_undone, describe

    last = store.next_to_undo()
    if destroyed := store.destroyed_since(last):
        words = cannot_be_undone(destroyed)
        before = "nothing before it can"
        if last is not None:
            before = f"before it: {describe(last)} (agcx undo {last.id[-6:]})"
        settings.failed(f"{words[:1].lower()}{words[1:]}; {before}")
    else:
        _undo(settings, store, last, as_json)


def _undo(settings: Settings, store: Store, act: Act | None, as_json: bool) -> None:
    """Undo a change and say so; without one, the store reports that there is nothing to undo."""
    from agcx_format.errors import UndoConflict
    from agcx_tui.core.words.acts import conflict, describe_undo

    try:
        done = store.undo(None if act is None else act.id)
    except UndoConflict as error:
        if act is None:
            raise
        settings.failed(f"nothing was undone: {conflict(act, error.paths)}")
        return
    if as_json:
        from msgspec.structs import replace

        print_act(replace(done, undone=True))
    tell(describe_undo(done))
    for line in _title_lines(done.titles if done.count > 1 else ()):
        tell(line)


def _title_lines(titles: Sequence[str]) -> Iterator[str]:
    for title in titles[:_TITLES_SHOWN]:
        yield f"  {shortened(title, _TITLE_LENGTH)}"
    if len(titles) > _TITLES_SHOWN:
        yield f"  … and {len(titles) - _TITLES_SHOWN:,} more (agcx undo --list --json has all)"


def _print_log(acts: Sequence[Act], as_json: bool) -> None:
    if as_json:
        for act in acts:
            print_act(act)
    else:
        # One write: click looks at the terminal and flushes for each.
        click.echo("".join(_lines(acts)), nl=False)
    tell(counted(len(acts), "change"))


def _lines(acts: Iterable[Act]) -> Iterator[str]:
    from agcx_format import ns_of
    from agcx_tui.core.words.acts import describe, state_of, titles_of
    from agcx_tui.core.words.format import AGE_WIDTH, age

    now = microseconds_now()
    for act in acts:
        when = age(ns_of(act.created_at) // 1000, now)
        titles = titles_of(act) if act.count > 1 else ""
        titles = f" ({titles})" if titles else ""
        state = f"  ({words})" if (words := state_of(act)) else ""
        yield f"{when:>{AGE_WIDTH}}  {act.id[-6:]}  {describe(act)}{titles}{state}\n"
