"""A session on its way out: read, freed of secrets, and turned into bytes, a message at a time.

Strategy: an `Exporter` holds what is the same for all sessions of an export, the form and the placeholders;
it gives an `Outgoing` for each, which is all that the writing of files needs to know.  Secrets are
looked for before the first byte is given.  What somebody has reviewed is `Looked`: it holds for the very
file that was looked through, and another one is looked through again.  The formats are imported where
they are used.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agcx_format.disk.durable import Signature
    from agcx_format.exporting.choice import ExportChoice
    from agcx_format.model.session import ConversationContext, SessionMetadata
    from agcx_format.redaction.find import Find
    from agcx_format.redaction.replace import Placeholders
    from agcx_format.session.lazy import SessionFile

FORMATS = {
    "md": "Markdown",
    "html": "HTML",
    "json": "JSON",
    "jsonl": "JSON Lines",
    "txt": "Text",
    "codex": "Codex rollout",
}


# What each format says of the session and of what is around the messages, by field; JSON says all of it.
_FACTS = {
    "md": ("title", "model", "tags", "working_directory"),
    "html": ("title", "model", "tags", "working_directory"),
    "jsonl": ("title",),  # in the file's name
    "txt": ("title", "model"),
    "codex": ("model", "working_directory"),
}

_no_name = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Form:
    """How conversations are written: `choice` None is all of it; `personal` goes with `redact`."""

    format: str = "md"
    choice: ExportChoice | None = None
    redact: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What is to be hidden in a session file, and which file that was; None: it could not be read.

    `kept` are the kinds and secrets that somebody wants to keep, wherever they are in it.
    """

    finds: tuple[Find, ...] = ()
    signature: Signature | None = None
    kept: frozenset[tuple[str, str]] = frozenset()

    def __len__(self) -> int:
        return len(self.finds)

    def hiding(self, finds: Collection[Find]) -> Looked:
        """The same file, where these alone are to be hidden."""
        hidden = {(find.kind, find.secret) for find in finds}
        kept = {(find.kind, find.secret) for find in self.finds} - hidden
        return replace(self, finds=tuple(finds), kept=frozenset(kept))


@dataclass(slots=True)
class Progress:
    """How far it is, for another thread to look at: numbers that only grow, but for those of a session.

    `sessions` of `total` are done with; of the one at hand, `messages` of about `expected`; `written`
    counts bytes.
    """

    total: int = 1
    sessions: int = 0
    messages: int = 0
    expected: int = 0
    written: int = 0

    @property
    def share(self) -> float:
        """From 0 to 1."""
        of_this = min(1.0, self.messages / self.expected) if self.expected else 0.0
        return min(1.0, (self.sessions + of_this) / max(1, self.total))


class Stopped(Exception):
    """The person has changed their mind."""


def suffix(format: str) -> str:
    """The ending of the file's name."""
    return "jsonl" if format == "codex" else format


# Of a title, in characters: no name takes more of one.
_LONGEST_TITLE = 1000


def suggested_name(title: str, session_id: str, format: str) -> str:
    """`fix-the-grid-layout-04ee4873.md`: told apart by the id, safe on every file system."""
    # What file names cannot have in this locale is left out.
    encoding = sys.getfilesystemencoding()
    title = title[:_LONGEST_TITLE].casefold().encode(encoding, "ignore").decode(encoding)
    slug = _no_name.sub("-", title).strip("-_")[:60].rstrip("-_")
    # A file name may have 255 bytes, and letters may take four each.
    while len(slug.encode("utf-8", "replace")) > 180:
        slug = slug[:-1]
    # The id of a file whose name is none is that name, of whatever characters.
    number = _no_name.sub("-", session_id[:8]).strip("-_")
    return "-".join(part for part in (slug, number) if part) + f".{suffix(format)}"


def file_name(metadata: SessionMetadata, format: str) -> str:
    """What a session's file is called; Codex finds one by a name of its own."""
    if format == "codex":
        from agcx_format.exporting.codex import rollout_name

        return rollout_name(metadata)
    return suggested_name(metadata.title, str(metadata.id), format)


# --- from a session to bytes


class Exporter:
    """Sessions in one form; secrets that several of them hold get the same placeholder."""

    def __init__(
        self,
        form: Form,
        should_stop: Callable[[], bool] = lambda: False,
        reviewed: Mapping[str, Looked] | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.form = form
        self.progress = progress or Progress()
        self.should_stop = should_stop
        self._reviewed = reviewed or {}
        self._placeholders: Placeholders | None = None

    def session(self, path: str) -> contextlib.AbstractContextManager[Outgoing]:
        """A session that is ready to be written; `PersistenceError` when it cannot be read."""
        return self._session(path)

    def looked(self, path: str) -> Looked:
        """The secrets of a session; `PersistenceError` when it cannot be read."""
        with self._opened(path) as (signature, *opened):
            return Looked(tuple(self._finds(*opened)), signature)

    @contextlib.contextmanager
    def _session(self, path: str) -> Iterator[Outgoing]:
        with self._opened(path) as opened:
            yield self._ready(path, *opened)

    @contextlib.contextmanager
    def _opened(self, path: str) -> Iterator[tuple[Signature | None, Any, Iterable, Any, Any]]:
        """Which file it is, metadata, messages, the conversation around them, and the state.

        Only JSON has the state.
        """
        from agcx_format import SessionFile, read_session
        from agcx_format.model.session import ConversationSnapshot

        progress = self.progress
        try:
            if self.form.format == "json":
                before = _signature(path)
                metadata, conversation, state = read_session(path)
                same = before if before == _signature(path) else None
                progress.expected = len(conversation.messages)
                yield same, metadata, conversation.messages, conversation, state
                return
            with SessionFile(path) as file:
                progress.expected = file.expected
                around = ConversationSnapshot(file.metadata.id, [], _context(file), [])
                yield file.signature, file.metadata, file, around, None
        finally:
            progress.messages = progress.expected = 0
            progress.sessions += 1

    def _finds(self, metadata: Any, messages: Iterable, around: Any, state: Any) -> list[Find]:
        """The secrets in all that is written.

        The rest is looked through as well: what is called a password there is one in a message.
        """
        from agcx_format.exporting.choice import EVERYTHING, chosen
        from agcx_format.redaction.find import find_secrets

        choice, facts = self.form.choice or EVERYTHING, _FACTS.get(self.form.format)
        left_out: set[int] = set()

        def noted() -> Iterator:
            for index, message in enumerate(self._checked(messages)):
                if choice != EVERYTHING and not any(chosen((message,), choice)):
                    left_out.add(index)
                yield message

        def is_written(find: Find) -> bool:
            if find.part == "message":
                return find.message not in left_out
            return facts is None or find.path[0] in facts

        finds = find_secrets(metadata, noted, around.context, state, personal=self.form.personal)
        return list(filter(is_written, finds))

    def _to_hide(self, path: str, signature: Signature | None, *opened: Any) -> Collection[Find]:
        """As it was reviewed, if this is that file; else all of it but what was to be kept."""
        looked = self._reviewed.get(path, Looked())
        if signature is not None and signature == looked.signature:
            return looked.finds
        finds = self._finds(*opened)
        return [find for find in finds if (find.kind, find.secret) not in looked.kept]

    def _ready(
        self,
        path: str,
        signature: Signature | None,
        metadata: Any,
        messages: Iterable,
        around: Any,
        state: Any,
    ) -> Outgoing:
        title, outgoing = metadata.title, self._checked(messages)
        if not self.form.redact:
            return Outgoing(self.form, metadata, outgoing, around, state, title, {}, self.progress)
        from msgspec.structs import replace

        from agcx_format.redaction.replace import Placeholders, Redaction

        self._placeholders = self._placeholders or Placeholders()
        finds = self._to_hide(path, signature, metadata, messages, around, state)
        redaction = Redaction(finds, self._placeholders)
        return Outgoing(
            self.form,
            redaction.part("metadata", metadata),
            redaction.messages(outgoing),
            replace(around, context=redaction.part("context", around.context)),
            redaction.part("state", state),
            title,
            redaction.counts,
            self.progress,
        )

    def _checked(self, messages: Iterable) -> Iterator:
        self.progress.messages = 0
        for message in messages:
            if self.should_stop():
                raise Stopped
            self.progress.messages += 1
            yield message


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A session on its way out.  Its messages can be gone through once.

    `title` is the one that it has in the store; `redacted` as in `Exported`.
    """

    form: Form
    metadata: SessionMetadata
    messages: Iterator
    around: Any
    state: Any
    title: str
    redacted: dict[str, int]
    progress: Progress

    @property
    def name(self) -> str:
        return file_name(self.metadata, self.form.format)

    def parts(self, alone: bool = True, number: int = 1) -> Iterator[bytes]:
        """The bytes of its file, or of its place in one with others, as number `number` there."""
        for part in self._parts(alone, number):
            data = part if isinstance(part, bytes) else part.encode("utf-8", "replace")
            self.progress.written += len(data)
            yield data

    def _parts(self, alone: bool, number: int) -> Iterator[str | bytes]:
        from agcx_format.exporting.choice import EVERYTHING

        choice = self.form.choice or EVERYTHING
        given = self.metadata, self.messages
        context = self.around.context
        match self.form.format:
            case "md":
                from agcx_format.exporting.markdown import markdown_parts

                return markdown_parts(*given, context, choice, alone=alone)
            case "html":
                from agcx_format.exporting.html import html_parts, section_parts

                if alone:
                    return html_parts(*given, context, choice)
                return section_parts(*given, context, choice, f"s{number}-")
            case "txt":
                from agcx_format.exporting.plain_text import text_parts

                return text_parts(*given, choice)
            case "jsonl":
                from agcx_format.exporting.plain_text import jsonl_parts

                return jsonl_parts(*given, choice)
            case "codex":
                from agcx_format.exporting.codex import rollout_parts

                return rollout_parts(*given, context, choice)
        from msgspec.structs import replace

        from agcx_format.exporting.session_json import session_json

        whole = replace(self.around, messages=list(self.messages))
        return iter([session_json(self.metadata, whole, self.state, choice)])


def _signature(path: str) -> Signature | None:
    from agcx_format.disk.durable import Signature

    try:
        return Signature.of(os.stat(path))
    except OSError:
        return None


def _context(file: SessionFile) -> ConversationContext:
    """The context; where it is missing because the messages before it are damaged, that is the reason."""
    from agcx_format.errors import PersistenceError

    try:
        return file.context
    except PersistenceError as error:
        while file.read_more():
            pass
        raise file.error or error from None
