"""Sessions that come from elsewhere: another store, a session file, or a session exported as JSON."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from agcx_format import limits
from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import ConversionError, PersistenceError
from agcx_format.exporting.json_document import from_session_json
from agcx_format.layout import HEAD, by_version, checkpoint, of
from agcx_format.layout.base import MAGIC
from agcx_format.model.session import CheckpointMetadata, ModeHistory, Session
from agcx_format.session.checkpoint_file import read_checkpoint
from agcx_format.session.metadata import read_metadata
from agcx_format.session.streamed import stream_session
from agcx_format.store.backup.archive import MARK
from agcx_format.store.checkpoint_files import checkpoint_files
from agcx_format.store.entries import ScanEntry
from agcx_format.store.names import is_checkpoint
from agcx_format.store.reader import StoreReader

__all__ = [
    "Incoming",
    "find_incoming",
    "incoming_of",
    "is_same",
    "mode_losses",
]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A session outside of the store that it is to be copied to.

    Fields:
        path: of its file.
        signature: the file when it was found.
        layout: the number of the file's layout; None for JSON.
        checkpoints: the paths of its checkpoints' files.
    """

    path: str
    id: UUID
    title: str
    signature: Signature
    layout: int | None
    checkpoints: tuple[str, ...] = ()

    def session(self) -> Session:
        """The whole of it; see `stream_session`.

        Raises:
            PersistenceError: it is damaged, or cannot be read.
        """
        return _from_json(self.path)[0] if self.layout is None else stream_session(self.path)

    def losses(self, layout: int) -> list[str]:
        """What a file of this layout has no place for, in words: it is left out.

        Raises:
            LayoutCannotHold: the layout has no place for an essential part of a checkpoint.
            PersistenceError: the session is damaged, or cannot be read.
        """
        if self.layout == layout:
            return [lost for path in self.checkpoints for lost in _unreadable(path)]
        metadata, conversation, _ = self.session()
        lost = mode_losses(conversation.mode_history, layout)
        listed = {each.id: each for each in metadata.checkpoints}
        for path in self.checkpoints:
            lost += _checkpoint_losses(path, layout, listed)
        return lost


def mode_losses(history: ModeHistory, layout: int) -> list[str]:
    """What a layout has no place for of the modes of a session, in words."""
    if layout != 1 or len({mode for mode, _ in history}) < 2:
        return []
    return ["layout 1 has no place for when the mode changed, only for the current mode"]


def _unreadable(path: str) -> list[str]:
    """What is said of a checkpoint that cannot even be opened; empty if it can."""
    try:
        with OpenFile(path):
            return []
    except PersistenceError as error:
        return [f"{os.path.basename(path)} cannot be read: {error.reason}"]


def _checkpoint_losses(
    path: str, layout: int, listed: Mapping[UUID, CheckpointMetadata]
) -> list[str]:
    """What the encoding of another layout has no place for in a checkpoint; `listed` by its session."""
    ids = checkpoint.ids_of(os.path.basename(path).lower())
    if ids is None:
        return []
    try:
        with OpenFile(path) as file:
            kind = checkpoint.layout_of(file.read(min(HEAD, file.size), 0))
        if kind.version == layout:
            return []
        value, _ = read_checkpoint(path, listed.get(ids[1]))
    except PersistenceError as error:
        return _unreadable(path) or [
            f"{os.path.basename(path)} is damaged, and stays so: {error.reason}"
        ]
    try:
        checkpoint.encode(value, layout)
    except PersistenceError as error:
        raise error.located(path=path) from None
    if ids[1] in listed or not value.metadata.name or by_version(layout).checkpoint_holds_metadata:
        return []
    return [f"only its file says that a checkpoint is named {value.metadata.name!r:.80}"]


def find_incoming(path: str | os.PathLike[str]) -> Iterator[Incoming | PersistenceError]:
    """The sessions at a path: all of a store, or the one in a file; for one that cannot be read, why.

    Raises:
        PersistenceError: nothing is there, or it cannot be looked at.
    """
    if not os.path.isdir(path):
        yield _in_file(os.fspath(path))
        return
    store = StoreReader(path)
    checkpoints = checkpoint_files(store.path)
    for entry in store.scan():
        found = incoming_of(store, entry, checkpoints)
        if found is None:
            yield entry.error or PersistenceError("it cannot be read", path=entry.path)
        else:
            yield found


def incoming_of(
    store: StoreReader,
    entry: ScanEntry,
    checkpoints: dict[str, list[tuple[str, int]]] | None = None,
) -> Incoming | None:
    """A session of a store with its checkpoints; None if it cannot be read.

    `checkpoints` are the files of the store, if they are known.

    Raises:
        PersistenceError: the folder of checkpoints cannot be read.
    """
    if entry.metadata is None:
        return None
    files = checkpoint_files(store.path) if checkpoints is None else checkpoints
    session_id = entry.id or entry.metadata.id
    beside = tuple(os.fspath(store.path / path) for path, _ in files.get(str(session_id), ()))
    return Incoming(entry.path, session_id, entry.title, entry.signature, entry.layout, beside)


def is_same(store: StoreReader, incoming: Incoming) -> bool:
    """Whether the store has the same conversation under the same id; the metadata may differ.

    Raises:
        SessionNotFound: it has no such session.
        PersistenceError: one of the two cannot be read.
    """
    with store.open_session(incoming.id) as there:
        if there.signature.size == incoming.signature.size:
            with OpenFile(there.path) as one, OpenFile(incoming.path) as other:
                if _same_bytes(one, other):
                    return True
        messages = incoming.session()[1].messages
        return len(there) == len(messages) and all(map(operator.eq, there, messages))


def _same_bytes(one: OpenFile, other: OpenFile) -> bool:
    places = range(0, one.size, limits.MIB)
    return all(one.read(limits.MIB, at) == other.read(limits.MIB, at) for at in places)


def _in_file(path: str) -> Incoming:
    with OpenFile(path) as file:
        head = file.read(min(file.size, 16), 0)
        if head[: len(MAGIC)] == MAGIC:
            try:
                metadata = read_metadata(file.fd, file.size)
            except PersistenceError as error:
                raise error.located(path=path) from None
            layout = of(head).version
            return Incoming(path, metadata.id, metadata.title, file.signature, layout)
    if head.startswith(MARK.encode()):
        raise ConversionError("a backup; agcx backup restore brings its sessions back", path=path)
    if is_checkpoint(path):
        words = (
            "a checkpoint; it comes with its session, and agcx export writes it in other formats"
        )
        raise ConversionError(words, path=path)
    if not head.lstrip().startswith((b"{", b"[")):
        raise ConversionError("neither an .agcx file nor a session exported as JSON", path=path)
    (metadata, _, _), signature = _from_json(path)
    return Incoming(path, metadata.id, metadata.title, signature, None)


def _from_json(path: str) -> tuple[Session, Signature]:
    with OpenFile(path) as file:
        if file.size > limits.WHOLE_FILE:
            raise ConversionError(f"{file.size:,} bytes are too many to load at once", path=path)
        data = file.read(file.size, 0)
    try:
        return from_session_json(data), file.signature
    except ValueError as cause:
        raise ConversionError(str(cause), path=path) from None
