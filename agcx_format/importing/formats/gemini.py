"""Imports chats of Gemini CLI: `tmp/<project>/chats/session-*.jsonl`, before that `.json`.

Strategy: the lines are changes to a conversation. A message that changes is written again with its id, and
the last one counts, at the place of the first. Going back drops the messages from one on; they become a
branch that was left. So the lines are replayed first, and the messages made at the end. Ids derive from those
of the messages.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agcx_format.errors import PersistenceError
from agcx_format.importing.draft_entry import DraftEntry
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.beside import json_beside, small_text
from agcx_format.importing.formats.parts import text_in
from agcx_format.importing.formats.reading import (
    LineAgent,
    Reading,
    as_dict,
    as_list,
    identity,
    outcome_of,
    start_of,
)
from agcx_format.importing.imported import Imported, Parent
from agcx_format.importing.moments import moment_of
from agcx_format.model.timestamps import Timestamp

__all__ = ["Gemini"]

_TYPES = ("user", "gemini", "info", "error", "warning")


class Gemini(LineAgent):
    """Gemini CLI of Google."""

    name = "gemini"
    label = "Gemini CLI"
    tag = "gemini"
    patterns = ("*.jsonl", "session-*.json")

    def default_places(self) -> list[Path]:
        return [Path(os.environ.get("GEMINI_CLI_HOME") or Path.home()) / ".gemini" / "tmp"]

    def is_line(self, value: Any) -> bool:
        match value:
            case {"sessionId": str(), "projectHash": str()}:
                return True
            case {"id": str(), "type": "user" | "gemini", "content": _, "timestamp": _}:
                return "uuid" not in value
        return False

    def begin(self, values: list[dict[str, Any]], path: Path, modified: Timestamp) -> Reading:
        header = next((v for v in values if as_text(v.get("sessionId"))), {})
        given = as_text(header.get("sessionId"))
        parent = path.parent.name if path.parent.parent.name == "chats" else ""
        if parent:
            # The files of subagents are named by their ids; the header can have the parent's.
            given = given if given and given != parent else path.stem
        start = start_of([header], "startTime") or start_of(values)
        chat = _Chat(self, path, modified, identity(self, given, path), start)
        if parent:
            chat.draft.parent = Parent(identity(self, parent, path))
        return chat


@dataclass(slots=True)
class _Record:
    """A message: its last version, and where it first appeared.

    Fields:
        left: the number of the step back that dropped it; 0 if it stayed.
    """

    value: dict[str, Any]
    number: int
    key: str
    left: int = 0


class _Chat(Reading):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._records: list[_Record] = []
        self._current: dict[str, _Record] = {}
        self._times: dict[str, int] = {}
        self._steps_back = 0
        self._hash = ""

    def unless_taken(self, before: int, value: dict[str, Any]) -> None:
        """Nothing yet: a line is used when the last one is read, as others may replace it."""

    # --- replay

    def value(self, value: dict[str, Any], number: int) -> None:
        match value:
            case {"$set": dict(changes)}:
                self.skip("$set", {name: changes[name] for name in changes if name != "messages"})
                self._about_session(changes)
                if isinstance(changes.get("messages"), list):
                    self._replace(changes["messages"], number)
            case {"$patch": dict(changes)}:
                self.skip("$patch", value)
                for each in [changes, *map(as_dict, as_list(changes.get("updates")))]:
                    self._complete(each)
            case {"$rewindTo": str(message)}:
                self.skip("$rewindTo", value)
                self._rewind(message)
            case {"id": str(message), "type": str(kind)} if kind in _TYPES:
                self._put(message, value, number)
            case {"sessionId": str()}:
                messages = value.get("messages")
                header = {name: value[name] for name in value if name != "messages"}
                self.skip("metadata", header)
                self._about_session(header)
                if isinstance(messages, list):
                    self._replace(messages, number)
            case _:
                self._put(f"line {number}", value, number)

    def _put(self, message: str, value: dict[str, Any], number: int) -> None:
        if record := self._current.get(message):
            self.repeated("message, written again", value)
            record.value = value
            return
        times = self._times[message] = self._times.get(message, 0) + 1
        record = _Record(value, number, f"{message}#{times}" if times > 1 else message)
        self._records.append(record)
        self._current[message] = record

    def _replace(self, messages: list[Any], number: int) -> None:
        """All current messages: those that are missing were dropped."""
        known = {as_text(as_dict(each).get("id")) for each in messages}
        dropped = [name for name in self._current if name not in known]
        if dropped and len(dropped) < len(self._current):
            # A checkpoint of a compressed conversation leaves out what stays in the transcript.
            self.draft.note("a checkpoint leaves out messages, which are kept")
        for place, each in enumerate(messages):
            value = as_dict(each)
            if not value:
                self.draft.bad(number, "a message that is not an object")
                continue
            name = as_text(value.get("id")) or f"line {number}, {place}"
            if name in self._current:
                self._current[name].value = value
            else:
                self._put(name, value, number)

    def _complete(self, changes: dict[str, Any]) -> None:
        """Use what a message lacked until now. What it has stays: a compression only takes away from that."""
        record = self._current.get(as_text(changes.get("id")))
        if record is None:
            return
        results = {
            as_text(each.get("id")): each.get("result")
            for each in map(as_dict, as_list(changes.get("toolCalls")))
        }
        calls = [
            {**each, "result": results.get(as_text(each.get("id")))}
            if isinstance(each, dict) and each.get("result") is None
            else each
            for each in as_list(record.value.get("toolCalls")) or as_list(changes.get("toolCalls"))
        ]
        said = record.value.get("content") or changes.get("content")
        record.value = {**record.value, "content": said, **({"toolCalls": calls} if calls else {})}

    def _rewind(self, message: str) -> None:
        self._steps_back += 1
        found = self._current.get(message)
        start = self._records.index(found) if found else 0
        for record in self._records[start:]:
            record.left = record.left or self._steps_back
        self._current = {name: r for name, r in self._current.items() if not r.left}

    def _about_session(self, about: dict[str, Any]) -> None:
        self.title = as_text(about.get("summary")) or self.title
        self._hash = as_text(about.get("projectHash")) or self._hash
        directories = about.get("directories")
        if isinstance(directories, list) and directories:
            self.directory = as_text(directories[0]) or self.directory

    # --- the messages

    def finish(self, changed: Timestamp | None = None) -> Imported:
        self.directory = _project_of(self.source, self._hash) or self.directory
        fork: DraftEntry | None = None
        left: dict[int, tuple[list[DraftEntry], DraftEntry | None]] = {}
        resumes = False
        for record in self._records:
            before = len(self.draft.entries)
            self._message(record)
            made = self.draft.entries[before:]
            if not made:
                continue
            if record.left:
                left.setdefault(record.left, ([], fork))[0].extend(made)
                resumes = True
                continue
            if resumes and fork is not None:
                made[0].parent = fork.position
            resumes, fork = False, made[-1]
        for entries, after in left.values():
            self.draft.leave(entries, after)
        return super().finish(changed)

    def _message(self, record: _Record) -> None:
        value, self._number = record.value, record.number
        before = self.accounted()
        self.draft.key = record.key
        self.draft.at_time(value.get("timestamp"))
        kind = as_text(value.get("type"))
        try:
            if kind == "user":
                self._asked(value.get("content"), value.get("displayContent"))
            elif kind == "gemini":
                self._answer(record.key, value)
            elif kind in _TYPES:
                words = text_in(value.get("content")).strip()
                prefix = "" if kind == "info" else f"{kind.capitalize()}: "
                self.notice(f"{prefix}{words or 'no reason given'}")
            else:
                self.unknown(kind, value)
        except RecursionError:
            self.draft.incomplete = True
            self.draft.bad(record.number, "nested too deeply")
        super().unless_taken(before, value)

    def _asked(self, content: Any, displayed: Any) -> None:
        """What the person typed stands beside what became of it, with the files that they named."""
        if displayed and text_in(displayed) != text_in(content):
            self.asked(displayed)
            self.injected(content, "message with what was added to it")
        else:
            self.asked(content)

    def _answer(self, key: str, value: dict[str, Any]) -> None:
        self.model = as_text(value.get("model")) or self.model
        for thought in as_list(value.get("thoughts")):
            match thought:
                case {"subject": str(subject), "description": str(text)}:
                    self.thought(f"**{subject}**\n{text}" if subject else text)
                case _:
                    self.thought(as_text(thought) or text_in(thought))
        self.said(value.get("content"))
        for called in self.calls_in(value.get("toolCalls"), "toolCalls"):
            self._tool(called)
        tokens = as_dict(value.get("tokens"))
        written = sum(n for name in ("output", "thoughts") if type(n := tokens.get(name)) is int)
        self.usage.add(key, tokens.get("input"), tokens.get("cached"), written)

    def _tool(self, called: dict[str, Any]) -> None:
        arguments = called.get("args")
        call_id = self.call(called.get("id"), called.get("name"), arguments)
        if agent := as_text(called.get("agentId")):
            self.draft.subagents[call_id] = identity(self.agent, agent, self.source)
        status = as_text(called.get("status"))
        result = called.get("result")
        if result is None and status not in ("success", "error", "cancelled"):
            return
        texts, images = _output(result)
        text = "\n".join(filter(None, texts)) or text_in(called.get("resultDisplay") or "")
        self.draft.at(moment_of(called.get("timestamp")) or self.draft.now)
        success = {"success": True, "error": False, "cancelled": False}.get(status)
        self.result(call_id, [text, *images], outcome_of(success, text))
        if status == "cancelled":
            self.notice(f"Cancelled: {as_text(called.get('name')) or 'a tool'}")


def _output(result: Any) -> tuple[list[str], list[Any]]:
    """The texts and pictures of what a tool returned."""
    texts: list[str] = []
    images: list[Any] = []
    for part in result if isinstance(result, list) else [result]:
        match part:
            case {"functionResponse": {"response": dict(response)}}:
                said = [response[n] for n in ("output", "error", "content") if response.get(n)]
                texts += map(text_in, said or [response])
            case {"inlineData": _}:
                images.append(part)
            case None:
                pass
            case _:
                texts.append(text_in(part))
    return texts, images


def _project_of(chat: Path, hashed: str) -> str:
    """The directory of the project, from the files that Gemini CLI keeps of it."""
    for folder in list(chat.absolute().parents)[1:3]:
        try:
            return small_text(folder / ".project_root").strip()
        except (OSError, PersistenceError):
            pass
        known = as_dict(json_beside(folder.parent.parent / "projects.json").get("projects"))
        for directory, short in known.items():
            if short == folder.name or hashlib.sha256(directory.encode()).hexdigest() == hashed:
                return directory
    return ""
