"""How random a value looks: neither words nor a mask or an example."""

from __future__ import annotations

import math
import re
from collections import Counter

from agcx_format.redaction.stand_ins import stands_for

__all__ = ["ENOUGH", "bits", "is_nothing", "is_words", "looks_random"]

# How many characters of a value suffice to judge how random it is.
ENOUGH = 64

_words = re.compile(r"[A-Za-z]+(?:[-_. /:][A-Za-z]+)*[-_.]?[0-9]{0,3}[.:!?]?").fullmatch


def is_nothing(value: str) -> bool:
    """Whether it is a placeholder, or repeats one or two characters."""
    return stands_for(value) or len(set(value[:ENOUGH])) < 3


def is_words(value: str) -> bool:
    """Whether it is words, as in an identifier or a sentence, perhaps with a number at the end."""
    return _words(value) is not None


def looks_random(value: str) -> bool:
    letters = any(c.isalpha() for c in value)
    digits = any(c.isdigit() for c in value)
    mixed = value.lower() != value and value.upper() != value
    return letters and (digits or mixed) and bits(value) >= (2.8 if digits else 3.5)


def bits(value: str) -> float:
    """Shannon entropy per character."""
    value = value[:ENOUGH]
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())
