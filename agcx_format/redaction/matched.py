"""Where the secret is in what a rule matched."""

from __future__ import annotations

import re

__all__ = ["Match", "in_header", "secret_of", "secret_span"]

Match = re.Match[str]


def secret_span(match: Match) -> tuple[int, int]:
    """Start and end of the secret in the text."""
    for name in match.re.groupindex:
        if name.startswith("secret") and match[name] is not None:
            return match.span(name)
    raise LookupError(match.re.pattern)


def secret_of(match: Match) -> str:
    start, end = secret_span(match)
    return match.string[start:end]


def in_header(match: Match) -> bool:
    """Whether the match is in a header, where nobody writes prose."""
    start = match.start()
    return "authorization" in match.string[max(0, start - 24) : start].lower()
