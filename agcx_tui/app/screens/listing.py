"""The base of all screens that list sessions: order, marks, and what is chosen by them.

Strategy: a subclass fills the table and says what can be done with its rows; list, header and marks behave
alike everywhere.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on, work
from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import ScreenResultType

from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.services import Remember, Services
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.filter_line import FilterInput
from agcx_tui.app.widgets.list.header import ListHeader
from agcx_tui.app.widgets.list.session_list import SessionList
from agcx_tui.app.widgets.preview import Preview
from agcx_tui.core.sessions.groups import GROUPINGS
from agcx_tui.core.sessions.sorting import OF_COLUMNS, SORTS
from agcx_tui.core.sessions.table import SessionTable
from agcx_tui.core.words import format

if TYPE_CHECKING:
    from agcx_format.errors import PersistenceError
    from agcx_tui.core.store.act_queue import ActQueue

__all__ = ["ListingScreen"]

# What keys of a preview do that do something else in a conversation: it has no tabs, and there is a filter
# of sessions.
_IN_PREVIEW = {"piece(1)": "next pane", "show_only": "messages"}
# In a narrower terminal, the size of the marked sessions would cover the last keys of the footer.
_ROOM_FOR_SIZE = 90


class ListingScreen(OnceScreen[ScreenResultType]):
    """A screen with a table of sessions, a list that shows it below a `ListHeader`, and `#marks`."""

    DEFAULT_CSS = """
    ListingScreen {
        background: $background;
        & > #title { background: $surface; color: $text-muted; }
        & > #panes { height: 1fr; }
        #left { width: 1fr; height: 1fr; }
        #notice { display: none; width: 1fr; height: 1fr; padding: 2 4; color: $text-muted; }
        & > #bottom { height: 1; background: $footer-background; }
        #marks { width: auto; background: $footer-background; }
    }
    """

    services: Services
    table: SessionTable
    sessions: SessionList

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """Some keys do something else here than elsewhere, and the footer says so."""
        return {
            key: active._replace(binding=replace(active.binding, description=words))
            if (words := self._does_here(active))
            else active
            for key, active in super().active_bindings.items()
        }

    def _does_here(self, active: ActiveBinding) -> str:
        """What a key does instead of what it says, if it does."""
        section = self.sessions.section
        if active.binding.action == "open" and active.node is self.sessions and section is not None:
            return "expand" if section.folded else "collapse"
        if active.binding.action == "open" and isinstance(active.node, FilterInput):
            return "search inside" if active.node.will_search else ""
        return _IN_PREVIEW.get(active.binding.action, "")

    def chosen(self) -> list[int]:
        """The marked rows, in the order shown and hidden ones last; else what is under the cursor."""
        if self.table.marks:
            shown = [row for row in self.table.order if row in self.table.marks]
            return shown + sorted(self.table.marks - set(shown))
        return self.sessions.at_cursor

    def open_conversation(
        self, row: int | None, acts: ActQueue | None = None, *, fixed: str = ""
    ) -> None:
        """Show the conversation of a row; with `acts` it can be changed, else `fixed` says why not."""
        if row is None:
            return
        from agcx_tui.app.screens.open_conversation import conversation_screen

        if self.table.readable(row):
            path = self.table.path(row)
            screen = conversation_screen(self.app, self.services, path, acts, fixed=fixed)
            self.app.push_screen(
                screen, lambda _: self._was_read(path, screen.transcript.source.error)
            )
        else:
            reason = format.short_reason(self.table.error(row))
            self.notify(f"It cannot be opened: {reason}.", severity="warning", markup=False)

    def _was_read(self, path: str, damage: PersistenceError | None) -> None:
        if damage is not None:
            self.damage_found(path, damage)

    def damage_found(self, path: str, damage: PersistenceError) -> None:
        """Called when a conversation that was read from here turned out to be damaged."""

    def reveal(self, row: int) -> None:
        """Put the cursor on a session."""
        self.sessions.go_to(row)

    # --- the order

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """Sort by `key` of SORTS; without a direction, in the one that suits the key."""
        self.table.sort_by(key, descending)
        self.query_one(ListHeader).refresh()
        self.sessions.update()

    def action_sort(self) -> None:
        """Sort by the next key of those that are always offered, or whose column is shown."""
        shown = {column.name for column in self.sessions.columns}
        at = SORTS.index(self.table.sort_key) + 1
        following = (*SORTS[at:], *SORTS[:at])
        self.sort_by(next(key for key in following if key not in OF_COLUMNS or key in shown))

    def action_reverse(self) -> None:
        self.sort_by(self.table.sort_key, not self.table.descending)

    @on(ListHeader.SortRequested)
    def _header_clicked(self, message: ListHeader.SortRequested) -> None:
        self.sort_by(message.key, message.descending)

    @on(SessionList.LaidOut)
    def _columns_moved(self) -> None:
        self.query_one(ListHeader).refresh()

    # --- groups, columns, the preview

    def action_view(self) -> None:
        """Show another part of the conversation in the preview."""
        self.query_one(Preview).next_view()

    def action_group(self) -> None:
        """Group the list by the next of GROUPINGS."""
        grouping = GROUPINGS[(GROUPINGS.index(self.sessions.grouping) + 1) % len(GROUPINGS)]
        self.sessions.group_by(grouping)
        self.post_message(Remember({"group": grouping}))

    @work
    async def action_columns(self) -> None:
        from agcx_tui.app.dialogs.columns import ColumnsDialog

        dialog = ColumnsDialog(self.sessions.chosen_columns, self.table.favorites_first)
        chosen = await self.app.push_screen_wait(dialog)
        if chosen is None:
            return
        columns, first = chosen
        self.sessions.choose_columns(columns)
        self.table.put_favorites_first(first)
        self.sessions.update()
        self.post_message(Remember({"columns": columns, "favorites_first": first}))

    # --- the marks

    def show_marks(self) -> None:
        marks = self.table.marks
        text = ""
        if marks:
            text = f"{len(marks):,} marked"
            if self.size.width >= _ROOM_FOR_SIZE:
                table = self.table
                size = sum(table.subagents.measured(row, table.size) for row in marks)
                text += f", {format.size(size)}"
        self.query_one("#marks", EdgeLine).show(right=Content.styled(text, "bold $primary"))

    @on(SessionList.MarksChanged)
    def _marks_changed(self) -> None:
        self.show_marks()
