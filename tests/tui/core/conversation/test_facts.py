"""The tab with details shows what an import noted beside the conversation."""

from __future__ import annotations

from pathlib import Path

from agcx_format import open_store
from agcx_format.importing import import_sessions
from agcx_tui.core.conversation.facts import Group, detail_facts
from agcx_tui.core.conversation.subject import open_session
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
