"""What the name of a session file looks like, for those who list files and open none."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["SUFFIX", "is_uuid"]

SUFFIX: Final = ".agcx"

is_uuid = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch
