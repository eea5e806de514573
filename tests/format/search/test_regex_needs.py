"""What a regular expression needs is in every text that it matches; and what can be said of it is said."""

from __future__ import annotations

from random import Random

import pytest

from agcx_format.search import native
from agcx_format.search.regex_needs import needs_of

# Among them letters that fold to ASCII: the sign of Kelvin, a long s.
LETTERS = "aAbkKs1_-. \n\u212a\u017f\xe9"
ATOMS = (
    "a", "B", "k", "s", "1", "_", "-", ".", " ", "\\.", "\\-", "\\d", "\\w", "\\s", "\\D", "\\W", "\\b", "^",
    "$", "\\x61", "\\pL", "\\p{Lu}", "[ab]", "[a-k]", "[^ab]", "[]a]", "[\\d_]", "[[:alpha:]]", "[K-]",
    "[\\w.]", "\xe9", "(?i)", "ab", "a1",
)  # fmt: skip
REPETITIONS = ("", "", "", "", "*", "+", "?", "+?", "{2}", "{1,2}", "{0,1}", "{2,}", "{0}", "{,2}")


def some_pattern(random: Random, depth: int = 0) -> str:
    parts = []
    for _ in range(random.randint(1, 4)):
        if depth < 3 and random.random() < 0.25:
            group = random.choice(("(", "(?:", "(?P<name>" if not depth else "(", "(?i:"))
            part = f"{group}{some_pattern(random, depth + 1)})"
        else:
            part = random.choice(ATOMS)
        parts.append(part + random.choice(REPETITIONS))
    pattern = "".join(parts)
    return f"{pattern}|{some_pattern(random, depth + 1)}" if random.random() < 0.2 else pattern


def test_every_match_contains_one_of_each_set(pytestconfig):
    random, matches, said = Random(4), 0, 0
    for _ in range(400 * (40 if pytestconfig.getoption("--full") else 1)):
        pattern = some_pattern(random)
        try:
            compiled = native.compile_regex(pattern, cased=random.random() < 0.5)
        except ValueError:
            continue
        needs = needs_of(pattern)
        said += bool(needs)
        for _ in range(20):
            text = "".join(random.choices(LETTERS, k=random.randint(1, 12))).encode()
            for start, end in compiled.spans(text):
                matches += 1
                folded = native.casefold(text[start:end])
                for either in needs:
                    assert any(each in folded for each in either), (pattern, text, either)
    assert matches > 1_000
    assert said > 80


@pytest.mark.parametrize(
    ("pattern", "needs"),
    [
        ("TODO|FIXME:", ["fixme: todo"]),
        ("lease\\s+expired", ["expired", "lease"]),
        ("(get|set)_?x .*y", ["get_x getx set_x setx"]),
        ("(?i)colou?r", ["color colour"]),
        ("(foo.*|ba[rz])+s", ["bar baz foo"]),
        ("v[12]\\.x{2}", [".xx", "v1.xx v2.xx"]),
        ("abc+d{3,}", ["abc", "cddd", "ddd"]),
    ],
)
def test_what_is_needed(pattern, needs):
    said = [" ".join(sorted(map(bytes.decode, either))) for either in needs_of(pattern)]
    assert sorted(said) == needs


@pytest.mark.parametrize(
    "pattern",
    ["", ".*", "a|bc", "(abc|)", "(abc)*", "(?:abc){0}", "\\w+", "[^a]b", "\\x41\\x42", "é", "\\QTODO\\E",
     "a" * 5_000, "(" * 900 + "abc" + ")" * 900, "(" + "[ab]{9}" * 9 + ")x*"],
)  # fmt: skip
def test_what_needs_nothing_that_is_known(pattern):
    needs = needs_of(pattern)
    assert all(len(each) <= 256 for each in needs)
    if "ab]" not in pattern and "((" not in pattern:
        assert needs == ()


def test_only_so_many_strings_are_looked_up():
    """Of one set, and of all: beyond that reading the text costs less."""
    assert [len(either) for either in needs_of("[a-p][a-p]x")] == [256, 16]
    # Of 272 strings not all, but what they end with.
    assert needs_of("[a-q][a-p]x") == (
        frozenset(f"{letter}x".encode() for letter in "abcdefghijklmnop"),
    )
    sets = needs_of("[a-p][a-p]x.*[a-p][a-p]y.*[a-p][a-p]z")
    assert [len(either) for either in sets] == [256, 256]
    assert len(needs_of("[a-p][a-p]x|[0-9a-p]q")) == 0
