"""The demo's conversations as a store on disk.

Strategy: written by the library as any session is, then two files are cut off as a power cut would
leave them: one in its messages, which can still be read up to there, and one in its metadata.
The files' times are those of their conversations: a file that was changed a moment ago would look
as if an agent were still writing it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from agcx_format import Checkpoint, SessionMetadata, SessionStorage, ns_of
from agcx_tui.demo import migrations, script

# Cut off: how much stays, of the metadata and of what follows it.
DAMAGED = {"broken": (1.0, 0.7), "torn": (0.6, 0.0)}


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
        for made in metadata.checkpoints:
            then = replace(conversation, messages=conversation.messages[: made.message_index])
            store.save_checkpoint(metadata.id, Checkpoint(made, then, state))
        file = path / f"{metadata.id}.agcx"
        if name in DAMAGED:
            _cut_off(file, *DAMAGED[name])
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


def _cut_off(file: Path, of_metadata: float, of_rest: float) -> None:
    data = file.read_bytes()
    metadata = int.from_bytes(data[6:10], "little")
    rest = len(data) - 10 - metadata
    file.write_bytes(data[: 10 + int(metadata * of_metadata) + int(rest * of_rest)])


def _set_time(file: Path, metadata: SessionMetadata) -> None:
    moment = ns_of(metadata.updated_at)
    os.utime(file, ns=(moment, moment))
