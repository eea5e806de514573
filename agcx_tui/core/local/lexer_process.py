"""The process in which pygments splits source code into its parts: `python -P -m
agcx_tui.core.local.lexer_process`.

Strategy: a dozen of pygments' lexers are quadratic or worse, and a regular expression that runs holds
every thread of its process.  So they run here, alone: each line of standard input is a request, each
line of standard output its answer, and a request that takes more processor time than `SECONDS` ends
the process by a signal, which no expression can hold up.  It ends as well when nobody asks any more.
"""

from __future__ import annotations

import json
import signal
import sys
from functools import cache
from typing import Any

__all__ = ["ROLES", "SECONDS", "main", "spans"]

# Of processor time: a busy machine changes nothing.
SECONDS = 0.5

# What a kind of token is drawn as, by the names in pygments: the most specific one counts.
ROLES = {
    "Comment": "muted",
    "Keyword": "keyword",
    "Operator.Word": "keyword",
    "Name.Tag": "keyword",
    "Name.Function": "name",
    "Name.Class": "name",
    "Name.Decorator": "name",
    "Name.Builtin": "name",
    "Name.Attribute": "name",
    "Literal": "number",
    "Literal.String": "string",
    "Generic.Inserted": "added",
    "Generic.Deleted": "removed",
    "Generic.Heading": "heading",
    "Generic.Subheading": "hunk",
}


def main() -> None:
    """Answer requests, `{"language", "code"}`, until there are no more."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        answer = spans(request["language"], request["code"])
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def spans(language: str, code: str) -> list[tuple[int, str]]:
    """Lengths and roles that cover the code, an empty role for plain text.

    Empty where there is no lexer for the language, or where it does not give the code back.
    """
    lexer = _lexer(language)
    if lexer is None:
        return []
    found: list[tuple[int, str]] = []
    values: list[str] = []
    for kind, value in lexer.get_tokens(code):
        role = _role(kind)
        if found and found[-1][1] == role:
            found[-1] = (found[-1][0] + len(value), role)
        elif value:
            found.append((len(value), role))
        values.append(value)
    # Some lexers add a newline at the end.
    return found if "".join(values).rstrip("\n") == code.rstrip("\n") else []


@cache
def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=True)
    except ClassNotFound:
        return None


@cache
def _role(kind: Any) -> str:
    names = tuple(kind)
    for length in range(len(names), 0, -1):
        if role := ROLES.get(".".join(names[:length])):
            return role
    return ""


if __name__ == "__main__":
    main()
