"""Imports Codex rollouts, one conversation per file.

Strategy: the shape of a line decides, never the date or directory of a file. Codex first wrote its items
bare, then with a `record_type`, and since 0.34 in an envelope `{timestamp, type, payload}`. A resumed session
can mix them, so one pass accepts all, line by line. The first header has the session's id. The documents of
April 2025 are split into such lines. The pass is a function from parsed lines to `Imported`, without I/O.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from agcx_format.errors import ConversionError
from agcx_format.exporting.notes import NOTES
from agcx_format.importing.agent import Agent, Head, Source, home_directory
from agcx_format.importing.codex.events import Events
from agcx_format.importing.codex.family import Family, SaidBy, call_that_started, said_by
from agcx_format.importing.codex.items import Items
from agcx_format.importing.codex.lines import (
    collaboration_mode,
    directory_in_messages,
    header_in,
    letter_in,
    one_by_one,
    shape_of_line,
    split_document,
    time_of,
)
from agcx_format.importing.codex.names import Names, names_beside
from agcx_format.importing.codex.thread_files import LargeThread, NextFile, Place, read_thread
from agcx_format.importing.codex.usual import (
    USAGE,
    ContextLine,
    EventLine,
    ItemLine,
    SilentEvent,
    TaskStarted,
    UsageLine,
    UsualLine,
    usual_after,
)
from agcx_format.importing.codex.usual_items import add_usual
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.fields import as_text
from agcx_format.importing.imported import Imported
from agcx_format.importing.json_lines import Parsed, is_document, read_document
from agcx_format.importing.moments import moment_of, moments_of
from agcx_format.importing.notices import add_unknown
from agcx_format.importing.returned import add_returned, is_ours, notes_on_session, with_notes
from agcx_format.importing.source_file import (
    detect,
    is_large,
    known_shape,
    read_source,
)
from agcx_format.importing.stored_entries import Entries, StoredEntries
from agcx_format.model.ids import session_id
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.title import short_title
from agcx_format.variables import BRANCH, CLI_VERSION, COMMIT, ORIGINATOR, PARENT, PARENT_CALL

__all__ = ["Codex", "convert", "read_rollout"]

# How many lines at the start are searched for one of a known shape.
_UNKNOWN_AT_FIRST = 50

_TAG = "codex"


class Codex(Agent):
    """The Codex CLI of OpenAI."""

    name = "codex"
    label = "Codex"
    tag = _TAG
    patterns = ("*.jsonl", "*.jsonl.zst", "*.json")

    def default_places(self) -> list[Path]:
        home = home_directory("CODEX_HOME", ".codex")
        return [home / "sessions", home / "archived_sessions"]

    def detect(self, head: Head) -> bool:
        return next(filter(None, map(detect, head.values)), "claude") != "claude"

    def read(self, source: Source) -> Imported:
        return read_rollout(source.path)


def read_rollout(path: Path) -> Imported:
    """Read one rollout; lines that cannot be read are listed in the report.

    Raises:
        ConversionError: the file cannot be read or is not a rollout.
    """
    read = (
        partial(read_document, closes=True)
        if is_document(Path(path))
        else partial(read_thread, usual=usual_after(_UNKNOWN_AT_FIRST))
    )
    converter = partial(convert, names=names_beside, said_by=said_by, stores=is_large(path))
    found = read_source(path, converter, read)
    return _with_call(found, Path(path))


def _with_call(found: Imported, path: Path) -> Imported:
    """A subagent's session with the call that started it, which only its parent's file names."""
    context = found.conversation.context
    parent = context.environment_variables.get(PARENT)
    if parent is None or not (call := call_that_started(path, parent, found.metadata.id)):
        return found
    environment = {**context.environment_variables, PARENT_CALL: call}
    context = replace(context, environment_variables=environment)
    return dataclasses.replace(found, conversation=replace(found.conversation, context=context))


def convert(
    lines: Iterable[Parsed],
    source: Path,
    modified: Timestamp,
    names: Callable[[Path], Names] = lambda source: {},
    said_by: SaidBy = lambda source, origin: (),
    *,
    stores: bool = False,
) -> Imported:
    """The session that the lines of `source` hold; `modified` is when the file last changed.

    `names` gives the names that the person gave to sessions, by their ids, the last one last; `said_by` what
    a person said in the session that this one was forked from. If it `stores` the messages, they are not held
    in memory, but in a temporary file (see `stored_entries`).

    Raises:
        ConversionError: no line has the shape of a Codex rollout.
    """
    shape, _, lines = known_shape(lines, _UNKNOWN_AT_FIRST, "a Codex rollout", shape_of_line)
    if shape == "claude":
        raise ConversionError("this is a Claude Code transcript, not a Codex rollout")
    lines = split_document(lines) if shape == "document" else lines
    entries: Entries = StoredEntries() if stores else []
    return _Rollout.read(lines, source, modified, names, said_by, entries)


class _Rollout:
    """One pass over the lines of a rollout; `meta` are the fields of its first header."""

    def __init__(
        self, draft: ImportDraft, meta: dict[str, Any], source: Path, modified: Timestamp,
        names: Callable[[Path], Names], said_by: SaidBy,
    ) -> None:  # fmt: skip
        self._draft = draft
        self._meta = meta
        self._source = source
        self._modified = modified
        self._names = names
        self._said_by = said_by
        self._family = Family(meta)
        self._events = Events(draft, is_fork=bool(self._family.origin))
        self._items = Items(draft, self._events.heard)
        draft.parent = self._family.parent
        self._model = ""
        self._directory = ""
        # How many messages come before each place where another file of the session continues.
        self._places: dict[Place | None, int] = {}

    @classmethod
    def read(
        cls, lines: Iterable[Parsed], source: Path, modified: Timestamp,
        names: Callable[[Path], Names], said_by: SaidBy, entries: Entries,
    ) -> Imported:  # fmt: skip
        """Convert all lines.

        All message ids derive from the session's id, which is in the first header: the first line, or
        one soon after. So lines are held back until there is one.
        """
        lines = iter(lines)
        waiting = []
        for line in lines:
            waiting.append(line)
            if len(waiting) == _UNKNOWN_AT_FIRST or any(map(header_in, line.values)):
                break
        values = [value for line in waiting for value in line.values]
        meta = next(filter(None, map(header_in, values)), {})
        times = map(time_of, values)
        start = next(filter(None, map(moment_of, [meta.get("timestamp"), *times])), None)
        identity = session_id(meta.get("id"), source.name)
        draft = ImportDraft(identity, start or modified, entries=entries, stores_many=True)
        rollout = cls(draft, meta, source, modified, names, said_by)
        if meta.get("forked_from_id"):
            rollout._family.copied = moment_of(next(map(time_of, filter(header_in, values))))
        if rollout._family.first_ordinal is None:
            rollout._draft.take(itertools.chain(waiting, lines), rollout._value, rollout._usual)
        else:
            lines = itertools.chain.from_iterable(map(one_by_one, itertools.chain(waiting, lines)))
            rollout._draft.take(lines, rollout._value_of_child)
        return rollout._finish()

    def _value(self, value: Any, number: int) -> None:
        if isinstance(value, UsualLine):
            self._usual([value], number)
        elif isinstance(value, dict):
            self._fields(value, number)
        elif isinstance(value, Place):
            self._events.held.release()
            self._places[value] = len(self._draft.entries)
        elif isinstance(value, NextFile):
            self._next_file(value)
        elif isinstance(value, LargeThread):
            self._draft.put_aside()
        else:
            self._draft.bad(number, "not an object")

    def _next_file(self, file: NextFile) -> None:
        """Continue with another file of the session."""
        draft, place = self._draft, self._places.get(file.goes_on_from)
        self._events.held.release()
        draft.file = f"{file.name}:"
        if place is None:
            draft.note("a file that it continues is missing")
        else:
            self._events.takes_back_to(place)

    def _usual(self, values: list[UsualLine], first: int) -> None:
        draft, items, events = self._draft, self._items, self._events
        held = events.held
        moments = moments_of([value.timestamp for value in values])
        for number, (value, moment) in enumerate(zip(values, moments, strict=True), first):
            draft.at(moment)
            if type(value) is ItemLine:
                held.meet(value.payload)
                add_usual(items, value.payload, number)
            elif type(value) is EventLine:
                event = value.payload
                if isinstance(event, SilentEvent):
                    events.silent(event, number)
                    if type(event) is TaskStarted:
                        items.plans.mode(event.collaboration_mode_kind or "")
                else:
                    events.usual(event, number)
            elif type(value) is UsageLine:
                draft.skipped.add(USAGE, number, value)
            elif type(value) is ContextLine:
                draft.skipped.add("turn_context", number, value)
                self._turn(value.payload.model, value.payload.cwd, value.mode)

    def _value_of_child(self, value: Any, number: int) -> None:
        """The same for a subagent whose header says where its own conversation begins."""
        family, first = self._family, self._family.first_ordinal
        ordinal = (
            value.get("ordinal") if isinstance(value, dict) else getattr(value, "ordinal", None)
        )
        if family.own_from is None and first is not None and isinstance(ordinal, int):
            family.own_from = len(self._draft.entries) if ordinal >= first else None
        self._value(value, number)

    def _fields(self, value: dict[str, Any], number: int) -> None:
        """Use a line that is not usual."""
        self._events.held.see(value)
        self._draft.at_time(value.get("timestamp"))
        if NOTES in value and self._returned(value, number):
            return
        kind, payload = value.get("type"), value.get("payload")
        if kind == "response_item" and isinstance(payload, dict):
            self._items.line(payload, number)
        elif kind == "event_msg" and isinstance(payload, dict):
            if payload.get("type") == "task_started":
                self._items.plans.mode(as_text(payload.get("collaboration_mode_kind")))
            self._events.event(payload, number)
        elif isinstance(kind, str) and kind in _NO_CONVERSATION and "payload" in value:
            self._draft.skipped.add(kind, number, value)
            self._context(kind, payload if isinstance(payload, dict) else {})
        else:
            self._other(value, number)

    def _other(self, value: dict[str, Any], number: int) -> None:
        """Use a line that is neither an item nor an event of the envelope."""
        draft = self._draft
        match value:
            case {"type": "compacted", "payload": dict(payload)}:
                draft.skipped.add("compacted", number, value)
                self._events.compaction(payload, number)
            case {"type": "inter_agent_communication", "payload": dict(payload)}:
                self._items.line(letter_in(payload), number)
            case {
                "type": "realtime_item",
                "payload": {"role": "user" | "assistant" as role, "text": str(said)},
            }:
                draft.kept_as["what was said aloud: message"] += 1
                content = [{"type": "text", "text": said}]
                self._items.line({"type": "message", "role": role, "content": content}, number)
            case {"type": str(kind), "payload": _}:
                add_unknown(draft, kind, value, number)
            case {"record_type": str(kind)} if kind in _RECORDS:
                draft.skipped.add(kind, number, value)
            case {"record_type": str(kind)} if kind != "response":
                add_unknown(draft, kind, value, number)
            case {"type": str()}:
                self._items.line({n: value[n] for n in value if n not in _ENVELOPE}, number)
            case {"role": str(role), "content": content}:
                draft.kept_as["bare message: message"] += 1
                self._items.line({"type": "message", "role": role, "content": content}, number)
            case _ if header_in(value):
                draft.note("its times may be the writer's local time")
                draft.skipped.add("header", number, value)
            case _:
                add_unknown(draft, "{" + ", ".join(sorted(value)[:4]) + "}", value, number)

    def _returned(self, value: dict[str, Any], number: int) -> bool:
        """Use a line of an export of this program; False if it is to be read like any other."""
        draft = self._draft
        notes_on_session(draft, value)
        if is_ours(value):
            draft.skipped.add("written beside the conversation", number, value)
            if isinstance(payload := value.get("payload"), dict):
                self._events.repeated(payload)
            return True
        if add_returned(draft, value, number):
            self._events.heard(draft.entries[-1].item)
            return True
        payload, before = value.get("payload"), len(draft.entries)
        if value.get("type") != "response_item" or not isinstance(payload, dict):
            return False
        self._items.line(payload, number)
        with_notes(draft.entries[before:], value)
        return True

    def _context(self, kind: str, payload: dict[str, Any]) -> None:
        """Use what a line without an item says about the session."""
        if kind == "turn_context":
            model, directory = as_text(payload.get("model")), as_text(payload.get("cwd"))
            self._turn(model, directory, collaboration_mode(payload))

    def _turn(self, model: str, directory: str, mode: str) -> None:
        """Use what a turn begins with."""
        self._model, self._directory = model or self._model, directory or self._directory
        self._items.plans.mode(mode)
        self._draft.mode(OperatingMode.PLAN if mode == "plan" else OperatingMode.BUILD)

    def _finish(self) -> Imported:
        draft, meta = self._draft, self._meta
        self._events.finish()
        if origin := self._family.origin:
            said = self._said_by(self._source, origin)
            self._family.mark(draft.entries, draft.start, said)
        if task := self._family.take_task(draft.entries, self._items.letters):
            draft.kept_as["task of a subagent: role developer"] += 1
        own_from = self._family.starts_at(draft.entries) if self._family.origin else 0
        git = meta.get("git")
        git = git if isinstance(git, dict) else {}
        directory = self._directory or as_text(meta.get("cwd")) or directory_in_messages(draft)
        branch = as_text(git.get("branch"))
        draft.environment |= {
            COMMIT: as_text(git.get("commit_hash")),
            BRANCH: branch,
            CLI_VERSION: as_text(meta.get("cli_version")),
            ORIGINATOR: as_text(meta.get("originator")),
            **self._events.spent(own_from),
        }
        untitled = f"Codex session of {draft.start[:10]}"
        names = self._names(self._source).get(str(draft.id), ())
        draft.titles |= {untitled, *map(short_title, names)}
        name = names[-1] if names else self._events.name
        return draft.finish(
            source=self._source,
            changed=self._modified,
            title=short_title(name) or short_title(task) or draft.first_words or untitled,
            model=self._model,
            agent=_TAG,
            tags=[branch],
            directory=directory,
        )


# Lines of the envelope, and of the time before it, that hold no conversation.
_NO_CONVERSATION = frozenset(
    {
        "configuration_update", "ghost_snapshot", "inter_agent_communication_metadata", "retained_context",
        "security_risk_score", "session_meta", "session_state", "thread_settings", USAGE, "turn_context",
        "world_state",
    }
)  # fmt: skip
_RECORDS = frozenset({"state", "session_meta", "prev_session_meta", "event"})

# Fields that can appear beside an item's own.
_ENVELOPE = frozenset({"record_type", "timestamp", "ordinal"})
