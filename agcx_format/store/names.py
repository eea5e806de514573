"""What the names of session files and checkpoints look like, without imports."""

from __future__ import annotations

import os
import re
from typing import Final

__all__ = ["SUFFIX", "is_checkpoint", "is_uuid"]

SUFFIX: Final = ".agcx"

is_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch


def is_checkpoint(path: str | os.PathLike[str]) -> bool:
    """Whether a file has the name of a checkpoint."""
    # Imported late: who lists sessions does not ask.
    from agcx_format.layout import checkpoint

    return os.fspath(path).endswith(checkpoint.SUFFIX)
