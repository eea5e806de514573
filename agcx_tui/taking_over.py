"""How Textual takes over a terminal on which a page was painted already.

Strategy: Textual's own driver, which would switch to the alternate screen once more and so clear it, is
kept from doing that once, and learns how the terminal was before the page was painted.
"""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver

__all__ = ["driver_after"]

_ALTERNATE_SCREEN = "\x1b[?1049h"


class TakingOver(LinuxDriver):
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


def driver_after(painted: object | None) -> type[LinuxDriver] | None:
    """The driver that takes over; None, for Textual's own, when nothing was painted."""
    return None if painted is None else type("TakingOver", (TakingOver,), {"painted": painted})
