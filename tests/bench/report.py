"""What was found, as a table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.bench.registry import Goal, Measure
from tests.bench.timing import Outcome, Samples

# Goes up when a field changes its meaning or goes away.
SCHEMA = 1
_WIDTH = 132


@dataclass(frozen=True, slots=True)
class Row:
    """A measure and its outcome; `error` in words when it has none."""

    measure: Measure
    found: Outcome | None
    error: str = ""

    @property
    def met(self) -> bool | None:
        """None without a goal or without an outcome."""
        if self.found is None or not self.measure.goals:
            return None
        return all(goal.met(self.found) for goal in self.measure.goals)


def print_table(rows: list[Row]) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("measure", no_wrap=True)
    table.add_column("what, and beside what")
    for name in ("ours", "beside", "ratio", "goal"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, _cells(row)))
    console.print(table)


def in_short(found: Outcome) -> str:
    """For one line, while the others are still running."""
    ours, floor = (_amount(side.median, found.unit) for side in (found.ours, found.floor))
    return f"{ours} / {floor}: {found.ratio:.2f}×"


def _cells(row: Row) -> tuple[str, ...]:
    measure, found = row.measure, row.found
    what = f"{measure.what}\n  / {measure.floor}"
    goals = "\n".join(_goal(goal, found) for goal in measure.goals) or "–"
    if found is None:
        return measure.name, f"{what}\n{row.error}", "", "", "", goals, "FAILED"
    if found.note:
        what = f"{measure.what} ({found.note})\n  / {measure.floor}"
    ours = _amount(found.ours.median, found.unit)
    if any(goal.of == "p95" for goal in measure.goals):
        ours += f"\np95 {_amount(found.ours.p95, found.unit)}"
    low, high = min(found.ratios), max(found.ratios)
    ratio = f"{found.ratio:.2f}×\n{low:.2f}–{high:.2f}"
    met = {True: "met", False: "MISSED", None: ""}[row.met]
    return measure.name, what, ours, _amount(found.floor.median, found.unit), ratio, goals, met


def _goal(goal: Goal, found: Outcome | None) -> str:
    if goal.of == "ratio":
        return f"≤ {goal.limit:g}×"
    amount = _amount(goal.limit, found.unit) if found else f"{goal.limit:g}"
    return f"p95 ≤ {amount}" if goal.of == "p95" else f"≤ {amount}"


def _amount(value: float, unit: str) -> str:
    if unit == "B":
        return f"{value / 1e6:,.0f} MB"
    return f"{value:,.2f} s" if value >= 1 else f"{value * 1e3:,.1f} ms"


def to_plain(rows: list[Row], *, quick: bool, seed: int) -> dict[str, Any]:
    """Seconds and bytes; `met` is null where there is no goal."""
    return {
        "schema": SCHEMA,
        "quick": quick,
        "seed": seed,
        "machine": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "cpus": os.cpu_count(),
            "executable": sys.executable,
        },
        "measures": [_plain_row(row) for row in rows],
    }


def _plain_row(row: Row) -> dict[str, Any]:
    measure, found = row.measure, row.found
    plain: dict[str, Any] = {
        "name": measure.name,
        "what": measure.what,
        "floor": measure.floor,
        "goals": [{"of": goal.of, "at_most": goal.limit} for goal in measure.goals],
        "met": row.met,
        "error": row.error or None,
    }
    if found is not None:
        plain |= {
            "note": found.note,
            "unit": found.unit,
            "ours": _plain_samples(found.ours),
            "beside": _plain_samples(found.floor),
            "ratio": {"median": found.ratio, "low": min(found.ratios), "high": max(found.ratios)},
        }
    return plain


def _plain_samples(samples: Samples) -> dict[str, float]:
    return {
        "median": samples.median,
        "p95": samples.p95,
        "low": min(samples.values),
        "high": max(samples.values),
        "count": len(samples.values),
    }
