"""The terminal is sent what it does not show, and nothing else; it shows the same as if it were sent all."""

from __future__ import annotations

from random import Random

import pyte
from textual.geometry import Region
from textual.strip import Strip

from agcx_tui.app.terminal_rows import TerminalRows, in_lines, in_spans

WIDTH, HEIGHT = 12, 4


def written(rows: TerminalRows, *pieces: tuple[int, int, str]) -> str:
    strips = [(x, y, Strip([], len(text)), text) for x, y, text in pieces]
    by_strip = {id(strip): text for _, _, strip, text in strips}
    return rows.write([each[:3] for each in strips], lambda strip: by_strip[id(strip)])


def test_what_is_there_already_is_not_written_again():
    rows = TerminalRows()
    assert written(rows, (0, 0, "grid"), (4, 0, "list"))
    assert written(rows, (0, 0, "grid"), (4, 0, "list")) == ""
    assert written(rows, (0, 0, "grid"), (4, 0, "tree")) == "\x1b[1;5Htree"
    assert written(rows, (0, 1, "grid")) == "\x1b[2;1Hgrid"
    rows.forget()
    assert "grid" in written(rows, (0, 0, "grid"))


def test_what_was_written_over_is_written_again():
    rows = TerminalRows()
    written(rows, (0, 0, "grid"), (4, 0, "list"))
    written(rows, (3, 0, "xx"))
    assert written(rows, (0, 0, "grid")) == "\x1b[1;1Hgrid"
    assert written(rows, (4, 0, "list")) == "\x1b[1;5Hlist"
    # Beside it nothing is.
    assert written(rows, (0, 0, "grid"), (4, 0, "list")) == ""


def test_whatever_is_written_the_terminal_shows_the_last_of_each_cell():
    random, rows = Random(4), TerminalRows()
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    shown = [[" "] * WIDTH for _ in range(HEIGHT)]
    for _ in range(2_000):
        x, y = random.randrange(WIDTH - 1), random.randrange(HEIGHT)
        text = random.choice("ab") * random.randint(1, WIDTH - 1 - x)
        stream.feed(written(rows, (x, y, text)))
        shown[y][x : x + len(text)] = text
        assert screen.display[y] == "".join(shown[y])


def test_a_picture_is_taken_apart_into_pieces():
    lines = [[Strip([], 3), Strip([], 5)], [Strip([], 8)]]
    pieces = [(x, y, strip.cell_length) for x, y, strip in in_lines(lines, Region(2, 1, 8, 2))]
    assert pieces == [(2, 1, 3), (5, 1, 5), (2, 2, 8)]
    a, b, c = (Strip.blank(4) for _ in range(3))
    chops = [{0: a, 4: None, 8: b, 12: c}]
    spans = [(0, 2, 10), (0, 4, 8), (0, 0, 4)]
    found = [
        [(x, y, strip.cell_length) for x, y, strip in in_spans([span], chops, [[4, 8, 12, 16]])]
        for span in spans
    ]
    assert found == [[(0, 0, 4), (8, 0, 2)], [], [(0, 0, 4)]]
