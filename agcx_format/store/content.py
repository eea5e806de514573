"""Change what is said in the sessions of a store; each change is one act over all files that it touches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from agcx_format.store.acts.manifest import Act
from agcx_format.store.acts.plan import Change
from agcx_format.store.entries import ScanEntry
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
            StaleSession: a file changed since it was scanned.
            PersistenceError: a file is damaged, or cannot be read: something could be left in it.
        """
        return review(self._store.path, entries, secrets=secrets, personal=personal, texts=texts)

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
            PersistenceError: the trash cannot be read.
        """
        from agcx_format.store.trash import acts_about

        return acts_about(self._store.to_destroy(), act)
