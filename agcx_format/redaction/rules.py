"""The table of rules for secrets, from specific to general: where matches overlap, the earlier rule wins."""

from __future__ import annotations

import re

from agcx_format.redaction import checks
from agcx_format.redaction.hashes import HASHES
from agcx_format.redaction.named_values import NAMED
from agcx_format.redaction.private_keys import ENCODED_KEYS, PRIVATE_KEYS
from agcx_format.redaction.programs import IN_PROGRAMS
from agcx_format.redaction.rule import SecretRule, context
from agcx_format.redaction.tokens import TOKENS

__all__ = ["RULES"]

_IN_URLS_AND_HEADERS = (
    context("signature", "sig= signature= x-amz-security-token=", r"""
        (?:(?<=[?&;])|(?<=x-amz-)|(?<=x-goog-)|(?<=u0026))
        (?:sig|signature|x-amz-security-token)=(?P<secret>[A-Za-z0-9%+/=_-]{20,2000}+)""",
             checks.is_random),
    # Up to the last `@` before the host: before a slash or, if the password contains a slash, after it.
    context("connection-string", "://", r"""
        ://(?:(?P<secret_user>[a-z0-9_-]{20,200}+)(?::x-oauth-basic)?@(?=[^\s"'@/?\#])
          | [^\s:/@"'`\\<>?\#]{0,200}+:
        (?: (?P<secret>(?:(?!://)[^\s/?\#"'`\\<>]){1,300})@(?=[^\s"'@/?\#])
          | (?<=:)(?P<secret_slash>(?>(?:(?!://)[^\s@"'`\\<>]){1,300}))@(?=[^\s"'@]) ))
        """, checks.is_password_in_url),
    context("bearer-token", "bearer",
             r"bearer(?:[ +]|%20){1,4}(?P<secret>[A-Za-z0-9._~+/=-]{16,4096}+)", checks.is_bearer),
    context("bearer-token", "authorization", r"""
        authorization(?:\\{0,3}["'])?\s{0,4}[:=]\s{0,4}(?:\\{0,3}["'`])?(?:(?!basic)[a-z]{3,20}[ ]{1,4})?
        (?P<secret>[A-Za-z0-9._~+/=-]{16,4096}+)""", checks.is_opaque),
    context("basic-authorization", "basic",
             r"basic(?:[ ]|%20){1,4}(?P<secret>[A-Za-z0-9+/]{5,500}+={0,2})", checks.is_credentials),
    context(
        "basic-authorization", r"""auth"|auth'|auth\|auth=""",
        r"""(?<![a-z0-9])auth(?:\\{0,3}["'])?\s{0,4}[:=]\s{0,4}(?:\\{0,3}["'])?
        (?P<secret>[A-Za-z0-9+/]{8,800}+={0,2})(?![A-Za-z0-9_-])""", checks.is_credentials,
    ),
    context("cookie", r"""cookie:|cookie":|cookie':|cookie\":""", r"""
        cookie(?: (?<=set-cookie)(?:\\{0,3}["'])?:\s{0,4}(?:\\{0,3}["'])?
            [^\s=;"'\\]{1,100}=(?P<secret>[^\s;"'\\,]{8,4096}+)
          | (?<!set-cookie)(?:\\{0,3}["'])?:\s{0,4}(?:\\{0,3}["'])?
            (?P<secret_all>[^\s=;"'\\]{1,100}=(?>(?:(?!cookie:)[^\r\n"'\\]){8,8192})) )""",
             checks.is_session),
)  # fmt: skip

_PERSONAL = (
    SecretRule(
        "e-mail", ("@",),
        re.compile(r"(?P<secret>@(?:[A-Za-z0-9-]{1,63}+\.){1,8}[A-Za-z]{2,24}+)"),
        checks.is_mailbox, personal=True,
        lead=re.compile(r"(?<![A-Za-z0-9.!#$%&*+/=?^_`{|}~@\\-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}+\Z"),
    ),
    context(
        "home-directory", r"/home/ /users/ users\ ",
        r"(?:/home/|/Users/|Users\\{1,2})(?P<secret>[A-Za-z0-9][A-Za-z0-9_-]{0,31}+(?:\.[A-Za-z0-9_-]{1,31}+)?)"
        r"(?=[/\\\s\"':,;)\]]|\Z)",
        checks.is_person, personal=True,
    ),
)  # fmt: skip

RULES: tuple[SecretRule, ...] = (
    *PRIVATE_KEYS,
    *TOKENS,
    *ENCODED_KEYS,
    *HASHES,
    *_IN_URLS_AND_HEADERS,
    *IN_PROGRAMS,
    *NAMED,
    *_PERSONAL,
)
