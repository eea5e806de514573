"""Full-text search over the conversations of a store.

from agcx_format.search import Index

for hit in Index(store, cache_dir).search('stall "lease expired" role:assistant'):
    print(hit.title, hit.message, hit.line)
"""

from __future__ import annotations

from agcx_format.search.builder import DEFAULT_CAP, BookState
from agcx_format.search.finder import Finder
from agcx_format.search.index import Index
from agcx_format.search.native import missing
from agcx_format.search.query import (
    KEYS,
    PLACES,
    ForeignTerm,
    Query,
    QueryError,
    Term,
    Within,
    parse_query,
)
from agcx_format.search.results import Hit, SearchProgress, SessionHits, SessionRef, Unsearched
from agcx_format.search.run import Search
from agcx_format.search.wipe import forget_text

__all__ = [
    "DEFAULT_CAP",
    "KEYS",
    "PLACES",
    "BookState",
    "Finder",
    "ForeignTerm",
    "Hit",
    "Index",
    "Query",
    "QueryError",
    "Search",
    "SearchProgress",
    "SessionHits",
    "SessionRef",
    "Term",
    "Unsearched",
    "Within",
    "forget_text",
    "missing",
    "parse_query",
]
