"""Text of the book as zstd frames, each with its size and a checksum."""

from __future__ import annotations

import threading

from agcx_format.search.blocks import BLOCK_SIZE, Damaged

__all__ = ["compress", "decompress"]

_LEVEL = 1

_of_thread = threading.local()


def decompress(data: bytes | memoryview, size: int) -> bytes:
    """One frame; `size` is what it must decompress to.  Raises `Damaged`."""
    import zstandard

    try:
        if zstandard.frame_content_size(data) != size:
            raise Damaged("a frame of another size")
        decompressor = getattr(_of_thread, "decompressor", None)
        if decompressor is None:
            decompressor = _of_thread.decompressor = zstandard.ZstdDecompressor()
        return bytes(decompressor.decompress(data))
    except zstandard.ZstdError as error:
        raise Damaged(str(error)) from None


def compress(data: bytes) -> bytes:
    import zstandard

    compressor = getattr(_of_thread, "compressor", None)
    if compressor is None:
        # Of the fast levels' strategy, with a larger table than they have for so little text.
        parameters = zstandard.ZstdCompressionParameters.from_level(
            _LEVEL,
            source_size=BLOCK_SIZE,
            hash_log=15,
            write_content_size=True,
            write_checksum=True,
        )
        compressor = _of_thread.compressor = zstandard.ZstdCompressor(compression_params=parameters)
    return bytes(compressor.compress(data))
