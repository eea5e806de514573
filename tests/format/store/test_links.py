"""Sessions that are symbolic links: read and edited through the link, and deleted as the link that they
are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import PersistenceError, open_store
from agcx_format.catalog.columns import Columns
from agcx_format.catalog.refresh import differences
from agcx_format.store.entries import is_link, own_size
from agcx_format.store.store import Store
from tests.support.stores import contents, golden_session

both_layouts = pytest.mark.parametrize("layout", [1, 2])
LINKED = UUID(int=9)


@pytest.fixture(params=["elsewhere", "in the store"])
def where(request) -> str:
    return request.param


def linked(tmp_path: Path, layout: int, where: str) -> tuple[Store, Path, Path]:
    """A store with a session that is a link, that link, and the file that it leads to."""
    store = Store(tmp_path / "store", layout=layout)
    metadata, conversation, state = golden_session("every-item")
    store.save_session(LINKED, replace(metadata, id=LINKED), conversation, state)
    link = Path(store.resolve(str(LINKED)).path)
    target = (
        tmp_path / "disk" / "a name of its own"
        if where == "elsewhere"
        else link.parent / "kept.bin"
    )
    target.parent.mkdir(exist_ok=True)
    link.rename(target)
    link.symlink_to(os.path.relpath(target, link.parent))
    return Store(tmp_path / "store", layout=layout), link, target


@both_layouts
def test_an_edit_goes_through_the_link_and_comes_back(tmp_path: Path, layout: int, where: str):
    store, link, target = linked(tmp_path, layout, where)
    before, data = os.readlink(link), target.read_bytes()
    store.update_metadata(LINKED, title="Through the link")
    assert os.readlink(link) == before
    assert target.read_bytes() != data
    assert open_store(store.path).load_session(LINKED)[0].title == "Through the link"
    store.update_metadata(LINKED, tags=["again"])
    store.undo()
    store.undo()
    assert os.readlink(link) == before
    assert target.read_bytes() == data
    assert os.listdir(target.parent) == [target.name] or where == "in the store"


@both_layouts
def test_a_split_leaves_the_first_half_behind_the_link(tmp_path: Path, layout: int, where: str):
    store, link, target = linked(tmp_path, layout, where)
    data, count = target.read_bytes(), len(store.load_session(LINKED)[1].messages)
    new_id, _ = store.split(LINKED, 2)
    assert link.is_symlink()
    assert len(store.load_session(LINKED)[1].messages) == 2
    assert len(store.load_session(new_id)[1].messages) == count - 2
    store.undo()
    assert target.read_bytes() == data


@both_layouts
def test_a_save_goes_through_the_link(tmp_path: Path, layout: int, where: str):
    store, link, _ = linked(tmp_path, layout, where)
    metadata, conversation, state = store.load_session(LINKED)
    store.save_session(LINKED, replace(metadata, title="Saved"), conversation, state)
    assert link.is_symlink()
    assert open_store(store.path).load_session(LINKED)[0].title == "Saved"


@both_layouts
@pytest.mark.parametrize("is_linked", [True, False])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_replaced_by_a_save(
    tmp_path: Path, layout: int, is_linked: bool, make: Callable[[Path], None]
):
    store, link, target = linked(tmp_path, layout, "elsewhere")
    session = store.load_session(LINKED)
    place = target if is_linked else link
    place.unlink()
    make(place)
    before = sorted(link.parent.iterdir()), os.lstat(place)
    for each in (store, Store(tmp_path / "store", layout=layout)):
        with pytest.raises(PersistenceError):
            each.save_session(LINKED, *session)
    assert (sorted(link.parent.iterdir()), os.lstat(place)) == before
    assert list(target.parent.iterdir()) == [target]


@both_layouts
def test_a_deletion_takes_the_link_and_leaves_the_file(tmp_path: Path, layout: int, where: str):
    store, link, target = linked(tmp_path, layout, where)
    before, data = os.readlink(link), target.read_bytes()
    files = contents(store.path)
    (entry,) = store.scan()
    assert is_link(entry.path)
    assert own_size(entry) == len(before)
    act = store.delete([entry])
    assert act.size == len(before)
    assert not os.path.lexists(link)
    assert target.read_bytes() == data
    assert store.trash()[0].size == len(before)
    store.undo()
    assert os.readlink(link) == before
    assert contents(store.path) == files


@both_layouts
def test_a_link_that_leads_nowhere_can_be_deleted(tmp_path: Path, layout: int):
    store, link, target = linked(tmp_path, layout, "elsewhere")
    target.unlink()
    (entry,) = store.scan()
    assert entry.error is not None
    store.delete([entry])
    assert not os.path.lexists(link)
    store.undo()
    assert os.path.lexists(link)


@both_layouts
def test_another_save_behind_the_link_is_noticed(tmp_path: Path, layout: int):
    store, _, target = linked(tmp_path, layout, "elsewhere")
    columns = Columns()
    for entry in store.scan():
        columns.put(entry)
    assert list(filter(None, differences(store.path, columns))) == []
    target.write_bytes(target.read_bytes() + b"\0")
    assert len(list(filter(None, differences(store.path, columns)))) == 1


def test_the_command_line_says_that_a_link_is_deleted(tmp_path: Path):
    from agcx_tui.core.words.deletion import deletion_facts

    store, _, _ = linked(tmp_path, 1, "elsewhere")
    lines = deletion_facts(list(store.scan()), 0, 0, links=1)
    assert "It is a link: the link is deleted, the file that it leads to stays." in lines
