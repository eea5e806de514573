"""Which acts are asked about before they are undone."""

from __future__ import annotations

from msgspec.structs import replace

from agcx_format import Act, Timestamp
from agcx_format.store.acts.manifest import ActSession, Step
from agcx_tui.core.words.acts import (
    acts_named,
    brings_in_many,
    describe,
    destroyed_by_undo,
    state_of,
    titles_of,
)

TWO = (ActSession("a", "one", 1), ActSession("b", "two", 2))
IMPORT = Act("1", "import", Timestamp.from_ns(0), TWO, (Step("create", "a.agcx"),))
DELETION = replace(IMPORT, kind="delete", steps=(Step("move", "a.agcx"),))


def test_an_import_of_many_is_asked_about_a_deletion_of_many_is_not():
    assert brings_in_many(IMPORT)
    assert not brings_in_many(replace(IMPORT, sessions=TWO[:1]))
    assert not brings_in_many(DELETION)


def test_an_emptied_trash_destroys_only_what_was_deleted():
    def state(act: Act, *, undone: bool = False) -> str:
        return state_of(replace(act, emptied_at=Timestamp.from_ns(1), undone=undone))

    assert state(DELETION) == "destroyed"
    # What it wrote is still there.
    assert state(IMPORT) == "no undo"
    assert state(DELETION, undone=True) == "undone"


def test_a_long_title_is_cut_with_a_mark():
    long = replace(DELETION, sessions=(ActSession("a", "one word " * 20, 1),))
    assert describe(long).endswith(" one w…”, 1 B")
    assert titles_of(long).endswith(" one w…")


def test_an_act_is_named_by_its_id_or_either_end_of_it():
    acts = [replace(IMPORT, id=each) for each in ("20250102-ab12cd", "20250102-ef34gh", "2025")]
    assert acts_named(acts, "ef34gh") == acts_named(acts, "20250102-e") == acts[1:2]
    assert acts_named(acts, "20250102") == acts[:2]
    assert acts_named(acts, "2025") == acts[2:]
    assert acts_named(acts, "34gh") == []


def test_an_undo_that_only_moves_files_back_destroys_nothing():
    assert destroyed_by_undo(IMPORT)
    assert not destroyed_by_undo(DELETION)
    index = Step("replace", "index.json", derived=True)
    assert not destroyed_by_undo(replace(DELETION, steps=(*DELETION.steps, index)))
