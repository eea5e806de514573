"""Imports sessions of OpenCode: of its database, or of the files that older versions kept.

Strategy: a session is messages, and a message is parts: texts, thoughts, tools, files. Each part has an id,
which the ids of our messages derive from. A part that is still being written ends what is imported of a
session, so that a later import only adds to it. `opencode_store` reads the rows; here they become steps.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agcx_format.importing.agent import Agent, Head, Source
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.opencode_rows import StoredMessage, StoredSession
from agcx_format.importing.formats.opencode_store import read_stored, stored_in
from agcx_format.importing.formats.parts import text_in
from agcx_format.importing.formats.reading import (
    Reading,
    as_dict,
    as_list,
    identity,
    outcome_of,
)
from agcx_format.importing.formats.sqlite import MAGIC
from agcx_format.importing.imported import Imported, Parent
from agcx_format.importing.moments import moment_of
from agcx_format.importing.notices import compacted, summary
from agcx_format.importing.report import Example
from agcx_format.importing.unavailable import source_errors
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import ns_of
from agcx_format.variables import CLI_VERSION

__all__ = ["OpenCode"]

# What the definitions of the tables name, in both versions.
_TABLES = (
    (b"message", b"part", b"session", b"project_id"),
    (b"session_v2", b"session_message", b"project_id"),
)
_SILENT = ("step-start", "snapshot", "patch", "agent")


class OpenCode(Agent):
    """OpenCode."""

    name = "opencode"
    label = "OpenCode"
    tag = "opencode"
    patterns = ("opencode*.db", "ses_*.json")

    def default_places(self) -> list[Path]:
        share = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
        home = share / "opencode"
        given = os.environ.get("OPENCODE_DB")
        # Other channels than the usual one have databases of their own.
        databases = [home / given] if given else [home / "opencode.db", *home.glob("opencode-*.db")]
        return [*sorted(databases), home / "storage" / "session"]

    def detect(self, head: Head) -> bool:
        if head.data.startswith(MAGIC):
            # The first page has the definitions of the tables, unless there are very many.
            return b"CREATE TABLE" in head.data and any(
                all(name in head.data for name in names) for names in _TABLES
            )
        return any(_is_session(value) for value in head.values[:1])

    def sources(self, path: Path) -> Iterator[Source]:
        """The sessions of a database, or the one of a file."""
        yield from stored_in(path)

    def read(self, source: Source) -> Imported:
        with source_errors(source.path), read_stored(source) as stored:
            return self._convert(stored, source)

    def _convert(self, stored: StoredSession, source: Source) -> Imported:
        about = stored.about
        start = moment_of(about.get("time_created")) or stored.changed
        own = identity(self, about.get("id"), source.path)
        reading = _Session(self, source.path, stored.changed, own, start)
        reading.named(about.get("id"))
        reading.begin(about)
        if parent := as_text(about.get("parent_id")):
            reading.draft.parent = Parent(
                identity(self, parent, source.path), stored.called_by, stored.role, reading.title
            )
        for message in stored.messages:
            if not reading.message(message):
                break
        for number, reason in stored.errors:
            reading.draft.incomplete = True
            reading.draft.bad(number, reason)
        reading.end(stored)
        return reading.finish(stored.changed)


def _is_session(value: Any) -> bool:
    match value:
        case {"id": str(), "time": {"created": _}, "title": str()}:
            return bool({"directory", "projectID"} & value.keys())
    return False


class _Session(Reading):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._reverted = ""
        self._left: list[DraftEntry] = []
        self._fork: DraftEntry | None = None

    def begin(self, about: dict[str, Any]) -> None:
        title = as_text(about.get("title"))
        is_named = not title.startswith(("New session - ", "Child session - "))
        self.title = title if is_named else ""
        self.directory = as_text(about.get("directory"))
        self._reverted = as_text(as_dict(about.get("revert")).get("messageID"))
        if version := as_text(about.get("version")):
            self.draft.environment[CLI_VERSION] = version

    def value(self, value: dict[str, Any], number: int) -> None:
        self.unknown("", value)

    def message(self, message: StoredMessage) -> bool:
        """Add a message; whether it was complete, so that the next one can follow."""
        self._number = message.number
        data = message.data
        time = as_dict(data.get("time"))
        self.draft.key = message.id
        self.draft.at(moment_of(time.get("created")) or moment_of(message.created))
        before = len(self.draft.entries)
        is_complete = True
        if data.get("role") == "user":
            self._user(message)
        elif data.get("role") == "assistant":
            is_complete = self._assistant(message, time)
        else:
            self.unknown(f"message of {as_text(data.get('role')) or 'nobody'}", data)
        made = self.draft.entries[before:]
        if message.id == self._reverted:
            self._fork = self.draft.entries[before - 1] if before else None
        if self._left or message.id == self._reverted:
            self._left += made
        return is_complete

    def _user(self, message: StoredMessage) -> None:
        model = as_dict(message.data.get("model"))
        self.model = as_text(model.get("modelID")) or self.model
        self._agent(message.data)
        typed: list[Any] = []
        injected: list[Any] = []
        for part in message.parts:
            kind = as_text(part.get("type"))
            if kind == "text":
                (injected if part.get("synthetic") or part.get("ignored") else typed).append(
                    text_in(part.get("text"))
                )
            elif kind == "file":
                typed.append(_file(part))
            elif kind == "agent":
                typed.append(f"@{as_text(part.get('name'))}")
            elif kind == "subtask":
                words = as_text(part.get("description")) or as_text(part.get("prompt"))
                typed.append(f"[{as_text(part.get('agent')) or 'subtask'}: {words}]")
            elif kind == "compaction":
                self.notice(compacted("auto" if part.get("auto") else "manual", None))
            elif kind in _SILENT:
                self.skip(f"part {kind}", part)
            else:
                self.unknown(f"part {kind}", part)
        self.asked(typed)
        if injected:
            self.injected(injected, "synthetic text")

    def _agent(self, data: dict[str, Any]) -> None:
        """The agent that answers is also the mode."""
        mode = as_text(data.get("agent")) or as_text(data.get("mode"))
        if mode in ("plan", "build"):
            self.draft.mode(OperatingMode.PLAN if mode == "plan" else OperatingMode.BUILD)

    def _assistant(self, message: StoredMessage, time: dict[str, Any]) -> bool:
        data = message.data
        self.model = as_text(data.get("modelID")) or self.model
        self.directory = self.directory or as_text(as_dict(data.get("path")).get("cwd"))
        self._agent(data)
        # One that others follow was interrupted without a word.
        is_over = "completed" in time or bool(data.get("error")) or not message.is_last
        is_summary = data.get("summary") is True or data.get("mode") == "compaction"
        for part in message.parts:
            self.draft.key = as_text(part.get("id")) or message.id
            if not self._part(part, is_over=is_over, is_summary=is_summary):
                return False
        self.draft.key = f"{message.id}/end"
        if error := as_dict(data.get("error")):
            self._error(error)
        tokens, cache = (
            as_dict(data.get("tokens")),
            as_dict(as_dict(data.get("tokens")).get("cache")),
        )
        read = _sum(tokens.get("input"), cache.get("read"), cache.get("write"))
        written = _sum(tokens.get("output"), tokens.get("reasoning"))
        self.usage.add(message.id, read, cache.get("read"), written, data.get("cost"))
        return is_over

    def _error(self, error: dict[str, Any]) -> None:
        name = as_text(error.get("name"))
        words = as_text(as_dict(error.get("data")).get("message")) or name
        if name == "MessageAbortedError":
            self.notice("Interrupted")
        else:
            self.notice(f"Error: {words or 'no reason given'}")

    def _part(self, part: dict[str, Any], *, is_over: bool, is_summary: bool) -> bool:
        """Add a part of an answer; whether it is complete."""
        kind, time = as_text(part.get("type")), as_dict(part.get("time"))
        if begun := moment_of(time.get("start")):
            self.draft.at(begun)
        if kind in ("text", "reasoning"):
            if kind == "reasoning":
                self.thought(part.get("text"))
            elif is_summary and (words := text_in(part.get("text"))).strip():
                self.draft.add(summary(words), self._number)
            else:
                self.said(part.get("text"))
            return is_over or not time or "end" in time
        elif kind == "tool":
            return self._tool(part, is_over=is_over)
        elif kind == "file":
            self.said([_file(part)])
        elif kind == "retry":
            error = as_dict(as_dict(part.get("error")).get("data"))
            words = as_text(error.get("message")) or "no reason given"
            self.notice(f"API error: {words} (attempt {part.get('attempt')})")
        elif kind == "compaction":
            self.notice(compacted("auto" if part.get("auto") else "manual", None))
        elif kind == "step-finish" or kind in _SILENT:
            self.skip(f"part {kind}", part)
        else:
            self.unknown(f"part {kind}", part)
        return True

    def _tool(self, part: dict[str, Any], *, is_over: bool) -> bool:
        state = as_dict(part.get("state"))
        if not as_text(state.get("status")):
            self.unknown("part tool", part)
            return is_over
        status, time = as_text(state.get("status")), as_dict(state.get("time"))
        started, ended = moment_of(time.get("start")), moment_of(time.get("end"))
        if status == "pending" and not is_over:
            return False
        if started:
            self.draft.at(started)
        call_id = self.call(part.get("callID"), part.get("tool"), state.get("input"))
        metadata = as_dict(state.get("metadata"))
        given = metadata.get("sessionId") or metadata.get("sessionID")
        if started_one := as_text(given):
            child = identity(self.agent, started_one, self.source)
            self.draft.subagents[call_id] = child
        if status in ("pending", "running"):
            return is_over
        names = ("output", "error") if status == "completed" else ("error", "output")
        text = text_in(next(filter(None, map(state.get, names)), ""))
        seconds = (ns_of(ended) - ns_of(started)) / 1e9 if started and ended else None
        code = metadata.get("exit")
        success = status == "completed" and not (type(code) is int and code)
        images = [_file(as_dict(each)) for each in as_list(state.get("attachments"))]
        if ended:
            self.draft.at(ended)
        outcome = outcome_of(success, text, code=code, seconds=seconds)
        self.result(call_id, [text, *images], outcome)
        return True

    def end(self, stored: StoredSession) -> None:
        """What was undone is a branch that was left."""
        if self._left:
            self.draft.leave(self._left, self._fork)
        for kind, count in stored.skipped.items():
            self.draft.skipped.counts[kind] += count
            self.draft.skipped.examples.setdefault(kind, Example(0, ""))


def _file(part: dict[str, Any]) -> Any:
    """A picture, or where a file is."""
    url, mime = as_text(part.get("url")), as_text(part.get("mime"))
    if mime.startswith("image/") and url:
        return {"type": "input_image", "image_url": url}
    where = as_text(as_dict(part.get("source")).get("path")) or as_text(part.get("filename"))
    return f"[file: {where or url[:200]}]"


def _sum(*counts: Any) -> int:
    return sum(count for count in counts if type(count) is int and count >= 0)
