"""The names of exported files, made from the titles and ids of sessions."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agcx_format import SessionMetadata

__all__ = ["AGENT_FORMATS", "file_name", "suffix", "suggested_name"]

# Those that another agent reads: one conversation per file, with a prescribed name.
AGENT_FORMATS = ("codex", "claude")

_no_name = re.compile(r"[^\w]+")
# More characters of a title than any file name uses.
_LONGEST_TITLE = 1000


def suffix(format: str) -> str:
    """The suffix of the file's name."""
    return "jsonl" if format in AGENT_FORMATS else format


def suggested_name(title: str, session_id: str, format: str) -> str:
    """A name that is unique by the id and safe on every file system: `fix-the-grid-04ee4873.md`."""
    # Characters that the locale cannot encode are left out.
    encoding = sys.getfilesystemencoding()
    title = title[:_LONGEST_TITLE].casefold().encode(encoding, "ignore").decode(encoding)
    slug = _no_name.sub("-", title).strip("-_")[:60].rstrip("-_")
    # A file name may have 255 bytes, and a letter up to four.
    while len(slug.encode("utf-8", "replace")) > 180:
        slug = slug[:-1]
    # A file whose name is not an id has that name as its id, in any characters.
    number = _no_name.sub("-", session_id[:8]).strip("-_")
    return "-".join(part for part in (slug, number) if part) + f".{suffix(format)}"


def file_name(metadata: SessionMetadata, format: str) -> str:
    """The name of a session's export; Codex finds a rollout by a special name."""
    if format == "codex":
        from agcx_format.exporting import rollout_name

        return rollout_name(metadata)
    if format == "claude":
        from agcx_format.exporting import transcript_name

        return transcript_name(metadata)
    return suggested_name(metadata.title, str(metadata.id), format)
