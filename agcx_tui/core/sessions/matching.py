"""Which rows of the session table meet the conditions of the filter."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from itertools import filterfalse
from typing import TYPE_CHECKING

from agcx_format.catalog import Opening, project_name
from agcx_format.importing import OWN_AGENT, agent_of
from agcx_format.subagents import SUBAGENT
from agcx_format.transcript import fold
from agcx_tui.core.sessions.query import REGEX, WORD, Term
from agcx_tui.core.words.format import short_reason

if TYPE_CHECKING:
    from agcx_format.space import ActivityFacts
    from agcx_tui.core.sessions.selectable import SelectableRows

__all__ = ["activity_test", "matching", "opening_test", "predicate"]

Predicate = Callable[[int], bool]

_DAMAGED = "damaged"

_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "=": operator.eq,
}


def matching(rows: Iterable[int], terms: Iterable[Term], table: SelectableRows) -> list[int]:
    """A new list of the rows that meet all terms, in their order."""
    rows = list(rows)
    for term in terms:
        if term.is_of_messages:
            # What is not known matches neither a condition nor its opposite.
            rows = [row for row in rows if row in table.activity]
        if term.is_of_opening:
            rows = [row for row in rows if table.opening_is_known(row)]
        if term.key == WORD and not term.negated:
            found = table.columns.haystacks.holding(term.needle, rows)
            rows = _together(rows, found, _broken_with(term.needle, table))
            continue
        if term.key == REGEX and not term.negated:
            rows = _together(rows, *_matched(str(term.value), rows, table))
            continue
        select = filterfalse if term.negated else filter
        rows = list(select(predicate(term, table), rows))
    return rows


def _together(rows: list[int], found: list[int], broken: set[int]) -> list[int]:
    """Of these rows those that were found, and the broken ones."""
    if not broken:
        return found
    shown = broken.union(found)
    return [row for row in rows if row in shown]


def predicate(term: Term, table: SelectableRows) -> Predicate:
    """A test for rows of the table; it ignores whether the term is negated.

    If the term `is_of_messages`, the rows must be ones whose activity is known.
    """
    if term.is_of_messages:
        return activity_test(term, table.activity)
    arrays, pools = table.columns.arrays, table.columns.pools
    match term.key, term.value:
        case "regex", str(pattern):
            return _matches(pattern, table)
        case "model", str(wanted):
            models = pools["models"].fitting(lambda model: wanted in fold(model))
            return lambda row: arrays["models"][row] in models
        case "project" | "dir" | "branch", _:
            name, of_pool = _OPENINGS[term.key]
            test = opening_test(term)
            fits = pools[name].fitting(lambda value: test(of_pool(value)))
            return lambda row: arrays[name][row] in fits
        case "agent", str(wanted):
            sets = pools["tags"].fitting(lambda tags: agent_of(tags).startswith(wanted))
            return lambda row: arrays["tags"][row] in sets
        case "tag", str(wanted):
            sets = pools["tags"].fitting(lambda tags: any(wanted in fold(tag) for tag in tags))
            return lambda row: arrays["tags"][row] in sets
        case "id", str(wanted):
            return lambda row: fold(table.id(row)).startswith(wanted)
        case "mode", str(wanted):
            return lambda row: table.mode(row).casefold() == wanted
        case "is", str(state):
            return _in_state(state, table)
        case "before", int(moment):
            dates = arrays[table.shown_date]
            return lambda row: bool(dates[row] < moment)
        case "after", int(moment):
            dates = arrays[table.shown_date]
            return lambda row: bool(dates[row] >= moment)
        case "larger", int(size):
            return lambda row: table.subagents.measured(row, table.size) > size
        case "smaller", int(size):
            return lambda row: table.subagents.measured(row, table.size) < size
        case "messages", (str(sign), int(count)):
            compare = _COMPARISONS[sign]
            return lambda row: table.readable(row) and compare(arrays["messages"][row], count)
    holds, broken = table.columns.haystacks.holds(term.needle), _broken_with(term.needle, table)
    return (lambda row: holds(row) or row in broken) if broken else holds


def _broken_with(word: str, table: SelectableRows) -> set[int]:
    """The rows of broken files whose reason, as the list shows it, contains a word; `damaged` is in each.

    So is every part of it: what is found while it is typed is found among what its beginning found.
    """
    wanted = fold(word)
    return {
        row
        for row, error in table.columns.errors.items()
        if wanted in _DAMAGED or wanted in fold(short_reason(error))
    }


def _matched(pattern: str, rows: list[int], table: SelectableRows) -> tuple[list[int], set[int]]:
    """The rows that an expression matches, and those of broken files whose reason it matches."""
    from agcx_tui.core.sessions.expressions import occurs_in, rows_with

    broken = {
        row
        for row, error in table.columns.errors.items()
        if occurs_in(pattern, _DAMAGED) or occurs_in(pattern, short_reason(error))
    }
    return rows_with(pattern, rows, table.columns.haystacks), broken


def _matches(pattern: str, table: SelectableRows) -> Predicate:
    found, broken = _matched(pattern, list(range(len(table.columns))), table)
    return broken.union(found).__contains__


# The column of a key, and the opening that one of its values would be of.
_OPENINGS: dict[str, tuple[str, Callable[[str], Opening]]] = {
    "project": ("projects", lambda value: Opening(project=value)),
    "dir": ("directories", lambda value: Opening(directory=value)),
    "branch": ("branches", lambda value: Opening(branch=value)),
}


def opening_test(term: Term) -> Callable[[Opening], bool]:
    """A test for the beginning of a session, for a term that `is_of_opening`."""
    wanted = str(term.value)
    match term.key:
        case "project":
            return lambda opening: wanted in fold(project_name(opening.project))
        case "dir":
            return lambda opening: wanted in fold(opening.directory)
    return lambda opening: wanted in fold(opening.branch)


def activity_test(term: Term, activity: Mapping[int, ActivityFacts]) -> Predicate:
    """A test for what is known of a session once its messages were read."""
    match term.key, term.value:
        case "file", str(wanted):
            return lambda row: any(wanted in fold(path) for path, _, _ in activity[row].files)
        case "tool", str(wanted):
            return lambda row: any(wanted in fold(tool[0]) for tool in activity[row].tools)
        case "checkpoint", str(wanted):
            return lambda row: any(wanted in fold(name) for name in activity[row].checkpoints)
        case "turns", (str(sign), int(count)):
            compare = _COMPARISONS[sign]
            return lambda row: compare(activity[row].turns, count)
        case "duration", (str(sign), int(seconds)):
            compare = _COMPARISONS[sign]
            return lambda row: compare(round(activity[row].active_seconds), seconds)
        case "is", "failed":
            return lambda row: activity[row].failed > 0
        case "is", "edited":
            return lambda row: activity[row].edited > 0
    return lambda row: activity[row].branches > 0


def _at_or_below(place: str) -> Callable[[str], bool]:
    """Whether a directory is `place`, or below it."""
    below = place.rstrip("/") + "/"
    return lambda directory: directory == place or directory.startswith(below)


def _in_state(state: str, table: SelectableRows) -> Predicate:
    arrays = table.columns.arrays
    match state:
        case "favorite":
            return table.favorite
        case "broken":
            return table.lacking
        case "imported":
            sets = table.columns.pools["tags"].fitting(lambda tags: agent_of(tags) != OWN_AGENT)
            return lambda row: arrays["tags"][row] in sets
        case "subagent":
            sets = table.columns.pools["tags"].fitting(lambda tags: SUBAGENT in tags)
            return lambda row: arrays["tags"][row] in sets
        case "marked":
            return table.marks.__contains__
        case "here":
            projects = table.columns.pools["projects"].fitting(_at_or_below(table.here))
            return lambda row: arrays["projects"][row] in projects
        case "listed":
            return {table.row_of(path) for path in table.listed}.__contains__
    return lambda row: not arrays["messages"][row] and table.readable(row)
