"""Imports chats of the Cursor agent: `chats/<directory>/<id>/store.db`, else the transcript of the chat.

Strategy: a transcript is `projects/<project>/agent-transcripts/<id>/<id>.jsonl`, with the blocks of
Anthropic, without ids and mostly without times. Tools often have no result in it, so a chat that has a
database is read from there (see `cursor_store`). Its file `meta.json` may have a title and when it began.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from agcx_format.importing.agent import Head, Source, home_directory
from agcx_format.importing.fields import as_text
from agcx_format.importing.formats.anthropic import add_answer, add_results
from agcx_format.importing.formats.beside import json_beside
from agcx_format.importing.formats.cursor_store import read_chat
from agcx_format.importing.formats.parts import content_of
from agcx_format.importing.formats.reading import LineAgent, Reading, as_dict, identity
from agcx_format.importing.formats.sqlite import MAGIC
from agcx_format.importing.imported import Imported, Parent
from agcx_format.importing.json_lines import Line
from agcx_format.importing.moments import moment_of
from agcx_format.importing.report import Example
from agcx_format.model.items import InputText
from agcx_format.model.session import OperatingMode
from agcx_format.model.timestamps import Timestamp

__all__ = ["Cursor"]

_SUBAGENTS = "subagents"
# Names that Cursor gives before there is one.
_UNTITLED = ("New Agent", "New Chat")
_NO_CONVERSATION = ("turn_ended", "turn_started", "metadata")


class Cursor(LineAgent):
    """The agent of Cursor."""

    name = "cursor"
    label = "Cursor agent"
    tag = "cursor"
    patterns = ("*.jsonl", "store.db")

    def default_places(self) -> list[Path]:
        home = home_directory("CURSOR_CONFIG_DIR", ".cursor")
        return [home / "projects", home / "chats"]

    def detect(self, head: Head) -> bool:
        if head.data.startswith(MAGIC):
            return b"blobs" in head.data and b"meta" in head.data and head.path.suffix == ".db"
        return super().detect(head)

    def sources(self, path: Path) -> Iterator[Source]:
        """The chat in a file, unless it is a transcript of one that has a database."""
        if path.suffix != ".jsonl" or not _has_database(path):
            yield Source(path)

    def read(self, source: Source) -> Imported:
        if source.path.suffix != ".db":
            return super().read(source)
        path = source.path
        chat = read_chat(path)
        modified = Timestamp.from_ns(_changed_ns(path))
        start = moment_of(chat.about.get("createdAt")) or _began(path, modified)
        own = identity(self, path.parent.name, path)
        transcript = _Transcript(self, path, modified, own, start)
        transcript.title = as_text(chat.about.get("name"))
        transcript.model = as_text(chat.about.get("lastUsedModel"))
        transcript.directory = chat.directory
        if chat.about.get("mode") == "plan":
            transcript.draft.mode(OperatingMode.PLAN)
        for number, (key, message) in enumerate(chat.messages, 1):
            transcript.draft.key = key
            transcript.draft.take([Line(number, (message,))], transcript.take)
        for number, reason in chat.errors:
            transcript.draft.incomplete = True
            transcript.draft.bad(number, reason)
        if chat.others:
            transcript.draft.skipped.counts["blob that is no message"] += chat.others
            transcript.draft.skipped.examples["blob that is no message"] = Example(0, "")
        return transcript.finish()

    def is_line(self, value: Any) -> bool:
        match value:
            case {"role": "user" | "assistant", "message": {"content": list() | str()}}:
                return not {"uuid", "sessionId", "id"} & value.keys()
        return False

    def begin(self, values: list[dict[str, Any]], path: Path, modified: Timestamp) -> Reading:
        transcript = _Transcript(
            self, path, modified, identity(self, path.stem, path), _began(path, modified)
        )
        if path.parent.name == _SUBAGENTS:
            transcript.draft.parent = Parent(identity(self, path.parent.parent.name, path))
        return transcript


class _Transcript(Reading):
    def value(self, value: dict[str, Any], number: int) -> None:
        role, kind = as_text(value.get("role")), as_text(value.get("type"))
        content = as_dict(value.get("message")).get("content", value.get("content"))
        if role not in ("user", "assistant", "system", "tool"):
            if kind in _NO_CONVERSATION:
                self.skip(kind, value)
                if as_text(value.get("status")) in ("aborted", "cancelled", "error"):
                    self.notice(f"Interrupted: {value['status']}")
            else:
                self.unknown(kind, value)
        elif not isinstance(content, str | list):
            self.draft.bad(number, f"a message of {role} without content")
        elif role == "assistant":
            self.model = as_text(value.get("model")) or self.model
            add_answer(self, content)
        elif role == "user":
            self._asked(add_results(self, content))
        else:
            rest = add_results(self, content)
            if rest:
                self.injected(rest, f"message of {role}")

    def _asked(self, blocks: list[Any]) -> None:
        """What the person typed is marked as such where other text is put beside it."""
        parts = content_of(blocks)
        texts = "\n".join(part.text for part in parts if isinstance(part, InputText))
        if not texts and not parts:
            return
        if moment := _told(texts):
            self.draft.at(moment)
        query = "\n".join(found[1].strip() for found in _query(texts))
        if not query:
            rest = _injected_tags(texts)
            if rest != texts and not rest.strip():
                self.injected(texts, "message without a query")
            else:
                self.asked(blocks)
            return
        around = _query_or_time.sub("", texts).strip()
        if around:
            self.injected(around, "text beside a query")
        pictures = [
            b for b in blocks if not isinstance(b, str) and as_dict(b).get("type") != "text"
        ]
        self.asked([query, *pictures])

    def finish(self, changed: Timestamp | None = None) -> Imported:
        about = _about(self.source)
        title = as_text(about.get("title")) or as_text(about.get("name")) or self.title
        self.title = "" if title in _UNTITLED else title
        directory = as_text(about.get("cwd")) or as_text(about.get("workspacePath"))
        self.directory = directory or self.directory
        self.model = self.model or as_text(about.get("model"))
        return super().finish(changed)


_query = re.compile(r"<user_query>\n?(.*?)\n?</user_query>", re.DOTALL).finditer
_query_or_time = re.compile(
    r"<user_query>.*?</user_query>|<timestamp>[^<]{1,100}</timestamp>", re.DOTALL
)
_time = re.compile(
    r"<timestamp>[A-Za-z]+, ([A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d{2} [AP]M)"
    r" \(UTC([+-]\d{1,2})?(?::?(\d{2}))?\)</timestamp>"
).search
_tags = re.compile(
    r"<(external_links|system_reminder|open_and_recently_viewed_files|attached_files|user_info"
    r"|git_status|rules|agent_transcripts|agent_skills|timestamp|system_notification)\b[^<>]*>.*?</\1>",
    re.DOTALL,
)


def _injected_tags(text: str) -> str:
    """The text without what Cursor puts into it."""
    return _tags.sub("", text)


def _told(text: str) -> Timestamp | None:
    """The time that Cursor gives the model with a request."""
    found = _time(text)
    if found is None:
        return None
    hours, minutes = int(found[2] or 0), int(found[3] or 0)
    zone = timezone(timedelta(hours=hours, minutes=minutes if hours >= 0 else -minutes))
    try:
        moment = datetime.strptime(found[1], "%b %d, %Y, %I:%M %p").replace(tzinfo=zone)
    except ValueError:
        return None
    return Timestamp(moment.isoformat())


def _about(transcript: Path) -> dict[str, Any]:
    """What Cursor notes of a chat beside its transcript."""
    return json_beside(transcript.with_name("meta.json"))


def _has_database(transcript: Path) -> bool:
    """Whether the chat of a transcript is also where Cursor keeps its chats."""
    folders = transcript.absolute().parents
    if len(folders) < 5 or folders[1].name != "agent-transcripts":
        return False
    return any((folders[4] / "chats").glob(f"*/{glob.escape(transcript.stem)}/store.db"))


def _changed_ns(database: Path) -> int:
    """When a database last changed, or the log beside it."""
    times = [0]
    for end in ("", "-wal"):
        with contextlib.suppress(OSError):
            times.append(os.stat(f"{database}{end}").st_mtime_ns)
    return max(times)


def _began(transcript: Path, modified: Timestamp) -> Timestamp:
    """When the chat began: as noted, else when its directory was made, as far as that can be known."""
    if noted := moment_of(_about(transcript).get("createdAtMs")):
        return noted
    try:
        made = Timestamp.from_ns(os.stat(transcript.parent).st_mtime_ns)
    except OSError:
        return modified
    return min(made, modified)
