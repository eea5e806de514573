"""The rows of OpenCode 2, as the messages and parts that version 1 had.

Strategy: version 2 keeps a message in one row, whose type says who speaks; version 1 kept its parts in rows
of their own. A database can have the tables of both, with the same session in each: then those of version 2
hold, since OpenCode continued in them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.opencode_rows import latest
from agcx_format.importing.formats.reading import as_dict, as_list
from agcx_format.importing.formats.sqlite import all_rows, decoded, reason, row_at

__all__ = ["has_session", "messages_of", "sessions_in"]

# What is said in a message, by its type. In another form it is an error: it would be lost without a word.
_SAID: dict[str, dict[str, type]] = {
    "user": {"text": str, "files": list, "skills": list},
    "synthetic": {"text": str},
    "system": {"text": str},
    "skill": {"text": str},
    "assistant": {"content": list},
}
_SILENT = ("idle", "location-switched", "model-switched", "agent-switched")


def _has_tables(db: sqlite3.Connection) -> bool:
    query = "select count(*) from sqlite_master where name in ('session_v2', 'session_message')"
    (count,) = db.execute(f"{query} and type = 'table'").fetchone()
    return bool(count == 2)


def has_session(db: sqlite3.Connection, session: str) -> bool:
    """Whether the tables of version 2 have a session; with an empty id, whether they are there."""
    if not _has_tables(db):
        return False
    one = "select 1 from session_v2 where id = ?"
    return not session or db.execute(one, (session,)).fetchone() is not None


def sessions_in(db: sqlite3.Connection) -> list[tuple[Any, Any]]:
    """The ids of the sessions, the oldest first, and when each last changed."""
    if not _has_tables(db):
        return []
    query = "select session_id, max(time_updated) from session_message {how} group by session_id"
    changed = dict(all_rows(db, query))
    rows = all_rows(db, "select id, time_updated from session_v2 {how} order by time_created, id")
    return [(session, latest(updated, changed.get(session))) for session, updated in rows]


def messages_of(
    db: sqlite3.Connection, session: Any, errors: list[tuple[int, str]]
) -> Iterator[tuple[str, Any, dict[str, Any], list[dict[str, Any]]]]:
    """Of each message its id, when it was made, its fields, and its parts.

    What cannot be read goes to the errors, with the number of the message.
    """
    query = "select rowid, id from session_message {how} where session_id = ? order by seq, id"
    rows = all_rows(db, query, (session,), lambda why: errors.append((0, f"messages: {why}")))
    for number, (place, name) in enumerate(rows, 1):
        try:
            kind, created, text = row_at(db, "session_message", "type, time_created, data", place)
        except (sqlite3.Error, UnicodeError) as error:
            errors.append((number, f"message {name}: {reason(error)}"))
            continue
        value = decoded(text)
        if not isinstance(value, dict):
            errors.append((number, f"message {name}: not a JSON object"))
            continue
        for field, form in _SAID.get(as_text(kind), {}).items():
            if not isinstance(value.get(field), form | None):
                errors.append((number, f"message {name}: {field} in an unknown form"))
        yield str(name), created, *_as_before(str(name), as_text(kind), value)


def _as_before(
    name: str, kind: str, value: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The fields and the parts that a message would have had in version 1."""
    model = as_dict(value.get("model"))
    common = {"time": value.get("time"), "model": {"modelID": model.get("id")}}
    if kind == "user":
        return {"role": "user", **common, "agent": value.get("agent")}, _said(value)
    if kind in ("synthetic", "system", "skill"):
        text = {"type": "text", "text": value.get("text"), "synthetic": True}
        return {"role": "user", **common}, [text] if as_text(value.get("text")) else []
    if kind == "assistant":
        about = {"modelID": model.get("id"), "error": _error(value.get("error"))}
        names = ("agent", "tokens", "cost")
        about |= {"role": "assistant", **common, **{each: value.get(each) for each in names}}
        is_over = "completed" in as_dict(value.get("time")) or bool(value.get("error"))
        content = enumerate(as_list(value.get("content")))
        return about, [_part(f"{name}/{place}", each, is_over=is_over) for place, each in content]
    if kind == "compaction":
        return _compaction(value, common)
    if kind == "shell":
        return {"role": "assistant", **common}, [_shell(name, value)]
    if kind in _SILENT:
        interrupted = {"name": "MessageAbortedError"} if _is_interrupted(value) else None
        silent = {"role": "assistant", **common, "error": interrupted, "silent": kind}
        return silent | {"modelID": model.get("id"), "agent": value.get("agent")}, []
    return {**value, "role": kind}, []


def _is_interrupted(value: dict[str, Any]) -> bool:
    return value.get("outcome") in ("interrupted", "aborted")


def _said(value: dict[str, Any]) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    if as_text(value.get("text")):
        parts.append({"type": "text", "text": value["text"]})
    parts += [_file(as_dict(each)) for each in as_list(value.get("files"))]
    parts += [
        {"type": "text", "text": skill["text"], "synthetic": True}
        for skill in map(as_dict, as_list(value.get("skills")))
        if as_text(skill.get("text"))
    ]
    return parts


def _file(given: dict[str, Any]) -> dict[str, Any]:
    """A file that the person or a tool gives: with its data, or where it is."""
    mime, data = as_text(given.get("mime")), as_text(given.get("data"))
    where = as_text(as_dict(given.get("source")).get("uri")) or as_text(given.get("uri"))
    url = f"data:{mime};base64,{data}" if data and not data.startswith("data:") else data or where
    name = as_text(given.get("name")) or where
    return {"type": "file", "mime": mime, "url": url, "filename": name}


def _error(error: Any) -> dict[str, Any]:
    about = as_dict(error)
    if not about:
        return {}
    kind = as_text(about.get("type"))
    is_interrupted = "abort" in kind.lower() or "interrupt" in kind.lower()
    return {"name": "MessageAbortedError" if is_interrupted else kind or "error", "data": about}


def _part(name: str, given: Any, *, is_over: bool) -> dict[str, Any]:
    part = as_dict(given)
    kind, time = as_text(part.get("type")), as_dict(part.get("time"))
    if kind != "tool":
        # Without its end, what is still being written would be taken for all that is said.
        return {**part, "id": name, "time": {} if is_over else {"start": time.get("created")}}
    state = as_dict(part.get("state"))
    status = as_text(state.get("status"))
    content = [as_dict(each) for each in as_list(state.get("content"))]
    output = "\n".join(as_text(each.get("text")) for each in content if "text" in each)
    began, ended = time.get("ran") or time.get("created"), time.get("completed")
    as_it_was: dict[str, Any] = {
        "status": "pending" if status == "streaming" else status,
        "input": state.get("input"),
        "output": output or state.get("output"),
        "error": as_text(as_dict(state.get("error")).get("message")) or state.get("error"),
        "metadata": as_dict(state.get("metadata")) or as_dict(state.get("structured")),
        "attachments": [_file(each) for each in content if each.get("type") == "file"],
        "time": {"start": began, **({"end": ended} if ended is not None else {})},
    }
    call = {"type": "tool", "id": name, "tool": part.get("name"), "callID": part.get("id")}
    return {**call, "state": as_it_was}


def _compaction(
    value: dict[str, Any], common: dict[str, Any]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    about: dict[str, Any] = {"role": "assistant", "summary": True, **common}
    if value.get("status") == "failed":
        words = as_text(as_dict(value.get("error")).get("message")) or "the compaction failed"
        return {**about, "error": {"name": "compaction", "data": {"message": words}}}, []
    made = {"type": "compaction", "auto": value.get("reason") == "auto"}
    if value.get("status") == "running":
        return about, []
    return about, [made, {"type": "text", "text": value.get("summary")}]


def _shell(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """A command that the person ran."""
    time, output = as_dict(value.get("time")), value.get("output")
    said = as_text(as_dict(output).get("output")) or as_text(output)
    statuses = {"running": "running", "timeout": "error", "killed": "error"}
    state = {
        "status": statuses.get(as_text(value.get("status")), "completed"),
        "input": {"command": value.get("command")},
        "output": said,
        "metadata": {"exit": value.get("exit")},
        "time": {"start": time.get("created"), "end": time.get("completed")},
    }
    call_id = as_text(value.get("shellID")) or as_text(value.get("callID")) or name
    return {"type": "tool", "id": f"{name}/0", "tool": "shell", "callID": call_id, "state": state}
