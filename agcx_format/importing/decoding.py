"""Turns the bytes of a file that another program wrote into UTF-8: decompresses, and decodes UTF-16.

Strategy: the first bytes decide, never the name: files are renamed, and `.zst` stays on some that were
decompressed. What cannot be decoded ends with the reason, after all that could be.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator

from agcx_format import limits

__all__ = ["decoded"]

_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"
# What is recognized and not read.
_FOREIGN = {
    b"\x1f\x8b": "compressed with gzip",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"PK\x03\x04": "a zip archive",
    b"SQLite format 3\0": "an SQLite database",
}
# By the byte order mark, or by the zeros around the first character, which is ASCII in JSON.
_ENCODINGS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
_LONGEST_SIGN = max(map(len, _FOREIGN))

# One block of 4 bytes can decompress to 128 KiB, so this much at once is at most 128 MiB.
_COMPRESSED_PIECE = 4096


def decoded(chunks: Iterable[bytes]) -> Iterator[bytes | Exception]:
    """The content as UTF-8; bytes that are not UTF-8 are unchanged.

    An exception at the end says why the rest cannot be read.
    """
    first, chunks = _begin(chunks)
    if _is_zstandard(first):
        unpacked, error = _split(_decompressed(chunks))
        yield from _as_utf8(unpacked)
        yield from error
        return
    if found := next((what for sign, what in _FOREIGN.items() if first.startswith(sign)), None):
        yield ValueError(f"the file is {found}, which is not read")
        return
    yield from _as_utf8(chunks)


def _is_zstandard(first: bytes) -> bool:
    """Whether a frame begins here, possibly a skippable one."""
    is_skippable = first[1:4] == _SKIPPABLE and first[0] & 0xF0 == 0x50
    return is_skippable or (bool(first) and _ZSTANDARD.startswith(first[:4]))


def _begin(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, enough to recognize a kind of file, and all chunks."""
    chunks, first = iter(chunks), b""
    for chunk in chunks:
        first += chunk
        if len(first) >= _LONGEST_SIGN:
            break
    return first, _prepended(first, chunks)


def _prepended(first: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from chunks


def _split(chunks: Iterator[bytes | Exception]) -> tuple[Iterator[bytes], list[Exception]]:
    """The bytes up to an exception, and a list that holds the exception once they are read."""
    errors: list[Exception] = []

    def only_bytes() -> Iterator[bytes]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                errors.append(chunk)
                return
            yield chunk

    return only_bytes(), errors


def _as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    first, chunks = _begin(chunks)
    encoding = next((name for sign, name in _ENCODINGS if first.startswith(sign)), None)
    if encoding is None:
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "replace")
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


def _decompressed(chunks: Iterable[bytes]) -> Iterator[bytes | Exception]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=limits.WINDOW)
    frame = None
    for piece in _pieces(chunks):
        rest = piece
        while rest:
            frame = frame or decompressor.decompressobj()
            try:
                if data := frame.decompress(rest):
                    yield data
            except zstandard.ZstdError as cause:
                yield ValueError(f"the compressed data is damaged: {cause}")
                return
            if not frame.eof:
                break
            rest, frame = frame.unused_data, None
    if frame is not None:
        yield ValueError("the compressed file is cut off")


def _pieces(chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), _COMPRESSED_PIECE):
            yield chunk[at : at + _COMPRESSED_PIECE]
