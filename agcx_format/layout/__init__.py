"""Which layout a file has: its codec is one of two modules with the same functions.

`decode(data)`, `encode(…)` and `encode_measured(…)` turn whole files into values and back; the store and
the files above them need to know no more than that.
"""

from __future__ import annotations

from typing import Protocol

from agcx_format.layout import v1, v2
from agcx_format.model.session import ConversationSnapshot, Session, SessionMetadata, SessionState

__all__ = ["BEGINNING2", "Layout", "by_version", "of"]

BEGINNING2 = v2.MAGIC + v2.VERSION.to_bytes(4, "little")


class Layout(Protocol):
    VERSION: int

    def decode(self, data: bytes | memoryview) -> Session: ...

    def encode(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> list[bytes]: ...

    def encode_measured(
        self,
        metadata: SessionMetadata,
        conversation: ConversationSnapshot,
        state: SessionState,
        level: int,
    ) -> tuple[SessionMetadata, list[bytes]]: ...

    def as_stored(self, given: SessionMetadata, measured: SessionMetadata) -> SessionMetadata: ...


def of(head: bytes | memoryview) -> Layout:
    """The layout of a file that begins so; a damaged header is for layout 1 to complain of."""
    return v2 if head[:8] == BEGINNING2 else v1


def by_version(version: int) -> Layout:
    """Layout 1 or 2; `ValueError` for any other."""
    for layout in (v1, v2):
        if version == layout.VERSION:
            return layout
    raise ValueError(f"there is no layout {version}")
