"""Groups of facts, of any number, with one of them current; filtered by words.

Strategy: a roll, like the transcript, since a session may have a hundred thousand indexed files.  Block
i is a heading or a fact; arrows go from fact to fact, and the view follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message

from agcx_format.transcript import Needle
from agcx_tui.app.blocks.block import Block
from agcx_tui.app.blocks.fact import fact_block, heading_block, name_width
from agcx_tui.app.blocks.look import Look
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.roll.roll import Roll
from agcx_tui.app.widgets.roll.viewport import Place
from agcx_tui.core.conversation.fact import Fact, Group

__all__ = ["FactsView"]

# The same length for every secret.
_MASK = "••••••••"


class FactRows:
    """The rows of groups of facts: a heading, its facts, the next heading; as a roll shows them."""

    def __init__(self) -> None:
        self.look = Look(80)
        self.rows: list[Fact | Group] = []
        # The names of secrets that may be seen.
        self.revealed: set[str] = set()
        self._groups: Sequence[Group] = ()
        self._column = 0

    def use(self, groups: Sequence[Group]) -> None:
        """Replace the groups."""
        self._groups = groups
        names = [fact.name for group in groups for fact in group.facts[:1000]]
        self._column = name_width(names)

    def filter(self, words: Needle | None) -> None:
        """Leave the facts that hold the words, with their headings; None leaves all."""
        self.rows = list(self._filtered(words))

    def _filtered(self, words: Needle | None) -> Iterator[Fact | Group]:
        for group in self._groups:
            facts = [fact for fact in group.facts if words is None or self._holds(fact, words)]
            if facts or words is None:
                yield group
                yield from facts

    def next_fact(self, index: int, direction: int) -> int | None:
        """The row of the first fact from `index` on, forward (1) or backward (-1)."""
        while 0 <= index < len(self.rows):
            if isinstance(self.rows[index], Fact):
                return index
            index += direction
        return None

    def draw(self, index: int) -> Block:
        row = self.rows[index]
        if isinstance(row, Group):
            return heading_block(row.title, "" if row.facts else row.empty, self.look)
        if self.is_hidden(row):
            return fact_block(row.name, _MASK, "enter shows it", self._column, self.look)
        return fact_block(row.name, row.value, row.note, self._column, self.look)

    def is_hidden(self, fact: Fact) -> bool:
        return fact.secret and fact.name not in self.revealed

    def _holds(self, fact: Fact, words: Needle) -> bool:
        """Whether the words are in what is shown of the fact."""
        shown = (fact.name,) if self.is_hidden(fact) else (fact.name, fact.value, fact.note)
        return any(map(words.is_in, shown))

    def estimated_heights(self) -> Iterator[int]:
        for row in self.rows:
            yield 2 if isinstance(row, Group) else 1 + bool(row.note)


class FactsView(Roll, can_focus=True):
    """`show(groups)`; Enter on a fact that leads to something posts `Chosen`."""

    BINDINGS = bindings("facts")

    @dataclass
    class Chosen(Message):
        """Enter, or a second click, on a fact with a target or a message."""

        fact: Fact

    def __init__(self, *, id: str | None = None) -> None:
        self._facts = FactRows()
        super().__init__(self._facts, id=id)
        self._words: Needle | None = None

    def show(self, groups: Sequence[Group]) -> None:
        """Replace what is shown."""
        self._facts.use(groups)
        self._lay_out()

    def filter(self, words: str) -> int:
        """Show only the facts that hold the words, folded as everywhere; returns how many they are."""
        self._words = Needle.of(words) if words else None
        self._lay_out()
        return sum(isinstance(row, Fact) for row in self._facts.rows)

    @property
    def fact(self) -> Fact | None:
        """The current one."""
        rows = self._facts.rows
        row = rows[self.current] if self.current < len(rows) else None
        return row if isinstance(row, Fact) else None

    def current_file(self) -> str:
        """The file that the current fact names; empty if there is none."""
        target = self.fact.target if self.fact is not None else None
        return target if isinstance(target, str) else ""

    def _lay_out(self) -> None:
        self._facts.filter(self._words)
        self.current = self._facts.next_fact(0, 1) or 0
        self.begin()

    # --- as a roll

    def copied(self) -> str:
        fact = self.fact
        return (fact.copied or fact.value) if fact is not None else ""

    def action_copy(self) -> None:
        """Copy what is selected or current, but no secret that is hidden."""
        if (
            self.fact is not None
            and self._facts.is_hidden(self.fact)
            and not self.screen.get_selected_text()
        ):
            words = "This may be a secret: enter shows it, then y copies it."
            self.notify(words, severity="warning", markup=False)
        else:
            super().action_copy()

    def on_mount(self) -> None:
        self.begin()

    # --- moving

    def action_scroll_down(self) -> None:
        self._step(1)

    def action_scroll_up(self) -> None:
        self._step(-1)

    def action_scroll_home(self) -> None:
        super().action_scroll_home()
        self.current = self._facts.next_fact(0, 1) or 0
        self.settled()

    def action_scroll_end(self) -> None:
        self.viewport.end()
        last = len(self._facts.rows) - 1
        self.current = max(0, last if (at := self._facts.next_fact(last, -1)) is None else at)
        self.settled()

    def _step(self, direction: int) -> None:
        """To the fact below or above; a tall one is first scrolled to its end, line by line."""
        index = self._facts.next_fact(self.current + direction, direction)
        if index is None or not self._end_in_view(self.current, direction):
            return self.move(direction)
        self.current = index
        for _ in range(self.viewport.height - 1):
            if self._end_in_view(index, direction):
                break
            self.viewport.move(direction)
        return self.settled()

    def _end_in_view(self, index: int, direction: int) -> bool:
        """Whether the last line of a block, or with -1 the first, is in the window or before it."""
        window = self.viewport.window
        if not window:
            return True
        if direction < 0:
            return window[0] <= Place(index, 0, 0)
        last = window[-1]
        rows = len(self.viewport.lines(index, 0))
        return last >= Place(index, 0, rows - 1)

    def settled(self, *, same_lines: bool = False) -> None:
        """The current fact is one in view."""
        window = self.viewport.window
        if window and not window[0].block <= self.current <= window[-1].block:
            below = self.current < window[0].block
            inside = self._facts.next_fact(window[0 if below else -1].block, 1 if below else -1)
            self.current = self.current if inside is None else inside
        super().settled()

    # --- choosing

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is nothing to choose, no key for it is offered."""
        return action != "choose" or self.fact is not None

    def action_choose(self) -> None:
        fact = self.fact
        if fact is not None and fact.secret:
            self._toggle(fact)
        elif fact is not None and (fact.target is not None or fact.message is not None):
            self.post_message(self.Chosen(fact))

    def _toggle(self, fact: Fact) -> None:
        """Show a secret, or hide it again."""

        def change() -> None:
            self._facts.revealed ^= {fact.name}
            self.viewport.forget(self.current)

        self.viewport.changed(change, self.current)
        self.settled()

    def on_click(self, event: events.Click) -> None:
        """A click makes a fact current, a second one chooses it."""
        if self.dragged:
            return
        row = event.get_content_offset_capture(self).y
        if not 0 <= row < len(self.viewport.window):
            return
        place: Place = self.viewport.window[row]
        if isinstance(self._facts.rows[place.block], Fact):
            self.current = place.block
            self.settled()
            if event.chain == 2:
                self.action_choose()
