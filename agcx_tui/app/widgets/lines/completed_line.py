"""A line to type into whose last word Tab completes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from textual.message import Message

from agcx_tui.app.keys.bindings import bindings
from agcx_tui.app.widgets.lines.typed_line import TypedLine
from agcx_tui.core.sessions.completion import Completion, begins_anew

__all__ = ["CompletedLine"]

# A last word that may become a key; a single letter begins too many.
_beginning_of_a_key = re.compile(r"(?:^|\s)-?[A-Za-z]{2,}$")


class _Offer(msgspec.Struct, frozen=True):
    """The candidates of a word, the number of the one taken, and the line up to the cursor with it."""

    completion: Completion
    chosen: int
    line: str

    @property
    def taken(self) -> str:
        return self.completion.candidates[self.chosen]


class CompletedLine(TypedLine):
    """Tab completes the last word, again takes the next candidate; a key is followed by its values.

    What is typed after a value that Tab inserted replaces it, where it cannot continue it.
    """

    BINDINGS = bindings("completed")

    @dataclass
    class Offered(Message):
        """Tab was pressed at a word: what it inserts next; `found` is false if nothing completes the word."""

        words: str
        found: bool = True

    class SearchInside(Message):
        """Tab in an empty line, or Enter in one that finds nothing."""

    def __init__(
        self, complete: Callable[[str], Completion], *, placeholder: str, id: str | None = None
    ) -> None:
        """`complete` returns what can replace the last word of the line up to the cursor."""
        super().__init__(id=id, select_on_focus=False, placeholder=placeholder)
        self._complete = complete
        self._offer: _Offer | None = None

    @property
    def next_words(self) -> str:
        """What Tab inserts, in order: keys, the values of a key, other candidates."""
        before = self.value[: self.cursor_position]
        offer = self._offer
        if before.endswith(":"):
            return _listed(self._complete(before).candidates)
        if offer is None or offer.line != before:
            is_key = _beginning_of_a_key.search(before)
            return _listed(self._complete(before).candidates) if is_key else ""
        others = offer.completion.candidates
        return _listed((*others[offer.chosen + 1 :], *others[: offer.chosen]))

    def action_complete(self, step: int) -> None:
        """Complete the last word, then take the next candidate; without a word, go to the next pane."""
        line, at = self.value, self.cursor_position
        offer = self._offer
        if offer is None or offer.line != line[:at] or (step > 0 and offer.taken.endswith(":")):
            completion, chosen = self._complete(line[:at]), 0 if step > 0 else -1
        else:
            completion, chosen = offer.completion, offer.chosen + step
        candidates = completion.candidates
        if completion.start == at:
            self.go_on(step)
        elif not candidates:
            # Not to the next pane, which would obey what is typed next.
            self.post_message(self.Offered("tab: no completion", found=False))
        else:
            chosen %= len(candidates)
            made = line[: completion.start] + candidates[chosen]
            self._offer = _Offer(completion, chosen, made)
            self.value = made + line[at:]
            self.cursor_position = len(made)
            self.post_message(self.Offered(self.next_words))

    def insert_text_at_cursor(self, text: str) -> None:
        offer, at = self._offer, self.cursor_position
        if offer is not None and offer.line == self.value[:at] and begins_anew(offer.taken, text):
            key = offer.taken.partition(":")[0]
            self.replace(text, offer.completion.start + len(key) + 1, at)
        else:
            super().insert_text_at_cursor(text)

    def go_on(self, step: int) -> None:
        """Called when there is no word to complete."""


def _listed(candidates: tuple[str, ...]) -> str:
    """The keys, or the values without their key."""
    words = [each if each.endswith(":") else each.partition(":")[2] for each in candidates]
    return "tab: " + "  ".join(words) if words else ""
