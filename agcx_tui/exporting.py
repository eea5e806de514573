"""Conversations written out as files: what they are called, and how they get there.

Strategy: no Textual, no screen; the caller runs it in a thread.  A file is put in place in one
step, readable by its owner alone, and never over another one unless that was said.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agcx_format.types import ConversationSnapshot, SessionMetadata

FORMATS = {"md": "Markdown", "json": "JSON"}

_no_name = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Exported:
    """Where one session went (`target`, bytes), or why it did not (`error`)."""

    source: str
    target: Path
    size: int = 0
    error: str = ""


def suggested_name(title: str, session_id: str, format: str) -> str:
    """`fix-the-grid-layout-04ee4873.md`: told apart by the id, safe on every file system."""
    slug = _no_name.sub("-", title.casefold()).strip("-_")[:60].rstrip("-_")
    # A file name may have 255 bytes, and letters may take four each.
    while len(slug.encode("utf-8", "replace")) > 180:
        slug = slug[:-1]
    return "-".join(part for part in (slug, session_id[:8]) if part) + f".{format}"


def render(path: str, format: str) -> bytes:
    """One session file in another format; `PersistenceError` when it cannot be read."""
    from agcx_format import read_session

    metadata, conversation, state = read_session(path)
    return _RENDERERS[format](metadata, conversation, state)


def write(target: Path, content: bytes, *, overwrite: bool) -> None:
    """In one step; `FileExistsError` when something is there and was not to be replaced."""
    from agcx_format.durable import replace_file, write_file

    if overwrite:
        replace_file(target, [content])
        return
    temporary = target.with_name(f".{secrets.token_hex(8)}.agcx-tmp")
    try:
        write_file(temporary, [content])
        # Unlike a rename, a link never replaces what is there.
        os.link(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def export(
    jobs: Iterable[tuple[str, Path]],
    format: str,
    *,
    overwrite: bool,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[Exported]:
    """Export each session file to its target; one that fails does not hold up the others."""
    from agcx_format.errors import PersistenceError

    for source, target in jobs:
        if should_stop():
            return
        try:
            content = render(source, format)
            target.parent.mkdir(parents=True, exist_ok=True)
            write(target, content, overwrite=overwrite)
            yield Exported(source, target, len(content))
        except FileExistsError:
            yield Exported(source, target, error="it exists already")
        except PersistenceError as error:
            where = f"{error.place}: " if error.place else ""
            yield Exported(source, target, error=where + error.reason)
        except OSError as error:
            yield Exported(source, target, error=(error.strerror or str(error)).lower())


def expanded(text: str) -> Path:
    """What a person typed as a path, `~` understood."""
    return Path(os.path.expanduser(text.strip()))


def obstacle(target: Path, single: bool) -> str:
    """Why nothing can be written there, in words; empty when nothing is known against it.

    `single`: the target is a file, else a directory.
    """
    if single and target.is_dir():
        return "This is a directory: name a file in it."
    if not single and target.exists() and not target.is_dir():
        return "This is a file: name a directory."
    parent = target.parent if single else target
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        return f"{parent} is no directory."
    return "" if os.access(parent, os.W_OK) else f"{parent} cannot be written to."


def _markdown(metadata: SessionMetadata, conversation: ConversationSnapshot, state) -> bytes:
    from agcx_format.convert.markdown import to_markdown

    return to_markdown(metadata, conversation).encode("utf-8", "replace")


def _json(metadata: SessionMetadata, conversation: ConversationSnapshot, state) -> bytes:
    from agcx_format import to_json

    return to_json({"metadata": metadata, "conversation": conversation, "state": state}) + b"\n"


_RENDERERS = {"md": _markdown, "json": _json}
