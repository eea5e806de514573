"""Every anchor of the table of rules finds something that nothing else in the table finds.

A sample for each, made here: an anchor that is lost, or a new one without a sample, fails.
"""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from agcx_format.redaction import one_text as scan
from agcx_format.redaction.rules import RULES
from tests.format.redaction.corpus import (
    _AWS_SECRET,
    _BASIC,
    _RSA,
    _SSH2,
    _UPPER,
    _WIREGUARD,
    ALNUM,
    HEX,
    lines,
)
from tests.format.redaction.corpus_more import _SEED, HASHES

LONG = ALNUM * 3
RANDOM = "aB3xY9!kQ2mZ7"

# By kind: what is behind the anchor in a token that begins with it.
TOKENS = {
    "github-token": ALNUM[:40],
    "gitlab-token": ALNUM[:24],
    "anthropic-key": "api03-" + ALNUM,
    "openai-key": ALNUM[:48],
    "aws-access-key": _UPPER[:16],
    "slack-token": "123456789012-" + ALNUM[:24],
    "stripe-key": ALNUM[:32],
    "npm-token": ALNUM[:36],
    "pypi-token": LONG[:80],
    "huggingface-token": ALNUM[:40],
    "sendgrid-key": ALNUM[:22] + "." + ALNUM[:43],
    "twilio-key": HEX[:32],
    "encoded-token": ALNUM[:40],
}
# By anchor, where the kind does not say it: text and secret.
ALONE = {
    "AGE-SECRET-KEY-1": (_UPPER * 3)[:58],
    "AIza": ALNUM[:35], "GOCSPX-": ALNUM[:28], "ya29.": "a0" + ALNUM, "1//0": "g" + ALNUM[:40],
    "github_pat_": ALNUM + "_" + ALNUM, "xoxe": "-1-" + ALNUM, "xapp-": "1-A0-" + ALNUM,
    "dop_v1_": HEX, "shpat_": HEX[:32], "shpss_": HEX[:32], "dckr_pat_": ALNUM[:30],
    "gsk_": ALNUM[:52], "xai-": ALNUM + ALNUM[:20], "pplx-": ALNUM[:48], "lin_api_": ALNUM[:40],
    "ntn_": ALNUM[:46], "secret_": ALNUM[:43], "figd_": ALNUM[:40], "ATATT3": LONG + "=A1",
    "glsa_": ALNUM[:32] + "_" + HEX[:8], "sbp_": HEX[:40], "hvs.": ALNUM[:40], "dapi": HEX[:32],
    "r8_": ALNUM[:37], "nfp_": ALNUM[:36], "pul-": HEX[:40], "PMAK-": HEX[:24] + "-" + HEX[:34],
    "NRAK-": ALNUM[:27].upper(), "glc_": ALNUM, "sntrys_": ALNUM, "sntryu_": ALNUM,
    "pscale_": "tkn_" + ALNUM[:43], "dp.pt.": ALNUM[:43], "dp.st.": ALNUM[:43],
    "sq0csp-": ALNUM[:43], "sq0atp-": ALNUM[:22], "key-": HEX[:32],
    "LS0tLS1CRUdJTi": base64.b64encode(_RSA.encode()).decode()[14:],
}  # fmt: skip
_KEY = _WIREGUARD
_TAIL = _RSA.split("\n", 2)[2]
_COOKIE = "sid=" + ALNUM[:30]
_JWT = "ey" + "J" + ALNUM[:30] + ".ey" + "J" + ALNUM[:40] + "." + ALNUM[:43]
_SLACK = "T00000000/B00000000/" + ALNUM[:24]
IN_CONTEXT = {
    "-----begin": (_RSA[: _RSA.index("Abc=")], _RSA[: _RSA.index("Abc=")].rstrip()),
    "-----end": (_TAIL, _TAIL),
    "---- begin ssh2": (_SSH2, _SSH2),
    "private-lines:": ("Private-Lines: 3\n" + lines(64, 3), lines(64, 3)),
    "privatekey": (f"PrivateKey = {_KEY}", _KEY),
    "private_key": (f"private_key = {_KEY}", _KEY),
    "private-key": (f"private-key: {_KEY}", _KEY),
    "private key": (f"private key: {_KEY}", _KEY),
    "presharedkey": (f"PresharedKey = {_KEY}", _KEY),
    "secret_access_key": (f"secret_access_key {_AWS_SECRET}", _AWS_SECRET),
    "secretaccesskey": (f"SecretAccessKey\t{_AWS_SECRET}", _AWS_SECRET),
    "secretkey": (f"SecretKey {_AWS_SECRET}", _AWS_SECRET),
    "secret_key": (f"secret_key {_AWS_SECRET}", _AWS_SECRET),
    "secret access key": (f"Secret Access Key [None]: {_AWS_SECRET}", _AWS_SECRET),
    "akia": ("AK" + f"IA{_UPPER[:16]},{_AWS_SECRET}", _AWS_SECRET),
    "asia": ("AS" + f"IA{_UPPER[:16]}\t{_AWS_SECRET}", _AWS_SECRET),
    "hooks.slack.com/": (f"https://hooks.slack.com/services/{_SLACK}", _SLACK),
    ":AA": ("123456789" + ":AA" + ALNUM[:33], "123456789" + ":AA" + ALNUM[:33]),
    "/api/webhooks/": (f"discord.com/api/webhooks/123456789012345678/{LONG[:70]}", LONG[:70]),
    "eyJ": (_JWT, _JWT),
    "sig=": (f"x?a=1&sig={ALNUM[:40]}", ALNUM[:40]),
    "signature=": (f"x?a=1&signature={ALNUM[:40]}", ALNUM[:40]),
    "x-amz-security-token=": (f"x?X-Amz-Security-Token={LONG}", LONG),
    "://": (f"postgres://ann:{RANDOM}@db/x", RANDOM),
    "bearer": (f"bearer {ALNUM[:40]}", ALNUM[:40]),
    "authorization": (f"Authorization: token {HEX[:40]}", HEX[:40]),
    "basic": ("Basic YWxpY2U6aHVudGVyMmh1bnRlcjI=", "YWxpY2U6aHVudGVyMmh1bnRlcjI="),
    "cookie curl": (f"curl -b {_COOKIE} https://x.example", _COOKIE),
    "cookie:": (f"Cookie: {_COOKIE}\n", _COOKIE),
    'cookie":': (f'"Cookie": "{_COOKIE}"', _COOKIE),
    "cookie':": (f"'Cookie': '{_COOKIE}'", _COOKIE),
    'cookie\\":': (f'\\"Cookie\\": \\"{_COOKIE}\\"', _COOKIE),
    "identified": ("CREATE USER a IDENTIFIED BY 'hunter2x'", "hunter2x"),
    "sshpass": ("sshpass -p hunter2x ssh a", "hunter2x"),
    "mysql": ("mysqldump -u root -phunter2x db", "hunter2x"),
    "curl": ("curl -u ann:hunter2x https://x.example", "hunter2x"),
    "machine": ("machine a.example login ann password hunter2x", "hunter2x"),
    "docker": ("docker login -u ann -p hunter2x quay.io", "hunter2x"),
    "podman": ("podman login -u ann -p hunter2x quay.io", "hunter2x"),
    "redis-cli": ("redis-cli -a hunter2x ping", "hunter2x"),
    "mongo": ("mongosh -u ann -p hunter2x", "hunter2x"),
    "zip": ("zip -P hunter2x a.zip a", "hunter2x"),
    "7z": ("7z x -phunter2x a.7z", "hunter2x"),
    "default login": ("default login ann password hunter2x", "hunter2x"),
    **{
        f"{name} login": (f"{name} login -u ann -p hunter2x", "hunter2x")
        for name in ("az", "acr", "oc", "registry", "skopeo", "buildah")
    },
    **{
        port: (f"db.example{port}shop:ann:hunter2x", "hunter2x")
        for port in (":5432:", ":5433:", ":6432:", ":6543:", ":*:")
    },
    **{anchor: (f"is {each} so", each) for anchor, each in HASHES.items()},
    **{
        named: (f"{named}: {_SEED}", _SEED)
        for named in (
            "mnemonic", "seed phrase", "seed_phrase", "seed words", "recovery phrase", "secret phrase",
        )
    },
    "openssl": ("openssl enc -pass pass:hunter2x", "hunter2x"),
    "keytool": ("keytool -keypass hunter2x -list", "hunter2x"),
    "htpasswd": ("htpasswd -b f ann hunter2x", "hunter2x"),
    **{
        stated: (f"the {stated} {RANDOM}", RANDOM)
        for stated in (
            "password is", "passphrase is", "passwort ist", "passwort lautet", "mot de passe :", "token is",
            "secret is", "api key is",
        )
    },
    **{
        f"auth{mark}": (f"{{{mark}auth{mark}: {mark}{_BASIC}", _BASIC)
        for mark in ('"', "'")
    },
    "auth\\": (f'\\"auth\\": \\"{_BASIC}\\"', _BASIC),
    "auth=": (f"_auth={_BASIC}", _BASIC),
    "pass": ("DB_PASSWORD=hunter2!x", "hunter2!x"),
    "pwd": ("DB_PWD=hunter2!x", "hunter2!x"),
    **{
        name: (f"{name}={ALNUM[:32]}", ALNUM[:32])
        for name in (
            "secret", "token", "apikey", "api_key", "api-key", "access_key", "accesskey", "access-key",
            "account_key", "accountkey", "auth_key", "auth-key", "authkey", "encryption_key", "signing_key",
            "credential",
        )
    },
    "@": ("ann@mail.example.org", "ann@mail.example.org"),
    "/home/": ("/home/annika/src", "annika"),
    "/users/": ("/Users/annika/src", "annika"),
    "users\\": ("C:\\Users\\annika\\src", "annika"),
}  # fmt: skip

ANCHORS = [
    pytest.param(number, anchor, id=f"{rule.kind} {anchor}")
    for number, rule in enumerate(RULES)
    for anchor in rule.anchors
]


def sample(number: int, anchor: str) -> tuple[str, str]:
    """A text in which that anchor of a rule leads to a secret."""
    kind = RULES[number].kind
    for name in (f"{kind} {anchor}", anchor):
        if name in IN_CONTEXT:
            return IN_CONTEXT[name]
    behind = ALONE.get(anchor) or TOKENS.get(kind)
    assert behind, f"the anchor {anchor!r} has no sample: add one"
    return f"see {anchor}{behind} so", anchor + behind


def found(text: str, personal: bool) -> list[tuple[str, str]]:
    return [
        (span.kind, text[span.start : span.end]) for span in scan.spans(text, personal=personal)
    ]


@pytest.mark.parametrize(("number", "anchor"), ANCHORS)
def test_every_anchor_leads_to_a_secret_and_is_needed_for_it(number, anchor, monkeypatch):
    rule = RULES[number]
    text, secret = sample(number, anchor)
    assert (rule.kind, secret) in found(text, rule.personal)
    left = tuple(each for each in rule.anchors if each != anchor)
    # A rule without any would be tried everywhere.
    changed = [*RULES]
    changed[number] = replace(rule, anchors=left or ("\0",))
    monkeypatch.setattr(scan, "RULES", tuple(changed))
    monkeypatch.setattr(scan, "_RULES", scan._Table(personal=False))
    monkeypatch.setattr(scan, "_PERSONAL", scan._Table(personal=True))
    assert (rule.kind, secret) not in found(text, rule.personal)


def test_the_id_of_a_key_does_not_hide_the_secret_behind_it():
    key, text = "AK" + "IA" + _UPPER[:16], "AK" + f"IA{_UPPER[:16]},{_AWS_SECRET}"
    assert found(text, False) == [("aws-access-key", key), ("aws-secret-key", _AWS_SECRET)]
