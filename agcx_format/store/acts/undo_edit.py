"""Take back an edit of sessions that a program has saved since: by their fields, not by their files.

Strategy: the undo of an act moves files back, which would lose the messages of a later save, so it refuses.
A title, tags or a star can be put back in the file as it is now, if they are still what the edit made
them.  All of the edit's sessions or none: everything is checked before the first file is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from agcx_format.disk.compare_and_swap import ANYTHING, replace_if
from agcx_format.disk.open_file import OpenFile
from agcx_format.disk.tree import Tree
from agcx_format.errors import PersistenceError
from agcx_format.layout.base import Appended, Kept
from agcx_format.model.session import SessionMetadata
from agcx_format.session.listed import short_title
from agcx_format.session.metadata import read_metadata, rewritten
from agcx_format.store import appending, paths
from agcx_format.store.acts.act_dirs import BEFORE, UNDONE
from agcx_format.store.acts.manifest import Act, Edit
from agcx_format.store.acts.saving import save_file
from agcx_format.store.acts.work import rename_act
from agcx_format.store.paths import TRASH

__all__ = ["FieldsBack", "fields_back", "put_back"]

Fields = dict[str, Any]

# The fields that can be put back alone.  The directory is no field of the metadata.
_ALONE = frozenset({"title", "tags", "is_favorite"})


@dataclass(frozen=True, slots=True)
class FieldsBack:
    """The fields of a session as they were before an edit; `path` is relative to the store."""

    path: str
    fields: Fields


def fields_back(root: Path, act: Act) -> list[FieldsBack] | None:
    """What the undo of an edit would set in each session; None unless it can be done in all of them.

    A session in which all of it is back already is left out: an undo before this one was interrupted.
    """
    edit = act.edit
    if edit is None or act.kind != "edit" or not act.can_be_undone:
        return None
    if not _ALONE.issuperset(edit.fields):
        return None
    titles = {session.id: session.title for session in act.sessions}
    found = []
    try:
        with Tree(root) as store, store.below(f"{TRASH}/{act.id}") as act_dir:
            for step in act.steps:
                if step.derived:
                    continue
                kept, there = act_dir.find(f"{BEFORE}/{step.path}"), store.find(step.path)
                if kept is None or there is None or kept.is_link():
                    return None
                before, now = _metadata(kept.path), _metadata(there.path)
                if there.signature() == step.after:
                    fields = {name: getattr(before, name) for name in edit.fields}
                else:
                    fields = _old_values(edit, before, now, titles.get(str(now.id), ""))
                if fields.keys() != set(edit.fields):
                    return None
                if any(getattr(now, name) != value for name, value in fields.items()):
                    found.append(FieldsBack(step.path, fields))
    except (OSError, PersistenceError):
        return None
    return found


def _metadata(path: str) -> SessionMetadata:
    with OpenFile(path) as file:
        return read_metadata(file.fd, file.size)


def _old_values(edit: Edit, before: SessionMetadata, now: SessionMetadata, title: str) -> Fields:
    """The old values of the fields that still are what the edit made them, or have them already."""
    fields: Fields = {}
    if "title" in edit.fields and (now.title == before.title or short_title(now.title) == title):
        fields["title"] = before.title
    if "is_favorite" in edit.fields:
        fields["is_favorite"] = before.is_favorite
    if "tags" in edit.fields:
        added = {tag for tag in edit.added if tag not in before.tags}
        removed = {tag for tag in edit.removed if tag in before.tags}
        there = set(now.tags)
        if removed <= there and not added & there:
            fields["tags"] = now.tags
        elif added <= there and not removed & there:
            old = [tag for tag in before.tags if tag in there or tag in removed]
            since = [tag for tag in now.tags if tag not in old and tag not in added]
            fields["tags"] = [*old, *since]
    return fields


def put_back(
    root: Path, act: Act, found: Sequence[FieldsBack], level: int
) -> Iterator[tuple[int, SessionMetadata]]:
    """Set the fields, then mark the act as undone; the layout and indexed metadata of each session once set.

    After a failure or a crash `fields_back` gives the sessions that are left.

    Raises:
        StaleSession: a file was saved at this very moment; those before it are done.
        StoreNotWritable: the store may not be written.
        PersistenceError: the system refuses something else.
    """
    with Tree(root) as store:
        for each in found:
            with OpenFile(root / each.path) as file:
                new = rewritten(file, partial(replace, **each.fields), level)
                whole: list[bytes | Kept] = [*new.parts, Kept(new.rest, file.size)]
                appended = Appended(new.metadata, new.indexed, whole)
                parts = partial(appending.parts_of, file, appended)
                save_file(store, each.path, parts, file.signature)
            layout = paths.layout_in(each.path)
            for copy, data in layout.companions(new.metadata):
                replace_if(store.place(copy, make=True), [data], ANYTHING)
            yield layout.version, new.indexed
        rename_act(store, act.id, act.id + UNDONE)
