"""Shows what an export would hide, find by find, before anything is written.

Strategy: one list, grouped by kind and secret; every find has a line and is on until it is turned off.  Space
and a click toggle a find, s the same secret everywhere, g its kind, a all; Enter is an answer, as in other
dialogs, and never turns a find off.  The result is, by session file, what was searched, with the finds that
are on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from agcx_format.transcript import safe_line
from agcx_tui.app.dialogs.dialog import Dialog, DialogBox
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.themes import MUTED
from agcx_tui.app.widgets.lines.option_lines import OptionLines
from agcx_tui.core.words.format import counted

if TYPE_CHECKING:
    from agcx_format.redaction import Find
    from agcx_tui.core.export.session_export import Looked

# What is to be hidden, by session file.
Reviewed = dict[str, "Looked"]

# Fields whose texts are named by variables.
_VARIABLES = ("environment_variables", "env")

# How many characters are shown of a long secret, a private key for example.
_SHOWN = 48


class _Finds(OptionLines):
    """The finds, in which Enter presses the button that does it."""

    BINDINGS = bindings("finds")

    class Entered(Message):
        """Enter was pressed; the finds are unchanged."""

    def action_enter(self) -> None:
        self.post_message(self.Entered())


class RedactionReview(Dialog[Reviewed]):
    """The finds of an export; Esc and Cancel write nothing."""

    BINDINGS = bindings("review")
    DEFAULT_CSS = """
    RedactionReview {
        & > #box { width: 100; }
        & OptionList {
            height: auto; background: $background; border: none; padding: 0;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        & OptionList:focus { border: none; }
        & #hint { color: $text-muted; margin-top: 1; }
    }
    """

    def __init__(self, found: Mapping[str, Looked], verb: str = "Hide", yes: str = "Write") -> None:
        """`verb` asks what is to be done with the finds, `yes` is on the button that does it."""
        super().__init__()
        self._verb, self._yes = verb, yes
        finds = [(source, find) for source, looked in found.items() for find in looked.finds]
        # The sort is stable: within a secret, finds stay in the order of the sessions.
        order = {(f.kind, f.secret): n for n, (_, f) in reversed(list(enumerate(finds)))}
        self._finds = sorted(
            finds, key=lambda each: (each[1].kind, order[each[1].kind, each[1].secret])
        )
        self._found = found
        self._several = len({source for source, _ in finds}) > 1
        self._on = [True] * len(finds)

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(id="question", markup=False)
            yield _Finds(*self._options(), id="finds", classes="body", markup=False)
            keys = "space toggles one, s its secret, g its kind, a all"
            yield Static(f"{keys} · enter {self._yes.lower()}s", id="hint", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button(self._yes, id="write", variant="primary")

    def on_mount(self) -> None:
        self._ask()
        finds = self.query_one(OptionList)
        self.set_focus(finds)
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
        source, find = self._finds[number]
        mark = "[x] " if self._on[number] else "[ ] "
        place = find.part if find.message is None else f"{find.message + 1}"
        lead, rest = find.excerpt[: find.column], find.excerpt[find.column :]
        secret = safe_line(find.secret.split("\n", 1)[0][:_SHOWN])
        after = rest[len(find.secret) :] if rest.startswith(find.secret) else ""
        if len(find.secret) > len(secret):
            secret += "…"
        return Content.assemble(
            mark,
            (f"{safe_line(Path(source).stem[:8]):<8}  " if self._several else "", MUTED),
            (f"{place:>8}  ", MUTED),
            (safe_line(_named(find)), MUTED),
            safe_line(lead[-24:]),
            (secret, "$warning bold" if self._on[number] else MUTED),
            safe_line(after[:24]),
        )

    def _ask(self) -> None:
        on, total = sum(self._on), len(self._on)
        which = f"{on:,} of {total:,} passages" if on < total else counted(total, "passage")
        self.query_one("#question", Static).update(Content(f"{self._verb} {which}?"))

    def _under_the_cursor(self) -> int | None:
        finds = self.query_one(OptionList)
        if finds.highlighted is None:
            return None
        option = finds.get_option_at_index(finds.highlighted).id
        return None if option is None else int(option)

    def action_turn_over(self) -> None:
        number = self._under_the_cursor()
        if number is not None:
            self._turn_together([number])

    def action_turn_secret_over(self) -> None:
        number = self._under_the_cursor()
        if number is not None:
            _, here = self._finds[number]
            same = here.kind, here.secret
            self._turn_together(
                [n for n, (_, find) in enumerate(self._finds) if (find.kind, find.secret) == same]
            )

    def action_turn_kind_over(self) -> None:
        number = self._under_the_cursor()
        if number is not None:
            kind = self._finds[number][1].kind
            self._turn_together([n for n, (_, find) in enumerate(self._finds) if find.kind == kind])

    def action_turn_all_over(self) -> None:
        self._turn_together(range(len(self._on)))

    def _turn_together(self, numbers: Sequence[int]) -> None:
        """Turn all off if all are on, else all on."""
        on = not all(self._on[number] for number in numbers)
        finds = self.query_one(OptionList)
        for number in numbers:
            if self._on[number] is not on:
                self._on[number] = on
                finds.replace_option_prompt(str(number), self._line(number))
        self._ask()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if event.option.id is not None:
            self._turn_together([int(event.option.id)])

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "write":
            self.action_write()
        else:
            self.dismiss(None)

    @on(_Finds.Entered)
    def action_write(self) -> None:
        on: dict[str, list[Find]] = {source: [] for source in self._found}
        for is_on, (source, find) in zip(self._on, self._finds, strict=True):
            if is_on:
                on[source].append(find)
        self.dismiss({source: looked.hiding(on[source]) for source, looked in self._found.items()})


def _named(find: Find) -> str:
    """The name that a find is the value of, if its line does not show it."""
    if len(find.path) > 1 and find.path[-2] in _VARIABLES and isinstance(find.path[-1], str):
        return f"{find.path[-1]}="
    return "" if find.part == "message" else f"{find.field}: "
