"""Passwords where programs take them: in options, statements, and files of their own."""

from __future__ import annotations

from agcx_format.redaction.checks import is_argument
from agcx_format.redaction.rule import context

__all__ = ["IN_PROGRAMS"]

IN_PROGRAMS = (
    context("password", "identified",
             r"identified[ ](?:with[ ][a-z0-9_]{1,40}[ ])?by[ ]'(?P<secret>[^'\s\\\"]{3,200}+)'"),
    context(
        "password",
        "sshpass mysql curl machine docker podman redis-cli mongo zip openssl keytool htpasswd", r"""
        (?: sshpass[ ]{1,4}-p[ ]?(?:\\?["'])?
          | mysql(?:dump|admin)?\b[^\n;|&]{0,200}?[ ]-p(?=[^\s-])(?:\\?["'])?
          | curl\b[^\n;|]{0,200}?[ ](?:-u|--user)[ =]?(?:\\?["'])?[^\s:"'\\/]{1,64}:
          | machine[ ][^\s"\\]{1,100}(?:\s|\\n){1,8}login[ ][^\s"\\]{1,100}(?:\s|\\n){1,8}password[ ]
          | (?:docker|podman)[ ]login\b[^\n;|&]{0,200}?[ ]-p[ ]?(?=[^\s-])(?:\\?["'])?
          | redis-cli\b[^\n;|&]{0,200}?[ ](?-i:-a)[ ](?:\\?["'])?
          | mongo(?:sh|dump|restore|export|import)?\b[^\n;|&]{0,200}?[ ](?-i:-p)[ ](?:\\?["'])?
          | (?<![a-z])zip\b[^\n;|&]{0,200}?[ ](?-i:-P)[ ]?(?:\\?["'])?
          | openssl\b[^\n;|&]{0,200}?[ ]pass:
          | keytool\b[^\n;|&]{0,200}?[ ]-(?:store|key)pass[ ](?:\\?["'])?
          | htpasswd[ ]-[a-z]{0,4}b[a-z]{0,4}[ ][^\s"\\]{1,100}[ ][^\s"\\]{1,64}[ ](?:\\?["'])? )
        (?P<secret>[^\s"'\\;|&$<>(){}]{3,200}+)""", is_argument,
    ),
)  # fmt: skip
