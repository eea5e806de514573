"""`agcx redact`: take secrets and other texts out of sessions, their checkpoints and edit histories.

Strategy: all finds are listed, then one question is asked, and exactly what was listed is replaced, in one
act.  The versions with the secrets are in the trash then, so the command ends with the offer to destroy
those; without that it says that they are still there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from agcx_format.errors import PersistenceError
from agcx_format.transcript import safe_line
from agcx_tui.cli.changing.change import force_option, may_change
from agcx_tui.cli.changing.destroying import destroy
from agcx_tui.cli.common import (
    Filled,
    Settings,
    confirm,
    even_unread,
    pass_settings,
    print_json,
    sessions_argument,
    store_option,
    tell,
    typed_word,
)
from agcx_tui.core.local.paths import state_directory
from agcx_tui.core.words.format import counted, shortened, size

if TYPE_CHECKING:
    from agcx_format import Act, ScanEntry, Store
    from agcx_format.redaction import Find, Placeholders
    from agcx_format.store import Review, ReviewedFile

_PLACES_SHOWN = 5
_TITLE_WIDTH = 40


@click.command(short_help="Remove secrets and texts from sessions.")
@sessions_argument()
@click.option("--secrets", is_flag=True, help="What looks like a password, a key, or a token.")
@click.option(
    "--personal", is_flag=True, help="With --secrets: also email addresses and home directories."
)
@click.option(
    "--text",
    "texts",
    type=Filled(),
    metavar="TEXT",
    multiple=True,
    help="This text, wherever it occurs; may be repeated.",
)
@click.option(
    "--with",
    "instead",
    type=Filled(),
    metavar="TEXT",
    multiple=True,
    help="What replaces --text: one for all, or one for each; by default a placeholder.",
)
@click.option(
    "--keep",
    "kept",
    type=Filled(),
    metavar="TEXT",
    multiple=True,
    help="Keep this text, which looks like a secret but is not; may be repeated.",
)
@click.option("--dry-run", is_flag=True, help="List what was found; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="The list as one JSON object per line.")
@click.option("--yes", is_flag=True, help="Do not ask before replacing.")
@click.option("--empty", is_flag=True, help="With --yes: destroy the versions with the secrets.")
@force_option
@store_option
@pass_settings
def redact(
    settings: Settings,
    sessions: tuple[str, ...],
    secrets: bool,
    personal: bool,
    texts: tuple[str, ...],
    instead: tuple[str, ...],
    kept: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
    yes: bool,
    empty: bool,
    force: bool,
) -> None:
    """Remove secrets and texts from sessions, their checkpoints and edit histories.

    Other sessions may hold the same text: `agcx search` finds them. Images and encrypted reasoning
    are not searched. `agcx undo` undoes it until the old versions are destroyed.
    """
    if not (secrets or texts):
        raise click.UsageError("name what to replace: --secrets, --text TEXT")
    if personal and not secrets:
        raise click.UsageError("--personal needs --secrets")
    if empty and not yes:
        raise click.UsageError("--empty needs --yes; without --yes you are asked")
    wanted = _replacements(texts, instead)
    store = settings.store()
    entries = settings.find(store, sessions)
    if not entries:
        return
    found = _reviewed(settings, store, entries, secrets, personal, wanted)
    found = found.hiding(lambda find: find.secret not in kept)
    with even_unread():
        _show(found, as_json)
    tell(_amount(found) if len(found) else "Nothing was found.")
    if dry_run or not len(found):
        return
    affected = [file.session for file in found.files if file.finds]
    if not force and not may_change(settings, store.at_work(affected, time.time_ns())):
        return
    if not yes and not confirm(f"Replace {_amount(found)}?"):
        settings.failed("nothing was changed: not confirmed (--yes skips the question)")
        return
    act = store.content.redact(found)
    # Who removes a text has often searched for it.
    from agcx_tui.core.local.searches import LastSearches

    LastSearches(state_directory()).forget(find.secret for _, find in found.finds)
    tell(f"Replaced {_amount(found)}. Undo with: agcx undo")
    _offer_emptying(settings, store, act, yes, empty)


def _replacements(texts: Sequence[str], instead: Sequence[str]) -> dict[str, str | None]:
    if len(instead) not in (0, 1, len(texts)):
        raise click.UsageError("give --with once, or as often as --text")
    if instead and not texts:
        raise click.UsageError("--with needs --text")
    if len(instead) == 1:
        return dict.fromkeys(texts, instead[0])
    return dict(zip(texts, instead, strict=True)) if instead else dict.fromkeys(texts)


def _reviewed(
    settings: Settings,
    store: Store,
    entries: Sequence[ScanEntry],
    secrets: bool,
    personal: bool,
    texts: dict[str, str | None],
) -> Review:
    """What was found; a session with an unreadable file is reported, and is not changed."""
    from agcx_format.store import Review

    chosen: dict[str, str] = {}
    files: list[ReviewedFile] = []
    for entry in entries:
        try:
            one = store.content.review([entry], secrets=secrets, personal=personal, texts=texts)
        except PersistenceError as error:
            settings.failed(f"{error}; nothing of this session was changed")
        else:
            files += one.files
            chosen |= one.chosen
    return Review(tuple(files), chosen)


# --- what was found


def _show(found: Review, as_json: bool) -> None:
    placeholders = found.placeholders()
    if as_json:
        for file, find in found.finds:
            print_json(_facts(file, find, placeholders))
    else:
        click.echo("".join(f"{line}\n" for line in _lines(found, placeholders)), nl=False)


def _facts(file: ReviewedFile, find: Find, placeholders: Placeholders) -> dict[str, Any]:
    entry = file.session
    return {
        "session": str(entry.id) if entry.id else None,
        "path": entry.path,
        "title": entry.title,
        "checkpoint": file.checkpoint and file.name,
        "kind": find.kind,
        "part": find.part,
        "message": None if find.message is None else find.message + 1,
        "field": find.field,
        "line": find.line,
        "excerpt": find.excerpt,
        "column": find.column,
        "placeholder": placeholders.of(find.kind, find.secret),
    }


def _lines(found: Review, placeholders: Placeholders) -> Iterator[str]:
    """Each secret with what will replace it, and the first places where it is."""
    by_secret: dict[tuple[str, str], list[tuple[ReviewedFile, Find]]] = {}
    for file, find in found.finds:
        by_secret.setdefault((find.kind, find.secret), []).append((file, find))
    for (kind, secret), places in by_secret.items():
        where = counted(len(places), "place")
        yield safe_line(f"{kind}: {where}, becomes {placeholders.of(kind, secret)}")
        for file, find in places[:_PLACES_SHOWN]:
            yield safe_line(f"  {_place(file, find)}: {find.excerpt.strip()}")
        if len(places) > _PLACES_SHOWN:
            yield f"  … and {len(places) - _PLACES_SHOWN:,} more"


def _place(file: ReviewedFile, find: Find) -> str:
    words = [f"“{shortened(file.session.title.strip() or '(no title)', _TITLE_WIDTH)}”"]
    if file.checkpoint is not None:
        words.append(f"checkpoint {file.name}" if file.name else "a checkpoint")
    words.append(find.part if find.message is None else f"message {find.message + 1:,}")
    return ", ".join([*words, find.field])


def _amount(found: Review) -> str:
    files = [file for file in found.files if file.finds]
    sessions = len({file.session.path for file in files})
    checkpoints = sum(file.checkpoint is not None for file in files)
    words = f"{counted(len(found), 'place')} in {counted(sessions, 'session')}"
    return words + (f" and {counted(checkpoints, 'checkpoint')}" if checkpoints else "")


# --- what the trash still holds


def _offer_emptying(settings: Settings, store: Store, act: Act, yes: bool, empty: bool) -> None:
    from agcx_format.store import trashed
    from agcx_tui.core.words.deletion import destroyed_sessions

    acts = store.content.holding(act)
    sessions = list(trashed(store.path, acts))
    what = f"the old versions and the undo of {counted(len(acts), 'change')}"
    if sessions:
        what += f", with {destroyed_sessions(sessions)}"
    if not empty and (yes or not typed_word(f"The trash still has it. Destroy {what}, for good?")):
        tell(f"The trash still has it: agcx trash empty destroys {what}.")
        return
    destroy(
        store,
        lambda: store.destroy(acts),
        lambda gone: tell(f"Destroyed {what}; {size(gone.size)} freed."),
    )
