"""The bare app of `bare`, running in a terminal."""

from __future__ import annotations

from tests.bench.bare import READY
from tests.bench.terminal import Terminal
from tests.bench.workspace import Workspace

__all__ = ["bare_terminal"]


def bare_terminal(work: Workspace) -> Terminal:
    """The app once it is shown and at rest."""
    terminal = Terminal(work.bare_app(), work.environment())
    terminal.wait_for(READY)
    terminal.wait_quiet()
    return terminal
