"""Decides whether a value that a rule matched really is a secret.

Strategy: each check takes the match and answers yes or no. Conversations of coding agents are full of code
that handles passwords and tokens without containing any: types, variable names, calls, placeholders, prose.
A quoted value is more likely to be a secret than a bare one, and one called a password more than one called
a token.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import string
from collections import Counter

from agcx_format.redaction.stand_ins import is_path, stands_for

__all__ = [
    "is_argument", "is_bearer", "is_credentials", "is_encoded_key", "is_key", "is_mailbox", "is_opaque",
    "is_password", "is_password_in_url", "is_person", "is_random", "is_secret", "is_session", "is_stated",
    "key_before", "names_secret", "secret_span", "worth_hiding",
]  # fmt: skip

Match = re.Match[str]

# What a variable, a key or an option is named with.
_NAME_CHARACTERS = string.ascii_letters + string.digits + "_.-"

# How many characters of a value suffice to judge how random it is.
_ENOUGH = 64

# How much text before its end line is searched for a private key without its first line.
_KEY = 8000

# Words that follow the name of a password in prose.
_OF_IT = """option options flag flags argument arguments parameter instead with from when which without unless
    file will would must should also does that this into and for the not was are has can may only here
    there hash hashed plain plaintext encrypted encoded masked expired enabled disabled mandatory incorrect
    matches mismatch accepted rejected updated ok good weak strong provided given specified interactively"""
_SAID = frozenset(_OF_IT.split())

_code = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)+[!?]?").fullmatch
_identifier = re.compile(r"[A-Za-z_][A-Za-z_]*").fullmatch
_words = re.compile(r"[A-Za-z]+(?:[-_. /:][A-Za-z]+)*[-_.]?[0-9]{0,3}[.:!?]?").fullmatch
_prose = re.compile(r"[A-Za-z]+(?:[-_. /:][A-Za-z]+)*[.:!?]").fullmatch
_base64 = re.compile(r"[A-Za-z0-9+/]{32,}+={0,2}").finditer
_breaks = re.compile(r"\\n|\n").finditer
# In JSON, the text on the other side is another string.
_structure = re.compile(r"[{}\[\]]|\":|\",[ ]?\"").search
_session_name = re.compile(r"sess|sid|token|auth|jwt", re.IGNORECASE).search
_turns = re.compile(r"(?<=[a-z])[A-Z]|(?<=[A-Z])[a-z]").findall
_flag = re.compile(
    r"(?:(?:^|[\s\"'=\[(])--?[A-Za-z0-9_-]{0,40}|(?:^|[\n\"']|\\n)(?:ENV|setenv)[ ][A-Za-z0-9_]{0,40})\Z"
).search
_special = re.compile(r"[!#$%^&+~@=][^\s]").search
_port = re.compile(r"[0-9]{1,5}[/?#]").match
# Not a name in code, `new_pw` or `newPassword`.
_plain = re.compile(r"[A-Z]?[a-z]+|[A-Z]+").fullmatch
_setting = re.compile(r";[ ]?[A-Za-z][A-Za-z ]{1,20}=|[ ][a-z_]{2,20}=(?=[^\s=])").match
_local = re.compile(r"(?:\b(?:const|let|var|final|val)|[$(,])[ ]?\Z").search
_line_start = re.compile(r"(?:\A|\n|\\n)[ \t]*(?:-[ ]+)?[\"']?\Z").search
_apart = re.compile(r"(?:\A|[\s\"'`]|\\[nrt])\Z").search
_sentence = re.compile(
    r"\b(?:passw\w*|enter|your?|must|should|cannot|required?|invalid|incorrect|wrong|please|characters?|least"
    r"|is|are|was|the|for|to|of|and|or|not|an?|with|in|do|does|has|have|can|be|new|old|missing|field)\b",
    re.IGNORECASE,
).search
_odd = re.compile(r"[^\w\s.,:;!?'()-]|[0-9]").search
_secret_name = re.compile(
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|api_?key|access_?key|secret_?key|private_?key"
    r"|account_?key|credentials?|_pass|_auth)\Z",
    re.IGNORECASE,
).search


def secret_span(match: Match) -> tuple[int, int]:
    """Start and end of the secret in the text."""
    for name in match.re.groupindex:
        if name.startswith("secret") and match[name] is not None:
            return match.span(name)
    raise LookupError(match.re.pattern)


def _secret(match: Match) -> str:
    start, end = secret_span(match)
    return match.string[start:end]


def _is_nothing(value: str) -> bool:
    """Whether the match is in the position of a value."""
    return stands_for(value) or len(set(value[:_ENOUGH])) < 3


# --- by the value alone


def is_random(match: Match) -> bool:
    return _bits(_secret(match)) >= 3.2


def is_opaque(match: Match) -> bool:
    """Whether it is not words: it contains a digit, or is long and of mixed case."""
    value = _secret(match)
    return not _is_nothing(value) and _words(value) is None and _looks_random(value)


def is_bearer(match: Match) -> bool:
    """Whether it is opaque, or letters that are not a name in code."""
    value = _secret(match)
    letters = len(value) >= 20 and value.isalpha() and not _is_nothing(value)
    return is_opaque(match) or (
        letters and (_header(match) or (_bits(value) >= 3.5 and len(_turns(value)) >= 6))
    )


def is_credentials(match: Match) -> bool:
    """Whether it is the base64 of `user:password`; either may be a token."""
    value = _secret(match)
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
        plain = raw.decode("latin-1" if _header(match) else "utf-8")
    except (ValueError, binascii.Error):
        return False
    _, colon, _ = plain.partition(":")
    return bool(colon and len(plain) > 3 and plain.isprintable())


def is_encoded_key(match: Match) -> bool:
    """Whether it is the base64 of a file that begins with a private key, not a certificate."""
    beginning = _secret(match).rstrip("=")[:_ENOUGH]
    # Whole groups of four: it may be cut off anywhere.
    return b"PRIVATE KEY" in base64.b64decode(beginning[: len(beginning) // 4 * 4])


def is_session(match: Match) -> bool:
    """Whether a cookie, or one of several, identifies a session or person."""
    said = match["secret_all"] or match[0].partition(":")[2].strip(" \t\\\"'")
    for pair in said.split(";"):
        name, _, value = pair.strip().partition("=")
        named = len(value) >= 8 and _session_name(name) and not _is_nothing(value)
        if named or _by_chance(value):
            return True
    return False


def _by_chance(value: str) -> bool:
    return (
        len(value) >= 12
        and not _is_nothing(value)
        and _words(value) is None
        and any(map(str.isalpha, value))
        and any(map(str.isdigit, value))
        and _bits(value) >= 2.8
    )


def _header(match: Match) -> bool:
    """Whether it is in a header, where nobody writes prose."""
    start = match.start()
    return "authorization" in match.string[max(0, start - 24) : start].lower()


def is_key(match: Match) -> bool:
    """Whether there is little but base64 between the first and the last line."""
    between = match["between"]
    if between is None:
        return True
    size = sum(len(run[0]) for run in _base64(between) if _mixed(run[0]))
    return size * 3 >= len(between)


def key_before(text: str, end: int) -> int | None:
    """Where a key begins of which only the last line is recognizable; None if there is none."""
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


def is_password_in_url(match: Match) -> bool:
    if match["secret_user"] is not None:
        return is_opaque(match)
    value = _secret(match)
    # `http://localhost:8080/a@b` has a port there; `u:p@h` has a short password.
    return not stands_for(value) and _port(value) is None


def is_mailbox(match: Match) -> bool:
    """Whether it is a person's address: not `git@host.org` or `icon@2x.png`."""
    at, host = match.start(), _secret(match).lower()
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
    return _secret(match).lower() not in shared


def is_argument(match: Match) -> bool:
    return not _is_nothing(_secret(match))


# --- by the text around it


def is_password(match: Match) -> bool:
    value = _secret(match)
    if _is_nothing(value) or not _follows(match) or is_path(value):
        return False
    if match["secret"] is not None:
        return " " not in value.strip() or _is_phrase(match, value)
    if match["secret_xml"] is not None:
        return True
    if _is_code(match, value) or _is_default(match, value):
        return False
    if _identifier(value):
        # `PASSWORD=hunter` is in a file of variables; `password=pw` in a call.
        return _is_stated(match, value)
    return not (value[-1] in ".:!?" and _prose(value)) and not value.startswith("//")


def is_secret(match: Match) -> bool:
    value = _secret(match)
    if _is_named_secret(match, value):
        return True
    if (
        len(value) < 12
        or _is_nothing(value)
        or not _follows(match)
        or is_path(value)
        or " " in value
    ):
        return False
    if match["secret"] is None and match["secret_xml"] is None and _is_code(match, value):
        return False
    return _words(value) is None and _looks_random(value) and "a-z" not in value.lower()


def is_stated(match: Match) -> bool:
    """Whether a word in a sentence is a secret: only one that has no other use."""
    value = _secret(match).rstrip(".:!?")
    if _is_nothing(value) or is_path(value) or "://" in value or not _looks_random(value):
        return False
    if not any(map(str.isdigit, value)) or _code(value):
        return False
    return _special(value) is not None or (value.isalnum() and len(value) >= 20)


def _is_named_secret(match: Match, value: str) -> bool:
    """`JWT_SECRET="supersecret"`: any value in a setting of that name."""
    name = _name(match)[1]
    if not (match["sep"] == "=" and name.isupper() and name.endswith(("SECRET", "SECRET_KEY"))):
        return False
    if (
        len(value) < 6
        or " " in value
        or "a-z" in value.lower()
        or _is_nothing(value)
        or is_path(value)
    ):
        return False
    # A constant that names a field consists of words.
    return not _is_code(match, value) and not (_words(value) and not value.isalpha())


def _follows(match: Match) -> bool:
    """Whether the value belongs to the name: `--password x` does, `password x` does not."""
    if match["flag"] is None and match["list"] is None:
        return True
    return _flag(match.string, max(0, match.start() - 48), match.start()) is not None


def _is_code(match: Match, value: str) -> bool:
    """Whether it is a name, a call, or an index, which only yields the secret when the program runs."""
    end = match.end()
    return (
        (
            match.string[end : end + 1] in ("(", "[", "{")
            and not match.string.startswith(("[0m", "[redacted"), end)
        )
        or _code(value) is not None
        or value.startswith(("//", "=", "->", "!"))
        or "::" in value
    )


def _is_default(match: Match, value: str) -> bool:
    """Whether it is a default in a shell: `${PASSWORD:-changeme}`."""
    rest = value[1:]
    return (
        match["sep"] == ":"
        and value[0] in "-=?+"
        and (stands_for(rest) or _words(rest) is not None)
    )


def _is_phrase(match: Match, value: str) -> bool:
    """Whether quoted words are a passphrase; most are a label or a message."""
    if match[0][:10].lower() == "passphrase":
        return True
    if _sentence(value):
        return False
    return "=" in (match["sep"] or "=") or _odd(value) is not None


def _is_stated(match: Match, value: str) -> bool:
    """Whether a bare word is a value, as in a setting, an option, or a URL; most are names in code."""
    if match["sep"] is None or value.lower() in _SAID:
        return match["sep"] is None and value.lower() not in _SAID
    ahead, name = _name(match)
    after = match.string[match.end() : match.end() + 24]
    ends = after[:1] in ("", "\n", "\r") or after[:2] in ("\\n", "\\r")
    ends = ends or after.lstrip(" ").startswith("#")
    apart = match.string[match.start("sep") - 1] in " \t" or match["space"]
    compact = match["sep"] == "=" and not apart
    if compact:
        setting = ends or after[0] in " ;"
        if setting and (name.isupper() or name.startswith("--") or ahead.endswith(";")):
            return True
        if ahead.endswith(("?", "&")) or _setting(after):
            return True
    if not _plain(value) or _local(ahead) or name.count(".") == 1:
        return False
    if compact:
        return (ends or after[0] in ";\"'`") and _apart(ahead) is not None
    if not ends or match["sep"] not in (":", "="):
        return False
    if match["sep"] == ":" and match["space"]:
        return _line_start(ahead) is not None
    return ahead.endswith(("\n", "\\n")) or not ahead


def _name(match: Match) -> tuple[str, str]:
    """The text before the name, and the whole name, of which the rule matched only the end."""
    start = match.start()
    ahead = match.string[max(0, start - 64) : start]
    begins = ahead[len(ahead.rstrip(_NAME_CHARACTERS)) :]
    if ahead.endswith("\\" + begins) and begins[:1] in ("n", "r", "t"):
        begins = begins[1:]
    return ahead[: len(ahead) - len(begins)], begins + re.split(r"\W", match[0], maxsplit=1)[0]


def names_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret, if it has a value."""
    return _secret_name(name) is not None and name not in ("PWD", "OLDPWD")


def worth_hiding(value: str) -> bool:
    """Whether the value of such a variable is more than a placeholder."""
    return len(value) >= 4 and not _is_nothing(value) and not is_path(value)


def _looks_random(value: str) -> bool:
    letters = any(c.isalpha() for c in value)
    digits = any(c.isdigit() for c in value)
    mixed = value.lower() != value and value.upper() != value
    return letters and (digits or mixed) and _bits(value) >= (2.8 if digits else 3.5)


def _bits(value: str) -> float:
    """Shannon entropy per character."""
    value = value[:_ENOUGH]
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())
