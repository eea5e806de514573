"""The beginnings of sessions, where a filter needs them at once: from the catalog, or read from the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from agcx_format.catalog import WORDS_KNOWN, read_opening

if TYPE_CHECKING:
    from agcx_format.catalog import Catalog, Columns, Opening
    from agcx_tui.core.sessions.rows import SessionRows

__all__ = ["known_openings", "openings"]


def openings(
    table: SessionRows,
    rows: Iterable[int],
    catalog: Catalog | None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[int, Opening]]:
    """The opening of each row, until `stopped`.

    The catalog knows it if the app has listed this version of the file; reading it takes half a millisecond.
    """
    known = None if catalog is None else catalog.load()
    for row in rows:
        if stopped():
            return
        found = None if known is None else _known(known, table, row)
        yield row, read_opening(table.path(row)) if found is None else found


def known_openings(
    table: SessionRows, rows: Iterable[int], catalog: Catalog | None
) -> dict[int, Opening]:
    """The openings that the catalog knows; nothing is read from the files."""
    known = None if catalog is None else catalog.load()
    if known is None:
        return {}
    found = ((row, _known(known, table, row)) for row in rows)
    return {row: opening for row, opening in found if opening is not None}


def _known(columns: Columns, table: SessionRows, row: int) -> Opening | None:
    """What the catalog says of a row of the table; None if it does not know this version of the file."""
    there = columns.row_of(table.path(row))
    if there is None or not columns.arrays["flags"][there] & WORDS_KNOWN:
        return None
    return columns.opening(there) if columns.signature(there) == table.signature(row) else None
