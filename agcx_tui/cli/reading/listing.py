"""`agcx list`: the sessions of a store, and the files in it that cannot be read.

Strategy: `SessionTable` sorts and filters, as on the screen.  Text is measured in cells, so that wide
characters do not shift the columns; in a terminal, titles are shortened to the width that is left.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from agcx_format.errors import PersistenceError
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
from agcx_tui.cli.project_column import MOST_READ, project_column
from agcx_tui.core.local.paths import cache_directory, catalogs

if TYPE_CHECKING:
    from agcx_format import ScanEntry, Store
    from agcx_format.catalog import Opening
    from agcx_tui.core.sessions.query import Query
    from agcx_tui.core.sessions.table import SessionTable

# As `agcx_tui.core.sessions.sorting.SORTS`, which would make --help slow; a test compares them.
SORTS = (
    "accessed", "updated", "created", "title", "project", "messages", "turns", "tokens", "cost",
    "size", "ratio",
)  # fmt: skip

# In a pipe titles are not fitted to a width, but a title may have a megabyte.
_LONGEST_TITLE = 100
_SHORTEST_TITLE = 20
_SHORT_ID = 8


@click.command("list", short_help="List the sessions.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option(
    "--details",
    is_flag=True,
    help="With --json: also tokens, cost, commit, branch, and program, where an import noted them."
    " Reads every file.",
)
@click.option(
    "--sort",
    type=click.Choice(SORTS),
    metavar="COLUMN",
    default="accessed",
    show_default=True,
    help=f"One of {', '.join(SORTS)}.",
)
@click.option("--reverse", is_flag=True, help="Reverse the order.")
@click.option(
    "--filter",
    "query",
    type=Text(),
    metavar="QUERY",
    default="",
    help="As in the browser; see above.",
)
@click.option("--subagents", is_flag=True, help="Also the subagents.")
@store_option
@pass_settings
def list_(
    settings: Settings,
    as_json: bool,
    details: bool,
    sort: str,
    reverse: bool,
    query: str,
    subagents: bool,
) -> None:
    """List the sessions, the last opened first; files that cannot be read are marked with a !.

    Subagents are left out unless --subagents is given, and count for the sessions that started them: in the
    size, in larger:, and with --sort size, tokens, or cost.

    QUERY holds words, "phrases", and /regular expressions/ that the title, tags, model, id, project, or
    first words must contain, and terms such as
    agent:codex model:gpt-5 tag:ui mode:plan is:favorite is:broken is:empty before:2024-11 after:7d
    larger:1MB messages:>100; a - before a word or term means not.

    These read the beginnings of sessions that the browser has not listed yet: project:site (the last part
    of the directory, the same for all worktrees of a Git repository) dir:~/src branch:main.

    is:broken finds the damage that shows without reading all of a file; agcx verify finds the rest.

    These read the messages, of new sessions only, of those that match the rest: file:parser.py
    tool:apply_patch is:failed is:edited is:branched turns:>10 duration:>1h (without breaks)
    checkpoint:release.
    """
    from agcx_tui.core.sessions.query import parse
    from agcx_tui.core.sessions.sorting import DESCENDING, OF_OPENING

    if details and not as_json:
        raise click.UsageError("--details is for --json")
    wanted = parse(query, microseconds_now())
    if wanted.errors:
        raise click.BadParameter("; ".join(wanted.errors), param_hint="--filter")
    store = settings.store()
    entries = {entry.path: entry for entry in store.scan()}
    table = make_table(entries.values())
    checkpoints = sizes_of_checkpoints(store)
    table.count_checkpoints(checkpoints)
    table.show_subagents(subagents)
    descending = (sort in DESCENDING) != reverse
    # First: `before` and `after` in the filter are about the date by which it is sorted.
    table.sort_by(sort, descending)
    filter_table(table, wanted, store)
    if sort in OF_OPENING:
        # Those that are not shown count for the sessions that started them.
        hidden = table.subagents.started_by(table.order)
        table.set_openings(_openings(table, [*table.order, *hidden], store).items())
        table.sort_by(sort, descending)
    if as_json:
        known = _openings(table, table.order, store)
        for row in table.order:
            entry = entries[table.path(row)]
            places = _places(table, row, known.get(row))
            facts = _facts(entry, checkpoints, table.subagents.size_below(row))
            print_json(facts | places | (_details(entry) if details else {}))
    else:
        know_projects(table, store)
        print_table(table)


def make_table(entries: Iterable[ScanEntry]) -> SessionTable:
    from agcx_tui.core.sessions.table import SessionTable

    table = SessionTable()
    table.put(entries)
    return table


def filter_table(table: SessionTable, wanted: Query, store: Store) -> None:
    """Show the rows that match; if the beginnings or the messages of sessions decide, they are read now."""
    table.filter_by(wanted)
    if rows := table.rows_to_read():
        from agcx_format.catalog import Catalog
        from agcx_tui.core.sessions.openings import openings

        table.set_openings(openings(table, rows, Catalog(catalogs(cache_directory()), store.path)))
    if rows := table.rows_to_measure():
        from agcx_tui.cli.reading.stats import measured
        from agcx_tui.core.store.activity_feed import entries_of, known_activity

        files = list(measured(store, entries_of(table, rows), activity=True))
        table.set_activity(known_activity(table, files))


def know_projects(table: SessionTable, store: Store) -> None:
    """Learn the projects of the rows shown: of those that the browser has listed, and of some more.

    Reading the beginnings of ten thousand files takes seconds, which is too long for a plain list.
    """
    from agcx_format.catalog import Catalog
    from agcx_tui.core.sessions.openings import known_openings, openings

    rows = [row for row in table.order if table.readable(row) and not table.opening_is_known(row)]
    known = known_openings(table, rows, Catalog(catalogs(cache_directory()), store.path))
    table.set_openings(known.items())
    others = [row for row in rows if row not in known]
    if len(others) <= MOST_READ:
        table.set_openings(openings(table, others, None))
    else:
        tell(
            f"The projects of {len(others):,} sessions are shown once the browser has listed them."
        )


def print_table(table: SessionTable) -> None:
    """Print the rows to stdout, and their number and size to stderr."""
    from agcx_tui.core.words.format import counted, size

    for line in _lines(table, microseconds_now()):
        click.echo(line)
    totals = table.totals_of(table.order)
    total = sum(table.subagents.measured(row, table.size) for row in table.order)
    words = [counted(totals.sessions, "session"), size(total)]
    if totals.broken:
        words.append(f"{totals.broken:,} unreadable")
    tell(" · ".join(words))


def _lines(table: SessionTable, now: int) -> Iterable[str]:
    from rich.cells import cell_len

    from agcx_tui.core.sessions.columns import fit, plain_cells
    from agcx_tui.core.sessions.families import indentation
    from agcx_tui.core.words.format import AGE_WIDTH, age, number, ratio, shortened, size

    ids = short_ids([table.id(row) for row in table.order])
    id_width = max(map(len, ids), default=0)
    titles = [
        f"{indentation(table.subagents.depth(row))}"
        f"{plain_cells(shortened(_title(table, row), _LONGEST_TITLE))}"
        for row in table.order
    ]
    # Besides: the star or !, three gaps, messages (7), size or ratio (7).
    left = _terminal_width() - AGE_WIDTH - 2 - 2 * 3 - 14 - id_width - 2
    names = table.project_labels()
    projects = project_column([names.get(table.project(row), "") for row in table.order])
    left -= max(map(cell_len, projects), default=0)
    title_width = min(max(_SHORTEST_TITLE, left), max(map(cell_len, titles), default=0))
    for row, project, title, short in zip(table.order, projects, titles, ids, strict=True):
        broken = table.broken(row)
        mark = table.flag(row)
        messages = "" if broken else number(table.messages(row))
        by_ratio = table.shown_measure == "ratio"
        measure = (
            ratio(table.ratio(row)) if by_ratio else size(table.subagents.measured(row, table.size))
        )
        yield (
            f"{age(table.date(row), now):>{AGE_WIDTH}}  {project}"
            f"{mark} {fit(title, title_width)}"
            f"  {messages:>7}  {measure:>7}  {plain_cells(short)}"
        )


def _title(table: SessionTable, row: int) -> str:
    from agcx_tui.core.words.format import short_reason

    if not table.readable(row):
        return short_reason(table.error(row))
    title = table.title(row) or "(no title)"
    return f"{title}  ({short_reason(table.error(row))})" if table.broken(row) else title


def short_ids(ids: list[str]) -> list[str]:
    """The first eight characters of each id, or as many as make it unique."""
    shortest = {}
    ordered = sorted(ids)
    for before, this, after in zip(["", *ordered], ordered, [*ordered[1:], ""], strict=False):
        shared = max(_shared(before, this), _shared(this, after))
        shortest[this] = this[: max(_SHORT_ID, shared + 1)]
    return [shortest[name] for name in ids]


def _shared(one: str, other: str) -> int:
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))


def _terminal_width() -> int:
    if not sys.stdout.isatty():
        return 10_000
    import shutil

    return shutil.get_terminal_size().columns


def sizes_of_checkpoints(store: Store) -> dict[str, int]:
    """Bytes of the checkpoints of each session; empty if their folder cannot be read."""
    try:
        return store.checkpoint_sizes()
    except PersistenceError as error:
        complain(str(error))
        return {}


def _openings(table: SessionTable, rows: Iterable[int], store: Store) -> dict[int, Opening]:
    """The beginnings of these sessions, from the browser's catalog where it has them."""
    from agcx_format.catalog import Catalog
    from agcx_tui.core.sessions.openings import openings

    readable = [row for row in rows if table.readable(row)]
    return dict(openings(table, readable, Catalog(catalogs(cache_directory()), store.path)))


def _places(table: SessionTable, row: int, opening: Opening | None) -> dict[str, str | None]:
    """Where a session was, and with which agent; null where nothing is known."""
    return {
        "directory": (opening.directory if opening else "") or None,
        "project": (opening.project if opening else "") or None,
        "branch": (opening.branch if opening else "") or None,
        "agent": table.agent(row) if table.readable(row) else None,
    }


def _details(entry: ScanEntry) -> dict[str, Any]:
    """What an import noted about a session; null where nothing is known, or the file cannot be read."""
    from agcx_format import SessionFile
    from agcx_format.errors import PersistenceError
    from agcx_format.importing import source_details

    try:
        with SessionFile(entry.path) as file:
            return source_details(file.context.environment_variables)
    except PersistenceError:
        return source_details({})


def _facts(entry: ScanEntry, checkpoints: dict[str, int], of_subagents: int) -> dict[str, Any]:
    """An entry for scripts: the metadata as serde writes it, the file, and the error or null."""
    from agcx_format import to_plain
    from agcx_format.subagents import parent_of

    facts: dict[str, Any] = {
        "id": str(entry.id) if entry.id else None,
        "path": entry.path,
        "bytes": entry.size,
        "checkpoint_bytes": checkpoints.get(str(entry.id), 0),
        "subagent_bytes": of_subagents,
        "error": None,
    }
    if entry.metadata is not None:
        # Without an id in the file's name, the one in the metadata is left.
        metadata: dict[str, Any] = to_plain(entry.metadata)
        parent = parent_of(entry.metadata.tags)
        facts["parent"] = str(parent) if parent else None
        return metadata | {
            name: value for name, value in facts.items() if name != "id" or value is not None
        }
    error = entry.error
    if error is not None:
        facts["error"] = {
            "reason": error.reason,
            "section": error.section,
            "offset": error.offset,
        }
    return facts
