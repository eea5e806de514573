"""What a turn says is no copy of the same words in another turn; the runs of the program add up."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import pytest

from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.imported import Imported
from agcx_format.transcript.words import text_of
from tests.support.rollout_lines import SESSION, assistant, call, event, meta, output, user, write

LOOK = "I look at it."
LOOKED = event("agent_message", message=LOOK)
ABORTED = event("turn_aborted", reason="interrupted")
BACK = event("thread_rolled_back", num_turns=1)


def texts(imported: Imported) -> list[str]:
    return [text_of(message.item) for message in imported.conversation.messages]


@pytest.mark.parametrize("lines", permutations([LOOKED, assistant(LOOK)]), ids=["event", "item"])
@pytest.mark.parametrize("between", [[], [event("error", message="lost")]], ids=["next", "later"])
def test_what_an_interrupted_turn_said_stays_in_it_when_the_next_one_says_it_too(
    read, lines, between
):
    first, second = lines
    imported = read(meta(), user("go"), LOOKED, ABORTED, user("again"), first, *between, second)
    said = [text for text in texts(imported) if not text.startswith("Error")]
    assert said == ["go", LOOK, "Interrupted", "again", LOOK]


def test_what_only_an_event_says_is_kept_where_an_item_of_a_turn_before_said_it(read):
    imported = read(meta(), user("go"), assistant(LOOK), user("again"), LOOKED, ABORTED)
    assert texts(imported) == ["go", LOOK, "again", LOOK, "Interrupted"]


def test_an_answer_takes_the_place_of_the_nearest_event(read):
    lost = event("stream_error", message="lost")
    imported = read(meta(), user("go"), LOOKED, lost, LOOKED, call("ls", {}), assistant(LOOK))
    assert texts(imported)[:3] == ["go", LOOK, "Connection error: lost"]
    assert texts(imported)[4:] == [LOOK]


@pytest.mark.parametrize(
    "again",
    [
        [user("two")],
        [event("user_message", message="two"), user("two")],
        [user("two"), event("user_message", message="two")],
        [event("user_message", message="two")],
    ],
    ids=["item", "event first", "item first", "event"],
)
@pytest.mark.parametrize("has_answer", [True, False])
def test_a_prompt_that_was_taken_back_stays_in_its_branch_when_it_is_written_again(
    read, again, has_answer
):
    answer = [LOOKED] if has_answer else []
    lines = user("one"), LOOKED, event("user_message", message="two"), *answer, BACK, *again
    imported = read(meta(), *lines, assistant(LOOK))
    rolled_back = "Rolled back the last turn"
    said = ["one", LOOK, "two", *[LOOK] * has_answer, rolled_back, "two", LOOK]
    assert texts(imported) == said
    fork, first, after = (imported.conversation.messages[n].metadata for n in (1, 2, -3))
    assert (fork.branch_point, after.branch_id) == (True, None)
    assert first.branch_id is not None
    assert first.parent_message_id == after.parent_message_id == fork.message_id


def count(read: object, cached: object, wrote: object) -> dict:
    total = {"input_tokens": read, "cached_input_tokens": cached, "output_tokens": wrote}
    return event("token_count", info={"total_token_usage": total})


def tokens(imported: Imported) -> list[str | None]:
    noted = imported.conversation.context.environment_variables
    return [noted.get(f"AGCX_TOKENS_{name}") for name in ("INPUT", "CACHED", "OUTPUT")]


@pytest.mark.parametrize("odd", [{}, {"rate_limits": 1}], ids=["usual", "any"])
@pytest.mark.parametrize("is_early", [True, False])
def test_the_tokens_of_a_session_that_was_resumed_are_those_of_all_its_runs(read, odd, is_early):
    counts = [count(*each) for each in ((10, 5, 1), (100, 50, 9), (7, 0, 2), (30, 20, 3))]
    for each in counts:
        each |= odd
    others = [] if is_early else [user(str(n)) for n in range(60)]
    assert tokens(read(meta(), user("go"), *others, *counts)) == ["130", "70", "12"]


def test_a_run_that_reads_more_than_all_runs_before_it_is_another_one(read):
    first, second = count(10, 5, 1), count(100, 50, 9)
    for each in (first, second):
        info = each["payload"]["info"]
        info["last_token_usage"] = info["total_token_usage"]
    assert tokens(read(meta(), user("go"), first, first, second, second)) == ["110", "55", "10"]


OTHER = "0199bbbb-1111-7222-8333-444455556666"
THEIRS = [user("there"), assistant("one"), count(50, 20, 5), count(100, 50, 9)]


def at(second: int, lines: Sequence[dict]) -> list[dict]:
    return [each | {"timestamp": f"2025-09-25T15:00:{second:02}.000Z"} for each in lines]


@pytest.mark.parametrize("is_there", [True, False], ids=["origin there", "origin gone"])
@pytest.mark.parametrize(
    ("own", "spent"),
    [
        ([count(120, 60, 11), count(150, 61, 13)], ["50", "11", "4"]),
        ([count(7, 0, 2), count(30, 10, 3)], ["30", "10", "3"]),
        ([count(150, 61, 13), count(7, 0, 2)], ["57", "11", "6"]),
        ([], ["0", "0", "0"]),
    ],
    ids=["it counts on", "it counts from zero", "it was resumed", "no answer yet"],
)
def test_a_fork_spent_what_was_counted_after_its_origin(tmp_path, is_there, own, spent):
    if is_there:
        write(tmp_path / f"rollout-{SESSION}.jsonl", meta(), *THEIRS)
    header = meta(id=OTHER, forked_from_id=SESSION, timestamp="2025-09-25T14:59:58.000Z")
    copied = at(0, [header, meta(), *THEIRS, user("here")])
    lines = [*copied, *at(5, [assistant("two"), *own])]
    fork = read_rollout(write(tmp_path / f"rollout-{OTHER}.jsonl", *lines))
    assert (fork.metadata.title, fork.metadata.turn_count) == ("here", 1)
    assert tokens(fork) == spent


def test_a_fork_in_which_nothing_was_said_yet_spent_nothing(tmp_path):
    write(tmp_path / f"rollout-{SESSION}.jsonl", meta(), *THEIRS)
    header = meta(id=OTHER, forked_from_id=SESSION)
    fork = read_rollout(write(tmp_path / f"rollout-{OTHER}.jsonl", header, meta(), *THEIRS))
    assert (fork.metadata.title, tokens(fork)) == ("there", ["0", "0", "0"])


def test_a_subagent_spent_what_was_counted_after_its_task(tmp_path):
    parent = {"thread_spawn": {"parent_thread_id": SESSION}}
    header = meta(id=OTHER, forked_from_id=SESSION, source={"subagent": parent})
    lines = [*at(0, [header, *THEIRS, user("look")]), *at(5, [assistant("ok"), count(120, 50, 10)])]
    child = read_rollout(write(tmp_path / f"rollout-{OTHER}.jsonl", *lines))
    assert child.metadata.title == "look"
    assert tokens(child) == ["20", "0", "1"]


def test_a_count_that_is_no_number_counts_nothing(read):
    counts = [count(10, 5, 1), count("many", None, -3), count(4, 2, 1)]
    assert tokens(read(meta(), user("go"), *counts)) == ["14", "7", "2"]


@pytest.mark.parametrize("codes", [(1, 0), (0, 1)])
def test_the_end_of_a_call_says_nothing_of_another_call_of_its_id(read, codes):
    ran = [
        each
        for code in codes
        for each in (
            user("go on"),
            call("ls", {}),
            event("exec_command_end", call_id="call_1", exit_code=code),
            output("plain"),
        )
    ]
    # The call of the first one is in no line, as after a compaction.
    before = event("exec_command_end", call_id="call_1", exit_code=2), output("plain")
    records = [m.metadata.tool_calls for m in read(meta(), *before, *ran).conversation.messages]
    assert [r.success for (r,) in filter(None, records)] == [False, codes[0] == 0, codes[1] == 0]
