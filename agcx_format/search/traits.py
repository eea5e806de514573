"""What makes a text differ from its folded form in more than case, so that a fast comparison would err.

Strategy: stringzilla compares bytes without regard to case as Unicode folds them, character by character.
`folding.fold` does more: it composes, unifies widths, and treats `İ` as `i`.  For nearly all text both are
the same.  `traits_of` tells, once for each block, what is in a text for which they are not; a needle knows
of which traits it must beware, and where a block has one of these its text is folded by the slow function.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["EVERY", "ODD", "SHARP", "WIDE", "traits_of"]

WIDE = 1
"""Punctuation and space of full width, which folds to ASCII; common in Chinese and Japanese."""
SHARP = 2
"""`ß`, which folds to `ss`: a match may begin or end within it."""
ODD = 4
"""Anything else that changes: decomposed letters, other widths, ligatures, `İ`."""
EVERY = WIDE | SHARP | ODD

# Compiled when they are first needed, as they are not for ASCII.
_WIDE = "[\u3000\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5e]"
_SHARP = "[\xdf\u1e9e]"
# What folds to several characters, combining marks that a folded letter may be composed with, letters
# and digits of other widths, and letters that are newer than the tables of some version of Python.
_ODD = (
    "[\u0130\u0149\u01f0\u0300-\u036f\u0390\u03b0\u0587\u1ab0-\u1aff\u1c89\u1c8a\u1dc0-\u1dff"
    "\u1e96-\u1e9b\u1f00-\u1fff\u20d0-\u20ff\ua7cb-\ua7dc\ufb00-\ufb17\ufe20-\ufe2f"
    "\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff5f-\uffee"
    "\U00010d50-\U00010d85\U00016ea0-\U00016edf]"
)


def traits_of(text: str) -> int:
    """The traits of a text, as bits; 0 for nearly every one."""
    if text.isascii():
        return 0
    if re.search(_ODD, text) or not unicodedata.is_normalized("NFC", text):
        return EVERY
    return (WIDE if re.search(_WIDE, text) else 0) | (SHARP if re.search(_SHARP, text) else 0)
