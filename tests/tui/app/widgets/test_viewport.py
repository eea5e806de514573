"""What a viewport shows is what a layout of everything would show, whatever was estimated."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from textual.strip import Strip

from agcx_tui.app.blocks.block import Block, Part
from agcx_tui.app.blocks.heights import HeightIndex
from agcx_tui.app.widgets.roll.viewport import Viewport

# A block: the heights of its parts, and by how much each is thought to differ.
BLOCKS = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.integers(-4, 4)), max_size=4), max_size=40
)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.integers(-60, 60)),
        st.tuples(st.just("seek"), st.integers(0, 300)),
        st.tuples(st.just("go"), st.integers(0, 39)),
        st.tuples(st.just("end"), st.just(0)),
        st.tuples(st.just("resize"), st.integers(1, 30)),
        st.tuples(st.just("reshape"), st.integers(0, 39)),
        st.tuples(st.just("grow"), st.integers(1, 5)),
    ),
    max_size=15,
)


class Roll:
    """Blocks whose lines tell their own places, with a viewport on them."""

    def __init__(self, blocks: list) -> None:
        self.blocks = [list(parts) for parts in blocks]
        self.viewport = Viewport(self.draw)
        self.viewport.height = 10
        self.viewport.reset(HeightIndex(1 + index % 7 for index in range(len(blocks))))
        self.viewport.settle()

    def draw(self, index: int) -> Block:
        parts = []
        for number, (height, error) in enumerate(self.blocks[index]):
            strips = [Strip([Segment(f"{index}.{number}.{line}")]) for line in range(height)]
            parts.append(Part(lambda strips=strips: strips, max(0, height + error)))
        return Block(parts)

    def plain(self) -> list[str]:
        return [
            f"{index}.{number}.{line}"
            for index, parts in enumerate(self.blocks)
            for number, (height, _) in enumerate(parts)
            for line in range(height)
        ]

    def shown(self) -> list[str]:
        return [self.viewport.strip(place).text for place in self.viewport.window]

    def heads(self) -> dict[int, int]:
        """The row in which each block begins that begins on the screen."""
        rows = enumerate(self.viewport.window)
        return {place.block: row for row, place in rows if self.viewport.is_head(place)}

    def do(self, kind: str, number: int) -> None:
        viewport = self.viewport
        if kind == "move":
            viewport.move(number)
        elif kind == "seek":
            viewport.seek(number)
        elif kind == "end":
            viewport.end()
        elif kind == "resize":
            viewport.changed(lambda: setattr(viewport, "height", number))
        elif kind == "grow":
            more = [[(number, 1)], [], [(1, 0), (number, -1)]]
            self.blocks += more
            viewport.changed(lambda: viewport.heights.extend([1] * len(more)))
        elif kind == "go" and self.blocks:
            viewport.go(number % len(self.blocks))
        elif kind == "reshape" and self.blocks:
            viewport.changed(lambda: self.reshape(number % len(self.blocks)))

    def reshape(self, index: int) -> None:
        """Fold what is open, open what is folded."""
        self.blocks[index] = [(3, 2), (5, -1)] if sum(h for h, _ in self.blocks[index]) < 2 else []
        self.viewport.forget(index)


@settings(deadline=None)
@given(BLOCKS, MOVES)
def test_the_screen_is_a_window_onto_the_plain_layout(blocks, moves):
    roll = Roll(blocks)
    for kind, number in moves:
        roll.do(kind, number)
        plain, shown = roll.plain(), roll.shown()
        assert len(shown) == min(len(plain), roll.viewport.height)
        if shown:
            at = plain.index(shown[0])
            assert shown == plain[at : at + len(shown)]
        if kind == "end":
            assert shown == plain[len(plain) - len(shown) :]


@settings(deadline=None)
@given(BLOCKS, MOVES, st.integers(0, 39))
def test_a_block_that_changes_above_or_below_leaves_the_others_in_their_rows(blocks, moves, which):
    roll = Roll(blocks)
    for kind, number in moves:
        roll.do(kind, number)
    before, index = roll.heads(), which % max(1, len(roll.blocks))
    stays = [block for block in before if block != index]
    if not stays or not roll.blocks:
        return
    lines_above = roll.plain().index(roll.shown()[0])
    roll.do("reshape", index)
    kept = min(stays) if index >= min(stays) else None
    after = roll.heads()
    fits = roll.plain().index(roll.shown()[0]) > 0 and len(roll.shown()) == roll.viewport.height
    at_end = roll.shown()[-1:] == roll.plain()[-1:]
    if kept is not None and fits and not at_end and lines_above:
        assert after[kept] == before[kept]


@settings(deadline=None)
@given(BLOCKS, st.integers(1, 80))
def test_lines_up_and_the_same_lines_down_come_back(blocks, lines):
    roll = Roll(blocks)
    roll.do("end", 0)
    end = roll.shown()
    roll.do("move", -lines)
    middle = roll.plain().index(roll.shown()[0]) if end else 0
    assert middle == max(0, len(roll.plain()) - len(end) - lines)
    roll.do("move", lines)
    assert roll.shown() == end


@settings(deadline=None)
@given(BLOCKS)
def test_once_seen_the_scrollbar_stands_where_the_lines_are(blocks):
    roll = Roll(blocks)
    roll.do("end", 0)
    while roll.viewport.window and roll.plain()[:1] != roll.shown()[:1]:
        roll.do("move", -7)
    for index in range(len(roll.blocks)):
        for part in range(len(roll.blocks[index])):
            roll.viewport.lines(index, part)
    roll.do("seek", 5)
    assert roll.viewport.heights.total == len(roll.plain())
    if roll.shown():
        assert roll.viewport.position == roll.plain().index(roll.shown()[0])


def test_lines_above_the_floor_are_scrolled_to_and_fill_no_window_by_themselves():
    roll = Roll([[(2, 0)], [(1, 0)], [(3, 0)], [(1, 0)]])
    viewport = roll.viewport
    assert roll.shown()[0] == "0.0.0"
    viewport.floor = 2
    viewport.go(2)
    assert roll.shown() == ["2.0.0", "2.0.1", "2.0.2", "3.0.0"]
    viewport.move(1)
    assert roll.shown()[0] == "2.0.0"
    viewport.move(-1)
    assert roll.shown()[0] == "1.0.0"
    viewport.end()
    assert len(roll.shown()) == 7
