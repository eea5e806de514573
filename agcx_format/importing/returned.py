"""Reads back what an export of this program noted for it in the file of another agent."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec

from agcx_format.codec.json import from_json
from agcx_format.exporting.notes import NOTES
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.draft_entry import DraftEntry, ReturnedSession
from agcx_format.importing.fields import as_text
from agcx_format.importing.moments import moment_of
from agcx_format.model.items import MessageMetadata, MessageSnapshot
from agcx_format.model.session import OperatingMode
from agcx_format.variables import OURS

__all__ = ["add_returned", "is_ours", "message_in", "notes_on_session", "with_notes"]


def is_ours(value: dict[str, Any]) -> bool:
    """Whether this program wrote the line for the other agent alone: another line says the same."""
    return value.get(NOTES) == {}


def notes_on_session(draft: ImportDraft, value: dict[str, Any]) -> None:
    """Use the notes on a session."""
    match value.get(NOTES):
        case {"tags": list(tags), **others}:
            draft.returned = ReturnedSession(
                title=as_text(others.get("title")),
                tags=[tag for tag in tags if isinstance(tag, str)],
                model=as_text(others.get("model")),
                environment=_environment(others.get("environment")),
                created=moment_of(others.get("created")),
                updated=moment_of(others.get("updated")),
                is_favorite=others.get("favorite") is True,
            )
            with suppress(ValueError):
                draft.returned.mode = OperatingMode(others.get("mode"))
            draft.modes = _modes(others.get("modes")) or draft.modes


def _modes(noted: Any) -> list[tuple[OperatingMode, str]]:
    """The history of modes; empty in exports of older versions."""
    found: list[tuple[OperatingMode, str]] = []
    for each in noted if isinstance(noted, list) else []:
        match each:
            case [str(mode), since] if (moment := moment_of(since)) is not None:
                with suppress(ValueError):
                    found.append((OperatingMode(mode), moment))
    return found


def _environment(noted: Any) -> dict[str, str] | None:
    if not isinstance(noted, dict):
        return None
    ours = (name for name, value in noted.items() if isinstance(value, str))
    return {name: noted[name] for name in ours if name.startswith(OURS)}


def message_in(value: dict[str, Any]) -> MessageSnapshot | None:
    """The message that the notes of a line hold as a whole; None if they hold none."""
    notes = value.get(NOTES)
    if not isinstance(notes, dict) or "item" not in notes:
        return None
    snapshot = {
        "item": notes["item"],
        "timestamp": notes.get("time"),
        "turn_index": notes.get("turn"),
        "metadata": notes.get("metadata"),
    }
    try:
        return from_json(MessageSnapshot, msgspec.json.encode(snapshot))
    except (ValueError, TypeError):
        return None


def add_returned(draft: ImportDraft, value: dict[str, Any], number: int) -> bool:
    """Add the message that the notes of a line hold as a whole; False if they hold none."""
    message = message_in(value)
    if message is None:
        return False
    _set(draft.add(message.item, number), message.metadata, message.turn_index)
    return True


def with_notes(entries: list[DraftEntry], value: dict[str, Any]) -> None:
    """Give the message of a line what its notes say of it.

    A line that was exported is one message. What an import adds to it, the person's answer in a result for
    example, has a line of its own.
    """
    match value.get(NOTES), entries:
        case {"metadata": dict(plain), "turn": int(turn)}, [entry, *added]:
            with suppress(ValueError):
                _set(entry, from_json(MessageMetadata, msgspec.json.encode(plain)), turn)
                for each in added:
                    each.is_dropped = True


def _set(entry: DraftEntry, metadata: MessageMetadata, turn: int) -> None:
    entry.branch = metadata.branch_id
    entry.is_branch_point = metadata.branch_point
    entry.returned = metadata, turn
