"""Finds what a file says in one place only, where it usually says everything twice or more.

Strategy: programs write the same words as an item of the conversation, as an event for display, or as a
prompt that waits; after an interruption one of them can be the only one. The nth copy of a kind belongs to
the nth occurrence of its words. A copy without one becomes a message at its place, until an item with the
same words follows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import Item, Message
from agcx_format.transcript.words import genuine_user_text, own_words

__all__ = ["Copies", "key_of", "spoken_in"]

# The speaker and the words of a message of the person that is nothing but pictures.
_PICTURES = "pictures", "without words"

# A hash of who says it and of the words without spaces.
_Key = int

# So many texts wait at most: those of one turn.
_WAITING = 256

# What `str.split` takes for space.
_SPACES = b" \t\n\v\f\r\x1c\x1d\x1e\x1f"


class Copies:
    """The words of a conversation, by who says them: `user`, `assistant`, or another name."""

    def __init__(self, draft: ImportDraft) -> None:
        self._draft = draft
        self._present: dict[_Key, int] = {}
        # By the type of the line.
        self._copies: defaultdict[str, dict[_Key, int]] = defaultdict(dict)
        # The positions of the messages, and what counts their lines as copies after all.
        self._alone: dict[_Key, list[tuple[int, Callable[[], None]]]] = {}
        # What was said or repeated and not yet looked at, with the type of the line if it is a copy: most is
        # forgotten before anything is compared with it.
        self._waiting: list[tuple[str, str, str]] = []
        # What was looked at last: a copy mostly follows right after the item.
        self._speaker = self._text = ""
        self._last_key = key_of(self._speaker, self._text)

    def said(self, speaker: str, text: str) -> None:
        """Note the words of an item. A copy that was taken for the only one makes room for it."""
        if not self._alone:
            self._wait(speaker, text)
        elif alone := self._alone.get(key := self._key(speaker, text)):
            # The nearest: an earlier one can be of something that was interrupted.
            position, count_as_copy = alone.pop()
            self._draft.entries[position].is_dropped = True
            count_as_copy()
            if not alone:
                del self._alone[key]
        else:
            self._present[key] = self._present.get(key, 0) + 1

    def forget(self, *, alone: bool = False) -> None:
        """What follows is no copy of what was said until now; with `alone`, nor do items say it again."""
        if self._waiting:
            self._waiting.clear()
        if self._present:
            self._present.clear()
        if self._copies:
            self._copies.clear()
        if alone:
            self._alone.clear()

    def repeated(self, speaker: str, text: str, kind: str) -> None:
        """Count a copy when an item is known to say the same."""
        self._wait(speaker, text, kind)

    def _wait(self, speaker: str, text: str, kind: str = "") -> None:
        self._waiting.append((speaker, text, kind))
        if len(self._waiting) > _WAITING:
            self._look()

    def _look(self) -> None:
        for speaker, text, kind in self._waiting:
            key, counts = self._key(speaker, text), self._copies[kind] if kind else self._present
            counts[key] = counts.get(key, 0) + 1
        self._waiting.clear()

    def repeats(self, speaker: str, text: str, kind: str, number: int, value: object) -> bool:
        """Whether something else says `text`: then the line counts as a copy.

        `kind` is the type of the line, for the report; `value` is the line.
        """
        self._look()
        key, copies = self._key(speaker, text), self._copies[kind]
        copies[key] = count = copies.get(key, 0) + 1
        if count > self._present.get(key, 0) and text.strip():
            return False
        self._draft.duplicates.add(kind, number, value)
        return True

    def is_alone(self, speaker: str, text: str) -> bool:
        """Whether a copy of these words was taken for the only one."""
        return bool(self._alone) and self._key(speaker, text) in self._alone

    def add(
        self, item: Item, speaker: str, text: str, kind: str, number: int, value: object
    ) -> None:
        """Add the item of a line that repeats nothing to the draft."""
        key = self._key(speaker, text)
        self._present[key] = self._present.get(key, 0) + 1
        entry = self._draft.add(item, number)
        count_as_copy = self._draft.duplicates.later(kind, number, value)
        self._alone.setdefault(key, []).append((entry.position, count_as_copy))

    def _key(self, speaker: str, text: str) -> _Key:
        if text != self._text or speaker != self._speaker:
            self._speaker, self._text = speaker, text
            self._last_key = key_of(speaker, text)
        return self._last_key


def spoken_in(message: Message, words: str) -> tuple[str, str]:
    """The speaker and the words by which copies of a message are found.

    Pictures of the person without words have a speaker of their own.
    """
    if message.role == "user" and genuine_user_text(message) == "":
        return _PICTURES
    return message.role, words


def key_of(speaker: str, text: str) -> _Key:
    """The same for the same words with other spaces, and with other text that a program put around them."""
    words = (own_words(text) or text) if speaker == "user" else text
    if not words.isascii():
        words = "".join(words.split())
    return hash((speaker, words.encode("utf-8", "surrogatepass").translate(None, _SPACES)))
