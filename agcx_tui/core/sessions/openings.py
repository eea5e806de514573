"""The beginnings of sessions, where a filter needs them at once: from the catalog, or read from the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from agcx_format.catalog import WORDS_KNOWN, read_opening

if TYPE_CHECKING:
    from agcx_format.catalog import Catalog, Columns, Opening
    from agcx_format.disk import Signature
    from agcx_tui.core.sessions.rows import SessionRows

__all__ = ["known_openings", "openings"]


def openings(
    table: SessionRows,
    rows: Iterable[int],
    catalog: Catalog | None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[int, Opening]]:
    """The opening of each row, until `stopped`.

    The catalog knows it if the app has listed the file as it is now; reading it takes half a millisecond.
    """
    known = None if catalog is None else catalog.load()
    for row in rows:
        if stopped():
            return
        path = table.path(row)
        found = None if known is None else _known(known, path)
        if found is None or found[0] != table.signature(row):
            yield row, read_opening(path)
        else:
            yield row, found[1]


def known_openings(
    table: SessionRows, rows: Iterable[int], catalog: Catalog | None
) -> dict[int, Opening]:
    """The openings that the catalog knows; nothing is read from the files."""
    known = None if catalog is None else catalog.load()
    if known is None:
        return {}
    found = ((row, _known(known, table.path(row))) for row in rows)
    return {row: each[1] for row, each in found if each and each[0] == table.signature(row)}


def _known(columns: Columns, path: str) -> tuple[Signature | None, Opening] | None:
    row = columns.row_of(path)
    if row is None or not columns.arrays["flags"][row] & WORDS_KNOWN:
        return None
    return columns.signature(row), columns.opening(row)
