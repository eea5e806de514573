"""`agcx repair`: write what can be recovered from damaged files to new ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from agcx_format.transcript import safe_line
from agcx_tui.cli.common import (
    Filled,
    Settings,
    complete_session,
    even_unread,
    pass_settings,
    store_option,
    tell,
)

if TYPE_CHECKING:
    from agcx_format.doctor import Repair


@click.command(short_help="Recover what can be read of damaged sessions.")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, shell_complete=complete_session
)
@click.option(
    "-o",
    "--output",
    type=Filled(click.Path()),
    metavar="DIR",
    required=True,
    help="Where the new files go.",
)
@store_option
@pass_settings
def repair(settings: Settings, paths: tuple[str, ...], output: str) -> None:
    """Recover what can be read of damaged sessions into new files, and report what is lost.

    A PATH may also be the id of a session in the store, or a checkpoint, which becomes a session.
    The damaged file is not changed, and no existing file is overwritten. Exit status 1 if one of
    them could not be recovered.
    """
    from agcx_format.doctor import repair_file
    from agcx_format.errors import CorruptData, PersistenceError

    for name in paths:
        try:
            if os.path.isdir(name):
                raise CorruptData("a directory; name the files in it, as verify does", path=name)
            path = name if os.path.lexists(name) else settings.store().resolve(name).path
            done = repair_file(path, output)
        except PersistenceError as error:
            settings.failed(error)
        else:
            _tell(done)


def _tell(done: Repair) -> None:
    from agcx_tui.core.words.format import counted, short_path

    source = short_path(done.source)
    if done.target is None:
        tell(f"{source}: nothing is wrong with it; nothing was written")
        return
    with even_unread():
        click.echo(safe_line(f"{done.target}  {counted(done.messages, 'message')} saved"))
    for sentence in done.lost:
        tell(f"    lost: {sentence}")
    for sentence in done.rebuilt:
        tell(f"    rebuilt: {sentence}")
