"""The driver with which Textual takes over a terminal that already shows a page.

Strategy: Textual's driver would switch to the alternate screen again and so clear it; this one skips that
once, and knows the terminal's attributes from before the page was painted.  Textual decodes keys as UTF-8
and ends at the first invalid byte; `read_any_keys` decodes them by the locale and replaces invalid bytes.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, ClassVar

from textual.drivers.linux_driver import LinuxDriver

from agcx_tui.app import textual_internals
from agcx_tui.app.startup.terminal_driver import TerminalDriver

if TYPE_CHECKING:
    from agcx_tui.app.startup.first_paint import Painted

__all__ = ["driver_after", "read_any_keys"]

_ALTERNATE_SCREEN = "\x1b[?1049h"


class TakingOver(TerminalDriver):
    """Takes over the page `painted`."""

    painted: ClassVar[Painted]
    _skipping = False

    def start_application_mode(self) -> None:
        self._skipping = not self.painted.taken
        self.painted.take()
        super().start_application_mode()
        # Also when it resumes after a suspension.
        if self.attrs_before is not None:
            self.attrs_before = self.painted.attributes

    def write(self, data: str) -> None:
        if self._skipping and data == _ALTERNATE_SCREEN:
            self._skipping = False
            return
        super().write(data)


def driver_after(painted: Painted | None) -> type[LinuxDriver]:
    """The driver for a terminal that shows a painted page, or none."""
    return (
        TerminalDriver
        if painted is None
        else type("TakingOver", (TakingOver,), {"painted": painted})
    )


def read_any_keys() -> None:
    """Decode keys in the terminal's encoding; invalid bytes become U+FFFD."""
    encoding = getattr(sys.__stdin__, "encoding", None) or "utf-8"
    textual_internals.decode_keys_with(encoding)
    textual_internals.read_escape_before_keys()
