"""What the small sessions of all agents have in common: ids, times, files of lines."""

from __future__ import annotations

import json
from pathlib import Path

SESSION = "0199aaaa-1111-7222-8333-444455556666"
CHILD = "0199bbbb-1111-7222-8333-444455556666"
PNG = "iVBORw0KGgo="
DAY = "2026-03-01T10:00:"
MS = 1772359200000


def at(seconds: int) -> str:
    return f"{DAY}{seconds:02}.000Z"


def write_lines(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path
