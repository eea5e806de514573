"""A manifest means the same however it is written: as it is now, or as JSON that says it otherwise."""

from __future__ import annotations

import json

import pytest

from agcx_format.errors import CorruptData
from agcx_format.store.acts.manifest import Act, decode

WRITTEN = {
    "format": 1,
    "kind": "delete",
    "created_at": "2026-11-26T09:48:05.980847136Z",
    "sessions": [["00090990-4e53-4aa0-b8d2-2d3c18b031d4", "A title", 15855]],
    "steps": [
        {
            "op": "move",
            "path": "sessions/00090990-4e53-4aa0-b8d2-2d3c18b031d4.agcx",
            "derived": False,
        },
        {"op": "create", "path": "sessions.idx", "derived": True, "after": [7, 8, 9]},
        {"op": "restore", "path": "one.agcx", "source": "trash/an-act/files/one.agcx"},
    ],
    "ready": True,
    "edit": {
        "fields": ["title"],
        "old_title": "Before",
        "favorite": None,
        "added": [],
        "taken": [],
    },
}


def read(plain: dict) -> Act:
    return decode(json.dumps(plain).encode("ascii"), "an-act", undone=False)


@pytest.mark.parametrize(
    ("name", "otherwise"), [("ready", 1), ("format", 1.0), ("unknown", [1]), ("emptied_at", "")]
)
def test_what_is_said_otherwise_means_the_same(name, otherwise):
    found = read(WRITTEN | {name: otherwise})
    assert found == read(WRITTEN)
    assert len(found.steps) == 3


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("format", 2),
        ("created_at", "-0004-01-01T00:00:00Z"),
        ("sessions", [["id", "title", 1 << 70]]),
        ("steps", [{"op": "move", "path": "../outside"}]),
        ("steps", [{"op": "move", "path": "trash/reserve"}]),
        ("steps", [{"op": "move", "path": "Trash"}]),
        ("steps", [{"op": "create", "path": "a", "after": [1, 2, 1 << 70]}]),
    ],
)
def test_what_no_act_may_hold_is_refused(name, wrong):
    with pytest.raises(CorruptData):
        read(WRITTEN | {name: wrong})


def test_half_a_character_in_a_name_is_read():
    (step,) = read(WRITTEN | {"steps": [{"op": "move", "path": "bad\udc80.agcx"}]}).steps
    assert step.path == "bad\udc80.agcx"


def test_bytes_that_are_not_ascii_are_none_of_ours():
    data = json.dumps(WRITTEN | {"kind": "délete"}, ensure_ascii=False).encode()
    with pytest.raises(CorruptData):
        decode(data, "an-act", undone=False)
