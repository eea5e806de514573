"""The table shows what fits, in the order asked for; marks and rows outlive both."""

import math
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agcx_format.catalog import Columns, Opening, micros
from agcx_format.model.timestamps import Timestamp, ns_of
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.sorting import SORTS
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, broken, damaged, session
from tests.support.examples import some_of


def shown(table: SessionTable) -> list[str]:
    return [table.title(row) for row in table.order]


def filtered(table: SessionTable, typed: str) -> list[str]:
    table.filter_by(parse(typed, NOW))
    return sorted(shown(table))


def test_the_last_accessed_session_comes_first(table):
    # The broken file has no other date than that of the file, which is now.
    assert shown(table) == ["", "Über Straßen", "Fix the grid", "queue stalls"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("title", ["Fix the grid", "queue stalls", "Über Straßen", ""]),
        ("messages", ["queue stalls", "Fix the grid", "Über Straßen", ""]),
        ("size", ["queue stalls", "Fix the grid", "Über Straßen", ""]),
    ],
)
def test_a_key_sorts_the_way_one_wants_to_see_it_first(table, key, expected):
    table.sort_by(key)
    assert shown(table) == expected


def test_by_title_what_has_none_comes_last_both_ways(table):
    table.sort_by("title", descending=True)
    assert shown(table) == ["Über Straßen", "queue stalls", "Fix the grid", ""]


def test_it_does_also_where_a_catalog_begins_with_it():
    table = SessionTable()
    table.sort_by("title")
    table.extend(block_of(broken(1), session(2, "Fix the grid")))
    table.expect(None)
    assert shown(table) == ["Fix the grid", ""]


@pytest.mark.parametrize("descending", [True, False])
def test_by_ratio_what_is_no_ratio_comes_last_both_ways(descending):
    claims = [math.nan, 0.25, -math.inf, 0.0, math.inf, 2.5, -0.1, -0.0, math.nan]
    table = SessionTable()
    table.put([broken(99), *(session(n, ratio=ratio) for n, ratio in enumerate(claims))])
    table.sort_by("ratio", descending)
    known = sorted([0.25, 0.0, 2.5, 0.0], reverse=descending)
    assert [table.ratio(row) for row in table.order] == known + [None] * 6


@pytest.mark.parametrize("descending", [True, False])
def test_by_cost_what_is_no_cost_counts_as_none(descending):
    claims = [math.nan, 0.25, -math.inf, math.inf, 2.5, -0.1]
    table = SessionTable()
    table.put(session(n) for n in range(len(claims)))
    table.set_openings(
        (table.row_of(session(n).path), Opening(cost=cost)) for n, cost in enumerate(claims)
    )
    table.sort_by("cost", descending)
    titles = [f"Session {n}" for n in (0, 2, 3, 5)]
    assert shown(table) == (
        ["Session 4", "Session 1", *titles] if descending else [*titles, "Session 1", "Session 4"]
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("grid", ["Fix the grid"]),
        ("grid fix", ["Fix the grid"]),
        ("grid Fix", ["Fix the grid"]),
        ("GRID", []),
        ("-Fix -is:broken", ["queue stalls", "Über Straßen"]),
        ("-fIX -is:broken", ["Fix the grid", "queue stalls", "Über Straßen"]),
        ("strassen", ["Über Straßen"]),
        ("u\u0308ber", ["Über Straßen"]),
        ("U\u0308ber", ["Über Straßen"]),
        ("uber", []),
        ("model:SONNET", ["queue stalls"]),
        ("tag:QUEUE", ["queue stalls"]),
        ("ｇｒｉｄ", ["Fix the grid"]),
        ("bug", ["queue stalls"]),
        ("-grid -is:broken", ["queue stalls", "Über Straßen"]),
        ("model:sonnet", ["queue stalls"]),
        ("tag:queue", ["queue stalls"]),
        ("mode:review", ["Über Straßen"]),
        ("is:favorite", ["Über Straßen"]),
        ("is:broken", [""]),
        ("is:empty", ["Über Straßen"]),
        ("larger:1MB", ["Fix the grid", "queue stalls"]),
        ("smaller:1k -is:broken", ["Über Straßen"]),
        ("messages:>48", ["queue stalls"]),
        ("messages:<=48", ["Fix the grid", "Über Straßen"]),
        ("id:00000002", ["queue stalls"]),
        ("after:2024-11-24T", ["", "Fix the grid", "queue stalls", "Über Straßen"]),
        ("before:1d", ["queue stalls"]),
        ("after:2h", ["", "Fix the grid", "Über Straßen"]),
        ("nothing-like-it", []),
        ("larger:x", ["", "Fix the grid", "queue stalls", "Über Straßen"]),
    ],
)
def test_a_filter_shows_what_fits(table, typed, expected):
    assert filtered(table, typed) == expected


def test_dates_are_those_that_the_list_shows(table):
    # All were updated on the 20th, four days ago; the broken file now.
    table.sort_by("updated")
    assert filtered(table, "before:3d") == ["Fix the grid", "queue stalls", "Über Straßen"]
    table.sort_by("accessed")
    assert shown(table) == []


def test_marks_outlive_filter_and_sort(table):
    queue = next(row for row in table.order if table.title(row) == "queue stalls")
    table.toggle_mark(queue)
    filtered(table, "grid")
    table.sort_by("size")
    assert table.marks == {queue}
    assert filtered(table, "is:marked") == ["queue stalls"]
    assert table.totals_of(table.marks).size == 9_800_000


def test_what_is_listed_is_by_path_and_may_come_later(table):
    paths = [table.path(row) for row in table.order[:2]]
    table.listed = frozenset([*paths, session(99).path])
    names = filtered(table, "is:listed")
    assert len(names) == 2
    assert table.marks == set()
    table.put([session(99, "late")])
    assert sorted(shown(table)) == sorted([*names, "late"])
    table.listed = frozenset(paths[:1])
    assert filtered(table, "is:listed") == names[:1]


def test_marking_all_marks_what_is_shown_and_again_unmarks_it(table):
    filtered(table, "larger:1MB")
    table.mark_all_shown()
    assert len(table.marks) == 2
    filtered(table, "")
    table.mark_all_shown()
    assert len(table.marks) == 4
    table.mark_all_shown()
    assert table.marks == set()


def test_a_removed_session_is_gone_with_its_mark_and_its_bytes(table):
    table.mark_all_shown()
    table.remove([table.order[-1]])
    assert "queue stalls" not in shown(table)
    assert len(table) == 3
    assert len(table.marks) == 3
    assert table.totals.size == 1_200_000 + 300 + 77


def test_a_session_that_comes_back_has_its_row_again(table):
    row = table.row_of(session(2).path)
    table.remove([row])
    assert table.row_of(session(2).path) is None
    assert table.put([session(2, "queue stalls")]) == [row]
    assert shown(table)[-1] == "queue stalls"
    assert len(table) == 4


def test_a_session_that_changed_is_shown_once_as_it_is_now(table):
    table.put([session(1, "Fix it at last", accessed="2024-11-24T11:59:00Z", size=5)])
    assert shown(table) == ["", "Fix it at last", "Über Straßen", "queue stalls"]
    assert table.totals.size == 5 + 9_800_000 + 300 + 77


def test_what_arrives_is_filtered_and_sorted_in(table):
    filtered(table, "grid")
    table.put([session(8, "Grid two", accessed="2024-11-24T11:30:00Z"), session(9, "Other")])
    assert shown(table) == ["Grid two", "Fix the grid"]
    filtered(table, "")
    assert len(table.order) == 6


def test_a_session_that_is_damaged_behind_its_metadata_is_both_listed_and_broken(table):
    table.put([damaged(session(7, "Torn", messages=9))])
    assert "Torn" in filtered(table, "is:broken")
    assert "Torn" in filtered(table, "messages:9")
    assert table.totals.broken == 2


def test_a_broken_file_that_was_repaired_is_broken_no_more(table):
    assert table.totals.broken == 1
    table.put([session(4, "Repaired")])
    assert table.totals.broken == 0
    assert table.error(table.row_of(session(4).path)) is None


@given(
    st.lists(
        st.sampled_from(["a", "b", "ab", "-a", "is:favorite", "larger:500", "-b", ""]), max_size=6
    ),
    st.lists(st.integers(0, 6), min_size=1, max_size=8),
)
def test_narrowing_step_by_step_is_what_the_whole_line_means(words, sizes):
    def made() -> SessionTable:
        table = SessionTable()
        table.put(
            session(n, f"{'ab'[: size % 3]} {n}", size=size * 200, favorite=size > 3)
            for n, size in enumerate(sizes)
        )
        return table

    stepwise, at_once = made(), made()
    line = " ".join(words)
    for end in range(len(line) + 1):
        stepwise.filter_by(parse(line[:end], NOW))
    at_once.filter_by(parse(line, NOW))
    assert stepwise.order == at_once.order


@pytest.mark.parametrize("key", SORTS)
def test_both_ways_are_each_other_s_mirror_when_no_two_are_alike(key):
    table = SessionTable()
    for n in range(1, 8):
        day = f"2024-10-{n * 3 % 7 + 1:02}T00:00:00Z"
        table.put([session(n, f"t{n * 5 % 8}", accessed=day, updated=day, created=day,
                           messages=n * 3 % 7, turns=n * 5 % 7, size=n * 2 % 7,
                           ratio=n * 4 % 7)])  # fmt: skip
        project = f"/src/{n * 3 % 8}"
        table.set_openings([(n - 1, Opening("", project, project, "", n * 4 % 7, n * 6 % 7 / 10))])
    table.sort_by(key, descending=False)
    ascending = list(table.order)
    table.sort_by(key, descending=True)
    assert table.order == ascending[::-1]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", SORTS)
def test_sessions_that_are_alike_are_in_the_order_of_their_ids_however_they_came(key, descending):
    table = SessionTable()
    for number in (3, 1, 4):
        table.put([session(number, "alike")])
    table.sort_by(key, descending)
    table.put([session(number, "alike") for number in (5, 2)])
    expected = [f"{number << 96:032x}" for number in range(1, 6)]
    assert [table.id(row).replace("-", "") for row in table.order] == expected
    filtered(table, "alike")
    assert [table.id(row).replace("-", "") for row in table.order] == expected


def test_ids_that_differ_only_at_their_end_have_an_order_as_well():
    ids = [UUID(int=(1 << 96) + end) for end in (3, 1, 2)]
    table = SessionTable()
    table.put([replace(session(1, "alike"), path=f"/store/{each}.agcx") for each in ids])
    table.sort_by("title")
    assert [table.id(row) for row in table.order] == sorted(map(str, ids))


@given(st.integers(-(2**62), 2**63 - 1))
def test_the_quick_way_to_microseconds_is_the_exact_one(ns):
    moment = Timestamp.from_ns(ns)
    assert micros(moment) == ns // 1000


@pytest.mark.parametrize(
    "text",
    ["-0001-01-01T00:00:00Z", "0000-02-29T00:00:00Z", "+10000-01-01T00:00:00.5Z",
     "2016-12-31T23:59:60Z", "+262142-12-31T23:59:59.999999999Z"],
)  # fmt: skip
def test_strange_years_and_leap_seconds_have_microseconds_too(text):
    moment = Timestamp(text)
    assert micros(moment) == ns_of(moment) // 1000


# --- rows of a catalog


def block_of(*entries):
    columns = Columns()
    return columns.block([columns.put(entry) for entry in entries])


OLDER = [session(n, f"older {n}", accessed=f"2020-01-{30 - n}T00:00:00Z") for n in range(11, 20)]


@pytest.mark.parametrize("typed", ["", "older", "grid", "-grid", "is:broken"])
@pytest.mark.parametrize("key", SORTS)
def test_rows_of_a_catalog_are_shown_as_if_they_had_been_scanned(typed, key):
    first = [session(1, "grid"), session(2, "other", size=5), broken(3)]
    scanned, loaded = SessionTable(), SessionTable()
    for table in (scanned, loaded):
        table.sort_by(key)
        table.filter_by(parse(typed, NOW))
    scanned.put([*first, *OLDER])
    loaded.put(first)
    loaded.extend(block_of(*OLDER[:4]))
    loaded.extend(block_of(*OLDER[4:]))
    for table in (scanned, loaded):
        table.put([session(30, "grid again", accessed="2020-01-15T12:00:00Z")])
    loaded.expect(None)
    assert shown(loaded) == shown(scanned)
    assert filtered(loaded, "") == filtered(scanned, "")
    assert loaded.in_order() == loaded.order
    assert loaded.totals == scanned.totals


def test_what_comes_after_an_older_session_is_sorted_in(table):
    table.put([session(40, "oldest", accessed="2001-01-01T00:00:00Z")])
    filtered(table, "older")
    table.extend(block_of(*OLDER))
    table.expect(None)
    assert shown(table) == [entry.title for entry in OLDER]
    filtered(table, "")
    assert shown(table)[-1] == "oldest"


def test_first_words_are_found_and_bring_a_session_in_while_they_are_looked_for(table):
    row = table.row_of(session(2).path)
    assert filtered(table, "wombat") == []
    assert table.set_openings([(row, Opening("The Wombat\nand I", "/home"))])
    assert shown(table) == ["queue stalls"]
    assert table.directory(row) == "/home"
    assert filtered(table, "-wombat") == ["", "Fix the grid", "Über Straßen"]
    # They stand in a line of their own: a word does not go over from the id to them.
    assert table.columns.haystacks[row].splitlines()[-1] == "the wombat and i"
    assert filtered(table, "Wombat") == filtered(table, "wombat") == ["queue stalls"]
    assert filtered(table, "WOMBAT") == []
    # They stay when the session is renewed, and when they are set again.
    table.put([session(2, "Queue stalls")])
    assert filtered(table, "Wombat Queue") == ["Queue stalls"]
    table.set_openings([(row, Opening("a Wallaby", "/home"))])
    assert filtered(table, "Wombat") == filtered(table, "wombat") == []
    assert filtered(table, "Wallaby Queue") == ["Queue stalls"]


def test_a_session_that_is_renewed_under_a_filter_is_shown_once(table):
    filtered(table, "queue")
    # An undo brings it, and the watching of the directory tells of it as well.
    for _ in range(2):
        table.put([session(2, "queue stalls")])
    assert shown(table) == ["queue stalls"]


def test_a_title_that_is_decomposed_is_found_however_it_is_typed(table):
    table.put([session(50, "Cafe\u0301 au lait"), session(51, "Cafe noir")])
    for typed in ("café", "cafe\u0301", "Café", "Cafe\u0301", "ca", "é au"):
        assert "Cafe\u0301 au lait" in filtered(table, typed), typed
    assert filtered(table, "cafe") == ["Cafe noir"]


@settings(max_examples=some_of(150))
@given(
    st.lists(st.sampled_from(["Grid", "grid", "GRID it",
     "Gri", "Cafe\u0301", "café", "Straße", ""]), max_size=6),
    st.lists(st.sampled_from([*"GgRrid éE\u0301-ßs", "Cafe", "strass", '"']), max_size=7),
)  # fmt: skip
def test_narrowing_while_one_types_shows_what_filtering_afresh_does(titles, keys):
    table = SessionTable()
    table.put(session(n, title) for n, title in enumerate(titles, 1))
    typed = ""
    for key in keys:
        typed += key
        narrowed = filtered(table, typed)
        table.filter_by(parse("", NOW))
        assert filtered(table, typed) == narrowed, typed


def test_a_deleted_session_leaves_no_words(table):
    row = table.row_of(session(2).path)
    table.set_openings([(row, Opening("wombat", "/home"))])
    table.remove([row])
    assert "wombat" not in table.columns.haystacks[row]
    assert filtered(table, "wombat") == []
