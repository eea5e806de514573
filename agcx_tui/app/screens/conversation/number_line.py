"""The line in which one types the number of a message to go to."""

from __future__ import annotations

from agcx_tui.app.widgets.lines.search_line import SearchLine
from agcx_tui.app.widgets.transcript.transcript import Transcript

__all__ = ["NumberLine"]


class NumberLine(SearchLine):
    """Enter moves `transcript` to the message of that number, from 1."""

    def __init__(self, transcript: Transcript) -> None:
        super().__init__(":", "number of a message", self._left, id="number", numbers=True)
        self._transcript = transcript

    def ask(self, count: int) -> None:
        """Ask for the number of one of `count` messages."""
        self.mount_above_keys(self._transcript.screen)
        self.open()
        self.say(f"1 to {count:,}")

    def _left(self, kept: bool) -> None:
        wanted = self.input.value if kept else ""
        self.close()
        self.screen.set_focus(self._transcript)
        if wanted:
            self._transcript.seek(max(0, int(wanted) - 1))
