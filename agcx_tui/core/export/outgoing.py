"""A session ready to be written, and its bytes in each format of an export, message by message.

The formats are imported where they are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agcx_tui.core.export.file_names import file_name, suggested_name

if TYPE_CHECKING:
    from agcx_format import ConversationSnapshot, MessageSnapshot, SessionMetadata, SessionState
    from agcx_format.exporting import ExportChoice

__all__ = ["FORMATS", "Form", "Outgoing", "Progress"]

# Bytes that are written together: a message alone is often little.
_AT_ONCE = 64 * 1024

FORMATS = {
    "md": "Markdown",
    "html": "HTML",
    "json": "JSON",
    "jsonl": "JSON Lines",
    "txt": "Text",
    "codex": "Codex",
    "claude": "Claude Code",
}


@dataclass(frozen=True, slots=True)
class Form:
    """How to write conversations.

    Fields:
        format: A key of FORMATS.
        choice: Which parts to write; None for all of them.
        redact: Whether to hide secrets.
        personal: Whether to hide names and addresses as well; requires `redact`.
        branch: Which path to write of a conversation that branches, as `messages_left_out` takes it; of
            all, Codex and Claude Code read the newest.
    """

    format: str = "md"
    choice: ExportChoice | None = None
    redact: bool = False
    personal: bool = False
    branch: str = "all"


@dataclass(slots=True)
class Progress:
    """The progress of an export, readable from other threads.

    Fields:
        total: How many sessions there are.
        sessions: How many are finished.
        messages: How many messages of the current session are finished.
        expected: About how many it has.
        written: How many bytes were produced.
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


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A session ready to be written; its messages can be read once.

    Fields:
        around: The conversation without its messages.
        state: The state, for JSON; else None.
        title: The title in the store, which may contain secrets.
        redacted: How many secrets of each kind were hidden, once all parts were produced.
    """

    form: Form
    metadata: SessionMetadata
    messages: Iterator[MessageSnapshot]
    around: ConversationSnapshot
    state: SessionState | None
    title: str
    redacted: dict[str, int]
    progress: Progress

    @property
    def name(self) -> str:
        """The suggested name of its file."""
        return file_name(self.metadata, self.form.format)

    def named(self, name: str) -> str:
        """The name of its file; the one that the title suggests becomes the one that fits what is written."""
        suggested = suggested_name(self.title, str(self.metadata.id), self.form.format)
        return self.name if name == suggested else name

    def parts(self, alone: bool = True, number: int = 1) -> Iterator[bytes]:
        """The bytes of its file, or, unless `alone`, of its part number `number` of a shared file."""
        held: list[bytes] = []
        size = 0
        for part in self._parts(alone, number):
            data = part if isinstance(part, bytes) else part.encode("utf-8", "replace")
            held.append(data)
            size += len(data)
            if size >= _AT_ONCE:
                self.progress.written += size
                yield b"".join(held)
                held, size = [], 0
        self.progress.written += size
        yield b"".join(held)

    def _parts(self, alone: bool, number: int) -> Iterator[str | bytes]:
        from agcx_format.exporting import EVERYTHING

        choice = self.form.choice or EVERYTHING
        given = self.metadata, self.messages
        context, modes = self.around.context, self.around.mode_history
        match self.form.format:
            case "md":
                from agcx_format.exporting import markdown_parts

                return markdown_parts(*given, context, choice, modes=modes, alone=alone)
            case "html":
                from agcx_format.exporting import html_parts, section_parts

                if alone:
                    return html_parts(*given, context, choice, modes=modes)
                return section_parts(*given, context, choice, f"s{number}-", modes=modes)
            case "txt":
                from agcx_format.exporting import text_parts

                return text_parts(*given, choice, modes=modes)
            case "jsonl":
                from agcx_format.exporting import jsonl_parts

                return jsonl_parts(*given, choice)
            case "codex":
                from agcx_format.exporting import rollout_parts

                return rollout_parts(*given, context, choice, modes=modes)
            case "claude":
                from agcx_format.exporting import transcript_parts

                return transcript_parts(*given, context, choice, modes=modes)
        from agcx_format.exporting import json_parts

        assert self.state is not None
        return json_parts(*given, self.around, self.state, choice)
