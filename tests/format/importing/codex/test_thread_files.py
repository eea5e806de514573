"""A session that was resumed or taken back goes on in another file: all of its files are one session."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest

from agcx_format import limits, open_store
from agcx_format.importing import ImportOutcome, agent_named, import_sessions
from agcx_format.importing.codex.rollout import read_rollout
from agcx_format.importing.imported import Imported
from agcx_format.transcript.words import text_of
from tests.support.rollout_lines import SESSION, assistant, at_rest, event, meta, user

FIRST, SECOND, THIRD = (f"0199cccc-1111-7222-8333-44445555666{n}" for n in range(3))
OTHER = "0199bbbb-1111-7222-8333-444455556666"


def count(read: int) -> dict:
    return event("token_count", info={"total_token_usage": {"input_tokens": read}})


class Files:
    """The files of one session, each with a time of its own in its name."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def add(
        self,
        day: int,
        *lines: dict,
        name: str = "",
        on: tuple[str, Path, int] | None = None,
        session: str = SESSION,
        **more: object,
    ) -> Path:
        """Add a file; it goes `on` from a number of lines of another one."""
        if on is not None:
            file, path, kept = on
            data = path.read_bytes().splitlines(keepends=True)
            end = sum(map(len, data[:kept]))
            more["history_base"] = {
                "thread_id": file, "end_ordinal_exclusive": kept, "end_byte_offset": end,
            }  # fmt: skip
        folder = self.root / f"sessions/2026/09/{day:02}"
        folder.mkdir(parents=True, exist_ok=True)
        ids = f"{session}_{name}" if name else session
        path = folder / f"rollout-2026-09-{day:02}T10-00-00-{ids}.jsonl"
        header = meta(id=session, history_mode="paginated", **more)
        path.write_text("".join(json.dumps(line) + "\n" for line in (header, *lines)))
        return at_rest(path)


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


@pytest.fixture
def store(tmp_path):
    return open_store(tmp_path / "store")


def said(session: Imported) -> list[str]:
    return [text_of(message.item) for message in session.conversation.messages]


def lived(session: Imported) -> list[str]:
    messages = session.conversation.messages
    return [text_of(m.item) for m in messages if m.metadata.branch_id is None]


WORDS = ["one", "1", "two", "2", "three", "3"]
ONE, TWO = [user("one"), assistant("1")], [user("two"), assistant("2")]


def test_a_resumed_session_is_that_of_all_its_files(files):
    first = files.add(9, *ONE, count(10))
    second = files.add(11, *TWO, count(7), name=FIRST, on=(SESSION, first, 4))
    third = files.add(30, user("three"), count(9), name=SECOND, on=(FIRST, second, 4))
    session = read_rollout(third)
    assert str(session.metadata.id) == SESSION
    assert said(session) == lived(session) == ["one", "1", "two", "2", "three"]
    assert (session.metadata.title, session.metadata.turn_count) == ("one", 3)
    assert session.conversation.context.environment_variables["AGCX_TOKENS_INPUT"] == "19"
    assert len({m.metadata.message_id for m in session.conversation.messages}) == 5


def test_a_file_that_was_renamed_goes_on_from_the_others_all_the_same(files):
    first = files.add(9, *ONE)
    second = files.add(9, *TWO, name=FIRST, on=(SESSION, first, 3))
    session = read_rollout(second.rename(second.with_name("saved.jsonl")))
    assert said(session) == lived(session) == ["one", "1", "two", "2"]


def test_what_was_taken_back_is_a_branch_that_was_left(files):
    first = files.add(9, *ONE, *TWO)
    session = read_rollout(files.add(9, user("two, better"), name=FIRST, on=(SESSION, first, 3)))
    assert said(session) == ["one", "1", "two", "2", "Rolled back the last turn", "two, better"]
    assert lived(session) == ["one", "1", "Rolled back the last turn", "two, better"]
    fork, left, notice = (session.conversation.messages[n].metadata for n in (1, 2, 4))
    assert fork.branch_point
    assert left.parent_message_id == notice.parent_message_id == fork.message_id


def test_what_was_taken_back_twice_to_the_same_place_is_kept_twice(files, store):
    first = files.add(9, *ONE, *TWO)
    files.add(12, user("two, better"), name=FIRST, on=(SESSION, first, 3))
    last = files.add(20, user("two, best"), name=SECOND, on=(SESSION, first, 3))
    session = read_rollout(last)
    back = "Rolled back the last turn"
    assert said(session) == ["one", "1", "two", "2", back, "two, better", back, "two, best"]
    assert lived(session)[-2:] == [back, "two, best"]
    assert "two, better" not in lived(session)


def test_what_went_on_from_the_end_of_a_file_twice_is_kept_twice(files):
    first = files.add(9, *ONE)
    files.add(12, user("two"), name=FIRST, on=(SESSION, first, 3))
    last = files.add(20, user("two, better"), name=SECOND, on=(SESSION, first, 3))
    session = read_rollout(last)
    assert said(session) == ["one", "1", "two", "Rolled back the last turn", "two, better"]
    assert lived(session) == ["one", "1", "Rolled back the last turn", "two, better"]


def test_of_a_session_no_more_is_read_than_a_file_and_those_before_it(files):
    first = files.add(9, *ONE)
    second = files.add(10, *TWO, name=FIRST, on=(SESSION, first, 3))
    files.add(11, user("three"), name=SECOND, on=(FIRST, second, 3))
    # A file with the id of the session in its name need not be of it.
    other = files.add(9, user("other"), name=THIRD)
    other.write_text(other.read_text().replace(SESSION, OTHER))
    assert said(read_rollout(first)) == ["one", "1"]
    assert said(read_rollout(second)) == ["one", "1", "two", "2"]


def test_files_that_were_copied_into_one_folder_are_read_together(files, tmp_path):
    first = files.add(9, *ONE)
    second = files.add(10, *TWO, name=FIRST, on=(SESSION, first, 3))
    flat = tmp_path / "copies"
    flat.mkdir()
    first, second = (path.rename(flat / path.name) for path in (first, second))
    assert said(read_rollout(second)) == ["one", "1", "two", "2"]


def test_files_that_go_on_from_each_other_are_read_once(files):
    first = files.add(
        9, *ONE, name=FIRST, history_base={"thread_id": SECOND, "end_byte_offset": 10}
    )
    second = files.add(10, *TWO, name=SECOND, on=(FIRST, first, 3))
    assert [text for text in said(read_rollout(second)) if text in WORDS] == [
        "one",
        "1",
        "two",
        "2",
    ]


@pytest.mark.parametrize("data", [b"", b"\0\xff", b"[]\n", b"{\n"])
def test_without_a_header_in_the_file_that_it_goes_on_from_the_rest_is_read(files, data):
    first = files.add(9, *ONE)
    second = files.add(10, *TWO, name=FIRST, on=(SESSION, first, 3))
    first.write_bytes(data)
    session = read_rollout(second)
    assert said(session) == ["two", "2"]
    assert session.report.notes == ("a file that it continues is missing",)


def test_who_goes_on_from_a_branch_that_was_left_lives_it_again(files):
    first = files.add(9, *ONE, *TWO, user("three"), assistant("3"))
    files.add(12, user("two, better"), assistant("2!"), name=FIRST, on=(SESSION, first, 3))
    last = files.add(20, user("three, better"), name=SECOND, on=(SESSION, first, 5))
    session = read_rollout(last)
    back = "Rolled back the last turn"
    assert said(session) == [
        *WORDS,
        "Rolled back the last 2 turns",
        "two, better",
        "2!",
        back,
        "three, better",
    ]
    assert lived(session) == ["one", "1", "two", "2", back, "three, better"]
    messages = {text_of(m.item): m.metadata for m in session.conversation.messages}
    assert messages[back].parent_message_id == messages["2"].message_id
    assert messages["three"].parent_message_id == messages["2"].message_id
    assert messages["2"].branch_point
    left = messages["Rolled back the last 2 turns"]
    assert left.parent_message_id == messages["1"].message_id
    assert left.branch_id == messages["two, better"].branch_id != messages["three"].branch_id


def test_what_a_session_spent_before_it_was_taken_back_counts(files):
    first = files.add(9, *ONE, count(10), *TWO, count(30))
    session = read_rollout(files.add(9, count(15), name=FIRST, on=(SESSION, first, 4)))
    assert session.conversation.context.environment_variables["AGCX_TOKENS_INPUT"] == "45"


@pytest.mark.parametrize("kept", [3, 5], ids=["taken back", "resumed"])
@pytest.mark.parametrize("at_once", [True, False])
def test_all_its_files_become_one_session_in_the_store(files, store, kept, at_once):
    def taken() -> list[ImportOutcome]:
        return [each.outcome for each in import_sessions(store, [files.root / "sessions"])]

    first = files.add(9, *ONE, *TWO)
    if not at_once:
        assert taken() == [ImportOutcome.IMPORTED]
    second = files.add(10, user("three"), assistant("3"), name=FIRST, on=(SESSION, first, kept))
    before = ImportOutcome.IMPORTED if at_once else ImportOutcome.PRESENT
    assert taken() == [before, ImportOutcome.UPDATED]
    assert taken() == [ImportOutcome.PRESENT] * 2
    for path in (first, second):
        path.touch()
    assert taken() == [ImportOutcome.PRESENT] * 2
    (entry,) = store.scan()
    assert entry.id == UUID(SESSION)
    texts = [text_of(m.item) for m in store.load_session(UUID(SESSION))[1].messages]
    assert [text for text in texts if text in WORDS] == WORDS


def test_a_file_that_grows_after_another_one_only_adds_to_the_session(files, store):
    first = files.add(9, *ONE)
    second = files.add(10, user("three"), name=FIRST, on=(SESSION, first, 3))
    list(import_sessions(store, [files.root / "sessions"]))
    with second.open("a") as file:
        file.write(json.dumps(assistant("3")) + "\n")
    results = import_sessions(store, [second], agent=agent_named("codex"))
    assert [each.outcome for each in results] == [ImportOutcome.UPDATED]
    texts = [text_of(m.item) for m in store.load_session(UUID(SESSION))[1].messages]
    assert texts == ["one", "1", "three", "3"]


def test_without_the_file_that_it_goes_on_from_the_rest_is_read(files):
    first = files.add(9, *ONE)
    second = files.add(10, *TWO, name=FIRST, on=(SESSION, first, 3))
    first.unlink()
    session = read_rollout(second)
    assert said(session) == ["two", "2"]
    assert session.report.notes == ("a file that it continues is missing",)


def test_a_fork_goes_on_from_the_file_of_another_session_which_is_not_its_own(files):
    total, last = ({"input_tokens": tokens} for tokens in (50, 10))
    spent = event("token_count", info={"total_token_usage": total, "last_token_usage": last})
    origin = files.add(9, *ONE, count(40))
    fork = files.add(9, *TWO, spent, session=OTHER, on=(SESSION, origin, 4), forked_from_id=SESSION)
    session = read_rollout(fork)
    assert (str(session.metadata.id), said(session)) == (OTHER, ["two", "2"])
    assert session.metadata.title == "two"
    assert session.conversation.context.environment_variables["AGCX_TOKENS_INPUT"] == "10"
    path = files.add(10, user("three"), session=OTHER, name=THIRD, on=(OTHER, fork, 4))
    resumed = read_rollout(path)
    assert said(resumed) == ["two", "2", "three"]
    assert resumed.report.notes == ()


def test_a_file_is_read_by_a_relative_path_as_by_any_other(files, monkeypatch):
    first = files.add(9, *ONE)
    second = files.add(9, *TWO, name=FIRST, on=(SESSION, first, 3))
    monkeypatch.chdir(second.parent)
    assert said(read_rollout(Path(second.name))) == ["one", "1", "two", "2"]


@pytest.mark.parametrize("name", ["**", "[", "\0", "/**/", "ffffffff-ffff-7fff-bfff-ffffffffffff"])
def test_a_file_that_goes_on_from_one_of_an_impossible_name_is_read(files, name):
    base = {"thread_id": name, "end_byte_offset": 10}
    session = read_rollout(files.add(9, *ONE, name=FIRST, history_base=base))
    assert said(session) == ["one", "1"]
    assert session.report.notes == ("a file that it continues is missing",)


def test_without_a_file_that_cannot_be_read_now_the_session_is_not_taken(files, store):
    first = files.add(9, *ONE)
    second = files.add(10, *TWO, name=FIRST, on=(SESSION, first, 3))
    data = first.read_bytes()
    first.unlink()
    # Nothing of a link in a circle can be read, whoever asks.
    first.symlink_to(first)
    codex = agent_named("codex")
    (failed,) = import_sessions(store, [second], agent=codex)
    assert failed.outcome is ImportOutcome.FAILED
    first.unlink()
    first.write_bytes(data)
    list(import_sessions(store, [second], agent=codex))
    texts = [text_of(m.item) for m in store.load_session(UUID(SESSION))[1].messages]
    assert texts == ["one", "1", "two", "2"]


def test_files_that_are_only_together_too_large_for_memory_are_not_held_in_it(files, monkeypatch):
    first = files.add(9, *ONE)
    second = files.add(10, *TWO, name=FIRST, on=(SESSION, first, 3))
    largest = max(first.stat().st_size, second.stat().st_size)
    assert isinstance(read_rollout(second).conversation.messages, list)
    monkeypatch.setattr(limits, "SOURCE_IN_MEMORY", largest)
    session = read_rollout(second)
    assert not isinstance(session.conversation.messages, list)
    assert said(session) == ["one", "1", "two", "2"]


def test_a_fork_without_a_copy_of_its_origin_may_begin_with_the_same_words(files):
    origin = files.add(9, *ONE, *TWO)
    lines = [*ONE, user("three")]
    fork = files.add(9, *lines, session=OTHER, on=(SESSION, origin, 5), forked_from_id=SESSION)
    session = read_rollout(fork)
    assert said(session) == ["one", "1", "three"]
    assert (session.metadata.title, session.metadata.turn_count) == ("one", 2)
