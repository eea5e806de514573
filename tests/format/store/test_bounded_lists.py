"""A list keeps little of each session, whatever the file holds, and nothing is lost by what it cuts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import Store, Timestamp, limits, open_store, read_session, write_session
from agcx_format.catalog.columns import Columns
from agcx_format.catalog.file import Catalog
from agcx_format.catalog.refresh import differences
from agcx_format.model.session import Checkpoint, CheckpointMetadata, SessionMetadata
from agcx_format.session.listed import listed, whole_tags
from tests.support.stores import golden_session

METADATA, CONVERSATION, STATE = golden_session("full")
LARGE = 8 * limits.MIB

# glibc gives large blocks back at once, so that what is measured is what is in use.
AT_ONCE = {"MALLOC_MMAP_THRESHOLD_": "65536"}

# Read in every way in a process of its own, where all results stay: how much more memory it took at most,
# in MiB, than after a first file, up to each.
_MEASURE = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from agcx_format import open_store
from agcx_format.catalog.file import Catalog
from agcx_format.catalog.columns import Columns
from agcx_format.catalog.refresh import differences

root, caches = sys.argv[1:]
store = open_store(root)

def columns():
    found = Columns()
    for entry in differences(store.path, found):
        found.put(entry)
    Catalog(caches, root).save(found, list(range(len(found))))
    return found, Catalog(caches, root).load()

def threads():
    paths = [entry.path for entry in store.scan()]
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(store.entry, paths))

kept = {
    "scan": lambda: list(store.scan()),
    "list": store.list_sessions,
    "catalog": columns,
    "threads": threads,
}
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
first = next(iter(store.scan()))
before = peak()
results = []
for kind, read in kept.items():
    results.append(read())
    print(kind, (peak() - before) // 1024)
"""


def peaks(root: Path, caches: Path) -> dict[str, int]:
    """How much memory it took up to each way of reading, in MiB."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, root, caches],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | AT_ONCE,
    )
    return {kind: int(size) for kind, size in map(str.split, done.stdout.splitlines())}


def write_large(root: Path, count: int, **fields) -> None:
    """Sessions of layout 2 that have two kilobytes on disk, and metadata of many megabytes."""
    (root / "sessions").mkdir(parents=True)
    metadata = replace(METADATA, id=UUID(int=1), **fields)
    first = root / "sessions" / f"{UUID(int=1)}.agcx"
    write_session(first, metadata, replace(CONVERSATION, messages=[]), STATE, layout=2, level=1)
    assert first.stat().st_size < LARGE // 100
    for number in range(2, count + 1):
        (root / "sessions" / f"{UUID(int=number)}.agcx").write_bytes(first.read_bytes())


@pytest.fixture(scope="module", params=["title", "model", "tags"])
def large_store(request, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("large") / "history"
    text = "x" * LARGE
    write_large(root, 6, **{request.param: [text] if request.param == "tags" else text})
    return root


def test_memory_does_not_grow_with_the_number_of_sessions(large_store: Path, tmp_path):
    """Six times eight megabytes, of which one is read at a time and none is kept."""
    found = peaks(large_store, tmp_path / "caches")
    assert list(found) == ["scan", "list", "catalog", "threads"]
    assert max(found.values()) < 3 * LARGE // limits.MIB, found


def test_a_hundred_sessions_with_titles_of_sixty_megabytes(request, tmp_path):
    if not request.config.getoption("--full", default=False):
        pytest.skip("the same as with smaller ones, at full size: --full")
    write_large(tmp_path / "history", 100, title="x" * 60_000_000)
    found = peaks(tmp_path / "history", tmp_path / "caches")
    assert max(found.values()) < 200, found


def excessive(session_id: UUID) -> SessionMetadata:
    """More of everything than a list keeps."""
    then = Timestamp("2025-10-14T07:08:09Z")
    note = CheckpointMetadata(UUID(int=7), "n" * 400, then, 1, "d" * 400)
    return replace(
        METADATA,
        id=session_id,
        title="T" * 5_000,
        model="m" * 300,
        tags=["t" * 300, *(f"tag {number}" for number in range(99))],
        checkpoints=[replace(note, id=UUID(int=number)) for number in range(1, 1_100)],
        is_favorite=False,
    )


@pytest.fixture(params=[1, 2], ids=["layout 1", "layout 2"])
def store(request, tmp_path) -> Store:
    store = Store(tmp_path / "history", layout=request.param)
    metadata = excessive(UUID(int=1))
    store.save_session(metadata.id, metadata, replace(CONVERSATION, id=metadata.id), STATE)
    return store


def test_what_is_too_long_is_cut_and_marked(store: Store):
    (entry,) = store.scan()
    (metadata,) = store.list_sessions()
    assert entry.metadata == replace(
        metadata,
        file_size=entry.metadata.file_size,
        compression_ratio=entry.metadata.compression_ratio,
    )
    for text, longest in (
        (metadata.title, limits.LISTED_TITLE),
        (metadata.model, limits.LISTED_TEXT),
    ):
        assert len(text) == longest
        assert text.endswith("…")
    assert len(metadata.tags) == limits.LISTED_TAGS
    assert metadata.tags[0] == "t" * (limits.LISTED_TEXT - 1) + "…"
    assert metadata.tags[1] == "tag 0"
    assert metadata.tags[-1] == "…"
    assert len(metadata.checkpoints) == limits.LISTED_CHECKPOINTS
    assert all(each.name.endswith("…") for each in metadata.checkpoints)
    # All else is as it is.
    assert metadata.id == UUID(int=1)
    assert metadata.message_count == len(CONVERSATION.messages)
    # Whoever opens the session has all of it.
    with store.open_session(UUID(int=1)) as session:
        assert session.metadata.title == "T" * 5_000
        assert len(session.metadata.tags) == 100
    assert store.load_session(UUID(int=1))[0].title == "T" * 5_000


def test_what_fits_is_left_alone():
    fits = replace(
        METADATA,
        title="T" * limits.LISTED_TITLE,
        model="m" * limits.LISTED_TEXT,
        tags=["t" * limits.LISTED_TEXT] * limits.LISTED_TAGS,
    )
    assert listed(fits) is fits


def test_an_edit_of_what_a_list_shows_loses_nothing(store: Store):
    before, conversation, state = store.load_session(UUID(int=1))
    (entry,) = store.scan()
    store.update_many([(entry, {"is_favorite": True})])
    assert store.load_session(UUID(int=1))[0].title == before.title
    # A person adds a tag to those that are shown, and takes one away.
    (entry,) = store.scan()
    shown = [tag for tag in entry.metadata.tags if tag != "tag 1"]
    store.update_many([(entry, {"tags": [*shown, "new"]})])
    after, *others = store.load_session(UUID(int=1))
    assert after.tags == [tag for tag in before.tags if tag != "tag 1"] + ["new"]
    assert (after.title, after.model, after.checkpoints) == (
        before.title,
        before.model,
        before.checkpoints,
    )
    assert others == [conversation, state]
    copy, _ = store.duplicate(UUID(int=1))
    assert store.load_session(copy)[0].title == before.title


def test_tags_behind_the_mark_of_a_cut_go_with_it():
    old = [f"{number}" for number in range(100)]
    shown = listed(replace(METADATA, tags=old)).tags
    assert whole_tags(shown, old) == old
    assert whole_tags([tag for tag in shown if tag != "…"], old) == old[: limits.LISTED_TAGS - 1]
    assert whole_tags(["…", "a"], ["x"]) == ["…", "a"]
    assert whole_tags([], old) == []


def test_tags_that_are_cut_to_the_same_text_stay_apart():
    begun = "a" * limits.LISTED_TEXT
    old = ["x", begun + "1", begun + "2"]
    shown = listed(replace(METADATA, tags=old)).tags
    assert whole_tags([*shown, "new"], old) == [*old, "new"]
    assert whole_tags(shown[1:], old) == old[1:]
    # The mark may be a tag itself.
    old = ["…", *(f"{number}" for number in range(100))]
    assert whole_tags(listed(replace(METADATA, tags=old)).tags, old)[:3] == ["…", "62", "63"]


def test_a_session_made_of_a_checkpoint_has_the_whole_metadata(store: Store):
    note = replace(excessive(UUID(int=1)).checkpoints[4], name="before")
    store.save_checkpoint(UUID(int=1), Checkpoint(note, CONVERSATION, STATE))
    new_id, _ = store.restore_checkpoint(UUID(int=1), note.id)
    metadata = store.load_session(new_id)[0]
    assert metadata.title.startswith("T" * 5_000)
    assert metadata.tags == excessive(UUID(int=1)).tags
    assert metadata.model == "m" * 300


def test_all_checkpoints_are_told_with_their_whole_names(store: Store):
    wanted = excessive(UUID(int=1)).checkpoints[-1]
    store.save_checkpoint(UUID(int=1), Checkpoint(wanted, CONVERSATION, STATE))
    assert store.list_checkpoints(UUID(int=1)) == [wanted]


def test_the_log_and_the_index_and_the_catalog_hold_no_more_than_a_list(store: Store, tmp_path):
    store.rebuild_index()
    (entry,) = store.scan()
    store.update_many([(entry, {"is_favorite": True})])
    store.delete(list(store.scan()))
    titles = [title for act in open_store(store.path).log() for title in act.titles]
    assert titles
    assert all(len(title) == limits.LISTED_TITLE and title.endswith("…") for title in titles)
    store.undo()
    columns = Columns()
    for entry in differences(store.path, columns):
        columns.put(entry)
    catalog = Catalog(tmp_path / "caches", store.path)
    catalog.save(columns, list(range(len(columns))))
    again = catalog.load()
    for known in (columns, again):
        assert known.titles[0] == listed(excessive(UUID(int=1))).title
        assert known.tags(0)[-1] == "…"
    # And the index is still that of this session, not a stale one.
    assert read_session(entry.path)[0].title == "T" * 5_000
