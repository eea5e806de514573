"""Stores to test on: real files in a temporary directory, and a look at everything in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from uuid import UUID

from agcx_format.files import read_session
from agcx_format.places import TRASH
from agcx_format.types import Session
from tests.golden_files import GOLDEN, v1


def copy_of(name: str, target: Path) -> Path:
    """A writable copy of a golden store, `v1` or `manager-store`."""
    shutil.copytree(GOLDEN / name, target, copy_function=shutil.copyfile)
    return target


def contents(root: Path, *, trash: bool = False) -> dict[str, bytes]:
    """Every file below `root` by its relative path; what lies in the trash only when asked."""
    found = {}
    for folder, _, names in os.walk(root):
        inside = os.path.relpath(folder, root)
        if trash or inside.split(os.sep)[0] != TRASH:
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.normpath(os.path.join(inside, name))] = Path(path).read_bytes()
    return found


def golden_session(name: str) -> Session:
    return read_session(v1(name).path)


def id_of(name: str) -> UUID:
    return UUID(v1(name).id)
