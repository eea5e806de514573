"""What a rollout may lack or hold, where rollouts are found, and what a damaged one costs."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
import zstandard

from agcx_format.codec import messagepack
from agcx_format.errors import ConversionError
from agcx_format.importing.codex.rollout import Codex, read_rollout
from agcx_format.importing.source_file import find_files
from agcx_format.model.items import (
    InputImage,
    InputText,
)
from agcx_format.model.session import OperatingMode
from tests.format.importing.codex.test_rollout import PICTURE, items
from tests.support.rollout_lines import (
    SESSION,
    assistant,
    event,
    item,
    line,
    meta,
    user,
    write,
)


def test_without_a_header_the_id_is_in_the_files_name(tmp_path):
    path = write(tmp_path / f"rollout-2025-09-25T08-02-05-{SESSION}.jsonl", user("hi"))
    assert read_rollout(path).metadata.id == UUID(SESSION)


def test_without_any_directory_it_is_taken_from_what_the_agent_was_told(read):
    told = user("<environment_context>\n  <cwd>/src/told</cwd>\n</environment_context>")
    imported = read(meta(cwd=None), told)
    assert imported.conversation.context.working_directory == "/src/told"


def test_a_long_title_is_cut_at_a_word(read):
    title = read(meta(), user("word " * 40)).metadata.title
    assert len(title) <= 81
    assert title.endswith("word…")


def test_compressed_rollouts_are_read_also_when_cut_off(tmp_path):
    plain = write(tmp_path / "a.jsonl", meta(), *[user(f"message {n}") for n in range(5000)])
    packed = tmp_path / "a.jsonl.zst"
    packed.write_bytes(zstandard.compress(plain.read_bytes()))
    whole = read_rollout(packed)
    assert whole.report.messages == 5000
    assert whole.report.bad_count == 0
    packed.write_bytes(packed.read_bytes()[:-4000])
    part = read_rollout(packed)
    assert 0 < part.report.messages < 5000
    assert part.report.bad_lines[-1][1] == "the compressed file is cut off"


def test_half_a_surrogate_pair_does_not_cost_the_line(read):
    broken = json.dumps(user("PLACE")).replace("PLACE", "a \\ud83d b")
    imported = read(meta(), broken)
    assert items(imported)[0].content == [InputText("a \ufffd b")]
    assert messagepack.encode(imported.conversation)


def test_values_of_wrong_types_are_no_errors(read):
    odd = [None, 1, "x", [], {}, [[1]], {"type": 1}]
    lines = [item(kind, **{name: value}) for value in odd for kind, name in [
        ("message", "content"), ("message", "role"), ("reasoning", "summary"),
        ("reasoning", "content"), ("function_call", "arguments"), ("function_call", "call_id"),
        ("function_call_output", "output"), ("local_shell_call", "action"),
        ("web_search_call", "action"), ("image_generation_call", "result"),
    ]]  # fmt: skip
    kinds = "turn_context", "event_msg", "compacted", "new"
    contexts = [line(kind, value) for value in odd for kind in kinds]
    contexts += [
        event(kind, **{name: value})
        for value in odd
        for kind, name in [
            ("user_message", "message"), ("token_count", "info"), ("exec_command_end", "duration"),
            ("mcp_tool_call_end", "result"), ("thread_rolled_back", "num_turns"), ("error", "message"),
            ("item_completed", "item"), ("thread_name_updated", "thread_name"), ("turn_aborted", "reason"),
        ]
    ]  # fmt: skip
    imported = read(meta(git=3, id=4), *lines, *contexts)
    written = messagepack.encode_messages(imported.conversation.messages)
    assert messagepack.decode_messages(written) == imported.conversation.messages


def test_a_file_of_another_kind_is_refused_by_name(tmp_path):
    with pytest.raises(ConversionError, match="no line has the shape"):
        read_rollout(write(tmp_path / "x.jsonl", '{"a": 1}'))
    with pytest.raises(ConversionError) as missing:
        read_rollout(tmp_path / "missing.jsonl")
    assert missing.value.path == str(tmp_path / "missing.jsonl")


def test_rollouts_are_found_below_directories_in_the_order_of_their_names(tmp_path):
    for name in ("2025/09/b.jsonl", "2025/08/c.jsonl.zst", "2025/09/a.jsonl", "2025/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in find_files([tmp_path], Codex.patterns)]
    assert found == ["2025/08/c.jsonl.zst", "2025/09/a.jsonl", "2025/09/b.jsonl"]


def test_the_default_places_follow_codex_home(monkeypatch):
    monkeypatch.setenv("CODEX_HOME", "/somewhere")
    assert Codex().default_places() == [
        Path("/somewhere/sessions"),
        Path("/somewhere/archived_sessions"),
    ]


def test_metadata_of_an_import_can_be_written_as_it_is(read):
    metadata = read(meta(), user("hi")).metadata
    assert msgspec.structs.asdict(metadata)["file_size"] == 0
    assert metadata.format_version == 1


@pytest.mark.parametrize("depth", [100, 900, 960, 990, 5000, 200_000])
def test_nesting_of_any_depth_is_a_bad_line_at_worst(read, depth):
    nested = json.dumps(item("quantum_call", spin="HERE")).replace(
        '"HERE"', "[" * depth + "]" * depth
    )
    report = read(meta(), nested, user("hi")).report
    assert report.messages + report.bad_count == 2
    assert report.messages >= 1


@pytest.mark.parametrize(
    "field",
    ["[" * 1_000_000 + "]" * 1_000_000, "9" * 5000, "-1e400"],
    ids=["nested", "a long number", "infinite"],
)
def test_what_no_parser_reads_in_a_line_does_not_lose_its_words(read, field):
    odd = json.dumps(user("said") | {"more": "HERE"}).replace('"HERE"', field)
    imported = read(meta(), odd, user("and this"))
    assert [message.item.content[0].text for message in imported.conversation.messages] == [
        "said", "and this"
    ]  # fmt: skip
    assert sum(imported.report.left_out.values()) == field.startswith("[")


def test_a_review_ends_and_the_mode_is_the_one_after_it(read):
    imported = read(
        meta(), user("a"),
        line("event_msg", {"type": "entered_review_mode"}, "2025-09-25T14:03:00Z"),
        assistant("b"),
        line("event_msg", {"type": "exited_review_mode"}, "2025-09-25T14:04:00Z"),
        assistant("c"),
    )  # fmt: skip
    history = [mode for mode, _ in imported.conversation.mode_history]
    assert history[-2:] == [OperatingMode.REVIEW, OperatingMode.BUILD]
    assert imported.metadata.current_mode is OperatingMode.BUILD


def test_the_name_that_a_person_gave_is_the_title(read):
    named = line("event_msg", {"type": "thread_name_updated", "thread_name": "Grid work"})
    assert read(meta(), named, assistant("Hello.")).metadata.title == "Grid work"
    imported = read(meta(), user("Fix the grid"), named)
    assert (imported.metadata.title, "Fix the grid" in imported.titles) == ("Grid work", True)


def test_a_picture_may_be_given_as_an_object(read):
    given = {"type": "input_image", "image_url": {"url": PICTURE, "detail": "high"}}
    assert InputImage(PICTURE) in items(read(meta(), user("See", given)))[0].content


@pytest.mark.parametrize("compressed", [False, True])
def test_marks_of_an_editor_and_zeros_of_a_crash_cost_no_line(tmp_path, compressed):
    lines = [json.dumps(each).encode() for each in (meta(), user("one"), assistant("two"))]
    data = (
        b"\xef\xbb\xbf"
        + lines[0]
        + b"\r\n\0\0\0\0\n"
        + lines[1]
        + b"\0\0\n"
        + lines[2]
        + b"\0" * 512
    )
    path = tmp_path / f"rollout-{SESSION}.jsonl{'.zst' if compressed else ''}"
    path.write_bytes(zstandard.ZstdCompressor().compress(data) if compressed else data)
    imported = read_rollout(path)
    assert [each.content[0].text for each in items(imported)] == ["one", "two"]
    assert (str(imported.metadata.id), imported.report.bad_lines) == (SESSION, ())


def test_every_frame_of_a_compressed_rollout_is_read(tmp_path):
    lines = [
        json.dumps(each).encode() + b"\n"
        for each in (meta(), user("one"), assistant("two"), user("x"))
    ]
    frames = [zstandard.ZstdCompressor().compress(each) for each in lines]
    # One that holds nothing, and one that is to be skipped, as `pzstd` writes them.
    frames[2:2] = [zstandard.ZstdCompressor().compress(b""), b"\x50\x2a\x4d\x18\x03\0\0\0abc"]
    path = tmp_path / "rollout.jsonl.zst"
    path.write_bytes(b"".join(frames))
    imported = read_rollout(path)
    assert [each.content[0].text for each in items(imported)] == ["one", "two", "x"]
    assert imported.report.bad_lines == ()


def test_the_directory_is_the_one_that_the_agent_worked_in_last(read):
    turn = [line("turn_context", {"cwd": cwd, "model": "m"}) for cwd in ("/src/a", "/src/b")]
    imported = read(meta(cwd="/src"), turn[0], user("one"), turn[1], assistant("two"))
    assert imported.conversation.context.working_directory == "/src/b"


def test_a_clock_that_was_set_back_changes_no_order_and_the_latest_moment_counts(read):
    times = [f"2025-09-25T14:{minute}:00Z" for minute in ("10", "30", "05", "06")]
    content = [{"type": "output_text", "text": "So."}]
    said = [item("message", time, role="assistant", content=content) for time in times]
    imported = read(meta(), *said)
    assert [message.timestamp for message in imported.conversation.messages] == times
    metadata = imported.metadata
    assert (metadata.updated_at, metadata.last_accessed) == (times[1], times[1])
    # The times of a half second and of a whole one are of different length.
    ends = ["2025-09-25T14:30:00.500Z", "2025-09-25T14:30:00Z", "2025-09-25T14:05:00Z"]
    said = [item("message", time, role="assistant", content=content) for time in ends]
    assert read(meta(), *said).metadata.updated_at == ends[0]
    # Nor does a session end before it began.
    assert read(meta(), said[2]).metadata.updated_at >= read(meta()).metadata.created_at
