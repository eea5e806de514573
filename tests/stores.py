"""Stores to test on: real files in a temporary directory, and a look at everything in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from agcx_format import PersistenceError, index
from agcx_format.files import read_session
from agcx_format.places import INDEX, TRASH
from agcx_format.types import Session
from tests.golden_files import GOLDEN, v1


def copy_of(name: str, target: Path) -> Path:
    """A writable copy of a golden store, `v1` or `manager-store`."""
    shutil.copytree(GOLDEN / name, target, copy_function=shutil.copyfile)
    return target


def contents(root: Path, *, trash: bool = False) -> dict[str, bytes]:
    """Every file below `root` by its relative path; what lies in the trash only when asked.

    The index is made anew from the sessions, so it counts by what it says and not by its bytes: their
    order in it is that in which they were added, and it holds the moment at which it was written.
    """
    found = {}
    for folder, _, names in os.walk(root):
        inside = os.path.relpath(folder, root)
        if trash or inside.split(os.sep)[0] != TRASH:
            for name in names:
                path = os.path.join(folder, name)
                data = Path(path).read_bytes()
                is_index = path == os.path.join(root, INDEX)
                found[os.path.normpath(os.path.join(inside, name))] = (
                    _meaning_of_index(data) if is_index else data
                )
    return found


def _meaning_of_index(data: bytes) -> bytes:
    try:
        value, layout = index.decode(data)
    except PersistenceError:
        return data
    said = (layout, sorted(value.sessions.items()), sorted(value.recent_sessions),
            sorted(value.favorite_sessions), value.total_size_bytes)  # fmt: skip
    return repr(said).encode()


def golden_session(name: str) -> Session:
    return read_session(v1(name).path)


def id_of(name: str) -> UUID:
    return UUID(v1(name).id)


@contextmanager
def without_privileges() -> Iterator[Path]:
    """An empty directory, and no right to do what only root may do, for as long as it lasts."""
    folder = Path(tempfile.mkdtemp())
    is_root = os.geteuid() == 0
    nobody = 65534
    try:
        if is_root:
            os.chown(folder, nobody, nobody)
            os.seteuid(nobody)
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o700)
        shutil.rmtree(folder)
