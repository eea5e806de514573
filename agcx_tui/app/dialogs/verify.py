"""What is wrong with a session, section by section, and the offer to repair it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static
from textual.worker import get_current_worker

from agcx_format.doctor import FileReport, Finding, ReportPart, can_be_saved
from agcx_format.transcript import safe_line
from agcx_tui.app import from_threads
from agcx_tui.app.dialogs.dialog import Body, Dialog, DialogBox
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.themes import MUTED
from agcx_tui.core.words import format
from agcx_tui.core.words.verification import place_of, sentence

__all__ = ["VerifyDialog"]

_STYLES = {"error": "$error", "warning": "$warning", "info": MUTED}
_SIGNS = {"error": "✗", "warning": "!", "info": "✓", None: "✓"}
_NO_OFFER = "No message in it can be saved, so there is nothing to repair."
_OFFER = (
    "Repair writes what can be read to a new session beside this one, which stays as it is;"
    " u to undo."
)


class VerifyDialog(Dialog[bool]):
    """True to repair."""

    BINDINGS = bindings("verify")
    ANSWERS: ClassVar[Mapping[str, str]] = {"repair": "repair"}
    DEFAULT_CSS = """
    VerifyDialog {
        & > #box { width: 84; }
        & #offer { color: $text-muted; margin-top: 1; display: none; }
        & #repair { display: none; }
        &.-damaged #offer, &.-repairable #repair { display: block; }
    }
    """

    @dataclass
    class Checked(Message):
        """The check is done; `repairable` says whether a repair would save something."""

        report: FileReport
        repairable: bool

    def __init__(
        self,
        title: str,
        check: Callable[[Callable[[], bool]], FileReport],
        *,
        incomplete: bool = False,
    ) -> None:
        """`check` may block; it is stopped once what it gets returns true.  `incomplete` is an import that
        could not read all of it.
        """
        super().__init__()
        self._title, self._check = title, check
        self._incomplete = incomplete

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Static(Content(safe_line(self._title)), id="question", markup=False)
            with Body():
                yield Static("Checking…", id="facts", markup=False)
                yield Static(_OFFER, id="offer", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Close", id="close")
                yield Button("Repair", id="repair", variant="primary")

    def on_mount(self) -> None:
        self.set_focus(self.query_one("#close"))
        self._verify()

    @work(thread=True, exit_on_error=False)
    def _verify(self) -> None:
        worker = get_current_worker()
        report = self._check(lambda: worker.is_cancelled)
        if not report.stopped:
            repairable = _is_repairable(report, lambda: worker.is_cancelled)
            from_threads.post(self, self.Checked(report, repairable))

    @on(Checked)
    def _show(self, message: Checked) -> None:
        report = message.report
        self.query_one("#facts", Static).update(Content("\n").join(self._lines(report)))
        self.query_one("#offer", Static).update(_OFFER if message.repairable else _NO_OFFER)
        self.set_class(not report.ok, "-damaged")
        self.set_class(message.repairable, "-repairable")

    def _lines(self, report: FileReport) -> list[Content]:
        words = (
            [f"Nothing is wrong with the file ({format.size(report.size)})."] if report.ok else []
        )
        words += ["The import left out what it could not read."] if self._incomplete else []
        return [*map(Content, words), *([Content("")] if words else []), *_lines(report)]

    def action_repair(self) -> None:
        """The key that asked; does nothing before damage is shown."""
        if self.has_class("-repairable"):
            self.dismiss(True)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "repair")


def _is_repairable(report: FileReport, should_stop: Callable[[], bool]) -> bool:
    """Whether it is damaged, and a message can be saved; False if stopped.  Blocks."""
    if report.ok:
        return False
    # Where messages were found, all of it need not be read again.
    return any(part.items for part in report.parts) or can_be_saved(report.path, should_stop)


def _lines(report: FileReport) -> list[Content]:
    """A line for each section, with what was found in it below."""
    lines: list[Content] = []
    width = max((len(part.name) for part in report.parts), default=0)
    for part in report.parts:
        found = report.of_part(part.name)
        lines.append(_section(part, found, width))
        lines += map(_finding, found)
    names = {part.name for part in report.parts}
    lines += [_finding(finding) for finding in report.findings if finding.section not in names]
    return lines


def _section(part: ReportPart, found: list[Finding], width: int) -> Content:
    worst = next(
        (each for each in ("error", "warning") if any(f.severity == each for f in found)), None
    )
    if worst is None and part.start is None:
        # What is wrong before it is said there.
        sign, style = " ", ""
    else:
        sign, style = _SIGNS[worst], _STYLES.get(worst or "", "$text-success")
    return Content.assemble(
        (f"{sign} ", style),
        f"{safe_line(part.name):<{width}}  ",
        (safe_line(place_of(part)), MUTED),
    )


def _finding(finding: Finding) -> Content:
    return Content.styled(f"    {safe_line(sentence(finding))}", _STYLES[finding.severity])
