"""A large conversation on the screen: opened, taken to its end, unfolded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.bench import floors
from tests.bench.bare import PUSHED
from tests.bench.bare_terminal import bare_terminal
from tests.bench.measures_large import huge
from tests.bench.registry import measure, median_ms, times
from tests.bench.stores import FIRST_WORDS, LAST_WORDS
from tests.bench.terminal import END, ENTER, ESCAPE, Terminal
from tests.bench.timing import Outcome, against, clock
from tests.bench.workspace import Workspace

# Longer than a gigabyte takes on a slow machine.
_PATIENCE = 40
_HOME = b"\x1b[H"
_PUSH = "pushing a screen with one Static"
_KEY = "a letter typed in a Textual app with one Static"


@measure("conversation.open", "a session of 16 MB opened", _PUSH, median_ms(40))
def open_large(work: Workspace) -> Outcome:
    return _open(work, _large(work))


@measure("conversation.open-1gb", "a session of 1 GB opened", _PUSH, median_ms(40))
def open_huge(work: Workspace) -> Outcome:
    return _open(work, huge(work))


@measure(
    "conversation.end",
    "a session of 16 MB taken to its end right after it was opened",
    "decompress + skip-scan",
    median_ms(50),
)
def end_of_large(work: Workspace) -> Outcome:
    path = _large(work)
    section = floors.messages_section(path)
    return _end(work, path, lambda: floors.skip_through(section), pairs=7)


@measure(
    "conversation.end-1gb",
    "a session of 1 GB taken to its end right after it was opened",
    "decompress",
    times(1.3),
)
def end_of_huge(work: Workspace) -> Outcome:
    path = huge(work)
    section = floors.messages_section(path)
    return _end(work, path, lambda: floors.decompress_through(section), pairs=3)


@measure(
    "conversation.end-again-1gb", "the end of a session of 1 GB, seen before", _KEY, median_ms(50)
)
def end_again(work: Workspace) -> Outcome:
    with _browser(work, huge(work)) as ours, bare_terminal(work) as bare:
        ours.press_for(ENTER, FIRST_WORDS)
        ours.press_for(END, LAST_WORDS, timeout=_PATIENCE)

        def end() -> float:
            ours.press_for(_HOME, FIRST_WORDS)
            ours.wait_quiet()
            return ours.press_for(END, LAST_WORDS)

        return against(end, lambda: bare.press(b"x"), pairs=work.pairs(7))


@measure(
    "conversation.unfold-1gb", "all tool calls unfolded in a session of 1 GB", _KEY, median_ms(50)
)
def unfold(work: Workspace) -> Outcome:
    with _browser(work, huge(work)) as ours, bare_terminal(work) as bare:
        ours.press_for(ENTER, FIRST_WORDS)
        ours.press_for(END, LAST_WORDS, timeout=_PATIENCE)

        def press_t() -> float:
            ours.wait_quiet()
            return ours.press(b"t")

        return against(press_t, lambda: bare.press(b"x"), pairs=work.pairs(9))


def _large(work: Workspace) -> Path:
    return work.session(work.scaled(10_000, 500), work.scaled(16_000_000, 800_000))


def _open(work: Workspace, path: Path) -> Outcome:
    with _browser(work, path) as ours, bare_terminal(work) as bare:

        def open_it() -> float:
            took = ours.press_for(ENTER, FIRST_WORDS)
            ours.write(b"q")
            ours.wait_quiet()
            return took

        def push() -> float:
            took = bare.press_for(ENTER, PUSHED)
            bare.write(ESCAPE)
            bare.wait_quiet()
            return took

        return against(open_it, push, pairs=work.pairs(9))


def _end(work: Workspace, path: Path, floor: Callable[[], object], *, pairs: int) -> Outcome:
    with _browser(work, path) as ours:

        def end() -> float:
            ours.press_for(ENTER, FIRST_WORDS)
            took = ours.press_for(END, LAST_WORDS, timeout=_PATIENCE)
            # Where one leaves it is where it is opened again.
            ours.press_for(_HOME, FIRST_WORDS)
            ours.write(b"q")
            ours.wait_quiet()
            return took

        return against(end, clock(floor), pairs=work.pairs(pairs))


def _browser(work: Workspace, path: Path) -> Terminal:
    """The list of the store that holds nothing but this session, which nobody has read yet."""
    work.forget_caches()
    terminal = Terminal(work.program("--store", path.parent), work.environment())
    terminal.wait_for(FIRST_WORDS)
    terminal.wait_quiet()
    return terminal
