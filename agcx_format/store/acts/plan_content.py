"""Work out the steps that put other content into sessions and their checkpoints: whole files, in one act.

Strategy: a file is read strictly, since of a damaged one the rest would be lost, and written in the layout
that it has.  What changes is a pure function of values (`session.edits`, `redaction`); this module
only reads, encodes, and lists the files that follow.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from agcx_format.disk.durable import Signature
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError, StaleSession
from agcx_format.layout import HEAD, Layout, checkpoint
from agcx_format.model.session import Checkpoint, Session
from agcx_format.session.streamed import stream_session
from agcx_format.store import paths
from agcx_format.store.acts.encoder import Encoder
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_format.store.acts.plan import Change, copy_steps, deletion
from agcx_format.store.entries import ScanEntry

__all__ = ["checkpoint_layout", "encoded", "joining", "read_unchanged", "replaced"]


def read_unchanged(entry: ScanEntry) -> Session:
    """A whole session, from the very file that was scanned; see `stream_session`.

    Raises:
        StaleSession: the file has changed.
        PersistenceError: it is damaged, or cannot be read.
    """
    session = stream_session(entry.path)
    if Signature.of_target(entry.path) != entry.signature:
        raise StaleSession("it changed since it was read", path=entry.path)
    return session


def replaced(
    root: Path,
    sessions: Iterable[tuple[ScanEntry, Session]],
    level: int,
    checkpoints: Iterable[tuple[str, Signature, Checkpoint]] = (),
) -> Change:
    """Put other content into these sessions, and into checkpoints (path in the store, file as it was read).

    Raises:
        PersistenceError: the layout of a file cannot hold something.
    """
    relative = paths.relative_paths(root)
    steps, acted, index = [], [], {}
    encoder = Encoder(level, root)
    for entry, session in sessions:
        try:
            new = encoder.encode(entry.layout, session)
        except (TypeError, ValueError) as cause:
            raise PersistenceError(str(cause), path=entry.path) from None
        path = relative(entry.path)
        steps.append(Step("replace", path, parts=new.parts, expected=entry.signature))
        steps += copy_steps(root, entry.layout, new.stored)
        acted.append(ActSession(str(new.indexed.id), new.indexed.title, entry.size))
        index[new.indexed.id] = new.indexed
    for path, signature, value in checkpoints:
        file = root / path
        parts = encoded(value, checkpoint_layout(file).version, file)
        steps.append(Step("replace", path, parts=parts, expected=signature))
    return Change(steps, acted, index)


def joining(root: Path, first: ScanEntry, second: ScanEntry, whole: Session, level: int) -> Change:
    """Make `first` the whole of two sessions, and move `second` to the trash.

    Raises:
        PersistenceError: the layout of the first cannot hold something, or a folder cannot be read.
    """
    kept, gone = replaced(root, [(first, whole)], level), deletion(root, [second])
    return Change(
        [*kept.steps, *gone.steps], [*kept.sessions, *gone.sessions], {**kept.index, **gone.index}
    )


def checkpoint_layout(path: str | os.PathLike[str]) -> Layout:
    """The layout that a checkpoint is written in.

    Raises:
        PersistenceError: the file cannot be read.
    """
    with OpenFile(path) as file:
        return checkpoint.layout_of(file.read(min(HEAD, file.size), 0))


def encoded(value: Checkpoint, layout: int, path: str | os.PathLike[str]) -> list[bytes]:
    """The parts of a checkpoint's file; `path` is for errors.

    Raises:
        PersistenceError: the layout cannot hold something in it.
    """
    try:
        return checkpoint.encode(value, layout)
    except PersistenceError as error:
        raise error.located(path=path) from None
    except (TypeError, ValueError) as cause:
        raise PersistenceError(str(cause), path=path) from None
