"""Which messages of a block count: `role:`, `tool:`, `path:`, `is:error` and `in:`."""

from __future__ import annotations

from collections.abc import Callable

from agcx_format.search.blocks import Facts
from agcx_format.search.query import Condition, Within
from agcx_format.search.said import Kind
from agcx_format.transcript.folding import fold

__all__ = ["Allowed", "allowed_by"]

Allowed = Callable[[Facts, int], bool]

_KINDS = {
    "you": {Kind.YOU},
    "assistant": {Kind.ASSISTANT},
    "reasoning": {Kind.REASONING},
    "tool": {Kind.CALL, Kind.RESULT},
    "title": {Kind.TITLE},
}


def allowed_by(within: Within) -> Allowed | None:
    """Whether message `number` counts; None when every one does."""
    tests = [_test_of(condition) for condition in within.conditions]
    if not tests:
        return None
    return lambda facts, number: all(test(facts, number) for test in tests)


def _test_of(condition: Condition) -> Allowed:
    test = _TESTS[condition.key](condition.values)
    if condition.negated:
        return lambda facts, number: not test(facts, number)
    return test


def _in(values: tuple[str, ...]) -> Allowed:
    kinds = set().union(*(_KINDS[value] for value in values))
    return lambda facts, number: facts.kind(number) in kinds


def _role(values: tuple[str, ...]) -> Allowed:
    return lambda facts, number: fold(facts.role(number)) in values


def _tool(values: tuple[str, ...]) -> Allowed:
    def test(facts: Facts, number: int) -> bool:
        tool = fold(facts.tool(number))
        return any(value in tool for value in values)

    return test


def _path(values: tuple[str, ...]) -> Allowed:
    def test(facts: Facts, number: int) -> bool:
        paths = map(fold, facts.paths.get(number, ()))
        return any(value in path for path in paths for value in values)

    return test


def _is(values: tuple[str, ...]) -> Allowed:
    return lambda facts, number: facts.failed(number)


_TESTS: dict[str, Callable[[tuple[str, ...]], Allowed]] = {
    "in": _in,
    "role": _role,
    "tool": _tool,
    "path": _path,
    "is": _is,
}
