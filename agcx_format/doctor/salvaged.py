"""What was saved of a damaged file, message by message.

Messages are kept byte for byte, and only if they decode, so nothing is invented. One thing is changed:
reasoning without its field `content`, which Rust writes and cannot load, gets an empty one. `lost` lists
what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec.structs import replace

from agcx_format.codec import messagepack
from agcx_format.counting import counted
from agcx_format.errors import PersistenceError
from agcx_format.model.items import Item, MessageSnapshot, Reasoning, ReasoningWithoutContent
from agcx_format.model.session import SessionMetadata, SessionState
from agcx_format.session.message_walk import MessageWalk
from agcx_format.transcript.title import short_title
from agcx_format.transcript.words import genuine_user_text

__all__ = ["Salvaged"]

# How many undecodable messages are listed one by one.
_LISTED = 20


@dataclass
class Salvaged:
    """What was saved of a file.

    Fields:
        layout: the version that it was read as.
        metadata: None if lost; `block` then are the bytes in their place.
        messages, context, history: as MessagePack; the context and the mode history None if lost.
        state: None if lost.
        lost: sentences that say what is missing.
        first_words: of the first prompt, as a title; empty if there is no prompt.
        turns: how many prompts there are.
        times: timestamps of the first and the last message.
        bad: messages that cannot be decoded.
        reworded: messages with reasoning that was in a form which AGCodex cannot load.
        mtime_ns: when the file was last changed, in nanoseconds since 1970.
    """

    layout: int
    metadata: SessionMetadata | None = None
    block: bytes = b""
    messages: list[bytes] = field(default_factory=list)
    context: bytes | None = None
    history: bytes | None = None
    state: SessionState | None = None
    lost: list[str] = field(default_factory=list)
    first_words: str = ""
    turns: int = 0
    times: tuple[str, str] | None = None
    bad: int = 0
    reworded: int = 0
    mtime_ns: int = 0

    @property
    def empty(self) -> bool:
        """Whether no message was saved, unless it is known that there was none."""
        metadata = self.metadata
        return not self.messages and (metadata is None or metadata.message_count > 0)

    def take(self, index: int, raw: bytes | None) -> None:
        """Keep message `index` if it decodes."""
        try:
            if raw is None:
                raise PersistenceError("it is too large")
            message = messagepack.decode(MessageSnapshot, raw)
        except PersistenceError as error:
            self.bad += 1
            if self.bad <= _LISTED:
                self.lost.append(f"message {index + 1:,}: {error.reason}")
            return
        loadable = _loadable_by_rust(message)
        if loadable is not message:
            self.reworded += 1
            raw = messagepack.encode(loadable)
        self.messages.append(raw)
        self.times = (self.times or (message.timestamp,))[0], message.timestamp
        words = genuine_user_text(message.item)
        if words is not None:
            self.turns += 1
            self.first_words = self.first_words or short_title(words)

    def walk(self, walk: MessageWalk) -> None:
        for index, _, raw in walk:
            self.take(index, raw)
        if not walk.scanner.complete:
            claimed = walk.scanner.count
            # The count may be damaged itself.
            sane = claimed is not None and claimed <= walk.found + 10**6
            of = f" of {claimed:,}" if sane else ""
            reason = f": {walk.error.reason}" if walk.error else ""
            self.lost.append(f"all messages but the first {walk.found:,}{of}{reason}")
        self.count_unlisted()

    def count_unlisted(self) -> None:
        """Count the messages that were not listed one by one."""
        if self.bad > _LISTED:
            self.lost.append(
                f"{counted(self.bad - _LISTED, 'more message')} that cannot be decoded"
            )


def _loadable_by_rust(message: MessageSnapshot) -> MessageSnapshot:
    """The message with four fields in every reasoning item; the same object if nothing changes."""
    history = message.metadata.edit_history
    if not any(
        isinstance(item, ReasoningWithoutContent)
        for item in (message.item, *(i for _, i in history))
    ):
        return message
    metadata = replace(
        message.metadata, edit_history=[(when, _with_content(item)) for when, item in history]
    )
    return replace(message, item=_with_content(message.item), metadata=metadata)


def _with_content(item: Item) -> Item:
    if isinstance(item, ReasoningWithoutContent):
        return Reasoning(item.id, item.summary, None, item.encrypted_content)
    return item
