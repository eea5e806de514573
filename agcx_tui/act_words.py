"""How an act reads: in the log, in a toast, on the command line.  Pure, no Textual."""

from __future__ import annotations

from collections.abc import Sequence

from agcx_format.acts import Act
from agcx_tui.safe_text import safe_line
from agcx_tui.wording import counted, size

__all__ = ["act_named", "kind_of", "named", "state_of", "titles_of", "undone"]

_KINDS = {
    "delete": "Deleted",
    "prune": "Cleaned up",
    "edit": "Changed",
    "duplicate": "Duplicated",
    "split": "Split",
    "checkpoint": "Made of a checkpoint",
    "restore": "Brought back",
}
_DELETIONS = ("delete", "prune")
_TITLES = 3
_TITLE_LENGTH = 60


def kind_of(act: Act) -> str:
    """`Deleted`; of a kind that is not known, its own word."""
    return _KINDS.get(act.kind, safe_line(act.kind).capitalize())


def named(act: Act) -> str:
    """`“Fix the grid”, 1.2 MB`, or how many they are."""
    # A split tells of both halves, but what was split was one.
    split = act.kind == "split"
    if (act.count == 1 or split) and act.emptied_at is None:
        title = safe_line(act.titles[0]).strip() or "(no title)"
        in_two = " in two" if split else ""
        return f"“{title[:_TITLE_LENGTH]}”{in_two}, {size(act.sessions[0].size)}"
    return f"{counted(act.count, 'session')}, {size(act.size)}"


def undone(act: Act) -> str:
    """What is said once an act was taken back."""
    if act.kind in _DELETIONS:
        return f"Brought back {named(act)}."
    return f"Undone: {kind_of(act).lower()} {named(act)}."


def titles_of(act: Act) -> str:
    """The first titles, made safe; nothing once they are destroyed."""
    titles = [safe_line(title).strip() for title in act.titles[:_TITLES] if title]
    more = f" and {act.count - _TITLES:,} more" if act.count > _TITLES and titles else ""
    return ", ".join(title[:_TITLE_LENGTH] for title in titles) + more


def state_of(act: Act) -> str:
    """`undone`, `destroyed`, or nothing when it can be undone."""
    if act.emptied_at is not None:
        return "destroyed" if not act.undone else "undone, destroyed"
    return "undone" if act.undone else ""


def act_named(acts: Sequence[Act], name: str) -> Act | None:
    """The act that a person names: by its id, a beginning of it, or its last six characters.

    None when none fits, or several do.
    """
    fitting = [act for act in acts if act.id.startswith(name) or act.id.endswith(f"-{name}")]
    exact = [act for act in fitting if act.id == name]
    found = exact or fitting
    return found[0] if len(found) == 1 else None
