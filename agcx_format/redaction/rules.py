"""A table of rules that describe what secrets look like, and which part of a match is the secret.

Strategy: each rule has literal anchors, one of which every match contains. The pattern is tried only there:
text without secrets costs a few literal searches. To stay linear for any text, patterns match runs of
characters possessively and repeated groups atomically (`(?>(?:…)+)`; early releases of Python 3.11 get the
possessive form wrong), limit lazy matches, and start only where a token can start, so a run is examined once
and not once per character. The table goes from specific to general; where matches overlap, the earlier rule
wins. Properties of a value (how random it looks, whether it is code) are tested by a check.

A secret never begins or ends inside a JSON escape, and never contains an unescaped quotation mark: in JSON
text it can be replaced by plain ASCII, and the text is still JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agcx_format.redaction import checks, named_values, private_keys
from agcx_format.redaction.matched import guarded

__all__ = ["RULES", "SecretRule"]


Check = Callable[[re.Match[str]], bool]

# Characters: the longest part of a secret before its anchor.
_LEAD = 65
# Characters: how much is hidden if `behind` fails.
_BEHIND = 8000


@dataclass(frozen=True, slots=True)
class SecretRule:
    """How to find secrets of one kind.

    Fields:
        anchors: literals, in lower case if the pattern ignores case.
        pattern: matched at an anchor; without anchors it must be fast by itself. Groups whose names
            begin with `secret` are the secret.
        check: rejects values that only look like a secret.
        lead: matches the part of a secret before its anchor, at most 65 characters.
        behind: finds where a secret begins before its anchor; None if nowhere.
        personal: whether the rule applies only on request.
    """

    kind: str
    anchors: tuple[str, ...]
    pattern: re.Pattern[str]
    check: Check | None = None
    lead: re.Pattern[str] | None = None
    behind: Callable[[str, int], int | None] | None = None
    personal: bool = False

    @property
    def ignores_case(self) -> bool:
        return bool(self.pattern.flags & re.IGNORECASE)

    def begin(self, text: str, start: int) -> int | None:
        """Where the secret begins of which the pattern matched the end; None if there is none after all.

        `start` is where that end begins.
        """
        if self.behind is not None:
            return guarded(self.behind, max(0, start - _BEHIND), text, start)
        if self.lead is not None:
            found = self.lead.search(text, max(0, start - _LEAD), start)
            return None if found is None else found.start()
        return start


# Where a token can begin: not inside a word, but after `_` or `-`, an escape of JSON or of a URL, or a color
# code of a terminal. Never right after a backslash: that would be inside an escape.
_ESCAPE = (
    r"(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4})|(?<=%[0-9A-Fa-f]{2})|(?<=\[m)|(?<=[\[;][0-9]m)"
    r"|(?<=[\[;0-9][0-9]{2}m)"
)
_START = rf"(?:(?<![A-Za-z0-9\\])|{_ESCAPE})"
# For unmistakable tokens.
_ANYWHERE = r"(?<!\\)"
# For long runs of these characters, which would otherwise be examined once for every anchor in them.
_ALONE = rf"(?:(?<![A-Za-z0-9_\\-])|{_ESCAPE})"


def _token(kind: str, anchors: str, pattern: str, start: str = _START) -> SecretRule:
    """A rule for tokens that are recognizable by themselves; the whole match is the secret."""
    compiled = re.compile(f"{start}(?P<secret>{pattern})")
    return SecretRule(kind, tuple(anchors.split()), compiled)


def _context(
    kind: str,
    anchors: str,
    pattern: str,
    check: Check | None = None,
    *,
    behind: Callable[[str, int], int | None] | None = None,
    personal: bool = False,
) -> SecretRule:
    """A rule for a value that is a secret because of the text around it."""
    compiled = re.compile(pattern, re.IGNORECASE | re.VERBOSE)
    return SecretRule(kind, _anchors(anchors), compiled, check, behind=behind, personal=personal)


def _anchors(anchors: str) -> tuple[str, ...]:
    """Split at blanks, or at bars if the anchors contain blanks."""
    return tuple(filter(None, anchors.split("|")) if "|" in anchors else anchors.split())


# --- private keys

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

# --- names of secrets, and how a value follows them

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

RULES = (
    _context("private-key", "-----begin", _PRIVATE_KEY, private_keys.is_key),
    _context("private-key", "-----end", f"(?P<secret>{_KEY_END})", behind=private_keys.key_before),
    _context("private-key", "---- begin ssh2|", _SSH2_KEY),
    _context("private-key", "private-lines:",
             r"private-lines:[ ]?[0-9]{1,3}(?:\\[nr]|\s){1,4}"
             rf"(?P<secret>[A-Za-z0-9+/=]{{16,}}+(?>{_BASE64_LINES}*))"),
    _context("private-key", "privatekey|private_key|private-key|private key|presharedkey", r"""
        (?:private[_\x20-]?key|presharedkey)(?:\\{0,3}["'`])?\s{0,4}(?:=|:|=>)\s{0,4}(?:\\{0,3}["'`])?
        (?P<secret>(?-i:[A-Za-z0-9+/]{43}=|(?:0x)?[0-9a-fA-F]{64}))(?![A-Za-z0-9+/=])""",
             checks.is_random),
    _token("private-key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,64}+"),
    _token("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}+",
           start=_ANYWHERE),
    _token("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{40,255}+",
           start=_ANYWHERE),
    _token(
        "gitlab-token",
        "glpat- gldt- glrt- glptt- glcbt- glsoat- glft- glagent- glimt- glffct- GR1348941",
        r"(?:gl(?:pat|dt|rt|ptt|cbt|soat|ft|agent|imt|ffct)-[A-Za-z0-9_.-]{20,300}+"
        r"|GR1348941[A-Za-z0-9_-]{20,60}+)", start=_ANYWHERE,
    ),
    _token("anthropic-key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{24,300}+", start=_ANYWHERE),
    _token("openai-key", "sk-", r"sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,300}+"
           r"|(?:or-v1-)?[A-Za-z0-9]{32,128}+)"),
    _token("aws-access-key", "AKIA ASIA ABIA ACCA", r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _context(
        "aws-secret-key", "secret_access_key|secretaccesskey|secretkey|secret_key|secret access key",
        r"""secret[_ ]?(?:access[_ ]?)?key (?:[ ]\[[^\]\n]{0,24}\])? \\?["']?
        (?:\s{0,8}[:=]\s{0,8}|[ \t]{1,8}|\\t)
        \\?["']? (?P<secret>[A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])""", checks.is_random,
    ),
    _context(
        "aws-secret-key", "akia asia",
        r"""(?:akia|asia)[A-Z0-9]{16} (?:\\?["'])? (?:[,;:| \t]|\\t){1,8} (?:\\?["'])?
        (?P<secret>[A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])""", checks.is_random,
    ),
    _token("google-key", "AIza", r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    _token("google-key", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _token("google-token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,1000}+"),
    _token("google-token", "1//0", r"1//0[A-Za-z0-9_-]{30,200}+"),
    _token("slack-token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxc- xoxd- xoxe xapp-",
           r"(?:(?:xox[abcprs]|xoxe(?:\.xox[bp])?|xapp)-[A-Za-z0-9-]{20,300}+"
           r"|xoxd-[A-Za-z0-9%+/=_-]{20,400}+)", start=_ANYWHERE),
    _context("slack-webhook", "hooks.slack.com/",
             r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9/_-]{20,200}+)"),
    _token("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_ whsec_",
           r"(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}+|whsec_[A-Za-z0-9+/=]{24,100}+)"),
    _token("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    _token("pypi-token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,500}+"),
    _token("huggingface-token", "hf_", r"hf_[A-Za-z0-9]{30,60}+"),
    _token("sendgrid-key", "SG.", r"SG\.[A-Za-z0-9_-]{20,24}+\.[A-Za-z0-9_-]{39,50}+"),
    _token("twilio-key", "SK", r"SK[0-9a-f]{32}(?![0-9a-zA-Z])"),
    SecretRule(
        "telegram-token", (":AA",),
        re.compile(r"(?P<secret>:AA[A-Za-z0-9_-]{32,34}+)"),
        lead=re.compile(rf"(?:{_ALONE}|(?<=/bot))[0-9]{{8,10}}\Z"),
    ),
    _context("discord-webhook", "/api/webhooks/",
             r"/api/webhooks/\d{15,21}/(?P<secret>[A-Za-z0-9_-]{60,90}+)"),
    # The base64 of a number: there is no literal to search for, but few words begin like this.
    SecretRule(
        "discord-token", (),
        re.compile(r"(?P<secret>[MNO](?:(?<![A-Za-z0-9_\\-].)|(?<=\\[nrtbf].))[TDjz]"
                   r"[A-Za-z0-9_-]{21,26}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,40}+)"),
    ),
    _token(
        "service-token",
        "dop_v1_ shpat_ shpss_ dckr_pat_ gsk_ xai- pplx- lin_api_ ntn_ secret_ figd_ ATATT3 glsa_ sbp_ "
        "hvs. dapi r8_",
        r"(?:dop_v1_[a-f0-9]{64}|shp(?:at|ss)_[a-fA-F0-9]{32}|dckr_pat_[A-Za-z0-9_-]{27,}+"
        r"|(?:gsk|lin_api|ntn|sbp)_[A-Za-z0-9]{36,80}+|(?:xai|pplx)-[A-Za-z0-9]{40,90}+"
        r"|ATATT3[A-Za-z0-9_=-]{100,300}+|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|hvs\.[A-Za-z0-9_-]{24,200}+"
        r"|dapi[a-f0-9]{32}(?![a-z0-9])|r8_[A-Za-z0-9]{37}|figd_[A-Za-z0-9_-]{36,80}+"
        r"|secret_[A-Za-z0-9]{43}(?![A-Za-z0-9]))",
    ),
    _token(
        "service-token",
        "nfp_ pul- PMAK- NRAK- glc_ sntrys_ sntryu_ pscale_ dp.pt. dp.st. sq0csp- sq0atp- key-",
        r"(?:nfp_[A-Za-z0-9]{36,40}+|pul-[a-f0-9]{40}(?![a-z0-9])|PMAK-[a-f0-9]{24}-[a-f0-9]{34}"
        r"|NRAK-[A-Z0-9]{27}|glc_[A-Za-z0-9+/]{32,400}+={0,2}|sntry[su]_[A-Za-z0-9+/=_]{40,400}+"
        r"|pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,64}+|dp\.[ps]t\.[A-Za-z0-9_.-]{40,80}+"
        r"|sq0(?:csp|atp)-[A-Za-z0-9_-]{22,43}+|key-[a-f0-9]{32}(?![A-Za-z0-9]))",
    ),
    # A signed one, or one that is encrypted, which has five parts.
    _token("jwt", "eyJ", r"eyJ[A-Za-z0-9_-]{8,4096}+\.(?:eyJ[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{16,2048}+"
           r"|[A-Za-z0-9_-]{20,1024}+\.[A-Za-z0-9_-]{12,32}+\.[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{16,64}+)",
           start=_ALONE),
    # Base64 of tokens and of a file with a key, as in a Kubernetes configuration.
    _token("encoded-token", "Z2hwX Z2l0aHViX3BhdF c2stYW50L c2stcHJvai",
           r"(?:Z2hwX|Z2l0aHViX3BhdF|c2stYW50L|c2stcHJvai)[A-Za-z0-9+/]{20,400}+={0,2}", start=_ALONE),
    SecretRule(
        "private-key", ("LS0tLS1CRUdJTi",),
        re.compile(rf"{_ALONE}(?P<secret>LS0tLS1CRUdJTi[A-Za-z0-9+/]{{40,20000}}+={{0,2}})"),
        private_keys.is_encoded_key,
    ),
    _context("signature", "sig= signature= x-amz-security-token=", r"""
        (?:(?<=[?&;])|(?<=x-amz-)|(?<=x-goog-)|(?<=u0026))
        (?:sig|signature|x-amz-security-token)=(?P<secret>[A-Za-z0-9%+/=_-]{20,2000}+)""",
             checks.is_random),
    # Up to the last `@` before the host: before a slash or, if the password contains a slash, after it.
    _context("connection-string", "://", r"""
        ://(?:(?P<secret_user>[a-z0-9_-]{20,200}+)(?::x-oauth-basic)?@(?=[^\s"'@/?\#])
          | [^\s:/@"'`\\<>?\#]{0,200}+:
        (?: (?P<secret>(?:(?!://)[^\s/?\#"'`\\<>]){1,300})@(?=[^\s"'@/?\#])
          | (?<=:)(?P<secret_slash>(?>(?:(?!://)[^\s@"'`\\<>]){1,300}))@(?=[^\s"'@]) ))
        """, checks.is_password_in_url),
    _context("bearer-token", "bearer",
             r"bearer(?:[ +]|%20){1,4}(?P<secret>[A-Za-z0-9._~+/=-]{16,4096}+)", checks.is_bearer),
    _context("bearer-token", "authorization", r"""
        authorization(?:\\{0,3}["'])?\s{0,4}[:=]\s{0,4}(?:\\{0,3}["'`])?(?:(?!basic)[a-z]{3,20}[ ]{1,4})?
        (?P<secret>[A-Za-z0-9._~+/=-]{16,4096}+)""", checks.is_opaque),
    _context("basic-authorization", "basic",
             r"basic(?:[ ]|%20){1,4}(?P<secret>[A-Za-z0-9+/]{5,500}+={0,2})", checks.is_credentials),
    _context(
        "basic-authorization", r"""auth"|auth'|auth\|auth=""",
        r"""(?<![a-z0-9])auth(?:\\{0,3}["'])?\s{0,4}[:=]\s{0,4}(?:\\{0,3}["'])?
        (?P<secret>[A-Za-z0-9+/]{8,800}+={0,2})(?![A-Za-z0-9_-])""", checks.is_credentials,
    ),
    _context("cookie", r"""cookie:|cookie":|cookie':|cookie\":""", r"""
        cookie(?: (?<=set-cookie)(?:\\{0,3}["'])?:\s{0,4}(?:\\{0,3}["'])?
            [^\s=;"'\\]{1,100}=(?P<secret>[^\s;"'\\,]{8,4096}+)
          | (?<!set-cookie)(?:\\{0,3}["'])?:\s{0,4}(?:\\{0,3}["'])?
            (?P<secret_all>[^\s=;"'\\]{1,100}=(?>(?:(?!cookie:)[^\r\n"'\\]){8,8192})) )""",
             checks.is_session),
    _context("password", "identified",
             r"identified[ ](?:with[ ][a-z0-9_]{1,40}[ ])?by[ ]'(?P<secret>[^'\s\\\"]{3,200}+)'"),
    _context(
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
        (?P<secret>[^\s"'\\;|&$<>(){}]{3,200}+)""", checks.is_argument,
    ),
    _context("password", "pass pwd", _PASSWORD + r"(?:" + _ASSIGNED + ")",
             named_values.is_password),
    _context(
        "password",
        "password is|passphrase is|passwort ist|passwort lautet|mot de passe :|token is|secret is|api key is",
        r"""
        (?:password|passphrase|token|secret|api[ ]key|passwort|mot[ ]de[ ]passe)[ ]
        (?:is|ist|lautet|:)(?:[ ]now)?:?[ ](?:[*_`"']{1,2})?
        (?P<secret>(?>[^\s"'`*<>(){}\[\],;\\]{8,400}))""",
        named_values.is_stated,
    ),
    _context(
        "secret",
        "secret token apikey api_key api-key access_key accesskey access-key account_key accountkey "
        "auth_key auth-key authkey encryption_key signing_key credential",
        _SECRET + r"(?:" + _ASSIGNED + ")", named_values.is_secret,
    ),
    SecretRule(
        "e-mail", ("@",),
        re.compile(r"(?P<secret>@(?:[A-Za-z0-9-]{1,63}+\.){1,8}[A-Za-z]{2,24}+)"),
        checks.is_mailbox, personal=True,
        lead=re.compile(r"(?<![A-Za-z0-9.!#$%&*+/=?^_`{|}~@\\-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}+\Z"),
    ),
    _context(
        "home-directory", r"/home/ /users/ users\ ",
        r"(?:/home/|/Users/|Users\\{1,2})(?P<secret>[A-Za-z0-9][A-Za-z0-9_-]{0,31}+(?:\.[A-Za-z0-9_-]{1,31}+)?)"
        r"(?=[/\\\s\"':,;)\]]|\Z)",
        checks.is_person, personal=True,
    ),
)  # fmt: skip
