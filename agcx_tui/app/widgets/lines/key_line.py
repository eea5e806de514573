"""The keys that work now, at the bottom of a screen; one line, drawn at once.

Strategy: Textual's footer has a widget for each key, rebuilt whenever the focus or the bindings change:
some 10 ms each time, several times while a screen opens and the next key waits.  Here the bindings are
looked up when the line is drawn, in the order of their ranks.  If there is not enough room, keys are left
out from the end, except the very last, which leads to all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from rich.cells import cell_len
from textual import events
from textual.binding import ActiveBinding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from agcx_tui.core.words.actions import by_id

__all__ = ["KeyLine"]


class Shown(NamedTuple):
    """A key as written, what it does, its name, and whether it works now."""

    label: str
    description: str
    key: str
    enabled: bool

    @property
    def width(self) -> int:
        """In cells, with one before each part and one after."""
        return cell_len(self.label) + cell_len(self.description) + 3


class KeyLine(Widget):
    """A click on a key presses it."""

    ALLOW_SELECT = False
    DEFAULT_CSS = """
    KeyLine { height: 1; width: 1fr; background: $footer-background; }
    """

    # What is drawn.
    _drawn: Sequence[Shown] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[Any]) -> None:
        if self.shown() != self._drawn:
            self.refresh()

    def shown(self) -> list[Shown]:
        """The keys that there is room for, from the left."""
        return fitting(self._all(), self.size.width)

    def _all(self) -> list[Shown]:
        first: dict[str, ActiveBinding] = {}
        by_name: dict[str | None, ActiveBinding] = {}
        for active in self.screen.active_bindings.values():
            by_name.setdefault(active.binding.id, active)
            if active.binding.show:
                first.setdefault(active.binding.action, active)
        keys = list(first.values())
        return [
            Shown(
                self._label(active, by_name),
                active.binding.description,
                active.binding.key,
                active.enabled,
            )
            for active in [*sorted(keys[:-1], key=_rank), *keys[-1:]]
        ]

    def _label(self, active: ActiveBinding, others: Mapping[str | None, ActiveBinding]) -> str:
        """The key, after that of the action that goes the other way."""
        action = by_id(active.binding.id)
        pair = None if action is None or action.pair is None else others.get(action.pair)
        both = [active] if pair is None else [pair, active]
        return " ".join(self.app.get_key_display(each.binding) for each in both)

    def render(self) -> Content:
        self._drawn = self.shown()
        return Content("").join(map(_words, self._drawn))

    def on_click(self, event: events.Click) -> None:
        shown = self.shown()
        for each, end in zip(shown, accumulate(key.width for key in shown), strict=True):
            if event.x < end:
                if each.enabled:
                    self.app.simulate_key(each.key)
                return


def _rank(active: ActiveBinding) -> int:
    """The rank of its action; what does something else here than elsewhere comes first."""
    action, words = by_id(active.binding.id), active.binding.description
    if action is None:
        return 0
    return action.rank if words in (action.footer, action.help) else -1


def fitting(keys: Iterable[Shown], width: int) -> list[Shown]:
    """As many as fit into `width` cells: the last one always, the others from the first on."""
    keys = list(keys)
    others, last = keys[:-1], keys[-1:]
    room = width - sum(key.width for key in last)
    ends = accumulate(key.width for key in others)
    return [key for key, end in zip(others, ends, strict=True) if end <= room] + last


def _words(key: Shown) -> Content:
    dimmed = "" if key.enabled else " 50%"
    return Content.assemble(
        (f" {key.label} ", f"bold $footer-key-foreground{dimmed}"),
        (f"{key.description} ", f"$footer-description-foreground{dimmed}"),
    )
