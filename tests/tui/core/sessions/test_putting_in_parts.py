"""What is put in parts is in the end as if it had been put at once, and others have their turn meanwhile."""

from contextlib import closing

from msgspec.structs import replace

from agcx_format.catalog import Opening
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import broken, damaged, session

MANY = [session(number, f"Session {number * 7 % 2500}") for number in range(1, 2501)]


def shown(table: SessionTable) -> list[str]:
    return [table.title(row) for row in table.order]


def test_many_come_in_parts_and_are_sorted_in_as_those_that_came_at_once():
    table, at_once = SessionTable(), SessionTable()
    for each in (table, at_once):
        each.sort_by("title")
        each.put(MANY[:10])
    at_once.put(MANY)
    parts = list(table.put_in_parts(MANY))
    assert len(parts) > 2
    assert [row for part in parts for row in part] == [table.row_of(each.path) for each in MANY]
    assert shown(table) == shown(at_once)
    assert table.totals == at_once.totals


def test_what_was_put_is_shown_also_when_the_rest_is_not_wanted():
    table = SessionTable()
    with closing(table.put_in_parts(MANY)) as parts:
        next(parts)
    assert len(table.order) == len(table) > 0
    assert len(table) < len(MANY)
    list(table.put_in_parts(MANY))
    assert sorted(shown(table)) == sorted(each.title for each in MANY)


def test_only_what_the_table_does_not_have_as_it_is_now_is_news(table):
    there = session(1, "Fix the grid")
    table.put([there, damaged(session(7, "Torn"))])
    gone = session(3)
    table.remove([table.row_of(gone.path)])
    changed = session(2, "queue stalls no more", size=7)
    # Why a file cannot be read may have changed.
    others = [gone, changed, session(7, "Torn"), broken(4), session(9)]
    assert table.news_in([there, *others]) == others


def test_what_is_known_of_a_file_that_did_not_change_stays(table):
    there = session(1, "Fix the grid", size=5)
    (row,) = table.put([there])
    table.set_openings([(row, Opening("hello", "/home/ana", "/home/ana", "grid"))])
    before = list(table.order)
    # The same version of it: not even the title is read from it again.
    assert there.metadata is not None
    again = replace(there, metadata=replace(there.metadata, title="never read"))
    assert list(table.put_in_parts([again])) == [[row]]
    assert table.title(row) == "Fix the grid"
    assert table.order == before
