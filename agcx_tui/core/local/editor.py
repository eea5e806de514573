"""A file or directory opened in the editor that the user has chosen.

Strategy: no Textual; whoever runs the editor has left the screen to it.  Paths come out of files and
are made absolute before an editor sees them, so that none reads as one of its options.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping

__all__ = ["NO_EDITOR", "editor_of", "obstacle", "place_of", "run"]

NO_EDITOR = "No editor is set: put its name into $VISUAL or $EDITOR."


def editor_of(environment: Mapping[str, str]) -> list[str]:
    """The words of `$VISUAL`, else `$EDITOR`; none when neither says anything."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environment.get(name, ""))
        except ValueError:
            continue
        if words:
            return words
    return []


def place_of(path: str, directory: str) -> str:
    """The absolute path of a file that a session in `directory` speaks of."""
    return os.path.normpath(os.path.join(directory, os.path.expanduser(path)))


def obstacle(path: str) -> str:
    """Why a path cannot be opened, in words; empty when it can."""
    if not os.path.isabs(path):
        return "The session does not say in which directory it was."
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return "It is not there any more"
    return "" if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else "It is neither file nor directory"


def run(editor: list[str], path: str) -> str:
    """Run the editor until it ends; what went wrong, or nothing."""
    directory = path if os.path.isdir(path) else os.path.dirname(path)
    try:
        code = subprocess.run([*editor, path], cwd=directory, check=False).returncode
    except OSError as cause:
        return f"{editor[0]}: {(cause.strerror or str(cause)).lower()}"
    return f"{editor[0]} ended with {code}." if code else ""
