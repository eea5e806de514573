"""The column of projects in the lists of the command line."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["MOST_READ", "project_column"]

MOST_READ = 1000
"""Sessions whose beginnings are read for their projects, half a millisecond each."""

# Cells of a project at most, and between it and the title that follows.
_WIDEST, _GAP = 24, "  "


def project_column(names: Sequence[str]) -> list[str]:
    """What precedes each title: the name of its project; empty texts if no project is known.

    >>> project_column(["site", "", "parser"])
    ['site    ', '        ', 'parser  ']
    """
    from rich.cells import cell_len

    from agcx_tui.core.sessions.columns import fit_middle, plain_cells

    plain = [plain_cells(name) for name in names]
    width = min(max(map(cell_len, plain), default=0), _WIDEST)
    return [f"{fit_middle(name, width)}{_GAP}" if width else "" for name in plain]
