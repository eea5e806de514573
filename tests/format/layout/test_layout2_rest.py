"""What is in a section of layout 2 besides the messages, which are not held for it."""

from __future__ import annotations

from pathlib import Path

import msgpack
import pytest
from msgspec.structs import replace

from agcx_format import PersistenceError, SessionFile, read_session, write_session
from agcx_format.layout.v2 import decompress, pack
from tests.support.stores import golden_session

METADATA, CONVERSATION, STATE = golden_session("full")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    # Enough of them for a list with a longer header than the empty one that takes their place.
    many = replace(CONVERSATION, messages=CONVERSATION.messages * 40)
    write_session(tmp_path / "a.agcx", METADATA, many, STATE, layout=2)
    return tmp_path / "a.agcx"


def rewrite(path: Path, change) -> None:
    """Change the elements of a session as plain MessagePack."""
    elements = msgpack.unpackb(decompress(path.read_bytes()), strict_map_key=False)
    change(elements)
    parts = pack([msgpack.packb(each) for each in elements], 1)
    path.write_bytes(b"".join(parts))


def as_a_map(elements) -> None:
    names = ("id", "messages", "context", "mode_history")
    elements[1] = dict(zip(names, elements[1], strict=True))


@pytest.mark.parametrize("form", ["array", "map"])
def test_it_is_what_a_reader_of_everything_finds(path: Path, form: str):
    if form == "map":
        rewrite(path, as_a_map)
    _, conversation, state = read_session(path)
    text = decompress(path.read_bytes())
    with SessionFile(path) as session:
        assert session.without_messages() == (replace(conversation, messages=[]), state)
        assert session.context == conversation.context
        assert session.mode_history == conversation.mode_history
        assert session.state == state
        # All but the header of the array of elements.
        assert sum(size for _, size in session.parts()) == len(text) - 1


def lacks_fields(elements) -> None:
    elements[1] = elements[1][:1]


def has_more(elements) -> None:
    elements.append(None)


def has_another_state(elements) -> None:
    elements[2] = ["no", "state"]


@pytest.mark.parametrize("damage", [lacks_fields, has_more, has_another_state])
def test_damage_is_described_as_by_a_reader_of_everything(path: Path, damage):
    rewrite(path, damage)
    with pytest.raises(PersistenceError) as whole:
        read_session(path)
    with SessionFile(path) as session, pytest.raises(PersistenceError) as rest:
        session.without_messages()
    assert str(rest.value) == str(whole.value)
