"""The palette (ctrl+p) in the style of the dialogs: without the icon, which few fonts have.

Imported when it is first opened; `palette_commands.py` provides its commands.
"""

from __future__ import annotations

from textual import events, on
from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette

from agcx_tui.app.dialogs.dialog import ROOMY
from agcx_tui.app.dialogs.once import OnceScreen
from agcx_tui.app.textual_internals import forget_chosen_command
from agcx_tui.app.widgets.lines.option_lines import has_pages

__all__ = ["PALETTE_WIDTH", "Palette"]

PALETTE_WIDTH = 80
"""Cells, where the terminal has as many."""


class Palette(CommandPalette, OnceScreen[None]):
    """Textual's palette in our colors."""

    # Without the least width, Textual would break commands into lines of no width where the terminal is
    # as narrow as the frame, which is an error.
    DEFAULT_CSS = """
    Palette {
        & > Vertical { width: 80; max-width: 100%; background: transparent; }
        &.-low > Vertical { margin-top: 0; }
        SearchIcon { display: none; }
        #--input { background: $surface; border: round $border-blurred; padding: 0 1; }
        #--input.--list-visible {
            padding: 0 1 1 1; border: round $border-blurred; border-bottom: none;
        }
        CommandInput, CommandInput:focus { height: 1; border: none; padding: 0 1; }
        CommandList {
            background: $surface; padding: 0 1; min-width: 16;
            border: round $border-blurred; border-top: none;
        }
        CommandList > .option-list--option { padding: 0 1; text-style: none; }
        CommandList > .option-list--option-highlighted {
            color: $block-cursor-foreground; background: $block-cursor-background;
            text-style: $block-cursor-text-style;
        }
    }
    """

    @on(events.Mount)
    @on(events.Resize)
    def _take_height(self) -> None:
        self.set_class(self.app.size.height < ROOMY, "-low")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # What Page Up and Page Down do here.
        if action == "command_list" and parameters[0] in ("page_up", "page_down"):
            return has_pages(self.query_one(CommandList))
        return super().check_action(action, parameters)

    def dismiss(self, result: None = None) -> AwaitComplete:
        if not self.is_active:
            forget_chosen_command(self)
        return super().dismiss(result)
