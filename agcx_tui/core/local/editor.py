"""Open a file or directory in the user's editor.

Strategy: no Textual; the caller has suspended the screen.  Paths come from session files and are made
absolute, so that an editor cannot take one for an option.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Mapping

from agcx_format.disk import os_reason
from agcx_tui.core.local.programs import run_to_end

__all__ = ["NO_EDITOR", "editor_of", "obstacle", "place_of", "run"]

NO_EDITOR = "No editor is set: set $VISUAL or $EDITOR."


def editor_of(environment: Mapping[str, str]) -> list[str]:
    """The words of `$VISUAL`, else of `$EDITOR`; empty if neither is set."""
    for name in ("VISUAL", "EDITOR"):
        try:
            words = shlex.split(environment.get(name, ""))
        except ValueError:
            continue
        if words:
            return words
    return []


def place_of(path: str, directory: str) -> str:
    """The absolute path of a file named by a session that ran in `directory`."""
    return os.path.normpath(os.path.join(directory, os.path.expanduser(path)))


def obstacle(path: str) -> str:
    """Why a path cannot be opened, in words; empty if it can."""
    if not os.path.isabs(path):
        return "The session does not record its directory."
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return "It does not exist anymore"
    return "" if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else "It is not a file or directory"


def run(editor: list[str], path: str) -> str:
    """Run the editor until it ends; returns what went wrong, or an empty text."""
    directory = path if os.path.isdir(path) else os.path.dirname(path)
    try:
        code = run_to_end([*editor, path], directory)
    except OSError as cause:
        return f"{editor[0]}: {os_reason(cause)}"
    return f"{editor[0]} ended with {code}." if code else ""
