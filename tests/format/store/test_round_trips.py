"""A session that holds everything is the same after each way in which it can leave a store and come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format import PersistenceError, Store
from agcx_format.exporting.json_document import session_json
from agcx_format.store import Archive, find_incoming
from tests.support.everything import SESSION, everything

Way = Callable[[Store, Store], None]


def by_json(source: Store, target: Store) -> None:
    export = target.path.with_suffix(".json")
    export.write_bytes(session_json(*source.load_session(SESSION)))
    target.copy_in(find_incoming(export))


def by_copy(source: Store, target: Store) -> None:
    target.copy_in(find_incoming(source.path))


def by_other_layout(source: Store, target: Store) -> None:
    between = Store(target.path.with_name("between"), layout=3 - source.layout)
    between.copy_in(find_incoming(source.path))
    target.copy_in(find_incoming(between.path))


def by_conversion(source: Store, target: Store) -> None:
    by_copy(source, target)
    for layout in (3 - source.layout, source.layout):
        target.convert(target.scan(), layout)


def by_backup(source: Store, target: Store) -> None:
    path = target.path.with_suffix(".tar")
    source.back_up(path)
    with Archive(path) as archive:
        (backup,) = map(archive.read, archive.backups)
        target.restore_backup(archive, backup.sessions)


@pytest.fixture(params=[1, 2], ids=["layout 1", "layout 2"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    store = Store(tmp_path / "source", layout=request.param)
    metadata, conversation, state = everything()
    if request.param == 2:
        # Layout 1, which is on some of the ways, has no place for more.
        history = [(metadata.current_mode, metadata.created_at)]
        conversation = replace(conversation, mode_history=history)
    store.save_session(SESSION, replace(metadata, checkpoints=[]), conversation, state)
    return store


def file_of(store: Store) -> bytes:
    (entry,) = store.scan()
    return Path(entry.path).read_bytes()


@pytest.mark.parametrize(
    "way",
    [by_json, by_copy, by_other_layout, by_conversion, by_backup],
    ids=lambda way: way.__name__,
)
def test_the_file_is_the_same_byte_for_byte(source: Store, tmp_path: Path, way: Way):
    target = Store(tmp_path / "target", layout=source.layout)
    way(source, target)
    if source.layout == 1 or way not in (by_other_layout, by_conversion):
        assert file_of(target) == file_of(source)
    one, other = source.load_session(SESSION), target.load_session(SESSION)
    # Layout 2 keeps in the file what its writer said of size and ratio, layout 1 measures them.
    measured = {name: getattr(one[0], name) for name in ("file_size", "compression_ratio")}
    assert (replace(other[0], **measured), *other[1:]) == one


def test_split_and_joined_its_messages_are_the_same(source: Store):
    before = source.load_session(SESSION)
    second, _ = source.split(SESSION, 6)
    source.content.join(source.resolve(str(SESSION)), source.resolve(str(second)))
    after = source.load_session(SESSION)
    assert after[1].messages == before[1].messages
    assert after[1].context == before[1].context
    source.undo()
    source.undo()
    assert source.load_session(SESSION) == before


def test_json_that_is_no_session_of_ours_says_so(source: Store, tmp_path: Path):
    text = session_json(*source.load_session(SESSION))
    for number, wrong in enumerate(
        (b"", b"[" * 100_000, text[:-5], text.replace(b'"messages":', b'"massages":', 1), b"\xff")
    ):
        path = tmp_path / f"{number}.json"
        path.write_bytes(wrong)
        with pytest.raises(PersistenceError):
            list(find_incoming(path))
