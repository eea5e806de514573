"""Sessions whose every section tells one version, and what a store holds of them.

A file that mixes two versions, or is cut, is thereby told from a whole one.
"""

from __future__ import annotations

import base64
import random
from collections import Counter
from pathlib import Path
from uuid import UUID

from msgspec.structs import replace

from agcx_format import Timestamp, open_store, read_session
from agcx_format.disk.durable import TEMPORARY
from agcx_format.disk.locks import locked
from agcx_format.model.items import InputText, Message
from agcx_format.model.session import Session
from agcx_format.store import paths as places
from agcx_format.store.acts.act_dirs import unfinished
from tests.support.stores import contents, golden_session

_METADATA, _CONVERSATION, _STATE = golden_session("every-item")


def session(session_id: UUID, version: int, size: int = 30_000) -> Session:
    """Some messages, of about `size` bytes once compressed."""
    filler = base64.b64encode(random.Random(version).randbytes(size)).decode()
    item = Message(None, "user", [InputText(f"{version} {filler}")])
    first = replace(_CONVERSATION.messages[0], item=item)
    context = replace(_CONVERSATION.context, working_directory=f"/{version}")
    # In as many turns as the metadata say.
    messages = [
        replace(each, turn_index=number % max(1, version))
        for number, each in enumerate([first, *_CONVERSATION.messages])
    ]
    conversation = replace(_CONVERSATION, id=session_id, messages=messages, context=context)
    metadata = replace(
        _METADATA,
        id=session_id,
        title=f"v{version}",
        updated_at=Timestamp.from_ns(version * 10**9),
        turn_count=version,
        model=str(version),
        checkpoints=[],
    )
    return metadata, conversation, replace(_STATE, cursor_position=version)


def version_of(path: Path) -> tuple[UUID, int]:
    """Id and version of a file; fails when its sections disagree or do not read."""
    metadata, conversation, state = read_session(path)
    texts = {
        conversation.messages[0].item.content[0].text.split()[0],
        conversation.context.working_directory.removeprefix("/"),
        str(state.cursor_position),
    }
    # A join counts turns again, and who goes back to a checkpoint keeps the model.
    marks = {metadata.model, str(metadata.turn_count)}
    assert len(texts) == 1, f"{path} holds parts of {texts}"
    assert texts & marks, f"{path} holds parts of {texts} and of {marks}"
    return metadata.id, int(texts.pop())


def live(root: Path) -> dict[UUID, int]:
    """The version of every session that the store shows; all must read."""
    found = {}
    for entry in open_store(root).scan():
        assert entry.error is None, str(entry.error)
        session_id, version = version_of(Path(entry.path))
        assert session_id == entry.id
        assert session_id not in found
        found[session_id] = version
    return found


def trashed(root: Path) -> Counter[tuple[UUID, int]]:
    """The versions that lie in the trash because they were deleted."""
    paths = (root / places.TRASH).glob("*/files/**/*.agcx")
    return Counter(version_of(path) for path in paths)


def assert_clean(root: Path) -> None:
    """Nothing of a crash is left, once the store was opened and written."""
    store = open_store(root)
    with locked(root, timeout=2):
        pass
    store.save_index(store.load_index())
    assert unfinished(root) == []
    ours = (TEMPORARY, ".tmp", ".agcx-swap")
    left = [name for name in contents(root, trash=True) if name.endswith(ours)]
    assert left == [], left
    assert list((root / places.TRASH).glob("staging-*")) == []
