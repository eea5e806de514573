"""More texts with secrets: hashes of passwords, secrets of programs, and tokens broken over lines."""

from __future__ import annotations

import json
import textwrap

from tests.format.redaction.corpus import _GITHUB, _JWT, _WORD, ALNUM, HEX

_CRYPT = "./" + ALNUM + ALNUM + ALNUM
_MD5 = "$1" + "$abcdefgh$" + _CRYPT[:22]
_SEED = "army van defense carry jealous true garbage claim echo media make crunch"

# By anchor of the rule.
HASHES = {
    **{f"$2{form}": f"$2{form}$" + "12$" + _CRYPT[:53] for form in "abxy"},
    "$1$": _MD5,
    "$apr1": _MD5.replace("$1", "$apr1"),
    "$5$": "$5" + "$salt$" + _CRYPT[:43],
    "$6$": "$6" + "$rounds=5000$salt$" + _CRYPT[:86],
    "$5\\": "$5" + "\\$salt\\$" + _CRYPT[:43],
    "$6\\": "$6" + "\\$salt\\$" + _CRYPT[:86],
    "$y$": "$y" + "$j9T$salt./$" + _CRYPT[:43],
    "$gy$": "$gy" + "$j9T$salt./$" + _CRYPT[:43],
    "$y\\": "$y" + "\\$j9T\\$salt\\$" + _CRYPT[:43],
    "$7$": "$7" + "$CU..../....salt$" + _CRYPT[:43],
    "$argon2": "$argon2id" + "$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$" + ALNUM[:43],
    "pbkdf2:": "pbkdf2" + ":sha256:600000$salt$" + HEX,
    "pbkdf2_": "pbkdf2" + "_sha256$600000$salt$" + ALNUM[:43] + "=",
    "scrypt:": "scrypt" + ":32768:8:1$salt$" + HEX * 2,
    "{SHA": "{SHA" + "}" + ALNUM[:27] + "=",
    "{SSHA": "{SSHA" + "}" + ALNUM[:38] + "==",
}


def wrapped(text: str, width: int) -> str:
    return "\n".join(textwrap.wrap(text, width))


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


_LONG = "sk-" + "ant-api03-" + ALNUM * 4
_BEARER = ALNUM * 4
_SPLIT = "sk-" + "ant-api03-" + ALNUM[:26] + "\\\n" + ALNUM[26:]
# Text, and the kind and the whole lines of the secret in it.
_BROKEN = [
    (kind, before + lines + after, lines)
    for kind, before, lines, after in [
        ("github-token", "export TOKEN=", _GITHUB[:17] + "\n" + _GITHUB[17:], "\nexport OTHER"),
        ("github-token", "use ", _GITHUB[:-3] + "\n    " + _GITHUB[-3:], " for it"),
        ("github-token", 'x -H "t: ', _GITHUB[:9] + "\\\n" + _GITHUB[9:], '" y'),
        ("github-token", '{"a": "', _in_json(_GITHUB[:9] + "\\\n" + _GITHUB[9:]), '"}'),
        # A token already, without its second line.
        ("anthropic-key", 'x -H "t: ', _SPLIT, '" y'),
        ("anthropic-key", '{"a": "', _in_json(_SPLIT), '"}'),
        ("github-token", '{"a": "', _in_json(_GITHUB[:20] + "\n" + _GITHUB[20:]), '\\nfoo"}'),
        *(("anthropic-key", "", wrapped(_LONG, width), "\nREADME.md\n") for width in (64, 76)),
        *(("jwt", "$ show\n", wrapped(_JWT * 1, width), "\n$ ls\n") for width in (64, 76)),
        ("jwt", '{"a": "x\\n', _in_json(wrapped(_JWT, 64)), '\\nnext"}'),
        (
            "bearer-token",
            "Authorization: Bearer ",
            _BEARER[:42] + "\n" + wrapped(_BEARER[42:], 64),
            "\n\nx",
        ),
    ]
]

# A token that fills its line, and lines after it that are none of its own.
_FULL = ALNUM + ALNUM[:9]
_NOT_ITS_OWN = [
    ("anthropic-key", "sk-" + "ant-" + _FULL[:first] + "".join("\n" + each for each in more))
    for first, more in [
        # Its line was not full, so the next one is not the rest of it.
        (40, [_FULL[:40]]),
        # No line of a token is longer than the one before it.
        (60, [_FULL + _FULL[:30]]),
        (60, ["", _FULL[:20]]),
        # What fills no line is not the rest of one.
        (60, [_FULL[:30] + " is next"]),
    ]
]
_SHORT_LAST = "sk-" + "ant-" + _FULL[:60] + "\n" + _FULL[:20]

# A password in quotation marks may have any characters in it.
_ODD = "aB3$dE5 (gh);9x"
_QUOTED = [
    text.replace("@", _ODD)
    for text in (
        "sshpass -p '@' ssh host",
        'sshpass -p "@" ssh host',
        "mysql -u root -p'@' shop",
        "curl -u 'alice:@' https://x.example",
        "curl -u alice:'@' https://x.example",
        "docker login -u bob -p '@' quay.io",
        "redis-cli -a '@' ping",
        "7z x -p'@' a.7z",
        "keytool -list -storepass '@' -v",
    )
]

MORE = [
    *(("password", text, _ODD) for text in _QUOTED),
    *((kind, text, text.partition("\n")[0]) for kind, text in _NOT_ITS_OWN),
    ("anthropic-key", f"{_SHORT_LAST}\n{_FULL[:60]}", _SHORT_LAST),
    (
        "anthropic-key",
        '{"a": "' + "words " * 12 + "\\nsk-" + f"ant-{_FULL[:40]}\\n{_FULL[:40]}" + '"}',
        "sk-" + f"ant-{_FULL[:40]}",
    ),
    # The beginning of one, and then a whole one.
    ("anthropic-key", "sk-" + f"ant-{ALNUM[:9]}\n" + _LONG[:64], _LONG[:64]),
    *(("password-hash", f"root:{each}:19000", each) for each in HASHES.values()),
    *(("password-hash", f"It is {each}. Next", each) for each in HASHES.values()),
    ("password-hash", "pw: $" + f"$2y$$12$${_CRYPT[:53]}\n", "$2y" + f"$$12$${_CRYPT[:53]}"),
    *(
        ("password", text.replace("@", _WORD), _WORD)
        for text in (
            "7z x -p@ a.7z",
            "7za a -t7z a.7z b -p'@'",
            "az login --service-principal -u app -p @ --tenant t",
            "az acr login -n x -u bob -p @",
            "oc login https://api.example -u bob -p @",
            "helm registry login ghcr.io -u bob -p @",
            "skopeo login -u bob -p @ quay.io",
            "buildah login -u bob -p @ quay.io",
            "machine x.example\n\tlogin alice\n\taccount a\n\tpassword @\n",
            "default login alice password @\n",
            "$ cat ~/.pgpass\ndb.example:5432:shop:alice:@\n",
            "*:*:*:postgres:@",
            "echo 'localhost:5433:*:bob:@' >> ~/.pgpass",
        )
    ),
    *(
        ("cookie", text.replace("@", f"sid={ALNUM[:30]}; theme=dark"), f"sid={ALNUM[:30]}; theme=dark")
        for text in ("curl -s -b '@' https://x.example", 'curl --cookie "@" https://x.example')
    ),
    ("cookie", f"curl -bsid={ALNUM[:30]} https://x.example", f"sid={ALNUM[:30]}"),
    *(
        ("seed-phrase", text.replace("@", _SEED), _SEED)
        for text in (
            'MNEMONIC="@"',
            "mnemonic: @\n",
            "The seed phrase is: @.",
            '{"mnemonic": "@"}',
            "Recovery phrase:\n@",
        )
    ),
    *_BROKEN,
]  # fmt: skip

NOT_MORE = [
    "curl -b cookies.txt -c cookies.txt https://x.example",
    "curl -b 'theme=dark' https://x.example",
    "arn:aws:logs:*:*:log-group:name",
    "docker run -p 5432:5432:5432 x && ssh -L 5432:db:5432 host",
    "7z x a.7z -o/tmp -y and the option -p asks",
    "az login --use-device-code",
    "Change the default login page password policy.",
    "a default login form password length (eight)",
    *(
        f"root:{each}{more}:19000"
        for each, more in ((HASHES["$2b"], "x"), (HASHES["$1$"], "/x"), (HASHES["$6$"], ".x"))
    ),
    "{SHA" + "256}" + "a" * 43 + "= and {SSHA" + "}" + "x" * 38,
    "https://mirror.example/{SHA" + "256}/somedirectory/withlongname/file",
    "$2b" + "$12$" + "." * 53 + " and $6" + "$salt$" + "x" * 86,
    "echo $1$2 '$5$' \"$6$x\" $y$z",
    "s/^\\$2b\\$/x/ and argon2id$ or bcrypt ($2b$)",
    "pbkdf2:sha256 with 600,000 rounds",
    # Inside a word no token begins.
    "di" + f"sk-{ALNUM[:16]}\n{ALNUM[:40]}",
    # What stands where a program takes a password, and is none.
    *(
        text.replace("@", each)
        for text in (
            "sshpass -p @ ssh host",
            "mysql -u root -p@ shop",
            "curl -u alice:@ https://x.example",
            "machine x.example login alice password @",
            "docker login -u bob -p @",
            "7z x -p@ a.7z",
            "openssl enc -k pass:@ -in a",
            "$ cat ~/.pgpass\ndb.example:5432:shop:alice:@\n",
        )
        for each in ("password", "xxxxxxxx", "********", "changeme")
    ),
    *(
        text.replace("@", each)
        for text in ('sshpass -p "@" ssh host', 'curl -u "alice:@" https://x', 'redis-cli -a "@"')
        for each in (
            "$PASSWORD",
            "${PASSWORD}",
            "$(pass show x)",
            '$(cat "$1")',
            "{password}",
            "<it>",
        )
    ),
    "the mnemonic is a word that helps you remember which flag does what when you are in a hurry",
    "mnemonic: one two three four five six seven eight nine ten eleven",
    "seed phrase: the twelve words that you wrote down when your wallet was made and never again",
    "gh" + "p_\nfollowed by thirty-six characters of which each is a letter or digit",
    "gh" + "p_abc123\n" + "README.md\n" + "a1b2c3d4e5f6g7h8i9",
]
