"""The least that any program has to do for each job, and nothing of ours in it.

A floor does the same calls in the same language: what is measured is what our code adds, not what
Python or the disk cost.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgpack
import zstandard

_HEAD = 4096
_CHUNK = 128 * 1024
# Files that are synced at once.
_SYNCS = 64


def read_heads(paths: Iterable[str]) -> None:
    """Open, read 4 KB, close."""
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        os.read(fd, _HEAD)
        os.close(fd)


def map_heads(paths: Iterable[str]) -> None:
    """Open, map, copy 4 KB by system calls (a plain copy can be a SIGBUS), close."""
    scratch = os.memfd_create("floor")
    for path in paths:
        fd = os.open(path, os.O_RDONLY)
        with mmap.mmap(fd, 0, mmap.MAP_SHARED, mmap.PROT_READ) as view, memoryview(view) as whole:
            with whole[:_HEAD] as head:
                copied = os.pwrite(scratch, head, 0)
            os.pread(scratch, copied, 0)
        os.close(fd)
    os.close(scratch)


def messages_section(path: Path) -> bytes:
    """The compressed messages of a layout-1 file."""
    data = path.read_bytes()
    start = 10 + int.from_bytes(data[6:10], "little")
    length = int.from_bytes(data[start : start + 4], "little")
    return data[start + 4 : start + 4 + length]


def unpack(section: bytes) -> Any:
    """Decompress and unpack in one call each."""
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(section)
    return msgpack.unpackb(raw, strict_map_key=False)


def save(value: Any, path: Path, level: int) -> None:
    """Pack, compress, and replace a file durably."""
    packed = zstandard.ZstdCompressor(level=level).compress(msgpack.packb(value))
    replace(path, packed)


def replace(path: Path, data: bytes) -> None:
    """Write, fsync, rename, fsync the directory."""
    temporary = path.with_suffix(".new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)
    os.rename(temporary, path)
    sync_directory(path.parent)


def write_durably(folder: Path, contents: Iterable[tuple[str, bytes]]) -> None:
    """Write new files and name them once they are on the disk, which writes several of them together."""
    with ThreadPoolExecutor(_SYNCS) as threads:
        waiting = [(name, threads.submit(_written, folder, name, data)) for name, data in contents]
        for name, written in waiting:
            os.rename(written.result(), folder / name)
    sync_directory(folder)


def _written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / f".{name}.new"
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)
    return path


def sync_directory(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def rename_all(names: Iterable[str], source: Path, target: Path) -> None:
    """Move files to a directory that is there."""
    here, there = str(source) + "/", str(target) + "/"
    for name in names:
        os.rename(here + name, there + name)


def move_durably(names: Iterable[str], source: Path, target: Path) -> None:
    """The least that loses nothing on a disk that writes in any order: link, sync, unlink, sync."""
    from_fd, to_fd = (os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in (source, target))
    try:
        for name in names:
            os.link(name, name, src_dir_fd=from_fd, dst_dir_fd=to_fd)
        os.fsync(to_fd)
        for name in names:
            os.unlink(name, dir_fd=from_fd)
        os.fsync(from_fd)
    finally:
        os.close(from_fd)
        os.close(to_fd)


def copy_durably(source: Path, target: Path) -> None:
    """A copy without sharing of blocks, as large writes; fsync, rename, fsync."""
    temporary = target.with_suffix(".new")
    with open(source, "rb", buffering=0) as old, open(temporary, "wb", buffering=0) as new:
        while chunk := old.read(1 << 20):
            new.write(chunk)
        os.fsync(new.fileno())
    os.rename(temporary, target)
    sync_directory(target.parent)


def skip_through(section: bytes) -> int:
    """Decompress piece by piece and step over every message; how many there are."""
    stream = zstandard.ZstdDecompressor().decompressobj()
    unpacker = msgpack.Unpacker(strict_map_key=False, max_buffer_size=1 << 28)
    count, found = None, 0
    for at in range(0, len(section), _CHUNK):
        unpacker.feed(stream.decompress(section[at : at + _CHUNK]))
        try:
            if count is None:
                count = unpacker.read_array_header()
            while found < count:
                unpacker.skip()
                found += 1
        except msgpack.OutOfData:
            continue
    return found


def decompress_through(section: bytes) -> None:
    """Decompress piece by piece and keep nothing."""
    stream = zstandard.ZstdDecompressor().decompressobj()
    for at in range(0, len(section), _CHUNK):
        stream.decompress(section[at : at + _CHUNK])


def search(texts: Iterable[str], pattern: re.Pattern[str]) -> int:
    """Go through texts with one regular expression; how often it is found."""
    return sum(1 for text in texts for _ in pattern.finditer(text))


def first_piece(path: Path) -> bytes:
    """Open, read what must be read for the first messages, decompress it, close."""
    fd = os.open(path, os.O_RDONLY)
    head = os.pread(fd, _HEAD, 0)
    start = 10 + int.from_bytes(head[6:10], "little") + 4
    piece = zstandard.ZstdDecompressor().decompressobj().decompress(os.pread(fd, _CHUNK, start))
    os.close(fd)
    return piece
