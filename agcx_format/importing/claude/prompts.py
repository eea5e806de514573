"""What the person typed while Claude Code worked: each prompt is said once, wherever it is written.

Strategy: such a prompt is written into the queue first. Then it reaches the agent in an attachment, as the
next message, or not at all. So a line of the queue repeats nothing that was said before it, and becomes a
message at its place; an attachment is a copy of one that waits with the same words, and a message takes the
place of one, or of several that were sent together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from agcx_format.importing.copies import key_of, spoken_in
from agcx_format.importing.draft import ImportDraft
from agcx_format.model.items import ContentPart, Message
from agcx_format.transcript.words import genuine_user_text, text_of

__all__ = ["Prompts"]


class _Alone(NamedTuple):
    """A prompt that is a message until another line says it.

    Fields:
        position: of the message.
        is_queued: whether a line of the queue says it, rather than an attachment.
        count_as_copy: counts that line as a copy.
    """

    position: int
    is_queued: bool
    count_as_copy: Callable[[], None]


class Prompts:
    """The prompts of one transcript.

    `as_typed` puts words into the form in which they were typed.
    """

    def __init__(self, draft: ImportDraft, as_typed: Callable[[str], str]) -> None:
        self._draft, self._as_typed = draft, as_typed
        self._alone: dict[int, list[_Alone]] = {}
        # Those that wait, that were taken back into the line of input, and that left the queue to be sent.
        self._waiting: list[str] = []
        self._taken_back: list[str] = []
        self._leaving: list[str] = []
        # The uuids of attachments: a resumed session repeats lines.
        self._attachments: set[str] = set()

    @property
    def expects(self) -> bool:
        """Whether a message may be one of these prompts; in most transcripts none ever waits."""
        return bool(self._alone or self._taken_back or self._leaving)

    def sent(self, message: Message) -> None:
        """Note a message in the person's place: it takes the place of a prompt with the same words.

        What a program says there waited in the queue as what a person says does, without a mark.
        """
        said = self._as_typed(text_of(message))
        speaker, words = spoken_in(message, said)
        self._take_place("user" if message.role == "developer" else speaker, words)
        for each in [each for each in self._taken_back if each in said]:
            # It was edited, or joined with others, and then sent.
            self._taken_back.remove(each)
            if each != said:
                self._take_place("user", each)
        if genuine_user_text(message) is not None:
            leaving, self._leaving = self._leaving, []
            if len(leaving) > 1 and "".join(leaving).split() == "".join(said.split("\n")).split():
                for each in leaving:
                    self._take_place("user", each)

    def queued(self, parts: list[ContentPart], number: int, value: dict[str, Any]) -> None:
        """Add a prompt that waits."""
        message = Message(None, "user", parts)
        self._waiting.append(self._as_typed(text_of(message)))
        self._add(message, "queue-operation.enqueue", number, value, is_queued=True)

    def leaves(self, operation: str, text: str) -> None:
        """Follow which prompts wait: `popAll` takes them back, in a line for each or one for all."""
        typed = self._as_typed(text)
        one = [typed] if typed in self._waiting else []
        found = self._waiting[:] if operation == "popAll" and not one else one or self._waiting[:1]
        if operation == "popAll":
            self._taken_back += found
        elif operation == "dequeue":
            self._leaving += found
        for each in found:
            self._waiting.remove(each)

    def attached(self, parts: list[ContentPart], number: int, value: dict[str, Any]) -> None:
        """Add a prompt that reached the agent while it worked, unless it waited until then."""
        message, kind = Message(None, "user", parts), "attachment.queued_command"
        uuid = value.get("uuid")
        if isinstance(uuid, str):
            if uuid in self._attachments:
                self._draft.duplicates.add(kind, number, value)
                return
            self._attachments.add(uuid)
        alone = self._alone.get(self._key(message), [])
        waited = next((each for each in alone if each.is_queued), None)
        if waited is None:
            self._add(message, kind, number, value, is_queued=False)
        else:
            alone.remove(waited)
            self._draft.duplicates.add(kind, number, value)

    def _key(self, message: Message) -> int:
        return key_of(*spoken_in(message, self._as_typed(text_of(message))))

    def _add(
        self, message: Message, kind: str, number: int, value: dict[str, Any], *, is_queued: bool
    ) -> None:
        entry = self._draft.add(message, number)
        copy = self._draft.duplicates.later(kind, number, value)
        alone = self._alone.setdefault(self._key(message), [])
        alone.append(_Alone(entry.position, is_queued, copy))

    def _take_place(self, speaker: str, words: str) -> None:
        if alone := self._alone.get(key_of(speaker, words)):
            prompt = alone.pop(0)
            self._draft.entries[prompt.position].is_dropped = True
            prompt.count_as_copy()
