"""The keys of the list, whatever comes between two of them, against a model that is a page long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.sorting import SORTS
from tests.support.browsing import (
    SIZE,
    at_cursor,
    browser,
    confirm_deletion,
    demo_copy,
    notices,
    scanned,
    titles,
    until,
)
from tests.support.entries import NOW, session
from tests.support.examples import some_of
from tests.tui.app.screens.list_machine import ListMachine

pytestmark = pytest.mark.usefixtures("undrawn")

FILTERS = ["", "even", "odd", "is:fav", "messages:>20", "nothing like it"]


def entry(number: int):
    return session(
        number,
        f"{number} {'odd' if number % 2 else 'even'}",
        accessed=f"2024-11-24T10:{number % 7:02}:00Z",
        messages=number % 5 * 10,
        favorite=number % 3 == 0,
        size=1000 - number % 4,
    )


class Model:
    """A list of numbers, a cursor in it, a set of marks, and where a range began."""

    def __init__(self) -> None:
        self.cursor: Any = None
        self.marks: set = set()
        # The number at which it began, the marks of before, and what was shown then.
        self.range: Any = None

    def moved(self, order: list, index: int) -> None:
        self.range = None
        self.cursor = order[max(0, min(index, len(order) - 1))] if order else None

    def extended(self, order: list, step: int) -> None:
        if self.cursor is None:
            return
        if self.range is None:
            self.range = self.cursor, set(self.marks)
        origin, before = self.range
        at = max(0, min(order.index(self.cursor) + step, len(order) - 1))
        self.cursor = order[at]
        first, last = sorted((order.index(origin), at))
        self.marks = before | set(order[first : last + 1])

    def changed(self, before: list, order: list) -> None:
        """What is shown is something else: the cursor stays on its session, a range does not go on."""
        if before == order:
            return
        self.range = None
        if self.cursor not in order:
            index = before.index(self.cursor) if self.cursor in before else 0
            self.cursor = order[min(index, len(order) - 1)] if order else None


class Keys(ListMachine):
    """Move, mark, range, filter, sort, reverse, Esc; a session that appears, vanishes, or is another."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.there = set(range(1, 9))
        self.table.put(map(entry, self.there))
        self.in_loop(self.list.update)
        self.press("down")
        self.model.moved(self.shown(), 1)

    # --- what the list does

    def shown(self) -> list[int]:
        return [self.number(row) for row in self.table.order]

    def change(self, change) -> None:
        before = self.shown()
        change()
        self.in_loop(self.list.update)
        self.model.changed(before, self.shown())

    # --- what is done

    @rule(key=st.sampled_from(["down", "up", "j", "k"]))
    def move(self, key):
        order = self.shown()
        at = order.index(self.model.cursor) if order else 0
        self.press(key)
        self.model.moved(order, at + (1 if key in ("down", "j") else -1))

    @rule(key=st.sampled_from(["home", "end"]))
    def to_an_end(self, key):
        self.press(key)
        self.model.moved(self.shown(), 0 if key == "home" else len(self.table))

    @rule()
    def mark(self):
        order = self.shown()
        self.press("space")
        if order:
            self.model.marks ^= {self.model.cursor}
            self.model.moved(order, order.index(self.model.cursor) + 1)

    @rule(key=st.sampled_from(["shift+down", "shift+up", "J", "K"]), times=st.integers(1, 4))
    def extend(self, key, times):
        for _ in range(times):
            self.press(key)
            self.model.extended(self.shown(), 1 if key in ("shift+down", "J") else -1)

    @rule()
    def mark_all(self):
        shown, before = set(self.shown()), set(self.model.marks)
        self.press("a")
        if shown <= before:
            self.model.marks -= shown
        else:
            self.model.marks |= shown
        if self.model.marks != before:
            self.model.range = None

    @rule()
    @precondition(lambda self: self.model.marks)
    def clear_marks(self):
        self.table.marks.clear()
        self.list.refresh()
        self.model.marks, self.model.range = set(), None

    @rule(typed=st.sampled_from(FILTERS))
    def filter(self, typed):
        self.change(lambda: self.table.filter_by(parse(typed, NOW)))

    @rule(key=st.sampled_from(SORTS), descending=st.booleans())
    def sort(self, key, descending):
        self.change(lambda: self.table.sort_by(key, descending))

    @rule(number=st.integers(1, 12))
    def appears(self, number):
        self.there.add(number)
        self.change(lambda: self.table.put([entry(number)]))

    @rule(number=st.integers(1, 12))
    def vanishes(self, number):
        row = self.table.row_of(entry(number).path)
        if row is None:
            return
        marked = number in self.model.marks
        self.there.discard(number)
        self.change(lambda: self.table.remove([row]))
        self.model.marks.discard(number)
        if marked:
            self.model.range = None

    # --- what holds

    @invariant()
    def cursor_and_marks_are_those_of_the_model(self):
        row = self.list.cursor
        assert (None if row is None else self.number(row)) == self.model.cursor
        assert set(map(self.number, self.table.marks)) == self.model.marks

    @invariant()
    def what_is_there_is_in_it(self):
        assert {self.number(row) for row in self.table.in_order()} == self.there


TestKeys = Keys.TestCase
TestKeys.settings = settings(max_examples=some_of(40), stateful_step_count=30, deadline=None)


async def test_a_range_does_not_go_on_after_the_filter_changed(tmp_path):
    async with browser(demo_copy(tmp_path / "history")).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("slash", *"is:fav", "escape", "shift+down")
        marked = {screen.table.title(row) for row in screen.table.marks}
        assert len(marked) == 2
        await pilot.press("escape")
        await until(pilot, lambda: len(screen.table.order) == 15)
        at = titles(screen).index(at_cursor(screen))
        await pilot.press("shift+down")
        passed = set(titles(screen)[at : at + 2])
        assert {screen.table.title(row) or "!" for row in screen.table.marks} == marked | passed
        # Back over it: what was marked now is not, what was marked before is.
        await pilot.press("shift+up")
        assert marked <= {screen.table.title(row) for row in screen.table.marks}
        assert len(screen.table.marks) == 2


async def test_deleting_and_undoing_leave_no_mark_that_nobody_made(tmp_path):
    async with browser(demo_copy(tmp_path / "history")).run_test(size=SIZE) as pilot:
        screen = await scanned(pilot)
        await pilot.press("shift+down", "d")
        await confirm_deletion(pilot, favorites=True)
        await until(pilot, lambda: len(screen.table) == 13)
        assert not screen.table.marks
        await pilot.press("u")
        # Then the cursor is on the first of them: they are in the table before.
        await until(pilot, lambda: "Restored" in notices(pilot))
        assert len(screen.table) == 15
        assert not screen.table.marks
        at = titles(screen).index(at_cursor(screen))
        await pilot.press("shift+down")
        assert {screen.table.title(row) or "!" for row in screen.table.marks} == set(
            titles(screen)[at : at + 2]
        )
