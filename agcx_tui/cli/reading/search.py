"""`agcx search`: what was said in any conversation, as ripgrep would print it.

Strategy: results are printed session by session as they are found, so `| head` ends the search.  The list's
keys in the query select the sessions; without any, the store's files are not even opened when the index
knows them.  Matches are colored and headings are links in a terminal only.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal

import click

from agcx_format.transcript import safe_line
from agcx_tui.cli.common import (
    Settings,
    Text,
    complain,
    microseconds_now,
    pass_settings,
    print_json,
    store_option,
    tell,
)

if TYPE_CHECKING:
    from agcx_format.search import (
        BookState,
        Hit,
        Index,
        Search,
        Unsearched,
    )
    from agcx_tui.core.search.line import SearchLine

_NOT_FOUND = 1


class _SearchCommand(click.Command):
    """Says how to write a query that looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.possibilities:
                raise
            hint = (
                "If - is to exclude words, write -- before the query: agcx search -- lease -retry"
            )
            raise click.UsageError(f"{error.format_message()} {hint}", ctx) from error


@click.command("search", cls=_SearchCommand, short_help="Search inside all conversations.")
@click.argument("words", metavar="QUERY...", nargs=-1, required=True, type=Text())
@click.option("--json", "as_json", is_flag=True, help="One JSON object per hit.")
@click.option("--count", is_flag=True, help="Only the number of hits in each session.")
@click.option("--sessions", "ids_only", is_flag=True, help="Only the ids, as for agcx export $(…).")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N hits.")
@click.option(
    "--context",
    type=click.IntRange(0, 100),
    default=0,
    metavar="N",
    help="Show N lines before and after each hit.",
)
@click.option(
    "--sort",
    type=click.Choice(("newest", "best")),
    default="newest",
    show_default=True,
    help="What comes first.",
)
@click.option("--build", is_flag=True, help="First bring the index up to date.")
@store_option
@pass_settings
def search(
    settings: Settings,
    words: tuple[str, ...],
    as_json: bool,
    count: bool,
    ids_only: bool,
    limit: int | None,
    context: int,
    sort: Literal["newest", "best"],
    build: bool,
) -> None:
    """Search inside all conversations, the newest first.

    QUERY holds words, which must all occur in a session, "phrases", -words that must not occur, and
    /regular expressions/. A capital letter makes a word case-sensitive. role:user, tool:shell, path:queue.py,
    is:error and in:title|you|assistant|reasoning|tool choose which messages count; terms as in
    agcx list --filter choose the sessions.

    Every match of every word is a hit. With --limit, those in the lines where the most and the rarest words
    stand together come first.

    \b
      agcx search lease expired
      agcx search -- lease -retry
      agcx search '"connection reset" role:tool after:7d'
      agcx export $(agcx search --sessions '/TODO|FIXME/ in:you')

    Messages are numbered from 1, as in agcx show --messages. In JSON, "number" is that number, and "message"
    counts from 0. The exit status is 0 if something was found, 1 if not.
    """
    if sum((as_json, count, ids_only)) > 1:
        raise click.UsageError("--json, --count and --sessions cannot be combined")
    line = _parsed(" ".join(words))
    index = _index(settings, build=build)
    # No hit is shown of ids and counts; with a limit, the best hits of a session and not its first.
    rows = 0 if ids_only or count else limit
    found = _find(index, line, sort=sort, context=context, rows=rows, counted=not ids_only)
    if as_json:
        _print_hits(found, limit)
    elif ids_only:
        _print_ids(found, limit)
    elif count:
        _print_counts(found, limit)
    else:
        _print_lines(found, limit, context)
    _report(found)
    if not found.progress.sessions:
        settings.status = _NOT_FOUND


def _parsed(text: str) -> SearchLine:
    from agcx_tui.cli.reading.searching import meaning_of

    try:
        return meaning_of(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="QUERY") from error


def _index(settings: Settings, *, build: bool) -> Index:
    """The index of the store; with `build` it is brought up to date first."""
    from agcx_format.search import Index

    directory = settings.index_directory
    if build and directory is None:
        raise click.UsageError("--build: search.index is false in the configuration")
    index = Index(settings.store_path(), directory, look_ahead=settings.look_ahead)
    if build:
        _build(index, settings.config[0].search_bytes)
    return index


def _build(index: Index, cap: int | None) -> None:
    """Bring the index up to date; where that fails, what it lacks is searched all the same."""
    from agcx_format.errors import LockHeld, PersistenceError
    from agcx_format.search import DEFAULT_CAP

    progress = _Progress(sys.stderr.isatty())
    try:
        state = index.update(cap=cap or DEFAULT_CAP, report=progress.show)
    except LockHeld:
        reason = "another process is building it"
    except PersistenceError as error:
        reason = str(error)
    else:
        reason = _left_out(state)
    finally:
        progress.clear()
    if not reason:
        return
    complain(f"not everything is in the index: {reason}")


def _left_out(state: BookState) -> str:
    """That the index has all that it may have, if it does not have everything."""
    from agcx_tui.core.words.format import counted, size

    if not state.left_out:
        return ""
    left = counted(state.left_out, "session")
    return f"{left} left out, since search.largest is {size(state.cap)}"


class _Progress:
    """How far the index is, in a line that is written over."""

    def __init__(self, on: bool) -> None:
        self._on = on

    def show(self, state: BookState) -> None:
        if self._on:
            words = f"{state.sessions:,} of {state.total:,} sessions in the index"
            click.echo(f"\r\x1b[K{words}", nl=False, err=True)

    def clear(self) -> None:
        if self._on:
            click.echo("\r\x1b[K", nl=False, err=True)


def _find(
    index: Index,
    line: SearchLine,
    *,
    sort: Literal["newest", "best"],
    context: int,
    rows: int | None,
    counted: bool,
) -> Search:
    from agcx_tui.cli.reading.searching import selected_sessions

    return index.find(
        line.wanted,
        sessions=selected_sessions(index, line),
        order=sort,
        context=context,
        rows=rows,
        counted=counted,
    )


def _report(found: Search) -> None:
    from agcx_tui.core.search.summary import summary

    words, direct = summary(found.progress), found.progress.direct
    tell(f"{words} · {direct:,} without the index" if direct else words)
    for missing in (*found.progress.unreadable, *found.progress.partial):
        tell(f"  {_incomplete(missing)}")


def _incomplete(missing: Unsearched) -> str:
    part = f"searched up to message {missing.messages:,}: " if missing.messages else ""
    return f"{missing.name}: {part}{missing.error.reason}"


def _print_hits(found: Search, limit: int | None) -> None:
    from agcx_tui.cli.reading.searching import first_hits

    for session in first_hits(found, limit):
        for hit in session.hits:
            print_json(_as_json(hit))
        sys.stdout.flush()


def _as_json(hit: Hit) -> dict[str, Any]:
    return {
        "session": str(hit.session) if hit.session else hit.path,
        "title": hit.title,
        "message": hit.message,
        # As `agcx show --messages` and the lines for a person count.
        "number": None if hit.message is None else hit.message + 1,
        "role": hit.role,
        "time": hit.time or None,
        "start": hit.start,
        "end": hit.end,
        "line": hit.line,
        "before": list(hit.before),
        "after": list(hit.after),
    }


def _print_ids(found: Search, limit: int | None) -> None:
    from agcx_tui.cli.reading.searching import first_hits

    for session in first_hits(found, limit):
        # A file whose name is no id is found by its path.
        click.echo(str(session.id) if session.id else safe_line(session.path))
        sys.stdout.flush()


def _print_counts(found: Search, limit: int | None) -> None:
    from agcx_tui.cli.reading.search_lines import short_id
    from agcx_tui.cli.reading.searching import first_hits

    for session in first_hits(found, limit):
        click.echo(f"{session.count:>7,}  {short_id(session)}  {safe_line(session.title)}")
        sys.stdout.flush()


def _print_lines(found: Search, limit: int | None, context: int) -> None:
    from agcx_tui.cli.reading.search_lines import session_lines
    from agcx_tui.cli.reading.searching import first_hits

    colored = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    now = microseconds_now()
    for number, session in enumerate(first_hits(found, limit)):
        if number:
            click.echo()
        for line in session_lines(session, now, colored=colored, context=context):
            click.echo(line)
        sys.stdout.flush()
