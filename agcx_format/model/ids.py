"""Session ids: read from a source, found in a file name, or derived. Message ids: derived, many at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from uuid import UUID, uuid5

import msgspec

__all__ = ["session_id", "uuid5_hex", "uuid5_of_each", "uuids_in"]

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


# A SHA-1 digest, of which a UUID is the beginning, and a UUID in MessagePack: its type, its size, its bytes.
_DIGEST, _UUID = 20, 16
_HEADER = b"\xc4\x10"
_PACKED = len(_HEADER) + _UUID
# What RFC 4122 sets in bytes 6 and 8: the version and the variant.
_WITH_VERSION = bytes(byte & 0x0F | 0x50 for byte in range(256))
_WITH_VARIANT = bytes(byte & 0x3F | 0x80 for byte in range(256))

_unpack = msgspec.msgpack.Decoder(list[UUID]).decode


def uuid5_hex(namespace: UUID, name: str) -> str:
    """`uuid5(namespace, name).hex`, without the object."""
    found = hashlib.sha1(namespace.bytes + name.encode(), usedforsecurity=False).hexdigest()
    return f"{found[:12]}5{found[13:16]}{'89ab'[int(found[16], 16) & 3]}{found[17:32]}"


def uuid5_of_each(namespace: UUID, names: Iterable[str]) -> list[UUID]:
    """`uuid5(namespace, name)` for each name, in a quarter of the time.

    Making a `UUID` takes several times as long as its digest. So the digests are laid out as one MessagePack
    array, column by column, and msgspec makes the objects.
    """
    sha1, beginning = hashlib.sha1, namespace.bytes
    found = [sha1(beginning + name.encode(), usedforsecurity=False).digest() for name in names]
    digests = bytearray().join(found)
    digests[6::_DIGEST] = digests[6::_DIGEST].translate(_WITH_VERSION)
    digests[8::_DIGEST] = digests[8::_DIGEST].translate(_WITH_VARIANT)
    packed = bytearray(_HEADER + bytes(_UUID)) * len(found)
    for column in range(_UUID):
        packed[len(_HEADER) + column :: _PACKED] = digests[column::_DIGEST]
    return _unpack(b"\xdd" + len(found).to_bytes(4, "big") + packed)
