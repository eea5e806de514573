"""A timestamp is the text that chrono would write, and loses no nanosecond."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agcx_format.model.timestamps import (
    Timestamp,
    all_usual,
    is_usual,
    newest_first,
    ns_of,
    to_datetime,
)
from tests.support.golden_files import v1

# chrono's NaiveDate::MIN … MAX, in nanoseconds
anything = st.integers(-8_334_601_228_800 * 10**9, 8_210_266_876_799 * 10**9)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (1_000, "1970-01-01T00:00:00.000001Z"),
        (1_000_000, "1970-01-01T00:00:00.001Z"),
        (120_000_000, "1970-01-01T00:00:00.120Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (951_782_400 * 10**9, "2000-02-29T00:00:00Z"),
        (253_402_300_800 * 10**9, "+10000-01-01T00:00:00Z"),
        (-62_167_219_200 * 10**9, "0000-01-01T00:00:00Z"),
        (-62_198_755_200 * 10**9 + 7, "-0001-01-01T00:00:00.000000007Z"),
    ],
)
def test_numbers_and_texts_are_one_for_one(ns: int, text: str):
    assert Timestamp.from_ns(ns) == text
    assert ns_of(text) == ns


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2025-08-26T06:12:50.5+02:00", "2025-08-26T04:12:50.500Z"),
        ("2025-08-26t04:12:50z", "2025-08-26T04:12:50Z"),
        ("2025-08-26 04:12:50Z", "2025-08-26T04:12:50Z"),
        ("2025-08-26T04:12:50.120000Z", "2025-08-26T04:12:50.120Z"),
        ("2025-08-26T04:12:50.000Z", "2025-08-26T04:12:50Z"),
        ("2025-08-26T04:12:50.1234567899Z", "2025-08-26T04:12:50.123456789Z"),
        ("2016-12-31T23:59:60.500Z", "2016-12-31T23:59:60.500Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("\n2025-01-01T00:00:00Z\n", "2025-01-01T00:00:00Z"),
        ("2025-01-01T00:00:00+23:59", "2024-12-31T00:01:00Z"),
        ("2025-01-01T00:00:00-00:59", "2025-01-01T00:59:00Z"),
    ],
)
def test_what_rust_takes_becomes_what_rust_writes(text: str, normal: str):
    assert Timestamp(text) == normal


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2025-08-26", "2025-08-26T04:12:50", "2025-13-01T00:00:00Z",
        "2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2025-04-31T00:00:00Z",
        "2025-01-01T24:00:00Z", "2025-01-01T00:60:00Z", "2025-01-01T00:00:61Z",
        # An hour has sixty minutes in an offset too; and two moments are not one.
        "2025-01-01T00:00:00+02:60", "2025-01-01T00:00:00-00:60", "2025-01-01T00:00:00+01:99",
        "2025-01-01T00:00:00Z\n2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z\nx",
        "2025-01-01T00:00:00+24:00", "２025-01-01T00:00:00Z", "+300000-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(text: str):
    with pytest.raises(ValueError, match="not a timestamp|no such"):
        Timestamp(text)


@given(anything)
def test_any_moment_survives(ns: int):
    assert ns_of(Timestamp.from_ns(ns)) == ns
    assert Timestamp(Timestamp.from_ns(ns)) == Timestamp.from_ns(ns)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))
def test_datetimes_survive_to_the_microsecond(moment: datetime):
    assert to_datetime(Timestamp.from_datetime(moment)) == moment


def test_what_is_no_text_is_refused_with_what_makes_one_of_a_datetime():
    with pytest.raises(TypeError, match=r"see Timestamp\.from_datetime"):
        Timestamp(datetime(2025, 8, 1, tzinfo=UTC))  # type: ignore[arg-type]


def test_a_datetime_of_another_zone_is_the_same_moment():
    zone = timezone(timedelta(hours=5, minutes=30))
    assert Timestamp.from_datetime(datetime(2025, 1, 1, 5, 30, tzinfo=zone)) == (
        "2025-01-01T00:00:00Z"
    )
    with pytest.raises(ValueError, match="without a time zone"):
        Timestamp.from_datetime(datetime(2025, 1, 1))


@given(st.lists(anything.map(Timestamp.from_ns)))
def test_newest_first_is_by_moment_and_not_by_text(times: list[Timestamp]):
    assert newest_first(times, key=lambda t: t) == sorted(times, key=lambda t: -ns_of(t))


@given(st.lists(st.integers(1_700_000_000, 1_700_000_002).map(lambda s: s * 10**9)), st.data())
def test_newest_first_within_a_second(seconds: list[int], data: st.DataObject):
    fractions = data.draw(
        st.lists(
            st.sampled_from([0, 5 * 10**8, 500_000_001, 999_999_999]),
            min_size=len(seconds),
            max_size=len(seconds),
        )
    )
    times = [Timestamp.from_ns(s + f) for s, f in zip(seconds, fractions, strict=True)]
    assert newest_first(times, key=lambda t: t) == sorted(times, key=lambda t: -ns_of(t))


def test_the_times_that_rust_wrote_are_those_it_meant():
    # Each message of this session says its seconds and nanoseconds in words.
    from agcx_format.session.whole import read_session

    for message in read_session(v1("times").path)[1].messages:
        seconds, nanos = map(int, message.item.content[0].text.split())
        assert ns_of(message.timestamp) == seconds * 10**9 + nanos


@given(st.dates())
def test_every_day_of_the_calendar_is_usual(day: date):
    assert is_usual(f"{day.isoformat()}T00:00:00Z")


@pytest.mark.parametrize("year", [1900, 2023, 2100])
def test_a_leap_day_of_another_year_is_not(year: int):
    assert not is_usual(f"{year}-02-29T00:00:00Z")
    assert not is_usual("2025-01-01T00:00:00Z\n")


@given(st.data())
def test_many_that_are_alike_are_usual_only_if_each_is(data: st.DataObject):
    fraction = data.draw(st.sampled_from([".123", ".123456", ".123456789"]))
    moments = st.times().map(lambda time: f"2025-01-01T07:{time:%M:%S}{fraction}Z")
    # Few are looked at one by one.
    texts = data.draw(st.lists(moments, min_size=1, max_size=5)) * 20
    at = data.draw(st.integers(0, len(texts) - 1))
    assert all_usual(texts)
    place = data.draw(st.integers(0, len(texts[at]) - 1))
    other = data.draw(st.sampled_from("0679.:TZ\n٣") | st.just(""))
    texts[at] = texts[at][:place] + other + texts[at][place + 1 :]
    assert all_usual(texts) == all(is_usual(text) is not None for text in texts)


@pytest.mark.parametrize("zeros", ["000", "000000", "123000"])
def test_a_fraction_that_rust_would_shorten_is_not(zeros: str):
    usual = "2025-01-01T00:00:00."
    assert not all_usual([f"{usual}{'456789'[: len(zeros)]}Z"] * 20 + [f"{usual}{zeros}Z"])


@pytest.mark.parametrize(
    "odd",
    [
        "2025-01-01T00:60:00.123Z", "2025-01-01T00:00:60.123Z", "2025-01-01T01:00:00.12\ud800Z",
        "2025-01-01T0\ud800:00:00.123Z", "2025-01-01T24:00:00.123Z", "2025-02-30T00:00:00.123Z",
    ],
)  # fmt: skip
def test_an_odd_one_is_found_among_many(odd: str):
    usual = "2025-01-01T00:00:00.123Z"
    assert not all_usual([*[usual] * 20, odd])
    assert not all_usual([odd] * 20)


def test_texts_that_only_together_look_usual_are_not():
    usual = "2025-01-01T00:00:00.123Z"
    for before in ([], [usual] * 20):
        assert not all_usual([*before, usual[:-1], f"Z{usual}"])
        assert not all_usual([*before, f"{usual}\n{usual}", ""])


def test_many_are_usual_only_if_each_is():
    usual = "2025-01-01T00:00:00Z"
    assert all_usual([])
    assert all_usual([usual] * 3)
    for odd in (f"{usual}\n", f"\n{usual}", f"{usual}\n{usual}", "", "2025-02-30T00:00:00Z"):
        assert not is_usual(odd)
        for texts in ([odd], [usual, odd], [odd, usual], [odd, ""]):
            assert not all_usual(texts)
            assert not all_usual([usual] * 20 + texts)
