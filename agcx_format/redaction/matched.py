"""Where the secret is in what a rule matched, and whether a check takes it for one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

__all__ = ["Match", "guarded", "in_header", "secret_of", "secret_span"]

Match = re.Match[str]
_P = ParamSpec("_P")
_T = TypeVar("_T")


def guarded(check: Callable[_P, _T], if_it_fails: _T, *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What a check says of a candidate.

    One that fails is given the answer that hides: better too much than a secret, or an export that ends.
    """
    try:
        return check(*args, **kwargs)
    except Exception as error:
        import logging

        # Without the message, which may quote the candidate.
        logging.getLogger(__name__).warning("%r failed: %s", check, type(error).__name__)
        return if_it_fails


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
    """Whether the match is in a header, which holds no prose."""
    start = match.start()
    return "authorization" in match.string[max(0, start - 24) : start].lower()
