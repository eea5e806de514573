"""Every change that a person makes, as one journaled act that can be undone.

Strategy: an act is a directory below `trash/` of the store whose name carries its state (`journal.py`
tells which there are).  The manifest and all new content are synced before the first file moves,
all directories before the act is marked done.  However many sessions an act has, it costs one
manifest and a handful of syncs.  What a crash leaves is seen from the files alone, so that
recovery, itself interrupted, can begin again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from agcx_format.durable import (
    Signature,
    is_still,
    naming,
    replace_file,
    sync_directory,
    write_file,
)
from agcx_format.errors import NothingToUndo, StaleSession, UndoConflict
from agcx_format.journal import (
    EMPTIED,
    EMPTYING,
    MANIFEST,
    PENDING,
    UNDOING,
    UNDONE,
    Act,
    ActSession,
    Edit,
    Step,
    folders_of,
    iter_acts,
    manifest,
    next_moment,
    read_act,
    read_acts,
    stamp,
    unfinished,
)
from agcx_format.places import TRASH
from agcx_format.timestamps import Timestamp

__all__ = [
    "Act", "ActSession", "Edit", "Step", "destroy", "perform", "read_acts", "recover", "undo", "unfinished",
]  # fmt: skip

_KEPT = ("files", "before", "new", "undone")


def perform(
    root: Path,
    kind: str,
    steps: Sequence[Step],
    sessions: Iterable[ActSession],
    edit: Edit | None = None,
) -> Act:
    """Do all of `steps`, or none; the store must be locked.  `edit` is what the log tells of an edit.

    `StaleSession` when a file is not as expected; `StoreNotWritable` and other errors of the system
    are raised after what was begun has been taken back.
    """
    base = os.fspath(root)
    for step in steps:
        _check_expected(base, step)
    moment = next_moment(root)
    act_id = f"{stamp(moment)}-{kind}-{os.urandom(3).hex()}"
    home = root / TRASH / (act_id + PENDING)
    with naming(root):
        _make(home)
        try:
            inside = os.fspath(home)
            ready = [_prepare(base, inside, step) for step in steps]
            act = Act(act_id, kind, moment, tuple(sessions), tuple(ready), edit=edit)
            write_file(home / MANIFEST, [manifest(act)])
            _sync_tree(home, root)
            for step in ready:
                _do(base, inside, step)
            _sync_parents(root, home, ready)
            _rename(home, act_id)
        except BaseException:
            _take_back(root, home)
            raise
    return act


def undo(root: Path, act_id: str | None = None) -> Act:
    """Take back an act, by default the last; the store must be locked.

    `NothingToUndo` when there is none; `UndoConflict` names what is in the way, and then nothing changed.
    """
    found = (act for act in iter_acts(root) if act.can_be_undone and act_id in (None, act.id))
    act = next(found, None)
    if act is None:
        raise NothingToUndo("nothing is left to undo", path=root)
    home = root / TRASH / act.id
    base, moved, before = os.fspath(root), _kept(home, "files", act), _kept(home, "before", act)
    conflicts = [step.path for step in act.steps if _conflicts(base, moved, before, step)]
    if conflicts:
        more = f" and {len(conflicts) - 1} more" if len(conflicts) > 1 else ""
        raise UndoConflict(
            f"it changed after the act of {act.created_at}{more}", path=f"{base}/{conflicts[0]}"
        )
    with naming(root):
        home = _rename(home, act.id + UNDOING)
        _finish_undo(root, home, act)
    return act


def destroy(root: Path, acts: Iterable[Act]) -> int:
    """Destroy for good what these acts kept; gives the bytes that came free.  The store must be locked.

    What is left of each is that it was, with no title in it.  A crash leaves acts that are
    wholly there or will be gone: recovery carries on.
    """
    freed = 0
    with naming(root):
        homes = []
        for act in acts:
            home = root / TRASH / (act.id + (UNDONE if act.undone else ""))
            homes.append(home.with_name(home.name + EMPTYING))
            os.rename(home, homes[-1])
        if homes:
            sync_directory(root / TRASH)
        for home in homes:
            freed += _bytes_of(home)
            _finish_emptying(home)
        if homes:
            sync_directory(root / TRASH)
    return freed


def recover(root: Path) -> list[Path]:
    """Set right what a crash left: pending acts are taken back, what else was begun is finished.

    The store must be locked.  Gives the directories that it dealt with.
    """
    found = []
    for home in unfinished(root):
        found.append(home)
        with naming(root):
            if home.name.endswith(PENDING):
                _take_back(root, home)
            elif home.name.endswith(EMPTYING):
                # What cannot be removed now must not keep anybody from the store.
                with contextlib.suppress(OSError):
                    _finish_emptying(home)
                    sync_directory(root / TRASH)
            else:
                act = read_act(home)
                if act is not None:
                    _finish_undo(root, home, act)
    return found


# --- one step forward


def _check_expected(root: str, step: Step) -> None:
    if step.op in ("create", "bring") and Signature.at(f"{root}/{step.path}") is not None:
        raise StaleSession("something is there already", path=f"{root}/{step.path}")
    read = step.source if step.source is not None else step.path
    if step.expected is not None and not is_still(f"{root}/{read}", step.expected):
        raise StaleSession("it changed since it was read", path=f"{root}/{read}")


def _prepare(root: str, home: str, step: Step) -> Step:
    """Write the new content aside; then what its signature will be is known."""
    if step.op == "move":
        return Step(step.op, step.path)
    if step.source is not None:
        after = Signature.at(f"{root}/{step.source}")
        return Step(step.op, step.path, after=after, source=step.source)
    new = f"{home}/new/{step.path}"
    _make(os.path.dirname(new))
    after = write_file(Path(new), step.parts, like=Path(f"{root}/{step.path}"))
    return Step(step.op, step.path, after=after, derived=step.derived)


def _do(root: str, home: str, step: Step) -> None:
    target = f"{root}/{step.path}"
    if step.op == "move":
        _move(target, f"{home}/files/{step.path}", _make)
        return
    if step.op == "replace":
        # The old file gets a second name first, so that the target is never missing.
        _link(target, f"{home}/before/{step.path}")
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.rename(f"{root}/{step.source}" if step.source else f"{home}/new/{step.path}", target)


# --- back again


def _take_back(root: Path, home: Path) -> None:
    """Undo what was done of a pending act; the steps are such that each can be told from the files."""
    act = read_act(home)
    base, inside = os.fspath(root), os.fspath(home)
    for step in reversed(act.steps if act else ()):
        target, now = f"{base}/{step.path}", Signature.at(f"{base}/{step.path}")
        moved, before = f"{inside}/files/{step.path}", f"{inside}/before/{step.path}"
        if step.op == "move" and os.path.lexists(moved):
            if now is not None:
                # Somebody saved it anew: both are worth keeping, the act stays as it is.
                _rename(home, home.name.removesuffix(PENDING))
                return
            os.rename(moved, target)
        elif step.op == "replace" and os.path.lexists(before):
            if now in (None, step.after):
                os.rename(before, target)
        elif step.op == "create" and now is not None and now == step.after:
            os.unlink(target)
        elif step.op == "bring":
            _put_back(base, step, now)
    if act:
        _sync_parents(root, home, act.steps)
    if any(files for _, _, files in os.walk(home / "files")):
        # Without a manifest that can be read nobody knows where these belong; they stay.
        return
    shutil.rmtree(home, ignore_errors=True)
    with contextlib.suppress(OSError):
        sync_directory(root / TRASH)


def _kept(home: Path, side: str, act: Act) -> set[str]:
    """What lies in a part of an act's directory, of the folders that the act had to do with.

    A look into each folder, where one at each of a thousand files takes ten times as long.
    """
    found: set[str] = set()
    for folder in folders_of(step.path for step in act.steps):
        with contextlib.suppress(OSError):
            within = f"{folder}/" if folder else ""
            found.update(within + name for name in os.listdir(home / side / folder))
    return found


def _conflicts(root: str, moved: set[str], before: set[str], step: Step) -> bool:
    now = Signature.at(f"{root}/{step.path}")
    if step.derived:
        return False
    if step.op == "move":
        return now is not None or step.path not in moved
    if step.op == "replace":
        return now != step.after or step.path not in before
    if step.source is not None and os.path.lexists(f"{root}/{step.source}"):
        return True
    return now != step.after


def _finish_undo(root: Path, home: Path, act: Act) -> None:
    base, inside = os.fspath(root), os.fspath(home)
    for step in reversed(act.steps):
        _undo_step(base, inside, step)
    _sync_parents(root, home, act.steps)
    _rename(home, act.id + UNDONE)


def _undo_step(root: str, home: str, step: Step) -> None:
    """Each can be begun again after a crash: it looks at what is there."""
    target, now = f"{root}/{step.path}", Signature.at(f"{root}/{step.path}")
    if step.op == "move":
        if now is None:
            # It may be back already.
            with contextlib.suppress(FileNotFoundError):
                _move(f"{home}/files/{step.path}", target, _make_in_store)
    elif step.op == "replace":
        before = f"{home}/before/{step.path}"
        if os.path.lexists(before) and now in (None, step.after):
            if now is not None:
                _link(target, f"{home}/undone/{step.path}")
            os.rename(before, target)
    elif step.op == "bring":
        _put_back(root, step, now)
    elif now is not None and now == step.after:
        _move(target, f"{home}/undone/{step.path}", _make)


def _put_back(root: str, step: Step, now: Signature | None) -> None:
    """What was brought goes into the trash again, to the very place that it had there."""
    source = f"{root}/{step.source}"
    if now is not None and now == step.after and not os.path.lexists(source):
        _move(f"{root}/{step.path}", source, _make)


# --- for good


def _finish_emptying(home: Path) -> None:
    """Each step can be done again after a crash; the caller syncs the trash."""
    act = read_act(home)
    if act is not None and act.emptied_at is None:
        bare = tuple(ActSession("", "", session.size) for session in act.sessions)
        left = replace(act, sessions=bare, steps=(), emptied_at=Timestamp.now(), edit=None)
        replace_file(home / MANIFEST, [manifest(left)])
    for name in os.listdir(home):
        # The manifest alone stays: leftovers of its own writing go as well.
        if name != MANIFEST:
            _remove(home / name)
    sync_directory(home)
    os.rename(home, home.with_name(home.name.removesuffix(EMPTYING) + EMPTIED))


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _bytes_of(home: Path) -> int:
    """What removing a directory sets free: a file that has another name too stays."""
    size = 0
    for folder, _, names in os.walk(home):
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            size += status.st_size if status.st_nlink == 1 else 0
    return size


# --- files and names: texts, since joining a thousand `Path`s takes longer than moving the files


def _move(source: str, target: str, make: Callable[[str], None]) -> None:
    """Rename; only when a folder turns out to be missing is it looked for and made."""
    try:
        os.rename(source, target)
    except FileNotFoundError:
        make(os.path.dirname(target))
        os.rename(source, target)


def _link(source: str, target: str) -> None:
    _make(os.path.dirname(target))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(target)
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        # A file system without hard links.
        shutil.copy2(source, target, follow_symlinks=False)


def _make(directory: str | Path) -> None:
    """What was deleted is readable by its owner alone, whatever the store's mode."""
    if not os.path.isdir(directory):
        # `makedirs` would give the parents the usual mode.
        _make(os.path.dirname(directory))
        with contextlib.suppress(FileExistsError):
            os.mkdir(directory, mode=0o700)


def _make_in_store(directory: str) -> None:
    os.makedirs(directory, exist_ok=True)


def _rename(home: Path, name: str) -> Path:
    target = home.with_name(name)
    os.rename(home, target)
    sync_directory(home.parent)
    return target


def _sync_tree(home: Path, root: Path) -> None:
    """The new act with all in it, and the names that lead to it."""
    for directory, _, _ in os.walk(home):
        sync_directory(directory)
    sync_directory(root / TRASH)
    sync_directory(root)


def _sync_parents(root: Path, home: Path, steps: Sequence[Step]) -> None:
    within = folders_of(step.path for step in steps)
    within |= folders_of(step.source for step in steps if step.source is not None)
    base, inside = os.fspath(root), os.fspath(home)
    folders = {f"{base}/{folder}" for folder in within}
    folders |= {f"{inside}/{side}/{folder}" for side in _KEPT for folder in within}
    for folder in folders:
        if os.path.isdir(folder):
            sync_directory(folder)
