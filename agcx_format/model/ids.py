"""Session ids: read from a source, found in a file name, or derived. Message ids: derived, many at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from uuid import UUID, uuid5

import msgspec

__all__ = ["DerivedIds", "session_id", "uuids_in"]

# The namespace of ids that are derived because the source has none.
_NAMESPACE = UUID("5c1f0f3e-6f0c-5d0b-9a57-8e2f6c1b7a40")


def session_id(given: object, file_name: str) -> UUID:
    """The id that the source gives, else a UUID in the file name, else one derived from them."""
    for text in (given, *uuids_in(file_name)):
        try:
            return UUID(text)
        except (ValueError, TypeError, AttributeError):
            continue
    return uuid5(_NAMESPACE, given if isinstance(given, str) and given else file_name)


uuids_in = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).findall


# Bytes of a UUID, which is the beginning of a SHA-1 digest.  In MessagePack, its type and size come first.
_UUID = 16
_HEADER = b"\xc4\x10"
_PACKED = len(_HEADER) + _UUID
# What RFC 4122 sets in bytes 6 and 8: the version and the variant.
_VERSION_AT, _VARIANT_AT = len(_HEADER) + 6, len(_HEADER) + 8
_WITH_VERSION = bytes(byte & 0x0F | 0x50 for byte in range(256))
_WITH_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))
# The same for the digit that holds the variant.
_VARIANT = {f"{digit:x}": f"{digit & 3 | 8:x}" for digit in range(16)}

_unpack = msgspec.msgpack.Decoder(list[UUID]).decode


class DerivedIds:
    """`uuid5(namespace, name)` for many names of one namespace, in a fraction of the time.

    Making a `UUID` takes several times as long as its digest. So the digests of many names are joined to one
    MessagePack array, and msgspec makes the objects.
    """

    def __init__(self, namespace: UUID) -> None:
        # A copy of what has the namespace in it takes less time than a new one.
        self._begin = hashlib.sha1(namespace.bytes, usedforsecurity=False).copy

    def hex(self, name: str) -> str:
        """The `hex` of the id, without the object."""
        digest = self._begin()
        digest.update(name.encode())
        found = digest.hexdigest()
        return f"{found[:12]}5{found[13:16]}{_VARIANT[found[16]]}{found[17:32]}"

    def of_each(self, names: Iterable[str]) -> list[UUID]:
        """The ids of many names."""
        begin, found = self._begin, [b""]
        for name in names:
            digest = begin()
            digest.update(name.encode())
            found.append(digest.digest()[:_UUID])
        packed = bytearray(_HEADER.join(found))
        packed[_VERSION_AT::_PACKED] = packed[_VERSION_AT::_PACKED].translate(_WITH_VERSION)
        packed[_VARIANT_AT::_PACKED] = packed[_VARIANT_AT::_PACKED].translate(_WITH_VARIANT)
        return _unpack(b"\xdd" + (len(found) - 1).to_bytes(4, "big") + packed)
