"""The questions before sessions are deleted: the numbers that matter, with Cancel first.

Strategy: all deletions go through `may_delete`, so that favorites are asked about twice everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Self

from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from agcx_format import Store
from agcx_format.errors import PersistenceError
from agcx_format.store import is_link, is_recent
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.dialogs.dialog import Body, Dialog, DialogBox
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.themes import MUTED
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.store import store_work
from agcx_tui.core.words import format
from agcx_tui.core.words.deletion import age_line, favorites_line, in_use_line, link_line

_LISTED = 3


async def may_delete(
    app: App[object], table: SessionTable, rows: Sequence[int], now: int, store: Store | None
) -> bool:
    """Ask about these rows, and again if favorites are among them; call it in a worker.

    `store` finds out whether an agent may be at work on them; None while it is being opened.
    """
    files = [(table.path(row), table.signature(row)) for row in rows]
    look = None if store is None else partial(_found_out, store, files, now)
    yes = await app.push_screen_wait(ConfirmDelete.about(table, rows, now, look))
    if yes and any(map(table.favorite, rows)):
        yes = await app.push_screen_wait(ConfirmFavorites.among(table, rows))
    return bool(yes)


def _found_out(store: Store, files: Sequence[store_work.File], now: int) -> str:
    """Warnings that require a look at the files.  May block."""
    links = sum(is_link(path) for path, _ in files)
    lines = [
        in_use_line(store_work.at_work(store, files, now), len(files)),
        link_line(links, len(files)),
    ]
    return "\n".join(filter(None, lines))


class ConfirmDelete(Dialog[bool]):
    """True to delete; False or None not to."""

    BINDINGS = bindings("delete")
    ANSWERS: ClassVar[Mapping[str, str]] = {"delete": "delete"}
    DEFAULT_CSS = """
    ConfirmDelete #delete {
        color: $error;
        &:focus, &:hover { background: $error; color: $background; }
    }
    """

    def __init__(
        self,
        question: str,
        lines: Sequence[Content],
        *,
        warning: str = "",
        look: Callable[[], str] | None = None,
    ) -> None:
        """`warning` says that an agent may be at work, until `look` has found out in a thread."""
        super().__init__()
        self._question = question
        self._lines = lines
        self._warning = warning
        self._look = look

    @classmethod
    def about(
        cls,
        table: SessionTable,
        rows: Sequence[int],
        now: int,
        look: Callable[[], str] | None = None,
    ) -> Self:
        """The question about these rows of a table, at `now` (microseconds since 1970)."""
        totals = table.totals_of(rows)
        started = len(_started(table, rows))
        chosen = len(rows) - started
        what = "this session" if chosen == 1 else format.counted(chosen, "session")
        if started:
            what += f" and {format.counted(started, 'subagent')}"
        recent = sum(is_recent(table.changed(row) * 1000, now * 1000) for row in rows)
        return cls(
            f"Delete {what}, {format.size(totals.size)}?",
            _facts(table, rows, now),
            warning=in_use_line(recent, len(rows)),
            look=look,
        )

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(Content(self._question), id="question", markup=False)
            with Body():
                yield Static(Content("\n").join(self._lines), id="facts", markup=False)
                line = Static(Content.styled(self._warning, "$warning"), id="at-work", markup=False)
                line.display = bool(self._warning)
                yield line
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Delete", id="delete")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#cancel"))
        if self._look is not None:
            self.run_worker(self._find_out, thread=True, exit_on_error=False)

    def _find_out(self) -> None:
        """Run `look` in a thread: a file saved a moment ago need not have been saved by an agent; some are
        links.
        """
        assert self._look is not None
        try:
            warning = self._look()
        except (PersistenceError, OSError):
            return
        from_threads.call(self, self._warn, warning)

    def _warn(self, warning: str) -> None:
        if self.is_mounted:
            line = self.query_one("#at-work", Static)
            line.update(Content.styled(warning, "$warning"))
            line.display = bool(warning)

    def action_delete(self) -> None:
        self.dismiss(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "delete")


class ConfirmFavorites(ConfirmDelete):
    """The second question, which names the favorites."""

    @classmethod
    def among(cls, table: SessionTable, rows: Sequence[int]) -> Self:
        """The question about the favorites among these rows of a table."""
        favorites = [row for row in rows if table.favorite(row)]
        them = "this favorite" if len(favorites) == 1 else f"these {len(favorites):,} favorites"
        lines = _titles(table, favorites)
        if len(favorites) == len(rows):
            return cls(f"Really delete {them}?", lines)
        everything = "both" if len(rows) == 2 else f"all {len(rows):,}"
        lines += [Content(""), Content(f"Cancel keeps {everything} sessions.")]
        return cls(f"Delete {them}, too?", lines)


def _started(table: SessionTable, rows: Sequence[int]) -> set[int]:
    """The rows that other rows among them started."""
    among = set(rows)
    return {row for row in rows if table.subagents.parent(row) in among}


def _titles(table: SessionTable, rows: Sequence[int]) -> list[Content]:
    lines = [_title(table, row) for row in rows[:_LISTED]]
    if len(rows) > _LISTED:
        lines.append(Content.styled(f"and {len(rows) - _LISTED:,} more", MUTED))
    return lines


def _facts(table: SessionTable, rows: Sequence[int], now: int) -> list[Content]:
    shown, among, started = set(table.order), set(rows), _started(table, rows)
    lines = [*_titles(table, [row for row in rows if row not in started]), Content("")]
    lines.append(Content(age_line(map(table.last_used, rows), now)))
    if favorites := favorites_line(sum(map(table.favorite, rows)), len(rows)):
        lines.append(Content.styled(favorites, "$accent"))
    if hidden := sum(row not in shown for row in among - started):
        lines.append(Content.styled(f"The filter hides {hidden:,} of them now.", "$warning"))
    them = "It goes" if len(rows) == 1 else "They go"
    lines.append(Content(f"{them} to the trash; u to undo."))
    return lines


def _title(table: SessionTable, row: int) -> Content:
    title = table.title(row) or table.id(row)
    return Content(f"{table.flag(row)} {safe_line(title).strip()}").truncate(54, ellipsis=True)
