"""Whether a configured key exists, as far as Textual knows."""

from __future__ import annotations

from collections.abc import Mapping

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, key_to_character

from agcx_tui.core.local.config import Config

__all__ = ["usable"]

_NAMED = {key.value.rpartition("+")[2] for key in Keys} | set(KEY_NAME_REPLACEMENTS.values())


def usable(config: Config) -> tuple[Mapping[str, str], list[str]]:
    """The configured keys that exist, and what is wrong with the others."""
    keys, problems = dict(config.keys), []
    for name, listed in config.keys.items():
        wrong = [key for key in listed.split(",") if not _is_key(key.rpartition("+")[2] or "+")]
        if wrong:
            del keys[name]
            problems.append(f"{config.place(f'keys.{name}')}there is no key {wrong[0]}")
    return keys, problems


def _is_key(word: str) -> bool:
    return len(word) == 1 or word in _NAMED or key_to_character(word) is not None
