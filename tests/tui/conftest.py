"""Tests here may be coroutines: each runs in an event loop of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual._compositor import Compositor
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.notifications import Notification

from tests.support.browsing import demo_copy
from tests.support.waiting import LIMIT


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The demo's store, for the test alone."""
    return demo_copy(tmp_path / "history")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home that is there, so that paths below it are shown with `~`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True, scope="session")
def styles_are_parsed_once() -> Iterator[None]:
    """Apps share what they parsed: each would parse the same styles again, a seventh of its start."""
    parse_rules = Stylesheet._parse_rules
    parsed: dict[tuple[object, ...], list[RuleSet]] = {}

    def parse(self: Stylesheet, css: str, *given: object, **named: object) -> list[RuleSet]:
        key = (css, *given, *sorted(named.items()), *sorted(self._variables.items()))
        if key not in parsed:
            parsed[key] = parse_rules(self, css, *given, **named)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse)
        yield


@pytest.fixture(autouse=True)
def notices_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said stays to be read: on a slow machine it would be gone before a test looks."""
    monkeypatch.setattr(Notification, "time_left", LIMIT)
    monkeypatch.setattr(Notification, "has_expired", False)


@pytest.fixture(autouse=True)
def nobody_else_to_copy_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test copies stays out of the clipboard of whoever runs it."""
    monkeypatch.delenv("TMUX", raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/0")


@pytest.fixture
def drawn() -> None:
    """Frames are drawn, also in a file whose tests are `undrawn`."""


@pytest.fixture
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames that nobody looks at are not drawn, which is half the work of a screen; with `--full` they are.

    Keys, messages, styles, layout, and focus are all as ever: what is skipped is the last step, in which
    widgets are asked for their lines.  What a test asks a widget for itself is drawn.  A fault that only
    drawing shows, in a state that only such a test reaches, is found with `--full` alone: what a screen looks
    like belongs into the pictures, which are drawn always, and a test of such a file that looks itself, or
    clicks on what was drawn, uses `drawn`.
    """

    def draw(self: Compositor, full: bool = False, **options: object) -> object:
        if full:
            return render(self, full, **options)
        self._dirty_regions.clear()
        return None

    render = Compositor.render_update
    if not request.config.getoption("--full") and "drawn" not in request.fixturenames:
        monkeypatch.setattr(Compositor, "render_update", draw)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    wanted = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in wanted}))
    return True
