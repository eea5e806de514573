"""Decides whether a value that a rule matched really is a secret, by what it looks like alone.

Strategy: each check takes the match and answers yes or no.  Values that follow the name of a secret are a
subject of their own, `named_values`, and so are private keys.
"""

from __future__ import annotations

import base64
import binascii
import re

from agcx_format.redaction.matched import Match, in_header, secret_of
from agcx_format.redaction.randomness import bits, is_nothing, is_words, looks_random
from agcx_format.redaction.stand_ins import stands_for

__all__ = [
    "is_argument",
    "is_bearer",
    "is_credentials",
    "is_mailbox",
    "is_opaque",
    "is_password_in_url",
    "is_person",
    "is_random",
    "is_session",
]

_session_name = re.compile(r"sess|sid|token|auth|jwt", re.IGNORECASE).search
_turns = re.compile(r"(?<=[a-z])[A-Z]|(?<=[A-Z])[a-z]").findall
_port = re.compile(r"[0-9]{1,5}[/?#]").match


def is_random(match: Match) -> bool:
    return bits(secret_of(match)) >= 3.2


def is_opaque(match: Match) -> bool:
    """Whether it is not words: it contains a digit, or is long and of mixed case."""
    value = secret_of(match)
    return not is_nothing(value) and not is_words(value) and looks_random(value)


def is_bearer(match: Match) -> bool:
    """Whether it is opaque, or letters that are not a name in code."""
    value = secret_of(match)
    letters = len(value) >= 20 and value.isalpha() and not is_nothing(value)
    return is_opaque(match) or (
        letters and (in_header(match) or (bits(value) >= 3.5 and len(_turns(value)) >= 6))
    )


def is_credentials(match: Match) -> bool:
    """Whether it is the base64 of `user:password`; either may be a token."""
    value = secret_of(match)
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
        plain = raw.decode("latin-1" if in_header(match) else "utf-8")
    except (ValueError, binascii.Error):
        return False
    _, colon, _ = plain.partition(":")
    return bool(colon and len(plain) > 3 and plain.isprintable())


def is_session(match: Match) -> bool:
    """Whether a cookie, or one of several, identifies a session or person."""
    said = match["secret_all"] or match[0].partition(":")[2].strip(" \t\\\"'")
    for pair in said.split(";"):
        name, _, value = pair.strip().partition("=")
        named = len(value) >= 8 and _session_name(name) and not is_nothing(value)
        if named or _by_chance(value):
            return True
    return False


def _by_chance(value: str) -> bool:
    return (
        len(value) >= 12
        and not is_nothing(value)
        and not is_words(value)
        and any(map(str.isalpha, value))
        and any(map(str.isdigit, value))
        and bits(value) >= 2.8
    )


def is_password_in_url(match: Match) -> bool:
    if match["secret_user"] is not None:
        return is_opaque(match)
    value = secret_of(match)
    # `http://localhost:8080/a@b` has a port there; `u:p@h` has a short password.
    return not stands_for(value) and _port(value) is None


def is_mailbox(match: Match) -> bool:
    """Whether it is a person's address: not `git@host.org` or `icon@2x.png`."""
    at, host = match.start(), secret_of(match).lower()
    return not match.string.endswith("git", 0, at) and not host.endswith(
        (".png", ".jpg", ".svg", ".js", ".css", ".test", ".invalid", ".localhost")
    )


def is_person(match: Match) -> bool:
    shared = (
        "shared",
        "public",
        "default",
        "user",
        "users",
        "runner",
        "ubuntu",
        "root",
        "linuxbrew",
    )
    return secret_of(match).lower() not in shared


def is_argument(match: Match) -> bool:
    value = secret_of(match)
    # What a shell runs to get it; quotation marks in that may have ended it early.
    return not value.startswith("$(") and not is_nothing(value)
