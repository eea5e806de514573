"""What an agent may look up in a store, as text: search, read, and list, each bounded and without secrets.

Strategy: the forms are those of `agcx search`, `agcx show`, and `agcx list --filter`, which a model reads as
well as a person.  Secrets are replaced before a text is cut, so that no half of one is left.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal

from agcx_format import listed
from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_text
from agcx_tui.cli.agents.secrets import NoSecrets, Secrets
from agcx_tui.cli.common import microseconds_now
from agcx_tui.cli.reading.search_lines import session_lines
from agcx_tui.cli.reading.searching import first_hits, matching_table, meaning_of, selected_sessions
from agcx_tui.cli.reading.show import selected_messages
from agcx_tui.cli.reading.text import MessageLines, heading
from agcx_tui.core.search.summary import summary

if TYPE_CHECKING:
    from agcx_format import SessionFile, Store
    from agcx_format.search import Index, Search

__all__ = ["BadRequest", "Lookup"]

MOST_HITS = 100
MOST_SESSIONS = 200
# Characters of one answer, and of one message in it.
_LONGEST_ANSWER = 40_000
_LONGEST_MESSAGE = 8_000


class BadRequest(Exception):
    """The request cannot be understood or names nothing; the text says why."""


class Lookup:
    """Answers questions about one store, which is only read."""

    def __init__(self, store: Store, index: Index, *, redact: bool = True) -> None:
        """`index` searches the store; `redact` says whether secrets are hidden."""
        self.store = store
        self.index = index
        self._secrets = Secrets() if redact else NoSecrets()

    def search(
        self,
        query: str,
        limit: int = 20,
        context: int = 0,
        sort: Literal["newest", "best"] = "newest",
        begun: Callable[[Search], None] = lambda search: None,
    ) -> str:
        """The first hits, session by session, and how much was searched.

        `begun` gets the search before it runs, to stop it.

        Raises:
            BadRequest: the query means nothing, or the store is gone.
        """
        self._require_store()
        try:
            line = meaning_of(query)
        except ValueError as error:
            raise BadRequest(str(error)) from error
        found = self.index.find(
            line.wanted,
            sessions=selected_sessions(self.index, line),
            order=sort,
            context=min(context, 20),
            rows=limit,
        )
        begun(found)
        lines: list[str] = []
        now = microseconds_now()
        for session in first_hits(found, max(1, min(limit, MOST_HITS))):
            hide = self._hider(session.path)
            shown = session_lines(session, now, colored=False, context=context, hide=hide)
            lines += [*shown, ""]
        return _bounded([*lines, summary(found.progress)])

    def read(self, session: str, first: int = 1, last: int | None = None) -> str:
        """Messages of a conversation, counted from 1, as `agcx show` prints them.

        Raises:
            BadRequest: no session has that name, or it has no such messages.
        """
        from agcx_format import SessionFile

        if first < 1 or (last is not None and last < first):
            raise BadRequest("messages count from 1, and the last is not before the first")
        try:
            path = self._path_of(session)
            with SessionFile(path) as file:
                hide = self._secrets.of(path)
                metadata = listed(file.metadata)
                parts = [hide("\n".join(heading(metadata)))]
                parts += _until_full(_texts(file, MessageLines(metadata), first, last, hide), first)
                if len(parts) == 1 and file.error is None:
                    raise BadRequest(f"the session has only {file.known():,} messages")
                if file.error is not None:
                    parts.append(f"(the file is damaged after this: {file.error.reason})")
        except PersistenceError as error:
            raise BadRequest(str(error)) from error
        return safe_text("\n".join(parts))

    def _path_of(self, name: str) -> str:
        """The file of a session of this store: an agent can read no others, even by path."""
        from agcx_format.store import folders

        path = self.store.resolve(name).path
        own = {os.path.realpath(self.store.path / folder) for folder in folders().values()}
        if os.path.realpath(os.path.dirname(path)) not in own:
            raise BadRequest("not a session of this store")
        return path

    def list(self, query: str = "", limit: int = 50) -> str:
        """Sessions that match a filter, the last updated first: id, date, messages, directory, title.

        Raises:
            BadRequest: a term of the filter cannot be understood, or the store is gone.
        """
        from agcx_tui.core.sessions.query import parse
        from agcx_tui.core.words.format import counted, exact

        self._require_store()
        wanted = parse(query, microseconds_now())
        if wanted.errors:
            raise BadRequest("; ".join(wanted.errors))
        table = matching_table(self.store, wanted)
        limit = max(1, min(limit, MOST_SESSIONS))
        lines = []
        for row in table.order[:limit]:
            facts = [
                table.id(row),
                exact(table.date(row)),
                counted(table.messages(row), "message"),
                table.directory(row),
                " ".join(f"#{tag}" for tag in table.tags(row)),
                (table.title(row) or "(no title)") if table.readable(row) else "unreadable",
            ]
            hide = self._hider(table.path(row))
            lines.append(safe_text(" · ".join(hide(fact) for fact in facts if fact)))
        more = len(table.order) - len(lines)
        lines.append(f"{more:,} more" if more > 0 else counted(len(lines), "session"))
        return _bounded(lines)

    def _require_store(self) -> None:
        if not self.store.path.is_dir():
            raise BadRequest(f"there is no store at {self.store.path}")

    def _hider(self, path: str) -> Callable[[str], str]:
        """What hides the secrets of a session; of one that cannot be read, what is one by itself."""
        try:
            return self._secrets.of(path)
        except PersistenceError:
            return self._secrets.hide


def _texts(
    file: SessionFile,
    lines: MessageLines,
    first: int,
    last: int | None,
    hide: Callable[[str], str],
) -> Iterator[str]:
    """Messages as text; all before them are read too, since a message is understood by those."""
    for number, message in selected_messages(file, (0, None if last is None else last - 1)):
        text = "\n".join(lines.lines(number, message))
        if number >= first:
            yield _cut(hide(text), _LONGEST_MESSAGE)


def _until_full(texts: Iterator[str], number: int) -> Iterator[str]:
    """Texts until the answer is long enough; then where to read on."""
    length = 0
    for text in texts:
        if length > _LONGEST_ANSWER:
            yield f"(read on from message {number})"
            return
        yield text
        length += len(text)
        number += 1


def _cut(text: str, length: int) -> str:
    left = len(text) - length
    return text if left <= 0 else f"{text[:length]}\n… ({left:,} characters more)\n"


def _bounded(lines: list[str]) -> str:
    """The lines, safe to print; the last one, which sums up, is kept."""
    text = safe_text("\n".join(lines[:-1]))
    return "\n".join(filter(None, (_cut(text, _LONGEST_ANSWER), lines[-1])))
