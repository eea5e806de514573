"""The process in which pygments tokenizes source code: `python -P -m agcx_tui.core.local.lexer_process`.

Strategy: a dozen of pygments' lexers are quadratic or worse, and a running regular expression blocks every
thread of its process.  So they run here, alone: each line of standard input is a request, each line of
standard output its answer, and a request that uses more processor time than `SECONDS` is killed by a
signal, which no expression can delay.  The process ends when its standard input does.
"""

from __future__ import annotations

import json
import signal
import sys
from functools import cache
from typing import Any

__all__ = ["ROLES", "SECONDS", "main", "spans"]

# Processor time, so a busy machine changes nothing.
SECONDS = 0.5

# The roles of token types, by their names in pygments; the most specific type wins.
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
    """Answer requests, `{"language": …, "code": …}`, until standard input ends."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        answer = spans(request["language"], request["code"])
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def spans(language: str, code: str) -> list[tuple[int, str]]:
    """Lengths and roles that cover the code, with an empty role for plain text.

    Empty if there is no lexer for the language, or if its tokens do not add up to the code.
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
