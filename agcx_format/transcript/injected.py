"""Says in plain words what a text is that a program put in the person's place: a command, or its output."""

from __future__ import annotations

import re

from agcx_format.transcript.words import own_words

__all__ = ["command_name", "injected_summary"]

# Enough for the line that names a block; the block itself can be megabytes.
_LOOKED_AT = 4096

_tag = re.compile(r"\s*<(?P<name>[\w-]+)>(?P<text>.*?)(?:</(?P=name)>|\Z)", re.DOTALL)
_command = re.compile(r"<command-name>\s*([^<\n]{1,200}?)\s*</command-name>").search
_OUTPUTS = ("local-command-stdout", "local-command-stderr", "bash-stdout", "bash-stderr")


def command_name(text: str) -> str:
    """The slash command that a block of Claude Code names; empty if there is none."""
    found = _command(text)
    return found[1] if found else ""


def injected_summary(text: str) -> tuple[str, str] | None:
    """A name for a block and the first line of what it says; None for one of another kind."""
    text = text[:_LOOKED_AT]
    found = _tag.match(text)
    if found is None:
        return None
    name = found["name"]
    if name.startswith("command-") and (command := command_name(text)):
        return "command", _first_line(f"{command} {own_words(text)}")
    if name == "bash-input":
        return "command", _first_line(f"! {found['text'].strip()}")
    if name in _OUTPUTS:
        blocks = (block for block in _tag.finditer(text) if block["name"] in _OUTPUTS)
        words = (_first_line(block["text"]) for block in blocks)
        return "command output", next(filter(None, words), "(none)")
    if name == "turn_aborted":
        return "interrupted", "by the person" if "interrupted" in found["text"] else ""
    return None


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip()
