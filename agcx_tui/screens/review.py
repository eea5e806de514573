"""What would be hidden in an export, find by find, before anything is written.

Strategy: one list, grouped by kind and secret; each find stands in its line and is on until somebody turns it
off.  Space turns one over, a all of them.  The answer is the finds that are on, by session file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from agcx_tui.safe_text import safe_line
from agcx_tui.screens.dialog import Dialog
from agcx_tui.wording import counted

if TYPE_CHECKING:
    from agcx_format.redaction.scan import Find

# The finds that are to be hidden, by session file.
Reviewed = dict[str, list["Find"]]

# What is shown of a secret that is longer, a private key for example.
_SHOWN = 48


class RedactionReview(Dialog[Reviewed]):
    """The finds of an export; Esc and Cancel write nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "turn_over", "on or off", id="review.toggle"),
        Binding("a", "turn_all_over", "all", id="review.all"),
        Binding("ctrl+s", "write", "write", id="review.write"),
    ]
    DEFAULT_CSS = """
    RedactionReview {
        & > #box { width: 100; }
        & OptionList { height: auto; max-height: 24; background: $background; border: none; padding: 0; }
        & OptionList:focus { border: none; }
        & #hint { color: $text-muted; margin-top: 1; }
    }
    """

    def __init__(self, found: Mapping[str, Sequence[Find]]) -> None:
        super().__init__()
        finds = [(source, find) for source, some in found.items() for find in some]
        # A stable sort: within a secret they stay in the order of the sessions.
        order = {(f.kind, f.secret): n for n, (_, f) in reversed(list(enumerate(finds)))}
        self._finds = sorted(
            finds, key=lambda each: (each[1].kind, order[each[1].kind, each[1].secret])
        )
        self._sources = list(found)
        self._on = [True] * len(finds)

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(id="question", markup=False)
            yield OptionList(*self._options(), id="finds", markup=False)
            yield Static("space turns one over, a all of them", id="hint", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Write", id="write", variant="primary")

    def on_mount(self) -> None:
        self._ask()
        finds = self.query_one(OptionList)
        finds.focus()
        finds.action_first()

    def _options(self) -> list[Option]:
        options: list[Option] = []
        before = None
        for number, (_, find) in enumerate(self._finds):
            if find.kind != before:
                options.append(Option(Content.styled(find.kind, "bold"), disabled=True))
                before = find.kind
            options.append(Option(self._line(number), id=str(number)))
        return options

    def _line(self, number: int) -> Content:
        _, find = self._finds[number]
        mark = "[x] " if self._on[number] else "[ ] "
        place = find.part if find.message is None else f"{find.message + 1}"
        lead, rest = find.excerpt[: find.column], find.excerpt[find.column :]
        secret = safe_line(find.secret.split("\n", 1)[0][:_SHOWN])
        after = rest[len(find.secret) :] if rest.startswith(find.secret) else ""
        if len(find.secret) > len(secret):
            secret += "…"
        return Content.assemble(
            mark,
            (f"{place:>8}  ", "$text-muted"),
            safe_line(lead[-24:]),
            (secret, "$warning bold" if self._on[number] else "$text-muted"),
            safe_line(after[:24]),
        )

    def _ask(self) -> None:
        on, total = sum(self._on), len(self._on)
        which = f"{on:,} of {total:,} finds" if on < total else counted(total, "find")
        self.query_one("#question", Static).update(Content(f"Hide {which}?"))

    def action_turn_over(self) -> None:
        finds = self.query_one(OptionList)
        if finds.highlighted is not None:
            self._turn(finds.get_option_at_index(finds.highlighted).id)

    def action_turn_all_over(self) -> None:
        on = not all(self._on)
        for number in range(len(self._on)):
            if self._on[number] is not on:
                self._turn(str(number))

    def _turn(self, option: str | None) -> None:
        if option is None:
            return
        number = int(option)
        self._on[number] = not self._on[number]
        self.query_one(OptionList).replace_option_prompt(option, self._line(number))
        self._ask()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._turn(event.option.id)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "write":
            self.action_write()
        else:
            self.dismiss(None)

    def action_write(self) -> None:
        reviewed: Reviewed = {source: [] for source in self._sources}
        for is_on, (source, find) in zip(self._on, self._finds, strict=True):
            if is_on:
                reviewed[source].append(find)
        self.dismiss(reviewed)
