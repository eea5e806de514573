"""Checks the files beside the sessions: checkpoints, the index, and copies of the metadata.

Strategy: each is read completely, within its reader's size limit, and decoded; its name is compared with its
content. A damaged index or copy is wrong but no loss: both can be rebuilt from the sessions.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from agcx_format import limits
from agcx_format.disk.durable import open_regular, read_exactly
from agcx_format.doctor.report import FileReport, ReportDraft, ReportPart, Severity
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.layout import checkpoint, index
from agcx_format.layout.metadata_copies import MetadataCopies
from agcx_format.model.session import CheckpointMetadata, SessionIndex, SessionMetadata
from agcx_format.store.paths import is_uuid

__all__ = ["UNNAMED", "read_small", "verify_checkpoint", "verify_copy", "verify_index"]

_T = TypeVar("_T")

# Layout 2's checkpoints do not hold their own metadata.
UNNAMED = CheckpointMetadata(UUID(int=0), "", "1970-01-01T00:00:00Z", 0, None)


def verify_checkpoint(path: str | os.PathLike[str]) -> FileReport:
    """Check one checkpoint, and that its name has its id."""
    draft = ReportDraft(path, "checkpoint")
    value = _decoded(draft, lambda data: checkpoint.decode(data, UNNAMED), Severity.ERROR)
    ids = checkpoint.ids_of(os.path.basename(path))
    if ids is None:
        reason = "its name is not that of a checkpoint: <session>_<checkpoint>.ckpt"
        draft.add(Severity.WARNING, "name", "file", reason)
        return draft.finish()
    draft.id = ids[0]
    if value is not None and value.metadata.id not in (UNNAMED.id, ids[1]):
        reason = f"its id is {value.metadata.id}, the file is named {ids[1]}"
        draft.add(Severity.WARNING, "id", "checkpoint", reason)
    return draft.finish()


def verify_index(path: str | os.PathLike[str]) -> tuple[ReportDraft, SessionIndex | None]:
    """The report so far, and the index if it can be read."""
    draft = ReportDraft(path, "index")
    value = _decoded(draft, index.decode, Severity.WARNING)
    if value is None:
        return draft, None
    found, draft.layout = value
    return draft, found


def verify_copy(
    path: str | os.PathLike[str], copies: MetadataCopies
) -> tuple[ReportDraft, SessionMetadata | None]:
    """Check one copy: the report so far, and the metadata if they can be read."""
    draft = ReportDraft(path, "metadata copy")
    value = _decoded(draft, copies.decode, Severity.WARNING)
    name = os.path.basename(path).removesuffix(copies.suffix)
    draft.id = UUID(name) if is_uuid(name) else None
    if draft.id is None:
        reason = f"its name is not that of a session: <id>{copies.suffix}"
        draft.add(Severity.WARNING, "name", "file", reason)
    elif value is not None and value.id != draft.id:
        reason = f"its id is {value.id}, the file is named {draft.id}"
        draft.add(Severity.WARNING, "id", draft.kind, reason)
    return draft, value


def read_small(path: str | os.PathLike[str]) -> bytes:
    """Read a whole file that must fit in memory.

    Raises:
        PersistenceError: it cannot be read, or is too large.
    """
    fd, status = open_regular(path)
    try:
        if status.st_size > limits.WHOLE_SECTION:
            raise CorruptData(f"{status.st_size:,} bytes are too many", section="file")
        return read_exactly(fd, status.st_size, 0)
    finally:
        os.close(fd)


def _decoded(draft: ReportDraft, decode: Callable[[bytes], _T], severity: Severity) -> _T | None:
    try:
        data = read_small(draft.path)
        draft.size = len(data)
        draft.parts.append(ReportPart(draft.kind, 0, len(data)))
        return decode(data)
    except PersistenceError as error:
        where = {"offset": error.offset, "decompressed": error.decompressed}
        draft.add(severity, "unreadable", error.section or draft.kind, error.reason, **where)
        return None
