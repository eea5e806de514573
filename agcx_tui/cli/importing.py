"""`agcx import`: conversations of other programs in."""

from __future__ import annotations

import click

from agcx_tui.cli.common import Settings, pass_settings, store_option


@click.group("import")
def import_() -> None:
    """Bring conversations of other programs in; a second run adds only what is new."""


@import_.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(exists=True))
@click.option("--dry-run", is_flag=True, help="Say what would be brought in, change nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, one a line.")
@store_option
@pass_settings
def codex(settings: Settings, paths: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Import Codex rollouts: files, or directories of them.

    Without a PATH they are taken from $CODEX_HOME or ~/.codex: sessions and archived_sessions.
    """
    raise click.UsageError("not yet")
