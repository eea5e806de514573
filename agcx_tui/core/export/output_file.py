"""Write an export to the path that a person named, whatever is there.

Strategy: symbolic links are followed first.  A regular file is written beside the target and put in place in
one step: it replaces another one only with consent, and a new one never replaces a file that appeared
meanwhile.  A FIFO, a terminal or another character device is written into, and never replaced.  Disks,
sockets and directories are refused.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import select
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Overwrite", "Written", "descriptor_named", "is_regular", "obstacle", "shown", "write"]

# Whether a file that exists may be replaced: for all of them, or asked for each.
Overwrite = bool | Callable[[Path], bool]

# How long a FIFO may wait for somebody to read from it.
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
    """How many bytes went out; `path` is the file they are in, None when it is no regular file.

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
    """Write the joined `parts` to `target`, whose directory is made if it is not there.

    Whoever could read a file that is replaced cannot read the new one for that.  With `should_stop` true,
    waiting for the reader of a FIFO ends.

    Raises:
        FileExistsError: a file is there, and `overwrite` says no.
        OSError: it cannot be written; what was there is as it was.
    """
    from agcx_format.disk.new_file import make_directory

    if (number := descriptor_named(target)) is not None:
        return Written(_into(os.dup(number), parts, should_stop), None)
    kind = _kind(target)
    if kind in _REFUSED:
        number, reason = _REFUSED[kind]
        raise OSError(number, reason, str(target))
    if kind not in (0, stat.S_IFREG):
        return Written(_into(_opened(target, should_stop), parts, should_stop), None)
    target = Path(os.path.realpath(target))
    if kind and not (overwrite(target) if callable(overwrite) else overwrite):
        raise _exists(target)
    make_directory(target.parent)
    return Written(_replace(target, parts, may_replace=bool(kind) or overwrite is True), target)


def is_regular(target: Path) -> bool:
    """Whether `write` would replace a file that is there."""
    try:
        return descriptor_named(target) is None and _kind(target) == stat.S_IFREG
    except OSError:
        return False


def descriptor_named(target: str | os.PathLike[str]) -> int | None:
    """The number of the open file that a path such as `/dev/stdout` or `/dev/fd/3` means."""
    path = os.path.abspath(target)
    # As many links as the kernel follows.
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
    """Why nothing can be written there, in words; empty when nothing is known against it.

    `single`: the target is a file, else a directory.
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
        return f"{parent} is no directory."
    return "" if os.access(parent, os.W_OK) else f"{parent} cannot be written to."


def shown(parts: Iterable[bytes]) -> Iterator[str]:
    """UTF-8 as a terminal may have it, wherever it was cut: what would be obeyed is made visible."""
    import codecs

    from agcx_format.transcript.safe_text import safe_text

    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    held = ""
    for part in parts:
        # `\r\n` is one newline, also where it was cut.
        text = held + decode(part)
        held = "\r" if text.endswith("\r") else ""
        yield safe_text(text.removesuffix(held))
    yield safe_text(held + decode(b"", final=True))


# --- a regular file


def _replace(target: Path, parts: Iterable[bytes], *, may_replace: bool) -> int:
    from agcx_format.disk.durable import write_file
    from agcx_format.disk.new_file import put_new

    temporary = target.with_name(f".{secrets.token_hex(8)}.agcx-tmp")
    try:
        size = write_file(temporary, parts).size
        # Writing may have taken long: what is there now may be something else.
        if may_replace and _kind(target) == stat.S_IFREG:
            os.rename(temporary, target)
        else:
            put_new(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return size


def _exists(target: Path) -> FileExistsError:
    return FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


# --- what is no regular file


def _opened(target: Path, should_stop: Callable[[], bool]) -> int:
    """A descriptor to write to; a FIFO waits a moment for its reader."""
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return os.open(target, flags)
        except OSError as cause:
            if cause.errno != errno.ENXIO:
                raise
            if should_stop() or time.monotonic() >= deadline:
                raise OSError(errno.ENXIO, "nobody reads from it", str(target)) from None
        time.sleep(_PAUSE_MS / 1000)


def _into(fd: int, parts: Iterable[bytes], should_stop: Callable[[], bool]) -> int:
    """Write to an open descriptor, and close it."""
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
    """Until the reader has taken something."""
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    while not poll.poll(_PAUSE_MS):
        if should_stop():
            raise OSError(errno.EINTR, "it was stopped")


def _kind(target: Path) -> int:
    """As `stat.S_IFMT`; 0 for nothing there."""
    try:
        return stat.S_IFMT(os.stat(target).st_mode)
    except FileNotFoundError:
        return 0
    except NotADirectoryError:
        # A file stands where a directory is needed, which `make_directory` says.
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
