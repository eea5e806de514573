"""Flags for the long forms of tests that always run in a short one, and hypothesis' settings.

    pytest tests/fuzz --fuzz=30      half an hour of random values and random damage
    pytest tests/crash --crash=500   five hundred kills instead of a few
    pytest tests/store --race=60     two processes, and a truncating one, for a minute each
    pytest tests/tui --lexers        code that is hard to split into its parts, in every language

The short forms draw the same examples each time, so that what they find is due to the change
at hand; the long ones draw new ones each time.
"""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("agcx", deadline=None, derandomize=True, database=None)
settings.load_profile("agcx")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("agcx", "long forms")
    group.addoption("--fuzz", type=float, default=0.0, metavar="MINUTES", help="fuzz for so long")
    group.addoption("--crash", type=int, default=25, metavar="N", help="kill a writer N times")
    group.addoption("--race", type=float, default=2.0, metavar="SECONDS", help="race for so long")
    group.addoption("--lexers", action="store_true", help="measure every lexer on hostile code")


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    return request.config.getoption("--crash")


@pytest.fixture(scope="session")
def race_seconds(request: pytest.FixtureRequest) -> float:
    return request.config.getoption("--race")
