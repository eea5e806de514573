"""The demo's conversations as a store on disk.

Strategy: written by the library as any session is, then one file is cut off in its messages, as
a power cut would leave it.  The files' times are those of their conversations: a file that was
changed a moment ago would look as if an agent were still writing it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from agcx_format.storage import SessionStorage

from agcx_format.types import SessionMetadata
from agcx_tui.demo import migrations, script

BROKEN = "broken"


@contextmanager
def demo_store() -> Iterator[Path]:
    """A demo store in a temporary directory, which is removed on leaving."""
    with TemporaryDirectory(prefix="agcx-demo-") as directory:
        store = Path(directory) / "history"
        build_demo_store(store)
        yield store


def build_demo_store(path: Path, now: int | None = None) -> None:
    """Write the demo's sessions into the directory `path`, aged as seen at `now` (nanoseconds)."""
    now = time.time_ns() if now is None else now
    store = SessionStorage(path)
    for name, text in scripts().items():
        metadata, conversation, state = script.session(name, text, now)
        store.save_session(metadata.id, metadata, conversation, state)
        file = path / f"{metadata.id}.agcx"
        if name == BROKEN:
            _cut_off(file)
        _set_time(file, metadata)


def scripts() -> dict[str, str]:
    """Every conversation's name and script."""
    folder = files(__package__) / "sessions"
    texts = {
        entry.name.removesuffix(".md"): entry.read_text("utf-8")
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".md")
    }
    return texts | {"migrations": migrations.script()}


def _cut_off(file: Path) -> None:
    """Leave the header and the metadata whole, and less than the half of what follows."""
    data = file.read_bytes()
    metadata_end = 10 + int.from_bytes(data[6:10], "little")
    file.write_bytes(data[: metadata_end + (len(data) - metadata_end) * 2 // 5])


def _set_time(file: Path, metadata: SessionMetadata) -> None:
    moment = metadata.updated_at.ns
    os.utime(file, ns=(moment, moment))
