"""What a clean-up rule is, and what it matches, as values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from agcx_format.model.timestamps import ns_of
from agcx_format.store.entries import ScanEntry

__all__ = ["Amount", "Chosen", "Protected", "PruneRule", "Selection", "Share", "Spared"]


class Protected(StrEnum):
    """Kinds of protected sessions, which a rule matches only if it includes them by name."""

    FAVORITES = "favorites"
    UNREADABLE = "unreadable"
    CHECKPOINTS = "checkpoints"
    IN_USE = "in-use"


@dataclass(frozen=True, slots=True)
class Share:
    """A part of all bytes, in percent."""

    percent: float

    def of(self, total: int) -> int:
        """This share of `total` bytes, rounded up."""
        return math.ceil(total * self.percent / 100)


Amount = int | Share


@dataclass(frozen=True, slots=True)
class PruneRule:
    """A clean-up rule: it matches a session if all conditions that are set hold.

    Fields:
        older_than: last used (opened or changed) before this moment, an RFC 3339 timestamp.
        larger_than: size of its file, in bytes.
        empty: it has no messages.
        imported_unchanged: it was imported and not changed since.
        duplicates: another, newer session has the same messages.
        keep: it is not among this many newest sessions that `model`, `tag`, and `directory` match.
        max_total: of the sessions that `model`, `tag`, and `directory` match, it is not among the newest that
            take no more than these bytes together, with their checkpoints.  Protected sessions stay,
            so their bytes count first.
        free: it is among the longest unused of the sessions that all the rest matches, as many as it takes
            to free these bytes.  A share, here and in `max_total`, is of the bytes of all sessions that
            `model`, `tag`, and `directory` match.
        model, tag: may contain `*` and `?`.
        directory: includes the directories below it.
        include: kinds of protected sessions that it matches as well.

    Raises:
        TypeError: a condition has a value of the wrong type.
        ValueError: `older_than` is not an RFC 3339 timestamp, or a number is negative.
    """

    older_than: str | None = None
    larger_than: int | None = None
    empty: bool = False
    imported_unchanged: bool = False
    duplicates: bool = False
    keep: int | None = None
    max_total: Amount | None = None
    free: Amount | None = None
    model: str | None = None
    tag: str | None = None
    directory: str | None = None
    include: frozenset[Protected] = frozenset()

    def __post_init__(self) -> None:
        if self.older_than is not None:
            ns_of(self.older_than)
        for name in ("larger_than", "keep", "max_total", "free"):
            value = getattr(self, name)
            amount = value.percent if isinstance(value, Share) else value
            if amount is None:
                continue
            if not isinstance(amount, int | float):
                raise TypeError(f"PruneRule.{name}: expected a number, got {value!r:.80}")
            if amount < 0:
                raise ValueError(f"PruneRule.{name}: {amount} is less than 0")

    def __bool__(self) -> bool:
        """Whether any condition is set: a rule without one matches nothing."""
        numbers = (self.older_than, self.larger_than, self.keep, self.max_total, self.free)
        kinds = self.empty or self.imported_unchanged or self.duplicates
        places = self.model or self.tag or self.directory
        return any(value is not None for value in numbers) or kinds or bool(places)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A session that the rule matches; `size` in bytes with its checkpoints, `reasons` in words."""

    entry: ScanEntry
    size: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spared:
    """A session that the rule would match if it were not protected."""

    entry: ScanEntry
    why: Protected


@dataclass(frozen=True, slots=True)
class Selection:
    """What a rule matches at one moment, the last used first.

    Fields:
        complete: False if it was stopped.
        missing: How many bytes there are too few to free what the rule wants.
    """

    chosen: tuple[Chosen, ...]
    spared: tuple[Spared, ...]
    complete: bool = True
    missing: int = 0

    @property
    def size(self) -> int:
        """The bytes that deleting the matches moves to the trash."""
        return sum(each.size for each in self.chosen)

    @property
    def entries(self) -> list[ScanEntry]:
        """The matches as `store.delete` takes them."""
        return [each.entry for each in self.chosen]
