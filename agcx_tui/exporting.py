"""Conversations written out as files, alone or together.

Strategy: no Textual, no screen; the caller runs it in a thread.  A session goes from its file to the target a
message at a time, so its size does not matter.  A file is put in place in one step, readable by
its owner alone, and never over another one unless that was said.
"""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agcx_tui.outgoing import (
    FORMATS,
    Exporter,
    Form,
    Looked,
    Progress,
    Stopped,
    file_name,
    suffix,
    suggested_name,
)

__all__ = [
    "EXISTS", "FORMATS", "Exported", "Exporter", "Form", "Looked", "Progress", "expanded", "export",
    "export_together", "file_name", "hidden_in_words", "may_share", "obstacle", "secrets_in", "suffix",
    "suggested_name", "together", "way_on", "write",
]  # fmt: skip

# Why a file was not written.
EXISTS = "it exists already"

# A session that goes into one file with others is held back until it is known to be whole; one that is
# larger than this on the disk.
_IN_MEMORY = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exported:
    """Where one session went (`target`, bytes), or why it did not (`error`).

    `redacted` says how many secrets of which kind were hidden.
    """

    source: str
    target: Path
    size: int = 0
    error: str = ""
    redacted: dict[str, int] = field(default_factory=dict)


# Whether a file that exists may be replaced: for all of them, or asked for each.
Overwrite = bool | Callable[[Path], bool]


def export(
    jobs: Iterable[tuple[str, Path]],
    form: Form | str,
    *,
    overwrite: Overwrite,
    should_stop: Callable[[], bool] = lambda: False,
    reviewed: Mapping[str, Looked] | None = None,
    progress: Progress | None = None,
) -> Iterator[Exported]:
    """Export each session file to its target; one that fails does not hold up the others.

    What is written is durable when the iterator has come to its end.  `reviewed` says what is to be
    hidden in each file, when somebody has looked at what `secrets_in` found.  A target that has the
    suggested name gets the one that fits what is written: without a secret, or as Codex looks for it.
    """
    from agcx_format.durable import sync_directory

    form = Form(form) if isinstance(form, str) else form
    exporter = Exporter(form, should_stop, reviewed, progress)
    # Their names are made durable once, not for each file.
    directories: set[Path] = set()
    try:
        for source, target in jobs:
            if should_stop():
                return
            try:
                done = _export(exporter, source, target, overwrite)
            except Stopped:
                return
            except Exception as error:
                done = Exported(source, target, error=_in_words(error))
            else:
                directories.add(target.parent)
            yield done
    finally:
        for directory in directories:
            sync_directory(directory)


def secrets_in(
    sources: Iterable[str],
    form: Form,
    should_stop: Callable[[], bool] = lambda: False,
    progress: Progress | None = None,
) -> dict[str, Looked]:
    """What `export` would hide in each file, for somebody to look at.

    Files that cannot be read have nothing: `export` says why, or looks through them if it can.
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


def _export(exporter: Exporter, source: str, target: Path, overwrite: Overwrite) -> Exported:
    with exporter.session(source) as session:
        told = suggested_name(session.title, str(session.metadata.id), session.form.format)
        if target.name == told:
            target = target.with_name(session.name)
        _make(target.parent)
        size = write(target, session.parts(), overwrite=overwrite)
        return Exported(source, target, size, redacted=session.redacted)


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
    """Export sessions into one file; those that cannot be read are left out of it.

    When nothing was written, because none can be read, the file cannot be written, or it was
    stopped, no result is without an error.
    """
    from agcx_format.durable import sync_directory

    done: list[Exported] = []
    exporter = Exporter(form, should_stop, reviewed, progress)
    try:
        _make(target.parent)
        parts = _not_empty(together(exporter, sources, target, done))
        write(target, parts, overwrite=overwrite)
        sync_directory(target.parent)
    except Stopped:
        return [result for result in done if result.error]
    except Exception as error:
        return [Exported(source, target, error=_in_words(error)) for source in sources]
    return done


def together(
    exporter: Exporter, sources: Iterable[str], target: Path, done: list[Exported]
) -> Iterator[bytes]:
    """The bytes of one file with all of these sessions; `done` gets a result for each."""
    start, between, end = _around(exporter.form.format)
    count = 0
    for source in sources:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spool:
            try:
                with exporter.session(source) as session:
                    size = sum(map(spool.write, session.parts(alone=False, number=count + 1)))
                    done.append(Exported(source, target, size, redacted=session.redacted))
            except Stopped:
                raise
            except Exception as error:
                done.append(Exported(source, target, error=_in_words(error)))
                continue
            spool.seek(0)
            yield between if count else start
            while chunk := spool.read(1024 * 1024):
                yield chunk
            count += 1
    if count:
        yield end


def _not_empty(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same, if there is anything: a file of nothing at all is not written."""
    first = next(parts, None)
    if first is None:
        raise Stopped
    yield first
    yield from parts


def may_share(format: str) -> bool:
    """Whether several conversations can be in one file: Codex takes up one a file."""
    return format != "codex"


def _around(format: str) -> tuple[bytes, bytes, bytes]:
    """What stands before, between and after the sessions of one file."""
    if format == "html":
        from agcx_format.convert.html import PAGE_END, page_start

        return page_start("Conversations").encode(), b"", PAGE_END.encode()
    if format == "json":
        return b"[\n", b",\n", b"]\n"
    return b"", b"" if format == "jsonl" else b"\n\n", b""


def write(target: Path, parts: Iterable[bytes], *, overwrite: Overwrite) -> int:
    """In one step; `FileExistsError` when something is there and was not to be replaced.

    Gives the bytes written.  The caller syncs the directory.  Whoever could read the file that is
    replaced cannot read the new one for that.
    """
    from agcx_format.durable import write_file

    replace = os.path.lexists(target)
    if replace and not (overwrite(target) if callable(overwrite) else overwrite):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    temporary = target.with_name(f".{secrets.token_hex(8)}.agcx-tmp")
    try:
        size = write_file(temporary, parts).size
        if replace:
            os.rename(temporary, target)
        else:
            _put(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return size


def _put(temporary: Path, target: Path) -> None:
    """Unlike a rename, a link never replaces what is there; some file systems have none."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        # It was not there a moment ago.
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        os.rename(temporary, target)


def _make(directory: Path) -> None:
    """As the files, it is its owner's alone; `makedirs` would give the parents the usual mode."""
    if not directory.is_dir():
        _make(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)


def way_on(error: Exception) -> str:
    """What helps with a file that is damaged, as the end of a sentence; else nothing."""
    from agcx_format import errors

    damage = (
        errors.CorruptData,
        errors.BincodeDecodeError,
        errors.MessagePackDecodeError,
        errors.CompressionError,
    )
    return "; agcx repair saves what can be read" if isinstance(error, damage) else ""


def _in_words(error: Exception) -> str:
    from agcx_format.errors import PersistenceError

    if isinstance(error, PersistenceError):
        return (f"{error.place}: " if error.place else "") + error.reason + way_on(error)
    if isinstance(error, FileExistsError):
        return EXISTS
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    raise error


def hidden_in_words(results: Iterable[Exported]) -> str:
    """What was hidden in all of them: `3 github-token, 1 password`; empty for nothing."""
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.redacted)
    return ", ".join(f"{count} {kind}" for kind, count in counts.most_common())


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
