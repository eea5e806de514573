"""What a list remembers of a store, so that it is there at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.catalog.block import Block as Block
    from agcx_format.catalog.columns import BROKEN as BROKEN
    from agcx_format.catalog.columns import DATES as DATES
    from agcx_format.catalog.columns import FAVORITE as FAVORITE
    from agcx_format.catalog.columns import GONE as GONE
    from agcx_format.catalog.columns import MODES as MODES
    from agcx_format.catalog.columns import READABLE as READABLE
    from agcx_format.catalog.columns import WORDS_KNOWN as WORDS_KNOWN
    from agcx_format.catalog.columns import Columns as Columns
    from agcx_format.catalog.columns import micros as micros
    from agcx_format.catalog.file import Catalog as Catalog
    from agcx_format.catalog.file import Reading as Reading
    from agcx_format.catalog.haystack import lines_as_written as lines_as_written
    from agcx_format.catalog.history_cache import HistoryCache as HistoryCache
    from agcx_format.catalog.openings import read_opening as read_opening
    from agcx_format.catalog.projects import Opening as Opening
    from agcx_format.catalog.projects import project_directory as project_directory
    from agcx_format.catalog.projects import project_name as project_name
    from agcx_format.catalog.refresh import Gone as Gone
    from agcx_format.catalog.refresh import differences as differences
    from agcx_format.catalog.refresh import look_at as look_at
    from agcx_format.catalog.text_columns import Texts as Texts

_HOMES = {
    "block": "Block",
    "columns": "BROKEN Columns DATES FAVORITE GONE MODES READABLE WORDS_KNOWN micros",
    "file": "Catalog Reading",
    "haystack": "lines_as_written",
    "history_cache": "HistoryCache",
    "openings": "read_opening",
    "projects": "Opening project_directory project_name",
    "refresh": "Gone differences look_at",
    "text_columns": "Texts",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
