"""Bytes to values and back: bincode, MessagePack, zstd frames, JSON.  No I/O."""
