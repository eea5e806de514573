"""Help (`?`): every key that works on the screen below, by task, with the words of the table of actions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Static

from agcx_tui.app.dialogs.dialog import Dialog, DialogBox
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.app.widgets.lines.search_line import SearchLine
from agcx_tui.core.words.actions import by_id
from agcx_tui.core.words.help_pages import (
    HelpSection,
    by_task,
    in_columns,
    key_rows,
    longest,
    matching,
)

__all__ = ["HelpScreen", "KeyColumn", "help_sections", "shown_key"]

_ARROWS = {"up": "↑", "down": "↓", "left": "←", "right": "→"}
_NAMES = {
    "slash": "/",
    "question_mark": "?",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "escape": "esc",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "number_sign": "#",
    "asterisk": "*",
    "colon": ":",
    "exclamation_mark": "!",
    "full_stop": ".",
} | {f"f{number}": f"F{number}" for number in range(1, 13)}
_MOST_COLUMNS = 3
# Cells that a column needs, those that it gets, and those of the box around them.
_LEAST_COLUMN = 48
_COLUMN = 52
_AROUND = 8
# Cells beside the words of a column.
_GAP = 2
_HINT = Content.assemble(
    ("/", "bold $footer-key-foreground"),
    (" search  ", "$footer-description-foreground"),
    ("esc", "bold $footer-key-foreground"),
    (" close", "$footer-description-foreground"),
)


class KeyColumn(Widget):
    """Sections of help, one below the other."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "KeyColumn { width: 1fr; height: auto; padding: 0 1; }"
    sections: reactive[Sequence[HelpSection]] = reactive((), layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(list(key_rows(self.sections, width)))

    def render(self) -> Content:
        lines = [
            Content.styled(line.keys, "bold $primary")
            if line.heading
            else Content.assemble((line.keys, "bold"), line.words)
            for line in key_rows(self.sections, self.content_size.width)
        ]
        return Content("\n").join(lines)


class KeySheet(VerticalScroll):
    """What scrolls, with the keys that scroll everything else."""

    BINDINGS = bindings("sheet")


class HelpScreen(Dialog[None]):
    """Keys by task, in as many columns as fit; `/` finds one by its name or by what it does."""

    BINDINGS = bindings("help")
    DEFAULT_CSS = """
    HelpScreen {
        & > #box { width: 76; padding: 1 2; }
        & #head { height: 1; margin-bottom: 1; }
        & #title { width: 8; text-style: bold; padding: 0 1; }
        & .-searching #hint { display: none; }
        & SearchLine { width: 1fr; }
        & #keys { height: auto; scrollbar-size-vertical: 1; }
        & #columns { height: auto; }
    }
    """

    def __init__(self, sections: Sequence[HelpSection]) -> None:
        super().__init__()
        self.sections = sections
        self._line = SearchLine("/", "a key, or what it does", self._leave_search, id="help-search")

    def compose(self) -> ComposeResult:
        with DialogBox():
            with Horizontal(id="head"):
                yield Static("Keys", id="title")
                yield self._line
                yield EdgeLine(right=_HINT, id="hint")
            with KeySheet(id="keys", classes="body"), Horizontal(id="columns"):
                for _ in range(_MOST_COLUMNS):
                    yield KeyColumn()

    def on_mount(self) -> None:
        self._show("")
        self.set_focus(self.query_one(KeySheet))

    def on_resize(self, event: events.Resize) -> None:
        self._show(self._line.input.value)

    def _show(self, typed: str) -> None:
        """Show what matches, in the room there is."""
        found = matching(self.sections, typed)
        room = self.app.size
        count = max(1, min(_MOST_COLUMNS, (room.width - _AROUND) // _LEAST_COLUMN))
        columns = in_columns(found, count)
        needed = [longest(column) + _GAP for column in columns]
        width = max(76, _AROUND + count * _COLUMN)
        if sum(needed) + 2 * _AROUND <= room.width:
            width = max(width, sum(needed) + _AROUND)
        # No narrow strips of the screen below beside it.
        self.query_one("#box").styles.width = width if room.width - width >= _AROUND else "100%"
        share = (min(width, room.width) - _AROUND) // count
        all_fit = max(needed) <= share
        for number, column in enumerate(self.query(KeyColumn)):
            column.display = number < count
            column.sections = columns[number] if number < count else ()
            # One that needs less than its share leaves the rest to the others.
            if number < count:
                leaves = not all_fit and needed[number] <= share
                column.styles.width = needed[number] if leaves else "1fr"
        if self._line.is_open:
            self._line.say("" if found else "no key matches")

    def action_search(self) -> None:
        sheet = self.query_one(KeySheet)
        sheet.styles.min_height = sheet.size.height
        self._line.open()
        self.query_one("#head").add_class("-searching")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show(event.value)
        self.query_one(KeySheet).scroll_home(animate=False)

    def _leave_search(self, kept: bool) -> None:
        self.set_focus(self.query_one(KeySheet))
        if not kept:
            self._line.close()
            self.query_one("#head").remove_class("-searching")


def help_sections(
    bound: Iterable[ActiveBinding], extra: HelpSection | None = None, *, extra_first: bool = False
) -> list[HelpSection]:
    """The sections of the keys that work, and one of examples before or after them."""
    # Textual's own bindings are not in the table.
    keys = [
        (action, shown_key(each.binding.key))
        for each in bound
        if (action := by_id(each.binding.id)) is not None and each.enabled
    ]
    sections = by_task(keys)
    if extra is None:
        return sections
    return [extra, *sections] if extra_first else [*sections, extra]


def shown_key(key: str) -> str:
    """The name of a key as on the keyboard: `shift+down` as `shift+↓`, `slash` as `/`."""
    *modifiers, last = key.split("+")
    last = _ARROWS.get(last, _NAMES.get(last, last))
    return "+".join([*modifiers, last])
