"""A filter that goes by its last result shows what one that looks at everything shows."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agcx_format.catalog import Opening
from agcx_format.space import ActivityFacts
from agcx_tui.core.sessions.query import KEYS, parse
from agcx_tui.core.sessions.sorting import SORTS
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, broken, damaged, session
from tests.support.examples import some_of

WORDS = ["grid", "Grid layout", "café", "cafe\u0301", "Ｇrid", "b81d", "81d", "id", "gpt", "9"]
ENTRIES = [
    *(
        session(
            number * 0x81D,
            WORDS[number % len(WORDS)] + str(number % 3),
            accessed=f"2024-11-{1 + number % 24:02}T10:00:00Z",
            updated=f"2024-1{number % 2}-20T10:00:00Z",
            messages=number % 4 * 60,
            mode=("Build", "Plan", "Review")[number % 3],
            model=("gpt-5", "gpt-5-codex", "o3")[number % 3],
            tags=(("ui",), ("ui", "uix"), ("codex",), ())[number % 4],
            favorite=number % 3 == 0,
            size=number * 400_000,
        )
        for number in range(1, 30)
    ),
    damaged(session(0xB81D, "damaged")),
    broken(0x81D1),
]
VALUES = {
    "project": ["s", "site", "SITE", "queue", "it"],
    "dir": ["/h", "/home/site", "~", "~/", "wt"],
    "branch": ["m", "main", "fix"],
    "agent": ["c", "codex", "claude", "agc", "codexx"],
    "model": ["g", "gpt-5", "GPT-5", "gpt-5-c", "5", "o3"],
    "tag": ["u", "ui", "uix", "codex"],
    "mode": ["b", "build", "plan", "r"],
    "is": ["fav", "favorite", "broken", "b", "empty", "imported", "marked", "listed", "failed", "ed",
           "branched"],
    "before": ["2024-11", "2024-11-12", "7d", "70d", "today"],
    "after": ["2024", "2024-11", "2024-11-1", "2024-11-12", "7d"],
    "larger": ["1", "10", "1M", "1MB", "10MB"],
    "smaller": ["1", "10", "1M", "1MB", "10MB"],
    "messages": [">1", ">10", ">100", "0", "<=60", "6", "60"],
    "turns": [">1", ">10", "1", "<=3"],
    "duration": [">1m", ">1min", "<1h", "30s"],
    "file": ["s", "src", "src/gr", "GRID"],
    "tool": ["sh", "shell", "patch"],
    "checkpoint": ["re", "release"],
    "id": ["0", "00", "0000081d", "81d", "b81d", "0000b", "000017"],
    "": [*WORDS, "g", "gr", '"grid l', "layout", "nothing", "/gri[dt]/", "/^G|b81d$/", "/gr/"],
}  # fmt: skip
assert {*KEYS, ""} == VALUES.keys()

terms = st.sampled_from(
    [
        f"{minus}{key}{':' if key else ''}{value}"
        for key, values in VALUES.items()
        for value in values
        for minus in ("", "-")
    ]
)
# What is typed, character by character, changed anywhere, or replaced.
lines = st.lists(terms, max_size=3).map(" ".join)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("line"), lines),
        st.tuples(st.just("cut"), st.integers(0, 12)),
        st.tuples(st.just("insert"), st.tuples(st.integers(0, 12), st.sampled_from("b81dg-: 0>"))),
        st.tuples(st.just("sort"), st.sampled_from(SORTS)),
        st.tuples(st.just("mark"), st.integers(0, 30)),
    ),
    max_size=12,
)


def filled() -> SessionTable:
    table = SessionTable()
    table.put(ENTRIES)
    table.listed = frozenset(entry.path for entry in ENTRIES[::4])
    # Of the others it is not known.
    table.set_openings(
        (
            row,
            Opening(
                "hello",
                ("/home/site", "/wt/site-fix", "/srv/queue", "")[row % 4],
                ("/home/site", "/home/site", "/srv/queue", "")[row % 4],
                ("main", "fix", "")[row % 3],
            ),
        )
        for row in range(5, 25)
    )
    table.set_activity(
        (
            row,
            ActivityFacts(
                turns=row % 13, active_seconds=row * 50, failed=row % 2, edited=row % 3, branches=row % 5,
                tools=((("shell", "apply_patch")[row % 2], 1, 0, 0.0),),
                files=((("src/grid.py", "src/x.py")[row % 3 == 0], 1, 0),),
                checkpoints=(("release",) if row % 4 else ()),
            ),
        )
        for row in range(20)
    )  # fmt: skip
    return table


@settings(max_examples=some_of(150))
@given(STEPS)
def test_narrowing_shows_what_filtering_afresh_shows(steps):
    table, line = filled(), ""
    for kind, value in steps:
        if kind == "line":
            # As it is typed.
            for end in range(len(value)):
                table.filter_by(parse(value[:end], NOW))
            line = value
        elif kind == "cut":
            line = line[:value] + line[value + 1 :]
        elif kind == "insert":
            line = line[: value[0]] + value[1] + line[value[0] :]
        elif kind == "sort":
            table.sort_by(value)
        else:
            table.toggle_mark(value)
        table.filter_by(parse(line, NOW))
        fresh = filled()
        fresh.marks = set(table.marks)
        fresh.sort_by(table.sort_key, table.descending)
        fresh.filter_by(parse(line, NOW))
        assert table.order == fresh.order, line


def test_an_id_that_is_changed_at_its_beginning_is_found():
    table = filled()
    for typed in ("id:0000081d", "id:000000081d", "id:0000b81d"):
        table.filter_by(parse(typed, NOW))
    assert [table.title(row) for row in table.order] == ["damaged"]


@given(st.permutations(ENTRIES), st.sampled_from(SORTS), st.booleans())
@settings(max_examples=some_of(50))
def test_equal_rows_are_in_the_same_order_however_they_came(entries, key, descending):
    expected, table = SessionTable(), SessionTable()
    expected.put(ENTRIES)
    expected.sort_by(key, descending)
    # What is read later sorts in, too.
    table.sort_by(key, descending)
    table.put(entries[:10])
    table.put(entries[10:])
    for each in (expected, table):
        rows = [(n, each.row_of(entry.path)) for n, entry in enumerate(ENTRIES)]
        for part in (rows[::2], rows[1::2]):
            each.set_openings(
                (row, Opening("", f"/a/{n % 3}", f"/a/{n % 3}", "", n % 4, n % 5))
                for n, row in part
                if row is not None
            )
    assert [*map(table.path, table.order)] == [*map(expected.path, expected.order)]
