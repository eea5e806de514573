"""Change what is said in the sessions of a store; each change is one act over all files that it touches."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from msgspec import structs

from agcx_format.model.session import Session
from agcx_format.session import edits
from agcx_format.session.lazy import SessionFile
from agcx_format.store.acts.manifest import Act
from agcx_format.store.acts.plan import Change, summary, with_whole_tags
from agcx_format.store.acts.plan_content import joining, read_unchanged, replaced
from agcx_format.store.arguments import all_of, one_of
from agcx_format.store.entries import ScanEntry
from agcx_format.store.incoming import mode_losses
from agcx_format.store.reader import StoreReader
from agcx_format.store.redacting import Review, redaction, review

__all__ = ["Content"]

Perform = Callable[[str, Collection[object], Callable[[], Change]], Act]


class Content:
    """What is said in the sessions of one store; `store.content`."""

    def __init__(self, store: StoreReader, perform: Perform, level: int) -> None:
        self._store, self._perform, self._level = store, perform, level

    # --- secrets

    def review(
        self,
        entries: Iterable[ScanEntry],
        *,
        secrets: bool = True,
        personal: bool = False,
        texts: Mapping[str, str | None] | None = None,
    ) -> Review:
        """What `redact` would replace in these sessions, their checkpoints and edit histories.

        `texts` are texts to replace wherever they occur, each with what replaces it, None for a placeholder.

        Raises:
            TypeError: one of them is not a `ScanEntry`.
            StaleSession: a file changed since it was scanned.
            PersistenceError: a file is damaged, or cannot be read: something could be left in it.
        """
        chosen = all_of(ScanEntry, entries)
        return review(self._store.path, chosen, secrets=secrets, personal=personal, texts=texts)

    def redact(self, reviewed: Review) -> Act:
        """Replace what was reviewed; all or nothing.

        The trash keeps the versions with the secrets until the act is emptied; `holding` finds all acts
        that keep one.

        Raises:
            StaleSession: a file is another one than was searched.
            StoreNotWritable: the store may not be written.
        """
        found = [find for _, find in reviewed.finds]
        return self._perform(
            "redact", found, lambda: redaction(self._store.path, reviewed, self._level)
        )

    def holding(self, act: Act) -> list[Act]:
        """The acts in the trash that keep a version of a session that `act` changed, `act` included.

        `store.destroy` destroys them; that may include sessions that were deleted together with one.

        Raises:
            TypeError: it is not an `Act`.
            PersistenceError: the trash cannot be read.
        """
        from agcx_format.store.trash import acts_about

        return acts_about(self._store.to_destroy(), one_of(Act, act))

    # --- the session

    def move(self, moves: Iterable[tuple[ScanEntry, Mapping[str, Any]]], directory: str) -> Act:
        """Change the working directory of sessions, and fields of their metadata; all or none.

        The directory is in the conversation: unlike an edit of metadata, this writes the whole file.

        Raises:
            TypeError: one of them is not a `ScanEntry`.
            StaleSession: a file changed since it was scanned.
            PersistenceError: a file is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        wanted = [(one_of(ScanEntry, entry), fields) for entry, fields in moves]

        def plan() -> Change:
            changed: list[ScanEntry] = []

            def each() -> Iterator[tuple[ScanEntry, Session]]:
                for entry, fields in wanted:
                    before = read_unchanged(entry)
                    whole = with_whole_tags(fields, before[0])
                    after = edits.in_directory(before, directory, whole)
                    if after != before:
                        changed.append(entry)
                        yield entry, after

            change = replaced(self._store.path, each(), self._level)
            said = summary([(entry, fields) for entry, fields in wanted])
            said = structs.replace(said, fields=(*said.fields, "working_directory"))
            return replace(change, edit=said if changed else None)

        return self._perform("edit", wanted, plan)

    # --- messages

    def delete_messages(self, entry: ScanEntry, numbers: Iterable[int]) -> Act:
        """Delete messages, counted from 0; a call and its output go together.

        Raises:
            TypeError: it is not a `ScanEntry`.
            IndexError: there is no such message.
            StaleSession: the file changed since it was scanned.
            PersistenceError: it is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        chosen = frozenset(numbers)
        return self._rewrite(entry, lambda session: edits.without_messages(session, chosen))

    def replace_text(
        self, entry: ScanEntry, number: int, old: str, new: str, *, keep_history: bool = True
    ) -> Act:
        """Replace a text in message `number`, counted from 0.

        `keep_history` adds the old message to its edit history; otherwise its earlier versions go.

        Raises:
            TypeError: it is not a `ScanEntry`.
            IndexError: there is no such message.
            ValueError: it does not hold the text.
            StaleSession: the file changed since it was scanned.
            PersistenceError: it is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        return self._rewrite(
            entry,
            lambda session: edits.with_text(session, number, old, new, keep_history=keep_history),
        )

    def purge_history(self, entry: ScanEntry, numbers: Iterable[int] | None = None) -> Act:
        """Remove the earlier versions of these messages, counted from 0, or of all.

        Raises:
            TypeError: it is not a `ScanEntry`.
            StaleSession: the file changed since it was scanned.
            PersistenceError: it is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        chosen = None if numbers is None else frozenset(numbers)
        return self._rewrite(entry, lambda session: edits.without_history(session, chosen))

    def join_losses(self, first: ScanEntry, second: ScanEntry) -> list[str]:
        """What the layout of `first` has no place for, in words, if `second` is joined to it.

        Raises:
            TypeError: one of them is not a `ScanEntry`.
            PersistenceError: a file is damaged, or cannot be read.
        """
        first, second = all_of(ScanEntry, [first, second])
        with SessionFile(first.path) as one, SessionFile(second.path) as two:
            return mode_losses([*one.mode_history, *two.mode_history], one.layout)

    def join(self, first: ScanEntry, second: ScanEntry) -> Act:
        """Put the messages of `second` after those of `first`, and `second` in the trash.

        Its checkpoints go with it.  What the layout of `first` has no place for is left out: see
        `join_losses`.

        Raises:
            TypeError: one of them is not a `ScanEntry`.
            ValueError: both are the same session.
            StaleSession: a file changed since it was scanned.
            PersistenceError: a file is damaged, or cannot be read.
            StoreNotWritable: the store may not be written.
        """
        first, second = all_of(ScanEntry, [first, second])
        if os.path.realpath(first.path) == os.path.realpath(second.path):
            raise ValueError("a session cannot be joined with itself")

        def plan() -> Change:
            whole = edits.joined(read_unchanged(first), read_unchanged(second))
            return joining(self._store.path, first, second, whole, self._level)

        return self._perform("join", [first, second], plan)

    def _rewrite(self, entry: ScanEntry, change: Callable[[Session], Session]) -> Act:
        one_of(ScanEntry, entry)

        def plan() -> Change:
            before = read_unchanged(entry)
            after = change(before)
            return replaced(
                self._store.path, [(entry, after)] if after != before else [], self._level
            )

        return self._perform("rewrite", [entry], plan)
