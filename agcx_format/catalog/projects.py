"""The project of a session: the directory that its agent worked in, one for all worktrees of a repository.

Strategy: a Git worktree has a file `.git` that names its repository; the same place in the repository's own
directory is the project.  Where the worktree is gone, the folders that agents make worktrees in tell.  Only
the reading of first words asks, in the background: a directory that a session names may be on a slow disk.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from typing import NamedTuple

from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import PersistenceError

__all__ = ["Opening", "project_directory", "project_name"]

# A file `.git` is one line, and no one works deeper than this below a repository.
_LARGEST_FILE = 4096
_DEEPEST = 32

_gitdir = re.compile(r"gitdir:\s*(.+?)/([^/]+)/worktrees/[^/]+/?\s*")
_made_by_agents = re.compile(r"(.+?)/(?:\.claude/worktrees|\.worktrees)/[^/]+(/.*)?")


class Opening(NamedTuple):
    """What the beginning of a session says about it.

    Fields:
        words: the person's first words, in one line.
        directory: the agent's working directory.
        project: see `project_directory`.
        branch: the Git branch, where it was recorded.
        tokens: those read and written, where that was recorded.
        cost: in US dollars, where it was recorded.
        is_damaged: whether the part of the file with all of these but the words could not be read.

    All may be empty, or 0.
    """

    words: str = ""
    directory: str = ""
    project: str = ""
    branch: str = ""
    tokens: int = 0
    cost: float = 0.0
    is_damaged: bool = False


def project_name(directory: str) -> str:
    """The last part of a directory.

    >>> project_name("/home/ana/src/site/"), project_name("/"), project_name("")
    ('site', '/', '')
    """
    return os.path.basename(directory.rstrip("/")) or directory[:1]


@lru_cache(maxsize=4096)
def project_directory(directory: str) -> str:
    """The directory itself or, in a Git worktree, the same place in the directory of its repository.

    Looks at the disk; the directory need not exist.
    """
    directory = directory.rstrip("/") or directory
    root = directory
    for _ in range(_DEEPEST):
        if not root.startswith("/"):
            break
        repository = _repository(root)
        if repository is not None:
            return repository + directory[len(root) :]
        root = os.path.dirname(root).rstrip("/")
    known = _made_by_agents.fullmatch(directory)
    return known[1] + (known[2] or "") if known else directory


def _repository(root: str) -> str | None:
    """The directory of the repository that a worktree at `root` belongs to; `root` if it is one itself.

    None where there is neither.
    """
    marker = f"{root}/.git"
    try:
        if os.path.isdir(marker):
            return root
        with OpenFile(marker) as file:
            content = os.fsdecode(file.read(_LARGEST_FILE, 0))
    except (PersistenceError, OSError, ValueError):
        return None
    match = _gitdir.fullmatch(content)
    if match is None:
        # A submodule, for example.
        return root
    above = os.path.normpath(os.path.join(root, match[1]))
    if match[2] in (".git", ".bare"):
        return above
    return os.path.join(above, match[2].removesuffix(".git"))
