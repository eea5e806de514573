"""Recognizes values that are not secrets themselves: variables, masks, examples, paths.

Strategy: only the whole value counts. `$NAME` is a variable, but `$ecret99!` is somebody's password;
`changeme` is a placeholder, but `changeme123` was chosen.
"""

from __future__ import annotations

import re

__all__ = ["is_path", "stands_for"]

# Placeholders are not longer than this.
_LONG = 200

# Words written in place of a secret, in any case.
_WORDS = """password passwd pass passphrase pwd secret token key none null nil true false undefined
    string str text bytes int bool boolean char varchar required optional default example value input
    hidden field any object number unknown never self this type auto yes no empty missing invalid wrong
    correct set changed valid your-password yourpassword mypassword my-password user username test
    prompt stdin env redacted removed basic bearer public private"""
_NOTHING = frozenset(_WORDS.split())

# Variables, templates, and marks for omitted text, if the value is nothing else.
_REFERENCE = (
    r"\$[A-Z_][A-Z0-9_]*+|\$[a-z]+(?>(?:_[a-z]+|[A-Z][a-z]+)*)[0-9]?(?![A-Za-z0-9])|\$[0-9@*#?!]"
    r"|\$(?:env|this|self):[A-Za-z_]\w*+"
    r"|\$\{[A-Za-z_0-9.]+(?::[-=?+]?[A-Za-z_. ]*)?\}|\$\{[A-Za-z_$][\w.$?!\[\]()'\" ]*\}|\$\([^()]*\)"
    r"|[$#]?\{\{[^{}]*\}\}|[#%]?\{[^{}]*\}|<[^<>]*>|\[[A-Za-z][A-Za-z0-9_ .-]*\]|[:@][A-Za-z_]+"
    r"|%\([^()]*\)[sd]|%[sdvqwr]|%[A-Z][A-Z_]+%"
)
_references = re.compile(rf"(?:(?:{_REFERENCE})[-_:;./@+ ,]?)+").fullmatch
_mask = re.compile(r"\w{0,4}(?:\*{3,}|•{3,}|…|\.{3,})\w{0,4}").fullmatch
_masks = re.compile(r"[-_xX*•.…]{3,}").fullmatch
_member = re.compile(
    r"(?:process\.env|os|env|config|settings|args|self|this)\.[\w.]+[!?]?"
).fullmatch
# Words that mark a value as an example.
_example = re.compile(
    r"(?:[a-z]+[-_ ./])*(?:my|replace|insert|example|placeholder|dummy|fake|change|changeme|changeit"
    r"|redacted|sample|todo|here)(?:[-_ ./][a-z]+)*[!.]?"
    r"|your[a-z]*|your[a-z]*(?:[-_ .][a-z]+)+[-_]?[0-9]{0,3}"
    r"|(?:change|replace)[-_ ]?(?:me|it|this|with)(?:[-_ ][a-z]+)*",
    re.IGNORECASE,
).fullmatch
_path = re.compile(r"(?:\.{0,2}/|~/|\$\{?[A-Z_]+\}?/|[A-Za-z]:\\)[\w./\\@ -]+").fullmatch
_word = re.compile(r"[a-z]+(?:[-_.][a-z]+)*").fullmatch


def stands_for(value: str) -> bool:
    if len(value) > _LONG:
        return False
    return value.lower().strip("'\"`.,:;!?*_") in _NOTHING or any(
        stands(value) for stands in (_references, _masks, _mask, _member, _example)
    )


def is_path(value: str) -> bool:
    """Whether it is a path of words, not random characters: base64 has slashes too."""
    if not _path(value[:_LONG]):
        return False
    parts = [part for part in re.split(r"[/\\]", value) if part not in ("", ".", "..", "~")]
    if len(parts) == 1 and value[0] in "/\\":
        return _word(parts[0]) is not None
    return not any(map(_by_lot, parts))


def _by_lot(part: str) -> bool:
    mixed = part.lower() != part and part.upper() != part
    return (len(part) >= 6 and mixed and any(map(str.isdigit, part))) or len(part) > 48
