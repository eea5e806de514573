"""The bench runs, and its JSON has the shape that programs rely on; what it measures is not asserted."""

from __future__ import annotations

import json
import subprocess
import sys

from agcx_format import SessionFile, SessionStorage, SessionStore
from tests.bench.stores import FIRST_WORDS, LAST_WORDS, make_layout2, make_session, make_store
from tests.support import ROOT


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.bench", *arguments]
    return subprocess.run(
        command, cwd=ROOT, check=False, timeout=300, capture_output=True, text=True
    )


def test_a_measure_stands_beside_its_floor_in_the_json(tmp_path):
    done = bench("--quick", "--json", "--only", "list.read", "--dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["schema"] == 1
    assert report["quick"] is True
    (measure,) = report["measures"]
    assert measure["name"] == "list.read"
    assert measure["goals"] == [{"of": "ratio", "at_most": 3.5}]
    assert measure["error"] is None
    assert measure["met"] is (measure["ratio"]["median"] <= 3.5)
    for side in ("ours", "beside"):
        assert 0 < measure[side]["low"] <= measure[side]["median"] <= measure[side]["high"]
    assert list(tmp_path.iterdir()) == [], "the store that it made is still there"


def test_a_measure_that_is_not_known_is_wrong_use():
    done = bench("--only", "nothing")
    assert done.returncode == 2
    assert "nothing" in done.stderr


def test_every_measure_has_a_name_of_its_own_and_is_listed():
    names = [line.split()[0] for line in bench("--list").stdout.splitlines()]
    assert len(names) == len(set(names))
    assert {"list.map", "load", "save", "start.rows", "keys.hold"} <= set(names)


def test_a_made_store_is_the_same_for_the_same_seed_and_true_to_its_metadata(tmp_path):
    stores = [tmp_path / name for name in ("a", "b", "other")]
    for store, seed in zip(stores, (1, 1, 2), strict=True):
        make_store(store, 20, seed)
    files = [{p.name: p.read_bytes() for p in store.iterdir()} for store in stores]
    assert files[0] == files[1]
    assert not files[0].keys() & files[2].keys()
    storage = SessionStorage(stores[0])
    for metadata in storage.list_sessions():
        assert metadata.file_size == len(files[0][f"{metadata.id}.agcx"])
        _, conversation, _ = storage.load_session(metadata.id)
        assert len(conversation.messages) == metadata.message_count


def test_a_made_session_has_the_messages_and_about_the_size_that_were_asked_for(tmp_path):
    path = make_session(tmp_path, 200, 400_000)
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    with SessionFile(path) as session:
        assert session.metadata.file_size == path.stat().st_size
        assert len(session) == session.metadata.message_count == 200
        assert 360_000 < sum(map(session.size_of, range(200))) < 440_000
        assert session[0].item.content[0].text.startswith(FIRST_WORDS)
        assert session[-1].item.content[0].text.endswith(LAST_WORDS)


def test_a_store_of_the_other_layout_lists_the_same_sessions(tmp_path):
    make_store(tmp_path / "one", 10)
    make_layout2(tmp_path / "one", tmp_path / "two")
    first = SessionStorage(tmp_path / "one").list_sessions()
    second = SessionStore(tmp_path / "two").list_sessions()
    assert [(m.id, m.title, m.message_count) for m in first] == [
        (m.id, m.title, m.message_count) for m in second
    ]
    # The measured size is in the copies of the metadata alone: they are what was listed.
    # As Rust measures it: without the magic and the length before the section.
    sizes = {p.stem: p.stat().st_size - 16 for p in (tmp_path / "two" / "sessions").iterdir()}
    assert {str(m.id): m.file_size for m in second} == sizes
