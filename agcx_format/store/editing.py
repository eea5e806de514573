"""A session while a program works on it: what it adds is written together, and what a person owns stays.

Strategy: nothing is loaded or written until the `with` block ends.  Then the messages are appended to the
file as it is by then, so a title, tag or star that a person changed meanwhile is kept; only if
another program added messages as well is the session stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from msgspec.structs import replace

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError, SavedNotListed, StaleSession
from agcx_format.layout import checkpoint
from agcx_format.layout.base import Addition
from agcx_format.model.items import Item, Message, MessageSnapshot
from agcx_format.model.new import new_message
from agcx_format.model.session import (
    Checkpoint,
    CheckpointMetadata,
    ModeHistory,
    OperatingMode,
    Session,
    SessionMetadata,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.lazy import SessionFile
from agcx_format.session.whole import read_session
from agcx_format.store import appending, paths
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change
from agcx_format.store.checkpoint_files import checkpoint_path
from agcx_format.store.owned import OWNED

if TYPE_CHECKING:
    from agcx_format.store.writer import StoreWriter

__all__ = ["SessionEditor", "write"]


class _Snapshot:
    """A checkpoint to be written, with the number of added messages and modes that it includes."""

    def __init__(self, metadata: CheckpointMetadata, messages: int, modes: int) -> None:
        self.metadata, self.messages, self.modes = metadata, messages, modes


class SessionEditor:
    """Collects what a program does to a session; `Store.editing` gives one, and writes it.

    Fields:
        metadata: the session's metadata with what was changed so far.
        added: the messages that were added.
        dropped: once it is written, the checkpoints that did not remain.
    """

    def __init__(self, file: SessionFile) -> None:
        self._base = file.metadata
        self._count = len(file)
        last = file[-1] if self._count else None
        if file.error is not None:
            raise file.error
        self._turn = -1 if last is None else last.turn_index
        self._modes: ModeHistory = []
        self._set: dict[str, Any] = {}
        self._snapshots: list[_Snapshot] = []
        self._keep: int | None = None
        self.dropped: list[CheckpointMetadata] = []
        self.added: list[MessageSnapshot] = []

    @property
    def metadata(self) -> SessionMetadata:
        """The session's metadata with what was changed so far."""
        count = self._count + len(self.added)
        return replace(self._changed(self._base), message_count=count)

    def __len__(self) -> int:
        """How many messages the session has, with those added."""
        return self._count + len(self.added)

    def add(self, item: Item | MessageSnapshot, *, timestamp: str | None = None) -> MessageSnapshot:
        """Add a message: a whole one, or an item; what a person says begins a new turn.

        Raises:
            TypeError: a field has a value of the wrong type.
            ValueError: `timestamp` is not a timestamp.
        """
        if isinstance(item, MessageSnapshot):
            message = item
        else:
            asks = isinstance(item, Message) and item.role == "user"
            turn = self._turn + 1 if asks else max(0, self._turn)
            message = new_message(item, timestamp=timestamp, turn_index=turn)
        self._turn = message.turn_index
        self.added.append(message)
        return message

    def extend(self, items: Iterable[Item | MessageSnapshot]) -> None:
        """Add several messages, as `add` does."""
        for item in items:
            self.add(item)

    def switch_mode(self, mode: OperatingMode) -> None:
        """Continue in another mode; does nothing if it is the current one."""
        if mode != self.metadata.current_mode:
            self._modes.append((mode, Timestamp.now()))

    def update(
        self,
        *,
        title: str | None = None,
        tags: Iterable[str] | None = None,
        is_favorite: bool | None = None,
        model: str | None = None,
    ) -> None:
        """Set what is given.  A title, tags or star that a person changes meanwhile win."""
        wanted = {"title": title, "is_favorite": is_favorite, "model": model}
        self._set |= {name: value for name, value in wanted.items() if value is not None}
        if tags is not None:
            self._set["tags"] = list(tags)

    def checkpoint(
        self, name: str, *, description: str | None = None, keep: int | None = None
    ) -> CheckpointMetadata:
        """Save the current state of the conversation under a name.

        With `keep`, only that many of the newest checkpoints remain when the block ends; the rest go to
        the trash.

        Raises:
            ValueError: `keep` is less than 1.
        """
        if keep is not None:
            if keep < 1:
                raise ValueError("at least the new checkpoint is kept")
            self._keep = keep
        metadata = CheckpointMetadata(uuid4(), name, Timestamp.now(), len(self), description)
        self._snapshots.append(_Snapshot(metadata, len(self.added), len(self._modes)))
        return metadata

    # --- for the store

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.added or self._modes or self._set or self._snapshots)

    @property
    def addition(self) -> Addition:
        """The messages and changes of mode to be written at the end."""
        return Addition(self.added, self._modes)

    @property
    def has_checkpoints(self) -> bool:
        """Whether checkpoints were made."""
        return bool(self._snapshots)

    def checkpoints(self, session: Session) -> list[Checkpoint]:
        """The checkpoints to be written; `session` is the one in the file.

        Raises:
            StaleSession: another program added messages.
        """
        _, conversation, state = session
        if len(conversation.messages) != self._count:
            raise StaleSession("another program added messages")
        made = []
        for each in self._snapshots:
            messages = [*conversation.messages, *self.added[: each.messages]]
            modes = [*conversation.mode_history, *self._modes[: each.modes]]
            at = replace(conversation, messages=messages, mode_history=modes)
            made.append(Checkpoint(each.metadata, at, state))
        return made

    def change(self, path: Path) -> appending.Change:
        """What becomes of the metadata in the file when all is written.

        It raises `StaleSession` if another program added messages.
        """

        def change(there: SessionMetadata) -> SessionMetadata:
            if there.message_count != self._base.message_count:
                raise StaleSession("another program added messages", path=path)
            listed = [*there.checkpoints, *(each.metadata for each in self._snapshots)]
            self.dropped = listed[: -self._keep] if self._keep is not None else []
            return self._changed(there)

        return change

    def _changed(self, there: SessionMetadata) -> SessionMetadata:
        base = self._base
        fields = {
            name: value
            for name, value in self._set.items()
            if name not in OWNED or getattr(there, name) == getattr(base, name)
        }
        if self._modes:
            fields["current_mode"] = self._modes[-1][0]
        if self._snapshots:
            listed = [*there.checkpoints, *(each.metadata for each in self._snapshots)]
            fields["checkpoints"] = listed[-self._keep :] if self._keep is not None else listed
        return replace(appending.with_messages(there, self.added), **fields)


def write(editor: SessionEditor, writer: StoreWriter, path: Path, level: int) -> None:
    """Write what an editor collected; the checkpoints first, so that no list promises what is not there."""
    session_id = editor.metadata.id
    made = editor.checkpoints(read_session(path)) if editor.has_checkpoints else []
    layout = paths.layout_of(writer.root, path)
    files = {_file_of(session_id, each.metadata): each for each in made}
    try:
        for name, each in files.items():
            writer.save_file(name, checkpoint.encode(each, layout))
        writer.append(path, editor.addition, editor.change(path), level)
    except SavedNotListed:
        _drop(editor, writer)
        raise
    except BaseException:
        _discard_unlisted(writer, path, files)
        raise
    _drop(editor, writer)


def _discard_unlisted(writer: StoreWriter, path: Path, files: Mapping[str, Checkpoint]) -> None:
    """Remove the new checkpoints, unless the session lists them: it may be saved when a person interrupts.

    What a session that cannot be read lists is unknown, so they stay.
    """
    try:
        with SessionFile(path) as file:
            listed = {each.id for each in file.metadata.checkpoints}
    except PersistenceError:
        return
    for name, each in files.items():
        if each.metadata.id not in listed:
            with suppress(OSError, PersistenceError):
                writer.discard(name)


def _drop(editor: SessionEditor, writer: StoreWriter) -> None:
    if editor.dropped:
        writer.act("checkpoint-delete", editor.dropped, lambda: _without_dropped(editor, writer))


def _without_dropped(editor: SessionEditor, writer: StoreWriter) -> Change:
    """Move the files of the checkpoints that do not remain to the trash."""
    metadata = editor.metadata
    found = (checkpoint_path(writer.root, metadata.id, each.id) for each in editor.dropped)
    sizes = {
        f"{paths.CHECKPOINTS}/{path.name}": there.size
        for path in found
        if (there := Signature.at(path)) is not None
    }
    session = ActSession(str(metadata.id), metadata.title, sum(sizes.values()))
    return Change([Step("move", path) for path in sizes], [session])


def _file_of(session_id: UUID, metadata: CheckpointMetadata) -> str:
    return f"{paths.CHECKPOINTS}/{checkpoint.file_name(session_id, metadata.id)}"
