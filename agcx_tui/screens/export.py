"""The export dialog: which format, what goes along, and where to; nothing is overwritten unasked.

Strategy: the dialog only asks, and gives an `ExportOrder`; `ask_for_export` has it written by a
thread and says what became of it.  Where secrets are to be hidden, a thread looks for them first, and
they are shown before anything is written.  Whether a file is in the way is asked of the disk in a thread,
when the button is pressed; then the button says Overwrite, and pressing it again means that.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, RadioButton, RadioSet, Static
from textual.worker import get_current_worker

from agcx_tui import exporting, wording
from agcx_tui.safe_text import safe_line
from agcx_tui.screens.dialog import Dialog

if TYPE_CHECKING:
    from agcx_tui.screens.review import Reviewed


@dataclass(frozen=True, slots=True)
class ExportItem:
    """A session to be exported."""

    path: str
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What is to be written: pairs of session file and target."""

    jobs: tuple[tuple[str, Path], ...]
    form: exporting.Form
    overwrite: bool


class _Choice(RadioButton):
    """Textual's button tells chosen from not chosen by colour alone."""

    BUTTON_LEFT, BUTTON_RIGHT = "(", ")"

    @property
    def BUTTON_INNER(self) -> str:
        return "●" if self.value else " "


class _Box(Checkbox):
    """As above."""

    BUTTON_LEFT, BUTTON_RIGHT = "[", "]"

    @property
    def BUTTON_INNER(self) -> str:
        return "x" if self.value else " "


# What goes along: the field of `Choice`, and its name for people.
_PARTS = {
    "tool_calls": "Tools",
    "reasoning": "Thoughts",
    "images": "Images",
    "metadata": "Metadata",
}


class ExportDialog(Dialog[ExportOrder]):
    """For one session the path is that of the file, for several that of a directory."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "export", "export", id="export.go"),
    ]
    DEFAULT_CSS = """
    ExportDialog {
        & RadioSet, & .boxes { layout: grid; grid-size: 3; grid-rows: 1; height: auto; }
        & .boxes { grid-size: 4; }
        & .boxes.-secrets { grid-size: 2; }
        & RadioSet { border: none; padding: 0; width: 100%; background: $surface; }
        & Checkbox { border: none; padding: 0; background: $surface; }
        & Checkbox:focus { border: none; }
        & RadioSet:focus { border: none; }
        & RadioButton { background: $surface; }
        & .label { color: $text-muted; margin-top: 1; }
        & Input { background: $background; }
        & #message { color: $text-muted; height: auto; min-height: 1; }
        & #message.-warning { color: $warning; }
    }
    """

    def __init__(self, items: Sequence[ExportItem]) -> None:
        super().__init__()
        self._items = items
        self._format = "md"
        self._warned = False
        # The path that was put there; once a person changes it, it is theirs.
        self._proposed = ""

    def compose(self) -> ComposeResult:
        one = len(self._items) == 1
        what = safe_line(self._items[0].title).strip() or "(no title)"
        question = f"Export “{what}”" if one else f"Export {len(self._items):,} sessions"
        self._proposed = self._proposal()
        with Vertical(id="box"):
            yield Static(Content(question), id="question", markup=False)
            with RadioSet(id="format"):
                for name, label in exporting.FORMATS.items():
                    yield _Choice(label, value=name == self._format, id=f"format-{name}")
            yield Static("With", classes="label", markup=False)
            with Container(classes="boxes"):
                for name, label in _PARTS.items():
                    yield _Box(label, value=True, id=f"part-{name}", compact=True)
            with Container(classes="boxes -secrets"):
                yield _Box("Hide secrets", id="redact", compact=True)
                yield _Box("and names, addresses", id="personal", disabled=True, compact=True)
            yield Static("File" if one else "Directory", classes="label", markup=False)
            yield Input(self._proposed, id="path", select_on_focus=False)
            yield Static(id="message", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Export", id="export", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#path").focus()

    def _proposal(self) -> str:
        directory = wording.short_path(str(Path.cwd()))
        if len(self._items) > 1:
            return directory
        item = self._items[0]
        return os.path.join(directory, exporting.suggested_name(item.title, item.id, self._format))

    @on(RadioSet.Changed)
    def _format_chosen(self, event: RadioSet.Changed) -> None:
        self._format = (event.pressed.id or "").removeprefix("format-")
        field = self.query_one("#path", Input)
        if field.value == self._proposed:
            field.value = self._proposed = self._proposal()
        else:
            root, suffix = os.path.splitext(field.value)
            if suffix.removeprefix(".") in exporting.FORMATS:
                field.value = f"{root}.{exporting.suffix(self._format)}"
        self._say("")

    @on(Checkbox.Changed, "#redact")
    def _redact_chosen(self, event: Checkbox.Changed) -> None:
        self.query_one("#personal").disabled = not event.value

    @on(Input.Changed)
    def _path_changed(self) -> None:
        self._say("")

    @on(Input.Submitted)
    def action_export(self) -> None:
        typed = self.query_one("#path", Input).value.strip()
        if not typed:
            self._say("Say where to.", warning=True)
            return
        jobs = self._jobs(exporting.expanded(typed))
        if self._warned:
            self.dismiss(ExportOrder(jobs, self._form(), overwrite=True))
        else:
            self._look(jobs)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "export":
            self.action_export()
        else:
            self.dismiss(None)

    def _form(self) -> exporting.Form:
        from agcx_format.convert.choice import Choice

        def is_on(name: str) -> bool:
            return self.query_one(f"#{name}", Checkbox).value

        choice = Choice(**{name: is_on(f"part-{name}") for name in _PARTS})
        redact = is_on("redact")
        return exporting.Form(self._format, choice, redact, redact and is_on("personal"))

    def _jobs(self, target: Path) -> tuple[tuple[str, Path], ...]:
        if len(self._items) == 1:
            return ((self._items[0].path, target),)
        return tuple(
            (item.path, target / exporting.suggested_name(item.title, item.id, self._format))
            for item in self._items
        )

    @work(thread=True, exclusive=True, group="look")
    def _look(self, jobs: tuple[tuple[str, Path], ...]) -> None:
        """In a thread: what is there already."""
        single = len(jobs) == 1
        problem = exporting.obstacle(jobs[0][1] if single else jobs[0][1].parent, single)
        there = sum(os.path.lexists(target) for _, target in jobs)
        if not get_current_worker().is_cancelled:
            self.app.call_from_thread(self._looked, jobs, problem, there)

    def _looked(self, jobs: tuple[tuple[str, Path], ...], problem: str, there: int) -> None:
        if problem:
            self._say(problem, warning=True)
        elif there:
            what = "It exists" if len(jobs) == 1 else f"{there:,} of these files exist"
            self._say(f"{what} already.", warning=True)
            self._warned = True
            self.query_one("#export", Button).label = "Overwrite"
        else:
            self.dismiss(ExportOrder(jobs, self._form(), overwrite=False))

    def _say(self, text: str, *, warning: bool = False) -> None:
        self._warned = False
        self.query_one("#export", Button).label = "Export"
        message = self.query_one("#message", Static)
        message.set_class(warning, "-warning")
        message.update(Content(safe_line(text)))


def ask_for_export(app: App, items: Sequence[ExportItem]) -> None:
    """Ask, have it written by a thread, and say what became of it."""

    def answered(order: ExportOrder | None) -> None:
        if order is None:
            return
        work = _look_for_secrets if order.form.redact else _write
        app.run_worker(lambda: work(app, order), thread=True, group="export")

    app.push_screen(ExportDialog(items), answered)


def _look_for_secrets(app: App, order: ExportOrder) -> None:
    """In a thread: find what is to be hidden, and have it looked at if there is anything."""
    worker = get_current_worker()
    sources = [source for source, _ in order.jobs]
    found = exporting.secrets_in(sources, order.form, lambda: worker.is_cancelled)
    if worker.is_cancelled:
        return
    if any(found.values()):
        app.call_from_thread(_review, app, order, found)
    else:
        _write(app, order, found)


def _review(app: App, order: ExportOrder, found: Reviewed) -> None:
    from agcx_tui.screens.review import RedactionReview

    def answered(reviewed: Reviewed | None) -> None:
        if reviewed is not None:
            app.run_worker(lambda: _write(app, order, reviewed), thread=True, group="export")

    app.push_screen(RedactionReview(found), answered)


def _write(app: App, order: ExportOrder, reviewed: Reviewed | None = None) -> None:
    """In a thread."""
    worker = get_current_worker()
    done = list(
        exporting.export(
            order.jobs,
            order.form,
            overwrite=order.overwrite,
            should_stop=lambda: worker.is_cancelled,
            reviewed=reviewed,
        )
    )
    _tell_written(app, [result for result in done if not result.error], len(order.jobs) == 1)
    _tell_failed(app, [result for result in done if result.error])


def _tell_written(app: App, written: list[exporting.Exported], single: bool) -> None:
    if not written:
        return
    size = wording.size(sum(result.size for result in written))
    where = written[0].target if single else written[0].target.parent
    what = "" if single else f"{wording.counted(len(written), 'session')} "
    hidden = exporting.hidden_in_words(written)
    text = f"Exported {what}to {safe_line(wording.short_path(str(where)))}, {size}."
    app.notify(f"{text} Hidden: {hidden}." if hidden else text, markup=False)


def _tell_failed(app: App, failed: list[exporting.Exported]) -> None:
    if not failed:
        return
    first = failed[0]
    more = f" and {len(failed) - 1:,} more" if len(failed) > 1 else ""
    text = f"Not exported: {safe_line(first.target.name)}{more}: {safe_line(first.error)}"
    app.notify(text, severity="error", timeout=10, markup=False)
