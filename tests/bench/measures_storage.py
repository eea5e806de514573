"""Listing, loading and saving, through the library."""

from __future__ import annotations

import os
from pathlib import Path

from agcx_format import SessionStorage, SessionStore
from tests.bench import floors
from tests.bench.registry import measure, times
from tests.bench.timing import Outcome, against, clock
from tests.bench.workspace import Workspace


@measure(
    "list.read",
    "list_sessions, use_mmap=False",
    "open + read 4 KB + close of the same files",
    times(3.5),
)
def list_by_reading(work: Workspace) -> Outcome:
    store, paths = _sessions(work)
    storage = SessionStorage(store, use_mmap=False)
    return against(
        clock(storage.list_sessions),
        clock(lambda: floors.read_heads(paths)),
        pairs=work.pairs(9),
        note=f"{len(paths):,} sessions",
    )


@measure(
    "list.map",
    "list_sessions through maps",
    "open + mmap + copy of 4 KB by pwrite and pread + close",
    times(1.6),
)
def list_by_mapping(work: Workspace) -> Outcome:
    store, paths = _sessions(work)
    storage = SessionStorage(store)
    return against(
        clock(storage.list_sessions),
        clock(lambda: floors.map_heads(paths)),
        pairs=work.pairs(9),
        note=f"{len(paths):,} sessions",
    )


@measure("list.layout2", "list_sessions of layout 2", "list_sessions of layout 1", times(1.2))
def list_layout2(work: Workspace) -> Outcome:
    store, paths = _sessions(work)
    ours = SessionStore(work.store_of_layout2(len(paths)))
    peer = SessionStorage(store)
    return against(
        clock(ours.list_sessions),
        clock(peer.list_sessions),
        pairs=work.pairs(7),
        note=f"{len(paths):,} sessions",
    )


@measure("load", "load_session", "decompress + msgpack.unpackb of the messages", times(1.5))
def load(work: Workspace) -> Outcome:
    path = _usual_session(work)
    storage = SessionStorage(path.parent)
    metadata = storage.load_metadata_mmap(path)
    section = floors.messages_section(path)
    return against(
        clock(lambda: storage.load_session(metadata.id)),
        clock(lambda: floors.unpack(section)),
        pairs=work.pairs(25),
        note=f"{metadata.message_count:,} messages",
    )


@measure(
    "save",
    "save_session",
    "msgpack.packb + compress + write + fsync + rename + fsync",
    times(1.5),
)
def save(work: Workspace) -> Outcome:
    path = _usual_session(work)
    storage = SessionStorage(work.folder("save"))
    session = SessionStorage(path.parent).load_session(_id_of(path))
    plain = floors.unpack(floors.messages_section(path))
    target = work.folder("save-floor") / "session"
    return against(
        clock(lambda: storage.save_session(session[0].id, *session)),
        clock(lambda: floors.save(plain, target, storage.level)),
        pairs=work.pairs(25),
        note=f"{len(plain):,} messages",
    )


def _sessions(work: Workspace) -> tuple[Path, list[str]]:
    store = work.store(work.scaled(10_000, 300))
    return store, [entry.path for entry in os.scandir(store)]


def _usual_session(work: Workspace) -> Path:
    return work.session(work.scaled(3_000, 300), work.scaled(1_200_000, 120_000))


def _id_of(path: Path):
    return SessionStorage(path.parent).load_metadata_mmap(path).id
