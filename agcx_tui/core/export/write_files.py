"""Export conversations to files, one each or all in one.

Strategy: no Textual; the caller runs it in a thread.  A session is copied message by message, so its size
does not matter; many are copied by as many processes as there are cores (`in_processes.py`).
`output_file.py` decides how to write to a path and what may be replaced there.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from agcx_format.disk import os_reason
from agcx_tui.core.export.file_names import AGENT_FORMATS, file_name, suffix, suggested_name
from agcx_tui.core.export.in_processes import Rendering
from agcx_tui.core.export.leftovers import exporting_to
from agcx_tui.core.export.outgoing import FORMATS, Form, Progress
from agcx_tui.core.export.output_file import (
    Overwrite,
    descriptor_named,
    is_regular,
    obstacle,
    put,
    shown,
    write,
)
from agcx_tui.core.export.session_export import Exporter, Looked, Stopped

__all__ = [
    "EXISTS", "FORMATS", "Exported", "Exporter", "Form", "Looked", "Progress", "descriptor_named",
    "expanded", "export_each", "export_together", "hidden_in_words", "is_regular", "landing",
    "may_share", "obstacle", "secrets_in", "shown", "together", "way_on",
    "write",
]  # fmt: skip

# Why a file was not written.
EXISTS = "it exists already"

# A session that shares a file with others is buffered until it has been read completely; beyond this size,
# on disk.
_IN_MEMORY = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exported:
    """The result for one session.

    Fields:
        source: The session file.
        target: The file to write.
        size: How many bytes were written.
        error: Why nothing was written; empty on success.
        redacted: How many secrets of each kind were hidden.
        unread: Whether the error is one of reading the source.
    """

    source: str
    target: Path
    size: int = 0
    error: str = ""
    redacted: dict[str, int] = field(default_factory=dict)
    unread: bool = False


def export_each(
    jobs: Iterable[tuple[str, Path]],
    form: Form | str,
    *,
    overwrite: Overwrite,
    should_stop: Callable[[], bool] = lambda: False,
    reviewed: Mapping[str, Looked] | None = None,
    progress: Progress | None = None,
    processes: int | None = None,
) -> Iterator[Exported]:
    """Export each session file to its target; one that fails does not stop the others.

    The files are durable when the iterator is exhausted.  A target with the suggested name gets the name
    that fits what is written: without secrets, or one that Codex finds.

    Args:
        jobs: Pairs of a session file and its target.
        reviewed: What to hide in each file, if a person has reviewed what `secrets_in` found.
        processes: How many render; None for as many as are worth it.
    """
    form = Form(form) if isinstance(form, str) else form
    exporter = Exporter(form, should_stop, reviewed, progress, processes)
    jobs, files = list(jobs), set[Path]()
    sources, targets = [source for source, _ in jobs], [target for _, target in jobs]
    try:
        with (
            exporting_to(targets),
            Rendering(exporter, sources, targets, may_replace=overwrite is not False) as rendering,
        ):
            for index, (source, target) in enumerate(jobs):
                if should_stop():
                    return
                try:
                    done = _put(rendering, index, source, overwrite, files)
                    if done is None:
                        done = _export(exporter, source, target, overwrite, files)
                except Stopped:
                    return
                except Exception as error:
                    done = _not_exported(source, target, error)
                yield done
    finally:
        # Once for all files in a directory.
        for directory in {file.parent for file in files}:
            _sync(directory)


def secrets_in(
    sources: Iterable[str],
    form: Form,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Progress | None = None,
) -> dict[str, Looked]:
    """What an export would hide in each file, for a person to review.

    The result is empty for files that cannot be read; the export reports why, or searches them if it can.
    """
    from agcx_format.errors import PersistenceError

    found: dict[str, Looked] = {}
    exporter = Exporter(form, should_stop, progress=progress)
    for source in sources:
        try:
            found[source] = exporter.looked(source)
        except PersistenceError:
            found[source] = Looked()
        except Stopped:
            break
    return found


def _export(
    exporter: Exporter, source: str, target: Path, overwrite: Overwrite, files: set[Path]
) -> Exported:
    """Export one session; a name that one of `files`, the earlier targets, has is made different."""
    with exporter.session(source) as session:
        target = target.with_name(session.named(target.name))
        if Path(os.path.realpath(target)) in files:
            target = _other(target, source, session.form.format, files)
        written = write(
            target, session.parts(), overwrite=overwrite, should_stop=exporter.should_stop
        )
        if written.path is not None:
            files.add(written.path)
        return Exported(source, target, written.size, redacted=session.redacted)


def _put(
    rendering: Rendering, index: int, source: str, overwrite: Overwrite, files: set[Path]
) -> Exported | None:
    """As `_export`, for a session that was rendered elsewhere; None if it has to be rendered here."""
    rendered = rendering.take(index)
    if rendered is None or rendered.target is None:
        return None
    try:
        target = rendered.target
        place = rendered.temporary.with_name(target.name)
        if place in files:
            target = _other(target, source, rendering.form.format, files)
            place = place.with_name(target.name)
        if not put(rendered.temporary, place, overwrite=overwrite):
            return None
    finally:
        rendering.remove(index)
    files.add(place)
    return Exported(source, target, rendered.size)


def _other(target: Path, source: str, format: str, files: Collection[Path]) -> Path:
    """A target beside one that an earlier session was written to, and that none of them was written to."""
    stem, ending = Path(source).stem, suffix(format)
    names = (f"{stem}.{ending}" if n == 1 else f"{stem}-{n}.{ending}" for n in itertools.count(1))
    others = map(target.with_name, names)
    return next(each for each in others if Path(os.path.realpath(each)) not in files)


def landing(source: str, target: Path, format: str) -> Path:
    """The path that an export without redaction writes to: agents require names of their own."""
    if format not in AGENT_FORMATS:
        return target
    from agcx_format.errors import PersistenceError
    from agcx_format.store import open_conversation

    try:
        with open_conversation(source) as session:
            metadata = session.metadata
    except PersistenceError:
        return target
    suggested = suggested_name(metadata.title, str(metadata.id), format)
    return target.with_name(file_name(metadata, format)) if target.name == suggested else target


def _sync(directory: Path) -> None:
    """Make new names durable, except in a directory that may be written to but not read."""
    from agcx_format.disk import sync_directory

    with contextlib.suppress(PermissionError):
        sync_directory(directory)


def export_together(
    sources: Iterable[str],
    target: Path,
    form: Form,
    *,
    overwrite: Overwrite,
    should_stop: Callable[[], bool] = lambda: False,
    reviewed: Mapping[str, Looked] | None = None,
    progress: Progress | None = None,
) -> list[Exported]:
    """Export sessions into one file, without those that cannot be read.

    If nothing was written, because no session can be read, the file cannot be written, or the export was
    stopped, every result has an error.
    """
    done: list[Exported] = []
    exporter = Exporter(form, should_stop, reviewed, progress)
    try:
        parts = _not_empty(together(exporter, sources, target, done))
        with exporting_to([target]):
            written = write(target, parts, overwrite=overwrite, should_stop=should_stop)
    except Stopped:
        return [result for result in done if result.error]
    except Exception as error:
        return [_not_exported(source, target, error) for source in sources]
    if written.path is not None:
        _sync(written.path.parent)
    return done


def together(
    exporter: Exporter, sources: Iterable[str], target: Path, done: list[Exported]
) -> Iterator[bytes]:
    """The bytes of one file with all sessions; a result for each is appended to `done`."""
    start, between, end = _around(exporter.form.format)
    sources, some = list(sources), False
    with Rendering(exporter, sources, None) as rendering:
        for index, source in enumerate(sources):
            with contextlib.ExitStack() as stack:
                part = _part(exporter, rendering, index, source, target)
                try:
                    file, result = stack.enter_context(part)
                except Stopped:
                    raise
                except Exception as error:
                    done.append(_not_exported(source, target, error))
                    continue
                done.append(result)
                yield between if some else start
                while chunk := file.read(1024 * 1024):
                    yield chunk
                some = True
    if some:
        yield end


@contextlib.contextmanager
def _part(
    exporter: Exporter, rendering: Rendering, index: int, source: str, target: Path
) -> Iterator[tuple[IO[bytes], Exported]]:
    """A session of a shared file, in a file to be read, and its result."""
    if rendered := rendering.take(index):
        try:
            with open(rendered.temporary, "rb") as file:
                yield file, Exported(source, target, rendered.size)
        finally:
            rendering.remove(index)
        return
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
        with exporter.session(source) as session:
            size = sum(map(spool.write, session.parts(alone=False, number=index + 1)))
            result = Exported(source, target, size, redacted=session.redacted)
        spool.seek(0)
        yield spool, result


def _not_empty(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same parts.

    Raises:
        Stopped: There are no sessions; then no file is written.
    """
    first = next(parts, None)
    if first is None:
        raise Stopped
    yield first
    yield from parts


def may_share(format: str) -> bool:
    """Whether one file can hold several conversations; agents read one per file."""
    return format not in AGENT_FORMATS


def _around(format: str) -> tuple[bytes, bytes, bytes]:
    """What comes before, between, and after the sessions in one file."""
    if format == "html":
        from agcx_format.exporting import PAGE_END, page_start

        return page_start("Conversations").encode(), b"", PAGE_END.encode()
    if format == "json":
        return b"[\n", b",\n", b"]\n"
    return b"", b"" if format == "jsonl" else b"\n\n", b""


def way_on(error: Exception) -> str:
    """A hint at `agcx repair`, to end the message about a damaged file; empty for other errors."""
    from agcx_format import errors

    damage = (
        errors.CorruptData,
        errors.BincodeDecodeError,
        errors.MessagePackDecodeError,
        errors.CompressionError,
    )
    return "; agcx repair saves what can be read" if isinstance(error, damage) else ""


def _not_exported(source: str, target: Path, error: Exception) -> Exported:
    unread = getattr(error, "path", None) == source
    return Exported(source, target, error=_in_words(error), unread=unread)


def _in_words(error: Exception) -> str:
    from agcx_format.errors import PersistenceError

    if isinstance(error, PersistenceError):
        return (f"{error.place}: " if error.place else "") + error.reason + way_on(error)
    if isinstance(error, FileExistsError):
        return EXISTS
    if isinstance(error, OSError):
        return os_reason(error)
    raise error


def hidden_in_words(results: Iterable[Exported]) -> str:
    """What was hidden in all of them, such as `3 github-token, 1 password`; empty if nothing was."""
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.redacted)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


def expanded(text: str) -> Path:
    """A path as typed by a person, with `~` expanded."""
    return Path(os.path.expanduser(text.strip()))
