"""Measures where the space goes: bytes on disk, bytes decompressed, and the kinds of content.

Strategy: each file is measured by itself, message by message, into a `FileStats` of a few hundred bytes,
which a cache can keep by path and signature. `Stats` adds them up and keeps only the largest sessions and
messages. The caller can stop it between any two messages.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeVar

import msgspec

from agcx_format.disk.durable import Signature
from agcx_format.errors import PersistenceError
from agcx_format.model.items import (
    FunctionCall,
    FunctionCallOutput,
    InputImage,
    LocalShellCall,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.model.session import SessionMetadata
from agcx_format.model.timestamps import ns_of
from agcx_format.session.lazy import SessionFile
from agcx_format.session.listed import listed
from agcx_format.space.activity import ActivityFacts, ActivitySums
from agcx_format.store.entries import ScanEntry
from agcx_format.store.paths import id_of
from agcx_format.subagents import parent_of, shown_tags
from agcx_format.transcript.activity import ActivityReader
from agcx_format.transcript.outputs import read_output
from agcx_format.transcript.words import genuine_user_text, is_tool_image

__all__ = [
    "GROUPS",
    "KINDS",
    "ActivityFacts",
    "FileStats",
    "LargeMessage",
    "Stats",
    "Tally",
    "gather",
    "measure",
]

# Kinds of content in the order they are shown. `frame`: ids, times, records of tools, the context.
KINDS: Final = (
    "user", "answers", "reasoning", "calls", "output", "images", "snippets", "other", "frame",
)  # fmt: skip
GROUPS: Final = ("directory", "model", "month", "tag")

_LARGEST = 20
_LARGEST_OF_FILE = 5
# A title can be megabytes: only what a list shows is kept.
_TITLE = 200

Stopped = Callable[[], bool]

# What `_keep` compares: both begin with a size.
_Sized = TypeVar("_Sized", "LargeMessage", tuple[int, str, str])


class LargeMessage(msgspec.Struct, array_like=True, frozen=True, order=True):
    """`size` in bytes decompressed; `index` from 0; `kind`, of KINDS, is that of most of its bytes."""

    size: int
    index: int
    kind: str
    path: str = ""
    title: str = ""


class FileStats(msgspec.Struct, array_like=True, frozen=True):
    """What one file holds. Sizes are in bytes.

    Fields:
        plain: all sections decompressed.
        kinds: bytes of each kind of KINDS; kinds without any are left out.
        complete: False if a part of the file could not be read.
        activity: what happened in it; None if not requested.
    """

    path: str
    signature: Signature
    title: str
    model: str
    directory: str
    accessed: str
    tags: tuple[str, ...]
    plain: int
    messages: int
    kinds: dict[str, int]
    largest: tuple[LargeMessage, ...]
    complete: bool
    activity: ActivityFacts | None = None

    @property
    def disk(self) -> int:
        """Bytes of the file on disk, compressed."""
        return self.signature.size

    @property
    def month(self) -> str:
        """The month of the last access in local time, `2024-11`; empty if it is outside the calendar."""
        try:
            return time.strftime("%Y-%m", time.localtime(ns_of(self.accessed) // 1_000_000_000))
        except (ValueError, OverflowError, OSError):
            return ""

    def members(self, group: str) -> tuple[str, ...]:
        """The names under which a group of GROUPS counts this file."""
        if group == "tag":
            return tuple(shown_tags(self.tags)) or ("",)
        return (str(getattr(self, group)),)


def measure(
    entry: ScanEntry, should_stop: Stopped = lambda: False, *, activity: bool = False
) -> FileStats | None:
    """Read one file to its end; None if stopped before. Damage ends the reading and is not an error.

    To find out its `activity` as well takes twice as long.
    """
    try:
        file = SessionFile(entry.path)
    except PersistenceError:
        return _unreadable(entry, activity)
    with file:
        metadata = listed(file.metadata)
        try:
            directory, whole = file.context.working_directory, True
        except PersistenceError:
            directory, whole = "", False
        meter = _Meter(ActivityReader(metadata.turn_count, directory) if activity else None)
        if not meter.read(file, should_stop):
            return None
        plain = meter.size + sum(_plain_sizes(file, should_stop))
        kinds = dict(meter.kinds)
        kinds["frame"] = max(0, plain - sum(kinds.values()))
        return FileStats(
            entry.path,
            entry.signature,
            metadata.title[:_TITLE],
            metadata.model,
            directory,
            metadata.last_accessed,
            tuple(dict.fromkeys(metadata.tags)),
            plain,
            meter.count,
            {kind: size for kind, size in kinds.items() if size},
            tuple(sorted(meter.largest, reverse=True)),
            whole and meter.whole and file.error is None,
            _activity_of(meter.activity, metadata),
        )


def _activity_of(reader: ActivityReader | None, metadata: SessionMetadata) -> ActivityFacts | None:
    return None if reader is None else ActivityFacts.of(reader.activity(), metadata.checkpoints)


def _unreadable(entry: ScanEntry, activity: bool) -> FileStats:
    return FileStats(
        entry.path,
        entry.signature,
        entry.title[:_TITLE],
        "",
        "",
        "",
        (),
        entry.size,
        0,
        {},
        (),
        False,
        ActivityFacts() if activity else None,
    )


def _plain_sizes(file: SessionFile, should_stop: Stopped) -> Iterator[int]:
    """Decompressed sizes of the other sections. In layout 2, which has one section, they are negligible."""
    for place in file.sections():
        if place.name not in ("messages", "session"):
            yield file.plain_size(place, should_stop) or place.size


class _Meter:
    """Counts the messages of one file."""

    def __init__(self, activity: ActivityReader | None) -> None:
        self.activity = activity
        self.count = 0
        self.size = 0
        self.kinds: dict[str, int] = {}
        self.largest: list[LargeMessage] = []
        self.whole = True

    def read(self, file: SessionFile, should_stop: Stopped) -> bool:
        """Measure all messages; False if it was stopped before."""
        small = file.all_at_once()
        if small is not None:
            for message, (start, end) in zip(small[0], pairwise(small[1]), strict=True):
                if should_stop():
                    return False
                self._message(message, end - start)
            return True
        while True:
            while self.count < file.known():
                if should_stop():
                    return False
                file.fetch(self.count)
                self._message(file.get(self.count), file.size_of(self.count))
            if not file.read_more() and self.count >= file.known():
                return True

    def _message(self, message: object, size: int) -> None:
        index = self.count
        self.count += 1
        self.size += size
        if isinstance(message, MessageSnapshot):
            if self.activity is not None:
                self.activity.add(index + 1, message)
            found = _kinds_of(message)
        else:
            found, self.whole = {"other": size}, False
        for kind, amount in found.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + amount
        if len(self.largest) < _LARGEST_OF_FILE or size > self.largest[0].size:
            kind = max(found, key=found.__getitem__, default="frame")
            _keep(self.largest, LargeMessage(size, index, kind), _LARGEST_OF_FILE)


def _kinds_of(message: MessageSnapshot) -> dict[str, int]:
    """Bytes of text by kind."""
    found: dict[str, int] = {}
    _add_item(found, message.item)
    notes = message.metadata
    for file in notes.file_context:
        _add(found, "snippets", _bytes(file.path) + _bytes(file.snippet or ""))
    for _, item in notes.edit_history:
        earlier: dict[str, int] = {}
        _add_item(earlier, item)
        _add(found, "other", sum(earlier.values()))
    return found


def _add_item(found: dict[str, int], item: object) -> None:
    match item:
        case Message():
            _add_message(found, item)
        case Reasoning() | ReasoningWithoutContent():
            texts = [part.text for part in [*item.summary, *(item.content or [])]]
            _add(found, "reasoning", sum(map(_bytes, texts)) + _bytes(item.encrypted_content or ""))
        case FunctionCall():
            _add(found, "calls", _bytes(item.name) + _bytes(item.arguments))
        case LocalShellCall():
            _add(found, "calls", sum(map(_bytes, item.action.command)))
        case FunctionCallOutput():
            pictures = _picture_bytes(item.output)
            _add(found, "images", pictures)
            _add(found, "output", _bytes(item.output) - pictures)
        case UnknownItem():
            _add(found, "other", len(item.raw))


def _add_message(found: dict[str, int], message: Message) -> None:
    text = 0
    for part in message.content:
        if isinstance(part, InputImage):
            _add(found, "images", _bytes(part.image_url))
        elif isinstance(part, UnknownItem):
            _add(found, "other", len(part.raw))
        else:
            text += _bytes(part.text)
    if message.role == "assistant":
        _add(found, "answers", text)
        return
    said = genuine_user_text(message)
    own = 0 if said is None or is_tool_image(message) else min(text, _bytes(said))
    _add(found, "user", own)
    # What the agent wrote in the user's name, and what the system said.
    _add(found, "other", text - own)


def _picture_bytes(output: str) -> int:
    """The bytes of the pictures in a tool's output; most outputs have none."""
    if "image" not in output:
        return 0
    pictures = sum(_bytes(image.image_url) for image in read_output(output).images)
    return min(pictures, _bytes(output))


def _add(found: dict[str, int], kind: str, size: int) -> None:
    if size:
        found[kind] = found.get(kind, 0) + size


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _keep(heap: list[_Sized], item: _Sized, most: int) -> None:
    if len(heap) < most:
        heapq.heappush(heap, item)
    else:
        heapq.heappushpop(heap, item)


@dataclass(slots=True)
class Tally:
    """Number of sessions, and their bytes on disk and decompressed."""

    sessions: int = 0
    disk: int = 0
    plain: int = 0

    def add(self, disk: int, plain: int) -> None:
        self.sessions += 1
        self.disk += disk
        self.plain += plain


@dataclass(slots=True)
class Stats:
    """Sums over files.  `groups[group][name]`; a session with two tags counts under both.

    `activity` is of the files whose activity was measured.  `checkpoints` are the bytes of each session's
    checkpoints by its id, which count on disk with it.  `subagents` are the sessions that others started.
    """

    checkpoints: Mapping[str, int] = field(default_factory=dict)

    total: Tally = field(default_factory=Tally)
    subagents: Tally = field(default_factory=Tally)
    incomplete: int = 0
    messages: int = 0
    kinds: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    groups: dict[str, dict[str, Tally]] = field(
        default_factory=lambda: {group: {} for group in GROUPS}
    )
    activity: ActivitySums = field(default_factory=ActivitySums)
    _sessions: list[tuple[int, str, str]] = field(default_factory=list)
    _messages: list[LargeMessage] = field(default_factory=list)

    def add(self, file: FileStats) -> None:
        """Add the measurements of one more file."""
        disk = file.disk + self.checkpoints.get(str(id_of(file.path)), 0)
        self.total.add(disk, file.plain)
        if parent_of(file.tags) is not None:
            self.subagents.add(disk, file.plain)
        self.messages += file.messages
        self.incomplete += not file.complete
        if file.activity is not None:
            self.activity.add(file.activity)
        for kind, size in file.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + size
        for group, tallies in self.groups.items():
            for name in file.members(group):
                tallies.setdefault(name, Tally()).add(disk, file.plain)
        _keep(self._sessions, (disk, file.path, file.title), _LARGEST)
        for each in file.largest:
            named = LargeMessage(each.size, each.index, each.kind, file.path, file.title)
            _keep(self._messages, named, _LARGEST)

    @property
    def largest_sessions(self) -> list[tuple[int, str, str]]:
        """Bytes on disk, path, and title, the largest first."""
        return sorted(self._sessions, reverse=True)

    @property
    def largest_messages(self) -> list[LargeMessage]:
        """The largest messages of all files, the largest first."""
        return sorted(self._messages, reverse=True)


def gather(
    entries: Iterable[ScanEntry], should_stop: Stopped = lambda: False, *, activity: bool = False
) -> Generator[FileStats, None, None]:
    """Measure each file until stopped. `StatsCache.gather` does the same with a cache."""
    for entry in entries:
        found = None if should_stop() else measure(entry, should_stop, activity=activity)
        if found is None:
            return
        yield found
