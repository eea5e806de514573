"""File systems that lack hard links, exchanging files, or syncing a directory: acts are done and undone."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agcx_format import SessionStorage, SessionStore, open_store
from agcx_format.disk import exchange
from agcx_format.doctor.checks import verify_store
from agcx_format.errors import PersistenceError
from tests.slow.crash.processes import killed_at
from tests.slow.crash.test_kill_at_every_step import (
    ACTIONS,
    A,
    Action,
    B,
    fresh_copy,
    nothing_is_lost,
    picture,
)
from tests.slow.crash.versions import assert_clean, session
from tests.support import examples
from tests.support.stores import contents


def refused(code: int) -> Callable:
    def call(*arguments, **options):
        raise OSError(code, os.strerror(code))

    return call


def without_links(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "link", refused(errno.EPERM))


def without_exchange(patch: pytest.MonkeyPatch) -> None:
    # As in a container that forbids a call which it does not know.
    patch.setattr(exchange, "_system_call", lambda: lambda *_: errno.EPERM)


def without_both(patch: pytest.MonkeyPatch) -> None:
    without_links(patch)
    patch.setattr(exchange, "_system_call", lambda: None)


def without_directory_sync(patch: pytest.MonkeyPatch) -> None:
    def fsync(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    patch.setattr(os, "fsync", fsync)


LACKS = [without_links, without_exchange, without_both, without_directory_sync]
FACADES = {SessionStorage: "layout 1", SessionStore: "layout 2"}


@pytest.fixture(params=FACADES, ids=FACADES.values())
def template(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    store = request.param(tmp_path / "template")
    for session_id in (A, B):
        store.save_session(session_id, *session(session_id, 1, 1000))
    store.rebuild_index()
    return store.path


# In the quick form an act in one of the layouts, the next one in the other.
_DONE = [
    pytest.param(lack, action, facade, id=f"{layout}-{action.name}-{lack.__name__}")
    for at, lack in enumerate(LACKS)
    for number, action in enumerate(ACTIONS)
    for facade, layout in FACADES.items()
    if examples.is_full() or (at + number) % 2 == list(FACADES).index(facade)
]


@pytest.mark.parametrize(("lack", "action", "template"), _DONE, indirect=["template"])
def test_every_act_is_done_and_undone(
    lack: Callable, action: Action, template: Path, monkeypatch: pytest.MonkeyPatch
):
    lack(monkeypatch)
    store = open_store(template)
    action.before(store)
    before, count = picture(template), len(store.acts())
    action.does(store)
    assert picture(template) != before
    if len(store.acts()) > count:
        store.undo()
        assert picture(template)[:2] == before[:2]
    assert_clean(template)


_KILLED = [
    *((lack, name) for lack in (without_links, without_both)
      for name in ("delete all", "edit all", "undo an edit", "bring back")),
    (without_exchange, "save over"), (without_exchange, "append"), (without_both, "save over"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lack", "name"), _KILLED, ids=[f"{name}-{lack.__name__}" for lack, name in _KILLED]
)
def test_killed_at_any_step_it_is_there_whole_or_not_at_all(
    lack: Callable,
    name: str,
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    strides: Callable[[int], int],
):
    lack(monkeypatch)
    (action,) = [each for each in ACTIONS if each.name == name]
    done = fresh_copy(template, tmp_path / "done", action)
    before = picture(done)
    action.does(open_store(done))
    after = picture(done)
    step, killed = 0, True
    while killed:
        root = fresh_copy(template, tmp_path / f"run{step}", action)
        originals = contents(root)
        killed = killed_at(step, lambda root=root: action.does(open_store(root)))
        open_store(root)
        assert picture(root)[:2] in (before[:2], after[:2]), f"killed at {step}"
        if not action.loses:
            nothing_is_lost(originals, root)
        assert_clean(root)
        step += strides(8)
    assert step > 5


def test_verify_says_what_a_file_system_lacks(template: Path, monkeypatch: pytest.MonkeyPatch):
    def codes() -> set[str]:
        reports = verify_store(open_store(template))
        return {finding.code for report in reports for finding in report.findings}

    before = sorted(os.listdir(template / "trash"))
    assert "no-exchange" not in codes()
    without_exchange(monkeypatch)
    assert "no-exchange" in codes()
    assert sorted(os.listdir(template / "trash")) == before


_ON_ANOTHER = """
import sys
from agcx_format import PersistenceError, open_store
from agcx_format.doctor import verify_store

store = open_store(sys.argv[1])
before = [entry.id for entry in store.scan()]
for act in (store.delete, lambda entries: store.update_metadata(entries[0].id, title="Other")):
    try:
        act(list(store.scan()))
    except PersistenceError as error:
        print(error)
assert [entry.id for entry in store.scan()] == before
for report in verify_store(store):
    for finding in report.findings:
        print(finding.code, finding.reason)
"""


def test_a_trash_on_another_file_system_is_said_and_nothing_is_lost(template: Path):
    before = contents(template)
    inside = 'mount -t tmpfs none "$1/trash" && exec "$2" -c "$3" "$1"'
    command = [
        "unshare",
        "--mount",
        *([] if os.geteuid() == 0 else ["--map-root-user"]),
        "sh",
        "-c",
    ]
    try:
        subprocess.run([*command, "mount -t tmpfs none /tmp"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not possible here")
    (template / "trash").mkdir(exist_ok=True)
    done = subprocess.run(
        [*command, inside, "sh", str(template), sys.executable, _ON_ANOTHER],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert sum("one of its folders is on another file system" in line for line in said) == 2, said
    assert "other-file-system trash is on another file system: nothing in it can be changed" in said
    assert contents(template) == before


@pytest.mark.parametrize("is_real", [False, True], ids=["emulated", "overlay"])
def test_what_was_deleted_in_a_lower_layer_is_restored_from_the_trash(
    is_real: bool, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A store in the image of a container: its files can be moved, but none of its folders."""
    open_store(template).delete(list(open_store(template).scan()))
    upper, point = tmp_path / "upper", tmp_path / "point"
    if is_real:
        for folder in (upper, tmp_path / "work", point):
            folder.mkdir()
        layers = f"lowerdir={template},upperdir={upper},workdir={tmp_path / 'work'}"
        mount = ["mount", "-t", "overlay", "-o", layers, "none", str(point)]
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no overlay is to be had here: {done.stderr.strip()}")
    else:
        point, rename = template, os.rename

        def files_only(old: str, new: str, **folders: int) -> None:
            if stat.S_ISDIR(os.stat(old, dir_fd=folders.get("src_dir_fd")).st_mode):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            rename(old, new, **folders)

        monkeypatch.setattr(os, "rename", files_only)
    try:
        store = open_store(point)
        for change in (store.undo, store.empty_trash):
            with pytest.raises(PersistenceError, match="lower layer .* restored from the trash"):
                change()
        assert len(store.trash()) == 2
        if is_real:
            # A folder that is made here can be renamed.
            store.restore(store.trash())
            assert {entry.id for entry in store.scan()} == {A, B}
            store.undo()
            assert len(store.trash()) == 2
    finally:
        if is_real:
            subprocess.run(["umount", str(point)], check=True)


# How each is made and mounted, with the names of an image and of a directory for it.
MADE_BY = {
    "vfat": [["mkfs.vfat", "IMAGE"], ["mount", "-o", "loop", "IMAGE", "POINT"]],
    "exfat": [
        ["mkfs.exfat", "IMAGE"],
        ["mount", "-t", "exfat-fuse", "-o", "loop", "IMAGE", "POINT"],
    ],
    "casefold": [
        ["mkfs.ext4", "-q", "-O", "casefold", "IMAGE"],
        ["mount", "-o", "loop", "IMAGE", "POINT"],
        ["chattr", "+F", "POINT/in"],
    ],
}


class Disk:
    """A file system in a file; a test that cannot have it is skipped."""

    def __init__(self, folder: Path, name: str) -> None:
        self._image, self._point = folder / "image", folder / "point"
        make, self._mount, *self._more = MADE_BY[name]
        with open(self._image, "wb") as image:
            image.truncate(16 << 20)
        self._point.mkdir()
        self._run(make)
        self.mount()
        self.root = self._point / "in"
        self.root.mkdir()
        for command in self._more:
            self._run(command)

    def _run(self, command: list[str]) -> None:
        places = {"IMAGE": str(self._image), "POINT": str(self._point)}
        words = [places.get(word, word.replace("POINT", places["POINT"])) for word in command]
        try:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip(f"{command[0]} is not installed")
        if done.returncode != 0:
            self.unmount()
            pytest.skip(f"not to be had here: {done.stderr.strip()}")

    def mount(self) -> None:
        self._run(self._mount)

    def unmount(self) -> None:
        subprocess.run(["umount", str(self._point)], capture_output=True, check=False)


@pytest.mark.parametrize("name", MADE_BY)
def test_a_disk_of_another_kind(name: str, tmp_path: Path):
    """Names in any case, no links, times to two seconds, inodes without lasting numbers: each has some."""
    disk = Disk(tmp_path, name)
    try:
        for facade, layout in FACADES.items():
            store = facade(disk.root / layout)
            for session_id in (A, B):
                store.save_session(session_id, *session(session_id, 1, 1000))
            store.checkpoints.create(store.resolve(str(A)), "kept")
            store.rebuild_index()
            before = picture(store.path)
            store.delete([store.resolve(str(A))])
            assert [entry.id for entry in store.scan()] == [B]
            assert (store.checkpoints.all(), set(store.load_index().sessions)) == ([], {B})
            store.undo()
            assert picture(store.path) == before
            store.convert(list(store.scan()), 3 - store.resolve(str(A)).layout)
        disk.unmount()
        disk.mount()
        for layout in FACADES.values():
            store = open_store(disk.root / layout)
            store.undo()
            assert {entry.id for entry in store.scan() if entry.error is None} == {A, B}
            assert_clean(store.path)
    finally:
        disk.unmount()
