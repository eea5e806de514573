"""Lines to choose from: Textual's list, in which a page up or down also works before there is room for it."""

from __future__ import annotations

from textual.widgets import OptionList

__all__ = ["OptionLines", "has_pages"]


class OptionLines(OptionList):
    """Without the exception that ends the program when a page key comes before the first layout."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("page_up", "page_down") or has_pages(self)


def has_pages(lines: OptionList) -> bool:
    """Whether the places of its lines are known; Textual raises a KeyError for a page while they are not."""
    return bool(lines.scrollable_content_region)
