"""Stores to test on: real files in a temporary directory, and a look at everything in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format.errors import IndexCorrupted
from agcx_format.layout import index
from agcx_format.model.session import Session
from agcx_format.session.whole import read_session
from agcx_format.store import paths
from agcx_format.store.acts import reserve
from agcx_format.store.entries import ScanEntry
from agcx_format.store.paths import TRASH
from agcx_format.store.store import Store
from tests.support.golden_files import GOLDEN, v1


def copy_of(name: str, target: Path) -> Path:
    """A writable copy of a golden store, `v1` or `manager-store`."""
    shutil.copytree(GOLDEN / name, target, copy_function=shutil.copyfile)
    return target


def contents(root: Path, *, trash: bool = False) -> dict[str, bytes]:
    """Every file below `root` by its relative path; what lies in the trash only when asked.

    Of the index, which is made again from the sessions, only what it says of them.
    """
    found = {}
    for folder, _, names in os.walk(root):
        inside = os.path.relpath(folder, root)
        if trash or inside.split(os.sep)[0] != TRASH:
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.normpath(os.path.join(inside, name))] = Path(path).read_bytes()
    # Space for a full disk: it holds nothing.
    ours = tuple(os.path.join(TRASH, name) for name in (reserve.FILE, reserve.FOLDER))
    found = {name: data for name, data in found.items() if not name.startswith(ours)}
    if paths.INDEX in found:
        found[paths.INDEX] = said_by_index(found[paths.INDEX])
    return found


def without_index(root: Path) -> dict[str, bytes]:
    """The contents, but for the index."""
    return {name: data for name, data in contents(root).items() if name != paths.INDEX}


def with_checkpoints(store: Store) -> ScanEntry:
    """The session of `manager-store` that has checkpoints."""
    return next(entry for entry in store.scan() if entry.title == "Made by the session manager")


def said_by_index(data: bytes) -> bytes:
    """An index without what depends on when it was written, and in one order; a broken one as it is.

    Its recent sessions are in the order in which they were saved, as Rust has them, or accessed.
    """
    try:
        value, layout = index.decode(data)
    except IndexCorrupted:
        return data
    sessions = {key: value.sessions[key] for key in sorted(value.sessions)}
    tags = {tag: sorted(ids) for tag, ids in sorted(value.tag_index.items())}
    said = replace(
        value,
        sessions=sessions,
        recent_sessions=[],
        favorite_sessions=sorted(value.favorite_sessions),
        tag_index=tags,
        last_updated="2026-01-01T00:00:00Z",
    )
    return index.encode(said, layout)


def golden_session(name: str) -> Session:
    return read_session(v1(name).path)


def id_of(name: str) -> UUID:
    return UUID(v1(name).id)
