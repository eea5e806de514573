"""Help is by task, in columns as short as can be, and searched by a key or by what it does."""

from __future__ import annotations

import pytest

from agcx_tui.core.words.action import TASKS
from agcx_tui.core.words.actions import ACTIONS, by_id
from agcx_tui.core.words.help_pages import (
    HelpSection,
    by_task,
    in_columns,
    key_rows,
    longest,
    matching,
)

PAGES = [
    HelpSection("Change", (("d  delete", "delete"), ("u", "undo"))),
    HelpSection("Move", (("j", "down"),)),
    HelpSection("The filter", (("model:gpt", "in that field"),)),
]


def test_actions_are_told_by_task_in_the_order_of_the_table_with_all_their_keys():
    keys = [("list.open", "ctrl+j"), ("browser.undo", "u"), ("list.open", "enter"),
            ("browser.filter", "/"), ("find.leave", "q"), ("find.back", "esc")]  # fmt: skip
    assert by_task((by_id(id), key) for id, key in reversed(keys)) == [
        ("Open and find", (("/", "filter"), ("enter", "open"))),
        ("Change", (("u", "undo"),)),
        ("Everywhere", (("esc  q", "back"),)),
    ]


def test_an_action_of_the_list_or_of_a_conversation_has_a_task_of_its_own():
    assert "here" in TASKS
    for place in ("app", "browser", "list", "conversation", "transcript", "roll", "find"):
        assert [each.id for each in ACTIONS[place] if each.task == "here"] == []


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["delete", "undo", "down", "in that field"]),
        ("DELE", ["delete"]),
        ("change u", ["undo"]),
        ("model:", ["in that field"]),
        ("zebra", []),
    ],
)
def test_a_key_is_found_by_its_name_what_it_does_and_its_heading(typed, found):
    assert [words for page in matching(PAGES, typed) for _, words in page.rows] == found


def test_columns_keep_the_order_and_are_as_short_as_can_be():
    names = lambda count: [[page.title for page in each] for each in in_columns(PAGES, count)]  # noqa: E731
    assert names(1) == [["Change", "Move", "The filter"]]
    assert names(2) == [["Change"], ["Move", "The filter"]]
    assert names(4) == [["Change"], ["Move"], ["The filter"], []]
    assert in_columns([], 2) == [[], []]


def test_long_words_go_on_below_their_beginning():
    page = HelpSection("Long", (("ctrl+x", "a word and another word"), ("漢", "short")))
    lines = list(key_rows([page, PAGES[1]], 22))
    assert [each.keys + each.words for each in lines] == [
        "Long",
        "  ctrl+x  a word and",
        "          another word",
        "  漢      short",
        "",
        "Move",
        "  j  down",
    ]


def test_the_longest_line_of_a_column_is_that_of_its_longest_words():
    assert longest(PAGES) == len("  model:gpt  in that field")
    assert longest([]) == 0
