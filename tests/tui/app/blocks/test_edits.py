"""Earlier versions of an edited message: what was changed is seen at once, in words."""

from __future__ import annotations

import pytest

from agcx_tui.app.blocks.edits import edit_parts, word_diff
from agcx_tui.app.blocks.look import Look
from agcx_tui.app.blocks.palette import Palette
from tests.support.messages import assistant, call, output, thought

LONG = "\n".join(f"line {number}" for number in range(1, 12))


def drawn(message) -> list[str]:
    return [
        strip.text.strip() for part in edit_parts(message, Look(60), 2) for strip in part.draw()
    ]


def edited(make, *versions: str):
    """A message whose text was each version in turn, the last of which it is now."""
    items = [make(version).item for version in versions]
    history = [(f"2026-08-25T12:00:{n:02}Z", item) for n, item in enumerate(items[:-1])]
    return make(versions[-1], edited=True, edit_history=history)


@pytest.mark.parametrize(
    ("make", "versions", "shown"),
    [
        (
            assistant,
            ("Delete the old file.", "Delete the new file."),
            "Delete the [-old-]{+new+} file.",
        ),
        (thought, ("It may fail.", "It will fail."), "It [-may-]{+will+} fail."),
        (output, ("3 passed", "4 passed"), "[-3-]{+4+} passed"),
        (call, ('{"command":"rm -rf /"}', '{"command":"rm -rf build"}'), "rm -rf [-/-]{+build+}"),
        (call, ('{"command":"rm -rf old"}', '{"command":"make"}'), "[-rm -rf old-]{+make+}"),
        (assistant, ("said", ""), "[-said-]"),
        (assistant, ("", "said"), "(nothing said)"),
        (assistant, ("same", "same"), "(the same text)"),
    ],
)
def test_the_words_that_an_edit_changed_are_marked(make, versions, shown):
    assert shown in drawn(edited(make, *versions))


def test_each_version_is_compared_with_the_one_that_replaced_it_the_last_edit_first():
    rows = drawn(edited(assistant, "one", "two", "three"))
    assert [row for row in rows if "[-" in row] == ["[-two-]{+three+}", "[-one-]{+two+}"]
    assert sum(row.startswith("until ") for row in rows) == 2


def test_of_long_texts_only_the_lines_around_a_change_are_shown():
    rows = drawn(edited(assistant, LONG, LONG.replace("line 6", "line six")))
    assert rows[2:] == [
        "… 4 unchanged lines",
        "line 5",
        "line [-6-]{+six+}",
        "line 7",
        "… 4 unchanged lines",
    ]


def test_a_text_that_takes_long_to_compare_is_shown_as_it_was():
    older = "a" * 40_000
    assert word_diff(older, older + "b", Palette()) is None
    assert drawn(edited(assistant, older, older + "b"))[2].startswith("aaaa")


def test_what_a_terminal_would_obey_is_shown_and_not_sent():
    rows = drawn(edited(assistant, "a \x1b[2J b", "a c b"))
    assert not any("\x1b" in row for row in rows)
