"""Values that follow the name of a secret: how they do, and whether one is a secret.

Strategy: conversations of coding agents are full of code that handles passwords and tokens without
containing any: types, variable names, calls, placeholders, prose. A quoted value is more likely to be a
secret than a bare one, and one called a password more than one called a token.
"""

from __future__ import annotations

import re
import string

from agcx_format.redaction.matched import Match, secret_of
from agcx_format.redaction.randomness import is_nothing, is_words, looks_random
from agcx_format.redaction.rule import context
from agcx_format.redaction.stand_ins import is_path, stands_for

__all__ = ["NAMED", "names_secret", "worth_hiding"]

# What a variable, a key or an option is named with.
_NAME_CHARACTERS = string.ascii_letters + string.digits + "_.-"

# Words that follow the name of a password in prose.
_OF_IT = """option options flag flags argument arguments parameter instead with from when which without unless
    file will would must should also does that this into and for the not was are has can may only here
    there hash hashed plain plaintext encrypted encoded masked expired enabled disabled mandatory incorrect
    matches mismatch accepted rejected updated ok good weak strong provided given specified interactively"""
_SAID = frozenset(_OF_IT.split())

_code = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)+[!?]?").fullmatch
_identifier = re.compile(r"[A-Za-z_][A-Za-z_]*").fullmatch
_prose = re.compile(r"[A-Za-z]+(?:[-_. /:][A-Za-z]+)*[.:!?]").fullmatch
# `-ppassword` is an option `-p` with its value.
_flag = re.compile(
    r"(?:(?:^|[\s\"'=\[(])--?(?!p\Z)[A-Za-z0-9_-]{0,40}"
    r"|(?:^|[\n\"']|\\n)(?:ENV|setenv)[ ][A-Za-z0-9_]{0,40})\Z"
).search
_special = re.compile(r"[!#$%^&+~@=][^\s]").search
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


def _is_password(match: Match) -> bool:
    value = secret_of(match)
    if is_nothing(value) or not _follows(match) or is_path(value):
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


def _is_secret(match: Match) -> bool:
    value = secret_of(match)
    if _is_named_secret(match, value):
        return True
    if (
        len(value) < 12
        or is_nothing(value)
        or not _follows(match)
        or is_path(value)
        or " " in value
    ):
        return False
    if match["secret"] is None and match["secret_xml"] is None and _is_code(match, value):
        return False
    return not is_words(value) and looks_random(value) and "a-z" not in value.lower()


def _is_sentence(match: Match) -> bool:
    """Whether a word in a sentence is a secret: only one that has no other use."""
    value = secret_of(match).rstrip(".:!?")
    if is_nothing(value) or is_path(value) or "://" in value or not looks_random(value):
        return False
    if not any(map(str.isdigit, value)) or _code(value):
        return False
    return _special(value) is not None or (value.isalnum() and len(value) >= 20)


def names_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret, if it has a value."""
    return _secret_name(name) is not None and name not in ("PWD", "OLDPWD")


def worth_hiding(value: str) -> bool:
    """Whether the value of such a variable is more than a placeholder."""
    return len(value) >= 4 and not is_nothing(value) and not is_path(value)


def _is_named_secret(match: Match, value: str) -> bool:
    """`JWT_SECRET="supersecret"`: any value in a setting of that name."""
    name = _name(match)[1]
    if not (match["sep"] == "=" and name.isupper() and name.endswith(("SECRET", "SECRET_KEY"))):
        return False
    if (
        len(value) < 6
        or " " in value
        or "a-z" in value.lower()
        or is_nothing(value)
        or is_path(value)
    ):
        return False
    # A constant that names a field consists of words.
    return not _is_code(match, value) and not (is_words(value) and not value.isalpha())


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
    return match["sep"] == ":" and value[0] in "-=?+" and (stands_for(rest) or is_words(rest))


def _is_phrase(match: Match, value: str) -> bool:
    """Whether quoted words are a passphrase; most are a label or a message."""
    if match[0][:10].lower() == "passphrase":
        return True
    if _sentence(value):
        return False
    return "=" in (match["sep"] or "=") or _odd(value) is not None


def _is_stated(match: Match, value: str) -> bool:
    """Whether a bare word is a value, as in a setting, an option, or a URL; most are names in code."""
    if value.lower() in _SAID:
        return False
    if match["sep"] is None:
        return True
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
    """The text before the name, and the full name: the rule matched only its end."""
    start = match.start()
    ahead = match.string[max(0, start - 64) : start]
    begins = ahead[len(ahead.rstrip(_NAME_CHARACTERS)) :]
    if ahead.endswith("\\" + begins) and begins[:1] in ("n", "r", "t"):
        begins = begins[1:]
    return ahead[: len(ahead) - len(begins)], begins + re.split(r"\W", match[0], maxsplit=1)[0]


# How many words the phrase of a wallet has, and frequent words that the list for such phrases lacks.
_PHRASE_LENGTHS = (12, 15, 18, 21, 24)
_PROSE_WORDS = """the and for are was were been with from not has but its your each which should would
    their these those than does"""
_NO_SEED = frozenset(_PROSE_WORDS.split())


def _is_seed_phrase(match: Match) -> bool:
    words = secret_of(match).split()
    return len(words) in _PHRASE_LENGTHS and _NO_SEED.isdisjoint(words)


# --- names, and how a value follows them

_PASSWORD = r"(?:passw(?:or)?d|passwort|passphrase|pwd|(?<=_)pass)"
_SECRET = (
    r"(?:secret(?:[_-]?(?:access)?[_-]?key(?:_base)?)?|token|api[_-]?key|access[_-]?key|account[_-]?key"
    r"|auth[_-]?key|encryption[_-]?key|signing[_-]?key|credentials?)"
)
_ASSIGNED = r"""
    (?:
        # key = value, key: value, "key": "value", key: type = value, env["key"] = "value"
        [0-9]? (?P<key>\\{0,3}["'`]?\]?) [ \t]{0,8}
        (?P<sep> :[ ]?[A-Za-z_]{2,12}[ ]?= | :=|=>|==?|: ) (?P<space>[ \t]{0,8})
      | # name: KEY, value: value; variable "key" { default = "value" }
        (?P<pair>[a-z0-9_]{0,24}\\{0,3}["']?[ ]?[,{]?(?>(?:\s|\\n){1,40})(?:\\{0,3}["'])?(?:value|default)
          (?:\\{0,3}["'])?[ ]?[:=][ ]?)
      | # "--key", "value" and key 'value' and --key value
        (?P<list>\\?["'][ \t]{0,2},[ \t\n]{0,20}(?=\\?["']))
      | (?P<apart>[ \t]{1,4}(?=')) | (?P<flag>[ \t]{1,4})
    )
    (?:
        (?:[bfru]{1,2}(?=\\{0,3}["']))?
        (?P<quote>\\{0,3}["'`]) (?P<secret>(?>(?:(?!(?P=quote)|["`])(?:\\[^\r\n]|[^\\\r\n])){4,400}))
        (?:(?P=quote)|(?=["`]))
      | (?P<secret_bare>(?>(?:\\(?![nrt"'\\u])[^\s] | [^\s"'`\\,;&|<>(){}\[\]]){4,400})
          # What follows may be the rest of it, if it names nothing.
          (?:[,&](?=[A-Za-z_.]{0,60}[0-9!%^*])[^\s"'`\\,;&|<>(){}\[\]=:]{1,100}+(?![=:(\[])){0,4})
    )
  | >(?P<secret_xml>[^<>\s"\\]{4,400}+)</
"""

NAMED = (
    # From these words all keys of a wallet are made.
    context("seed-phrase",
        "mnemonic|seed phrase|seed_phrase|seed words|recovery phrase|secret phrase", r"""
        (?:mnemonic|seed|recovery|secret)(?:[ _](?:phrase|words))?(?:\\{0,3}["'`])?
        (?:[ ]is:?|[ ]?:|[ ]?=)(?:\s|\\n){0,4}(?:\\{0,3}["'`])?
        (?P<secret>(?-i:[a-z]{3,8}(?>(?:[ ][a-z]{3,8}){11,23})))(?![a-z])""", _is_seed_phrase),
    context("password", "pass pwd", _PASSWORD + r"(?:" + _ASSIGNED + ")",
             _is_password),
    context(
        "password",
        "password is|passphrase is|passwort ist|passwort lautet|mot de passe :|token is|secret is|api key is",
        r"""
        (?:password|passphrase|token|secret|api[ ]key|passwort|mot[ ]de[ ]passe)[ ]
        (?:is|ist|lautet|:)(?:[ ]now)?:?[ ](?:[*_`"']{1,2})?
        (?P<secret>(?>[^\s"'`*<>(){}\[\],;\\]{8,400}))""",
        _is_sentence,
    ),
    context(
        "secret",
        "secret token apikey api_key api-key access_key accesskey access-key account_key accountkey "
        "auth_key auth-key authkey encryption_key signing_key credential",
        _SECRET + r"(?:" + _ASSIGNED + ")", _is_secret,
    ),
)  # fmt: skip
