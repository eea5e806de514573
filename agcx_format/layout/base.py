"""What every layout of a session file can do: the one interface that all other code asks.

Strategy: callers never look at a version number or at the first bytes of a file. They get the layout from
the registry (`agcx_format.layout`) and ask it. A third layout is one new module with a subclass of `Layout`
plus one entry in the registry; everything abstract here must be implemented, everything else has a default.

No I/O happens here. `data` is always a whole file, as `bytes` or as anything that has a length and can be
sliced, so that a layout reads only the parts of an open file that it needs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from agcx_format.codec.zstd.frames import Section
from agcx_format.errors import PersistenceError
from agcx_format.layout.encoded import EncodedFile, Hold
from agcx_format.layout.index_encodings import Encoding
from agcx_format.layout.metadata_copies import MetadataCopies
from agcx_format.model.items import MessageSnapshot
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ConversationContext,
    ConversationSnapshot,
    ModeHistory,
    Session,
    SessionMetadata,
    SessionState,
)  # fmt: skip

__all__ = [
    "MAGIC", "Addition", "Appended", "Kept", "Layout", "MessagesPlace",
    "Rewritten", "SectionPlace", "admit_all",
]  # fmt: skip

# The first bytes of every session file, whatever its layout. The version follows.
MAGIC = b"AGCX"


def admit_all(size: int) -> None:
    """The default of `Layout.metadata`: decode metadata of any size at once."""


class SectionPlace(msgspec.Struct, frozen=True):
    """Bytes `start` to `end` of a file; `compressed` when they are zstd."""

    name: str
    start: int
    end: int
    compressed: bool

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self.end - self.start


class MessagesPlace(msgspec.Struct, frozen=True):
    """Where the messages are: in the zstd section from `start` to `end` of the file, as MessagePack.

    `before` lists what precedes them in the decompressed section, as `MessageScanner` takes it: an `array`
    header, or a whole `value`. Empty when the section holds the messages and nothing else; only then may it
    have a seek table.
    """

    start: int
    end: int
    before: tuple[str, ...] = ()


class Rewritten(msgspec.Struct, frozen=True):
    """A session file with other metadata: `parts`, followed by the old file's bytes from `rest` on.

    Fields:
        metadata: as they are in the new file.
        indexed: as the index holds them.
        parts: the first bytes of the new file, in order.
        rest: where the unchanged bytes begin in the old file; its size when nothing follows `parts`.
        is_other: whether the metadata differ from the old ones.
    """

    metadata: SessionMetadata
    indexed: SessionMetadata
    parts: list[bytes]
    rest: int
    is_other: bool


class Addition(msgspec.Struct, frozen=True):
    """What a session gets at its end.

    Fields:
        messages: in order.
        modes: changes of the mode, for a layout that keeps their history.
    """

    messages: Sequence[MessageSnapshot]
    modes: ModeHistory | tuple[()] = ()


class Kept(msgspec.Struct, frozen=True, gc=False):
    """Bytes `start` to `end` of the old file, which the new one keeps."""

    start: int
    end: int


class Appended(msgspec.Struct, frozen=True):
    """A session file with more messages.

    Fields:
        metadata: as they are in the new file.
        indexed: as the index holds them.
        parts: the new file, in order.
    """

    metadata: SessionMetadata
    indexed: SessionMetadata
    parts: Sequence[bytes | Kept]


class Layout(ABC):
    """One layout of session files, with what belongs to it in a store.

    Fields:
        version: the number by which applications and metadata name it.
        beginning: magic and version, the first bytes of its files.
        header: how many bytes its files have at least.
        folder: where a store keeps its session files, relative to the store; empty for the store itself.
        copies: the metadata copies beside the session files; None when it has none.
        index: the encoding of an index that is made for a store of this layout.
        checkpoint_beginning: the first bytes of its checkpoint files; empty when they have no header.
        checkpoint_holds_metadata: whether a checkpoint's file says its name; otherwise only its session does.
        is_listed_by_index: whether AGCodex lists its sessions from the index alone, so that a missing
            index has to be made.
        holds_sizes: whether the metadata in a file say its size and ratio; otherwise only the index does.
        has_context_apart: whether the context can be read without decompressing the messages.
    """

    version: int
    beginning: bytes
    header: int
    folder: str
    index: Encoding
    copies: MetadataCopies | None = None
    checkpoint_beginning: bytes = b""
    checkpoint_holds_metadata: bool = True
    is_listed_by_index: bool = False
    holds_sizes: bool = True
    has_context_apart: bool = True

    # --- reading

    @abstractmethod
    def metadata(self, data: Section, admit: Callable[[int], None] = admit_all) -> SessionMetadata:
        """The metadata, read from no more of the file than that takes.

        `admit` is called with the number of bytes that are about to be decoded, perhaps several times
        with growing numbers; it may wait until the caller's turn comes.

        Raises:
            PersistenceError: when header or metadata are damaged.
        """

    def metadata_at_once(self, head: bytes, size: int) -> SessionMetadata | None:
        """The metadata, when the first bytes of a file of `size` bytes hold all of them; for long lists.

        None to have `metadata` called.

        Raises:
            PersistenceError: when header or metadata are damaged.
        """
        return None

    def damage_after_metadata(self, data: Section) -> PersistenceError | None:
        """What is obviously wrong right after readable metadata, as far as that is free to see."""
        return None

    @abstractmethod
    def sections(self, data: Section) -> list[SectionPlace]:
        """Where the sections are, as far as the file goes; the header is known to be good."""

    def parts(self, data: Section) -> list[tuple[str, int]]:
        """What one compressed section holds besides each other, with decompressed bytes; for some layouts.

        Raises:
            PersistenceError: when it is damaged.
        """
        return []

    @abstractmethod
    def messages(self, data: Section) -> MessagesPlace:
        """Where the messages are; a length that is too large is taken to be the rest of the file.

        Raises:
            PersistenceError: when the file ends before them.
        """

    @abstractmethod
    def context(self, data: Section) -> ConversationContext:
        """The context, however damaged the other sections are.

        Raises:
            PersistenceError: when it cannot be read.
        """

    def mode_history(self, data: Section, metadata: SessionMetadata) -> ModeHistory:
        """The modes of the session, each with the time since when, the oldest first.

        A layout that does not store them knows the current mode alone.

        Raises:
            PersistenceError: when it cannot be read.
        """
        return [(metadata.current_mode, metadata.created_at)]

    @abstractmethod
    def state(self, data: Section) -> SessionState:
        """The state of the window, however damaged the other sections are.

        Raises:
            PersistenceError: when it cannot be read.
        """

    def without_messages(
        self, data: Section, metadata: SessionMetadata
    ) -> tuple[ConversationSnapshot, SessionState]:
        """The conversation with an empty list of messages, and the state.

        Raises:
            PersistenceError: when they cannot be read.
        """
        history = self.mode_history(data, metadata)
        around = ConversationSnapshot(metadata.id, [], self.context(data), history)
        return around, self.state(data)

    @abstractmethod
    def end(self, data: Section) -> int:
        """Where the last section ends by the lengths in the file; may be beyond its end."""

    @abstractmethod
    def decode(self, data: Section) -> Session:
        """The whole session.

        Raises:
            PersistenceError: for any damage anywhere.
        """

    # --- writing

    @abstractmethod
    def encode(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        """The parts of a file, to be written one after the other; `level` is zstd's.

        Raises:
            TypeError: when a field holds a value that its type cannot hold.
            ValueError: likewise.
        """

    @abstractmethod
    def encode_measured(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> tuple[SessionMetadata, list[bytes]]:
        """Like `encode`, with count, size, ratio and version measured; also the metadata for the index."""

    def encode_held(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
        hold: Hold,
    ) -> EncodedFile:
        """Like `encode_measured`; messages are taken one at a time, where the layout allows that."""
        whole = replace(conversation, messages=list(conversation.messages))
        indexed, parts = self.encode_measured(metadata, whole, state, level)
        return EncodedFile(indexed, parts, sum(map(len, parts)))

    @abstractmethod
    def assemble(
        self,
        metadata: SessionMetadata,
        messages: bytes,
        context: bytes,
        history: bytes | None,
        state: SessionState,
        level: int,
    ) -> list[bytes]:
        """Like `encode`, from a conversation whose parts are MessagePack already.

        `history` is the mode history, None when it is not known.
        """

    @abstractmethod
    def with_metadata(
        self,
        data: Section,
        change: Callable[[SessionMetadata], SessionMetadata],
        level: int,
        admit: Callable[[int], None] = admit_all,
    ) -> Rewritten:
        """The same file with the metadata that `change` makes of the old; everything else is unchanged.

        Raises:
            PersistenceError: when the old metadata cannot be read.
            TypeError: when a new field holds a value that its type cannot hold.
            ValueError: likewise.
        """

    def appended(
        self,
        data: Section,
        added: Addition,
        change: Callable[[SessionMetadata], SessionMetadata],
        level: int,
        admit: Callable[[int], None] = admit_all,
    ) -> Appended:
        """The same file with more messages, and the metadata that `change` makes of the old.

        The number of messages is always measured.  A layout need not decode those that are there.

        Raises:
            PersistenceError: when the old file is damaged, as far as it had to be read.
            TypeError: when a field holds a value that its type cannot hold.
            ValueError: likewise.
        """
        metadata, conversation, state = self.decode(data)
        conversation = replace(
            conversation,
            messages=[*conversation.messages, *added.messages],
            mode_history=[*conversation.mode_history, *added.modes],
        )
        new = change(metadata)
        measured, parts = self.encode_measured(new, conversation, state, level)
        return Appended(self.as_stored(new, measured), measured, parts)

    def as_stored(self, given: SessionMetadata, measured: SessionMetadata) -> SessionMetadata:
        """The metadata inside the file, and in its copy, after `encode_measured` of those `given`."""
        return measured

    def as_indexed(self, metadata: SessionMetadata, data: Section) -> SessionMetadata:
        """The metadata of a file as the index holds them.

        Raises:
            PersistenceError: when the sizes cannot be measured.
        """
        return metadata

    # --- what belongs to a session

    def companions(self, metadata: SessionMetadata) -> list[tuple[str, bytes]]:
        """The files beside a session's file that follow it: path in the store, and content."""
        if self.copies is None:
            return []
        return [(self.copies.path(metadata.id), self.copies.encode(metadata))]

    @abstractmethod
    def encode_checkpoint(self, checkpoint: Checkpoint) -> list[bytes]:
        """The parts of a checkpoint file; its messages are in the shape that Rust writes."""

    @abstractmethod
    def decode_checkpoint(self, data: bytes, metadata: CheckpointMetadata) -> Checkpoint:
        """A whole checkpoint file; `metadata` is what is known of it from the session.

        Raises:
            PersistenceError: when it is damaged.
        """
