"""Layout 1: header, metadata, messages, context, state, each after a u32 length.

    0   4  magic `AGCX`        6   4  metadata length M
    4   2  version, u16 = 1   10   M  SessionMetadata, bincode
    then, each as a u32 length and its bytes:
    messages (zstd of MessagePack), context (zstd of MessagePack), state (bincode)

Strategy: `v1_sections` finds and decodes each section by itself. The lazy questions of `Layout1` follow a
wrong length as far as the file goes instead, so that damage in one section does not hide the others.

Mirrors `storage.rs` of the Rust crate.
"""

from __future__ import annotations

from collections.abc import Callable

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames
from agcx_format.codec.zstd.frames import Section
from agcx_format.errors import CorruptData, PersistenceError, located
from agcx_format.layout.base import (
    Addition,
    Appended,
    Layout,
    MessagesPlace,
    Rewritten,
    SectionPlace,
    admit_all,
)  # fmt: skip
from agcx_format.layout.encoded import EncodedFile, Hold
from agcx_format.layout.folders import FOLDERS
from agcx_format.layout.index_encodings import BINCODE
from agcx_format.layout.v1_errors import BEGINNING, VERSION
from agcx_format.layout.v1_sections import (
    HEADER,
    SECTIONS,
    compress_messages,
    conversation_of,
    decode_context,
    decode_metadata,
    decode_section,
    decode_state,
    find,
    fitted,
    head,
    join,
    metadata_end,
    split,
)
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationContext,
    ConversationSnapshot,
    Session,
    SessionMetadata,
    SessionState,
)

__all__ = ["LAYOUT", "Layout1"]

_CHECKPOINT_LEVEL = 3


class Layout1(Layout):
    """Layout 1: `<uuid>.agcx` in the store itself, with nothing beside it."""

    version = VERSION
    beginning = BEGINNING
    header = HEADER
    folder = FOLDERS[VERSION]
    index = BINCODE

    def metadata(self, data: Section, admit: Callable[[int], None] = admit_all) -> SessionMetadata:
        end = metadata_end(data[:HEADER], len(data))
        admit(end)
        section = data[HEADER:end]
        if len(section) < end - HEADER:
            at = HEADER + len(section)
            raise CorruptData("the file was cut short while it was read", offset=at)
        return decode_metadata(bytes(section))

    def metadata_at_once(self, head: bytes, size: int) -> SessionMetadata | None:
        end = metadata_end(head, size)
        return decode_metadata(head[HEADER:end]) if end <= len(head) else None

    def damage_after_metadata(self, data: Section) -> PersistenceError | None:
        end, size = metadata_end(data[:HEADER], len(data)), len(data)
        length = data[end : end + 4]
        if len(length) == 4 and end + 4 + int.from_bytes(length, "little") <= size:
            return None
        reason = "cut off in the messages"
        return CorruptData(reason, section="messages", offset=size, truncated=True)

    def sections(self, data: Section) -> list[SectionPlace]:
        end = metadata_end(data[:HEADER], len(data))
        found = [SectionPlace("metadata", HEADER, end, False)]
        for name in SECTIONS[1:]:
            try:
                span = find(data, name)
            except CorruptData:
                break
            found.append(SectionPlace(name, span.start, span.end, name != "state"))
        return found

    def messages(self, data: Section) -> MessagesPlace:
        span = find(data, "messages")
        return MessagesPlace(span.start, span.end)

    def context(self, data: Section) -> ConversationContext:
        return decode_context(data, find(data, "context", limits.WHOLE_SECTION))

    def state(self, data: Section) -> SessionState:
        return decode_state(data, find(data, "state", limits.WHOLE_SECTION))

    def end(self, data: Section) -> int:
        end = HEADER - 4
        for _ in SECTIONS:
            end += 4 + int.from_bytes(data[end : end + 4], "little")
            if end >= len(data):
                break
        return end

    def decode(self, data: Section) -> Session:
        whole = data[:]
        metadata_at, messages_at, context_at, state_at = split(whole)
        metadata = decode_metadata(bytes(whole[metadata_at.start : metadata_at.end]))
        messages = decode_section(whole, messages_at, messagepack.decode_messages)
        context = decode_context(whole, context_at)
        state = decode_state(whole, state_at)
        return Session(metadata, conversation_of(metadata, messages, context), state)

    # --- writing: what only that needs is imported there, since a list starts with reading

    def encode(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        return join(
            bincode.encode(metadata, SessionMetadata),
            compress_messages(messagepack.encode_messages(conversation.messages), level),
            frames.compress(messagepack.encode(conversation.context), level),
            bincode.encode(state, SessionState),
        )

    def encode_measured(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> tuple[SessionMetadata, list[bytes]]:
        """`file_size` is the file's own size; the ratio is that of the two compressed sections."""
        from agcx_format.layout import v1_measured

        return v1_measured.whole(metadata, conversation, state, level)

    def encode_held(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
        hold: Hold,
    ) -> EncodedFile:
        from agcx_format.layout import v1_measured

        return v1_measured.held(metadata, conversation, state, level, hold)

    def assemble(
        self,
        metadata: SessionMetadata,
        messages: bytes,
        context: bytes,
        history: bytes | None,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        from agcx_format.layout import v1_measured

        return v1_measured.measured(metadata, messages, context, state, level)[1]

    def with_metadata(
        self,
        data: Section,
        change: Callable[[SessionMetadata], SessionMetadata],
        level: int,
        admit: Callable[[int], None] = admit_all,
    ) -> Rewritten:
        """Only the metadata section is new; the others are not even decompressed."""
        old = self.metadata(data, admit)
        rest = metadata_end(data[:HEADER], len(data))
        new = change(old)
        fitting, section = fitted(new, len(data) - rest)
        return Rewritten(fitting, fitting, head(section), rest, new != old)

    def appended(
        self,
        data: Section,
        added: Addition,
        change: Callable[[SessionMetadata], SessionMetadata],
        level: int,
        admit: Callable[[int], None] = admit_all,
    ) -> Appended:
        """Frames of messages are copied unchanged; there is no mode history to add to."""
        from agcx_format.layout import v1_append

        return v1_append.appended(data, self.metadata(data, admit), added.messages, change, level)

    def encode_checkpoint(self, checkpoint: Checkpoint) -> list[bytes]:
        return [frames.compress(bincode.encode(checkpoint, Checkpoint), _CHECKPOINT_LEVEL)]

    def decode_checkpoint(self, data: bytes, metadata: CheckpointMetadata) -> Checkpoint:
        """One bincode value; Rust cannot read it back, since its enums need a self-describing format."""
        with located(section="checkpoint"):
            raw = frames.decompress(data)
        with located(section="checkpoint", decompressed=True):
            return bincode.decode(Checkpoint, raw)


LAYOUT = Layout1()
