"""Write an export to any path that a person named.

Strategy: symbolic links are followed first.  A regular file is written beside the target and moved into place
in one step: it replaces an existing file only with consent, and never one that appeared in the meantime.
FIFOs, terminals, and other character devices are written to and never replaced.  Disks, sockets, and
directories are refused.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agcx_tui.core.export.leftovers import temporary_beside

__all__ = [
    "Overwrite",
    "Written",
    "descriptor_named",
    "is_regular",
    "obstacle",
    "put",
    "shown",
    "write",
]

# Whether an existing file may be replaced: the same answer for all, or one for each.
Overwrite = bool | Callable[[Path], bool]

# Seconds that a FIFO may wait for a reader.
_PATIENCE = 5.0
_PAUSE_MS = 100

_REFUSED = {
    stat.S_IFBLK: (errno.EINVAL, "it is a disk"),
    stat.S_IFSOCK: (errno.EINVAL, "it is a socket"),
    stat.S_IFDIR: (errno.EISDIR, "it is a directory"),
}
_OPEN_FILES = re.compile(rf"/dev/fd|/proc/{os.getpid()}(/task/\d+)?/fd")


@dataclass(frozen=True, slots=True)
class Written:
    """How many bytes were written; `path` is the regular file, or None.

    The caller makes the file's name durable by syncing its directory.
    """

    size: int
    path: Path | None


def write(
    target: Path,
    parts: Iterable[bytes],
    *,
    overwrite: Overwrite,
    should_stop: Callable[[], bool] = lambda: False,
) -> Written:
    """Write the joined `parts` to `target`, creating its directory if necessary.

    Only the owner can read a new file, even if it replaces a readable one.

    Args:
        should_stop: Ends the wait for the reader of a FIFO.

    Raises:
        FileExistsError: A file exists, and `overwrite` is or returns false.
        OSError: The target cannot be written; an existing file is unchanged.
    """
    from agcx_format.disk import make_directory

    if (number := descriptor_named(target)) is not None:
        return Written(_into(os.dup(number), parts, should_stop), None)
    kind = _kind(target)
    if kind in _REFUSED:
        number, reason = _REFUSED[kind]
        raise OSError(number, reason, str(target))
    if kind not in (0, stat.S_IFREG):
        return Written(_into(_opened(target, should_stop), parts, should_stop), None)
    target = Path(os.path.realpath(target))
    may_replace = _may_replace(target, kind, overwrite)
    make_directory(target.parent)
    return Written(_replace(target, parts, may_replace), target)


def put(temporary: Path, target: Path, *, overwrite: Overwrite) -> bool:
    """Give a file that was written beside the target its name; it may keep the first name as well.

    Returns:
        False if the target is no file in that directory.

    Raises:
        FileExistsError: A file exists, and `overwrite` is or returns false.
        OSError: The system refuses.
    """
    try:
        kind = stat.S_IFMT(os.lstat(target).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        kind = 0
    if kind not in (0, stat.S_IFREG):
        return False
    _move(temporary, target, _may_replace(target, kind, overwrite))
    return True


def _may_replace(target: Path, kind: int, overwrite: Overwrite) -> bool:
    """Whether a file that is there may be replaced; it is asked about one of this kind.

    Raises:
        FileExistsError: It may not.
    """
    if kind and not (overwrite(target) if callable(overwrite) else overwrite):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    return bool(kind) or overwrite is True


def is_regular(target: Path) -> bool:
    """Whether `write` would replace an existing file."""
    try:
        return descriptor_named(target) is None and _kind(target) == stat.S_IFREG
    except OSError:
        return False


def descriptor_named(target: str | os.PathLike[str]) -> int | None:
    """The number of the open file that a path such as `/dev/stdout` or `/dev/fd/3` means."""
    path = os.path.abspath(target)
    # The kernel follows as many links.
    for _ in range(40):
        folder, name = os.path.split(path)
        real = os.path.realpath(folder)
        if name.isdecimal() and _OPEN_FILES.fullmatch(real):
            return int(name)
        try:
            path = os.path.join(real, os.readlink(path))
        except OSError:
            return None
    return None


def obstacle(target: Path, single: bool) -> str:
    """Why the target cannot be written to, in words; empty if there is no known reason.

    `single` says whether the target is a file or a directory.
    """
    try:
        return _obstacle(target, single)
    except OSError as cause:
        return f"{target}: {cause.strerror}."


def _obstacle(target: Path, single: bool) -> str:
    if single and target.is_dir():
        return "This is a directory: name a file in it."
    if not single and target.exists() and not target.is_dir():
        return "This is a file: name a directory."
    kind = _kind(target)
    if single and kind not in (0, stat.S_IFREG):
        if _is_terminal(target, kind):
            return "This is a terminal: name a file."
        return "" if os.access(target, os.W_OK) else f"{target} cannot be written to."
    target = Path(os.path.realpath(target))
    parent = target.parent if single else target
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    if not parent.is_dir():
        return f"{parent} is not a directory."
    return "" if os.access(parent, os.W_OK) else f"{parent} cannot be written to."


def shown(parts: Iterable[bytes]) -> Iterator[str]:
    """UTF-8 in parts as text that is safe for a terminal, wherever the parts were split."""
    import codecs

    from agcx_format.transcript import safe_text

    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    held = ""
    for part in parts:
        # `\r\n` is one newline, even if split.
        text = held + decode(part)
        held = "\r" if text.endswith("\r") else ""
        yield safe_text(text.removesuffix(held))
    yield safe_text(held + decode(b"", final=True))


# --- a regular file


def _replace(target: Path, parts: Iterable[bytes], may_replace: bool) -> int:
    from agcx_format.disk import write_file

    temporary = temporary_beside(target)
    try:
        size = write_file(temporary, parts).size
        _move(temporary, target, may_replace)
    finally:
        temporary.unlink(missing_ok=True)
    return size


def _move(temporary: Path, target: Path, may_replace: bool) -> None:
    from agcx_format.disk import put_new

    # Writing may have taken a while, and something else may be there now.
    if may_replace and _kind(target) == stat.S_IFREG:
        os.rename(temporary, target)
    else:
        put_new(temporary, target)


# --- other kinds of files


def _opened(target: Path, should_stop: Callable[[], bool]) -> int:
    """A descriptor to write to; a FIFO waits a moment for a reader."""
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return os.open(target, flags)
        except OSError as cause:
            if cause.errno != errno.ENXIO:
                raise
            if should_stop() or time.monotonic() >= deadline:
                raise OSError(errno.ENXIO, "nothing reads from it", str(target)) from None
        time.sleep(_PAUSE_MS / 1000)


def _into(fd: int, parts: Iterable[bytes], should_stop: Callable[[], bool]) -> int:
    """Write to an open descriptor and close it."""
    size = 0
    try:
        if os.isatty(fd):
            parts = (text.encode("utf-8", "replace") for text in shown(parts))
        for part in parts:
            size += len(part)
            view = memoryview(part)
            while view:
                with contextlib.suppress(BlockingIOError):
                    view = view[os.write(fd, view) :]
                    continue
                _wait(fd, should_stop)
    finally:
        os.close(fd)
    return size


def _wait(fd: int, should_stop: Callable[[], bool]) -> None:
    """Wait until the reader has consumed something."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    while not poll.poll(_PAUSE_MS):
        if should_stop():
            raise OSError(errno.EINTR, "it was stopped")


def _kind(target: Path) -> int:
    """The file type as `stat.S_IFMT` gives it; 0 if nothing exists."""
    try:
        return stat.S_IFMT(os.stat(target).st_mode)
    except FileNotFoundError:
        return 0
    except NotADirectoryError:
        # A file is in the place of a directory; `make_directory` reports it.
        return 0


def _is_terminal(target: Path, kind: int) -> bool:
    if kind != stat.S_IFCHR:
        return False
    try:
        fd = os.open(target, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.isatty(fd)
    finally:
        os.close(fd)
