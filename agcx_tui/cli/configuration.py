"""`agcx config`: where the configuration is, and a file with every setting to begin from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from agcx_format.transcript import safe_line
from agcx_tui.cli.common import Settings, pass_settings
from agcx_tui.core.local.paths import config_file


@click.command(short_help="Print a configuration file with every setting.")
@click.option("--path", "only_path", is_flag=True, help="Print only where the file is looked for.")
@pass_settings
def config(settings: Settings, only_path: bool) -> None:
    """Print a configuration file with every setting and key, commented out.

    It is looked for at $AGCX_CONFIG, else as config.toml in the user's configuration directory.
    Errors in the existing file are reported on stderr.
    """
    path = config_file(os.environ)
    if only_path:
        # For a program, the exact bytes.
        click.echo(safe_line(str(path)) if sys.stdout.isatty() else os.fsencode(path))
        return
    from agcx_tui.app import themes
    from agcx_tui.app.app import AgcxApp
    from agcx_tui.app.keys.conflicts import key_problems
    from agcx_tui.app.keys.usable import usable
    from agcx_tui.core.local.settings import default_file
    from agcx_tui.core.words.actions import documented

    found, problems = settings.config
    click.echo(default_file(Path(safe_line(str(path))), documented()), nl=False)
    keys, refused = usable(found)
    wrong = [*problems, *themes.problems(found), *refused]
    for problem in [*wrong, *key_problems(AgcxApp, keys, found.place)]:
        settings.failed(problem)
