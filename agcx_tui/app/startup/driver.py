"""How Textual takes over a terminal on which a page was painted already.

Strategy: Textual's own driver, which would switch to the alternate screen once more and so clear it, is
kept from doing that once, and learns how the terminal was before the page was painted.  Its reading of
keys takes what the terminal sends for UTF-8, and the program would end at the first byte that is none: it
reads as the locale says, and passes over what is wrong.
"""

from __future__ import annotations

import sys

from textual.drivers.linux_driver import LinuxDriver

from agcx_tui.app import textual_internals
from agcx_tui.app.startup.terminal_driver import TerminalDriver

__all__ = ["driver_after", "read_any_keys"]

_ALTERNATE_SCREEN = "\x1b[?1049h"


class TakingOver(TerminalDriver):
    """`painted` is what `first_paint` gave."""

    painted = None
    _skipping = False

    def start_application_mode(self) -> None:
        self._skipping = not self.painted.taken
        self.painted.take()
        super().start_application_mode()
        # Also when it comes back from having been suspended.
        if self.attrs_before is not None:
            self.attrs_before = self.painted.attributes

    def write(self, data: str) -> None:
        if self._skipping and data == _ALTERNATE_SCREEN:
            self._skipping = False
            return
        super().write(data)


def driver_after(painted: object | None) -> type[LinuxDriver]:
    """The driver that takes over where something was painted, and begins where nothing was."""
    return (
        TerminalDriver
        if painted is None
        else type("TakingOver", (TakingOver,), {"painted": painted})
    )


def read_any_keys() -> None:
    """Have keys decoded as the terminal writes them; bytes that mean nothing become U+FFFD."""
    encoding = getattr(sys.__stdin__, "encoding", None) or "utf-8"
    textual_internals.decode_keys_with(encoding)
