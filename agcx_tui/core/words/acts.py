"""Acts in words: for the history, notifications, and the command line.  Pure, no Textual."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from agcx_format import Act
from agcx_format.store import Edit
from agcx_format.transcript import safe_line
from agcx_tui.core.words.format import counted, shortened, size

__all__ = [
    "acts_named",
    "brings_in_many",
    "cannot_be_undone",
    "conflict",
    "describe",
    "describe_undo",
    "describe_with_undo",
    "destroyed_by_undo",
    "kind_of",
    "state_of",
    "summary",
    "titles_of",
]

_KINDS = {
    "delete": "Deleted",
    "prune": "Cleaned up",
    "edit": "Changed",
    "duplicate": "Duplicated",
    "copy": "Copied in",
    "import": "Imported",
    "convert": "Converted",
    "backup-restore": "Restored from a backup",
    "save": "Saved",
    "split": "Split",
    "repair": "Repaired",
    "checkpoint": "Created from a checkpoint",
    "checkpoint-create": "Created a checkpoint of",
    "checkpoint-rename": "Renamed a checkpoint of",
    "checkpoint-delete": "Deleted checkpoints of",
    "checkpoint-prune": "Cleaned up checkpoints of",
    "checkpoint-restore": "Restored a checkpoint of",
    "redact": "Redacted",
    "rewrite": "Changed messages of",
    "join": "Joined",
    "restore": "Restored",
}
_DELETIONS = ("delete", "prune")
_ARRIVALS = ("import", "copy", "backup-restore")
_TITLES = 3
_TITLE_LENGTH = 60
_TAGS = 5
_FIELDS = {
    "title": "title",
    "tags": "tags",
    "is_favorite": "star",
    "current_mode": "mode",
    "working_directory": "directory",
}


def kind_of(act: Act) -> str:
    """What kind of act it is, such as `Deleted`; an unknown kind is its own word."""
    return _KINDS.get(act.kind, safe_line(act.kind).capitalize())


def summary(act: Act) -> str:
    """The title, or the number of sessions, and the size: `“Fix the grid”, 1.2 MB`."""
    # A split lists both halves, but one session was split.
    if act.kind == "split" and act.emptied_at is None and act.titles:
        return f"{_quoted(act.titles[0])} in two, {size(act.sessions[0].size)}"
    return f"{_which(act)}, {size(act.size)}"


def describe(act: Act) -> str:
    """What was done: `Deleted “Fix the grid”, 1.2 MB`, `Renamed “Grid” to “Fix the grid”`."""
    if not act.id:
        # An act that changes nothing is not in the history.
        return "Nothing changed"
    if act.edit is not None and act.edit.fields:
        return _describe_edit(act, act.edit)
    return f"{kind_of(act)} {summary(act)}"


def describe_with_undo(act: Act) -> str:
    """What was done, and the key that undoes it, if there is anything to undo."""
    return f"{describe(act)}. u to undo." if act.id else f"{describe(act)}."


def _describe_edit(act: Act, edit: Edit) -> str:
    match edit.fields:
        case ("title",) if edit.old_title is not None:
            return f"Renamed {_quoted(edit.old_title)} to {_which(act)}"
        case ("is_favorite",) if edit.favorite is not None:
            return f"{'Starred' if edit.favorite else 'Unstarred'} {_which(act)}"
        case ("tags",) if act.count == 1:
            return f"Tagged {_which(act)}: {_tags(edit)}".removesuffix(": ")
        case ("tags",):
            return f"Changed tags of {_which(act)}: {_tags(edit)}".removesuffix(": ")
    *first, last = [_FIELDS.get(name, safe_line(name)) for name in edit.fields]
    what = f"{', '.join(first)} and {last}" if first else last
    return f"Changed {what} of {_which(act)}"


def _which(act: Act) -> str:
    if act.count == 1 and act.emptied_at is None:
        return _quoted(act.titles[0])
    return counted(act.count, "session")


def _quoted(title: str) -> str:
    return f"“{shortened(safe_line(title).strip() or '(no title)', _TITLE_LENGTH)}”"


def _tags(edit: Edit) -> str:
    """The first changes of tags: `+ui −wip`."""
    words = [f"+{tag}" for tag in edit.added] + [f"−{tag}" for tag in edit.removed]
    shown = [shortened(safe_line(word), _TITLE_LENGTH) for word in words[:_TAGS]]
    return " ".join(shown) + (" …" if len(words) > _TAGS else "")


def describe_undo(act: Act) -> str:
    """What undoing an act has done."""
    if act.kind in _DELETIONS:
        return f"Restored {summary(act)}."
    words = describe(act)
    return f"Undone: {words[:1].lower()}{words[1:]}."


def brings_in_many(act: Act) -> bool:
    """Whether it brought sessions into the store, more than one: an undo removes all of them."""
    return act.kind in _ARRIVALS and act.count > 1


def destroyed_by_undo(act: Act) -> bool:
    """Whether an undo removes files that the act wrote, rather than only moves files back."""
    return any(step.op in ("create", "replace") and not step.derived for step in act.steps)


def cannot_be_undone(destroyed: Sequence[Act]) -> str:
    """That the last change destroyed these acts: `The last change, destroying 3 sessions (9 kB), …`."""
    deletions = [act for act in destroyed if act.kind in _DELETIONS]
    others = len(destroyed) - len(deletions)
    what = []
    if deletions:
        sessions = sum(act.count for act in deletions)
        what.append(f"{counted(sessions, 'session')} ({size(sum(act.size for act in deletions))})")
    if others:
        what.append(f"the undo of {counted(others, 'change')}")
    return f"The last change, destroying {' and '.join(what)}, cannot be undone"


def conflict(act: Act, paths: Iterable[str]) -> str:
    """Why an act cannot be undone: `“Fix the grid” has changed since`.

    All of the files are named by the titles of their sessions: their own names are ids.
    """
    titles = {session.id: session.title for session in act.sessions}
    found = [os.path.basename(path) for path in paths]
    names = [titles.get(name.partition(".")[0].lower(), name) for name in found]
    words = list(dict.fromkeys(map(_quoted, names)))
    if len(words) == 1:
        return f"{words[0]} has changed since"
    return f"{len(words):,} sessions have changed since: {', '.join(words)}"


def titles_of(act: Act) -> str:
    """The first titles, made safe; empty once they are destroyed."""
    titles = [safe_line(title).strip() for title in act.titles[:_TITLES] if title]
    more = f" and {act.count - _TITLES:,} more" if act.count > _TITLES and titles else ""
    return ", ".join(shortened(title, _TITLE_LENGTH) for title in titles) + more


def state_of(act: Act) -> str:
    """`undone`, `destroyed`, `damaged`, `no undo`, or empty if it can be undone.

    Emptying the trash destroys what was deleted; of any other act only what an undo would need.
    """
    if act.undone:
        return "undone"
    if act.emptied_at is not None:
        return "destroyed" if act.kind in _DELETIONS else "no undo"
    return "damaged" if act.problem is not None else ""


def acts_named(acts: Sequence[Act], name: str) -> list[Act]:
    """The acts with an id, a prefix of it, or its last six characters; only the one with exactly this id."""
    fitting = [act for act in acts if act.id.startswith(name) or act.id.endswith(f"-{name}")]
    return [act for act in fitting if act.id == name] or fitting
