"""Hashes of passwords, as systems keep them: with time and luck the password is found from them."""

from __future__ import annotations

import re

from agcx_format.redaction.matched import Match, secret_of
from agcx_format.redaction.randomness import looks_random
from agcx_format.redaction.rule import SecretRule

__all__ = ["HASHES"]

_salt_end = re.compile(r"[$:}](?=[^$:}]*\Z)").search

# Between two parts; in a shell or a Compose file it is escaped or doubled.
_SEP = r"(?:\\{0,3}\$){1,2}"
_CRYPT = "[./A-Za-z0-9]"
_BASE64 = "[A-Za-z0-9+/]"

_FORMS = (
    # bcrypt
    rf"\$2[abxy]{_SEP}[0-9]{{2}}{_SEP}{_CRYPT}{{53}}",
    # MD5, SHA-256, SHA-512
    rf"\$(?:1|apr1){_SEP}{_CRYPT}{{1,8}}{_SEP}{_CRYPT}{{22}}",
    rf"\$[56]{_SEP}(?:rounds=[0-9]{{1,9}}{_SEP})?{_CRYPT}{{1,16}}{_SEP}(?:{_CRYPT}{{86}}|{_CRYPT}{{43}})",
    # yescrypt and scrypt
    rf"\$g?y{_SEP}{_CRYPT}{{1,10}}{_SEP}{_CRYPT}{{1,86}}{_SEP}{_CRYPT}{{43}}",
    rf"\$7{_SEP}{_CRYPT}{{11,97}}{_SEP}{_CRYPT}{{43}}",
    rf"\$argon2(?:id|i|d){_SEP}(?:v=[0-9]{{1,3}}{_SEP})?[mtp]=[0-9,mtp=]{{1,40}}{_SEP}"
    rf"(?>{_BASE64}{{8,90}})={{0,2}}{_SEP}(?>{_BASE64}{{16,90}})={{0,2}}",
    # Django, and others in Python
    rf"pbkdf2[:_]sha(?:1|256|512)(?:{_SEP}|:)[0-9]{{1,8}}{_SEP}[^\s$\"'\\]{{1,64}}{_SEP}[A-Za-z0-9+/]{{20,128}}+={{0,2}}",
    rf"scrypt:[0-9:]{{5,20}}{_SEP}[^\s$\"'\\]{{1,64}}{_SEP}[a-f0-9]{{128}}",
    # LDAP
    rf"\{{S?SHA(?:256|384|512)?\}}(?>{_BASE64}{{26,160}})={{0,2}}",
)


def _is_hash(match: Match) -> bool:
    """Whether the hash itself is random: in examples it is one letter, in templates a path."""
    value = secret_of(match).rstrip("=")
    end = _salt_end(value)
    return end is not None and looks_random(value[end.end() :])


HASHES = (
    SecretRule(
        "password-hash",
        ("$2a", "$2b", "$2x", "$2y", "$1$", "$apr1", "$5$", "$6$", "$5\\", "$6\\", "$y$", "$gy$", "$y\\",
         "$7$", "$argon2", "pbkdf2:", "pbkdf2_", "scrypt:", "{SHA", "{SSHA"),
        # A longer hash is a different one; a period may end a sentence.
        re.compile(rf"(?P<secret>(?:{'|'.join(_FORMS)}))(?![/A-Za-z0-9]|\.[./A-Za-z0-9])"),
        _is_hash,
    ),
)  # fmt: skip
