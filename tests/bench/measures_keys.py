"""Keys in the list of sessions, from the byte that goes in to the last byte of the picture."""

from __future__ import annotations

import statistics

from tests.bench.bare_terminal import bare_terminal
from tests.bench.measures_start import hundred_thousand, note
from tests.bench.prose import ANY_TITLE
from tests.bench.registry import measure, median_ms, p95_ms
from tests.bench.terminal import DOWN, Terminal
from tests.bench.timing import Outcome, Samples, against
from tests.bench.workspace import Workspace

_SECONDS = 2
_RATE = 30
# Each letter leaves fewer sessions than the one before: a number that stays is not drawn again.
_TYPED = ("gri", "tra", "mob", "cra", "sto")
_CLEAR = b"\x15"


@measure(
    "keys.hold",
    "the down key held at 30 Hz, the list scrolling, preview on",
    "the same key in a Textual app with one Static",
    median_ms(12),
    p95_ms(25),
)
def hold(work: Workspace) -> Outcome:
    store = work.store(work.scaled(10_000, 300))
    presses = work.scaled(_SECONDS * _RATE, 20)
    found: tuple[list[float], list[float]] = ([], [])
    ratios = []
    with _browser(work, store) as ours, bare_terminal(work) as bare:
        # Once past the last line of the first page, every press scrolls.
        ours.hold(DOWN, 45)
        for _ in range(work.pairs(5)):
            mine, its = (side.hold(DOWN, presses, _RATE) for side in (ours, bare))
            found[0].extend(mine)
            found[1].extend(its)
            ratios.append(statistics.median(mine) / statistics.median(its))
    samples = (Samples(tuple(values)) for values in found)
    return Outcome("s", *samples, tuple(ratios), note(store))


@measure(
    "keys.preview",
    "the down key pressed once after a rest, to the last byte of the new preview",
    "a letter typed in a Textual app with one Static",
    median_ms(25),
)
def preview(work: Workspace) -> Outcome:
    store = work.store(work.scaled(10_000, 300))
    with _browser(work, store) as ours, bare_terminal(work) as bare:
        return against(
            lambda: ours.press_until_still(DOWN),
            lambda: bare.press(b"x"),
            pairs=work.pairs(25),
            note=note(store),
        )


@measure(
    "keys.filter",
    "a letter typed in the filter, to the rows that are left",
    "a letter typed in a Textual app with one Static",
    median_ms(60),
)
def type_in_filter(work: Workspace) -> Outcome:
    store = hundred_thousand(work)
    shown = rf"of {sum(1 for _ in store.iterdir()):,}"
    ours: list[float] = []
    beside: list[float] = []
    with _browser(work, store) as browser, bare_terminal(work) as bare:
        browser.write(b"/")
        for word in _TYPED[: 1 if work.quick else None]:
            browser.wait_quiet()
            for letter in word.encode():
                ours.append(browser.press_for(bytes([letter]), shown))
                browser.wait_quiet()
                beside.append(bare.press(bytes([letter])))
            browser.write(_CLEAR)
    ratios = tuple(mine / its for mine, its in zip(ours, beside, strict=True))
    return Outcome("s", Samples(tuple(ours)), Samples(tuple(beside)), ratios, note(store))


def _browser(work: Workspace, store) -> Terminal:
    terminal = Terminal(work.program("--store", store), work.environment())
    terminal.wait_for(ANY_TITLE)
    # The first words of a hundred thousand sessions are read for minutes, in small pieces.
    terminal.wait_quiet(0.5, timeout=900)
    return terminal
