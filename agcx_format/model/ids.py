"""Ids of sessions: found in names, read from sources, and made where there are none."""

from __future__ import annotations

import re
from uuid import UUID, uuid5

__all__ = ["session_id", "uuids_in"]

# Ids that the source has none of are made from what it has, under this name space of ours.
_NAMESPACE = UUID("5c1f0f3e-6f0c-5d0b-9a57-8e2f6c1b7a40")


def session_id(given: object, file_name: str) -> UUID:
    """The id that the source gives, else the UUID in the file's name, else one made from these."""
    for text in (given, *uuids_in(file_name)):
        try:
            return UUID(text)
        except (ValueError, TypeError, AttributeError):
            continue
    return uuid5(_NAMESPACE, given if isinstance(given, str) and given else file_name)


uuids_in = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE).findall
