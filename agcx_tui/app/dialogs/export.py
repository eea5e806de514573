"""The export dialog: format, contents, and target; nothing is overwritten without asking.

Strategy: the dialog only asks, and leaves with an `ExportOrder`, which `run_export` carries out.  A path that
ends like a file of the format means one file, also for several sessions.  A thread looks for existing files
when the button is pressed; if there are any, the button says Overwrite and must be pressed again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, RadioSet, Static
from textual.worker import get_current_worker

from agcx_format.errors import PersistenceError
from agcx_format.transcript import Branch, safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.blocks.lines import shorten
from agcx_tui.app.dialogs.dialog import Body, Dialog, DialogBox
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.choices import Box, Pick, Picks
from agcx_tui.core.conversation.branches import ALL, NEWEST, branches_of
from agcx_tui.core.export import write_files
from agcx_tui.core.export.file_names import suffix, suggested_name
from agcx_tui.core.words import format


@dataclass(frozen=True, slots=True)
class ExportItem:
    """A session to export; its checkpoints, if it has any, are not part of an export."""

    path: str
    id: str
    title: str
    has_checkpoints: bool = False


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to write: pairs of session file and target; with `together`, all into one target."""

    jobs: tuple[tuple[str, Path], ...]
    form: write_files.Form
    overwrite: bool
    together: bool = False


# The contents: the field of `ExportChoice`, and its name for people.
_PARTS = {
    "tool_calls": "Tools",
    "reasoning": "Reasoning",
    "images": "Images",
    "metadata": "Metadata",
}


_NO_CHECKPOINTS = "Checkpoints are not exported; agcx copy and backup include them."

# Branches that are offered by name, and how much of a name there is room for; `--branch` takes any.
_BRANCHES = 6
_FORMAT_COLUMNS, _BRANCH_COLUMNS = 4, 2
_BRANCH_WIDTH = 21
# Cells below which the choices have no room beside each other.
_NARROW = 66


class PathInput(Input):
    """The path of an export; if it does not fit, its end is shown."""

    def on_resize(self) -> None:
        self.show_end()

    def show_end(self) -> None:
        self.scroll_to(x=self.max_scroll_x, animate=False, force=True, immediate=True)


class ExportDialog(Dialog[ExportOrder]):
    """For one session, the path is a file; for several, a directory or one file."""

    BINDINGS = bindings("export")
    ROOMY = 24
    DEFAULT_CSS = """
    ExportDialog {
        & > #box { width: 72; }
        & RadioSet, & .boxes { layout: grid; grid-rows: 1; height: auto; }
        & RadioSet, & .boxes { grid-size: 4; grid-columns: 15fr 15fr 17fr 17fr; }
        & .boxes.-secrets, & #branch { grid-size: 2; grid-columns: 30fr 34fr; }
        & RadioSet { border: none; padding: 0; width: 100%; background: $surface; }
        & Checkbox { border: none; padding: 0; background: $surface; }
        & Checkbox:focus { border: none; }
        & RadioSet:focus { border: none; }
        & RadioButton { background: $surface; }
        & .label { color: $text-muted; margin-top: 1; }
        & Input { background: $background; }
        & #branches-label, & #branch { display: none; }
        &.-branched #branches-label, &.-branched #branch { display: block; }
        &.-narrow {
            & > #box { padding: 0 2; }
            & .label { margin-top: 0; }
            & RadioSet, & .boxes { grid-size: 2; grid-columns: 1fr 1fr; }
            & .boxes.-secrets, & #branch { grid-size: 1; grid-columns: 1fr; }
        }
        & #checkpoints { color: $text-muted; }
        & #message { color: $text-muted; height: auto; min-height: 1; }
        &.-low #message { min-height: 0; }
        & #message.-warning { color: $warning; }
    }
    """

    def __init__(self, items: Sequence[ExportItem]) -> None:
        super().__init__()
        self._items = items
        self._format = "md"
        # The order that must be confirmed because files exist.
        self._warned: ExportOrder | None = None
        # The proposed path; once it is edited, it is no longer replaced.
        self._proposed = ""

    def compose(self) -> ComposeResult:
        one = len(self._items) == 1
        what = safe_line(self._items[0].title).strip() or "(no title)"
        question = f"Export “{what}”" if one else f"Export {len(self._items):,} sessions"
        self._proposed = self._proposal()
        with DialogBox():
            yield Static(Content(question), id="question", markup=False)
            with Body():
                with Picks(_FORMAT_COLUMNS, id="format"):
                    for name, label in write_files.FORMATS.items():
                        yield Pick(label, value=name == self._format, id=f"format-{name}")
                yield Static("With", classes="label", markup=False)
                with Container(classes="boxes"):
                    for name, label in _PARTS.items():
                        yield Box(label, value=True, id=f"part-{name}", compact=True)
                with Container(classes="boxes -secrets"):
                    yield Box(self._redact_label(), id="redact", compact=True)
                    yield Box("Also hide names and addresses", id="personal", compact=True)
                yield Static("Branches", classes="label", id="branches-label", markup=False)
                with Picks(_BRANCH_COLUMNS, id="branch"):
                    yield Pick("All, under headings", value=True, name=ALL)
                    yield Pick("The path to the last message", name=NEWEST)
                yield Static(self._path_label(), classes="label", id="path-label", markup=False)
                yield PathInput(self._proposed, id="path", select_on_focus=False)
                if any(item.has_checkpoints for item in self._items):
                    yield Static(_NO_CHECKPOINTS, id="checkpoints", markup=False)
            yield Static(id="message", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel")
                yield Button("Export", id="export", variant="primary")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#format"))
        if len(self._items) == 1:
            self._find_branches(self._items[0].path)

    def on_resize(self, event: events.Resize) -> None:
        """In a narrow terminal the choices have fewer columns."""
        is_narrow = event.size.width < _NARROW
        self.set_class(is_narrow, "-narrow")
        self.query_one("#format", Picks).columns = 2 if is_narrow else _FORMAT_COLUMNS

    @work(thread=True, group="branches")
    def _find_branches(self, path: str) -> None:
        """Offer a path through the conversation, if it branches."""
        worker = get_current_worker()
        try:
            branches = branches_of(path, lambda: worker.is_cancelled)
        except (PersistenceError, OSError):
            # The export says what is wrong with it.
            return
        if branches is not None and branches.found and not worker.is_cancelled:
            from_threads.call(self, self._offer_branches, list(branches.found.values()))

    def _offer_branches(self, branches: Sequence[Branch]) -> None:
        self.query_one("#branch", Picks).mount_all(_picks(branches))
        self.add_class("-branched")

    def _proposal(self) -> str:
        directory = format.short_path(str(Path.cwd()))
        if len(self._items) > 1:
            return directory
        item = self._items[0]
        return os.path.join(directory, suggested_name(item.title, item.id, self._format))

    def _path_label(self) -> str:
        if len(self._items) == 1:
            return "File"
        if not write_files.may_share(self._format):
            return "Directory"
        return f"Directory, or one file for all: a name that ends in .{self._suffix}"

    @property
    def _suffix(self) -> str:
        return suffix(self._format)

    @on(RadioSet.Changed, "#format")
    def _format_chosen(self) -> None:
        chosen = (self.query_one("#format", Picks).chosen.id or "").removeprefix("format-")
        if chosen == self._format:
            return
        self._format = chosen
        field = self.query_one("#path", PathInput)
        if field.value == self._proposed:
            field.value = self._proposed = self._proposal()
        else:
            root, extension = os.path.splitext(field.value)
            if extension.removeprefix(".") in write_files.FORMATS:
                field.value = f"{root}.{self._suffix}"
        field.show_end()
        self.query_one("#path-label", Static).update(Content(self._path_label()))
        self._say("")

    def _redact_label(self) -> Content:
        key = self.key_of("redact")
        return Content.assemble(
            "Hide secrets", (f" {key}" if key else "", "bold $footer-key-foreground")
        )

    def action_redact(self) -> None:
        self.query_one("#redact", Box).toggle()

    @on(Checkbox.Changed, "#redact")
    def _redact_chosen(self, event: Checkbox.Changed) -> None:
        if not event.value:
            self.query_one("#personal", Box).value = False

    @on(Checkbox.Changed, "#personal")
    def _personal_chosen(self, event: Checkbox.Changed) -> None:
        if event.value:
            self.query_one("#redact", Box).value = True

    @on(Input.Changed)
    def _path_changed(self, event: Input.Changed) -> None:
        for_all = self._is_for_all(event.value.strip())
        self._say(f"All {len(self._items):,} go into one file." if for_all else "")

    @on(Input.Submitted)
    @on(Picks.Entered)
    @on(Box.Entered)
    def action_export(self) -> None:
        self._format_chosen()
        typed = self.query_one("#path", Input).value.strip()
        if not typed:
            self._say("Enter a path.", warning=True)
            return
        if problem := self._misunderstanding(typed):
            self._say(problem, warning=True)
            return
        order = self._order(typed)
        if self._warned is not None:
            self.dismiss(replace(order, jobs=self._warned.jobs, overwrite=True))
        else:
            self._look(order)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "export":
            self.action_export()
        else:
            self.dismiss(None)

    def _form(self) -> write_files.Form:
        from agcx_format.exporting import ExportChoice

        def is_on(name: str) -> bool:
            return self.query_one(f"#{name}", Checkbox).value

        tools, reasoning, images, metadata = (is_on(f"part-{name}") for name in _PARTS)
        choice = ExportChoice(tools, reasoning, images, metadata)
        # The box of names turns on that of secrets a moment later.
        redact = is_on("redact") or is_on("personal")
        branch = self.query_one("#branch", Picks).chosen.name or ALL
        return write_files.Form(self._format, choice, redact, is_on("personal"), branch)

    def _order(self, typed: str) -> ExportOrder:
        target, together = write_files.expanded(typed), self._is_for_all(typed)
        if len(self._items) == 1 or together:
            jobs = tuple((item.path, target) for item in self._items)
        else:
            jobs = tuple(
                (item.path, target / suggested_name(item.title, item.id, self._format))
                for item in self._items
            )
        return ExportOrder(jobs, self._form(), False, together)

    def _is_for_all(self, typed: str) -> bool:
        """Whether several sessions go into this one file."""
        return len(self._items) > 1 and typed.endswith(f".{self._suffix}")

    def _misunderstanding(self, typed: str) -> str:
        """Why the typed path cannot be meant for several sessions; empty if it can."""
        ending = os.path.splitext(typed)[1].removeprefix(".")
        if len(self._items) == 1 or ending not in write_files.FORMATS:
            return ""
        if not write_files.may_share(self._format):
            return "A file of this format holds one conversation: enter a directory."
        if ending != self._suffix:
            return f"For one file, end the name in .{self._suffix}; for a directory, in {os.sep}"
        return ""

    @work(thread=True, exclusive=True, group="look", description="look")
    def _look(self, order: ExportOrder) -> None:
        """Look for existing files, in a thread."""
        single = order.together or len(order.jobs) == 1
        form = order.form.format
        jobs = (
            (source, write_files.landing(source, target, form)) for source, target in order.jobs
        )
        order = replace(order, jobs=tuple(jobs))
        target = order.jobs[0][1]
        problem = write_files.obstacle(target if single else target.parent, single)
        there = sum(map(write_files.is_regular, {target for _, target in order.jobs}))
        if not get_current_worker().is_cancelled:
            from_threads.call(self, self._looked, order, problem, there)

    def _looked(self, order: ExportOrder, problem: str, there: int) -> None:
        if problem:
            self._say(problem, warning=True)
        elif there:
            one = order.together or len(order.jobs) == 1
            what = (
                "It exists"
                if one
                else f"{there:,} of these files {'exists' if there == 1 else 'exist'}"
            )
            self._say(f"{what} already.", warning=True)
            self._warned = order
            self.query_one("#export", Button).label = "Overwrite"
        else:
            self.dismiss(order)

    def _say(self, text: str, *, warning: bool = False) -> None:
        self._warned = None
        self.query_one("#export", Button).label = "Export"
        message = self.query_one("#message", Static)
        message.set_class(warning, "-warning")
        message.update(Content(safe_line(text)))


def _picks(branches: Sequence[Branch]) -> list[Pick]:
    """Branches to choose from, by their first words."""
    return [
        Pick(
            shorten(safe_line(branch.name), _BRANCH_WIDTH) or f"message {branch.start:,}",
            name=str(branch.start),
        )
        for branch in branches[:_BRANCHES]
    ]
