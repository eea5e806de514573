"""What is said of a section of the list when the cursor is on its heading."""

from __future__ import annotations

from agcx_format.catalog import Opening
from agcx_tui.app.widgets.preview_heads import section_page
from agcx_tui.core.sessions.groups import Grouping, ListLines
from agcx_tui.core.sessions.section_facts import section_facts
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, damaged, session


def table_of(*entries) -> SessionTable:
    table = SessionTable()
    table.put(entries)
    return table


def page(table: SessionTable, grouping: Grouping, at: int = 0) -> list[str]:
    """The lines for the heading number `at`."""
    lines = ListLines(table, lambda: NOW)
    lines.group_by(grouping)
    sections = [line for line in lines.make() if not isinstance(line, int)]
    facts = section_facts(sections[at], grouping, table)
    return [line.rstrip() for line in section_page(facts, table, NOW).plain.splitlines()]


def test_a_section_says_how_much_it_holds_of_what_and_the_newest_titles():
    table = table_of(
        session(1, "Old", accessed="2024-11-03T09:00:00Z", size=10, tags=("codex",)),
        session(2, "New", accessed="2024-11-24T09:00:00Z", size=20, favorite=True),
        damaged(session(3, "Cut", accessed="2024-11-23T09:00:00Z", size=30, model="o5")),
    )
    rows = [table.row_of(path) for path in sorted(table.paths())]
    table.set_openings((row, Opening("", "/w/site", "/w/site")) for row in rows)
    assert page(table, "project") == [
        "site",
        "3 sessions · 60 B · 15 messages · 1 favorite · 1 unreadable",
        "",
        "directory /w/site",
        "accessed  3 Nov – today",
        "agents    agcodex 2, codex 1",
        "models    gpt-5 2, o5 1",
        "",
        "3 h ago   ★ New",
        "yesterday ! Cut",
        "3 Nov       Old",
    ]
    # What all have in common is said by the heading alone, and one name needs no count.
    assert page(table, "model")[4:6] == ["agents    agcodex 1, codex 1", "project   site"]


def test_what_has_no_name_is_in_no_list_of_names():
    table = table_of(session(1, "Named", model="o5"), session(2, "Nameless", model=""))
    assert "model     o5" in page(table, "day")


def test_names_that_are_rare_are_counted_and_what_is_no_text_for_a_screen_is_replaced():
    entries = [session(n, model=f"m{n}", accessed="2024-11-24T09:00:00Z") for n in range(1, 7)]
    table = table_of(*entries, session(7, "a\x1b[31mb\n", model="m1"))
    lines = page(table, "day")
    assert "models    m1 2, m2 1, m3 1, m4 1, and 2 others" in lines
    assert lines[0] == "Today"
    assert not any("\x1b" in line for line in lines)
    assert sum("b" in line and "31m" in line for line in lines) == 1
