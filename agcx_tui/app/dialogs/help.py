"""Help (`?`): every key that works on the screen below, with the words of the table of actions."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.widgets import Static

from agcx_tui.app.dialogs.dialog import Dialog
from agcx_tui.app.keys.bindings import bindings
from agcx_tui.core.words.actions import by_id

_EVERYWHERE = "Everywhere"
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
}


class HelpScreen(Dialog[None]):
    """Keys grouped by where they work, without Textual's own."""

    BINDINGS = bindings("help")
    DEFAULT_CSS = """
    HelpScreen {
        & > #box { width: 76; padding: 1 2; }
        & #keys { height: auto; max-height: 100%; scrollbar-size-vertical: 1; padding: 0 1; }
        & #keys-box { height: auto; max-height: 1fr; }
    }
    """

    def __init__(
        self,
        bindings: Iterable[ActiveBinding],
        extra: Content | None = None,
        *,
        extra_first: bool = False,
    ) -> None:
        super().__init__()
        self._extra_first = extra_first
        self._content = key_table(bindings)
        self._extra = extra

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Static(Content("Keys"), id="question", markup=False)
            with VerticalScroll(id="keys"):
                pages = [self._content, self._extra]
                if self._extra is not None and self._extra_first:
                    pages = [self._extra, Content(""), self._content]
                yield from (Static(page, markup=False) for page in pages if page is not None)

    def on_mount(self) -> None:
        self.query_one("#keys").focus()


def key_table(bindings: Iterable[ActiveBinding]) -> Content:
    """A line for each action, under the name of the widget or screen that offers it."""
    groups: dict[str, dict[tuple[str, str], list[str]]] = {}
    for each in bindings:
        # Textual's own bindings are not in the table.
        action = by_id(each.binding.id)
        if action is not None and each.enabled:
            actions = groups.setdefault(_place(each.node), {})
            keys = actions.setdefault((action.run, action.help), [])
            keys.append(shown_key(each.binding.key))
    lines: list[Content] = []
    for place, actions in sorted(groups.items(), key=lambda group: group[0] == _EVERYWHERE):
        lines.append(Content.styled(place, "bold $primary"))
        for (_, description), keys in actions.items():
            lines.append(Content.assemble((f"  {'  '.join(keys):<22} ", "bold"), description))
        lines.append(Content(""))
    return Content("\n").join(lines)


def shown_key(key: str) -> str:
    """The name of a key as on the keyboard: `shift+down` as `shift+↓`, `slash` as `/`."""
    *modifiers, last = key.split("+")
    last = _ARROWS.get(last, _NAMES.get(last, last))
    return "+".join([*modifiers, last])


def _place(node: DOMNode) -> str:
    """The heading for a widget or screen: `Session list` for a `SessionList`."""
    from textual.app import App

    if isinstance(node, App):
        return _EVERYWHERE
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(node).__name__).strip()
    return words.removesuffix(" screen").capitalize()
