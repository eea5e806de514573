"""The keys of a grouped list, whatever comes between two of them, against a model that is a page long."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from agcx_format.catalog import Opening
from agcx_tui.core.sessions.groups import GROUPINGS, Section
from agcx_tui.core.sessions.query import parse
from tests.support.entries import NOW
from tests.support.examples import some_of
from tests.tui.app.screens.list_machine import ListMachine
from tests.tui.app.screens.test_list_keys import entry

pytestmark = pytest.mark.usefixtures("undrawn")

PROJECTS = ("/w/site", "/w/app", "")


class GroupedKeys(ListMachine):
    """Group, fold, move, jump, mark a session or a section, filter; a session that appears."""

    def __init__(self) -> None:
        super().__init__()
        self.table._here = "/w/site"
        self.folded: set[str] = set()
        self.marks: set[int] = set()
        self.add(range(1, 10))
        self.press("down")
        self.cursor = self.at()

    def add(self, numbers) -> None:
        rows = self.table.put(map(entry, numbers))
        places = [(row, PROJECTS[self.number(row) % 3]) for row in rows]
        self.table.set_openings((row, Opening("", place, place)) for row, place in places)
        self.in_loop(self.list.update)

    def named(self, line) -> object:
        return line.key if isinstance(line, Section) else self.number(line)

    def at(self) -> object:
        return None if self.list.line is None else self.named(self.list.line)

    def key(self, row: int) -> str:
        match self.list.grouping:
            case "project":
                return PROJECTS[self.number(row) % 3]
            case "agent":
                return self.table.agent(row)
            case "model":
                return self.table.model(row)
        return "2024-11-24"

    def expected(self) -> list[object]:
        """The lines, worked out in the plainest way."""
        if self.list.grouping == "none":
            return list(map(self.number, self.table.order))
        found: list[object] = []
        for key in dict.fromkeys(map(self.key, self.table.order)):
            found.append(key)
            if key not in self.folded:
                found += [self.number(row) for row in self.table.order if self.key(row) == key]
        return found

    def stays(self, before: list[object]) -> None:
        """The cursor is on the same line as before, if that is still there."""
        if self.cursor in self.expected():
            assert self.at() == self.cursor
        self.cursor = self.at()

    @rule(grouping=st.sampled_from(GROUPINGS))
    def group(self, grouping):
        self.in_loop(self.list.group_by, grouping)
        self.folded.clear()
        if isinstance(self.cursor, int):
            assert self.at() == self.cursor
        self.cursor = self.at()

    @rule(key=st.sampled_from(["left", "right", "enter"]))
    def fold(self, key):
        if key == "enter" and isinstance(self.cursor, int):
            return
        section = self.cursor
        if isinstance(section, int):
            section = self.key(next(r for r in self.table.order if self.number(r) == section))
        is_on_heading = isinstance(self.cursor, str)
        self.press(key)
        if self.list.grouping == "none" or section is None:
            return
        if key == "left" or (key == "enter" and section not in self.folded):
            self.folded.add(section)
            self.cursor = section
        elif is_on_heading:
            self.folded.discard(section)

    @rule(key=st.sampled_from(["down", "up", "home", "end", "left_curly_bracket"]))
    def move(self, key):
        lines = self.expected()
        at = lines.index(self.cursor) if lines else 0
        self.press(key)
        if key == "left_curly_bracket":
            assert not lines or lines.index(self.at()) <= at
        elif lines:
            to = {"down": at + 1, "up": at - 1, "home": 0, "end": len(lines)}[key]
            assert self.at() == lines[max(0, min(to, len(lines) - 1))]
        self.cursor = self.at()

    @rule()
    def mark(self):
        lines = self.expected()
        step = 1
        if isinstance(self.cursor, int):
            wanted = {self.cursor}
        else:
            rows = [row for row in self.table.order if self.key(row) == self.cursor]
            wanted = set(map(self.number, rows)) if self.cursor is not None else set()
            # From a heading to the next one: what was marked with it is not met again.
            step += len(wanted.intersection(lines)) if self.cursor not in self.folded else 0
        self.press("space")
        if lines:
            assert self.at() == lines[min(lines.index(self.cursor) + step, len(lines) - 1)]
        self.marks = self.marks - wanted if wanted <= self.marks else self.marks | wanted
        self.cursor = self.at()

    @rule(typed=st.sampled_from(["", "even", "is:fav", "is:here", "nothing"]))
    def filter(self, typed):
        before = self.expected()
        self.table.filter_by(parse(typed, NOW))
        self.in_loop(self.list.update)
        self.stays(before)

    @rule(number=st.integers(1, 14))
    def appears(self, number):
        before = self.expected()
        self.add([number])
        self.stays(before)

    @invariant()
    def the_list_is_that_of_the_model(self):
        assert list(map(self.named, self.list.lines)) == self.expected()
        assert self.at() == self.cursor
        assert set(map(self.number, self.table.marks)) == self.marks


TestGroupedKeys = GroupedKeys.TestCase
TestGroupedKeys.settings = settings(max_examples=some_of(30), stateful_step_count=25, deadline=None)


def test_space_pressed_again_after_a_heading_does_not_unmark_its_rows():
    machine = GroupedKeys()
    try:
        machine.group("project")
        machine.move("home")
        for _ in range(2):
            machine.mark()
            machine.the_list_is_that_of_the_model()
        assert machine.marks == {6, 3, 9, 5, 2, 8}
    finally:
        machine.teardown()
