"""Texts with secrets, and texts that only look so.  Every secret is made up, and put together here.

No secret stands in this file as a whole, so that what looks for secrets in repositories finds none.
"""

from __future__ import annotations

import base64

ALNUM = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6"
HEX = "0123456789abcdef" * 4
_UPPER = "Q3EGRTWA5XZ2VBN7KLPM"


def lines(width: int, count: int) -> str:
    return "\n".join((ALNUM * 3)[n : n + width] for n in range(count))


_RSA = (
    "-----BEGIN RSA "
    + "PRIVATE KEY-----\n"
    + lines(64, 6)
    + "\nAbc=\n-----END RSA "
    + "PRIVATE KEY-----"
)
_PGP = (
    "-----BEGIN PGP "
    + "PRIVATE KEY BLOCK-----\nVersion: 2\n\n"
    + lines(64, 4)
    + ("\n=abcd\n-----END PGP " + "PRIVATE KEY BLOCK-----")
)
_CUT = "-----BEGIN OPENSSH " + "PRIVATE KEY-----\n" + lines(70, 3)
_NUMBERED = "\n".join(f"  {n}→{line}" for n, line in enumerate(_RSA.split("\n"), 1)).removeprefix(
    "  1→"
)
_GITHUB = "gh" + "p_" + ALNUM[:36]
_JWT = "ey" + "J" + ALNUM[:30] + ".ey" + "J" + ALNUM[:40] + "." + ALNUM[:43]
_AWS_SECRET = "wJalr/" + ALNUM[:34]
_BASIC = base64.b64encode(b"alice:hunter2hunter2").decode()
_WORD = "hunter2" + "!x"

_LED = _RSA.replace("\n", "\ndeploy/keys/id_rsa.pem-12-")
_DEEP = _RSA.replace("\n", "\n" + " " * 40)
_JOINED = _RSA.replace("\n", '\\n" + String.of(key) +\n        "')
_LED_CUT = _LED[: _LED.index("\ndeploy/keys/id_rsa.pem-12-Abc=")]
_TAIL = _RSA.split("\n", 2)[2]
_ROW = ALNUM[:48]
_JSON_TAIL = _TAIL.replace("\n", "\\n")
# Lines too short, and too far from the left, to be known one by one.
_LOGGED = (
    "-----BEGIN RSA "
    + f"PRIVATE KEY-----\n{lines(40, 6)}\n-----END RSA ".replace("\n", "\nweb-1 | 04:12:50 INFO ")
    + "PRIVATE KEY-----"
)
_SSH2 = (
    "---- BEGIN SSH2 ENCRYPTED "
    + 'PRIVATE KEY ----\nComment: "x"\n'
    + lines(70, 4)
    + ("\n---- END SSH2 ENCRYPTED " + "PRIVATE KEY ----")
)
_WIREGUARD = ALNUM[:20] + "+/" + ALNUM[:21] + "="
_TOKEN_USER = base64.b64encode((ALNUM[:20] + ":").encode()).decode()
_UMLAUT = base64.b64encode("jörg:hünter2".encode()).decode()

_TELEGRAM = "123456789" + ":AA" + ALNUM[:33]
_JWE = "ey" + f"J{ALNUM[:30]}.{ALNUM[:43]}.{ALNUM[:16]}.{ALNUM[:30]}.{ALNUM[:22]}"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# Kind, text, secret.
TRUE = [
    *(("private-key", f"x {key} y", key) for key in (_LED, _DEEP, _SSH2)),
    ("private-key", f"deploy/a:1:{_LED_CUT}\n\n$ ls", _LED_CUT),
    ("private-key", f"$ tail -n 9 id_rsa\n{_TAIL}\n", _TAIL),
    # No more than the key: neither a line of base64 further up, nor another string of the JSON.
    ("private-key", f"{ALNUM}\nand the key:\n{_TAIL}", _TAIL),
    ("private-key", f'{{"a": "{_ROW}\\n{_ROW}", "key": "{_JSON_TAIL}"}}', _JSON_TAIL),
    ("private-key", _LOGGED, _LOGGED),
    (
        "private-key",
        "Public-Lines: 1\nAAAA\nPrivate-Lines: 3\n" + lines(64, 3) + "\nPrivate-MAC: 12",
        lines(64, 3),
    ),
    ("private-key", f"[Interface]\nPrivateKey = {_WIREGUARD}\n", _WIREGUARD),
    ("private-key", f"PRIVATE_KEY=0x{HEX}", f"0x{HEX}"),
    ("basic-authorization", f"Authorization: Basic {_TOKEN_USER}", _TOKEN_USER),
    ("basic-authorization", f"Basic {_UMLAUT}", _UMLAUT),
    ("bearer-token", f"Authorization: token {HEX[:40]}", HEX[:40]),
    ("bearer-token", f"x=Bearer%20{ALNUM[:40]}&y", ALNUM[:40]),
    ("bearer-token", "Bearer " + "qWeRtZuIoPaSdFgHjKlYx", "qWeRtZuIoPaSdFgHjKlYx"),
    ("bearer-token", "Authorization: Bearer " + "qwertzuiopasdfghjklyx", "qwertzuiopasdfghjklyx"),
    ("cookie", f"Set-Cookie: session={ALNUM[:30]}; Path=/; HttpOnly", ALNUM[:30]),
    ("cookie", f"Cookie: theme=dark; sid={ALNUM[:30]}\n", f"theme=dark; sid={ALNUM[:30]}"),
    ("cookie", '"Cookie": "session=' + 'qwertyuiopas"', "session=" + "qwertyuiopas"),
    ("password", "tool --password 'Sun" + "shine two'", "Sun" + "shine two"),
    ("password", "password=Sun" + "shine # the old one", "Sun" + "shine"),
    ("aws-secret-key", f"AWS Secret Access Key [None]: {_AWS_SECRET}", _AWS_SECRET),
    ("aws-secret-key", f"SecretAccessKey\t{_AWS_SECRET}", _AWS_SECRET),
    ("secret", 'JWT_SECRET="super' + 'secret"', "super" + "secret"),
    ("private-key", _RSA, _RSA),
    ("private-key", f'"key": "{_RSA}"'.replace("\n", "\\n"), _RSA.replace("\n", "\\n")),
    ("private-key", f"cat id_rsa\n{_CUT}\n\n$ ls", _CUT),
    ("private-key", f"  1→{_NUMBERED}\n", _NUMBERED),
    ("private-key", _PGP, _PGP),
    (
        "private-key",
        "AGE-SECRET-" + "KEY-1" + (_UPPER * 3)[:58],
        "AGE-SECRET-" + "KEY-1" + (_UPPER * 3)[:58],
    ),
    ("github-token", f"remote: https://{_GITHUB}@github.com/a/b", _GITHUB),
    ("github-token", f"x\\n{_GITHUB}\\ny", _GITHUB),
    ("github-token", f"\x1b[32m{_GITHUB}\x1b[0m", _GITHUB),
    (
        "github-token",
        "see github_" + "pat_" + ALNUM + "_" + ALNUM,
        "github_" + "pat_" + ALNUM + "_" + ALNUM,
    ),
    ("gitlab-token", "gl" + "pat-" + ALNUM[:20], "gl" + "pat-" + ALNUM[:20]),
    ("anthropic-key", "KEY: sk-" + "ant-api03-" + ALNUM * 2, "sk-" + "ant-api03-" + ALNUM * 2),
    (
        "openai-key",
        "sk-" + "proj-" + ALNUM + "_" + ALNUM,
        "sk-" + "proj-" + ALNUM + "_" + ALNUM,
    ),
    ("openai-key", "export OPENAI_API_KEY=sk-" + ALNUM[:48], "sk-" + ALNUM[:48]),
    ("aws-access-key", "id AK" + "IA" + _UPPER[:16] + " x", "AK" + "IA" + _UPPER[:16]),
    ("aws-secret-key", f"aws_secret_access_key = {_AWS_SECRET}", _AWS_SECRET),
    ("aws-secret-key", f'"SecretAccessKey": "{_AWS_SECRET}"', _AWS_SECRET),
    ("aws-secret-key", f"aws configure set aws_secret_access_key {_AWS_SECRET}", _AWS_SECRET),
    ("google-key", "key=AI" + "za" + ALNUM[:35], "AI" + "za" + ALNUM[:35]),
    ("google-key", "GOC" + "SPX-" + ALNUM[:28], "GOC" + "SPX-" + ALNUM[:28]),
    ("google-token", "ya" + "29.a0" + ALNUM, "ya" + "29.a0" + ALNUM),
    (
        "slack-token",
        "xo" + "xb-123456789012-" + ALNUM[:24],
        "xo" + "xb-123456789012-" + ALNUM[:24],
    ),
    (
        "slack-webhook",
        "https://hooks.slack.com/services/T" + "0/B0/" + ALNUM[:24],
        "T" + "0/B0/" + ALNUM[:24],
    ),
    ("stripe-key", "sk_" + "live_" + ALNUM[:24], "sk_" + "live_" + ALNUM[:24]),
    ("stripe-key", "wh" + "sec_" + ALNUM[:32], "wh" + "sec_" + ALNUM[:32]),
    (
        "npm-token",
        "//registry.npmjs.org/:_authToken=np" + "m_" + ALNUM[:36],
        "np" + "m_" + ALNUM[:36],
    ),
    ("pypi-token", "py" + "pi-AgEIcHlwaS5vcmc" + ALNUM, "py" + "pi-AgEIcHlwaS5vcmc" + ALNUM),
    ("huggingface-token", "hf" + "_" + ALNUM[:34], "hf" + "_" + ALNUM[:34]),
    (
        "sendgrid-key",
        "S" + "G." + ALNUM[:22] + "." + ALNUM[:43],
        "S" + "G." + ALNUM[:22] + "." + ALNUM[:43],
    ),
    ("twilio-key", "sid S" + "K" + HEX[:32], "S" + "K" + HEX[:32]),
    ("telegram-token", "bot 123456789" + ":AA" + ALNUM[:33], "123456789" + ":AA" + ALNUM[:33]),
    (
        "discord-token",
        'login("MT' + ALNUM[:24] + ".Gabcde." + ALNUM[:38] + '")',
        "MT" + ALNUM[:24] + ".Gabcde." + ALNUM[:38],
    ),
    (
        "discord-webhook",
        "https://discord.com/api/webhooks/123456789012345678/" + ALNUM + ALNUM[:16],
        ALNUM + ALNUM[:16],
    ),
    ("service-token", "dop" + "_v1_" + HEX, "dop" + "_v1_" + HEX),
    ("service-token", "gs" + "k_" + ALNUM, "gs" + "k_" + ALNUM),
    *(
        ("github-token", before + _GITHUB, _GITHUB)
        for before in ("t-", "key", "my_", "a%3d", "\x1b[1;32m", "\x1b[38;5;123m", "\x1b[m", "x[0m")
    ),
    *(
        (kind, f"is {token} so", token)
        for kind, token in [
            ("slack-token", "xo" + "xc-123456789012-" + ALNUM[:24]),
            ("slack-token", "xo" + "xd-" + ALNUM[:20] + "%2F" + ALNUM[:20] + "%3D"),
            ("gitlab-token", "gl" + "ft-" + ALNUM[:20]),
            ("gitlab-token", "gl" + "agent-" + ALNUM[:50]),
            ("gitlab-token", "GR" + "1348941" + ALNUM[:20]),
            ("google-token", "1/" + "/0" + ALNUM[:40] + "-x"),
            ("service-token", "sec" + "ret_" + ALNUM[:43]),
            ("service-token", "nt" + "n_" + ALNUM[:46]),
            ("service-token", "fi" + "gd_" + ALNUM[:40]),
        ]
    ),
    ("signature", f"https://x.example/a?se=1&sig={ALNUM[:40]}%3D&b=1", f"{ALNUM[:40]}%3D"),
    ("signature", f"https://x.example/a?X-Amz-Signature={HEX}&b=1", HEX),
    ("jwt", f"Authorization: Bearer {_JWT}", _JWT),
    ("jwt", f'{{"access_token":"{_JWT}"}}', _JWT),
    ("bearer-token", 'curl -H "Authorization: Bearer ' + ALNUM[:30] + '"', ALNUM[:30]),
    ("basic-authorization", f"Authorization: Basic {_BASIC}", _BASIC),
    ("connection-string", f"postgres://app:{_WORD}@db.internal:5432/x", _WORD),
    ("connection-string", f'"DATABASE_URL": "mysql://root:{_WORD}@localhost/x"', _WORD),
    ("connection-string", f"redis://:{_WORD}@cache:6379", _WORD),
    ("connection-string", f"mongodb+srv://u:{_WORD}@c0.mongodb.net", _WORD),
    *(
        ("connection-string", f"see {scheme}://{user}:{password}@{host} so", password)
        for scheme, user, password, host in [
            ("postgres", "u", "q", "h"),
            ("postgres", "u", "p@ss" + "w0rd!", "h"),
            ("postgres", "u", "ab" + "/cd9", "h"),
            ("postgres", "u", "Secr3t@" + "1xyz", "h:5432/db?sslmode=require"),
            ("https", "bob", "$ecret" + "99!", "x.example/a@b"),
            ("mongodb", "u", "1234", "a:1,b:2/?x=y@z"),
        ]
    ),
    *(
        ("password", f"DB_PASSWORD={password}\n", password)
        for password in (
            "$ecret" + "99!",
            "my_" + "Pr0dPass",
            "change" + "me123",
            "my_dog_" + "Rex99!",
            "/Xk9" + "mQ2p/7vR",
            "/" + ALNUM[:40] + "/x+" + ALNUM[:40] + "==",
            "exa" + "mple77x",
        )
    ),
    ("password", 'password = "{hun' + 'ter2"', "{hun" + "ter2"),
    ("password", 'password = "[x9K' + 'q!mm"', "[x9K" + "q!mm"),
    ("secret", f"AccountKey=/{ALNUM[:40]}/+{ALNUM[:40]}==;x", f"/{ALNUM[:40]}/+{ALNUM[:40]}=="),
    ("password", f"DB_PASSWORD={_WORD}\n", _WORD),
    ("password", "export PGPASSWORD=hunter\n", "hunter"),
    *(
        ("password", text.replace("@", "Sun" + "shine"), "Sun" + "shine")
        for text in (
            "password=@",
            "x\npassword: @\n",
            "x\npassword = @\n",
            "DB_PASSWORD=@;",
            "Server=x;Password=@;Database=y",
            "Password=@;",
            "tool --password @",
            "tool --password=@ --yes",
            "https://x.example/?password=@",
            "host=h user=u password=@ dbname=d",
            "db:\n  password: @\n  port: 1",
            "a.b.password=@\n",
            "x:\n  POSTGRES_PASSWORD: @\n",
            "'password=@'",
        )
    ),
    ("password", "password=" + "letm" + "ein", "letm" + "ein"),
    ("password", 'DB_PASSWORD="two' + ' words"', "two" + " words"),
    ("password", 'password: "two' + ' words 9"', "two" + " words 9"),
    ("password", "password=" + "abcd1,efgh" + "22", "abcd1,efgh" + "22"),
    ("password", "password=" + "abcdef9&" + "ghi9", "abcdef9&" + "ghi9"),
    ("password", f"password: {_WORD}", _WORD),
    ("password", f'password: "{_WORD}"', _WORD),
    ("password", f"'password' => '{_WORD}',", _WORD),
    ("password", f'{{"user":"a","password":"{_WORD}"}}', _WORD),
    ("password", f'{{\\"user\\":\\"a\\",\\"password\\":\\"{_WORD}\\"}}', _WORD),
    ("password", f"db_password: str = '{_WORD}'", _WORD),
    ("password", f'os.environ["MYSQL_PASSWORD"] = "{_WORD}"', _WORD),
    ("password", f"tool --password {_WORD} --yes", _WORD),
    ("password", f"tool --password={_WORD} --yes", _WORD),
    ("password", f'["tool", "--db-password", "{_WORD}"]', _WORD),
    ("password", f"mysql -uroot -p{_WORD} shop", _WORD),
    ("password", f"mysqldump -h db -u root -p'{_WORD}' shop", _WORD),
    ("password", f"curl -s -u alice:{_WORD} https://x.example", _WORD),
    ("password", f"sshpass -p {_WORD} ssh host", _WORD),
    *(
        ("password", f'{{"command": {words}}}', secret)
        for words, secret in [
            (f'["curl", "-u", "bob:{_WORD}", "https://x.example"]', _WORD),
            (f'["mysql","-uroot","-p{_WORD}"]', _WORD),
            (f'["sshpass",\n  "-p",\n  "{_WORD};y",\n  "ssh"\n]', f"{_WORD};y"),
            (f"['sshpass', '-p', '{_WORD}']", _WORD),
            (f'\\"x\\", [\\"sshpass\\", \\"-p\\", \\"{_WORD}\\"]', _WORD),
        ]
    ),
    ("password", f"machine x.example login alice password {_WORD}", _WORD),
    ("password", f"ALTER USER app WITH PASSWORD '{_WORD}';", _WORD),
    ("password", f"CREATE USER a@b IDENTIFIED BY '{_WORD}';", _WORD),
    ("password", f"<password>{_WORD}</password>", _WORD),
    ("password", f"spring.datasource.password={_WORD}\nx", _WORD),
    ("password", f"https://x.example/?user=a&password={_WORD}&y=1", _WORD),
    ("password", f"$password = '{_WORD}';", _WORD),
    ("password", f'ssh_passphrase: "{_WORD} and more"', f"{_WORD} and more"),
    ("secret", f"API_KEY={ALNUM[:32]}", ALNUM[:32]),
    ("secret", f'"client_secret": "{ALNUM[:32]}"', ALNUM[:32]),
    ("secret", f"X-Api-Key: {HEX[:32]}", HEX[:32]),
    ("secret", f"token = '{ALNUM[:40]}'", ALNUM[:40]),
    ("secret", f"AccountKey={ALNUM}==;EndpointSuffix=x", f"{ALNUM}=="),
    ("secret", f"DJANGO_SECRET_KEY = '{ALNUM[:20]}!@#(x'", f"{ALNUM[:20]}!@#(x"),
    ("secret", f"tool --token {ALNUM[:24]}", ALNUM[:24]),
    *(
        ("service-token", f"is {token} so", token)
        for token in (
            "nf" + "p_" + ALNUM[:36],
            "pu" + "l-" + HEX[:40],
            "PM" + "AK-" + HEX[:24] + "-" + HEX[:34],
            "NR" + "AK-" + ALNUM[:27].upper(),
            "gl" + "c_" + ALNUM,
            "sn" + "trys_" + ALNUM,
            "sn" + "tryu_" + ALNUM,
            "ps" + "cale_tkn_" + ALNUM[:43],
            "d" + "p.pt." + ALNUM[:43],
            "d" + "p.st." + ALNUM[:43],
            "sq" + "0csp-" + ALNUM[:43],
            "sq" + "0atp-" + ALNUM[:22],
            "ke" + "y-" + HEX[:32],
        )
    ),
    *(
        ("encoded-token", f"echo {encoded(token)} | base64 -d", encoded(token))
        for token in (
            _GITHUB,
            "github_" + "pat_" + ALNUM,
            "sk-" + "ant-api03-" + ALNUM,
            "sk-" + "proj-" + ALNUM,
        )
    ),
    ("private-key", f"client-key-data: {encoded(_RSA)}\n", encoded(_RSA)),
    ("jwt", f"is {_JWE} so", _JWE),
    ("telegram-token", f"https://api.telegram.org/bot{_TELEGRAM}/getMe", _TELEGRAM),
    ("connection-string", f"git clone https://{ALNUM[:40]}@github.com/a/b", ALNUM[:40]),
    ("connection-string", f"https://{ALNUM[:40]}:x-oauth-basic@github.com/a/b", ALNUM[:40]),
    ("basic-authorization", f'{{"auths": {{"ghcr.io": {{"auth": "{_BASIC}"}}}}}}', _BASIC),
    ("basic-authorization", f"{{'auth': '{_BASIC}'}}", _BASIC),
    ("basic-authorization", f'{{\\"auth\\": \\"{_BASIC}\\"}}', _BASIC),
    ("basic-authorization", f"//npm.example/:_auth={_BASIC}", _BASIC),
    *(
        ("password", text.replace("@", _WORD), _WORD)
        for text in (
            "ENV DB_PASSWORD @",
            "password = b'@'",
            'password = f"@"',
            "docker login -u bob -p @ ghcr.io",
            "podman login -u bob -p @ quay.io",
            "redis-cli -h cache -a @ ping",
            "mongosh -u root -p @ --host h",
            "zip -P @ a.zip a",
            "openssl enc -aes-256-cbc -pass pass:@",
            "keytool -storepass @ -list",
            "htpasswd -b .htpasswd bob @",
            "machine x.example\n  login alice\n  password @\n",
            "the password is @ as before",
            "Passphrase is now @",
            "Das Passwort lautet: @",
            "mein Passwort ist @",
            "mot de passe : @",
            "the token is @",
            "the secret is `@`",
        )
    ),
    ("password", f"my api key is {ALNUM[:32]}.", f"{ALNUM[:32]}."),
    *(
        (kind, text.replace("@", f"{_WORD}abc1"), f"{_WORD}abc1")
        for kind, text in (
            ("password", "env:\n  - name: DB_PASSWORD\n    value: @\n"),
            ("secret", '{"name": "CLIENT_SECRET", "value": "@"}'),
            ("secret", 'variable "db_token" {\n  default = "@"\n}'),
            ("secret", '<add key="api_key" value="@" />'),
        )
    ),
    ("secret", f"X-Auth-Key: {HEX[:37]}", HEX[:37]),
]

PERSONAL = [
    ("e-mail", "Author: Ann <ann.b+c@mail.example.org>", "ann.b+c@mail.example.org"),
    ("home-directory", "cd /home/ann/src", "ann"),
    ("home-directory", "/Users/ann.b/x", "ann.b"),
    ("home-directory", r"C:\\Users\\ann\\x", "ann"),
]
