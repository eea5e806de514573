"""Tokens of services, which are recognizable by themselves."""

from __future__ import annotations

import re

from agcx_format.redaction.checks import is_random
from agcx_format.redaction.rule import ALONE, ANYWHERE, SecretRule, context, token

__all__ = ["TOKENS"]

TOKENS = (
    token("github-token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_[A-Za-z0-9]{36,255}+",
           start=ANYWHERE),
    token("github-token", "github_pat_", r"github_pat_[A-Za-z0-9_]{40,255}+",
           start=ANYWHERE),
    token(
        "gitlab-token",
        "glpat- gldt- glrt- glptt- glcbt- glsoat- glft- glagent- glimt- glffct- GR1348941",
        r"(?:gl(?:pat|dt|rt|ptt|cbt|soat|ft|agent|imt|ffct)-[A-Za-z0-9_.-]{20,300}+"
        r"|GR1348941[A-Za-z0-9_-]{20,60}+)", start=ANYWHERE,
    ),
    token("anthropic-key", "sk-ant-", r"sk-ant-[A-Za-z0-9_-]{24,300}+", start=ANYWHERE),
    token("openai-key", "sk-", r"sk-(?:(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,300}+"
           r"|(?:or-v1-)?[A-Za-z0-9]{32,128}+)"),
    token("aws-access-key", "AKIA ASIA ABIA ACCA", r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    context(
        "aws-secret-key", "secret_access_key|secretaccesskey|secretkey|secret_key|secret access key",
        r"""secret[_ ]?(?:access[_ ]?)?key (?:[ ]\[[^\]\n]{0,24}\])? \\?["']?
        (?:\s{0,8}[:=]\s{0,8}|[ \t]{1,8}|\\t)
        \\?["']? (?P<secret>[A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])""", is_random,
    ),
    context(
        "aws-secret-key", "akia asia",
        r"""(?:akia|asia)[A-Z0-9]{16} (?:\\?["'])? (?:[,;:| \t]|\\t){1,8} (?:\\?["'])?
        (?P<secret>[A-Za-z0-9/+=]{40})(?![A-Za-z0-9/+=])""", is_random,
    ),
    token("google-key", "AIza", r"AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])"),
    token("google-key", "GOCSPX-", r"GOCSPX-[A-Za-z0-9_-]{28}"),
    token("google-token", "ya29.", r"ya29\.[A-Za-z0-9_-]{20,1000}+"),
    token("google-token", "1//0", r"1//0[A-Za-z0-9_-]{30,200}+"),
    token("slack-token", "xoxb- xoxp- xoxa- xoxr- xoxs- xoxc- xoxd- xoxe xapp-",
           r"(?:(?:xox[abcprs]|xoxe(?:\.xox[bp])?|xapp)-[A-Za-z0-9-]{20,300}+"
           r"|xoxd-[A-Za-z0-9%+/=_-]{20,400}+)", start=ANYWHERE),
    context("slack-webhook", "hooks.slack.com/",
             r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9/_-]{20,200}+)"),
    token("stripe-key", "sk_live_ sk_test_ rk_live_ rk_test_ whsec_",
           r"(?:[sr]k_(?:live|test)_[A-Za-z0-9]{16,250}+|whsec_[A-Za-z0-9+/=]{24,100}+)"),
    token("npm-token", "npm_", r"npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])"),
    token("pypi-token", "pypi-AgE", r"pypi-AgE[A-Za-z0-9_-]{50,500}+"),
    token("huggingface-token", "hf_", r"hf_[A-Za-z0-9]{30,60}+"),
    token("sendgrid-key", "SG.", r"SG\.[A-Za-z0-9_-]{20,24}+\.[A-Za-z0-9_-]{39,50}+"),
    token("twilio-key", "SK", r"SK[0-9a-f]{32}(?![0-9a-zA-Z])"),
    SecretRule(
        "telegram-token", (":AA",),
        re.compile(r"(?P<secret>:AA[A-Za-z0-9_-]{32,34}+)"),
        lead=re.compile(rf"(?:{ALONE}|(?<=/bot))[0-9]{{8,10}}\Z"),
    ),
    context("discord-webhook", "/api/webhooks/",
             r"/api/webhooks/\d{15,21}/(?P<secret>[A-Za-z0-9_-]{60,90}+)"),
    # The base64 of a number: there is no literal to search for, but few words begin like this.
    SecretRule(
        "discord-token", (),
        re.compile(r"(?P<secret>[MNO](?:(?<![A-Za-z0-9_\\-].)|(?<=\\[nrtbf].))[TDjz]"
                   r"[A-Za-z0-9_-]{21,26}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,40}+)"),
    ),
    token(
        "service-token",
        "dop_v1_ shpat_ shpss_ dckr_pat_ gsk_ xai- pplx- lin_api_ ntn_ secret_ figd_ ATATT3 glsa_ sbp_ "
        "hvs. dapi r8_",
        r"(?:dop_v1_[a-f0-9]{64}|shp(?:at|ss)_[a-fA-F0-9]{32}|dckr_pat_[A-Za-z0-9_-]{27,}+"
        r"|(?:gsk|lin_api|ntn|sbp)_[A-Za-z0-9]{36,80}+|(?:xai|pplx)-[A-Za-z0-9]{40,90}+"
        r"|ATATT3[A-Za-z0-9_=-]{100,300}+|glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}|hvs\.[A-Za-z0-9_-]{24,200}+"
        r"|dapi[a-f0-9]{32}(?![a-z0-9])|r8_[A-Za-z0-9]{37}|figd_[A-Za-z0-9_-]{36,80}+"
        r"|secret_[A-Za-z0-9]{43}(?![A-Za-z0-9]))",
    ),
    token(
        "service-token",
        "nfp_ pul- PMAK- NRAK- glc_ sntrys_ sntryu_ pscale_ dp.pt. dp.st. sq0csp- sq0atp- key-",
        r"(?:nfp_[A-Za-z0-9]{36,40}+|pul-[a-f0-9]{40}(?![a-z0-9])|PMAK-[a-f0-9]{24}-[a-f0-9]{34}"
        r"|NRAK-[A-Z0-9]{27}|glc_[A-Za-z0-9+/]{32,400}+={0,2}|sntry[su]_[A-Za-z0-9+/=_]{40,400}+"
        r"|pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.-]{32,64}+|dp\.[ps]t\.[A-Za-z0-9_.-]{40,80}+"
        r"|sq0(?:csp|atp)-[A-Za-z0-9_-]{22,43}+|key-[a-f0-9]{32}(?![A-Za-z0-9]))",
    ),
    # A signed one, or one that is encrypted, which has five parts.
    token("jwt", "eyJ", r"eyJ[A-Za-z0-9_-]{8,4096}+\.(?:eyJ[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{16,2048}+"
           r"|[A-Za-z0-9_-]{20,1024}+\.[A-Za-z0-9_-]{12,32}+\.[A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{16,64}+)",
           start=ALONE),
    # Base64 of tokens.
    token("encoded-token", "Z2hwX Z2l0aHViX3BhdF c2stYW50L c2stcHJvai",
           r"(?:Z2hwX|Z2l0aHViX3BhdF|c2stYW50L|c2stcHJvai)[A-Za-z0-9+/]{20,400}+={0,2}", start=ALONE),
)  # fmt: skip
