"""The names that a person gave to sessions of Codex, from a file beside the rollouts."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path

from agcx_format.errors import PersistenceError
from agcx_format.importing.fields import as_text
from agcx_format.importing.json_lines import read_lines

__all__ = ["Names", "names_beside"]

_INDEX = "session_index.jsonl"
# A rollout lies in sessions/YEAR/MONTH/DAY below the directory of the index.
_LEVELS = 5


Names = Mapping[str, Sequence[str]]


def names_beside(rollout: Path) -> Names:
    """The names of each session by its id, the last one given last, from the index of their directory."""
    for directory in list(rollout.absolute().parents)[:_LEVELS]:
        index = directory / _INDEX
        try:
            status = index.stat()
        except OSError:
            continue
        return _names(index, status.st_mtime_ns, status.st_size)
    return {}


# One directory is read for all its rollouts; a file that changed is read again.
@functools.lru_cache(maxsize=4)
def _names(index: Path, changed_ns: int, size: int) -> Names:
    """Empty if the index cannot be read."""
    names: dict[str, list[str]] = {}
    try:
        for line in read_lines(index):
            for value in line.values:
                if isinstance(value, dict) and (name := as_text(value.get("thread_name")).strip()):
                    names.setdefault(as_text(value.get("id")), []).append(name)
    except (OSError, PersistenceError):
        pass
    return names
