"""Secrets where programs take them: in options, statements, and files of their own."""

from __future__ import annotations

import re

from agcx_format.redaction.checks import is_argument, is_session
from agcx_format.redaction.matched import Match
from agcx_format.redaction.rule import context

__all__ = ["IN_PROGRAMS"]

# The host of a line of a password file: it is alone before the port, from the start of the line.
_host = re.compile(r"(?:\A|\n|\\n|[\"'])[A-Za-z0-9_.*-]{1,100}\Z").search


def _is_in_password_file(match: Match) -> bool:
    start = match.start()
    return is_argument(match) and _host(match.string, max(0, start - 104), start) is not None


_QUOTE = r"""\\{0,3}["']"""
_BARE = r"""[^\s"'\\;|&$<>(){}]{3,200}+"""


def _quoted(quote: str) -> str:
    """An argument up to the quotation mark that closes it, with anything in between."""
    ends = rf"""(?P={quote})|["`]"""
    return rf"(?>(?:(?!{ends})(?:\\[^\r\n]|[^\\\r\n])){{3,200}})(?={ends})"


# `the default login page password policy`: words in a line, no entry of a `.netrc`.
_IN_PROSE = r"""[ \t]{1,8}login[ \t]{1,4}[a-z]{1,40}[ \t]{1,8}password[ \t]{1,4}[a-z]{1,40}[.,:;!?)]{0,3}
            (?:[\s"'`\\]|\Z)"""

IN_PROGRAMS = (
    context("password", "curl", rf"""
        curl\b[^\n;|]{{0,200}}?[ ](?:-u|--user)[ =]?
        (?: (?P<around>{_QUOTE})[^\s:"'\\/]{{1,64}}:(?P<secret_around>{_quoted("around")})
          | (?:{_QUOTE})?[^\s:"'\\/]{{1,64}}:
            (?: (?P<quote>{_QUOTE})(?P<secret_quoted>{_quoted("quote")})
              | (?:{_QUOTE})?(?P<secret>{_BARE}) ) )""", is_argument),
    context("password", "identified",
            r"identified[ ](?:with[ ][a-z0-9_]{1,40}[ ])?by[ ]'(?P<secret>[^'\s\\\"]{3,200}+)'"),
    context(
        "password",
        "sshpass|mysql|machine|default login|docker|podman|az login|acr login|oc login|registry login"
        "|skopeo login|buildah login|redis-cli|mongo|zip|7z|openssl|keytool|htpasswd", r"""
        (?: sshpass[ ]{1,4}-p[ ]?
          | mysql(?:dump|admin)?\b[^\n;|&]{0,200}?[ ]-p(?=[^\s-])
          | (?:machine[ \t]{1,4}[^\s"\\]{1,100}|default(?!""" + _IN_PROSE + r"""))
            (?>(?:(?:[ \t]|\r?\n|\\[rnt]){1,8}(?:login|account)[ \t]{1,4}[^\s"\\]{1,100}){1,2})
            (?:[ \t]|\r?\n|\\[rnt]){1,8}password[ \t]{1,4}
          | (?:docker|podman|(?<![a-z])(?:az|acr|oc|registry)|skopeo|buildah)[ ]login\b
            [^\n;|&]{0,200}?[ ]-p[ =]?(?=[^\s-])
          | redis-cli\b[^\n;|&]{0,200}?[ ](?-i:-a)[ ]
          | mongo(?:sh|dump|restore|export|import)?\b[^\n;|&]{0,200}?[ ](?-i:-p)[ ]
          | (?<![a-z])zip\b[^\n;|&]{0,200}?[ ](?-i:-P)[ ]?
          | (?<![a-z0-9._-])7z[arz]?(?:\.exe)?[ ](?:[^\n;|&]{0,200}?[ ])?(?-i:-p)(?=[^\s-])
          | openssl\b[^\n;|&]{0,200}?[ ]pass:
          | keytool\b[^\n;|&]{0,200}?[ ]-(?:store|key)pass[ ]
          | htpasswd[ ]-[a-z]{0,4}b[a-z]{0,4}[ ][^\s"\\]{1,100}[ ][^\s"\\]{1,64}[ ])
        """ + rf"""(?: (?P<quote>{_QUOTE})(?P<secret_quoted>{_quoted("quote")})
          | (?:{_QUOTE})?(?P<secret>{_BARE}) )""", is_argument,
    ),
    # A name alone is a file of cookies.
    context("cookie", "curl", r"""
        curl\b[^\n|]{0,200}?[ ](?:(?-i:-b)[ ]?|--cookie[ =])(?:\\{0,3}["'])?
        (?P<secret_all>[^\s=;"'\\]{1,100}=[^\s;"'\\]{4,4096}+
            (?>(?:;[ ]?[^\s=;"'\\]{1,100}=[^\s;"'\\]{0,4096}+){0,50}))""", is_session),
    # Lines of `.pgpass`: host, port, database, user, password.
    context("password", ":5432: :5433: :6432: :6543: :*:", r"""
        :(?:[0-9]{4}|\*):[^\s:"'\\]{1,64}:[^\s:"'\\]{1,64}:(?P<secret>[^\s:"'\\]{3,200}+)
        (?=\s|\Z|["']|\\[rn"])""", _is_in_password_file),
)  # fmt: skip
