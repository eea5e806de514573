"""How long each fuzz test goes on: a number of examples, more with `--full`, or its share of `--fuzz`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.support.examples import some_of

_ROUND = 300


@dataclass(frozen=True)
class Fuzzing:
    """`fuzzing(check, strategy, examples=100)` calls `check` with values of the strategy.

    With `--fuzz` it goes on, round after round of new ones, until `seconds` have passed; what fails
    is made small and shown by hypothesis in either case.
    """

    seconds: float

    def __call__(
        self, check: Callable[[Any], None], strategy: SearchStrategy, *, examples: int
    ) -> None:
        if not self.seconds:
            _round(check, strategy, some_of(examples), None)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            _round(check, strategy, min(examples, _ROUND), time.time_ns())


def _round(check: Callable, strategy: SearchStrategy, examples: int, number: int | None) -> None:
    def call(value: Any) -> None:
        check(value)

    run = given(strategy)(call)
    if number is not None:
        run = seed(number)(run)
    settings(
        max_examples=examples,
        derandomize=number is None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )(run)()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests that fuzz share the minutes evenly."""
    config.stash[_FUZZ_TESTS] = sum("fuzzing" in getattr(i, "fixturenames", ()) for i in items)


_FUZZ_TESTS = pytest.StashKey[int]()


@pytest.fixture
def fuzzing(request: pytest.FixtureRequest) -> Fuzzing:
    minutes = request.config.getoption("--fuzz")
    return Fuzzing(minutes * 60 / max(1, request.config.stash[_FUZZ_TESTS]))
