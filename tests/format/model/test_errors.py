"""Errors keep all they say: through a process pool, a copy, and as an outer layer adds what it knows."""

from __future__ import annotations

import copy
import inspect
import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import agcx_format
import agcx_tui
from agcx_format import SessionFile, SessionNotFound, UnsupportedVersion, read_session
from agcx_format.errors import PersistenceError

# Modules that do something when they are imported.
_PROGRAMS = {"agcx_tui.__main__"}


def error_classes() -> list[type[BaseException]]:
    """Every exception class that one of the two packages defines."""
    found: dict[type[BaseException], None] = {}
    for package in (agcx_format, agcx_tui):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            if module.name in _PROGRAMS:
                continue
            for value in vars(import_module(module.name)).values():
                if (
                    inspect.isclass(value)
                    and issubclass(value, BaseException)
                    and value.__module__.startswith(package.__name__)
                ):
                    found[value] = None
    return list(found)


def made(kind: type[BaseException]) -> BaseException:
    """An error of that class with a value in every field that its constructor knows."""
    if kind.__init__ is Exception.__init__:
        return kind("some reason")
    known = {
        "reason": "some reason",
        "found": 7,
        "expected": 1,
        "session_id": "8f14e45f",
        "act": "8f14e45f",
        "text": "role:nobody",
        "start": 3,
    }
    signature = inspect.signature(kind.__init__)
    given = {name: known[name] for name in signature.parameters if name in known}
    if not issubclass(kind, PersistenceError):
        return kind(**given) if given else kind("some reason")
    return kind(**given, path="/some/file", section="messages", offset=312, decompressed=True)


def test_every_error_can_be_pickled_and_copied_with_all_its_fields():
    kinds = error_classes()
    assert len(kinds) > 30
    for kind in kinds:
        comes_back(kind)


def comes_back(kind: type[BaseException]) -> None:
    error = made(kind)
    copies = [copy.copy(error), copy.deepcopy(error)]
    copies += [
        pickle.loads(pickle.dumps(error, protocol))
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    ]
    for other in copies:
        assert type(other) is kind
        assert other is not error
        assert str(other) == str(error)
        assert other.args == error.args
        assert vars(other) == vars(error)
    # A copy is an error of its own: what is added to it is not added to the first.
    if isinstance(error, PersistenceError):
        before = str(error)
        copies[0].offset = 1
        assert str(error) == before


def test_a_path_may_be_bytes(tmp_path: Path):
    for path in (bytes(tmp_path / "caf\u00e9"), bytes(tmp_path) + b"/caf\xe9"):
        for read in (read_session, SessionFile):
            with pytest.raises(PersistenceError, match="caf.*: no such file") as caught:
                read(path)
            assert caught.value.path == os.fsdecode(path)


def _read(path: str) -> None:
    read_session(path)


def _missing() -> None:
    raise SessionNotFound("8f14e45f", path="/a/store")


def test_an_error_comes_out_of_a_process_pool(tmp_path: Path):
    later = tmp_path / "later.agcx"
    later.write_bytes(b"AGCX" + (7).to_bytes(2, "little") + bytes(20))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        version = pool.submit(_read, str(later)).exception()
        missing = pool.submit(_missing).exception()
        # And the pool lives on.
        assert pool.submit(len, "abc").result() == 3
    assert isinstance(version, UnsupportedVersion)
    assert (version.found, version.expected, version.path) == (7, 1, str(later))
    assert isinstance(missing, SessionNotFound)
    assert (missing.session_id, missing.path) == ("8f14e45f", "/a/store")
