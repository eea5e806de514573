"""A picture of a conversation as a file: checked, readable by the person alone, opened in a viewer.

Strategy: a picture is data that anybody may have put into a session.  What it is, is read from its first
bytes, not by what the session calls it; only raster images are accepted, and none with more pixels than a
screen could ever show.  The file gets a suffix of its own kind, and a program that opens files by their kind
gets its path, as one word.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from agcx_format.disk import os_reason
from agcx_tui.core.conversation.image_facts import image_facts
from agcx_tui.core.local.signals import unblocked

__all__ = [
    "MOST_PIXELS",
    "UnusablePicture",
    "open_in_viewer",
    "picture_bytes",
    "write_picture",
]

# Bytes and pixels; more would fill the memory of the viewer.
_MOST_BYTES = 64 * 1024 * 1024
MOST_PIXELS = 50_000_000
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", ".png"),
    (b"GIF87a", ".gif"),
    (b"GIF89a", ".gif"),
    (b"\xff\xd8\xff", ".jpg"),
    (b"BM", ".bmp"),
)


class UnusablePicture(Exception):
    """The picture cannot be shown; the text says why."""


def picture_bytes(url: str) -> tuple[bytes, str]:
    """The bytes of a picture in a `data:` URL, and the suffix of a file with them.

    Raises:
        UnusablePicture: it is not in the URL, is no raster image, or is too large.
    """
    head, comma, data = url.partition(",")
    if head[:5].lower() != "data:" or not comma:
        raise UnusablePicture("The image is not in the session, only its address.")
    if len(data) > _MOST_BYTES * 4 // 3:
        raise UnusablePicture("The image is too large to be shown.")
    try:
        found = b64decode(data)
    except (Error, ValueError):
        raise UnusablePicture("The image is damaged.") from None
    suffix = next((suffix for first, suffix in _KINDS if found.startswith(first)), "")
    if found[:4] == b"RIFF" and found[8:12] == b"WEBP":
        suffix = ".webp"
    if not suffix:
        raise UnusablePicture("It is not an image of a known kind.")
    facts = image_facts(url)
    if facts.width is not None and facts.width * (facts.height or 0) > MOST_PIXELS:
        raise UnusablePicture("The image has too many pixels to be shown.")
    return found, suffix


def write_picture(url: str) -> Path:
    """Write a picture to a file of its own, which goes when the program ends; may block.

    Raises:
        UnusablePicture: see `picture_bytes`.
        OSError: it cannot be written.
    """
    data, suffix = picture_bytes(url)
    # Readable by the person alone, as is the directory.
    fd, name = tempfile.mkstemp(suffix, "picture-", _directory())
    with open(fd, "wb") as file:
        file.write(data)
    return Path(name)


@cache
def _directory() -> str:
    directory = tempfile.mkdtemp(prefix="agcx-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


def open_in_viewer(path: Path, environment: Mapping[str, str], patience: float = 2) -> str:
    """Have the system show a file; returns what went wrong within `patience` seconds, or an empty text."""
    name = "open" if sys.platform == "darwin" else "xdg-open"
    places = filter(os.path.isabs, environment.get("PATH", "").split(os.pathsep))
    program = shutil.which(name, path=os.pathsep.join(places))
    if program is None:
        return f"{name} is not installed: it is not on the PATH."
    try:
        with unblocked():
            # It may run as long as the viewer does, without our terminal.
            viewer = subprocess.Popen(
                [program, str(path)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
    except OSError as cause:
        return f"{name}: {os_reason(cause)}"
    try:
        failed = viewer.wait(patience) != 0
    except subprocess.TimeoutExpired:
        return ""
    return f"{name} found no viewer that can show it here." if failed else ""
