"""A search of the app goes through what the list's keys select, and says truly how much that was."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import Store, new_session, open_store
from agcx_format.errors import CorruptData
from agcx_format.model.session import ConversationContext
from agcx_format.search import Index, SearchProgress, Unsearched
from agcx_tui.core.search import close_spellings as spelling
from agcx_tui.core.search.close_spellings import close_spellings
from agcx_tui.core.search.line import parse_line
from agcx_tui.core.search.results import FoundLine, More, Note, Results
from agcx_tui.core.search.scope import NotWanted, SessionsToSearch
from agcx_tui.core.search.searcher import Searcher, narrowed
from agcx_tui.core.sessions.table import SessionTable
from tests.support.entries import NOW, session
from tests.support.messages import assistant, user
from tests.support.waiting import LIMIT, wait_until


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Session 1 in the project site, 2 and 3 in the project queue, of which 3 has two turns."""
    store = open_store(tmp_path / "history")
    said = {1: ["the lease"], 2: ["the leash"], 3: ["the least", "of leaves"]}
    for number, texts in said.items():
        messages = [make for each in texts for make in (user(each), assistant("well"))]
        metadata, conversation, state = new_session(
            title=f"Session {number}", messages=messages, id=UUID(int=number)
        )
        name = "site" if number == 1 else "queue"
        context = ConversationContext(f"/nowhere/{name}", {"AGCX_BRANCH": "main"}, [], None, None)
        store.save_session(metadata.id, metadata, conversation.replace(context=context), state)
    return store


def table_of(store: Store) -> SessionTable:
    """As it is while no session has been read."""
    table = SessionTable()
    table.put(store.scan())
    return table


def found(store: Store, line: str, cache: Path | None = None) -> list[int]:
    """The numbers of the sessions that the keys of a line select."""
    refs = SessionsToSearch(table_of(store), store.path, cache).select(parse_line(line, NOW).filter)
    return sorted(UUID(Path(ref.path).stem).int for ref in refs)


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        ("lea project:queue", [2, 3]),
        ("lea -project:queue", [1]),
        ("lea dir:nowhere/s branch:main", [1]),
        ("lea -branch:main", []),
        ("lea turns:>1", [3]),
        ("lea project:queue -turns:>1", [2]),
        ("lea agent:codex", []),
    ],
)
def test_keys_that_need_more_than_the_list_knows_read_it(store, tmp_path, line, numbers):
    assert found(store, line) == found(store, line, tmp_path / "cache") == numbers


@pytest.mark.parametrize("came", [(3, 1, 2), (2, 3, 1)])
def test_sessions_of_one_moment_are_searched_in_the_order_of_the_list(tmp_path, came):
    table = SessionTable()
    table.sort_by("updated")
    table.put([session(number) for number in came])
    refs = SessionsToSearch(table, tmp_path).select(parse_line("x", NOW).filter)
    assert [ref.path for ref in refs] == [table.path(row) for row in table.order]


def test_reading_for_a_key_ends_when_another_line_is_typed(store):
    scope = SessionsToSearch(table_of(store), store.path)
    for line in ("x project:queue", "x turns:>1"):
        with pytest.raises(NotWanted):
            scope.select(parse_line(line, NOW).filter, lambda: True)


def test_a_search_with_such_a_key_gives_what_is_found(store):
    arrived = threading.Event()
    searcher = Searcher(Index(store), SessionsToSearch(table_of(store), store.path), arrived.set)
    searcher.ask(parse_line("lea turns:>1", NOW))
    sessions = []

    def ended() -> bool:
        now = searcher.take()
        sessions.extend(now.sessions)
        return now.ended

    wait_until(ended, "the end of the search")
    assert [each.title for each in sessions] == ["Session 3"]
    assert len(searcher.sessions()) == 1
    searcher.close()


@pytest.mark.parametrize("where", [(SessionsToSearch, "select"), (Index, "_scope_of")])
def test_whatever_ends_a_search_is_said_and_the_next_one_is_answered(store, monkeypatch, where):
    failing = [OSError(errno.EIO, "input/output error"), KeyError("odd")]

    def fail(*_: object) -> None:
        raise failing[-1]

    arrived = threading.Event()
    searcher = Searcher(Index(store), SessionsToSearch(table_of(store), store.path), arrived.set)
    reasons = []
    with monkeypatch.context() as broken:
        broken.setattr(*where, fail)
        searcher.prepare()
        while failing:
            searcher.ask(parse_line("lea", NOW))
            wait_until(lambda: searcher.take().ended, "the end of the search")
            reasons.append(searcher.take().error)
            failing.pop()
    assert reasons == ["The search failed: KeyError: 'odd'", "[Errno 5] input/output error"]
    searcher.close()


def test_close_words_are_those_of_the_sessions_that_were_searched(store, tmp_path, monkeypatch):
    for name in ("_PATIENCE", "_LOOKING"):
        monkeypatch.setattr(spelling, name, LIMIT)
    refs = {each.path: each for each in Index(store).sessions()}
    queue = [ref for path, ref in refs.items() if not path.endswith("1.agcx")]
    for index in (Index(store), Index(store, tmp_path / "cache")):
        if index.cache_dir is not None:
            index.update()
        query = parse_line("laese", NOW).wanted
        closest, *_ = close_spellings(index, query, list(refs.values()))
        assert closest.close == "lease"
        assert "lease" not in [each.close for each in close_spellings(index, query, queue)]
        # A word that occurs is not replaced.
        both = parse_line("the laese", NOW).wanted
        offered = close_spellings(index, both, list(refs.values()))
        assert {each.word for each in offered} == {"laese"}
        assert offered[0].query == "the lease"


def test_what_was_found_and_cannot_be_read_any_more_is_counted_once():
    def missing(name: str, messages: int = 0) -> Unsearched:
        return Unsearched(name, CorruptData("broken", path=name), messages)

    earlier = SearchProgress(
        10,
        8,
        0,
        3,
        5,
        partial=(missing("a", 4), missing("b", 2)),
        unreadable=(missing("c"),),
        done=True,
    )
    # Of the three found, one is broken by now altogether, and one is gone.
    now = SearchProgress(2, 1, 1, 1, 1, unreadable=(missing("a"),), done=True)
    whole = narrowed(earlier, 3, now)
    assert (whole.total, whole.searched) == (9, 6)
    assert [each.path for each in whole.partial] == ["b"]
    assert sorted(each.path for each in whole.unreadable) == ["a", "c"]
    # All of them are gone.
    assert narrowed(earlier, 3, SearchProgress(done=True)).total == 7
    # Nothing is known yet.
    assert narrowed(earlier, 3, SearchProgress()).total == 10


def test_of_a_session_the_lines_that_are_worth_most_are_listed(tmp_path):
    def shown(texts: list[str], query: str) -> tuple[list[str], int]:
        (session,) = Index(conversation(tmp_path / query, texts)).find(query)
        results = Results()
        results.add([session])
        rows = results.rows[1:]
        more = sum(row.hits for row in rows if isinstance(row, More))
        return [row.hits[0].line for row in rows if isinstance(row, FoundLine)], more

    common = [f"the {number}" for number in range(900)]
    # Of the common word alone none, although there is room.
    assert shown([*common, "the grid", "a grid"], "the grid") == (["the grid", "a grid"], 900)
    # Nowhere together, and both as rare: as they come.
    lines = ["one lease", "two", "three", "it expired", "a lease"]
    assert shown(lines, "lease expired") == (["one lease", "it expired", "a lease"], 0)
    # Together in the title, which shows no line.
    assert shown(["one old", "nothing", "an old"], "session old") == (["one old", "an old"], 0)
    # Of one word the first ones.
    assert shown(["the one", "a", "the two", "the three", "the four"], "the")[1] == 1
    # The same text again only where there are not enough others.
    lines = ["the one", " the  one", "the one", "a two", "the three"]
    assert shown(lines, "one")[0] == ["the one", " the  one", "the one"]
    assert shown(lines, "o") == (["the one", " the  one", "a two"], 1)


def conversation(path: Path, texts: list[str]) -> Path:
    store = open_store(path)
    made = new_session(title="Session", messages=[user(text) for text in texts], id=UUID(int=1))
    store.save_session(UUID(int=1), *made)
    return path


def test_a_search_gives_way_to_whoever_has_something_to_do(store):
    asked = []

    def give_way() -> None:
        asked.append(threading.get_ident())
        if len(asked) == 2:
            search.stop()

    search = Index(store).find("lea", give_way=give_way)
    assert len(list(search)) < 3
    assert len(asked) >= 2


def test_a_line_that_leaves_no_session_to_search_is_said_to():
    results = Results()
    results.finish(SearchProgress(0, 0))
    assert results.rows == [Note("No session matches the terms for sessions.")]
