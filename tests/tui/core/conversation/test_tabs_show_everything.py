"""The tabs beside the messages show the facts of a session that are theirs, and each fact has its tab."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from agcx_format import write_session
from agcx_tui.core.conversation.activity import activity_facts, read_activity
from agcx_tui.core.conversation.facts import (
    Group,
    checkpoint_facts,
    context_facts,
    detail_facts,
    usage_facts,
)
from agcx_tui.core.conversation.subject import checkpoints_of, open_session
from tests.support.everything import FACTS, everything
from tests.tui.cli.test_show_everything import LEFT_OUT

# What each tab shows; all else is left out because another tab has it: what is in the messages is there.
SHOWN = {
    "context": {
        "directory of the session": "where the agent was",
        "environment of the session": "what it was started with, secrets hidden",
        "open files": "what its window had",
        "indexed files": "what it had read of the code",
    },
    "checkpoints": {"checkpoint": "each, with what came after it"},
    "details": {
        "title": "a field of the metadata",
        "model": "a field of the metadata",
        "tag": "a field of the metadata",
    },
    "activity": {
        "command as typed": "a failed call is named by its command",
        "directory of a command": "the files that it names are in it",
        "argument of a tool": "a failed call is named by what it was about",
        "exit code": "how it failed",
        "output": "the last line of a failed call says why",
        "error of a tool": "how it failed",
        "rejected call": "the person said no",
        "how long a call took": "the time of each tool",
        "record on a message": "a call that only a record tells of",
        "time of a record": "the time of that tool",
        "file of a message": "files that the session touched",
        "file of reasoning": "files that the session touched",
        "file of a command": "files that the session touched",
        "file of an output": "files that the session touched",
        "file of an unknown item": "files that the session touched",
    },
}


def _text(groups: list[Group]) -> Iterator[str]:
    for group in groups:
        yield group.title
        for fact in group.facts:
            yield f"{fact.name} {fact.value}"
            yield fact.note


@pytest.fixture(scope="module")
def tabs(tmp_path_factory) -> dict[str, str]:
    path = tmp_path_factory.mktemp("all") / "all.agcx"
    write_session(path, *everything(), layout=2)
    opened = open_session(str(path))
    try:
        activity = read_activity(opened)
        assert activity is not None
        groups = {
            "context": context_facts(opened.context()),
            "checkpoints": checkpoint_facts(checkpoints_of(None, opened)[1], 17),
            "details": detail_facts(opened, opened.sections(lambda: False)),
            "activity": activity_facts(activity, usage_facts(opened)),
        }
    finally:
        opened.close()
    return {name: "\n".join(_text(some)) for name, some in groups.items()}


@pytest.mark.parametrize("tab", SHOWN)
def test_a_tab_shows_what_is_its_own_and_nothing_else(tabs, tab):
    assert {fact for fact, pattern in FACTS.items() if re.search(pattern, tabs[tab])} == {
        *SHOWN[tab]
    }


def test_every_fact_that_is_in_no_message_has_a_tab():
    somewhere = {fact for shown in SHOWN.values() for fact in shown}
    said = {"branch point", "where a branch begins", "words that name a branch"}
    said |= {"message that a branch continues from"}
    assert LEFT_OUT["blocks"].keys() - said <= somewhere
