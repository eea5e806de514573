"""What an act is, and the manifest that records it: `manifest.json` in the act's directory.

Strategy: a manifest is a file like any other and may come from anywhere, so it is used only if every
part of it is valid.  One function, `checked`, decides which steps are: `perform` carries out exactly
what recovery and undo accept when they read it back.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Iterable
from typing import Annotated, Any, Final, Self

import msgspec

from agcx_format import limits
from agcx_format.disk.durable import Signature
from agcx_format.errors import CorruptData, PersistenceError
from agcx_format.model.timestamps import Timestamp, is_usual, to_datetime
from agcx_format.session.listed import short_title
from agcx_format.store.paths import TRASH
from agcx_format.store.staging import StagedFile

__all__ = ["Act", "ActSession", "Edit", "Step", "checked", "decode", "encode"]

_FORMAT: Final = 1
_OPS: Final = ("move", "replace", "create", "restore")
# What earlier versions called them.
_FORMER_OPS: Final = {"bring": "restore"}
# Parts of a path that name no file, or lead out of a folder.
_NOT_NAMES: Final = frozenset({"", ".", ".."})
# No system has longer ones.
_LONGEST_NAME, _LONGEST_PATH = 255, 4096
_U63 = 1 << 63
# The usual names of sessions and of what belongs to them, which need no further check.
_PLAIN: Final = r"[0-9A-Za-z][\w.-]{0,200}(?:/[0-9A-Za-z][\w.-]{0,200}){0,4}"
_is_plain = re.compile(_PLAIN, re.ASCII).fullmatch
# Plain paths outside of the trash.
_is_usual = re.compile(rf"(?!{TRASH}(?:/|$)){_PLAIN}", re.ASCII | re.IGNORECASE).fullmatch


class Step(msgspec.Struct, frozen=True, gc=False):
    """What an act does to one file; `path` is relative to the store, with `/`.

    Fields:
        op: `move` takes the file out of the store; `replace` puts `parts` in its place; `create` writes
            `parts` where there is no file; `restore` moves `source` there, which lies in the trash.
        staged: a file that was written before the act, in place of `parts`.
        expected: the file (of `restore`, its source) as it was when it was read.
        after: the file once the step is done.
        derived: the index or a copy of metadata, which is written with the act but is not part of
            it: nothing of it is kept, and an undo rebuilds it.
        mtime_ns: when the new file says that it was changed last; None for now.
    """

    op: str
    path: str
    parts: Iterable[bytes] = ()
    staged: StagedFile | None = None
    expected: Signature | None = None
    after: Signature | None = None
    derived: bool = False
    source: str | None = None
    mtime_ns: int | None = None

    def to_plain(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"op": self.op, "path": self.path, "derived": self.derived}
        if self.source is not None:
            plain["source"] = self.source
        if self.after is not None:
            plain["after"] = [self.after.inode, self.after.size, self.after.mtime_ns]
        return plain

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Step:
        source = plain.get("source")
        after = plain.get("after")
        signature = None if after is None else Signature(*(_count(number) for number in after))
        derived = bool(plain.get("derived"))
        op = _FORMER_OPS.get(plain["op"], plain["op"])
        return checked(cls(op, plain["path"], after=signature, derived=derived, source=source))


def checked(step: Step) -> Step:
    """The step, if an act may hold it.

    Raises:
        ValueError: the operation is unknown; no file can have the path, or it leads out of the store
            or into its trash; or the source is outside the trash.
    """
    path = step.path
    if step.op == "move" and step.source is None and isinstance(path, str) and _is_usual(path):
        # As thousands of steps of a deletion are.
        return step
    if step.op not in _OPS:
        raise ValueError(f"unknown operation: {step.op!r}")
    if _parts(step.path)[0].casefold() == TRASH:
        raise ValueError(f"in the trash: {step.path!r}")
    if (step.source is not None) != (step.op == "restore"):
        raise ValueError(f"only what is restored has a source: {step.path!r}")
    if step.source is not None:
        parts = _parts(step.source)
        # It is where the file of this path was moved to.
        if parts[3:] != _parts(step.path) or (parts[0], parts[2]) != (TRASH, "files"):
            raise ValueError(f"not in the trash: {step.source!r}")
    return step


def _parts(path: str) -> list[str]:
    if not isinstance(path, str):
        raise ValueError(f"not a path: {path!r}")
    if _is_plain(path):
        return path.split("/")
    # Raises UnicodeEncodeError, a ValueError, for names that no file system accepts.
    data = os.fsencode(path)
    names = path.split("/")
    if b"\0" in data or not _NOT_NAMES.isdisjoint(names):
        raise ValueError(f"not in the store: {path!r}")
    if len(data) > _LONGEST_PATH or any(len(os.fsencode(n)) > _LONGEST_NAME for n in names):
        raise ValueError(f"too long for a path: {path[:100]!r}…")
    if len(names) > limits.DEEPEST:
        raise ValueError(f"too deep for a path: {path[:100]!r}…")
    return names


def _count(value: Any) -> int:
    """A size, an inode or a time in nanoseconds, within the range of the system's types."""
    if not isinstance(value, int) or not -_U63 <= value < 2 * _U63:
        raise ValueError(f"not a 64-bit number: {str(value)[:40]}")
    return value


class ActSession(
    msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True
):
    """A session that an act changed: enough to name it in a list; `size` in bytes.

    Id and title are empty once the act was emptied.
    """

    id: str
    title: str
    size: Annotated[int, msgspec.Meta(ge=0, le=_U63 - 1)]


class Edit(msgspec.Struct, frozen=True):
    """What an edit changed, for the history alone: an undo goes by the files.

    Fields:
        fields: names of the fields that changed.
        old_title: the title before; only if one session was edited.
        favorite: the new value, if it is the same for all sessions.
        added, removed: tags, of whichever session.
    """

    fields: tuple[str, ...]
    old_title: str | None = None
    favorite: bool | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """The edit for JSON."""
        return {
            "fields": self.fields,
            "old_title": self.old_title,
            "favorite": self.favorite,
            "added": self.added,
            "taken": self.removed,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> Self | None:
        """None if it is not valid: an act can be undone without it."""
        if not isinstance(plain, dict):
            return None
        names = ("fields", "added", "taken")
        lists = [plain.get(name, []) for name in names]
        if not all(isinstance(each, list) for each in lists):
            return None
        fields, added, removed = (tuple(map(str, each)) for each in lists)
        title, favorite = plain.get("old_title"), plain.get("favorite")
        return cls(
            fields,
            title if isinstance(title, str) else None,
            favorite if isinstance(favorite, bool) else None,
            added,
            removed,
        )


class Act(msgspec.Struct, frozen=True, gc=False):
    """One act, as its manifest describes it.

    Fields:
        id: names it for an undo; empty if nothing changed, and so nothing is in the history.
        undone: whether it was undone.
        emptied_at: when what it kept was destroyed.
        edit: what an edit changed; None for other kinds, for emptied acts, and in old manifests.
        ready: everything was prepared, so the first file may have moved.
        problem: why the manifest cannot be used; then only the name of the directory and the files
            in it are known.
    """

    id: str
    kind: str
    created_at: Timestamp
    sessions: tuple[ActSession, ...]
    steps: tuple[Step, ...]
    undone: bool = False
    emptied_at: Timestamp | None = None
    edit: Edit | None = None
    ready: bool = True
    problem: str | None = None

    @property
    def titles(self) -> list[str]:
        """The titles of the sessions that it changed."""
        return [session.title for session in self.sessions]

    @property
    def count(self) -> int:
        """How many sessions it changed."""
        return len(self.sessions)

    @property
    def size(self) -> int:
        """Bytes of all files of its sessions, checkpoints included."""
        return sum(session.size for session in self.sessions)

    @property
    def is_kept(self) -> bool:
        """Whether what it moved or replaced is still in its directory: neither undone nor emptied."""
        return not self.undone and self.emptied_at is None

    @property
    def can_be_undone(self) -> bool:
        """Whether it was neither undone nor destroyed, and its manifest can be used."""
        return self.is_kept and self.problem is None


def encode(act: Act) -> bytes:
    """The manifest of an act.

    Raises:
        PersistenceError: it would be too large to be read back.
    """
    plain: dict[str, Any] = {
        "format": _FORMAT,
        "kind": act.kind,
        "created_at": str(act.created_at),
        "sessions": [[s.id, short_title(s.title), s.size] for s in act.sessions],
        "steps": [step.to_plain() for step in act.steps],
        "ready": act.ready,
    }
    if act.edit is not None:
        plain["edit"] = act.edit.to_plain()
    data = _json(plain)
    if len(data) > limits.MANIFEST:
        raise PersistenceError(f"{len(act.steps):,} files are too many for one act")
    return data


def _json(plain: dict[str, Any]) -> bytes:
    """Only ASCII, since file names may contain lone surrogates, which UTF-8 cannot."""
    try:
        # Three times as fast as `json`, but it escapes nothing.
        data = msgspec.json.encode(plain)
    except UnicodeEncodeError:
        return json.dumps(plain).encode("ascii")
    if data.isascii():
        return data
    return data.decode().encode("ascii", _ESCAPED)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """What is not ASCII, as JSON escapes it."""
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


_ESCAPED: Final = "agcx.json"
codecs.register_error(_ESCAPED, _escaped)


class _WrittenStep(msgspec.Struct, gc=False):
    op: str
    path: str
    derived: bool = False
    source: str | None = None
    after: tuple[int, int, int] | None = None


class _Written(msgspec.Struct, gc=False):
    """A manifest as `encode` writes it."""

    format: int
    kind: str
    created_at: str
    sessions: tuple[ActSession, ...]
    steps: list[_WrittenStep]
    ready: bool = True
    edit: Any = None
    emptied_at: str | None = None


_decode_written = msgspec.json.Decoder(_Written).decode


def decode(data: bytes, act_id: str, *, undone: bool) -> Act:
    """The act that a manifest describes.

    Raises:
        CorruptData: the manifest is damaged, or not one of ours.
    """
    # Most are as this version writes them; for the others, `_decoded` decides whether they are valid.
    # Among a store's ten thousand acts the difference can be felt.
    try:
        plain = _decode_written(data)
        created_at = Timestamp.usual(plain.created_at)
        if created_at and plain.created_at >= "0001" and plain.format == _FORMAT and data.isascii():
            return Act(
                act_id,
                plain.kind,
                created_at,
                plain.sessions,
                tuple([_step(step) for step in plain.steps]),
                undone,
                Timestamp(plain.emptied_at) if plain.emptied_at else None,
                None if plain.edit is None else Edit.from_plain(plain.edit),
                plain.ready,
            )
    except (ValueError, RecursionError, msgspec.MsgspecError):
        pass
    return _decoded(data, act_id, undone)


def _step(plain: _WrittenStep) -> Step:
    """Raises ValueError if an act may not hold it."""
    if plain.after is None and plain.source is None and plain.op in _OPS:
        # A deletion, as most steps are.
        return checked(Step(plain.op, plain.path, derived=plain.derived))
    after = None if plain.after is None else Signature(*map(_count, plain.after))
    return checked(
        Step(
            _FORMER_OPS.get(plain.op, plain.op),
            plain.path,
            after=after,
            derived=plain.derived,
            source=plain.source,
        )
    )


def _decoded(data: bytes, act_id: str, undone: bool) -> Act:
    try:
        # Ours are ASCII; text is parsed faster than bytes, whose encoding has to be detected.
        plain = json.loads(data.decode("ascii"))
        if plain["format"] != _FORMAT:
            raise CorruptData(f"a manifest of format {plain['format']!r:.40}")
        if not is_usual(plain["created_at"]) or plain["created_at"] < "0001":
            # A year that `datetime` does not have would break every list of acts.
            to_datetime(plain["created_at"])
        emptied = plain.get("emptied_at")
        sessions = [
            ActSession(str(i), str(title), max(0, _count(size)))
            for i, title, size in plain["sessions"]
        ]
        return Act(
            act_id,
            str(plain["kind"]),
            Timestamp(plain["created_at"]),
            tuple(sessions),
            tuple(Step.from_plain(step) for step in plain["steps"]),
            undone=undone,
            emptied_at=Timestamp(emptied) if emptied else None,
            edit=Edit.from_plain(plain.get("edit")),
            ready=bool(plain.get("ready", True)),
        )
    except PersistenceError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ArithmeticError):
        raise CorruptData("damaged, or not written by agcx") from None
