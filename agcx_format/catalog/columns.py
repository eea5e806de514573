"""Column storage for what a list and its filter need to know about each session of a store.

Strategy: a session is a *row*, a number that never changes, into arrays and text columns; it takes about
600 bytes, including the first words of the conversation. A path is not stored where it follows from the
id. Rows come from the entries of a scan (`put`) or, many at a time, from a catalog (`extend`); `block`
writes them to one.

One thread changes the columns while others may read. Readers therefore take a row's signature first, and
the writer sets it last: a row that was read halfway through a change has the signature of an older file,
and is read again at the next comparison with the directory.

Times are microseconds since 1970, because 64 bits of nanoseconds end in 2262.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import starmap
from typing import TYPE_CHECKING, Any

from agcx_format.catalog import haystack
from agcx_format.catalog.block import (
    Block,
    check_block,
    error_record,
    plain_pools,
    pool_values,
    recorded_error,
)
from agcx_format.catalog.projects import Opening, project_name
from agcx_format.catalog.text_columns import Pool, Texts
from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.store.names import SUFFIX, is_uuid

if TYPE_CHECKING:
    from agcx_format.store.entries import ScanEntry

__all__ = ["BROKEN", "FAVORITE", "GONE", "MODES", "READABLE", "WORDS_KNOWN", "Columns", "micros"]

MODES = ("Plan", "Build", "Review")
DATES = ("accessed", "updated", "created")

# Bits of `flags`. GONE: the file no longer exists, and the row is a gap. READABLE: its metadata could be
# read. BROKEN: a part of it cannot be read.
FAVORITE, BROKEN, GONE, READABLE, WORDS_KNOWN = 1, 2, 4, 8, 16

# Those that a catalog may hold: it has no gaps.
_SAVED_FLAGS = FAVORITE | BROKEN | READABLE | WORDS_KNOWN

# Where the ratio is unknown. The ratio in a file may be NaN.
NO_RATIO = -1.0

_MAX_COUNT = 2**64 - 1
_MAX_TURNS = 2**32 - 1
_HALF = 2**64 - 1

# The arrays and their types. The first three are the signature of the file.
ARRAYS = {
    "inodes": "Q", "mtimes": "q", "sizes": "Q",
    "high": "Q", "low": "Q", "folders": "H", "models": "H", "tags": "I", "directories": "I",
    "projects": "I", "branches": "I",
    "turns": "I", "tokens": "Q", "costs": "d",
    "accessed": "q", "updated": "q", "created": "q", "messages": "Q", "ratios": "f",
    "modes": "B", "flags": "B",
}  # fmt: skip
# Arrays that hold numbers of values in the pool of the same name.
POOLED = ("folders", "models", "tags", "directories", "projects", "branches")
# Pools that 16 bits must suffice for.
_NUMBERED = tuple(name for name in POOLED if ARRAYS[name] == "H")
_MOST_POOLED = 1 << 16


class Columns:
    """All rows: `arrays["sizes"][row]` and the methods give their facts."""

    def __init__(self) -> None:
        self.arrays: dict[str, array[Any]] = {n: array(kind) for n, kind in ARRAYS.items()}
        self.pools: dict[str, Pool[Any]] = {name: Pool() for name in POOLED}
        self.titles = Texts()
        # What the filter searches, see `haystack`.
        self.haystacks = Texts()
        self.errors: dict[int, PersistenceError] = {}
        # Files whose name is not an id, by row and by path.
        self.names: dict[int, str] = {}
        self._named: dict[str, int] = {}
        # Rows of files that are named by their id; the key is the folder number and the id in one integer.
        self._by_id: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.arrays["flags"])

    # --- facts of one row

    def path(self, row: int) -> str:
        """The path of the session's file."""
        name = self.names.get(row)
        folder = self.pools["folders"][self.arrays["folders"][row]]
        return f"{folder}/{name or self._id(row) + SUFFIX}"

    def id(self, row: int) -> str:
        """The session's id as text, or the file's name if that is not an id."""
        return self.names.get(row) or self._id(row)

    def tie(self, row: int) -> tuple[int, int, str, str]:
        """A tiebreaker for sorting, independent of the order of the rows."""
        arrays = self.arrays
        folder = self.pools["folders"][arrays["folders"][row]]
        return arrays["high"][row], arrays["low"][row], self.names.get(row, ""), folder

    def model(self, row: int) -> str:
        """The model that was used last."""
        model: str = self.pools["models"][self.arrays["models"][row]]
        return model

    def tags(self, row: int) -> tuple[str, ...]:
        """The session's tags."""
        tags: tuple[str, ...] = self.pools["tags"][self.arrays["tags"][row]]
        return tags

    def directory(self, row: int) -> str:
        """Where the agent worked; empty while that is unknown."""
        directory: str = self.pools["directories"][self.arrays["directories"][row]]
        return directory

    def project(self, row: int) -> str:
        """The directory of the project, see `projects`; empty while that is unknown."""
        directory: str = self.pools["projects"][self.arrays["projects"][row]]
        return directory

    def branch(self, row: int) -> str:
        """The Git branch; empty where it is unknown."""
        branch: str = self.pools["branches"][self.arrays["branches"][row]]
        return branch

    def opening(self, row: int) -> Opening:
        """What `set_opening` was given, without the words."""
        tokens, cost = self.arrays["tokens"][row], self.arrays["costs"][row]
        return Opening("", self.directory(row), self.project(row), self.branch(row), tokens, cost)

    def signature(self, row: int) -> Signature | None:
        """The signature of the file when it was read; None if unknown."""
        arrays = self.arrays
        found = Signature(arrays["inodes"][row], arrays["sizes"][row], arrays["mtimes"][row])
        return found if found.inode else None

    def row_of(self, path: str) -> int | None:
        """The row of a path, gone or not. Safe to call from any thread."""
        place = self._place(path)
        return self._named.get(path) if place is None else self._by_id.get(_key(*place))

    # --- changes

    def put(self, entry: ScanEntry) -> int:
        """Add a session, or update the one at that path; returns its row."""
        row = self.row_of(entry.path)
        if row is None:
            row = self._add(entry.path)
        self._fill(row, entry)
        return row

    def set_gone(self, row: int) -> None:
        """Mark a file as deleted, and forget its words."""
        self.arrays["flags"][row] |= GONE
        self.arrays["inodes"][row] = 0
        self.errors.pop(row, None)
        self.titles[row] = self.haystacks[row] = ""

    def set_error(self, row: int, error: PersistenceError) -> None:
        """Say that a part of a file cannot be read, which only reading all of it shows."""
        self.errors[row] = error
        self.arrays["flags"][row] |= BROKEN

    def set_opening(self, row: int, opening: Opening) -> None:
        """Add what was read from the conversation itself; known damage in it stays."""
        if opening.is_damaged:
            opening = self.opening(row)._replace(words=opening.words)
        arrays, pools = self.arrays, self.pools
        arrays["directories"][row] = pools["directories"].number(opening.directory)
        arrays["projects"][row] = pools["projects"].number(opening.project)
        arrays["branches"][row] = pools["branches"].number(opening.branch)
        arrays["tokens"][row], arrays["costs"][row] = opening.tokens, opening.cost
        project = project_name(opening.project)
        self.haystacks[row] = haystack.with_words(self.haystacks[row], project, opening.words)
        arrays["flags"][row] |= WORDS_KNOWN

    def extend(self, block: Block) -> list[int]:
        """Add the rows of a catalog, whose paths must be new; returns them.

        Whoever keeps these numbers has the objects that are here: of ten thousand sessions each list with
        numbers of its own takes 0.3 MB more.

        Raises:
            ValueError: the block is inconsistent, or a row exists already; nothing was added.
        """
        check_block(block, ARRAYS, POOLED)
        self._check(block)
        first = len(self)
        rows = list(range(first, first + block.count))
        self.titles.extend(block.titles, array("I", block.title_lengths))
        self.haystacks.extend(block.haystacks, array("I", block.haystack_lengths))
        for name, kind in ARRAYS.items():
            column = array(kind, block.arrays[name])
            if name in POOLED:
                numbers = [self.pools[name].number(v) for v in pool_values(block, name)]
                column = array(kind, map(numbers.__getitem__, column))
            self.arrays[name].extend(column)
        for number, file_name in block.names.items():
            self.names[first + number] = os.fsdecode(file_name)
        for number, record in block.errors.items():
            row = first + number
            self.errors[row] = recorded_error(record, self.path(row))
        ids = map(_key, *(self.arrays[name][first:] for name in ("high", "low", "folders")))
        pairs: Iterable[tuple[int, int]] = zip(ids, rows, strict=True)
        if block.names:
            pairs = filter(lambda pair: pair[1] not in self.names, pairs)
        self._by_id.update(pairs)
        self._named.update((self.path(first + number), first + number) for number in block.names)
        return rows

    def _check(self, block: Block) -> None:
        """Check a block against these rows.

        Raises:
            ValueError: it holds an impossible value, or a row that exists already.
        """
        arrays = {name: array(kind, block.arrays[name]) for name, kind in ARRAYS.items()}
        if max(arrays["modes"], default=0) >= len(MODES):
            raise ValueError("a mode that there is not")
        if any(flags & ~_SAVED_FLAGS for flags in set(arrays["flags"])):
            raise ValueError("flags that there are not")
        if any(len(self.pools[name]) + len(block.pools[name]) > _MOST_POOLED for name in _NUMBERED):
            raise ValueError("more folders or models than can be numbered")
        for texts, more in ((self.titles, block.titles), (self.haystacks, block.haystacks)):
            if texts.size + len(more) >= 1 << 32:
                raise ValueError("more text than can be counted")
        folders = pool_values(block, "folders")
        if any("\0" in folder for folder in folders):
            raise ValueError("a folder that cannot be")
        if self._holds_twice(block, arrays, folders):
            raise ValueError("a row that is there twice")

    def _holds_twice(
        self, block: Block, arrays: Mapping[str, array[int]], folders: Sequence[str]
    ) -> bool:
        """Whether a row of the block is there already, or twice in it; `folders` are those of its pool."""
        numbers = [self.pools["folders"].number(folder) for folder in folders]
        numbered = map(numbers.__getitem__, arrays["folders"])
        keys = list(zip(arrays["high"], arrays["low"], numbered, strict=True))
        named = [(keys[row][2], os.fsdecode(name)) for row, name in block.names.items()]
        if block.names:
            keys = [key for row, key in enumerate(keys) if row not in block.names]
        if len(set(keys)) < len(keys) or len(set(named)) < len(named):
            return True
        if self._by_id and not self._by_id.keys().isdisjoint(starmap(_key, keys)):
            return True
        values = self.pools["folders"]
        return any(f"{values[folder]}/{name}" in self._named for folder, name in named)

    def block(self, rows: list[int]) -> Block:
        """The rows in the form of a catalog. Safe to call from any thread."""
        # In the order of ARRAYS: the signature first.
        arrays = {
            name: array(kind, map(self.arrays[name].__getitem__, rows))
            for name, kind in ARRAYS.items()
        }
        pools = {name: self._pooled(name, arrays) for name in POOLED}
        titles, title_lengths = self.titles.take(rows)
        haystacks, haystack_lengths = self.haystacks.take(rows)
        names = {n: os.fsencode(self.names[row]) for n, row in enumerate(rows) if row in self.names}
        errors = {n: self.errors.get(row) for n, row in enumerate(rows) if row in self.errors}
        return Block(
            count=len(rows),
            arrays={name: column.tobytes() for name, column in arrays.items()},
            pools=plain_pools(pools),
            titles=titles,
            title_lengths=title_lengths.tobytes(),
            haystacks=haystacks,
            haystack_lengths=haystack_lengths.tobytes(),
            names=names,
            errors={n: error_record(error) for n, error in errors.items() if error},
        )

    # --- inside

    def _pooled(self, name: str, arrays: dict[str, array[Any]]) -> list[Any]:
        """Renumber the pooled values that these rows use, and return the values."""
        own: Pool[Any] = Pool()
        values = self.pools[name]
        renamed = {number: own.number(values[number]) for number in sorted(set(arrays[name]))}
        arrays[name] = array(ARRAYS[name], map(renamed.__getitem__, arrays[name]))
        return own.values()

    def _id(self, row: int) -> str:
        digits = f"{self.arrays['high'][row]:016x}{self.arrays['low'][row]:016x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def _place(self, path: str) -> tuple[int, int, int] | None:
        """High and low half of the id and the folder number; None if the file is not named by its id."""
        folder, _, name = path.rpartition("/")
        stem = name.removesuffix(SUFFIX)
        # Another spelling of an id counts as a name, since the path must follow from the id.
        if len(name) != 41 or not is_uuid(stem) or stem != stem.lower():
            return None
        number = int(stem.replace("-", ""), 16)
        return number >> 64, number & _HALF, self.pools["folders"].number(folder)

    def _add(self, path: str) -> int:
        row = len(self)
        place = self._place(path)
        for column in self.arrays.values():
            column.append(0)
        self.titles.append()
        self.haystacks.append()
        arrays = self.arrays
        arrays["flags"][row] = GONE
        arrays["models"][row] = self.pools["models"].number("")
        arrays["tags"][row] = self.pools["tags"].number(())
        for name in ("directories", "projects", "branches"):
            arrays[name][row] = self.pools[name].number("")
        if place is None:
            folder, _, name = path.rpartition("/")
            arrays["folders"][row] = self.pools["folders"].number(folder)
            self.names[row] = name
            self._named[path] = row
        else:
            arrays["high"][row], arrays["low"][row], arrays["folders"][row] = place
            self._by_id[_key(*place)] = row
        return row

    def _fill(self, row: int, entry: ScanEntry) -> None:
        metadata, arrays = entry.metadata, self.arrays
        self.errors.pop(row, None)
        if entry.error is not None:
            self.errors[row] = entry.error
        broken = BROKEN if entry.error is not None or metadata is None else 0
        model, tags = ("", ()) if metadata is None else (metadata.model, tuple(metadata.tags))
        arrays["models"][row] = self.pools["models"].number(model)
        arrays["tags"][row] = self.pools["tags"].number(tags)
        if metadata is None:
            title = ""
            arrays["messages"][row] = arrays["turns"][row] = 0
            arrays["ratios"][row] = NO_RATIO
            for name in DATES:
                arrays[name][row] = entry.mtime_ns // 1000
            flags = broken
        else:
            title = metadata.title
            arrays["messages"][row] = min(metadata.message_count, _MAX_COUNT)
            arrays["turns"][row] = min(metadata.turn_count, _MAX_TURNS)
            arrays["ratios"][row] = metadata.compression_ratio
            arrays["modes"][row] = MODES.index(metadata.current_mode.value)
            arrays["accessed"][row] = micros(metadata.last_accessed)
            arrays["updated"][row] = micros(metadata.updated_at)
            arrays["created"][row] = micros(metadata.created_at)
            flags = broken | READABLE | (FAVORITE if metadata.is_favorite else 0)
        self.titles[row] = title
        facts = title, model, *tags
        self.haystacks[row] = haystack.with_facts(
            self.haystacks[row], facts, id=self.id(row), name=self.names.get(row, "")
        )
        arrays["flags"][row] = flags
        arrays["sizes"][row] = entry.size
        arrays["mtimes"][row] = entry.mtime_ns
        arrays["inodes"][row] = entry.signature.inode


def _key(high: int, low: int, folder: int) -> int:
    return (folder << 128) | (high << 64) | low


# Seconds since 1970 at the start of each day seen so far.
_midnights: dict[str, int] = {}


def micros(moment: str) -> int:
    """Microseconds since 1970; a scan needs three for each session.

    For years of four digits this takes a fifth of the time of `ns_of(moment)`: a store covers few days, and
    the fields are at fixed offsets.
    """
    if moment[10] != "T" or moment[0] in "+-" or moment[:4] == "0000":
        from agcx_format.model.timestamps import ns_of

        return ns_of(moment) // 1000
    day = moment[:10]
    midnight = _midnights.get(day)
    if midnight is None:
        midnight = _midnights[day] = (date.fromisoformat(day) - date(1970, 1, 1)).days * 86_400
    seconds = int(moment[11:13]) * 3600 + int(moment[14:16]) * 60 + int(moment[17:19])
    return (midnight + seconds) * 1_000_000 + int(f"{moment[20:-1]:0<6}"[:6])
