"""A session during its export: read and redacted, message by message.

Strategy: an `Exporter` holds what all sessions of an export share, the form and the placeholders, and
returns an `Outgoing` for each session, which is all that writing files needs.  Secrets are found before the
first byte is produced.  `Looked` is what a person has reviewed; it applies only to the exact file that was
searched, and a changed file is searched again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agcx_tui.core.export.file_names import AGENT_FORMATS
from agcx_tui.core.export.outgoing import Form, Outgoing, Progress

if TYPE_CHECKING:
    from agcx_format import (
        ConversationSnapshot,
        MessageSnapshot,
        ModeHistory,
        SessionFile,
        SessionMetadata,
        SessionState,
    )
    from agcx_format.disk import Signature
    from agcx_format.exporting import ExportChoice
    from agcx_format.redaction import Find, Placeholders
    from agcx_format.store import CheckpointFile

__all__ = ["Exporter", "Looked", "Stopped"]

# The fields besides the messages that each format shows; JSON shows all of them.
_FACTS = {
    "md": ("title", "model", "tags", "working_directory"),
    "html": ("title", "model", "tags", "working_directory"),
    "jsonl": ("title",),  # in the file's name
    "txt": ("title", "model"),
    "codex": ("title", "model", "tags", "working_directory"),
    "claude": ("title", "model", "tags", "working_directory"),
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What to hide in a session file.

    Fields:
        finds: The secrets.
        signature: The file that was searched; None if it could not be read.
        kept: Pairs of a kind and a secret that a person wants to keep, wherever they occur.
    """

    finds: tuple[Find, ...] = ()
    signature: Signature | None = None
    kept: frozenset[tuple[str, str]] = frozenset()

    def __len__(self) -> int:
        return len(self.finds)

    def hiding(self, finds: Collection[Find]) -> Looked:
        """The same file, hiding only these."""
        hidden = {(find.kind, find.secret) for find in finds}
        kept = {(find.kind, find.secret) for find in self.finds} - hidden
        return replace(self, finds=tuple(finds), kept=frozenset(kept))


class Stopped(Exception):
    """The export was canceled."""


# Formats that say how many turns a session has.
_TELL_TURNS = ("md", "html")


class Exporter:
    """Renders sessions in one form; a secret has the same placeholder in all of them.

    Args:
        processes: How many render many sessions; None for as many as are worth it.
    """

    def __init__(
        self,
        form: Form,
        should_stop: Callable[[], bool] = lambda: False,
        reviewed: Mapping[str, Looked] | None = None,
        progress: Progress | None = None,
        processes: int | None = None,
    ) -> None:
        self.form = form
        self.processes = processes
        self.progress = progress or Progress()
        self.should_stop = should_stop
        self._reviewed = reviewed or {}
        self._placeholders: Placeholders | None = None

    @contextlib.contextmanager
    def session(self, path: str) -> Iterator[Outgoing]:
        """A session ready to be written.

        Raises:
            PersistenceError: The session cannot be read.
        """
        with self._opened(path) as opened:
            yield self._ready(path, opened, self._choice(path, opened))

    def looked(self, path: str) -> Looked:
        """The secrets of a session.

        Raises:
            PersistenceError: The session cannot be read.
        """
        with self._opened(path) as opened:
            finds = self._finds(opened, self._choice(path, opened))
            return Looked(tuple(finds), opened.signature)

    def _choice(self, path: str, opened: _Opened) -> ExportChoice:
        """What to write of a session, without the messages on other paths."""
        from agcx_format.errors import PersistenceError
        from agcx_format.exporting import EVERYTHING
        from agcx_tui.core.conversation.branches import messages_left_out

        choice, branch = self.form.choice or EVERYTHING, self.form.branch
        try:
            left_out = messages_left_out(self._checked(opened.messages), branch)
        except PersistenceError as error:
            raise error.located(path=path) from None
        return replace(choice, left_out=left_out) if left_out else choice

    @contextlib.contextmanager
    def _opened(self, path: str) -> Iterator[_Opened]:
        from agcx_format import SessionFile
        from agcx_format.store import is_checkpoint

        progress = self.progress
        try:
            if is_checkpoint(path):
                from agcx_format.store import checkpoint_file

                with checkpoint_file(path) as checkpoint:
                    _, conversation, state = checkpoint.session
                    progress.expected = checkpoint.expected
                    metadata = self._with_turns(checkpoint)
                    signature, messages = checkpoint.signature, conversation.messages
                    yield _Opened(signature, metadata, messages, conversation, state)
                    return
            with SessionFile(path) as file:
                progress.expected = file.expected
                around, own_state = _rest(file, with_state=self.form.format == "json")
                yield _Opened(file.signature, self._with_turns(file), file, around, own_state)
        finally:
            progress.messages = progress.expected = 0
            progress.sessions += 1

    def _with_turns(self, file: SessionFile | CheckpointFile) -> SessionMetadata:
        """The metadata; where the writer did not count turns and they are written, they are counted."""
        metadata = file.metadata
        if metadata.turn_count or self.form.format not in _TELL_TURNS:
            return metadata
        from msgspec import structs

        from agcx_format.transcript import count_turns

        return structs.replace(metadata, turn_count=count_turns(self._checked(file)))

    def _finds(self, opened: _Opened, choice: ExportChoice) -> list[Find]:
        """The secrets in everything that is written.

        The rest is searched as well: what is named a password there is one in a message too.
        """
        from agcx_format.exporting import EVERYTHING, chosen
        from agcx_format.redaction import find_secrets
        from agcx_format.variables import OURS

        facts = _FACTS.get(self.form.format)
        # Of the messages one by one, whose numbers are not in it.
        parts, left_out = replace(choice, left_out=()), set[int]()

        def noted() -> Iterator[MessageSnapshot]:
            for index, message in enumerate(self._checked(opened.messages)):
                on_other_path = any(index + 1 in numbers for numbers in choice.left_out)
                if on_other_path or (parts != EVERYTHING and not any(chosen((message,), parts))):
                    left_out.add(index)
                yield message

        def is_written(find: Find) -> bool:
            if find.part == "message":
                return find.message not in left_out
            return facts is None or find.path[0] in facts or is_noted(find)

        def is_noted(find: Find) -> bool:
            """Whether agents' formats write it, as what an import noted in the environment."""
            path = find.path
            if self.form.format not in AGENT_FORMATS or path[0] != "environment_variables":
                return False
            # Of a secret in a name only the number is known.
            return not isinstance(path[1], str) or path[1].startswith(OURS)

        finds = find_secrets(
            opened.metadata,
            noted,
            opened.around.context,
            opened.state,
            personal=self.form.personal,
        )
        return list(filter(is_written, finds))

    def _to_hide(self, path: str, opened: _Opened, choice: ExportChoice) -> Collection[Find]:
        """What was reviewed, if this is that file; else all secrets except those to keep."""
        looked = self._reviewed.get(path, Looked())
        if opened.signature is not None and opened.signature == looked.signature:
            return looked.finds
        finds = self._finds(opened, choice)
        return [find for find in finds if (find.kind, find.secret) not in looked.kept]

    def _ready(self, path: str, opened: _Opened, choice: ExportChoice) -> Outgoing:
        metadata, around, state = opened.metadata, opened.around, opened.state
        if self.form.format == "json":
            from agcx_format.exporting import with_count

            metadata = with_count(metadata, self._checked(opened.messages), choice)
        form = replace(self.form, choice=choice)
        title, outgoing = metadata.title, self._checked(opened.messages)
        if not self.form.redact:
            return Outgoing(form, metadata, outgoing, around, state, title, {}, self.progress)
        from msgspec import structs

        from agcx_format.redaction import Placeholders, Redaction

        self._placeholders = self._placeholders or Placeholders()
        finds = self._to_hide(path, opened, choice)
        redaction = Redaction(finds, self._placeholders)
        return Outgoing(
            form,
            redaction.part("metadata", metadata),
            redaction.messages(outgoing),
            structs.replace(around, context=redaction.part("context", around.context)),
            redaction.part("state", state),
            title,
            redaction.counts,
            self.progress,
        )

    def _checked(self, messages: Iterable[MessageSnapshot]) -> Iterator[MessageSnapshot]:
        progress, should_stop = self.progress, self.should_stop
        progress.messages = 0
        for message in messages:
            if should_stop():
                raise Stopped
            progress.messages += 1
            yield message


@dataclass(frozen=True, slots=True)
class _Opened:
    """A session that was read; only JSON needs the state."""

    signature: Signature | None
    metadata: SessionMetadata
    messages: Iterable[MessageSnapshot]
    around: ConversationSnapshot
    state: SessionState | None


def _rest(file: SessionFile, with_state: bool) -> tuple[ConversationSnapshot, SessionState | None]:
    """The conversation of a session without its messages, and the state if it is wanted.

    Raises:
        PersistenceError: They cannot be read; if the messages before them are damaged, the error is theirs.
    """
    from agcx_format.errors import PersistenceError

    try:
        return file.without_messages() if with_state else (_around(file), None)
    except PersistenceError as error:
        while file.read_more():
            pass
        raise file.error or error from None


def _around(file: SessionFile) -> ConversationSnapshot:
    """Context and modes.

    Raises:
        PersistenceError: The context cannot be read.
    """
    from msgspec.structs import replace

    from agcx_format import ConversationSnapshot
    from agcx_format.errors import PersistenceError

    # Read at once where it takes a decompression of all messages to answer each question.
    if not file.has_context_apart:
        # The state may be damaged, but it is not exported.
        with contextlib.suppress(PersistenceError):
            around, _ = file.without_messages()
            return replace(around, id=file.metadata.id)
    return ConversationSnapshot(file.metadata.id, [], file.context, _modes(file))


def _modes(file: SessionFile) -> ModeHistory:
    """The history of modes; empty if it cannot be read: the context says what is wrong."""
    from agcx_format.errors import PersistenceError

    try:
        return file.mode_history
    except PersistenceError:
        return []
