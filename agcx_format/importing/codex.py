"""Codex rollouts, in: one conversation a file, as `Imported`.

Strategy: go by a line's shape, never by a file's date or place.  Codex wrote its items bare, then with a
`record_type` beside them, and since 0.34 in an envelope `{timestamp, type, payload}`; a resumed session
can hold more than one of these, so one pass takes them all, line by line.  The first header gives
the session's id.  The documents of April 2025 are taken apart into such lines.  The pass is a function
from parsed lines to `Imported`, without I/O.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from agcx_format.errors import ConversionError, PersistenceError
from agcx_format.importing.codex_items import add_item
from agcx_format.importing.draft import ImportDraft, Imported, moment_of
from agcx_format.importing.json_lines import Line, read_document, read_lines
from agcx_format.model.ids import session_id
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.title import short_title

__all__ = ["convert", "default_places", "detect", "find_rollouts", "read_rollout"]

# How many lines may pass before one is of a known shape.
_UNKNOWN_AT_FIRST = 50

_SUFFIXES = (".jsonl", ".jsonl.zst", ".json")


def default_places() -> list[Path]:
    """Where Codex keeps sessions; the directories need not exist."""
    home = Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex")
    return [home / "sessions", home / "archived_sessions"]


def _raise(error: OSError) -> None:
    raise error


def find_rollouts(
    paths: Iterable[Path],
    onerror: Callable[[OSError], None] = _raise,
    suffixes: tuple[str, ...] = _SUFFIXES,
) -> Iterator[Path]:
    """The files among `paths` as they are, and those below its directories, sorted by name.

    `onerror` is told of a path that does not exist or cannot be read.
    """
    for path in map(Path, paths):
        if path.is_dir():
            for directory, below, names in os.walk(path, onerror=onerror):
                below.sort()
                yield from (Path(directory, n) for n in sorted(names) if n.endswith(suffixes))
            continue
        try:
            path.stat()
        except OSError as error:
            onerror(error)
        else:
            yield path


def read_rollout(path: Path, *, opener: Callable[[Path], BinaryIO] | None = None) -> Imported:
    """Read one rollout.  `opener` opens a path for reading bytes, by default `open`.

    `ConversionError` when the file cannot be read or is no rollout; a bad line is in the report.
    """
    path = Path(path)
    try:
        modified = Timestamp.from_ns(os.stat(path).st_mtime_ns)
        read = read_document if path.suffix == ".json" else read_lines
        return convert(read(path, opener), path, modified)
    except OSError as cause:
        raise ConversionError(cause.strerror or str(cause), path=path) from cause
    except ConversionError as error:
        raise error.located(path=path) from None
    except PersistenceError as error:
        raise ConversionError(error.reason, path=path) from None


def convert(lines: Iterable[Line], source: Path, modified: Timestamp) -> Imported:
    """The session that the lines of `source` hold; `modified` is when the file last changed."""
    lines = iter(lines)
    first = list(itertools.islice(lines, _UNKNOWN_AT_FIRST))
    shapes = (detect(value) for line in first for value in line.values)
    shape = next((shape for shape in shapes if shape), None)
    if shape is None:
        raise ConversionError("no line has the shape of a Codex rollout")
    if shape == "claude":
        raise ConversionError("this is a Claude Code transcript, not a Codex rollout")
    lines = itertools.chain(first, lines)
    return _Rollout(source, modified).read(_taken_apart(lines) if shape == "document" else lines)


def detect(value: Any) -> str | None:
    """What a line's shape says of its file; None for nothing.

    `envelope` (Codex since 0.34), `bare` (before), `document` (April 2025), or `claude`.
    """
    match value:
        case {"type": str(), "payload": dict()}:
            return "envelope"
        case {"session": dict(), "items": list()}:
            return "document"
        case {"sessionId": str()} | {"type": "summary", "leafUuid": _}:
            return "claude"
        case {"record_type": str(kind)}:
            # Rollouts of any age have lines that say `state` and nothing else.
            return "bare" if kind != "state" else None
        case {"id": str(), "timestamp": str()} if "type" not in value:
            return "bare"
    return None


def _taken_apart(lines: Iterable[Line]) -> Iterator[Line]:
    """A document as lines: the header, then the items, numbered from 1."""
    for line in lines:
        if line.error:
            yield line
        for value in line.values:
            if detect(value) == "document":
                yield Line(0, (value["session"],))
                yield from (Line(n, (item,)) for n, item in enumerate(value["items"], 1))


class _Rollout:
    """One pass over the lines of a rollout."""

    def __init__(self, source: Path, modified: Timestamp) -> None:
        self._source = source
        self._modified = modified
        self._draft: ImportDraft | None = None
        self._meta: dict = {}
        self._model = ""
        self._directory = ""
        self._name = ""

    def read(self, lines: Iterable[Line]) -> Imported:
        waiting = []
        for line in lines:
            if self._draft is not None:
                self._line(line)
                continue
            # All message ids are made from the session's id, which is in the first header: the
            # first line, or not far.
            waiting.append(line)
            if len(waiting) == _UNKNOWN_AT_FIRST or any(map(_header, line.values)):
                self._begin(waiting)
        if self._draft is None:
            self._begin(waiting)
        return self._finish()

    def _begin(self, lines: list[Line]) -> None:
        values = [value for line in lines for value in line.values]
        self._meta = next(filter(None, map(_header, values)), {})
        times = (v.get("timestamp") for v in values if isinstance(v, dict))
        start = next(filter(None, map(moment_of, [self._meta.get("timestamp"), *times])), None)
        identity = session_id(self._meta.get("id"), self._source.name)
        self._draft = ImportDraft(identity, start or self._modified)
        for line in lines:
            self._line(line)

    def _line(self, line: Line) -> None:
        self._draft.take(line, self._value)

    def _value(self, value: Any, number: int) -> None:
        draft = self._draft
        if not isinstance(value, dict):
            draft.bad(number, "not an object")
            return
        has_time = draft.at(value.get("timestamp"))
        before = len(draft.messages)
        match value:
            case {"type": "response_item", "payload": dict(payload)}:
                add_item(draft, payload, number)
            case {"type": str(kind), "payload": payload}:
                self._context(kind, payload if isinstance(payload, dict) else {})
            case {"record_type": str(kind)} if kind != "response":
                draft.skipped[kind] += 1
            case {"type": str()}:
                item = {name: value[name] for name in value if name not in _ENVELOPE}
                add_item(draft, item, number)
            case {"role": str(role), "content": content}:
                draft.kept_as["bare message: message"] += 1
                add_item(draft, {"type": "message", "role": role, "content": content}, number)
            case _ if _header(value):
                draft.note("its times may be the writer's local time")
                draft.skipped["header"] += 1
            case _:
                draft.skipped["{" + ", ".join(sorted(value)[:4]) + "}"] += 1
        if not has_time:
            draft.without_time += len(draft.messages) - before

    def _context(self, kind: str, payload: dict) -> None:
        """A line that holds no item: what it says about the session, and that it was skipped."""
        event = payload.get("type")
        name = f"{kind}.{event}" if kind == "event_msg" and isinstance(event, str) else kind
        self._draft.skipped[name] += 1
        if kind == "turn_context":
            self._model = _text(payload.get("model")) or self._model
            self._directory = _text(payload.get("cwd")) or self._directory
            plan = _collaboration_mode(payload) == "plan"
            self._draft.mode(OperatingMode.PLAN if plan else OperatingMode.BUILD)
        elif event == "entered_review_mode":
            self._draft.mode(OperatingMode.REVIEW)
        elif event == "exited_review_mode":
            self._draft.mode(OperatingMode.BUILD)
        elif event == "thread_name_updated":
            self._name = _text(payload.get("thread_name")) or self._name
            self._draft.titles.add(short_title(self._name))

    def _finish(self) -> Imported:
        draft = self._draft
        git = self._meta.get("git")
        branch = _text(git.get("branch")) if isinstance(git, dict) else ""
        directory = self._directory or _text(self._meta.get("cwd")) or _directory_told(draft)
        untitled = f"Codex session of {draft.start[:10]}"
        draft.titles.add(untitled)
        return draft.finish(
            source=self._source,
            title=draft.first_words or short_title(self._name) or untitled,
            last_accessed=self._modified,
            model=self._model,
            tags=["codex", branch],
            directory=directory,
        )


# What may stand beside an item's own fields.
_ENVELOPE = frozenset({"record_type", "timestamp", "ordinal"})


def _header(value: Any) -> dict | None:
    """The fields of a session's header, when the value is one."""
    match value:
        case {"type": "session_meta", "payload": dict(payload)}:
            return payload
        case {"record_type": "session_meta"}:
            return value
        case {"id": str(), "timestamp": str()} if value.keys().isdisjoint({"type", "record_type"}):
            return value
    return None


def _collaboration_mode(payload: dict) -> str:
    mode = payload.get("collaboration_mode")
    return _text(mode.get("mode") if isinstance(mode, dict) else mode).lower()


_cwd = re.compile(r"<environment_context>[^<]*<cwd>([^<]+)</cwd>").search


def _directory_told(draft: ImportDraft) -> str:
    """The directory as the agent was told it, in one of the first messages."""
    for message in draft.messages[:5]:
        for part in getattr(message.item, "content", None) or []:
            if told := _cwd(getattr(part, "text", "")):
                return told[1].strip()
    return ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
