"""A list of sessions alone in an app, and what the state machines that press its keys have in common."""

from __future__ import annotations

import asyncio

from hypothesis.stateful import RuleBasedStateMachine
from textual import on
from textual.app import App, ComposeResult

from agcx_tui.app.themes import DARK
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW

__all__ = ["ListMachine", "Listing"]


class Listing(App[None]):
    """A list alone, with what the screens around it do to its table."""

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name
        self.table = SessionTable()
        self.said = 0

    def compose(self) -> ComposeResult:
        yield SessionList(self.table, lambda: NOW)

    @on(SessionList.MarksChanged)
    def _heard(self) -> None:
        self.said += 1


class ListMachine(RuleBasedStateMachine):
    """Presses the keys of a list whose sessions are called by their numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.app = Listing()
        self.context = self.app.run_test(size=(80, 12))
        self.runner.run(self.context.__aenter__())
        self.list = self.app.query_one(SessionList)
        self.table = self.app.table

    def teardown(self) -> None:
        self.runner.run(self.context.__aexit__(None, None, None))
        self.runner.close()

    def press(self, key: str) -> None:
        """As the app obeys it, at once."""
        binding = self.list._bindings.get_bindings_for_key(key)[0]
        self.runner.run(self.app.run_action(binding.action, self.list))

    def number(self, row: int) -> int:
        return int(self.table.title(row).split()[0])

    def in_loop(self, change, *values) -> None:
        """Change the list as the app does: the scrollbar that it may need then is a task."""

        async def changing():
            change(*values)

        self.runner.run(changing())
