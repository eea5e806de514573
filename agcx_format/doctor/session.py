"""Checks a session file section by section, in any layout.

Strategy: sections are located by their lengths, and each is checked by itself, so damage in one does not hide
the others. Exactly what the strict reader rejects is an error. Only one message is in memory at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from agcx_format import limits
from agcx_format.codec import bincode, messagepack
from agcx_format.codec.messagepack import lenient
from agcx_format.codec.zstd import frames
from agcx_format.counting import counted
from agcx_format.disk.open_file import OpenFile
from agcx_format.doctor.messages import Stopped, check_messages
from agcx_format.doctor.report import FileReport, ReportDraft, ReportPart, Severity
from agcx_format.doctor.seek_table import TableCheck
from agcx_format.errors import CorruptData, MessagePackDecodeError, PersistenceError, located
from agcx_format.layout import HEAD, Layout, guess, v1, v1_errors, v1_sections, v2
from agcx_format.model.fields import Moment
from agcx_format.model.session import (
    ConversationContext,
    OperatingMode,
    SessionMetadata,
    SessionState,
)
from agcx_format.model.timestamps import ns_of
from agcx_format.session.file_section import FileSection
from agcx_format.session.message_walk import MessageWalk
from agcx_format.session.whole import read_session
from agcx_format.store import paths

__all__ = ["AFTER_MESSAGES", "first_element", "value_end", "verify_session"]

T = TypeVar("T")

# The values after the messages in layout 2, in order.
AFTER_MESSAGES: tuple[tuple[str, Any], ...] = (
    ("context", ConversationContext),
    ("mode history", list[tuple[OperatingMode, Moment]]),
    ("state", SessionState),
    ("checksum", v2.Checksum),
)


def verify_session(
    path: str | os.PathLike[str], should_stop: Callable[[], bool] = lambda: False
) -> FileReport:
    """Check a whole session file. Never raises for its content."""
    draft = ReportDraft(path, "session")
    try:
        with OpenFile(path) as file:
            draft.size = file.size
            head = file.read(HEAD, 0)
            check = _CHECKS.get(guess(head), _AnyLayout)(draft, file, head, should_stop)
            check.check()
        if check.has_other_form and draft.finish().severity is Severity.ERROR:
            draft = _in_another_form(draft) or draft
    except PersistenceError as error:
        draft.error(error, "file")
    except Stopped:
        draft.stopped = True
    return draft.finish()


class _Session:
    """The common part of the checks of all layouts.

    Fields:
        has_other_form: whether the strict reader knows a form that `check` does not.
    """

    has_other_form = False

    def __init__(
        self, draft: ReportDraft, file: OpenFile, head: bytes, should_stop: Callable[[], bool]
    ) -> None:
        self.draft, self.file, self.head, self.should_stop = draft, file, head, should_stop
        self.size = draft.size
        self.metadata: SessionMetadata | None = None
        self.found: int | None = None
        """How many messages there are; None where they end in damage."""

    def attempt(self, section: str, read: Callable[[], T], base: int = 0) -> T | None:
        """The result of `read`; if it fails, its error is reported and the result is None."""
        try:
            return read()
        except PersistenceError as error:
            self.draft.error(error.located(section=section, base=base), section)
            return None

    def warn_of_excess(self, section: str, reason: str, **where: Any) -> None:
        self.draft.add(Severity.WARNING, "excess", section, reason, **where)

    def excess(self, section: str, count: int, offset: int, *, decompressed: bool = False) -> None:
        if count > 0:
            reason = f"{counted(count, 'byte')} after its value without a meaning"
            self.warn_of_excess(section, reason, offset=offset, decompressed=decompressed)


def compare(
    draft: ReportDraft, version: int, metadata: SessionMetadata | None, found: int | None
) -> None:
    """Compare the metadata with the file's name and its messages; `found` is None if unknown."""
    draft.layout = version
    named = paths.id_of(os.fspath(draft.path))
    draft.id = named or (metadata.id if metadata else None)
    if metadata is None:
        return
    if named is not None and metadata.id != named:
        reason = f"its id is {metadata.id}, the file is named {named}"
        draft.add(Severity.WARNING, "id", "metadata", reason)
    if found is not None and metadata.message_count != found:
        reason = (
            f"{counted(metadata.message_count, 'message')} by the metadata, {found:,} by the file"
        )
        draft.add(Severity.WARNING, "count", "metadata", reason)
    if ns_of(metadata.created_at) > ns_of(metadata.updated_at):
        reason = f"updated {metadata.updated_at}, before it was created, {metadata.created_at}"
        draft.add(Severity.INFO, "time-order", "metadata", reason)


class _Layout1(_Session):
    def check(self) -> None:
        end = self.header()
        if end is not None:
            self.read_metadata(end)
            self.sections(end)
        have = {part.name for part in self.draft.parts}
        self.draft.parts += [ReportPart(name) for name in v1_sections.SECTIONS if name not in have]
        compare(self.draft, v1_errors.VERSION, self.metadata, self.found)

    def header(self) -> int | None:
        """Where the metadata end; None if that cannot be determined."""
        self.draft.parts.append(ReportPart("header", 0, min(self.size, v1_sections.HEADER)))
        # A damaged magic or version is reported, and then assumed to be correct.
        head = self.head[: v1_sections.HEADER]
        self.attempt("header", lambda: _check_beginning(head))
        if len(head) < v1_sections.HEADER:
            return None
        expected = v1_errors.BEGINNING + head[6:]
        return self.attempt("metadata", lambda: v1_sections.metadata_end(expected, self.size))

    def read_metadata(self, end: int) -> None:
        start = v1_sections.HEADER
        self.draft.parts.append(ReportPart("metadata", start, end))
        raw = self.attempt("metadata", lambda: self.file.read(end - start, start))
        if raw is None:
            return
        value = self.attempt(
            "metadata", lambda: bincode.decode_prefix(SessionMetadata, raw), base=start
        )
        if value is not None:
            self.metadata, used = value
            self.excess("metadata", len(raw) - used, start + used)

    def sections(self, end: int) -> None:
        for name in v1_sections.SECTIONS[1:]:
            start = end + 4
            if start > self.size:
                error = CorruptData(
                    "the file ends before it", section=name, offset=end, truncated=True
                )
                self.draft.error(error, name)
                return
            length = int.from_bytes(self.file.read(4, end), "little")
            end, left = start + length, self.size - start
            if length > left:
                reason = f"its length is {counted(length, 'byte')}, but {counted(left, 'is', 'are')} left"
                error = CorruptData(reason, section=name, offset=start - 4, truncated=True)
                self.draft.error(error, name)
            getattr(self, name)(start, min(end, self.size))
            if length > left:
                return
        if end < self.size:
            reason = f"{counted(self.size - end, 'byte')} after the last section without a meaning"
            self.warn_of_excess("file", reason, offset=end)

    def messages(self, start: int, end: int) -> None:
        table = TableCheck(self.file, start, end)
        walk = MessageWalk(table.pieces())
        check_messages(self.draft, walk, base=start, should_stop=self.should_stop)
        table.report(self.draft, walk)
        if walk.error is None:
            self.found = walk.found
            self.excess("messages", len(walk.tail), walk.end, decompressed=True)
        self.draft.parts.append(
            ReportPart("messages", start, end, text=walk.size, items=walk.found)
        )

    def context(self, start: int, end: int) -> None:
        raw = self.attempt("context", lambda: self.decompressed(start, end), base=start)
        self.draft.parts.append(
            ReportPart("context", start, end, text=None if raw is None else len(raw))
        )
        if raw is None:
            return
        try:
            messagepack.decode(ConversationContext, raw)
        except PersistenceError as error:
            self.draft.error(error.located(section="context", decompressed=True), "context")
        else:
            used = value_end(raw)
            self.excess("context", len(raw) - used, used, decompressed=True)

    def state(self, start: int, end: int) -> None:
        self.draft.parts.append(ReportPart("state", start, end))
        raw = self.attempt("state", lambda: self.whole(start, end))
        if raw is None:
            return
        value = self.attempt("state", lambda: bincode.decode_prefix(SessionState, raw), base=start)
        if value is not None:
            self.excess("state", len(raw) - value[1], start + value[1])

    def whole(self, start: int, end: int) -> bytes:
        if end - start > limits.WHOLE_SECTION:
            raise CorruptData("it is too large")
        return self.file.read(end - start, start)

    def decompressed(self, start: int, end: int) -> bytes:
        return frames.decompress(self.whole(start, end))


class _Layout2(_Session):
    has_other_form = True

    def check(self) -> None:
        self.draft.parts.append(ReportPart("header", 0, min(self.size, v2.HEADER)))
        head = self.head[: v2.HEADER]
        self.attempt("header", lambda: _check_beginning(head))
        end = self.size
        if len(head) == v2.HEADER:
            expected = v2.BEGINNING + head[8:]
            end = self.attempt("session", lambda: v2.section_end(expected, self.size)) or end
            self.session(end)
            if end < self.size:
                reason = (
                    f"{counted(self.size - end, 'byte')} after the last section without a meaning"
                )
                self.warn_of_excess("file", reason, offset=end)
        compare(self.draft, v2.VERSION, self.metadata, self.found)

    def session(self, end: int) -> None:
        start = v2.HEADER
        walk = MessageWalk(frames.pieces(FileSection(self.file, start, end)), v2.BEFORE_MESSAGES)
        check_messages(self.draft, walk, base=start, should_stop=self.should_stop)
        self.draft.parts.append(ReportPart("session", start, end, text=walk.size))
        metadata = first_element(walk.head)
        if metadata is not None:
            at, metadata_end = metadata
            self.draft.parts.append(ReportPart("metadata", at, metadata_end, decompressed=True))
            self.metadata = self.decoded("metadata", SessionMetadata, walk.head, at, metadata_end)
        self.draft.parts.append(
            ReportPart("messages", len(walk.head), walk.end, decompressed=True, items=walk.found)
        )
        self.attempt("session", lambda: _check_head(walk.head) if walk.scanner.starts else None)
        if walk.error is None:
            self.found = walk.found
            self.after_messages(walk.tail, walk.end)

    def after_messages(self, tail: bytes, base: int) -> None:
        at = 0
        for name, type_ in AFTER_MESSAGES:
            try:
                end = at + value_end(tail[at:])
            except lenient.UNPACK_ERRORS as cause:
                error = MessagePackDecodeError(
                    lenient.in_words(cause), section=name, offset=base + at, decompressed=True
                )
                self.draft.error(error, name)
                return
            self.draft.parts.append(ReportPart(name, base + at, base + end, decompressed=True))
            self.decoded(name, type_, tail, at, end, base)
            at = end
        self.excess("session", len(tail) - at, base + at, decompressed=True)

    def decoded(
        self, name: str, type_: Any, raw: bytes, start: int, end: int, base: int = 0
    ) -> Any:
        try:
            return messagepack.decode(type_, raw[start:end])
        except PersistenceError as error:
            place = error.located(section=name, base=base + start, decompressed=True)
            self.draft.error(place, name)
            return None


class _AnyLayout(_Session):
    """Checks a file of a layout without a check of its own, by what the layout itself can read."""

    def check(self) -> None:
        layout, data = guess(self.head), FileSection(self.file, 0, self.size)
        self.metadata = self.attempt("metadata", lambda: layout.metadata(data))
        if self.metadata is not None:
            self.sections(layout, data)
        compare(self.draft, layout.version, self.metadata, self.found)

    def sections(self, layout: Layout, data: FileSection) -> None:
        for each in self.attempt("file", lambda: layout.sections(data)) or ():
            self.draft.parts.append(ReportPart(each.name, each.start, each.end))
        if (place := self.attempt("messages", lambda: layout.messages(data))) is not None:
            section = FileSection(self.file, place.start, place.end)
            walk = MessageWalk(frames.pieces(section), place.before)
            check_messages(self.draft, walk, base=place.start, should_stop=self.should_stop)
            self.found = walk.found if walk.error is None else None
        self.attempt("context", lambda: layout.context(data))
        self.attempt("state", lambda: layout.state(data))
        self.excess("file", self.size - layout.end(data), layout.end(data))


_CHECKS: dict[Layout, type[_Layout1 | _Layout2]] = {v1.LAYOUT: _Layout1, v2.LAYOUT: _Layout2}


def _check_beginning(head: bytes) -> None:
    """Check the magic, the version, and that the header is complete; not its lengths."""
    if guess(head) is v2.LAYOUT:
        v2.section_end(head[:8] + bytes(len(head) - 8), v2.HEADER)
    else:
        v1_sections.metadata_end(head[:6] + bytes(max(0, len(head) - 6)), v1_sections.HEADER)


def value_end(raw: bytes) -> int:
    unpacker = lenient.unpacker(raw)
    unpacker.skip()
    return int(unpacker.tell())


def first_element(head: bytes) -> tuple[int, int] | None:
    """Start and end of the metadata in a decompressed layout 2 section; None if they are cut off."""
    unpacker = lenient.unpacker(head)
    try:
        unpacker.read_array_header()
        start = unpacker.tell()
        unpacker.skip()
    except lenient.UNPACK_ERRORS:
        return None
    return start, unpacker.tell()


def _check_head(head: bytes) -> None:
    """Check the numbers of elements and fields around the metadata, and the conversation's id."""
    unpacker = lenient.unpacker(head)
    at = 0
    for what, expected in (("elements", 4), ("fields of the conversation", 4)):
        at = unpacker.tell()
        if (count := unpacker.read_array_header()) != expected:
            reason = f"{expected} {what} were expected, not {count}"
            raise MessagePackDecodeError(reason, offset=at, decompressed=True)
        at = unpacker.tell()
        unpacker.skip()
    with located(base=at, decompressed=True):
        messagepack.decode(UUID, head[at : unpacker.tell()])


def _in_another_form(draft: ReportDraft) -> ReportDraft | None:
    """Check a layout 2 file with maps instead of arrays around the messages, by the strict reader."""
    if draft.size > limits.WHOLE_SECTION:
        return None
    try:
        metadata, conversation, _ = read_session(draft.path)
    except PersistenceError:
        return None
    fresh = ReportDraft(draft.path, draft.kind, draft.size)
    fresh.parts = draft.parts[:2]
    reason = "not in the form that is written today, it reads the same"
    fresh.add(Severity.INFO, "other-form", "session", reason)
    compare(fresh, v2.VERSION, metadata, len(conversation.messages))
    return fresh
