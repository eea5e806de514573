"""`agcx search`: what it finds is what the messages say, in lines, in JSON, and by its exit status."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from agcx_format import (
    InputText,
    Message,
    OutputText,
    Timestamp,
    new_message,
    new_session,
    open_store,
    write_session,
)
from agcx_format.disk.locks import locked
from tests.tui.cli.conftest import BROKEN, GRID, TORN, Terminal, run, run_program

GRID_ID = "70b30ef8-e6eb-504a-ab0a-b17d5d131808"


def hits(*words: str) -> list[dict]:
    return [json.loads(line) for line in run("search", "--json", *words).stdout.splitlines()]


def test_a_session_is_a_heading_and_a_line_for_each_line_with_a_hit(store):
    result = run("search", "grid", "role:user")
    assert result.exit_code == 0
    heading, *lines = result.stdout.splitlines()
    assert heading == f"Fix the grid layout · {GRID} · 2 h ago"
    assert all(re.match(r"\d+:user: .*grid", line, re.IGNORECASE) for line in lines)
    # Numbers are those of `agcx show --messages`.
    number, _, line = lines[0].split(":", 2)
    assert line.strip() in run("show", GRID, "--messages", number).stdout


def test_json_has_one_object_a_hit_whose_place_is_that_of_the_match(store):
    found = hits("grid role:user")
    # Others are in the names of the files that are attached.
    found = [hit for hit in found if hit["line"].startswith("Good.")]
    assert found
    for hit in found:
        assert set(hit) == {
            "session", "title", "message", "number", "role", "time", "start", "end", "line", "before",
            "after",
        }  # fmt: skip
        assert hit["session"] == GRID_ID
        assert (hit["role"], hit["end"] - hit["start"]) == ("user", 4)
    shown = run("show", GRID, "--json", "--messages", str(found[0]["number"])).stdout
    text = json.loads(shown)["item"]["content"][0]["text"]
    assert text[found[0]["start"] : found[0]["end"]].lower() == "grid"
    assert found[0]["line"] in text.splitlines()


def test_the_exit_status_says_whether_something_was_found(store):
    assert run("search", "grid").exit_code == 0
    nothing = run("search", "no-such-word-anywhere")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert "no hits" in nothing.stderr


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("/(?<=a)b/", "look-around"),
        ("/(/", "/(/"),
        ("in:nowhere grid", "one of title"),
        ("is:odd grid", "subagent, error"),
        ("after:whenever grid", "a date such as"),
        ("is:favorite", "nothing to search for"),
        ("  ", "nothing to search for"),
    ],
)
def test_a_query_that_means_nothing_is_wrong_use_and_says_why(store, query, reason):
    result = run("search", query)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in result.stderr


def test_a_word_that_is_left_out_is_no_option_behind_two_dashes(store):
    hint = run("search", "queue", "-stall")
    assert hint.exit_code == 2
    assert "agcx search -- lease -retry" in hint.stderr
    assert "lease -retry" not in run("search", "--jsno", "queue").stderr
    left = run("search", "--sessions", "--", "the", "-queue").stdout.split()
    assert left
    every, queue = (run("search", "--sessions", word).stdout.split() for word in ("the", "queue"))
    assert set(left) == set(every) - set(queue)


def test_words_that_are_arguments_are_one_query(store):
    assert run("search", "grid", "float").stdout == run("search", "grid float").stdout != ""


def test_the_count_is_honest_and_names_what_was_not_searched(store):
    told = run("search", "grid").stderr.splitlines()
    assert re.match(
        r"searched 14 of 15 sessions · \d+ hits in 1 · 1 only in part · 1 unreadable"
        r" · 14 without the index$",
        told[0],
    )
    assert any(TORN in line for line in told[1:])
    assert any(BROKEN in line and "up to message" in line for line in told[1:])


def test_sessions_gives_ids_for_another_command(store, tmp_path):
    ids = run("search", "--sessions", "grid").stdout.split()
    assert ids == [GRID_ID]
    assert run("export", *ids, "-o", str(tmp_path / "grid.md")).exit_code == 0


def test_count_gives_a_line_a_session_with_its_hits(store):
    result = run("search", "--count", "the")
    counts = [line.split()[:2] for line in result.stdout.splitlines()]
    assert len(counts) > 2
    for count, name in counts:
        of_session = [hit for hit in hits("the") if hit["session"].startswith(name)]
        assert int(count.replace(",", "")) == len(of_session)


def test_a_limit_ends_the_search_after_so_many_hits(store):
    assert len(hits("the", "--limit", "3")) == 3
    assert hits("the", "--limit", "3") == hits("the")[:3]


@pytest.mark.parametrize("sort", ["newest", "best"])
def test_a_limit_may_be_larger_than_any_number_of_hits(store, sort):
    """Also than a number of the machine."""
    every = hits("the grid", "--sort", sort)
    assert every
    assert hits("the grid", "--sort", sort, "--limit", str(1 << 64)) == every


def test_with_a_limit_the_words_that_stand_together_are_shown(store):
    found = hits("the grid", "--limit", "6")
    lines = {hit["line"].lower() for hit in found}
    assert all("the" in line and "grid" in line for line in lines)
    assert lines < {hit["line"].lower() for hit in hits("the grid")}


def test_branch_and_agent_choose_what_the_list_says_of_each_session(store):
    opened = open_store(store)
    for number, (branch, tags) in enumerate(
        [("main", ()), ("fix/Grid", ("claude-code",)), ("grid", ("codex", "ui")), ("", ("codex",))]
    ):
        said = [new_message(Message(None, "assistant", [OutputText("the queue")]))]
        made = new_session(title="Queue", messages=said, tags=tags, id=UUID(int=number + 1))
        env = {"AGCX_BRANCH": branch} if branch else {}
        context = replace(made.conversation.context, environment_variables=env)
        conversation = replace(made.conversation, context=context)
        opened.save_session(UUID(int=number + 1), made.metadata, conversation, made.state)
    listed = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    everywhere = set(run("search", "--sessions", "the").stdout.split())
    tests = {"branch": lambda said, value: value in said, "agent": str.startswith}
    for key, values in (("branch", "main GRID id nope"), ("agent", "codex CL agcodex ode")):
        said = {each["id"]: (each[key] or "").lower() for each in listed}
        for value in values.split():
            truth = {name for name in everywhere if tests[key](said[name], value.lower())}
            for term, expected in (
                (f"{key}:{value}", truth),
                (f"-{key}:{value}", everywhere - truth),
            ):
                found = run("search", "--sessions", f"the {term}").stdout.split()
                assert set(found) == expected, term


def test_terms_of_the_list_choose_the_sessions(store):
    everywhere = {hit["title"] for hit in hits("the")}
    favorites = {hit["title"] for hit in hits("the is:favorite")}
    assert favorites < everywhere
    assert "Fix the grid layout" in favorites
    assert {hit["title"] for hit in hits("the -is:favorite")} == everywhere - favorites


def test_context_prints_each_line_once_and_marks_gaps(store):
    lines = run("search", "--context", "2", "grid role:tool").stdout.splitlines()[1:]
    plain = run("search", "grid role:tool").stdout.splitlines()[1:]
    assert "--" in lines
    assert [line for line in lines if re.match(r"\d+:", line)] == plain
    # No line twice, between two gaps.
    for group in "\n".join(lines).split("\n--\n"):
        places = group.splitlines()
        assert len(places) == len(set(places))


def test_what_a_message_holds_never_orders_a_terminal_anything(store):
    hostile = new_message(
        Message(None, "assistant", (OutputText("red \x1b[31m needle \u202e and more"),))
    )
    session = new_session(messages=[hostile], title="T\x1b]0;x\x07")
    open_store(store).save_session(session.metadata.id, *session)
    screen = Terminal("search", "needle")
    status, _ = screen.finish()
    assert status == 0
    assert b"needle" in screen.written
    assert b"\x1b[31m needle" not in screen.written
    assert b"\x1b]0;" not in screen.written
    assert "\u202e".encode() not in screen.written


def test_in_a_terminal_matches_are_colored_and_headings_are_links(store):
    screen = Terminal("search", "grid role:user")
    screen.finish()
    assert b"\x1b]8;;file://" in screen.written
    assert re.search(rb"\x1b\[1m[Gg]rid\x1b\[0m", screen.written)
    screen = Terminal("search", "grid role:user", NO_COLOR="1")
    screen.finish()
    assert b"\x1b[" not in screen.written


def test_build_brings_the_index_up_to_date_and_is_quiet_in_a_pipe(store, tmp_path):
    before = run("search", "grid")
    built = run("search", "--build", "grid")
    without_index = before.stderr.replace(" · 14 without the index", "")
    assert (built.exit_code, built.stdout, built.stderr) == (0, before.stdout, without_index)
    assert segments(tmp_path)
    # What was said since is in it after the next one.
    message = new_message(Message(None, "user", [OutputText("the zyqwort was late")]))
    session = new_session(title="Later", model="gpt-5", messages=[message])
    open_store(store).save_session(session.metadata.id, *session)
    earlier = segments(tmp_path)
    assert run("search", "--build", "zyqwort").exit_code == 0
    assert segments(tmp_path) > earlier


def test_build_shows_its_progress_in_a_terminal(store):
    status, output = Terminal("search", "--build", "grid").finish()
    assert status == 0
    assert "15 of 15 sessions in the index" in output
    assert "hits in 1" in output


def test_a_configuration_without_an_index_neither_reads_nor_builds_one(
    store, tmp_path, monkeypatch
):
    run("search", "--build", "grid")
    (segment,) = segments(tmp_path)
    config = tmp_path / "config.toml"
    config.write_text("[search]\nindex = false\n")
    monkeypatch.setenv("AGCX_CONFIG", str(config))
    refused = run("search", "--build", "grid")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "search.index is false" in refused.stderr
    content = segment.read_bytes()
    start = len(content) // 4
    segment.write_bytes(content[:start] + bytes(len(content) - start))
    found = run("search", "grid")
    assert segment.exists()
    # Whoever reads a damaged one removes it.
    monkeypatch.delenv("AGCX_CONFIG")
    assert run("search", "grid").stdout == found.stdout != ""
    assert not segment.exists()


def test_what_an_index_has_no_room_for_is_said_and_found_all_the_same(store, tmp_path, monkeypatch):
    config = tmp_path / "config.toml"
    config.write_text('[search]\nlargest = "1B"\n')
    monkeypatch.setenv("AGCX_CONFIG", str(config))
    built = run("search", "--build", "grid")
    assert built.stdout == run("search", "grid").stdout != ""
    assert "15 sessions left out, since search.largest is 1 B" in built.stderr


def test_an_index_that_cannot_be_written_is_said_and_the_search_goes_on(store, tmp_path):
    (tmp_path / "cache").write_text("a file in the way")
    result = run("search", "--build", "grid")
    assert result.exit_code == 0
    assert "not everything is in the index" in result.stderr


def test_an_index_that_another_process_builds_is_said_and_the_search_goes_on(store, tmp_path):
    run("search", "--build", "grid")
    (segment,) = segments(tmp_path)
    with locked(segment.parent, timeout=0):
        result = run_program("search", "--build", "grid")
    assert result.returncode == 0
    assert "another process is building it" in result.stderr


def segments(tmp_path: Path) -> set[Path]:
    """The files of the index."""
    return set((tmp_path / "cache").rglob("*.seg"))


def test_the_program_searches_the_store_that_is_named_whatever_looks_as_if_it_named_another(
    store, tmp_path
):
    said = hits("grid")
    (tmp_path / "empty").mkdir()
    words = ["search", "--json", "--", "grid", "--store=empty"]
    found = run_program("--store", store, *words)
    assert [json.loads(line) for line in found.stdout.splitlines()] == said


def test_dates_are_those_of_the_last_change_also_beside_what_the_beginning_tells(store):
    """In a list, those of the column by which it is sorted."""
    session = new_session(
        messages=[new_message(Message(None, "user", [InputText("the only heron")]))],
        working_directory="/srv/pond",
    )
    metadata = replace(
        session.metadata,
        updated_at=Timestamp("2024-03-01T00:00:00Z"),
        last_accessed=Timestamp("2023-01-01T00:00:00Z"),
    )
    write_session(store / f"{metadata.id}.agcx", metadata, *session[1:])
    id = str(metadata.id)
    assert run("search", "--sessions", "heron project:pond after:2024").stdout.split() == [id]
    assert run("search", "--sessions", "heron project:pond before:2024").exit_code == 1
    for column, year in (("updated", 2024), ("accessed", 2023)):
        query = f"project:pond after:{year} before:{year + 1}"
        assert id in run("list", "--json", "--sort", column, "--filter", query).stdout
