"""Layout 2: a header, and one zstd section with everything in it as MessagePack.

    0   4  magic `AGCX`        8   8  compressed length, u64
    4   4  version, u32 = 2   16   …  zstd of [metadata, conversation, state, checksum]

Strategy: the four elements are found first (`split`), and each is decoded from its own bytes, so that a
change of one leaves the others as they are. Unlike layout 1 it stores the whole conversation, mode history
included; the checksum has always been nil. Its checkpoints have the same header and hold
[conversation, state]. Mirrors `session_store.rs` of the Rust crate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Annotated, Any, TypeVar

from msgspec import Meta
from msgspec.structs import replace

from agcx_format.codec import bincode, messagepack
from agcx_format.codec.zstd import frames
from agcx_format.codec.zstd.frames import Section
from agcx_format.counting import counted
from agcx_format.errors import (
    CorruptData,
    InvalidMagic,
    MessagePackDecodeError,
    UnsupportedVersion,
    located,
)
from agcx_format.layout.base import (
    MAGIC,
    Addition,
    Appended,
    Layout,
    MessagesPlace,
    Rewritten,
    SectionPlace,
    admit_all,
)
from agcx_format.layout.elements import ELEMENTS, NIL, element, elements_of, split, with_more
from agcx_format.layout.encoded import Chained, Counted, EncodedFile, Hold
from agcx_format.layout.folders import FOLDERS
from agcx_format.layout.index_encodings import MESSAGE_PACK
from agcx_format.layout.metadata_copies import MetadataCopies
from agcx_format.layout.plain_size import Part, plain_size
from agcx_format.layout.v2_metadata import read_metadata, split_metadata
from agcx_format.layout.v2_rest import Found, ask
from agcx_format.model.fields import Float32
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationContext,
    ConversationSnapshot,
    ModeHistory,
    Session,
    SessionMetadata,
    SessionState,
)

VERSION = 2
BEGINNING = MAGIC + VERSION.to_bytes(4, "little")
HEADER = 16

# What precedes the messages in the section: the array of elements, the metadata, the array of the
# conversation's fields, its id. In a checkpoint there are no metadata.
BEFORE_MESSAGES = ("array", "value", "array", "value")
BEFORE_CHECKPOINT_MESSAGES = ("array", "array", "value")

# What Rust's SessionStore uses; sessions take the level of their store.
_CHECKPOINT_LEVEL = 6

# `Option<u32>`, nil in all files so far. `Any`, because a union is no `type[T]`.
T = TypeVar("T")

Checksum: Any = Annotated[int, Meta(ge=0, le=0xFFFFFFFF)] | None


# --- reading


def section_end(head: bytes | memoryview, file_size: int) -> int:
    """Check the header and find where the compressed section, which begins at byte 16, ends.

    Raises:
        InvalidMagic: when it does not begin with `AGCX`.
        UnsupportedVersion: when it has another version.
        CorruptData: when the header is cut off or the length is too large.
    """
    if head[:4] != MAGIC:
        raise InvalidMagic("does not begin with AGCX", section="header", offset=0)
    if head[:8] != BEGINNING:
        version = int.from_bytes(head[4:8], "little")
        raise UnsupportedVersion(version, VERSION, section="header", offset=4)
    if len(head) < HEADER:
        raise CorruptData(
            "the file ends inside the header", section="header", offset=len(head), truncated=True
        )
    length = int.from_bytes(head[8:16], "little")
    if length > file_size - HEADER:
        raise CorruptData(
            f"its length is {counted(length, 'byte')}, but the file has {file_size - HEADER:,} left",
            section="session",
            offset=8,
            truncated=True,
        )
    return HEADER + length


def decompress(data: Section) -> bytes:
    """The text of the section of a whole file.

    Raises:
        PersistenceError: when header or section are damaged.
    """
    end = section_end(data[:HEADER], len(data))
    with located(section="session", base=HEADER):
        return frames.decompress(data[HEADER:end])


# --- writing


def measured(metadata: SessionMetadata, compressed: int, original: int | None) -> SessionMetadata:
    """The metadata as the index holds them; without an `original` size the ratio stays the same."""
    if original:
        # As Rust divides them: both are `f32` first.
        ratio = Float32(Float32(compressed) / Float32(original))
        metadata = replace(metadata, compression_ratio=ratio)
    return replace(metadata, file_size=compressed)


def pack(elements: list[bytes], level: int) -> list[bytes]:
    """The parts of a file whose section holds these elements."""
    section = frames.compress(b"".join([bytes([0x90 + len(elements)]), *elements]), level)
    return [header_of(len(section)), section]


def header_of(size: int) -> bytes:
    """What precedes a section of `size` bytes."""
    return BEGINNING + size.to_bytes(8, "little")


def conversation_as_written(conversation: ConversationSnapshot) -> ConversationSnapshot:
    """The messages in the shape that Rust would write; raises as `messagepack.as_written` does."""
    return replace(conversation, messages=list(map(messagepack.as_written, conversation.messages)))


def _elements(
    metadata: SessionMetadata, conversation: ConversationSnapshot, state: SessionState
) -> list[bytes]:
    values = (metadata, conversation_as_written(conversation), state)
    return [*map(messagepack.encode, values), NIL]


def _measured_parts(
    metadata: SessionMetadata, elements: list[bytes], level: int
) -> tuple[SessionMetadata, list[bytes]]:
    parts = pack(elements, level)
    return measured(metadata, len(parts[-1]), 1 + sum(map(len, elements))), parts


class _Copies(MetadataCopies):
    """`metadata/<uuid>.meta`, in bincode."""

    folder = "metadata"
    suffix = ".meta"

    def encode(self, metadata: SessionMetadata) -> bytes:
        return bincode.encode(metadata, SessionMetadata)

    def decode(self, data: bytes) -> SessionMetadata:
        return bincode.decode(SessionMetadata, data)


class Layout2(Layout):
    """Layout 2: `sessions/<uuid>.agcx`, with a copy of the metadata, found by the index."""

    version = VERSION
    beginning = BEGINNING
    header = HEADER
    folder = FOLDERS[VERSION]
    copies = _Copies()
    index = MESSAGE_PACK
    # A wrong version after the magic is an error of this layout: layout 1's have no header.
    checkpoint_beginning = MAGIC
    checkpoint_holds_metadata = False
    is_listed_by_index = True
    holds_sizes = False
    has_context_apart = False

    # --- reading

    def metadata(self, data: Section, admit: Callable[[int], None] = admit_all) -> SessionMetadata:
        # Rust truncates these files in place: one that is too short may still hold its metadata.
        end = section_end(data[:HEADER], max(len(data), 2**64))
        section = Part(data, HEADER, min(end, len(data)))
        with located(section="metadata", base=HEADER):
            return read_metadata(_admitted(frames.pieces(section), admit))

    def sections(self, data: Section) -> list[SectionPlace]:
        return [SectionPlace("session", HEADER, min(self.end(data), len(data)), True)]

    def parts(self, data: Section) -> list[tuple[str, int]]:
        return _asked(data, Found.sizes)

    def messages(self, data: Section) -> MessagesPlace:
        return MessagesPlace(HEADER, min(self.end(data), len(data)), BEFORE_MESSAGES)

    def context(self, data: Section) -> ConversationContext:
        return _asked(data, lambda found: found.field("context", ConversationContext))

    def mode_history(self, data: Section, metadata: SessionMetadata) -> ModeHistory:
        return _asked(data, lambda found: found.field("mode_history", ModeHistory))

    def state(self, data: Section) -> SessionState:
        return _asked(data, lambda found: found.element("state", SessionState))

    def without_messages(
        self, data: Section, metadata: SessionMetadata
    ) -> tuple[ConversationSnapshot, SessionState]:
        def around(found: Found) -> tuple[ConversationSnapshot, SessionState]:
            found.element("checksum", Checksum)
            conversation = found.element("conversation", ConversationSnapshot)
            return replace(conversation, messages=[]), found.element("state", SessionState)

        return _asked(data, around)

    def end(self, data: Section) -> int:
        return HEADER + int.from_bytes(data[8:HEADER], "little")

    def decode(self, data: Section) -> Session:
        raw = decompress(data)
        metadata, conversation, state, checksum = split(raw)
        element(raw, checksum, Checksum)
        return Session(
            element(raw, metadata, SessionMetadata),
            element(raw, conversation, ConversationSnapshot),
            element(raw, state, SessionState),
        )

    # --- writing

    def encode(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        return pack(_elements(metadata, conversation, state), level)

    def encode_measured(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> tuple[SessionMetadata, list[bytes]]:
        """As in Rust, only the index gets the measured size and ratio.

        The size of the file would change with them; `as_stored` gives what is inside.
        """
        metadata = self._counted(metadata, conversation)
        return _measured_parts(metadata, _elements(metadata, conversation, state), level)

    def encode_held(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
        hold: Hold,
    ) -> EncodedFile:
        metadata = self._counted(metadata, conversation)
        text = Counted(elements_of(metadata, conversation, state))
        size, section = hold(frames.compress_each(text, level))
        parts = Chained([header_of(size)], section)
        return EncodedFile(measured(metadata, size, text.size), parts, HEADER + size)

    @staticmethod
    def _counted(metadata: SessionMetadata, conversation: ConversationSnapshot) -> SessionMetadata:
        count = len(conversation.messages)
        return replace(metadata, message_count=count, format_version=VERSION)

    def assemble(
        self,
        metadata: SessionMetadata,
        messages: bytes,
        context: bytes,
        history: bytes | None,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        history = history or messagepack.encode([(metadata.current_mode, metadata.created_at)])
        conversation = [b"\x94", messagepack.encode(metadata.id), messages, context, history]
        first, last = messagepack.encode(metadata), messagepack.encode(state)
        return pack([first, b"".join(conversation), last, NIL], level)

    def with_metadata(
        self,
        data: Section,
        change: Callable[[SessionMetadata], SessionMetadata],
        level: int,
        admit: Callable[[int], None] = admit_all,
    ) -> Rewritten:
        """The other elements are the same MessagePack; the section is compressed again, piece by piece."""
        section = Part(data, HEADER, section_end(data[:HEADER], len(data)))
        with located(section="session", base=HEADER):
            old, others = split_metadata(frames.pieces(section))
        new = change(old)
        first = messagepack.array_header(len(ELEMENTS)) + messagepack.encode(new)
        text = Counted(chain([first], others))
        with located(section="session", base=HEADER):
            packed = list(frames.compress_each(text, level))
        size = sum(map(len, packed))
        indexed = measured(new, size, text.size)
        return Rewritten(new, indexed, [header_of(size), *packed], len(data), new != old)

    def appended(
        self,
        data: Section,
        added: Addition,
        change: Callable[[SessionMetadata], SessionMetadata],
        level: int,
        admit: Callable[[int], None] = admit_all,
    ) -> Appended:
        """The messages are not decoded, but the one section is compressed again."""
        raw = decompress(data)
        first, conversation, *others = split(raw)
        try:
            count, new = with_more(raw[conversation.start : conversation.end], added)
        except MessagePackDecodeError:
            # A map of its fields, or damage that is to be described.
            return super().appended(data, added, change, level, admit)
        metadata = replace(change(element(raw, first, SessionMetadata)), message_count=count)
        kept = [raw[other.start : other.end] for other in others]
        elements = [messagepack.encode(metadata), new, *kept]
        indexed, parts = _measured_parts(metadata, elements, level)
        return Appended(metadata, indexed, parts)

    def as_stored(self, given: SessionMetadata, measured: SessionMetadata) -> SessionMetadata:
        count, version = measured.message_count, measured.format_version
        return replace(given, message_count=count, format_version=version)

    def as_indexed(self, metadata: SessionMetadata, data: Section) -> SessionMetadata:
        section = Part(data, HEADER, section_end(data[:HEADER], len(data)))
        return measured(metadata, len(section), plain_size(section))

    # --- checkpoints

    def encode_checkpoint(self, checkpoint: Checkpoint) -> list[bytes]:
        elements = [
            messagepack.encode(checkpoint.conversation),
            messagepack.encode(checkpoint.state),
        ]
        return pack(elements, _CHECKPOINT_LEVEL)

    def decode_checkpoint(self, data: bytes, metadata: CheckpointMetadata) -> Checkpoint:
        """Its metadata are not inside: they are in the session's."""
        raw = decompress(data)
        conversation, state = split(raw, ("conversation", "state"))
        return Checkpoint(
            metadata,
            element(raw, conversation, ConversationSnapshot),
            element(raw, state, SessionState),
        )


def _asked(data: Section, question: Callable[[Found], T]) -> T:
    section = Part(data, HEADER, section_end(data[:HEADER], len(data)))
    with located(section="session", base=HEADER):
        return ask(section, BEFORE_MESSAGES, question)


def _admitted(pieces: Iterable[bytes], admit: Callable[[int], None]) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        admit(size)
        yield piece


LAYOUT = Layout2()
