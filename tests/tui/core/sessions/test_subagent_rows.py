"""The sessions of subagents are hidden beside those that they belong to, and never without these."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from agcx_format import Store, new_session, open_store
from agcx_format.catalog import Opening, read_opening
from agcx_format.importing import agent_named, import_sessions
from agcx_format.store import subagents_of
from agcx_format.subagents import parent_tag
from agcx_tui.app.dialogs.delete import ConfirmDelete
from agcx_tui.core.sessions.families import Families
from agcx_tui.core.sessions.groups import ListLines
from agcx_tui.core.sessions.query import parse
from agcx_tui.core.sessions.section_facts import section_facts
from agcx_tui.core.sessions.table import SessionTable
from tests.support.rollout_lines import SESSION, event, meta, user, write

OTHER = "0199bbbb-1111-7222-8333-444455556666"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = open_store(tmp_path / "store")
    source = {"subagent": {"thread_spawn": {"parent_thread_id": SESSION}}}
    write(tmp_path / "a.jsonl", meta(), user("parent"))
    write(tmp_path / "b.jsonl", meta(id=OTHER, source=source), user("child"))
    write(tmp_path / "c.jsonl", meta(id=OTHER.replace("b", "c")), user("another"))
    list(import_sessions(made, [tmp_path], agent=agent_named("codex")))
    return made


def titles(table: SessionTable) -> list[str]:
    return sorted(table.title(row) for row in table.order)


@pytest.mark.parametrize("child_first", [False, True])
def test_subagents_are_hidden_until_asked_for(store, child_first):
    table = SessionTable()
    table.show_subagents(False)
    entries = sorted(store.scan(), key=lambda entry: entry.title != "child")
    for entry in entries if child_first else entries[::-1]:
        table.put([entry])
    assert titles(table) == ["another", "parent"]
    assert (len(table), table.subagents.left_out) == (3, 1)
    table.show_subagents(True)
    assert titles(table) == ["another", "child", "parent"]
    assert not table.subagents.left_out
    table.show_subagents(False)
    for query in ("is:subagent", f"id:{OTHER}"):
        table.filter_by(parse(query, 0))
        assert titles(table) == ["child"]
    table.filter_by(parse("", 0))
    assert titles(table) == ["another", "parent"]
    table.sort_by("title")
    assert titles(table) == ["another", "parent"]


def test_a_subagent_whose_parent_is_gone_stands_for_itself(store):
    table = SessionTable()
    table.show_subagents(False)
    table.put(store.scan())
    (parent,) = (row for row in table.order if table.title(row) == "parent")
    (child,) = table.subagents.started_by([parent])
    assert table.title(child) == "child"
    assert table.parent(child) == parent
    assert table.tags(child) == ("codex", "subagent")
    table.remove([parent])
    assert titles(table) == ["another", "child"]


def test_subagents_stand_below_the_session_that_they_belong_to_or_count_with_it(store):
    table = SessionTable()
    table.put(store.scan())
    parent, child, another = (
        next(row for row in table.order if table.title(row) == title)
        for title in ("parent", "child", "another")
    )
    for key in ("title", "size"):
        for descending in (False, True):
            table.sort_by(key, descending)
            at = table.order.index(parent)
            assert table.order[at + 1] == child
            assert [table.subagents.depth(row) for row in (parent, child, another)] == [0, 1, 0]
    assert table.subagents.measured(parent, table.size) == table.size(parent)
    table.show_subagents(False)
    both = table.size(parent) + table.size(child)
    assert table.subagents.measured(parent, table.size) == both
    assert table.subagents.measured(another, table.size) == table.size(another)
    table.sort_by("size", True)
    assert table.order == [parent, another]
    # And so do what it cost and how much was said in it, where a section is added up.
    table.set_openings([(parent, Opening(tokens=1, cost=0.5)), (child, Opening(tokens=2, cost=2))])
    lines = ListLines(table, lambda: 0)
    lines.group_by("agent")
    (section,) = (line for line in lines.make() if not isinstance(line, int))
    facts = section_facts(section, "agent", table)
    assert (facts.messages, facts.tokens, facts.cost) == (3, 3, 2.5)
    table.remove([child])
    assert table.subagents.measured(parent, table.size) == table.size(parent)


def used(tokens: int) -> dict:
    usage = {"input_tokens": tokens - 1, "cached_input_tokens": 0, "output_tokens": 1}
    return event("token_count", info={"total_token_usage": usage, "last_token_usage": usage})


@pytest.fixture
def busy(tmp_path: Path) -> Store:
    """A session with 10 tokens, its subagent with 1,000, and one with 100 that is larger than the first."""
    made = open_store(tmp_path / "store")
    source = {"subagent": {"thread_spawn": {"parent_thread_id": SESSION}}}
    noise = random.Random(1).randbytes(20_000).hex()
    write(tmp_path / "a.jsonl", meta(), user("parent"), used(10))
    write(tmp_path / "b.jsonl", meta(id=OTHER, source=source), user("child " + noise), used(1000))
    another = user("another " + noise[:5000])
    write(tmp_path / "c.jsonl", meta(id=OTHER.replace("b", "c")), another, used(100))
    list(import_sessions(made, [tmp_path], agent=agent_named("codex")))
    return made


@pytest.mark.parametrize("key", ["tokens", "size"])
def test_sessions_are_sorted_by_what_their_rows_show(busy, key):
    entries = sorted(busy.scan(), key=lambda entry: entry.title)
    table = SessionTable()
    table.show_subagents(False)
    table.sort_by(key)
    for entry in entries:
        (row,) = table.put([entry])
        table.set_openings([(row, read_opening(entry.path))])
    another, child, parent = map(table.row_of, (entry.path for entry in entries))
    assert table.order == [parent, another]
    table.show_subagents(True)
    assert table.order == [another, parent, child]
    table.show_subagents(False)
    assert table.order == [parent, another]
    # Asked for subagents, each counts for itself.
    table.filter_by(parse("-tag:none -is:subagent", 0))
    assert table.order == [another, parent]
    table.filter_by(parse("larger:15kB", 0))
    assert table.order == [parent]
    table.filter_by(parse("", 0))
    assert table.order == [parent, another]
    table.remove([child])
    assert table.order == [another, parent]


def test_a_subagent_in_a_later_block_of_the_catalog_counts_too(busy):
    entries = sorted(busy.scan(), key=lambda entry: entry.title)
    saved = SessionTable()
    rows = saved.put(entries)
    saved.set_openings([(row, read_opening(saved.path(row))) for row in rows])
    table = SessionTable()
    table.show_subagents(False)
    table.sort_by("tokens")
    table.expect(3)
    for title in ("another", "parent", "child"):
        (row,) = (row for row in rows if saved.title(row).startswith(title))
        table.extend(saved.columns.block([row]))
    table.expect(None)
    assert [table.title(row)[:7] for row in table.order] == ["parent", "another"]


def test_subagents_of_subagents_stand_further_in_and_a_circle_loses_nobody():
    parents = {1: 0, 2: 1, 3: 0, 5: 6, 6: 5}
    families = Families(lambda row: parents.get(row))
    families.know(parents)
    assert families.nested([3, 2, 0, 1, 4, 5, 6]) == [0, 3, 1, 2, 4, 5, 6]
    assert [families.depth(row) for row in (0, 3, 1, 2, 4)] == [0, 1, 1, 2, 0]
    # Without the one between them it stands for itself.
    assert families.nested([2, 0]) == [2, 0]
    assert families.sum(0, lambda row: 1) == 4
    # Those of a circle stand for themselves, and only what is below one of them belongs to it.
    families.know(parents := parents | {7: 6, 8: 8})
    assert families.nested([7, 6, 5, 8]) == [6, 7, 5, 8]
    assert [families.parent(row) for row in (5, 6, 7, 8)] == [None, None, 6, None]
    assert [families.sum(row, lambda row: 1) for row in (5, 6, 8)] == [1, 2, 1]
    assert (families.below([5, 6]), families.members) == ([7], 4)


def test_sessions_whose_tags_lead_in_a_circle_are_listed_counted_and_deleted_as_sessions(tmp_path):
    made = open_store(tmp_path)
    one, two, below = (new_session(title=title) for title in ("one", "two", "below"))
    for each, parent in ((one, two), (two, one), (below, one)):
        each.metadata.tags.append(parent_tag(parent.metadata.id))
        made.save_session(each.metadata.id, *each)
    table = SessionTable()
    table.show_subagents(False)
    table.put(made.scan())
    assert titles(table) == ["one", "two"]
    assert table.subagents.left_out == 1
    dialog = ConfirmDelete.about(table, [*table.order, *table.subagents.started_by(table.order)], 0)
    assert dialog._question.startswith("Delete 2 sessions and 1 subagent, ")
    entries = {entry.title: entry for entry in made.scan()}
    assert subagents_of([entries["two"]], entries.values()) == []
    assert subagents_of([entries["one"]], entries.values()) == [entries["below"]]
