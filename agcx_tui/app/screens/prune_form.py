"""The conditions of a clean-up: which sessions, which of the protected ones, and where they are exported."""

from __future__ import annotations

import os

from textual import events
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Checkbox, Input, Static

from agcx_format.space import PruneRule
from agcx_tui.app.widgets.choices import Box
from agcx_tui.app.widgets.lines.edge_line import EdgeLine
from agcx_tui.core.words.spared import KINDS
from agcx_tui.core.words.typed_values import BadValue, amount_of, bytes_of, moment_before

__all__ = ["PruneForm"]

# By the id of a field, its label and an example.
_TEXTS = {
    "free": ("free up", "100MB or 10%"),
    "older": ("older than", "90d"),
    "total": ("keep at most", "500MB or 80%"),
    "larger": ("larger than", "10MB"),
    "keep": ("keep newest", "20"),
    "model": ("model", "gpt-5*"),
    "tag": ("tag", "done"),
    "directory": ("directory", "~/src/site"),
}
_CHECKS = {
    "empty": "empty",
    "duplicates": "duplicates",
    "imported": "imported, unchanged",
}
_TAKES = {f"take-{kind}": kind for kind in KINDS}
_EXPORT = "export"
# Cells below which two fields have no room beside each other.
_NARROW = 60


class PruneForm(Vertical):
    """Fields and boxes; `rule` is what they say."""

    DEFAULT_CSS = """
    PruneForm {
        height: auto; max-width: 130; padding: 0 1; margin-bottom: 1;
        .group { height: 1; color: $primary; text-style: bold; }
        #fields, #export-line { layout: grid; grid-columns: 16 1fr; grid-rows: 1; height: auto; }
        #fields { grid-size: 4; }
        #export-line { grid-size: 2; }
        .label { padding: 0 1 0 2; color: $text-muted; }
        Input { height: 1; border: none; padding: 0 1; margin-right: 1; background: $surface; }
        Input:focus { border: none; background: $panel; }
        Input > .input--placeholder { color: $text-muted; text-style: italic; }
        .boxes { height: 1; padding: 0 2; }
        Checkbox {
            height: 1; width: auto; border: none; padding: 0; margin-right: 3; background: $background;
        }
        Checkbox:focus { border: none; background: $panel; }
        &.-narrow {
            margin-bottom: 0;
            #fields { grid-size: 2; }
            .boxes { layout: grid; grid-size: 2; grid-rows: 1; height: auto; }
        }
        #spared { color: $text-muted; padding: 0 2; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static("Match all of", classes="group", markup=False)
        with Container(id="fields"):
            for name, (label, example) in _TEXTS.items():
                yield Static(label, classes="label", markup=False)
                yield _field(name, f"e.g. {example}")
        yield Horizontal(*(Box(label, id=name) for name, label in _CHECKS.items()), classes="boxes")
        yield Static("Include protected", classes="group", markup=False)
        yield Horizontal(
            *(Box(KINDS[kind], id=name) for name, kind in _TAKES.items()), classes="boxes"
        )
        with Container(id="export-line"):
            yield Static("export to", classes="label", markup=False)
            yield _field(_EXPORT, "before deleting, e.g. ~/kept")
        yield EdgeLine(id="spared")

    def on_resize(self, event: events.Resize) -> None:
        """In a narrow terminal it has fewer columns."""
        self.set_class(event.size.width < _NARROW, "-narrow")

    @property
    def folder(self) -> str:
        """Where the sessions are exported before they are deleted; empty not to."""
        return self.query_one(f"#{_EXPORT}", Input).value.strip()

    @property
    def conditions(self) -> tuple[str | bool, ...]:
        """Everything that makes the rule, as typed and checked."""
        typed = (field.value for field in self.query(Input) if field.id != _EXPORT)
        return (*typed, *(box.value for box in self.query(Checkbox)))

    def rule(self, now: int) -> PruneRule:
        """The rule as typed, at `now` (microseconds since 1970).

        Raises:
            BadValue: A field cannot be understood.
        """
        text = {name: self.query_one(f"#{name}", Input).value.strip() for name in _TEXTS}
        checked = {box.id: box.value for box in self.query(Checkbox)}
        keep = text["keep"]
        if keep and not (keep.isascii() and keep.isdigit() and len(keep) < 10):
            raise BadValue(f"{keep!r} is not a number")
        return PruneRule(
            older_than=moment_before(text["older"], now),
            larger_than=bytes_of(text["larger"]),
            empty=checked["empty"],
            duplicates=checked["duplicates"],
            imported_unchanged=checked["imported"],
            keep=int(keep) if keep else None,
            max_total=amount_of(text["total"]),
            free=amount_of(text["free"]),
            model=text["model"] or None,
            tag=text["tag"] or None,
            directory=os.path.expanduser(text["directory"]) or None,
            include=frozenset(kind for name, kind in _TAKES.items() if checked[name]),
        )


def _field(name: str, example: str) -> Input:
    return Input(placeholder=example, id=name, select_on_focus=False)
