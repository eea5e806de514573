"""`agcx backup`: a store in one archive, added to by each backup; list, verify, and restore.

Strategy: the library writes and reads the archive.  A session that cannot be backed up is reported and the
others are; one that is there in another version is restored only with --replace, which can be undone.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agcx_format.transcript import safe_line
from agcx_tui.cli.common import (
    Command,
    Filled,
    Settings,
    even_unread,
    pass_settings,
    print_json,
    store_option,
    tell,
)
from agcx_tui.core.words.format import counted, shortened, size

if TYPE_CHECKING:
    from agcx_format.store import Archive, Backup, BackupSession, Store

_TITLE_WIDTH = 60
RESTORED, PRESENT, SKIPPED = "restored", "already there", "skipped"


class _Backup(click.Group):
    """A group that passes a file in place of a command to the command that makes a backup."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            return create.name, create, args
        return super().resolve_command(ctx, args)


@click.group(cls=_Backup, short_help="Back up sessions to one archive, and restore them.")
def backup() -> None:
    """Back up sessions with their checkpoints to FILE, and restore them.

    `agcx backup FILE` is short for `agcx backup create FILE`. A second backup to the same FILE adds only
    what is new; those before it stay. FILE is a tar archive. The trash is not backed up.
    """


def _file_argument(*, exists: bool) -> Callable[[Command], Command]:
    kind = click.Path(exists=exists, dir_okay=False, path_type=Path)
    return click.argument("file", metavar="FILE", type=Filled(kind))


@backup.command(short_help="Back up all sessions, or these, to FILE.")
@_file_argument(exists=False)
@click.argument("sessions", metavar="[SESSION]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@store_option
@pass_settings
def create(settings: Settings, file: Path, sessions: tuple[str, ...], as_json: bool) -> None:
    """Back up sessions, by default all, with their checkpoints.

    FILE is created, or what is new is added to it. What was written is read again and compared.
    """
    store = settings.store()
    if not store.path.exists():
        # A nightly backup that finds no store must not look like one that worked.
        settings.failed("nothing to back up")
        return
    entries = settings.find(store, sessions) if sessions else None
    if sessions and not entries:
        return
    done = store.back_up(file, entries, _progress())
    for each in done.backup.failures:
        settings.failed(f"{each.path}: {each.reason}")
    if as_json:
        print_json(_facts(done.id, done.backup) | {"new_bytes": done.new_bytes})
    new = f", {size(done.new_bytes)} of them new" if done.new_bytes < done.backup.size else ""
    tell(f"{file}: {_amount(done.backup)} backed up{new}")


def _progress() -> Callable[[int, int], None]:
    """Shows how far it is where a person looks on."""
    if not sys.stderr.isatty():
        return lambda done, total: None

    def show(done: int, total: int) -> None:
        end = "\r" if done < total else "\r\x1b[K"
        click.echo(f"{done:,} of {total:,} sessions{end}", err=True, nl=False)

    return show


@backup.command("list", short_help="List the backups in FILE, or the sessions of one.")
@_file_argument(exists=True)
@click.option("--sessions", "of_sessions", is_flag=True, help="The sessions of one backup.")
@click.option(
    "--backup", "name", metavar="BACKUP", type=Filled(), help="Which backup; by default the last."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@pass_settings
def list_(
    settings: Settings, file: Path, of_sessions: bool, name: str | None, as_json: bool
) -> None:
    """List the backups in FILE, the oldest first, or the sessions of one."""
    from agcx_format.store import Archive

    with Archive(file) as archive:
        if archive.damage is not None:
            settings.failed(f"{archive.damage.located(path=file)}")
        if of_sessions or name is not None:
            _list_sessions(_chosen(archive, name)[1], as_json)
            return
        for backup_id in archive.backups:
            found = archive.read(backup_id)
            if as_json:
                print_json(_facts(backup_id, found))
            else:
                click.echo(safe_line(f"{backup_id}  {_amount(found)}  {found.store}"))
        tell(counted(len(archive.backups), "backup"))


def _list_sessions(found: Backup, as_json: bool) -> None:
    for session in found.sessions:
        if as_json:
            print_json(_session_facts(session))
        else:
            name = str(session.id)[:8] if session.id else ""
            click.echo(f"{name:8}  {size(session.size):>7}  {_title(session)}")
    tell(_amount(found))


@backup.command()
@_file_argument(exists=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_settings
def verify(settings: Settings, file: Path, as_json: bool) -> None:
    """Read all of FILE, and compare every object with its checksum."""
    from agcx_format.store import verify_backup

    report = verify_backup(file)
    for problem in report.problems:
        settings.failed(problem)
    if as_json:
        print_json(
            {
                "path": str(file),
                "backups": report.backups,
                "objects": report.objects,
                "bytes": report.size,
                "problems": [str(problem) for problem in report.problems],
            }
        )
    what = f"{counted(report.backups, 'backup')}, {counted(report.objects, 'object')}"
    state = counted(len(report.problems), "problem") if report.problems else "all whole"
    tell(f"{file}: {what}, {size(report.size)}: {state}")


@backup.command(short_help="Restore sessions from FILE.")
@_file_argument(exists=True)
@click.argument("sessions", metavar="[SESSION]...", nargs=-1)
@click.option(
    "--to",
    "target",
    metavar="STORE",
    type=Filled(click.Path(file_okay=False, path_type=Path)),
    help="The store to restore to; created if it does not exist. By default --store.",
)
@click.option(
    "--backup", "name", metavar="BACKUP", type=Filled(), help="Which backup; by default the last."
)
@click.option("--replace", is_flag=True, help="Also replace other versions; they go to the trash.")
@click.option("--dry-run", is_flag=True, help="Show what would be restored; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per session, one per line.")
@store_option
@pass_settings
def restore(
    settings: Settings,
    file: Path,
    sessions: tuple[str, ...],
    target: Path | None,
    name: str | None,
    replace: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Restore sessions, by default all, byte for byte, with their checkpoints.

    Sessions that exist stay as they are; `agcx undo` removes the restored ones.
    """
    from agcx_format import open_store
    from agcx_format.store import Archive

    store = open_store(target if target is not None else settings.location.path)
    with Archive(file) as archive:
        found = _chosen(archive, name)[1]
        chosen = _named(settings, found, sessions) if sessions else found.sessions
        seen = list(store.scan()) if replace else None
        wanted = _reviewed(settings, store, archive, chosen, replace, as_json)
        others = [] if sessions else found.others
        if not dry_run and (wanted or others):
            act = store.restore_backup(archive, wanted, others, seen)
            if act.id:
                where = "" if target is None else f" --store {shlex.quote(str(target))}"
                tell(f"{_counted(wanted)} restored. Undo with: agcx undo{where}")
                return
        tell(f"{_counted(wanted)} {'would be restored' if dry_run else 'to restore'}")


def _reviewed(
    settings: Settings,
    store: Store,
    archive: Archive,
    sessions: Iterable[BackupSession],
    replace: bool,
    as_json: bool,
) -> list[BackupSession]:
    """The sessions to restore; what becomes of each is printed."""
    from agcx_format import PersistenceError
    from agcx_format.store import Presence, check_objects, presence

    wanted = []
    for session in sessions:
        reason = ""
        try:
            there = presence(store.path, session)
            outcome = PRESENT if there is Presence.SAME else RESTORED
            if there is Presence.DIFFERENT and not replace:
                outcome, reason = SKIPPED, "another version is in the store; --replace replaces it"
            elif outcome == RESTORED:
                # One that is damaged must not keep the others from coming back.
                check_objects(archive, session)
        except PersistenceError as error:
            outcome, reason = SKIPPED, str(error)
        if outcome == SKIPPED:
            settings.status = 1
        if outcome == RESTORED:
            wanted.append(session)
        with even_unread():
            _print(session, outcome, reason, as_json)
    return wanted


def _print(session: BackupSession, outcome: str, reason: str, as_json: bool) -> None:
    if as_json:
        print_json(_session_facts(session) | {"outcome": outcome, "reason": reason or None})
    elif outcome != PRESENT:
        note = f" ({reason})" if reason else ""
        click.echo(safe_line(f"{outcome:>8}  {_title(session)}{note}"))


def _chosen(archive: Archive, name: str | None) -> tuple[str, Backup]:
    """The last backup of an archive, or the one whose id begins so."""
    fitting = [each for each in archive.backups if name is None or each.startswith(name)]
    if not fitting:
        which = "finished backup" if name is None else f"backup {name!r}"
        raise click.UsageError(f"{safe_line(archive.path)} has no {which}")
    if name is not None and len(fitting) > 1 and name not in fitting:
        raise click.UsageError(f"{len(fitting)} backups begin with {name!r}")
    chosen = name if name in fitting else fitting[-1]
    assert chosen is not None
    return chosen, archive.read(chosen)


def _named(settings: Settings, found: Backup, names: Iterable[str]) -> list[BackupSession]:
    """The sessions of a backup with these ids, or beginnings of ids."""
    from agcx_format.store import SHORTEST_PREFIX

    chosen: dict[str, BackupSession] = {}
    for name in names:
        fitting = [
            each
            for each in found.sessions
            if name == each.file.path
            or (len(name) >= SHORTEST_PREFIX and str(each.id or "").startswith(name.lower()))
        ]
        if len(fitting) == 1:
            chosen[fitting[0].file.path] = fitting[0]
        else:
            what = f"{len(fitting)} sessions" if fitting else "no session"
            settings.failed(f"{what} named {name!r} in the backup")
    return list(chosen.values())


def _facts(backup_id: str, found: Backup) -> dict[str, Any]:
    return {
        "backup": backup_id,
        "created_at": found.created_at,
        "store": found.store,
        "sessions": len(found.sessions),
        "checkpoints": sum(len(each.checkpoints) for each in found.sessions) + len(found.others),
        "bytes": found.size,
        "failed": [{"path": each.path, "reason": each.reason} for each in found.failures],
    }


def _session_facts(session: BackupSession) -> dict[str, Any]:
    return {
        "id": str(session.id) if session.id else None,
        "title": session.title,
        "path": session.file.path,
        "updated_at": session.updated_at or None,
        "messages": session.messages,
        "bytes": session.size,
        "checkpoints": len(session.checkpoints),
    }


def _amount(found: Backup) -> str:
    return f"{counted(len(found.sessions), 'session')} ({size(found.size)})"


def _counted(sessions: list[BackupSession]) -> str:
    total = size(sum(each.size for each in sessions))
    return f"{counted(len(sessions), 'session')} ({total})"


def _title(session: BackupSession) -> str:
    return shortened(safe_line(session.title or session.file.path).strip(), _TITLE_WIDTH)
