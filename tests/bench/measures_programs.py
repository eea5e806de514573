"""What programs do with one session: go through it, add to it, and ask for its tool calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from agcx_format import InputText, Message, SessionFile, Store, new_message, read_session
from tests.bench.registry import measure, times
from tests.bench.timing import Outcome, against, clock
from tests.bench.workspace import Workspace


def _go_through(path: Path) -> None:
    with SessionFile(path) as session:
        for _ in session:
            pass


def _read(path: Path) -> None:
    """Its values are freed here as well, as those of the other side are."""
    read_session(path)


def _iterate(work: Workspace, messages: int, size: int, pairs: int) -> Outcome:
    path = work.session(work.scaled(messages, 300), work.scaled(size, 120_000))
    return against(
        clock(lambda: _go_through(path)),
        clock(lambda: _read(path)),
        pairs=work.pairs(pairs),
        note=f"{messages:,} messages",
    )


@measure("iterate", "iterating over a session", "read_session of the same", times(1.1))
def iterate(work: Workspace) -> Outcome:
    return _iterate(work, 3_000, 1_200_000, 41)


@measure("iterate.large", "iterating over a large session", "read_session of the same", times(1.1))
def iterate_large(work: Workspace) -> Outcome:
    return _iterate(work, 60_000, 60_000_000, 5)


def _append(work: Workspace, name: str, messages: int, size: int, pairs: int) -> Outcome:
    path = work.session(work.scaled(messages, 300), work.scaled(size, 120_000))
    session = read_session(path)
    added = [new_message(Message(None, "user", [InputText("And now?")]))]

    def saved(folder: str) -> Store:
        store = Store(work.folder(f"{name}-{folder}"), layout=1)
        store.save_session(session[0].id, *session)
        return store

    def put_back(store: Store) -> Callable[[], None]:
        return lambda: store.save_session(session[0].id, *session)

    ours, peer = saved("ours"), saved("peer")
    longer = session[1].messages + added
    whole = type(session[1])(session[1].id, longer, session[1].context, session[1].mode_history)
    return against(
        clock(lambda: ours.append(session[0].id, added), put_back(ours)),
        clock(
            lambda: peer.save_session(session[0].id, session[0], whole, session[2]), put_back(peer)
        ),
        pairs=work.pairs(pairs),
        note=f"1 to {messages:,} messages",
    )


@measure("append", "append of one message", "save_session of all", times(1.0))
def append(work: Workspace) -> Outcome:
    return _append(work, "append", 3_000, 1_200_000, 15)


@measure("append.large", "append of one message", "save_session of all", times(0.3))
def append_large(work: Workspace) -> Outcome:
    return _append(work, "append-large", 60_000, 60_000_000, 3)


@measure("calls", "tool_calls of a session", "iterating over the same", times(6.0))
def calls(work: Workspace) -> Outcome:
    path = work.session(work.scaled(200_000, 300), work.scaled(100_000_000, 120_000))

    def ask() -> None:
        with SessionFile(path) as session:
            for _ in session.tool_calls():
                pass

    return against(
        clock(ask),
        clock(lambda: _go_through(path)),
        pairs=work.pairs(3),
        note=f"{work.scaled(200_000, 300):,} messages",
    )
