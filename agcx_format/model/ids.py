"""Session ids: read from a source, found in a file name, or derived."""

from __future__ import annotations

import re
from uuid import UUID, uuid5

__all__ = ["session_id", "uuids_in"]

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
