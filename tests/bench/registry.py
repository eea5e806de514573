"""The list of measures.  A measure is one function with `@measure` above it.

It takes the `Workspace` and gives an `Outcome`, or raises, which the report shows.  Its module has
to be named in `MODULES`; the order there is that of the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from tests.bench.timing import Outcome
from tests.bench.workspace import Workspace

MODULES = (
    "storage", "programs", "acts", "taking_out", "importing", "stats", "large", "start", "paint", "keys",
    "filter",
    "conversation", "search", "search_screen",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Goal:
    """`limit` of the `ratio` to the floor, or of ours alone: `median` or `p95`, in the unit."""

    limit: float
    of: str = "ratio"

    def value(self, found: Outcome) -> float:
        return found.ratio if self.of == "ratio" else getattr(found.ours, self.of)

    def met(self, found: Outcome) -> bool:
        return self.value(found) <= self.limit


@dataclass(frozen=True, slots=True)
class Measure:
    """`name` selects it, `what` it does is told in words, and so is the `floor` beside it."""

    name: str
    what: str
    floor: str
    goals: tuple[Goal, ...]
    run: Callable[[Workspace], Outcome]


_measures: dict[str, Measure] = {}


def measure(
    name: str, what: str, floor: str, *goals: Goal
) -> Callable[[Callable[[Workspace], Outcome]], Callable[[Workspace], Outcome]]:
    """Register a function as the measure `name`."""

    def register(run: Callable[[Workspace], Outcome]) -> Callable[[Workspace], Outcome]:
        assert name not in _measures, f"two measures are called {name}"
        _measures[name] = Measure(name, what, floor, goals, run)
        return run

    return register


def times(limit: float) -> Goal:
    """At most `limit` times the floor."""
    return Goal(limit)


def median_ms(limit: float) -> Goal:
    return Goal(limit / 1e3, "median")


def p95_ms(limit: float) -> Goal:
    return Goal(limit / 1e3, "p95")


def megabytes(limit: float) -> Goal:
    """MB of 1,000,000 bytes."""
    return Goal(limit * 1e6, "median")


def all_measures() -> list[Measure]:
    for module in MODULES:
        import_module(f"tests.bench.measures_{module}")
    return list(_measures.values())


def select(names: list[str]) -> list[Measure]:
    """The measures of these names, or whose names begin with one and a dot; all for none.

    `KeyError` for a name that selects nothing.
    """
    known = all_measures()
    chosen: set[str] = set()
    for name in names:
        found = {m.name for m in known if m.name == name or m.name.startswith(name + ".")}
        if not found:
            raise KeyError(name)
        chosen |= found
    return [m for m in known if not names or m.name in chosen]
