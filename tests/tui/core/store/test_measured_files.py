"""The files of a store that are to be measured."""

from __future__ import annotations

import gc

from agcx_format import open_store
from agcx_format.space import gather
from agcx_tui.core.store.measured_files import files_to_measure


def test_no_session_that_can_be_read_is_looked_at_by_the_garbage_collector(store):
    files = files_to_measure(open_store(store))
    whole = [entry for entry in files if entry.error is None]
    assert whole
    assert not any(map(gc.is_tracked, whole))
    # Its lists would be looked at.
    assert {entry.metadata for entry in whole} == {None}


def test_all_is_measured_as_if_nothing_were_left_out(store):
    library = open_store(store)
    damaged = next(entry for entry in library.scan() if entry.metadata is not None)
    with open(damaged.path, "r+b") as file:
        file.truncate(damaged.size - 20)
    files = files_to_measure(library)
    assert list(gather(files)) == list(gather(list(library.scan())))
    # What is known of a damaged one is kept.
    assert damaged.title in [entry.title for entry in files]
