"""Full-text search over the conversations of a store.

>>> from agcx_format import InputText, Message, new_message, new_session, open_store
>>> from agcx_format.search import Index
>>> store = open_store(directory)
>>> question = new_message(Message(None, "user", [InputText("Why did the lease expire?")]))
>>> session = new_session(title="Red build", messages=[question])
>>> store.save_session(session.metadata.id, *session)
>>> for hit in Index(store).search('lease -retry role:user'):
...     print(hit.title, hit.message, hit.line)
Red build 0 Why did the lease expire?

`parse_query` describes the language of queries.  With a directory for its cache, an `Index` keeps a book of
all text, which makes searches fast: see `Index.update`.

Inside, a `run` goes through the sessions in `scope` and has each looked at by `examine`: in the segments of
the `book`, else `direct`ly.  `matchers` say where a word or expression occurs; `signature`, `raw`, and the
`regex_…` modules say where it cannot.  `scheduler` and `helpers` spread the work over processes; `builder`
makes the book.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agcx_format._exports import names_in, on_demand

if TYPE_CHECKING:
    from agcx_format.search.build import BUILD_BUSY as BUILD_BUSY
    from agcx_format.search.build import BUILD_DONE as BUILD_DONE
    from agcx_format.search.build import BUILD_FAILED as BUILD_FAILED
    from agcx_format.search.build import BUILD_STOPPED as BUILD_STOPPED
    from agcx_format.search.build import build_command as build_command
    from agcx_format.search.finder import Finder as Finder
    from agcx_format.search.index import Index as Index
    from agcx_format.search.index import Order as Order
    from agcx_format.search.look_ahead import LookAhead as LookAhead
    from agcx_format.search.matchers import Literal as Literal
    from agcx_format.search.matchers import Matcher as Matcher
    from agcx_format.search.matchers import Refused as Refused
    from agcx_format.search.matchers import Regex as Regex
    from agcx_format.search.matchers import compiled as compiled
    from agcx_format.search.native import missing as missing
    from agcx_format.search.query import KEYS as KEYS
    from agcx_format.search.query import PLACES as PLACES
    from agcx_format.search.query import ROLES as ROLES
    from agcx_format.search.query import ForeignTerm as ForeignTerm
    from agcx_format.search.query import Query as Query
    from agcx_format.search.query import QueryError as QueryError
    from agcx_format.search.query import Term as Term
    from agcx_format.search.query import Within as Within
    from agcx_format.search.query import parse_query as parse_query
    from agcx_format.search.results import Hit as Hit
    from agcx_format.search.results import SearchProgress as SearchProgress
    from agcx_format.search.results import SessionHits as SessionHits
    from agcx_format.search.results import SessionRef as SessionRef
    from agcx_format.search.results import Unsearched as Unsearched
    from agcx_format.search.run import Search as Search
    from agcx_format.search.said import Said as Said
    from agcx_format.search.state import DEFAULT_CAP as DEFAULT_CAP
    from agcx_format.search.state import BookState as BookState
    from agcx_format.search.text import read_messages as read_messages
    from agcx_format.search.text import shown_texts as shown_texts
    from agcx_format.search.tokenizer import Token as Token
    from agcx_format.search.tokenizer import tokens as tokens
    from agcx_format.search.wipe import forget_text as forget_text

_HOMES = {
    "build": "BUILD_BUSY BUILD_DONE BUILD_FAILED BUILD_STOPPED build_command",
    "finder": "Finder",
    "index": "Index Order",
    "look_ahead": "LookAhead",
    "matchers": "Literal Matcher Refused Regex compiled",
    "native": "missing",
    "query": "KEYS PLACES ROLES ForeignTerm Query QueryError Term Within parse_query",
    "results": "Hit SearchProgress SessionHits SessionRef Unsearched",
    "run": "Search",
    "state": "BookState DEFAULT_CAP",
    "said": "Said",
    "text": "read_messages shown_texts",
    "tokenizer": "Token tokens",
    "wipe": "forget_text",
}

__all__ = names_in(_HOMES)

if not TYPE_CHECKING:
    __getattr__, __dir__ = on_demand(__name__, _HOMES)
