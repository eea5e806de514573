"""A backup holds sessions and checkpoints byte for byte, each content once, whatever happens meanwhile."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from agcx_format import (
    CorruptData,
    PersistenceError,
    StaleSession,
    open_store,
)
from agcx_format.store import Archive, Presence, presence, verify_backup
from agcx_format.store.backup import archive_writer, writing
from agcx_format.store.backup.archive import MARK, MARK_TEXT
from tests.format.store.test_incoming import A, filled, problems
from tests.slow.crash.processes import killed_at
from tests.support.stores import contents


def sessions_of(path: Path):
    with Archive(path) as archive:
        return archive.read([*archive.backups][-1])


def restored(path: Path, target: Path, *, replace: bool = False):
    store = open_store(target)
    seen = store.scan() if replace else None
    with Archive(path) as archive:
        backup = archive.read([*archive.backups][-1])
        return store, store.restore_backup(archive, backup.sessions, backup.others, seen)


def files(root: Path) -> dict[str, tuple[bytes, int]]:
    """Sessions and checkpoints, with their times."""
    return {
        name: (data, (root / name).stat().st_mtime_ns)
        for name, data in contents(root).items()
        if name.endswith((".agcx", ".ckpt"))
    }


@pytest.mark.parametrize("layout", [1, 2])
def test_what_is_restored_is_what_was_there_with_its_times(tmp_path: Path, layout: int):
    store, path = filled(tmp_path / "from", layout), tmp_path / "backup.tar"
    (session,) = store.back_up(path).backup.sessions
    assert (session.id, len(session.checkpoints)) == (A, 1)
    assert (path.stat().st_mode & 0o777, verify_backup(path).problems) == (0o600, [])
    to, act = restored(path, tmp_path / "to")
    assert (act.kind, act.count) == ("backup-restore", 1)
    assert files(to.path) == files(store.path)
    assert to.load_index().sessions.keys() == ({A} if layout == 2 else set())
    assert problems(to) == []
    to.undo()
    assert files(to.path) == {}
    assert to.list_sessions() == []


def test_a_second_backup_adds_only_what_is_new(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    first = store.back_up(path)
    size = path.stat().st_size
    again = store.back_up(path)
    assert (again.new_bytes, again.backup.sessions) == (0, first.backup.sessions)
    assert path.stat().st_size < size + 4096
    store.append(A, store.load_session(A)[1].messages[:1])
    third = store.back_up(path)
    assert third.new_bytes == third.backup.sessions[0].file.size
    with Archive(path) as archive:
        assert list(archive.backups) == [first.id, again.id, third.id]
        assert archive.read(first.id) == first.backup
    with tarfile.open(path) as tar:
        assert len(tar.getnames()) == len(set(tar.getnames())) == 1 + 3 + 3


def test_another_version_is_replaced_only_when_asked_and_undone(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    (session,) = store.back_up(path).backup.sessions
    old = files(store.path)
    assert presence(store.path, session) is Presence.SAME
    assert restored(path, store.path)[1].id == ""
    store.append(A, store.load_session(A)[1].messages[:1])
    new = files(store.path)
    assert presence(store.path, session) is Presence.DIFFERENT
    with pytest.raises(StaleSession, match="another version"):
        restored(path, store.path)
    assert files(store.path) == new
    restored(path, store.path, replace=True)
    assert files(store.path) == old
    open_store(store.path).undo()
    assert files(store.path) == new


def test_a_session_that_was_converted_since_is_another_version(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    old = files(store.path)
    store.back_up(path)
    store.convert(store.scan(), 2)
    with pytest.raises(StaleSession):
        restored(path, store.path)
    restored(path, store.path, replace=True)
    assert files(store.path) == old
    assert problems(store) == []


def test_only_a_checkpoint_that_is_gone_comes_back(tmp_path: Path):
    store, path = filled(tmp_path / "from", 2), tmp_path / "backup.tar"
    store.back_up(path)
    before = files(store.path)
    next((store.path / "checkpoints").iterdir()).unlink()
    restored(path, store.path)
    assert files(store.path) == before


def test_what_cannot_be_read_is_kept_as_it_is_and_links_are_not_followed(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    broken = store.path / "notes.agcx"
    broken.write_bytes(b"broken")
    os.utime(broken, (0, 0))
    odd = store.path / os.fsdecode(b"caf\xe9.agcx")
    odd.write_bytes((store.path / f"{A}.agcx").read_bytes())
    (tmp_path / "secret").write_text("secret")
    (store.path / "link.agcx").symlink_to(tmp_path / "secret")
    (store.path / "checkpoints" / f"{A}_{A}.ckpt").symlink_to(tmp_path / "secret")
    os.mkfifo(store.path / "fifo.agcx")
    done = store.back_up(path)
    failed = {each.path: each.reason for each in done.backup.failures}
    assert "link" in failed.pop("link.agcx")
    assert "regular" in failed.pop("fifo.agcx")
    assert "not followed" in failed.pop(f"checkpoints/{A}_{A}.ckpt")
    assert failed == {}
    assert b"secret" not in path.read_bytes()
    to, _ = restored(path, tmp_path / "to")
    assert (to.path / "notes.agcx").read_bytes() == b"broken"
    assert (to.path / odd.name).read_bytes() == odd.read_bytes()


def test_a_session_that_an_agent_saves_meanwhile_is_taken_whole(tmp_path: Path, monkeypatch):
    store, path = filled(tmp_path / "from", 2), tmp_path / "backup.tar"
    monkeypatch.setattr(writing, "_PAUSE", 0)
    file = next(iter(store.scan())).path
    versions, taken = [Path(file).read_bytes()], []
    store.append(A, store.load_session(A)[1].messages[:1])
    versions.insert(0, Path(file).read_bytes())
    pieces, saves = archive_writer._pieces, iter(range(3))

    def saved_while_read(file):
        yield from pieces(file)
        if file.path.endswith(f"{A}.agcx") and next(saves, None) is not None:
            # As the Rust code writes layout 2: over the file, in place.
            Path(file.path).write_bytes(versions[len(taken) % 2])
            taken.append(file.path)

    monkeypatch.setattr(archive_writer, "_pieces", saved_while_read)
    (session,) = store.back_up(path).backup.sessions
    assert session.messages == store.load_session(A)[0].message_count
    assert verify_backup(path).problems == []
    to, _ = restored(path, tmp_path / "to")
    assert files(to.path) == files(store.path)
    versions.reverse()
    saves = iter(range(100))
    result = store.back_up(path)
    assert [each.reason for each in result.backup.failures] == ["it changes all the time"]


def test_what_is_no_backup_is_not_touched(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "notes"
    for data in (b"hi", bytes(2048), b"x" * 2048, b"agcx-backup.text" + bytes(2000)):
        path.write_bytes(data)
        with pytest.raises(CorruptData):
            store.back_up(path)
        assert path.read_bytes() == data
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(PersistenceError):
        store.back_up(path)


def made_of(path: Path, *members: tuple[str | tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, data in ((MARK, MARK_TEXT), *members):
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def link(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return info


_HASH = "0" * 64


@pytest.mark.parametrize(
    "members",
    [
        [("../outside", b"x")],
        [("/etc/x", b"x")],
        [("objects/../../x", b"x")],
        [(link(f"objects/{_HASH}"), b"")],
        [(f"objects/{_HASH}", b"x"), (f"objects/{_HASH}", b"y")],
        [(f"objects/{_HASH}" + "x" * 200, b"x")],
        [(MARK, b"x")],
    ],
    ids=["parent", "absolute", "through", "link", "twice", "long name", "two beginnings"],
)
def test_an_archive_with_anything_else_in_it_is_refused(tmp_path: Path, members):
    with pytest.raises(CorruptData):
        Archive(made_of(tmp_path / "hostile.tar", *members))


def changed(path: Path, change: Callable[[bytes], bytes]) -> Path:
    """A copy of a backup whose last manifest is changed; objects stay."""
    with Archive(path) as archive:
        member = [*archive.backups.values()][-1]
        data = path.read_bytes()
        new = change(data[member.start : member.start + member.size])
        objects = [
            (each.name, data[each.start : each.start + each.size])
            for each in archive.objects.values()
        ]
    return made_of(path.with_name("changed.tar"), *objects, (member.name, new))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(f'"path": "{A}.agcx"'.encode(), b'"path": "../../x.agcx"'),
        lambda data: data.replace(f'"path": "{A}.agcx"'.encode(), b'"path": "trash/x.agcx"'),
        lambda data: data.replace(f'"path": "{A}.agcx"'.encode(), b'"path": "a\\u0000.agcx"'),
        lambda data: data.replace(f'"path": "{A}.agcx"'.encode(), b'"path": "sessions.idx"'),
        lambda data: data.replace(b'"format": 1', b'"format": 2'),
        lambda data: data.replace(b'"sessions": [', b'"sessions": ' + b"[" * 100_000),
        lambda data: data.replace(b'"mtime_ns": ', b'"mtime_ns": 9' + b"9" * 5000, 1),
        lambda data: data.replace(b'"size": ', b'"size": -', 1),
        lambda data: b"",
        lambda data: data[:-9],
    ],
    ids=["parent", "trash", "zero", "index", "format", "deep", "time", "size", "empty", "cut"],
)
def test_a_manifest_that_names_what_no_store_has_is_refused(tmp_path: Path, change):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    store.back_up(path)
    hostile = changed(path, change)
    with pytest.raises(CorruptData):
        restored(hostile, tmp_path / "to")
    assert len(verify_backup(hostile).problems) == 1
    assert not list((tmp_path / "to").glob("**/*.agcx"))


def test_another_version_of_a_checkpoint_whose_session_is_gone_is_replaced_only_if_that_is_asked_for(
    tmp_path: Path,
):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    store.back_up(path)
    (checkpoint,) = sessions_of(path).sessions[0].checkpoints
    there = tmp_path / "to" / checkpoint.path
    there.parent.mkdir(parents=True)
    there.write_bytes(b"another version")
    with pytest.raises(StaleSession, match="another version"):
        restored(path, tmp_path / "to")
    assert there.read_bytes() == b"another version"
    to, _ = restored(path, tmp_path / "to", replace=True)
    assert files(to.path) == files(store.path)
    to.undo()
    assert there.read_bytes() == b"another version"


def test_a_damaged_object_is_found_and_nothing_of_it_restored(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    store.back_up(path)
    with Archive(path) as archive:
        at = next(iter(archive.objects.values())).start
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    assert "checksum" in str(verify_backup(path).problems[0])
    with pytest.raises(CorruptData, match="checksum"):
        restored(path, tmp_path / "to")
    assert not list(open_store(tmp_path / "to").scan())
    missing = made_of(tmp_path / "without.tar")
    with Archive(missing) as archive, pytest.raises(CorruptData, match="missing"):
        open_store(tmp_path / "to").restore_backup(archive, sessions_of(path).sessions)


def test_a_backup_cut_anywhere_still_has_those_that_are_whole(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    first = store.back_up(path)
    end = path.stat().st_size - 1024
    store.append(A, store.load_session(A)[1].messages[:1])
    store.back_up(path)
    data = path.read_bytes()
    for size in [*range(end, len(data) - 1024, 301), len(data) - 1025]:
        path.write_bytes(data[:size])
        with Archive(path) as archive:
            assert list(archive.backups) == [first.id]
    third = store.back_up(path)
    with Archive(path) as archive:
        assert list(archive.backups) == [first.id, third.id]
    assert verify_backup(path).problems == []


def test_killed_at_any_step_a_backup_leaves_those_before_it(tmp_path: Path):
    store, path = filled(tmp_path / "from", 2), tmp_path / "backup.tar"
    first = store.back_up(path)
    before = path.read_bytes()
    store.append(A, [*store.load_session(A)[1].messages[:1]])
    step = 0
    while killed_at(step, lambda: store.back_up(path)):
        with Archive(path) as archive:
            assert next(iter(archive.backups)) == first.id
            assert archive.read(first.id) == first.backup
            for name in archive.objects:
                assert list(archive.pieces(name))
        # From what was left, or from the beginning.
        if step % 2:
            path.write_bytes(before)
        step += 1
    assert step > 5
    assert verify_backup(path).problems == []


def test_a_restored_store_is_not_in_use_because_its_files_are_new(tmp_path: Path):
    store, path = filled(tmp_path / "from", 1), tmp_path / "backup.tar"
    store.append(A, [store.load_session(A)[1].messages[0]])
    store.back_up(path)
    to, _ = restored(path, tmp_path / "to")
    now = next(iter(to.scan())).mtime_ns + 1_000_000_000
    assert to.at_work(to.scan(), now) == []
