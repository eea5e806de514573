"""Private keys: what they look like, and what of a text belongs to one."""

from __future__ import annotations

import base64
import re

from agcx_format.redaction.checks import is_random
from agcx_format.redaction.matched import Match, secret_of
from agcx_format.redaction.randomness import ENOUGH
from agcx_format.redaction.rule import ALONE, SecretRule, context, token

__all__ = ["ENCODED_KEYS", "PRIVATE_KEYS"]

# Characters.  How much text before its end line is searched for a private key without its first line.
_KEY = 8000
_base64 = re.compile(r"[A-Za-z0-9+/]{32,}+={0,2}").finditer
_breaks = re.compile(r"\\n|\n").finditer
# In JSON, the text on the other side is another string.
_structure = re.compile(r"[{}\[\]]|\":|\",[ ]?\"").search


def _is_encoded_key(match: Match) -> bool:
    """Whether it is the base64 of a file that begins with a private key, not a certificate."""
    beginning = secret_of(match).rstrip("=")[:ENOUGH]
    # Whole groups of four: it may be cut off anywhere.
    return b"PRIVATE KEY" in base64.b64decode(beginning[: len(beginning) // 4 * 4])


def _is_key(match: Match) -> bool:
    """Whether there is little but base64 between the first and the last line."""
    between = match["between"]
    if between is None:
        return True
    size = sum(len(run[0]) for run in _base64(between) if _mixed(run[0]))
    return size * 3 >= len(between)


def _key_before(text: str, end: int) -> int | None:
    """Where a key begins if only its last line is recognizable; None if there is no key."""
    window = max(0, end - _KEY)
    window = max(window, text.rfind("-----", window, end))
    begin = None
    breaks = [each.span() for each in _breaks(text, window, end)]
    starts = [window, *(after for _, after in breaks)]
    ends = [*(before for before, _ in breaks), end]
    for number, (start, stop) in enumerate(reversed(list(zip(starts, ends, strict=True)))):
        runs = [run for run in _base64(text, start, stop) if _mixed(run[0])]
        after = runs[-1].end() if runs else start
        if _structure(text, after, stop):
            break
        if runs:
            begin = runs[-1].start()
            if _structure(text, start, begin):
                break
        elif number > 1:
            # The last line of base64, and the part before the end marker in its line, may be short.
            break
    return begin


def _mixed(run: str) -> bool:
    return run.lower() != run and run.upper() != run and any(map(str.isdigit, run))


# --- what they look like

# Lines may be escaped, quoted, indented, or numbered, as by `cat -n` and the tools of agents.
_BASE64_LINES = (
    r"(?:[\s\\nr\"'+|>,.:-]{0,16}(?:[0-9]{1,6}(?:[\t→:|]|\\u2192|\\t))?[ ]?[A-Za-z0-9+/=]{16,}+)"
)

# A line of base64 after any prefix that a search, an indentation, or a program puts before it.
_LED_LINE = (
    r"(?:(?:\n|\\n)[^\n\\]{0,160}?(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{48,}+={0,2}(?=[\"'\s\\,;)]|\Z))"
)
_KEY_END = r"-{5,8}END[ ][A-Z0-9 ]{0,40}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----"

# Up to its end line, if that comes before another key; if it is cut off, as far as the lines look like a
# key. There may be headers (`Proc-Type: …`) between the first line and the base64.
_PRIVATE_KEY = (
    r"(?P<secret>-----BEGIN[ ](?:[A-Z0-9]{1,12}[ ]){0,3}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----(?:"
    r"(?:(?:\\[nr]|\s){1,4}[A-Za-z-]{3,20}:[^\n\\]{0,80}){0,4}"
    rf"(?>(?:{_BASE64_LINES}|{_LED_LINE})+)(?:(?>(?:(?!-----)[\s\S]){{0,8000}}){_KEY_END})?"
    rf"|(?P<between>(?>(?:(?!-----)[\s\S]){{40,20000}})){_KEY_END}))"
)
_SSH2_KEY = (
    r"(?P<secret>----[ ]BEGIN[ ]SSH2[ ][A-Z ]{0,20}PRIVATE[ ]KEY[ ]----"
    r"(?:(?:\\[nr]|\s){1,4}[A-Za-z-]{3,20}:[^\n]{0,80}){0,4}"
    rf"(?>{_BASE64_LINES}+)(?:(?>(?:(?!----)[\s\S]){{0,8000}})"
    r"----[ ]END[ ]SSH2[ ][A-Z ]{0,20}PRIVATE[ ]KEY[ ]----)?)"
)

PRIVATE_KEYS = (
    context("private-key", "-----begin", _PRIVATE_KEY, _is_key),
    context("private-key", "-----end", f"(?P<secret>{_KEY_END})", behind=_key_before),
    context("private-key", "---- begin ssh2|", _SSH2_KEY),
    context("private-key", "private-lines:",
             r"private-lines:[ ]?[0-9]{1,3}(?:\\[nr]|\s){1,4}"
             rf"(?P<secret>[A-Za-z0-9+/=]{{16,}}+(?>{_BASE64_LINES}*))"),
    context("private-key", "privatekey|private_key|private-key|private key|presharedkey", r"""
        (?:private[_\x20-]?key|presharedkey)(?:\\{0,3}["'`])?\s{0,4}(?:=|:|=>)\s{0,4}(?:\\{0,3}["'`])?
        (?P<secret>(?-i:[A-Za-z0-9+/]{43}=|(?:0x)?[0-9a-fA-F]{64}))(?![A-Za-z0-9+/=])""",
             is_random),
    token("private-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,64}+"),
)  # fmt: skip

ENCODED_KEYS = (
    # Base64 of a file with a key, as in a Kubernetes configuration.
    SecretRule(
        "private-key", ("LS0tLS1CRUdJTi",),
        re.compile(rf"{ALONE}(?P<secret>LS0tLS1CRUdJTi[A-Za-z0-9+/]{{40,20000}}+={{0,2}})"),
        _is_encoded_key,
    ),
)  # fmt: skip
