"""What is saved of damaged files: as much as can be, nothing that was not there, and never in place."""

from __future__ import annotations

import itertools
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from agcx_format.codec import bincode, messagepack
from agcx_format.doctor.checks import verify_file
from agcx_format.doctor.repair import Repair, repair_file
from agcx_format.errors import PersistenceError
from agcx_format.layout import index, v2
from agcx_format.layout.v1_sections import decompress_section, split
from agcx_format.model.items import (
    InputText,
    Message,
    MessageSnapshot,
    Reasoning,
    ReasoningWithoutContent,
    UnknownItem,
)
from agcx_format.model.new import new_message
from agcx_format.session.lazy import SessionFile
from agcx_format.session.whole import read_session, write_session
from tests.format.doctor.test_verify_files import large_session, with_messages
from tests.support.golden_files import GOLDEN, MUTATED, V1, V2, Mutation, mutations, v1
from tests.support.stores import golden_session

# A session of the manager's store that has checkpoints and not one message.
NO_MESSAGES = "87e50e14-e041-4dfa-942c-7f6f60faf758"


def repaired(data: bytes, golden, tmp_path: Path) -> Repair | None:
    """The repair of a damaged copy; None when nothing can be saved.  Looks at what must always hold."""
    path, out = tmp_path / f"{golden.id}.agcx", tmp_path / "out"
    path.write_bytes(data)
    shutil.rmtree(out, ignore_errors=True)
    try:
        done = repair_file(path, out)
    except PersistenceError:
        assert not out.exists()
        return None
    assert path.read_bytes() == data
    if done.target is None:
        assert verify_file(path).ok
        return done
    assert [file.name for file in out.iterdir()] == [f"{golden.id}.agcx"]
    assert verify_file(done.target).ok
    metadata, conversation, _ = read_session(done.target)
    assert metadata.message_count == len(conversation.messages) == done.messages
    return done


def saved(done: Repair) -> list[MessageSnapshot]:
    return read_session(done.target or done.source)[1].messages


def is_subset(some: list, every: list) -> bool:
    """In the same order."""
    rest = iter(every)
    return all(each in rest for each in some)


def damaged(name: str) -> Iterator[tuple[Mutation, bytes]]:
    """Every wrong length and appended byte, and some of the cuts and of the changed bytes."""
    of_kind: Counter[str] = Counter()
    for mutation in mutations(name):
        of_kind[mutation.op] += 1
        if of_kind[mutation.op] % {"set": 9, "cut": 3}.get(mutation.op, 1) == 0:
            yield mutation, mutation.apply(v1(name).data)


@pytest.mark.parametrize("name", MUTATED)
def test_what_is_saved_was_there_and_what_was_there_is_saved(name: str, tmp_path):
    golden = v1(name)
    original = read_session(golden.path)[1].messages
    _, messages, _, _ = split(golden.data)
    for mutation, data in damaged(name):
        done = repaired(data, golden, tmp_path)
        inside = mutation.op == "set" and messages.start <= mutation.offset < messages.end
        if inside:
            # Text that was changed under an intact frame cannot be told from what was written:
            # but nothing more comes out than a lenient reading of the damaged file shows.
            assert done is None or all(each in lenient(data, tmp_path) for each in saved(done))
        elif done is not None:
            assert saved(done) == original[: len(saved(done))]
            whole = mutation.op != "cut" or mutation.offset >= messages.end
            assert not whole or saved(done) == original
        else:
            assert mutation.op == "cut" or not original


def lenient(data: bytes, tmp_path: Path) -> list[MessageSnapshot]:
    path = tmp_path / "lenient.agcx"
    path.write_bytes(data)
    with SessionFile(path) as file:
        shown = [file.get(index) for index in range(len(file))]
    return [message for message in shown if isinstance(message, MessageSnapshot)]


@pytest.mark.parametrize("field", ["metadata", "messages", "context", "state"])
@pytest.mark.parametrize("length", [0, 3, 0xFFFFFFFF])
def test_a_wrong_length_loses_nothing(field: str, length: int, tmp_path):
    golden = v1("full")
    span = next(span for span in split(golden.data) if span.section == field)
    data = bytearray(golden.data)
    data[span.start - 4 : span.start] = length.to_bytes(4, "little")
    done = repaired(bytes(data), golden, tmp_path)
    whole, again = read_session(golden.path), read_session(done.target)
    assert again[1:] == whole[1:]
    assert again[0].title == whole[0].title
    assert done.lost == ()


def incompressible(count: int) -> list[MessageSnapshot]:
    """Messages of 1,800 characters, each of which takes half as many bytes in a file."""
    draw = random.Random(7)
    return [
        new_message(Message(None, "user", [InputText(draw.randbytes(900).hex())]))
        for _ in range(count)
    ]


def overwritten(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


DAMAGES = [
    "metadata",
    "context",
    "state",
    "length of metadata",
    "length of messages",
    "length of context",
]


@pytest.mark.parametrize(
    ("one", "other"),
    # Behind a context that has neither its length nor its magic the state has no place.
    [
        pair
        for pair in itertools.combinations(DAMAGES, 2)
        if pair != ("context", "length of context")
    ],
)
def test_of_two_damages_each_loses_its_own_section_and_says_so(one: str, other: str, tmp_path):
    golden = v1("every-item")
    spans = {span.section: span for span in split(golden.data)}
    data = golden.data
    for each in (one, other):
        _, is_length, name = each.rpartition("length of ")
        at = spans[name].start
        data = (
            overwritten(data, at - 4, bytes(4))
            if is_length
            else overwritten(data, at, b"\xff" * 17)
        )
    done = repaired(data, golden, tmp_path)
    whole, again = read_session(golden.path), read_session(done.target)
    damaged = {one, other}
    assert again[1].messages == whole[1].messages
    assert (again[1].context == whole[1].context) == ("context" not in damaged)
    assert (again[2] == whole[2]) == ("state" not in damaged)
    assert (again[0].model == whole[0].model) == ("metadata" not in damaged)
    lost = {sentence.partition(":")[0].removeprefix("the ") for sentence in done.lost}
    assert lost == damaged & {"metadata", "context", "state"}


def test_a_damaged_magic_or_version_loses_nothing(tmp_path):
    for golden in (v1("full"), next(session for session in V2 if session.name == "full")):
        for at in range(6 if golden.layout == 1 else 8):
            data = bytearray(golden.data)
            data[at] ^= 0x55
            done = repaired(bytes(data), golden, tmp_path)
            assert read_session(done.target)[1] == read_session(golden.path)[1]
            assert done.lost == ()


def test_messages_after_one_that_cannot_be_decoded_are_saved_too(tmp_path):
    golden = v1("times")
    original = read_session(golden.path)[1].messages
    _, place, _, _ = split(golden.data)
    raw = bytearray(decompress_section(golden.data, place))
    bad = raw.index(b"\xa7message", messagepack.find_messages(raw)[4])
    # The tag is now no text at all, but as long.
    raw[bad] = 0xC0
    raw[bad + 1 : bad + 8] = b"\x00" * 7
    raw[bad - 1] = 0x9B
    done = repaired(with_messages(golden, bytes(raw)), golden, tmp_path)
    assert saved(done) == original[:4] + original[5:]
    assert [sentence.partition(":")[0] for sentence in done.lost] == ["message 5"]


def test_items_of_an_unknown_kind_are_kept_byte_for_byte(tmp_path):
    golden = v1("full")
    _, place, _, _ = split(golden.data)
    raw = decompress_section(golden.data, place)
    changed = raw.replace(b"\xaainput_text", b"\xaainput_tape", 1)
    done = repaired(with_messages(golden, changed) + b"more", golden, tmp_path)
    data = Path(done.target).read_bytes()
    _, place, _, _ = split(data)
    assert decompress_section(data, place) == changed
    kinds = [part for message in saved(done) for part in message.item.content]
    assert any(isinstance(part, UnknownItem) for part in kinds)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_of_a_layout_2_file_that_was_cut_off_the_first_messages_are_saved(share: float, tmp_path):
    path = tmp_path / f"{v1('full').id}.agcx"
    large_session(path)
    metadata, conversation, state = read_session(path)
    write_session(path, metadata, conversation, state, layout=2)
    os.truncate(path, int(path.stat().st_size * share))
    done = repair_file(path, tmp_path / "out")
    again, messages, _ = read_session(done.target)
    assert messages.messages == conversation.messages[: done.messages]
    assert share - 0.1 < done.messages / len(conversation.messages) <= share
    assert again.title == metadata.title
    assert v2.decompress(Path(done.target).read_bytes())
    assert any(sentence.startswith("the context") for sentence in done.lost)


def without_metadata(name: str) -> bytes:
    """The file, with a title of which no more than its length is left."""
    golden = v1(name)
    end = split(golden.data)[0].end
    return golden.data[:27] + b"\xff" * (end - 27) + golden.data[end:]


def test_metadata_are_made_from_the_messages_and_the_name(tmp_path):
    golden = v1("every-item")
    done = repaired(without_metadata("every-item"), golden, tmp_path)
    metadata = read_session(done.target)[0]
    messages = read_session(golden.path)[1].messages
    assert str(metadata.id) == golden.id
    assert metadata.created_at == messages[0].timestamp
    assert metadata.updated_at == messages[-1].timestamp
    assert metadata.message_count == len(messages)
    assert metadata.title
    assert any("made from the messages" in sentence for sentence in done.rebuilt)


def test_metadata_come_from_a_copy_in_the_store_when_there_is_one(tmp_path):
    golden = v1("every-item")
    metadata = replace(golden_session("every-item")[0], title="From the index", tags=["kept"])
    (tmp_path / "sessions.idx").write_bytes(index.encode(index.build([metadata])))
    done = repaired(without_metadata("every-item"), golden, tmp_path)
    assert read_session(done.target)[0].tags == ["kept"]
    copy = tmp_path / "metadata" / f"{golden.id}.meta"
    copy.parent.mkdir()
    copy.write_bytes(bincode.encode(replace(metadata, title="From the copy")))
    done = repaired(without_metadata("every-item"), golden, tmp_path)
    assert read_session(done.target)[0].title == "From the copy"
    assert str(copy) in done.rebuilt[0]


def test_a_file_is_never_written_over(tmp_path):
    golden = v1("full")
    path = tmp_path / f"{golden.id}.agcx"
    path.write_bytes(golden.data + b"more")
    with pytest.raises(PersistenceError, match="exists"):
        repair_file(path, tmp_path)
    assert path.read_bytes() == golden.data + b"more"
    assert os.listdir(tmp_path) == [path.name]


def test_what_was_saved_is_on_the_disk_with_its_name(tmp_path, monkeypatch: pytest.MonkeyPatch):
    synced, really = set[int](), os.fsync

    def fsync(fd: int) -> None:
        really(fd)
        synced.add(os.fstat(fd).st_ino)

    monkeypatch.setattr(os, "fsync", fsync)
    done = repaired(v1("full").data + b"more", v1("full"), tmp_path)
    target = Path(done.target)
    assert {target.stat().st_ino, target.parent.stat().st_ino} <= synced


def test_of_a_file_that_is_whole_nothing_is_written(tmp_path):
    assert repair_file(v1("full").path, tmp_path / "out").target is None
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*/checkpoints/*")), ids=lambda path: path.stem)
def test_a_checkpoint_becomes_a_session(path: Path, tmp_path):
    if path.stem.partition("_")[0] in (v1("empty").id, NO_MESSAGES):
        with pytest.raises(PersistenceError, match="no message in it"):
            repair_file(path, tmp_path)
        return
    done = repair_file(path, tmp_path)
    assert str(done.id) == path.stem.partition("_")[0]
    assert verify_file(done.target).ok
    assert len(saved(done)) == done.messages > 0


def test_a_name_that_is_no_id_is_no_obstacle(tmp_path):
    path = tmp_path / "broken.agcx"
    path.write_bytes(without_metadata("every-item"))
    done = repair_file(path, tmp_path / "out")
    assert verify_file(done.target).ok
    assert repair_file(path, tmp_path / "again").id == done.id


TRAPS = [session for session in V1 + V2 if session.name.startswith("reasoning-trap")]


@pytest.mark.parametrize("golden", TRAPS, ids=lambda golden: f"{golden.layout}-{golden.name}")
def test_reasoning_that_rust_cannot_load_gets_its_field_and_nothing_else_changes(golden, tmp_path):
    done = repaired(golden.data, golden, tmp_path)
    assert done.target is not None
    assert done.lost == ()
    assert any("so that AGCodex can load it" in sentence for sentence in done.rebuilt)
    before, after = read_session(golden.path), read_session(done.target)
    assert any(type(each.item) is ReasoningWithoutContent for each in before[1].messages)
    for old, new in zip(before[1].messages, after[1].messages, strict=True):
        if type(old.item) is ReasoningWithoutContent:
            item = Reasoning(old.item.id, old.item.summary, None, old.item.encrypted_content)
            old = replace(old, item=item)
        assert new == old
        # Five elements: the tag and four fields.
        if type(new.item) is Reasoning:
            assert messagepack.encode(new.item)[0] == 0x95
    assert after[2] == before[2]
    assert replace(after[1], messages=[]) == replace(before[1], messages=[])


def test_reasoning_in_an_edit_history_is_mended_as_well(tmp_path):
    metadata, conversation, state = golden_session("full")
    now = conversation.messages[0]
    earlier = ReasoningWithoutContent("r1", [], "sealed")
    edited = replace(
        now, metadata=replace(now.metadata, edited=True, edit_history=[(now.timestamp, earlier)])
    )
    path = tmp_path / f"{metadata.id}.agcx"
    messages = [edited, *conversation.messages[1:]]
    write_session(path, metadata, replace(conversation, messages=messages), state)
    assert not verify_file(path).ok
    done = repair_file(path, tmp_path / "out")
    history = saved(done)[0].metadata.edit_history
    assert history == [(now.timestamp, Reasoning("r1", [], None, "sealed"))]
    assert verify_file(done.target).ok
    # A session that holds no such reasoning keeps its bytes.
    assert repair_file(done.target, tmp_path / "again").target is None
