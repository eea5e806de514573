"""A session that was closed says so, whatever is asked of it, and never gives bytes of another file."""

from __future__ import annotations

import contextlib
import copy
import gc
import itertools
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from agcx_format import write_session
from agcx_format.disk.open_file import OpenFile
from agcx_format.errors import FileClosed, PersistenceError
from agcx_format.model.items import InputText, Message, MessageSnapshot
from agcx_format.session.lazy import SessionFile
from tests.format.session.files import message, write
from tests.support.stores import golden_session

# One of each way in which messages are read: streamed in both layouts, and by a seek table.
KINDS = ("layout1", "framed", "layout2")


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> dict[str, Path]:
    """Files of 10 MiB of text, so that most of it is not read when somebody closes them."""
    folder = tmp_path_factory.mktemp("closed")
    messages = [message(number, 50_000) for number in range(200)]
    metadata, conversation, state = golden_session("full")
    conversation = replace(conversation, messages=messages)
    write(folder / "layout1", messages)
    write(folder / "framed", messages, framed=True)
    write_session(folder / "layout2", metadata, conversation, state, layout=2, level=1)
    return {kind: folder / kind for kind in KINDS}


@pytest.fixture(params=KINDS)
def path(request, paths) -> Path:
    return paths[request.param]


@pytest.fixture
def decoy(tmp_path: Path) -> Path:
    """A session of somebody else, as long as the first, whose messages say so."""
    like = golden_session("full")[1].messages[0]
    secret = replace(like, item=Message(None, "user", [InputText("not yours " * 600)]))
    return write(tmp_path / "decoy.agcx", [secret] * 2_000)


def reuse(decoy: Path) -> list[int]:
    """Open another file under every number that is free, the closed one's among them."""
    return [os.open(decoy, os.O_RDONLY) for _ in range(16)]


# Everything that can be asked of a session and is not known from its opening.
READS: dict[str, Callable[[SessionFile], Any]] = {
    "length": len,
    "first": lambda session: session[0],
    "last": lambda session: session[-1],
    "slice": lambda session: session[0:2],
    "all": list,
    "context": lambda session: session.context,
    "state": lambda session: session.state,
    "raw": lambda session: [session.read_more(), session.raw(0)],
    "sections": lambda session: session.sections(),
    "again": lambda session: session.again(),
    "contains": lambda session: None in session,
    "reversed": lambda session: list(reversed(session)),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("read_before", [False, True], ids=["fresh", "read"])
def test_every_question_to_a_closed_file_says_that_it_is_closed(path, decoy, read, read_before):
    session = SessionFile(path)
    if read_before:
        with contextlib.suppress(PersistenceError):
            read(session)
    session.close()
    others = reuse(decoy)
    try:
        with pytest.raises(FileClosed, match="closed") as caught:
            read(session)
        assert caught.value.path == str(path)
    finally:
        for fd in others:
            os.close(fd)


def test_what_was_known_from_the_opening_stays(path):
    names = ("path", "size", "signature", "layout", "metadata")
    with SessionFile(path) as session:
        before = [getattr(session, name) for name in names]
    session.close()
    assert [getattr(session, name) for name in names] == before


def test_as_a_source_it_is_complete_and_gives_the_reason(path):
    """A screen that still draws must neither wait for messages nor get an exception."""
    session = SessionFile(path)
    session.read_more()
    other = session.again()
    other.read_more()
    known = session.known()
    assert known
    session.fetch(0)
    session.close()
    for source in (session, other):
        assert source.complete
        assert source.read_more() is False
        assert source.fetch(0) is True
        assert isinstance(source.get(0), FileClosed)
        assert source.known() >= known
    if session.known() < 200:
        assert isinstance(session.error, FileClosed)
    with pytest.raises(FileClosed):
        list(session)


def test_an_iterator_ends_with_the_error_wherever_it_is_when_the_file_is_closed(path, decoy):
    for passed in (0, 1, 3, 120):
        session = SessionFile(path)
        messages = iter(session)
        got = list(itertools.islice(messages, passed))
        session.close()
        others = reuse(decoy)
        try:
            with pytest.raises(FileClosed):
                got.extend(messages)
        finally:
            for fd in others:
                os.close(fd)
        assert len(got) == passed
        # It stays ended, as any iterator.
        assert list(messages) == []


def test_closed_by_another_thread_in_the_middle_of_reads(path, decoy):
    """Whatever the moment: messages of this file, then the error; and the descriptor is given back."""
    right = {each.item.content[0].text for each in SessionFile(path)}
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else None
    for read in (
        iter,
        lambda session: itertools.chain.from_iterable(session.again().batches()),
        _fetching,
    ):
        session = SessionFile(path)
        started, outcome = threading.Event(), []

        def work(session=session, read=read, started=started, outcome=outcome) -> None:
            try:
                for found in read(session):
                    started.set()
                    outcome.append(found)
            except Exception as error:
                outcome.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        assert started.wait(60)
        session.close()
        others = reuse(decoy)
        thread.join(60)
        assert not thread.is_alive()
        for fd in others:
            os.close(fd)
        *messages, last = outcome
        assert all(each.item.content[0].text in right for each in messages)
        assert isinstance(last, FileClosed | MessageSnapshot)
    if before is not None:
        del session, work
        assert len(os.listdir("/proc/self/fd")) == before


def _fetching(session: SessionFile):
    for index in itertools.cycle(range(0, 200, 7)):
        while session.known() <= index and session.read_more():
            pass
        if session.known() <= index:
            raise session.error
        session.fetch(index)
        found = session.get(index)
        if isinstance(found, PersistenceError):
            raise found
        yield found


def test_a_read_that_runs_keeps_the_descriptor_until_it_ends(tmp_path: Path, monkeypatch):
    """The number must not go to another file between the look at it and the read."""
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "other").write_bytes(b"other")
    file = OpenFile(tmp_path / "mine")
    number, pread = file.fd, os.pread
    opened = []

    def close_meanwhile(fd: int, size: int, offset: int) -> bytes:
        file.close()
        opened.append(os.open(tmp_path / "other", os.O_RDONLY))
        return pread(fd, size, offset)

    monkeypatch.setattr(os, "pread", close_meanwhile)
    try:
        assert file.read(4, 0) == b"mine"
    finally:
        monkeypatch.undo()
    assert number not in opened
    # Now it is free.
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)
    with pytest.raises(FileClosed):
        file.read(4, 0)
    for fd in opened:
        os.close(fd)


def test_an_open_file_is_not_copied(path: Path):
    """A copy that is dropped would close the descriptor of the other one, whoever has its number then."""
    with SessionFile(path) as session:
        for opened in (session, session._file):
            for attempt in (copy.copy, copy.deepcopy, pickle.dumps, lambda it: copy.deepcopy([it])):
                with pytest.raises(TypeError, match="cannot be copied or pickled"):
                    attempt(opened)
        gc.collect()
        assert session[0] == next(iter(session))
