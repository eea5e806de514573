"""Where the space goes: bars that fill while files are measured; each opens what it is about.

A large message opens its conversation, everything else the list of its sessions.

Strategy: a thread measures file by file and posts results a few times a second; files measured before come
from the cache.  Leaving stops it, and keeps what was measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from rich.cells import cell_len
from textual import on, work
from textual.binding import ActiveBinding
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option
from textual.worker import get_current_worker

from agcx_format import ScanEntry
from agcx_format.errors import PersistenceError
from agcx_format.space import GROUPS, FileStats, Stats, StatsCache, gather
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.screens.index_part import IndexPart
from agcx_tui.app.screens.open_conversation import conversation_screen
from agcx_tui.app.screens.options_screen import PagedScreen
from agcx_tui.app.services import Services
from agcx_tui.app.themes import MUTED
from agcx_tui.core.local.giving_way import give_way
from agcx_tui.core.local.paths import measures
from agcx_tui.core.sessions.columns import fit, fit_middle, plain_cells
from agcx_tui.core.store.act_queue import ActQueue
from agcx_tui.core.store.measured_files import files_to_measure
from agcx_tui.core.words import format
from agcx_tui.core.words.index_report import INDEX
from agcx_tui.core.words.storage_report import BAR, Line, Section, bar, headline, sections

_EVERY = 0.4
# Cells of the title line that the totals cannot have.
_TITLE = len(" agcx  Storage   ")
# The most files in one message, for when all of them are in the cache.
_MOST = 500
# The cells of a label: at least, usually, and at most; and those of a note.  With little room the bar becomes
# shorter first, then the label, then the note is left out.
_LEAST_LABEL, _LABEL, _MOST_LABEL, _NOTE = 16, 34, 56, 14
_AMOUNT = 8
_LEAST_BAR, _SHORT_BAR = 4, 8
# The edges of the list, and its scrollbar.
_AROUND = 3
# Actions that need a line.
_ON_LINES = ("choose", "build_index", "delete_index")


@dataclass(frozen=True, slots=True)
class Opened:
    """The sessions that a bar is about."""

    label: str
    paths: tuple[str, ...]


class StorageScreen(PagedScreen[Opened]):
    """Leaves with the sessions to show in the list, or None."""

    BINDINGS = bindings("storage")

    @dataclass
    class Measured(Message):
        """The files measured since the last message.  `total` is the number of files, `checkpoints`
        are their bytes by session; `in_trash` is in bytes.
        """

        files: list[FileStats]
        total: int
        checkpoints: dict[str, int]
        ended: bool
        in_trash: int = 0
        error: str = ""

    def __init__(self, services: Services, acts: ActQueue) -> None:
        super().__init__()
        self._services = services
        self._acts = acts
        self._store = acts.store
        # Without a cache, every file is measured.
        self._cache: StatsCache | None = None
        if services.cache is not None:
            self._cache = StatsCache(measures(services.cache), acts.store.path)
        self._stats = Stats()
        self._paths: dict[tuple[str, str], list[str]] = {}
        self._lines: list[Line | None] = []
        # All was read, and a page says that nothing takes space.
        self._is_empty = False
        self._index = IndexPart(self, services.index, acts.store.path, self._show_index)

    def on_mount(self) -> None:
        self._index.open()
        self.show_title("Storage", "reading…")
        self._measure()

    def on_unmount(self) -> None:
        self._index.close()

    @work(thread=True, exclusive=True, group="stats")
    def _measure(self) -> None:
        worker = get_current_worker()
        entries: list[ScanEntry] = []
        checkpoints: dict[str, int] = {}
        in_trash, problem = 0, ""
        try:
            checkpoints = self._store.checkpoint_sizes()
            entries = files_to_measure(self._store)
            measured = gather if self._cache is None else self._cache.gather
            with closing(measured(entries, _giving_way(lambda: worker.is_cancelled))) as files:
                for batch in _batches(files):
                    message = self.Measured(batch, len(entries), checkpoints, False)
                    if not from_threads.post(self, message):
                        return
            in_trash = sum(session.size for session in self._store.trash())
        except (PersistenceError, OSError) as error:
            problem = f"Not all of it can be read: {error}"
        if not worker.is_cancelled:
            from_threads.post(
                self, self.Measured([], len(entries), checkpoints, True, in_trash, problem)
            )

    @on(Measured)
    def _take(self, message: Measured) -> None:
        self._stats.checkpoints = message.checkpoints
        for file in message.files:
            self._stats.add(file)
            for group in GROUPS:
                for name in file.members(group):
                    self._paths.setdefault((group, name), []).append(file.path)
            for kind in file.kinds:
                self._paths.setdefault(("kind", kind), []).append(file.path)
        self._show()
        measured = self._stats.total.sessions
        right = headline(self._stats, message.in_trash, self.size.width - _TITLE)
        if not message.ended:
            right = f"{measured:,} of {message.total:,} read"
        self.show_title("Storage", right)
        nothing = Content("No sessions take any space.")
        if message.error:
            nothing = Content.styled(safe_line(message.error), "$error")
            self.notify(safe_line(message.error), severity="error", timeout=10, markup=False)
        self._is_empty = message.ended and not measured
        self.show_notice(nothing if self._is_empty else None)
        self.refresh_bindings()

    def _show(self) -> None:
        at, before = self.lines.highlighted, self._lines
        chosen = before[at] if at is not None and at < len(before) else None
        self._lines = []
        options: list[Option] = []
        # Where nothing takes space there is a page that says so.
        index = self._index.section if self._stats.total.sessions else None
        shown = [*filter(None, [index]), *sections(self._stats)]
        longest = _longest_label(shown)
        for section in shown:
            if section.lines:
                self._add(section, options, longest)
        self.lines.clear_options()
        self.lines.add_options(options)
        if options:
            self.lines.highlighted = place_of(self._lines, chosen, at)

    def _show_index(self) -> None:
        if self.is_mounted:
            if self._stats.total.sessions:
                self._show()
            self.refresh_bindings()

    def _add(self, section: Section, options: list[Option], longest: int) -> None:
        """Add its lines; `longest` is the width of the longest label of all."""
        width = self.size.width - _AROUND
        gap = "\n" if options else ""
        title = Content(gap) + Content.styled(section.title, "bold $primary")
        options.append(Option(title, disabled=True))
        self._lines.append(None)
        for line in section.lines:
            options.append(Option(drawn_line(line, section.largest, width, longest)))
            self._lines.append(line)
        if section.hidden:
            more = Content.styled(f"  and {section.hidden:,} more", MUTED)
            options.append(Option(more, disabled=True))
            self._lines.append(None)

    def on_resize(self) -> None:
        if self._lines:
            self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self._is_empty and action in _ON_LINES:
            return False
        if action == "build_index":
            return self._index.can_build
        if action == "choose":
            return not self._on_index
        return action != "delete_index" or self._index.can_delete

    def action_build_index(self) -> None:
        self._index.build()

    def action_delete_index(self) -> None:
        if self._on_index:
            self._index.delete()
        else:
            self.notify("On its line, d deletes the search index.", markup=False)

    @property
    def _on_index(self) -> bool:
        """Whether the cursor is on the line of the search index."""
        at = self.lines.highlighted if self.is_mounted else None
        line = self._lines[at] if at is not None and at < len(self._lines) else None
        return line is not None and line.group == INDEX

    @on(OptionList.OptionHighlighted)
    def _moved(self) -> None:
        self.refresh_bindings()

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The footer offers to delete the index only where the key does so."""
        found, on_index = super().active_bindings, self._on_index
        return {
            key: active._replace(binding=replace(active.binding, show=on_index))
            if active.binding.action == "delete_index"
            else active
            for key, active in found.items()
        }

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        line = self._lines[event.option_index]
        if line is None or line.group == INDEX:
            return
        if line.index is not None:
            screen = conversation_screen(
                self.app, self._services, line.name, self._acts, message=line.index
            )
            self.app.push_screen(screen)
            return
        paths: Sequence[str] = (line.name,)
        if line.group != "session":
            paths = self._paths.get((line.group, line.name), ())
        self.dismiss(Opened(line.label, tuple(paths)))


def _batches(files: Iterable[FileStats]) -> Iterator[list[FileStats]]:
    """The files as they come, in lists, a few times a second."""
    batch: list[FileStats] = []
    deadline = time.monotonic() + _EVERY
    for file in files:
        batch.append(file)
        if time.monotonic() > deadline or len(batch) == _MOST:
            yield batch
            batch, deadline = [], time.monotonic() + _EVERY
    yield batch


def _giving_way(should_stop: Callable[[], bool]) -> Callable[[], bool]:
    """The same question; the thread that asks it lets keys go first."""

    def stopped() -> bool:
        give_way()
        return should_stop()

    return stopped


def place_of(lines: Sequence[Line | None], chosen: Line | None, at: int | None) -> int:
    """The index of the line that the cursor was on, `at` before, or of the one in its place.

    Without one, it is the first that can be opened.
    """
    for index, line in enumerate(lines):
        if chosen and line and (line.group, line.name, line.index) == (
            chosen.group, chosen.name, chosen.index,
        ):  # fmt: skip
            return index
    opens = [index for index, line in enumerate(lines) if line and line.group != INDEX]
    if chosen and at is not None:
        return max((index for index in opens if index <= at), default=1)
    return opens[0] if opens else 1


def _longest_label(sections: Iterable[Section]) -> int:
    """The cells of the longest label; titles may be cut."""
    lines = [line for each in sections for line in each.lines if line.group != "session"]
    return max((cell_len(plain_cells(line.label)) for line in lines), default=0)


def drawn_line(line: Line, largest: int, width: int, longest: int) -> Content:
    """A label, an amount, its bar, and a note; `longest` is the width of the longest label."""
    left = width - 2 - 1 - _AMOUNT - 2
    most = min(max(longest, _LABEL), _MOST_LABEL, left - _SHORT_BAR - 2 - _NOTE)
    room = max(_LEAST_LABEL, most)
    left -= room
    note_room = max(_NOTE, cell_len(line.note)) if line.group == INDEX else _NOTE
    bar_room = max(_LEAST_BAR, min(BAR, left - 2 - note_room if most == room else left))
    label = plain_cells(line.label[:200])
    # The end of a path says the most.
    shown = fit_middle(label, room) if line.group == "directory" else fit(label, room)
    note = fit(line.note, max(0, min(len(line.note), left - bar_room - 2)))
    drawn = bar(line.amount, largest, bar_room)
    return Content.assemble(
        f"  {shown} ",
        (f"{format.size(line.amount):>{_AMOUNT}}  ", "bold"),
        (f"{drawn:{bar_room}}", "$primary"),
        (f"  {note}" if note else "", MUTED),
    )
