"""Imports Claude Code transcripts, one conversation per file.

Strategy: the conversation has the order of the lines, since the chain of `parentUuid` also runs through
lines that are not conversation, and may be broken. Each block of a message becomes its own message, as AGCX
has it: text, reasoning, a tool call, a tool's output. Other lines are counted, and what they say about the
session (title, branch, directory) is used.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeGuard
from uuid import UUID

from agcx_format.errors import ConversionError
from agcx_format.exporting.notes import NOTES
from agcx_format.importing.agent import Agent, Head, Source, home_directory
from agcx_format.importing.claude.asides import Asides, mode_of
from agcx_format.importing.claude.blocks import Blocks
from agcx_format.importing.claude.results import results_beside
from agcx_format.importing.claude.sidechains import Sidechains
from agcx_format.importing.claude.spent import Spent
from agcx_format.importing.claude.spoken import (
    Repeats,
    SpokenLine,
    spoken_in,
    usual_after,
)
from agcx_format.importing.claude.subagents import (
    About,
    about_beside,
    id_of_subagent,
    parent_in,
    started_by,
)
from agcx_format.importing.draft import ImportDraft
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.fields import as_text
from agcx_format.importing.imported import Imported
from agcx_format.importing.json_lines import Parsed, read_lines
from agcx_format.importing.lineage import Lineage
from agcx_format.importing.moments import moment_of, moments_of
from agcx_format.importing.returned import (
    add_returned,
    message_in,
    notes_on_session,
    with_notes,
)
from agcx_format.importing.source_file import (
    detect,
    is_large,
    known_shape,
    read_source,
)
from agcx_format.importing.stored_entries import Entries, StoredEntries
from agcx_format.model.ids import session_id
from agcx_format.model.items import Message
from agcx_format.model.timestamps import Timestamp
from agcx_format.transcript.title import short_title
from agcx_format.variables import (
    BRANCH,
    CLI_VERSION,
    ORIGINATOR,
)

__all__ = ["ClaudeCode", "convert", "read_transcript"]

_TAG = "claude-code"

# How many lines at the start are searched for one of a known shape.
_UNKNOWN_AT_FIRST = 200

# The fields of any line that say something of the session.
_ABOUT = ("cwd", "gitBranch", "version", "entrypoint")

_is_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch


class ClaudeCode(Agent):
    """Claude Code of Anthropic."""

    name = "claude"
    label = "Claude Code"
    tag = _TAG

    def default_places(self) -> list[Path]:
        return [home_directory("CLAUDE_CONFIG_DIR", ".claude") / "projects"]

    def detect(self, head: Head) -> bool:
        return next(filter(None, map(detect, head.values)), "") == "claude"

    def read(self, source: Source) -> Imported:
        return read_transcript(source.path)


def read_transcript(path: Path) -> Imported:
    """Read one transcript; lines that cannot be read are listed in the report.

    Raises:
        ConversionError: the file cannot be read or is not a transcript.
    """
    read = partial(read_lines, usual=usual_after(1))
    converter = partial(
        convert,
        again=partial(read, Path(path)),
        results=results_beside,
        about=about_beside,
        stores=is_large(path),
    )
    return read_source(path, converter, read)


def convert(
    lines: Iterable[Parsed],
    source: Path,
    modified: Timestamp,
    results: Callable[[Path], Callable[[str], str | None]] = lambda source: lambda name: None,
    about: Callable[[Path], About] = lambda source: {},
    *,
    again: Callable[[], Iterable[Parsed]],
    stores: bool = False,
) -> Imported:
    """The session that the lines of `source` hold; `modified` is when the file last changed.

    `again` gives the lines once more, `results` the content of a tool's result that is in a file beside the
    source, by its name, and `about` what a file beside it says of a subagent. If it `stores` the messages,
    they are not held in memory, but in a temporary file (see `stored_entries`).

    Raises:
        ConversionError: no line has the shape of a Claude Code transcript.
    """
    shape, first, lines = known_shape(lines, _UNKNOWN_AT_FIRST, "a Claude Code transcript", _shape)
    if shape != "claude":
        raise ConversionError("this is a Codex rollout, not a Claude Code transcript")
    values = [value for line in first for value in line.values]
    entries: Entries = StoredEntries() if stores else []
    repeats = Repeats(lambda: _spoken(again()))
    transcript = _Transcript(
        values, source, modified, results(source), about(source), entries, repeats
    )
    transcript.take(lines)
    return transcript.finish()


class _Transcript:
    """One pass over the lines of a transcript; `values` are those of the first lines."""

    def __init__(
        self,
        values: list[Any],
        source: Path,
        modified: Timestamp,
        result_in_file: Callable[[str], str | None],
        about: About,
        entries: Entries,
        repeats: Repeats,
    ) -> None:
        self._source = source
        self._modified = modified
        known = [value for value in values if isinstance(value, dict)]
        spoken = next((v for v in known if v.get("type") in ("user", "assistant")), {})
        is_agent_file = source.name.startswith("agent-") and bool(as_text(spoken.get("agentId")))
        self._is_subagent = spoken.get("isSidechain") is True or is_agent_file
        start = next(filter(None, map(moment_of, map(_time, values))), modified)
        self._draft = ImportDraft(
            self._identity(values, spoken),
            start,
            times_calls=True,
            entries=entries,
            stores_many=True,
        )
        if self._is_subagent:
            self._draft.parent = parent_in(self._session, about)
        self._blocks = Blocks(self._draft, result_in_file)
        self._asides = Asides(self._draft)
        self._lineage = Lineage()
        self._sidechains = Sidechains()
        self._spent = Spent()
        self._model = ""
        self._branch = ""
        self._directory = ""
        self._task = ""
        self._has_task = False
        self._repeats = repeats

    def _identity(self, values: list[Any], spoken: dict[str, Any]) -> UUID:
        """The session's id: files are named by it, except copies; a subagent's lines have its parent's id."""
        given = self._session = as_text(spoken.get("sessionId")) or next(
            filter(None, map(_session, values)), ""
        )
        stem = self._source.name.split(".")[0]
        if self._is_subagent:
            return id_of_subagent(given, as_text(spoken.get("agentId")) or stem)
        return session_id(stem if _is_uuid(stem) else given, self._source.name)

    def take(self, lines: Iterable[Parsed]) -> None:
        self._draft.take(lines, self._value, self._usual)

    def _usual(self, values: list[SpokenLine], first: int) -> None:
        draft = self._draft
        entries = draft.entries
        self._about_lines(values)
        uuids = [line.uuid for line in values]
        are_new = self._repeats.are_new(uuids)
        bounds = [len(entries)]
        moments = moments_of([line.timestamp for line in values])
        for number, (line, moment) in enumerate(zip(values, moments, strict=True), first):
            draft.at(moment)
            try:
                if are_new or self._is_new(line, number, line):
                    self._message(line, number)
            except RecursionError:
                draft.too_deep(number)
                uuids[number - first] = ""
            bounds.append(len(entries))
        self._lineage.extend(uuids, [line.parent_uuid or "" for line in values], bounds)

    def _value(self, value: Any, number: int) -> None:
        if isinstance(value, dict):
            self._fields(value, number)
        else:
            self._draft.bad(number, "not an object")

    def _fields(self, value: dict[str, Any], number: int) -> None:
        """Use a line that was parsed into a dict."""
        draft = self._draft
        draft.at_time(value.get("timestamp"))
        self._about_session(*[as_text(value.get(name)) for name in _ABOUT])
        before = len(draft.entries)
        kind = as_text(value.get("type"))
        if NOTES in value and self._returned(value, number):
            pass
        elif kind not in ("user", "assistant"):
            self._asides.line(kind, value, number)
        elif line := spoken_in(value):
            if self._is_new(line, number, value):
                self._message(line, number)
            if NOTES in value:
                with_notes(draft.entries[before:], value)
        else:
            draft.bad(number, f"a {kind} line without content")
        uuid, parent = as_text(value.get("uuid")), as_text(value.get("parentUuid"))
        self._lineage.add(uuid, parent, before, len(draft.entries))

    def _returned(self, value: dict[str, Any], number: int) -> bool:
        """Use what an export of this program noted; False if the line is to be read like any other."""
        notes_on_session(self._draft, value)
        return add_returned(self._draft, value, number)

    def _is_new(self, line: SpokenLine, number: int, value: SpokenLine | dict[str, Any]) -> bool:
        """Whether no line said this before; else it is counted. `value` is what it was parsed into."""
        if not line.uuid or not self._repeats.has(line):
            return True
        self._draft.duplicates.add(f"{line.type}, the same line again", number, value)
        return False

    def _message(self, line: SpokenLine, number: int) -> None:
        """Add what a line says."""
        entries = self._draft.entries
        before = len(entries)
        self._blocks.line(line, number)
        if line.is_sidechain and not self._is_subagent:
            self._aside(line, before)
        if line.type == "user":
            self._said(line, entries[before:])
            return
        message = line.message
        if message.usage is not None or line.cost is not None:
            self._spent.add(message.id or "", message.usage, line.cost)
        model = message.model
        if model and model != self._model and not model.startswith("<"):
            self._model = model

    def _aside(self, line: SpokenLine, start: int) -> None:
        """Note a line of a subagent that is in its parent's transcript, and its messages from `start`."""
        entries = self._draft.entries
        is_task = line.type == "user" and any(isinstance(e.item, Message) for e in entries[start:])
        positions = range(start, len(entries))
        self._sidechains.add(line.uuid or "", line.parent_uuid or "", positions, is_task=is_task)

    def _said(self, line: SpokenLine, added: list[DraftEntry]) -> None:
        """Use what a line of the person says beside its messages, which were added."""
        draft = self._draft
        for entry in added:
            if type(entry.item) is not Message:
                continue
            self._asides.heard(entry.item, is_of_program=line.is_of_program)
            if self._is_subagent and not self._has_task:
                self._has_task = entry.is_task = entry.item.role == "developer"
        result = line.tool_use_result
        if result is not None and (started := started_by(result, line.session_id or "")):
            draft.has_started(added, started)
        if line.permission_mode:
            mode_of(draft, line.permission_mode)
        if not self._task and isinstance(line.message.content, str):
            self._task = short_title(line.message.content)
        if line.plan_content:
            self._entitle(added, line.plan_content)

    def _entitle(self, entries: list[DraftEntry], plan: str) -> None:
        """Title a request by the plan that it is about, rather than by its words."""
        for entry in entries:
            if entry.words:
                self._draft.titles.add(short_title(entry.words))
                entry.words = short_title(plan).lstrip("# ") or entry.words

    def _about_lines(self, lines: list[SpokenLine]) -> None:
        """Use what lines say of the session: the first directory and branch, and the last program."""
        self._about_session(
            self._directory or _first(line.cwd for line in lines),
            self._branch or _first(line.git_branch for line in lines),
            _first(line.version for line in reversed(lines)),
            _first(line.entrypoint for line in reversed(lines)),
        )

    def _about_session(self, directory: str, branch: str, version: str, originator: str) -> None:
        environment = self._draft.environment
        self._directory = self._directory or directory
        self._branch = self._branch or branch
        if version:
            environment[CLI_VERSION] = version
        if originator:
            environment[ORIGINATOR] = originator

    def finish(self) -> Imported:
        draft, asides = self._draft, self._asides
        # No line follows: this makes room for the messages.
        self._repeats.forget()
        self._lineage.mark(draft, asides.last)
        self._sidechains.mark(draft)
        draft.environment |= {BRANCH: self._branch, **self._spent.totals()}
        # A summary can be in any file of the project; it belongs to the file that has its leaf.
        leaves = self._lineage.has({leaf for leaf, _ in asides.summaries})
        own = [title for leaf, title in asides.summaries if leaf in leaves]
        untitled = f"Claude Code session of {draft.start[:10]}"
        titles = [
            asides.given.get("custom-title"),
            asides.given.get("ai-title"),
            own[-1] if own else "",
            draft.first_words,
            self._task if self._is_subagent else "",
            untitled,
        ]
        draft.titles.update(filter(None, [*titles, *own]))
        tags = [self._branch, *asides.tags]
        return draft.finish(
            source=self._source,
            changed=self._modified,
            title=next(filter(None, titles)),
            model=self._model,
            agent=_TAG,
            tags=tags,
            directory=self._directory,
        )


def _first(texts: Iterable[str | None]) -> str:
    return next(filter(None, texts), "")


def _shape(value: Any) -> str | None:
    return "claude" if _is_usual(value) and value.session_id else detect(value)


def _session(value: Any) -> str:
    if _is_usual(value):
        return value.session_id or ""
    return as_text(value.get("sessionId")) if isinstance(value, dict) else ""


def _time(value: Any) -> Any:
    if _is_usual(value):
        return value.timestamp
    return value.get("timestamp") if isinstance(value, dict) else None


def _spoken(lines: Iterable[Parsed]) -> Iterator[SpokenLine]:
    """Those of the lines that are messages and have an id."""
    for value in itertools.chain.from_iterable(line.values for line in lines):
        line = value if _is_usual(value) else _spoken_in(value)
        if line is not None and line.uuid:
            yield line


def _spoken_in(value: Any) -> SpokenLine | None:
    """The same for a line that was parsed into a dict; None also if an export noted the message."""
    if not isinstance(value, dict) or value.get("type") not in ("user", "assistant"):
        return None
    return spoken_in(value) if message_in(value) is None else None


def _is_usual(value: Any) -> TypeGuard[SpokenLine]:
    return isinstance(value, SpokenLine)
