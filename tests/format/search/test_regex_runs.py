"""A text without the run of an expression has no match of it; and what a run can exclude is excluded."""

from __future__ import annotations

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from agcx_format.search import native
from agcx_format.search.blocks import cut
from agcx_format.search.matchers import Regex
from agcx_format.search.regex_runs import Run, run_of
from agcx_format.search.regex_syntax import has_capital_outside_escapes
from agcx_format.search.said import Kind, Said

# Parts of expressions, and characters of which each takes some, if case does not count.  Among them letters
# that fold to ASCII: the sign of Kelvin, a long s.
PARTS = {
    "[qx]": "qQxX",
    "[0-9a-f]": "07aFf",
    "[^ab]": "Cc-\xe9 ",
    "[K-S]": "kKsS\u212a\u017fmM",
    "[\\d_]": "3_",
    "[[:digit:]]": "3",
    "[.]": ".",
    "k": "kK\u212a",
    "s": "sS\u017f",
    "Z": "zZ",
    "-": "-",
    "\\.": ".",
    "\\d": "059",
    "\\w": "aZ_9k\u212as\u017f",
    "\\W": "- \xe9",
    "\\x41": "Aa",
    "\\pL": "a\xe9\u017f",
    ".": "q1-\xe9",
    "(?:ab|cd)": "ac",
    "(z|[xy]9)": "zxy",
    "(?i:k)": "kK\u212a",
    "\\b": "",
    "$": "",
    "(?i)": "",
    "(?:)": "",
}
TIMES = {"": 1, "?": 1, "+": 2, "*": 1, "{3}": 3, "{2,}": 3, "{1,2}": 2, "{0}": 1, "{9}": 9}


@st.composite
def expressions_and_texts(draw: st.DrawFn) -> tuple[str, list[str]]:
    """An expression, and texts of which many have a match of it."""
    parts = draw(
        st.lists(st.tuples(st.sampled_from(list(PARTS)), st.sampled_from(list(TIMES))), max_size=7)
    )
    pattern = "".join(part + times for part, times in parts)
    if draw(st.booleans()):
        pattern = f"(?:{pattern}|{draw(st.sampled_from(['qq1', 'x', '[0-9]{5}']))})"

    def text() -> str:
        letters = [
            draw(st.sampled_from(PARTS[part] or [""]))
            for part, times in parts
            for _ in range(TIMES[times])
        ]
        before, after = (draw(st.sampled_from(["", " ", "a", "\u212a", "\n"])) for _ in range(2))
        return before + "".join(letters) + after

    return pattern, [text() for _ in range(draw(st.integers(1, 4)))]


@settings(max_examples=150)
@given(expressions_and_texts())
def test_no_match_is_lost(both):
    pattern, texts = both
    try:
        re2 = native.compile_regex(pattern, cased=has_capital_outside_escapes(pattern))
    except ValueError:
        return
    messages = [Said(text, Kind.YOU, "user", "") for text in texts]
    (block,) = cut("", messages)
    expected = [
        (number, len(raw[:start].decode()), len(raw[:end].decode()))
        for number, text in enumerate(texts, 1)
        for raw in [text.encode()]
        for start, end in re2.spans(raw)
    ]
    assert list(Regex.of(pattern).matches(block)) == expected
    event(f"a run: {run_of(pattern, cased=False) is not None}, a match: {bool(expected)}")


def excluded(run: Run | None, text: str) -> bool:
    assert run is not None
    return not run.may_occur(text.encode())


@pytest.mark.parametrize(
    ("pattern", "there", "not_there"),
    [
        (r"\b[qx]\d{3}z\b", "aX019Zb", "q12 3z q12z x1234z"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}", "0123ABCD-0a9f", "0123abcg-0a9f 0123abc-0a9f"),
        (r"v\d+\.\d+\.\d+-(rc|de)\d", "7-rc1 1-dE2", "7-rx1 7-rc"),
        (r"(?:[a-m]\d){4,}x.*", "a7B8c9d0x", "a7b8c9n0x a7b8c9d0y"),
        (r"[jq]\W*[A-F]\d{4}(?:z|[xy])?", "F0000", "f0000 G0000"),
        (r"x[kq]\d{3}z", "XK123Z", "xj123z"),
    ],
)
def test_what_is_excluded(pattern, there, not_there):
    run = run_of(pattern, cased=has_capital_outside_escapes(pattern))
    for text in there.split():
        assert not excluded(run, text)
    for text in not_there.split():
        assert excluded(run, text)


def test_where_a_letter_is_not_ascii_but_folds_to_it_nothing_is_excluded():
    run = run_of(r"x[kq]\d{3}z", cased=False)
    assert not excluded(run, "x\u212a123z")
    assert excluded(run, "x\u017f123z")
    assert excluded(run_of(r"xk\d{3}z", cased=True), "x\u212a123z")
    assert not excluded(run_of(r"X(?i:k)\d{3}z", cased=True), "X\u212a123z")


@pytest.mark.parametrize(
    "pattern", ["", "a", r"\d\d", r"\w+", r"[^q]{9}", ".{20}", r"(x\d{4}z)*", r"\Qx1q2z3\E"]
)
def test_what_excludes_too_little_has_no_run(pattern):
    assert run_of(pattern, cased=False) is None


def test_a_long_expression_is_looked_at_in_part():
    run = run_of(r"[qx]\d{2}" * 200 + "z", cased=False)
    assert run is not None
    assert len(run.classes) == 16
