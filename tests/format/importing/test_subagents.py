"""A subagent and the session that started it know each other; a fork begins with what is not its own."""

from __future__ import annotations

import json
from pathlib import Path

import zstandard

from agcx_format import open_store
from agcx_format.exporting import html_parts, markdown_parts, text_parts
from agcx_format.importing import agent_named, import_sessions
from agcx_format.importing.claude.transcript import read_transcript
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.imported import Imported
from agcx_format.store import subagents_of
from agcx_format.subagents import parent_of, shown_tags, subagents_in
from tests.support import transcript_lines as claude
from tests.support.rollout_lines import SESSION, assistant, call, event, meta, output, user, write

OTHER = "0199bbbb-1111-7222-8333-444455556666"
THIRD = "0199cccc-1111-7222-8333-444455556666"


def environment(session: Imported) -> dict[str, str]:
    return dict(session.conversation.context.environment_variables)


def claude_family(folder: Path) -> tuple[Path, Path]:
    """A transcript, and that of a subagent that it started."""
    parent = write(
        folder / f"{claude.SESSION}.jsonl",
        claude.user("Where are the columns set?"),
        claude.assistant(claude.use("Task", "toolu_task", prompt="look")),
        claude.user([claude.result("here", "toolu_task")], toolUseResult={"agentId": "a1b2"}),
    )
    below = folder / claude.SESSION / "subagents"
    below.mkdir(parents=True)
    about = {"agentType": "Explore", "description": "Find the columns", "toolUseId": "toolu_task"}
    (below / "agent-a1b2.meta.json").write_text(json.dumps(about))
    child = write(
        below / "agent-a1b2.jsonl",
        claude.user("look", isSidechain=True, agentId="a1b2"),
        claude.assistant(claude.text("found"), isSidechain=True, agentId="a1b2"),
    )
    return parent, child


def test_a_subagent_of_claude_code_is_linked_in_both_directions(tmp_path):
    parent, child = map(read_transcript, claude_family(tmp_path))
    assert parent_of(child.metadata.tags) == parent.metadata.id
    assert child.metadata.title == "Explore: Find the columns"
    assert shown_tags(child.metadata.tags) == ["claude-code", "main", "subagent"]
    noted = environment(child)
    assert noted["AGCX_PARENT"] == str(parent.metadata.id)
    assert (noted["AGCX_PARENT_CALL"], noted["AGCX_ROLE"]) == ("toolu_task", "Explore")
    assert subagents_in(environment(parent)) == {"toolu_task": child.metadata.id}
    task, found = child.conversation.messages
    assert task.metadata.parent_message_id == parent.metadata.id
    assert found.metadata.parent_message_id is None


def test_a_subagent_that_another_one_started_is_that_ones(tmp_path):
    _, child = claude_family(tmp_path)
    about = {"agentType": "Explore", "toolUseId": "toolu_deep", "parentAgentId": "a1b2"}
    child.with_name("agent-c3d4.meta.json").write_text(json.dumps(about))
    line = claude.user("look deeper", isSidechain=True, agentId="c3d4")
    deep = read_transcript(write(child.with_name("agent-c3d4.jsonl"), line))
    assert parent_of(deep.metadata.tags) == read_transcript(child).metadata.id


def test_what_is_exported_of_a_subagent_calls_its_task_a_task(tmp_path):
    _, child = claude_family(tmp_path)
    aside = {"isSidechain": True, "agentId": "a1b2"}
    task, more = claude.user("look " * 500, **aside), claude.user("and what? " * 300, **aside)
    session = read_transcript(write(child, task, more))
    given = session.metadata, session.conversation.messages
    document = "".join(markdown_parts(*given))
    for text in (document, "".join(html_parts(*given)), "".join(text_parts(*given))):
        assert text.count("Task from its parent") == 1
        assert "Developer" in text
    # It is not folded, as instructions are.
    assert document.index("look look") < document.index("<details>")
    assert document.count("<details>") == 1


def spawned(**more) -> dict:
    return meta(
        id=OTHER,
        source={"subagent": {"thread_spawn": {"parent_thread_id": SESSION, "agent_role": "scout"}}},
        **more,
    )


def test_a_subagent_of_codex_is_linked_in_both_directions(tmp_path):
    parent = read_rollout(
        write(
            tmp_path / f"rollout-{SESSION}.jsonl",
            meta(),
            user("one"),
            event("collab_agent_spawn_end", call_id="call_1", new_thread_id=OTHER),
        )
    )
    child = read_rollout(write(tmp_path / f"rollout-{OTHER}.jsonl", spawned(), user("check it")))
    assert parent_of(child.metadata.tags) == parent.metadata.id
    assert (child.metadata.title, environment(child)["AGCX_ROLE"]) == ("scout: check it", "scout")
    assert subagents_in(environment(parent)) == {"call_1": child.metadata.id}


def test_the_call_that_started_a_subagent_of_codex_is_known_from_its_output(tmp_path):
    parent = read_rollout(
        write(
            tmp_path / f"rollout-{SESSION}.jsonl",
            meta(),
            user("one"),
            call("spawn_agent", {"message": "check it"}, "call_7"),
            output(json.dumps({"agent_id": OTHER, "nickname": "Ada"}), "call_7"),
        )
    )
    child = read_rollout(write(tmp_path / f"rollout-{OTHER}.jsonl", spawned(), user("check it")))
    assert subagents_in(environment(parent)) == {"call_7": child.metadata.id}
    assert environment(child)["AGCX_PARENT_CALL"] == "call_7"


def test_so_it_is_from_a_compressed_file(tmp_path):
    path = write(
        tmp_path / f"rollout-{SESSION}.jsonl",
        meta(),
        event("collab_agent_spawn_end", call_id="call_1", new_thread_id=OTHER),
    )
    packed = zstandard.ZstdCompressor().compress(path.read_bytes())
    path.with_suffix(".jsonl.zst").write_bytes(packed)
    path.unlink()
    child = read_rollout(write(tmp_path / f"rollout-{OTHER}.jsonl", spawned(), user("check it")))
    assert environment(child)["AGCX_PARENT_CALL"] == "call_1"


def test_a_fork_repeats_all_files_of_a_session_that_was_resumed(tmp_path):
    name = f"rollout-2026-09-09T10-00-00-{SESSION}"
    first, second = (user("first ask"), assistant("one")), (user("second ask"), assistant("two"))
    path = write(tmp_path / f"{name}.jsonl", meta(), *first)
    base = {"thread_id": SESSION, "end_byte_offset": path.stat().st_size}
    write(tmp_path / f"{name}_{THIRD}.jsonl", meta(history_base=base), *second)
    header = meta(id=OTHER, forked_from_id=SESSION)
    lines = header, *first, *second, user("went on here")
    forked = read_rollout(write(tmp_path / f"rollout-{OTHER}.jsonl", *lines))
    assert (forked.metadata.title, forked.metadata.turn_count) == ("went on here", 1)


def test_what_a_fork_repeats_of_its_origin_is_neither_its_title_nor_its_turns(tmp_path):
    said = meta(), user("first ask"), assistant("one"), user("second ask")
    write(tmp_path / f"rollout-{SESSION}.jsonl", *said, user("went on there"))
    forked = read_rollout(
        write(
            tmp_path / f"rollout-{OTHER}.jsonl",
            meta(id=OTHER, forked_from_id=SESSION), *said, user("went on here"),
        )
    )  # fmt: skip
    assert (forked.metadata.title, forked.metadata.turn_count) == ("went on here", 1)
    assert forked.metadata.message_count == 4
    assert parent_of(forked.metadata.tags) is None


def test_what_a_program_said_in_the_persons_place_is_none_of_what_a_fork_repeats(tmp_path):
    of_program = {"content_item_kinds": ["hooks.additional_context"]}
    noted = user("Always use tabs.")
    noted["payload"]["internal_chat_message_metadata_passthrough"] = of_program
    said = meta(), noted, user("first ask"), assistant("one")
    write(tmp_path / f"rollout-{SESSION}.jsonl", *said)
    lines = meta(id=OTHER, forked_from_id=SESSION), *said, user("went on here")
    forked = read_rollout(write(tmp_path / f"rollout-{OTHER}.jsonl", *lines))
    assert (forked.metadata.title, forked.metadata.turn_count) == ("went on here", 1)


def test_a_fork_of_a_file_that_is_gone_begins_when_the_session_does(tmp_path):
    early = "2025-09-25T13:00:00.000Z"
    forked = read_rollout(
        write(
            tmp_path / "rollout.jsonl",
            meta(id=OTHER, forked_from_id=SESSION), user("there") | {"timestamp": early},
            user("here"),
        )
    )  # fmt: skip
    assert (forked.metadata.title, forked.metadata.turn_count) == ("here", 1)


def test_the_link_survives_an_edit_of_the_tags_and_growth(tmp_path):
    parent, child = claude_family(tmp_path)
    store = open_store(tmp_path / "store")
    ids = [each.id for each in import_sessions(store, [parent, child], agent=agent_named("claude"))]
    store.update_metadata(ids[1], tags=["mine"])
    with child.open("a") as file:
        more = claude.assistant(claude.text("more"), isSidechain=True, agentId="a1b2")
        file.write(json.dumps(more) + "\n")
    list(import_sessions(store, [child], agent=agent_named("claude")))
    metadata = store.load_session(ids[1])[0]
    assert (metadata.message_count, parent_of(metadata.tags)) == (3, ids[0])
    assert "mine" in metadata.tags


def test_the_subagents_of_a_session_are_found_down_to_the_last(tmp_path):
    store = open_store(tmp_path / "store")
    write(tmp_path / "a.jsonl", meta(), user("one"))
    write(tmp_path / "b.jsonl", spawned(), user("two"))
    third = OTHER.replace("b", "c")
    by_child = {"subagent": {"thread_spawn": {"parent_thread_id": OTHER}}}
    write(tmp_path / "c.jsonl", meta(id=third, source=by_child), user("three"))
    list(import_sessions(store, [tmp_path], agent=agent_named("codex")))
    entries = {str(entry.id): entry for entry in store.scan()}
    assert [str(e.id) for e in subagents_of([entries[SESSION]], entries.values())] == [OTHER, third]
    assert subagents_of([entries[third]], entries.values()) == []
