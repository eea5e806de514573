"""Writes what can be saved of a damaged file into a new one.

Strategy: `salvage` reads the file; this module completes the metadata, from the file if it still has them,
else from their copies in its store, else from the fields before the damage and from the messages. The new
file is put in place atomically and never replaces another; the damaged file is only read.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgpack
import msgspec
from msgspec.structs import replace

from agcx_format.codec import messagepack
from agcx_format.codec.bincode.decode import reader
from agcx_format.counting import counted
from agcx_format.disk.durable import TEMPORARY, naming, sync_directory, write_file
from agcx_format.disk.new_file import make_directory, put_new
from agcx_format.disk.open_file import OpenFile
from agcx_format.doctor.checks import verify_file
from agcx_format.doctor.companions import UNNAMED, read_small
from agcx_format.doctor.damaged_file import DamagedFile
from agcx_format.doctor.messages import Stopped
from agcx_format.doctor.salvage import salvage, salvage_checkpoint
from agcx_format.doctor.salvaged import Salvaged
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.layout import HEAD, LAYOUTS, Layout, by_version, checkpoint, guess
from agcx_format.model.fields import Float32
from agcx_format.model.ids import session_id
from agcx_format.model.new import initial_state
from agcx_format.model.session import (
    ConversationContext,
    ConversationSnapshot,
    OperatingMode,
    SessionMetadata,
)
from agcx_format.model.timestamps import Timestamp
from agcx_format.session.whole import read_session
from agcx_format.store import paths  # fmt: skip
from agcx_format.store.index_file import read_index

__all__ = ["Repair", "can_be_saved", "repair_file"]

_LEVEL = 3


class Repair(msgspec.Struct, frozen=True):
    """The result of repairing one file.

    Fields:
        target: the new file; None if nothing was wrong with the old one.
        messages: how many were saved.
        lost, rebuilt: sentences, which may quote the file.
    """

    source: str
    target: str | None
    id: UUID | None
    messages: int = 0
    lost: tuple[str, ...] = ()
    rebuilt: tuple[str, ...] = ()


def repair_file(path: str | os.PathLike[str], directory: str | os.PathLike[str]) -> Repair:
    """Write what can be saved of `path` to `<id>.agcx` in `directory`, in the layout that it has.

    A checkpoint becomes a session, even if it is intact.

    Raises:
        PersistenceError: no message can be saved, or a file of that name exists.
    """
    source = os.fspath(path)
    is_checkpoint = source.endswith(checkpoint.SUFFIX)
    if not is_checkpoint and verify_file(path).ok:
        return Repair(source, None, paths.id_of(source))
    found = _salvage(path, is_checkpoint)
    if found.empty:
        raise CorruptData("no message in it can be saved", path=path)
    metadata, rebuilt = _metadata(found, Path(path))
    if found.reworded:
        rebuilt.append(
            f"the reasoning of {counted(found.reworded, 'message')}, so that AGCodex can load it"
        )
    target = Path(directory) / f"{metadata.id}{paths.SUFFIX}"
    _write_new(target, _parts(found, metadata))
    return Repair(
        source, str(target), metadata.id, len(found.messages), tuple(found.lost), tuple(rebuilt)
    )


def can_be_saved(
    path: str | os.PathLike[str], should_stop: Callable[[], bool] = lambda: False
) -> bool:
    """Whether `repair_file` would write something: reads as much of a damaged file as it does.

    False once `should_stop` returns True.
    """
    try:
        return not _salvage(path, os.fspath(path).endswith(checkpoint.SUFFIX), should_stop).empty
    except (PersistenceError, Stopped):
        return False


# --- reading


def _salvage(
    path: str | os.PathLike[str],
    is_checkpoint: bool,
    should_stop: Callable[[], bool] = lambda: False,
) -> Salvaged:
    with OpenFile(path) as file:
        found = _salvage_open(DamagedFile(file, should_stop), is_checkpoint)
        found.mtime_ns = file.signature.mtime_ns
        return found


def _salvage_open(source: DamagedFile, is_checkpoint: bool) -> Salvaged:
    file = source.file
    head = file.read_before_damage(HEAD, 0)
    if is_checkpoint:
        layout = checkpoint.layout_of(head)
        return salvage_checkpoint(source, layout) or _whole_checkpoint(file.path, layout)
    likely = guess(head)
    found = salvage(source, likely)
    # A damaged version number names the wrong layout.
    for layout in LAYOUTS.values():
        if found.empty and layout is not likely:
            found = salvage(source, layout)
    # Only the strict reader knows maps with field names.
    return (_whole(file.path, likely.version) if found.lost else None) or found


def _whole(path: str | os.PathLike[str], layout: int) -> Salvaged | None:
    """The whole file if the strict reader accepts it, else None."""
    try:
        metadata, conversation, state = read_session(path)
    except PersistenceError:
        return None
    found = Salvaged(layout, metadata, state=state)
    _take_conversation(found, conversation)
    return found


def _whole_checkpoint(path: str | os.PathLike[str], layout: Layout) -> Salvaged:
    value = checkpoint.decode(read_small(path), UNNAMED)
    found = Salvaged(layout.version, state=value.state)
    _take_conversation(found, value.conversation)
    return found


def _take_conversation(found: Salvaged, conversation: ConversationSnapshot) -> None:
    for number, message in enumerate(conversation.messages):
        found.take(number, messagepack.encode(messagepack.as_written(message)))
    found.context = messagepack.encode(conversation.context)
    found.history = messagepack.encode(conversation.mode_history)


# --- metadata


def _metadata(found: Salvaged, path: Path) -> tuple[SessionMetadata, list[str]]:
    """The metadata of the new file, and which parts of them were rebuilt."""
    ids = checkpoint.ids_of(path.name)
    named = ids[0] if ids else paths.id_of(os.fspath(path))
    metadata, rebuilt = found.metadata, []
    if metadata is None and named is not None:
        for source, copy in _copies(path, named):
            metadata = copy
            rebuilt.append(f"the metadata: taken from {source}")
            break
    if metadata is None:
        metadata, notes = _made(found, path, named)
        rebuilt += notes
    if named is not None and metadata.id != named:
        rebuilt.append(f"the id: {named}, as the file is named; the metadata say {metadata.id}")
        metadata = replace(metadata, id=named)
    if metadata.message_count != len(found.messages):
        rebuilt.append(
            f"the number of messages: {len(found.messages):,}; it said {metadata.message_count:,}"
        )
        metadata = replace(metadata, message_count=len(found.messages))
    return metadata, rebuilt


def _copies(path: Path, session_id: UUID) -> Iterator[tuple[str, SessionMetadata]]:
    """Copies of the metadata in the store of the file, the better ones first."""
    for root in (path.parent, path.parent.parent):
        for copies in (layout.copies for layout in LAYOUTS.values() if layout.copies):
            copy = root / copies.path(session_id)
            with contextlib.suppress(PersistenceError):
                metadata = copies.decode(read_small(copy))
                if metadata.id == session_id:
                    yield str(copy), metadata
        with contextlib.suppress(PersistenceError):
            indexed = read_index(root / paths.INDEX)[0].sessions.get(session_id)
            if indexed is not None and indexed.id == session_id:
                yield str(root / paths.INDEX), indexed


def _made(found: Salvaged, path: Path, named: UUID | None) -> tuple[SessionMetadata, list[str]]:
    """Rebuild the metadata from the fields before the damage and from the messages."""
    known = _leading_fields(found.block)
    changed = Timestamp.from_ns(found.mtime_ns)
    first, last = found.times or (changed, changed)
    made: dict[str, Any] = {
        "id": named or session_id(None, path.name),
        "title": found.first_words,
        "created_at": first,
        "updated_at": last,
        "last_accessed": last,
        "message_count": len(found.messages),
        "turn_count": found.turns,
        "current_mode": OperatingMode.BUILD,
        "model": "unknown",
        "tags": [],
        "is_favorite": False,
        "file_size": 0,
        "compression_ratio": Float32(0.0),
        "format_version": found.layout,
        "checkpoints": [],
    }
    notes = ["the metadata: made from the messages and the file's name"]
    if named is None:
        notes.append("the id: the file's name has none, this one was made from it")
    if known:
        notes[0] += f", as far as the file says no more than {', '.join(known)}"
    return SessionMetadata(**(made | known)), notes


def _leading_fields(block: bytes) -> dict[str, Any]:
    """The fields before the first that cannot be read.

    The last of them is left out: its damaged length may be what makes the next field unreadable.
    """
    known: dict[str, Any] = {}
    at = 0
    for each in msgspec.structs.fields(SessionMetadata):
        try:
            known[each.name], at = reader(each.type)(block, at)
        except PersistenceError:
            break
    if known:
        known.popitem()
    return known


# --- writing


def _parts(found: Salvaged, metadata: SessionMetadata) -> list[bytes]:
    return by_version(found.layout).assemble(
        metadata,
        _array(found.messages),
        found.context or _no_context(),
        found.history,
        found.state or initial_state(),
        _LEVEL,
    )


def _array(values: list[bytes]) -> bytes:
    return b"".join([msgpack.Packer().pack_array_header(len(values)), *values])


def _no_context() -> bytes:
    return messagepack.encode(ConversationContext("", {}, [], None, None))


def _write_new(target: Path, parts: Iterable[bytes]) -> None:
    """Write a new file durably and atomically; never replaces one."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}{TEMPORARY}")
    with naming(target):
        make_directory(target.parent)
        try:
            write_file(temporary, parts)
            put_new(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        sync_directory(target.parent)
