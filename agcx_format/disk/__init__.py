"""Bytes to the disk and back: durable writes, locks, maps.  Nothing here knows the format."""
