"""The tab with details shows what an import noted beside the conversation."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format import open_store, write_session
from agcx_format.importing import import_sessions
from agcx_format.model.fields import Float32
from agcx_tui.core.conversation.fact import Group
from agcx_tui.core.conversation.facts import detail_facts
from agcx_tui.core.conversation.subject import open_session
from tests.support.everything import everything
from tests.support.rollout_lines import SESSION, event, meta, user, write


def details(tmp_path: Path, *lines: dict) -> dict[str, Group]:
    store = open_store(tmp_path / "store")
    list(import_sessions(store, [write(tmp_path / "a.jsonl", *lines)]))
    conversation = open_session(str(store.path / f"{SESSION}.agcx"))
    try:
        return {group.title: group for group in detail_facts(conversation, [])}
    finally:
        conversation.close()


def test_tokens_commit_and_program_are_details(tmp_path: Path) -> None:
    used = {"input_tokens": 7_494_343, "cached_input_tokens": 7_290_112, "output_tokens": 99_678}
    groups = details(
        tmp_path,
        meta(git={"commit_hash": "c0ffee", "branch": "main"}, originator="codex-tui"),
        event("token_count", info={"total_token_usage": used}),
        user("one"),
    )
    assert [(fact.name, fact.value) for fact in groups["Imported"].facts] == [
        ("agent", "codex"), ("tokens read", "7,494,343"), ("from a cache", "7,290,112"),
        ("tokens written", "99,678"), ("commit", "c0ffee"), ("branch", "main"),
        ("version", "0.40.0"), ("used through", "codex-tui"),
    ]  # fmt: skip


def test_what_was_not_noted_is_no_detail(tmp_path: Path) -> None:
    groups = details(tmp_path, meta(cli_version=None), user("one"))
    assert [fact.name for fact in groups["Imported"].facts] == ["agent"]


@pytest.mark.parametrize("layout", [1, 2])
def test_details_have_every_field_of_a_session(tmp_path: Path, layout: int) -> None:
    path = tmp_path / "everything.agcx"
    metadata, conversation, state = everything()
    state = replace(state, search_query="searchwords", panel_sizes={"side": Float32(0.25)})
    write_session(path, metadata, conversation, state, layout=layout)
    opened = open_session(str(path))
    try:
        found = detail_facts(opened, opened.sections(lambda: False))
    finally:
        opened.close()
    groups = {group.title: group for group in found}
    window = {fact.name: fact.value for fact in groups["Window of the agent"].facts}
    assert (
        len(window)
        == len(state.__struct_fields__) + len(state.filter_settings.__struct_fields__) - 3
    )
    assert (window["search"], window["panel sizes"]) == ("searchwords", "side 0.25")
    names = [fact.name for fact in groups["Sections"].facts]
    if layout == 1:
        assert names == ["metadata", "messages", "context", "state", "all, measured"]
    else:
        assert names[:3] == ["session", "of it metadata", "of it conversation"]
        assert next(fact.value for fact in groups["Modes"].facts) == "6.0 s"
