"""The user's configuration file, `config.toml`: errors in it are reported and never fatal.

Strategy: what its settings are called and how they are read is in `settings.py`, which is imported where
there is a file: without one the program starts sooner.
"""

from __future__ import annotations

from pathlib import Path

from agcx_tui.core.local.config import Config
from agcx_tui.core.local.small_file import read_regular

__all__ = ["load"]

# A configuration is never as large as this.
_LARGEST = 1024 * 1024


def load(path: Path) -> tuple[Config, list[str]]:
    """The configuration, and what is wrong with it, in lines for a person.

    A file that does not exist is an empty configuration.
    """
    try:
        content = read_regular(path, _LARGEST + 1)
    except FileNotFoundError:
        return Config(), []
    except OSError as error:
        from agcx_format.disk import os_reason

        return Config(), [f"{path}: {os_reason(error)}"]
    from agcx_tui.core.local.settings import read

    return read(path, content, _LARGEST)
