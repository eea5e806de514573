"""Text of the book as zstd frames, each with its size and a checksum."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from agcx_format.search.blocks import BLOCK_SIZE, Damaged

if TYPE_CHECKING:
    import zstandard

__all__ = ["compress", "compress_with_beginning", "decompress", "decompress_beginning"]

_LEVEL = 1
# Up to this size, memory is taken without a check that the frame can hold as much.
_UNCHECKED = 1 << 20

_of_thread = threading.local()


def decompress(data: bytes | memoryview, size: int) -> bytes:
    """One frame; `size` is what it must decompress to.  Raises `Damaged`."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) != size:
            raise Damaged("a frame of another size")
        _check_size(data, size)
        return bytes(_decompressor().decompress(data))
    except zstandard.ZstdError as error:
        raise Damaged(str(error)) from None


def decompress_beginning(data: bytes, size: int, whole: int) -> bytes:
    """The beginning of a frame by `compress_with_beginning`, of as many bytes as that says.

    `size` is what it must decompress to, `whole` what the whole frame would.  Raises `Damaged`.
    """
    import zstandard

    try:
        if not size <= whole == zstandard.frame_content_size(data):
            raise Damaged("a beginning of another size")
        _check_size(data, size)
        # Not more, whatever is in there.
        found = bytes(_decompressor().stream_reader(data).read(size))
    except zstandard.ZstdError as error:
        raise Damaged(str(error)) from None
    if len(found) != size:
        raise Damaged("a beginning of another size")
    return found


def _check_size(data: bytes | memoryview, size: int) -> None:
    """Check that a frame, or the blocks with which it begins, can hold this many bytes.

    Memory for all of them is taken before the first one is decompressed, and a header may claim any number.

    Raises:
        Damaged: it cannot.
    """
    if size <= _UNCHECKED:
        return
    from agcx_format.codec.zstd.frames import blocks_of
    from agcx_format.errors import CompressionError

    bound = 0
    # A beginning ends before the frame does, and what else is wrong the decompressor says.
    with suppress(CompressionError):
        for block in blocks_of(data, 0):
            bound += block.bound
    if size > bound:
        raise Damaged("a size that cannot be")


def _decompressor() -> zstandard.ZstdDecompressor:
    import zstandard

    found: zstandard.ZstdDecompressor | None = getattr(_of_thread, "decompressor", None)
    if found is None:
        found = _of_thread.decompressor = zstandard.ZstdDecompressor()
    return found


def compress(data: bytes) -> bytes:
    return _compressor().compress(data)


def compress_with_beginning(data: bytes, end: int) -> tuple[bytes, int]:
    """A frame as by `compress`, and how many bytes of it hold the data up to `end`."""
    import zstandard

    stream = _compressor().compressobj(size=len(data))
    beginning = stream.compress(data[:end]) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    return beginning + stream.compress(data[end:]) + stream.flush(), len(beginning)


def _compressor() -> zstandard.ZstdCompressor:
    import zstandard

    found: zstandard.ZstdCompressor | None = getattr(_of_thread, "compressor", None)
    if found is None:
        # Of the fast levels' strategy, with a larger table than they have for so little text.
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _LEVEL,
            source_size=BLOCK_SIZE,
            hash_log=15,
            write_content_size=True,
            write_checksum=True,
        )
        found = _of_thread.compressor = zstandard.ZstdCompressor(compression_params=parameters)
    return found
