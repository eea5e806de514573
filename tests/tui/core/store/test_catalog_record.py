"""The catalog is written some seconds after a change, and the less often the longer that takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from agcx_format.catalog import Catalog, Columns
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store.catalog_record import CatalogRecord

_SECONDS = 0.25


class BigCatalog(Catalog):
    """Takes at least a quarter of a second to write, as one of a hundred thousand sessions does."""

    def save(self, columns: Columns, rows: list[int], *, patience: float = 0) -> bool:
        time.sleep(_SECONDS)
        return super().save(columns, rows, patience=patience)


def test_a_catalog_that_takes_long_to_write_is_written_less_often(tmp_path: Path) -> None:
    due: list[tuple[float, Callable[[], None]]] = []
    catalog = BigCatalog(tmp_path / "cache", tmp_path)
    record = CatalogRecord(catalog, SessionTable(), lambda *timer: due.append(timer))

    record.save_soon(lambda: True)
    due[0][1]()
    asyncio.run(record.written())
    record.save_soon(lambda: True)

    before, after = (seconds for seconds, _ in due)
    assert catalog.path.is_file()
    assert before < 5
    # Writing takes a twentieth of the time at most.
    assert after >= 20 * _SECONDS
