"""The filter of the list, from a parsed line to the rows that are left, beside `in` and `re`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import cycle, islice

from msgspec import structs

from agcx_format import open_store
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.table import SessionTable
from tests.bench.registry import measure, times
from tests.bench.timing import Outcome, against, clock
from tests.bench.workspace import Workspace

_IN = "str in over the same texts"
_RE = "re.search over the same texts"
# In the titles of a part of the sessions.
_WORD, _PATTERN = "migration", r"migrat\w+s?\b"


@measure("filter.word", "the rows of 10,000 that hold a word", _IN, times(6))
def word(work: Workspace) -> Outcome:
    return _filtered(work, work.scaled(10_000, 300), _WORD, lambda text: _WORD in text)


@measure("filter.word-100k", "the rows of 100,000 that hold a word", _IN, times(6))
def word_of_many(work: Workspace) -> Outcome:
    return _filtered(work, work.scaled(100_000, 600), _WORD, lambda text: _WORD in text)


@measure("filter.regex", "the rows of 10,000 that an expression matches", _RE, times(9))
def regex(work: Workspace) -> Outcome:
    return _filtered(work, work.scaled(10_000, 300), f"/{_PATTERN}/", re.compile(_PATTERN).search)


@measure("filter.regex-100k", "the rows of 100,000 that an expression matches", _RE, times(9))
def regex_of_many(work: Workspace) -> Outcome:
    return _filtered(work, work.scaled(100_000, 600), f"/{_PATTERN}/", re.compile(_PATTERN).search)


def _filtered(work: Workspace, count: int, line: str, holds: Callable[[str], object]) -> Outcome:
    table = _table(work, count)
    texts = [table.columns.haystacks[row] for row in table.present()]
    everything, query = parse("", 0), parse(line, 0)
    probe = clock(partial(table.filter_by, query), partial(table.filter_by, everything))
    found = against(probe, clock(lambda: list(filter(holds, texts))), pairs=work.pairs(15))
    table.filter_by(query)
    return replace(found, note=f"{len(table.order):,} of {count:,} sessions")


def _table(work: Workspace, count: int) -> SessionTable:
    """As of so many sessions; those of a smaller store are in it more than once."""
    store = work.store(work.scaled(1_000, 100), "to-filter")
    entries = list(open_store(store).scan())
    table = SessionTable()
    table.put(
        structs.replace(entry, path=f"{entry.path}.{number}")
        for number, entry in enumerate(islice(cycle(entries), count))
    )
    return table
