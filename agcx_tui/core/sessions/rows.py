"""What is known of each session of a store, by its row.

A session is a row of `Columns`, a number that stays the same as long as they exist.  Times are microseconds
since 1970.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.cells import cell_len

from agcx_format.catalog import (
    BROKEN,
    DATES,
    FAVORITE,
    GONE,
    MODES,
    READABLE,
    WORDS_KNOWN,
    Columns,
    project_directory,
)
from agcx_format.importing import agent_of
from agcx_format.store import SUFFIX
from agcx_format.subagents import parent_of, shown_tags
from agcx_tui.core.sessions.columns import plain_cells
from agcx_tui.core.sessions.project_labels import project_labels
from agcx_tui.core.sessions.query import INCOMPLETE

if TYPE_CHECKING:
    from agcx_format.disk import Signature
    from agcx_format.errors import PersistenceError

__all__ = ["SessionRows"]

# No directory is called this.
_GONE = "\0"


class SessionRows:
    """`title(row)` and similar methods return the facts of a row."""

    def __init__(self) -> None:
        self.columns = Columns()
        self.sort_key = "accessed"
        self._arrays = self.columns.arrays
        self._flags = self._arrays["flags"]
        # The project that `is:here` is about; empty until it is looked for.
        self._here = ""
        self._checkpoints: Mapping[str, int] = {}
        # Counts the changes of rows, so that what was worked out from them can be kept until the next.
        self.version = 0
        # How many rows are of files that are gone.
        self._gone = 0
        # The labels of projects, and of how many.
        self._labels: Mapping[str, str] = {}
        self._labeled = -1
        self._label_width = 0

    @property
    def here(self) -> str:
        """The project that the program was started in; no directory if it is gone."""
        if not self._here:
            try:
                self._here = project_directory(os.getcwd())
            except OSError:
                self._here = _GONE
        return self._here

    def present(self) -> list[int]:
        """All rows whose files are there, in the order in which they came."""
        if not self._gone:
            return list(range(len(self._flags)))
        return [row for row, flags in enumerate(self._flags) if not flags & GONE]

    def path(self, row: int) -> str:
        return self.columns.path(row)

    def id(self, row: int) -> str:
        """The session's id as text, or the file's name if that is not an id."""
        return self.columns.id(row)

    def title(self, row: int) -> str:
        return self.columns.titles[row]

    def model(self, row: int) -> str:
        return self.columns.model(row)

    def tags(self, row: int) -> tuple[str, ...]:
        """The tags that a person sees."""
        return tuple(shown_tags(self.columns.tags(row)))

    def parent(self, row: int) -> int | None:
        """The row of the session that started this one as a subagent; None if it is not in the store."""
        parent = parent_of(self.columns.tags(row))
        if parent is None:
            return None
        folder, separator, _ = self.path(row).rpartition("/")
        found = self.columns.row_of(f"{folder}{separator}{parent}{SUFFIX}")
        return None if found is None or self._flags[found] & GONE else found

    def directory(self, row: int) -> str:
        """The agent's working directory; empty while it is not known."""
        return self.columns.directory(row)

    def project(self, row: int) -> str:
        """The directory of the project, one for all worktrees of a repository; empty while not known.

        `project_name` of it is what a person calls it.
        """
        return self.columns.project(row)

    def project_labels(self) -> Mapping[str, str]:
        """What each project of the store is called, by its directory."""
        known = self.columns.pools["projects"]
        if len(known) != self._labeled:
            self._labels, self._labeled = project_labels(known.values()), len(known)
            self._label_width = max(
                map(cell_len, map(plain_cells, self._labels.values())), default=0
            )
        return self._labels

    def project_width(self) -> int:
        """The cells of the longest name of a project."""
        self.project_labels()
        return self._label_width

    def branch(self, row: int) -> str:
        """The Git branch; empty where it was not recorded, or is not known yet."""
        return self.columns.branch(row)

    def agent(self, row: int) -> str:
        """The agent that wrote the session, according to its tags."""
        return agent_of(self.tags(row))

    def opening_is_known(self, row: int) -> bool:
        """Whether the beginning of the session was read; of a changed one, that of an earlier version."""
        return bool(self._flags[row] & WORDS_KNOWN or self.directory(row))

    def mode(self, row: int) -> str:
        return MODES[self._arrays["modes"][row]] if self.readable(row) else ""

    def messages(self, row: int) -> int:
        count: int = self._arrays["messages"][row]
        return count

    def turns(self, row: int) -> int:
        """How often the person spoke, as the writer counted; 0 where it did not."""
        count: int = self._arrays["turns"][row]
        return count

    def tokens(self, row: int) -> int:
        """Tokens read and written; 0 where that was not recorded, or is not known yet."""
        count: int = self._arrays["tokens"][row]
        return count

    def cost(self, row: int) -> float:
        """US dollars; 0 where that was not recorded, or is not known yet."""
        cost: float = self._arrays["costs"][row]
        # A file may claim a negative cost, or NaN.
        return cost if 0 <= cost < math.inf else 0.0

    def has_checkpoints(self, row: int) -> bool:
        """Whether checkpoints of it are counted."""
        return self.id(row) in self._checkpoints

    def size(self, row: int) -> int:
        """Bytes of the file and of its checkpoints, as far as those are known."""
        count: int = self._arrays["sizes"][row]
        return count + self._checkpoints.get(self.id(row), 0) if self._checkpoints else count

    def ratio(self, row: int) -> float | None:
        """Compressed / original size according to the metadata; None if that is not possible."""
        ratio = self._arrays["ratios"][row]
        return ratio if 0 <= ratio < math.inf else None

    def favorite(self, row: int) -> bool:
        return bool(self._flags[row] & FAVORITE)

    def broken(self, row: int) -> bool:
        """Whether a part of the file cannot be read."""
        return bool(self._flags[row] & BROKEN)

    def lacking(self, row: int) -> bool:
        """Whether a part of the conversation is missing: the file is broken, or the import incomplete."""
        return self.broken(row) or INCOMPLETE in self.tags(row)

    def flag(self, row: int) -> str:
        """The character before a title: "!" if a part is missing, which also shows without colors."""
        return "!" if self.lacking(row) else "★" if self.favorite(row) else " "

    def readable(self, row: int) -> bool:
        """Whether the metadata can be read, if not the rest."""
        return bool(self._flags[row] & READABLE)

    def error(self, row: int) -> PersistenceError | None:
        return self.columns.errors.get(row)

    def signature(self, row: int) -> Signature | None:
        """The file's signature when it was scanned, to check that it has not changed."""
        return self.columns.signature(row)

    def date(self, row: int, name: str | None = None) -> int:
        """The date of that name, or the one that the list shows."""
        moment: int = self._arrays[name or self.shown_date][row]
        return moment

    def last_used(self, row: int) -> int:
        """When the session was last opened or changed, or the file last written if it is unreadable."""
        return max(self.date(row, "accessed"), self.date(row, "updated"))

    def changed(self, row: int) -> int:
        """The time of the last write to the file."""
        moment: int = self._arrays["mtimes"][row]
        return moment // 1000

    @property
    def shown_date(self) -> str:
        """The date that the list shows: the one that it is sorted by, or accessed."""
        return self.sort_key if self.sort_key in DATES else "accessed"

    @property
    def shown_measure(self) -> str:
        """What the list shows after the messages: the size, or the ratio when sorted by it."""
        return "ratio" if self.sort_key == "ratio" else "size"
