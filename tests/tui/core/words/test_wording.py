"""Ages, moments, sizes and counts read as people write them, in the local time zone."""

import time

import pytest

from agcx_format import read_session
from agcx_format.errors import (
    BincodeDecodeError,
    CompressionError,
    CorruptData,
    InvalidMagic,
    PersistenceError,
    UnsupportedVersion,
)
from agcx_format.model.timestamps import ns_of
from agcx_tui.core.words import format
from tests.support.entries import NOW
from tests.support.golden_files import GOLDEN


@pytest.fixture(autouse=True)
def in_berlin(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def micros(text: str) -> int:
    return ns_of(text) // 1000


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2024-11-24T12:00:00Z", "now"),
        ("2024-11-24T11:59:01Z", "now"),
        ("2024-11-24T11:59:00Z", "1 min ago"),
        ("2024-11-24T11:00:01Z", "59 min ago"),
        ("2024-11-24T11:00:00Z", "1 h ago"),
        ("2024-11-23T23:00:00Z", "13 h ago"),  # midnight in Berlin
        ("2024-11-23T22:59:00Z", "yesterday"),
        ("2024-11-22T23:30:00Z", "yesterday"),
        ("2024-11-22T22:30:00Z", "22 Nov"),
        ("2024-01-01T12:00:00Z", "1 Jan"),
        ("2023-12-31T12:00:00Z", "31 Dec 23"),
        ("2024-12-31T12:00:00Z", "31 Dec"),
        ("-0001-06-01T00:00:00Z", "Jun -1"),
        ("+10000-06-01T00:00:00Z", "Jun 10000"),
        ("+262142-06-01T00:00:00Z", "Jun 262142"),
    ],
)
def test_an_age_is_short_and_falls_back_to_the_date(moment, expected):
    assert format.age(micros(moment), NOW) == expected


def test_no_age_is_wider_than_its_column():
    moments = range(NOW - 400 * 86_400_000_000, NOW + 400 * 86_400_000_000, 7_654_321_000_000)
    assert max(len(format.age(moment, NOW)) for moment in moments) <= format.AGE_WIDTH


def test_after_midnight_what_was_an_hour_ago_is_not_called_yesterday():
    one_in_the_morning = micros("2024-11-24T00:00:00Z")
    assert format.age(one_in_the_morning - 2 * format.HOUR, one_in_the_morning) == "2 h ago"


def test_new_year_is_one_day_after_the_last_of_december():
    assert format.age(micros("2023-12-31T12:00:00Z"), micros("2024-01-01T20:00:00Z")) == "yesterday"


def test_the_exact_time_is_local_and_names_its_zone():
    summer = format.exact(micros("2024-08-25T12:02:11.987654321Z"))
    assert summer == "25 Aug 2024, 14:02:11 CEST (+02:00)"
    assert format.exact(NOW) == "24 Nov 2024, 13:00:00 CET (+01:00)"


def test_utc_is_named_once(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert format.exact(NOW) == "24 Nov 2024, 12:00:00 UTC"


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "UTC"]
)
def test_the_days_of_many_moments_are_those_of_each(zone, monkeypatch):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    # Apia left out a day, and the clocks of two others change.
    begin, end = micros("2011-10-15T00:00:00Z"), micros("2012-01-05T00:00:00Z")
    moments = [*range(begin, end, 15 * format.MINUTE)]
    moments += [each - 1 for each in moments] + [micros("+262142-06-01T00:00:00Z")]
    day = format.days_of_many()
    assert list(map(day, moments)) == list(map(format.day_of, moments))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (2**64 - 1, "18 EB"),
    ],
)
def test_a_size_has_two_or_three_digits(count, expected):
    assert format.size(count) == expected


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0"), (99_999, "99,999"), (100_000, "100 k"), (1_234_567, "1.2 M"), (2**64 - 1, "18 E")],
)
def test_a_number_fits_six_cells(count, expected):
    assert format.number(count) == expected
    assert len(expected) <= 6


def test_counts_agree_in_number():
    assert format.counted(1, "session") == "1 session"
    assert format.counted(0, "session") == "0 sessions"
    assert format.counted(12_345, "session") == "12,345 sessions"


def test_the_home_directory_is_written_as_a_tilde(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert format.short_path("/home/ada/history") == "~/history"
    assert format.short_path("/home/ada") == "~"
    assert format.short_path("/home/adamant/history") == "/home/adamant/history"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InvalidMagic("does not begin with AGCX", section="header"), "not an AGCX file"),
        (UnsupportedVersion(7, 1, section="header"), "unknown format version 7"),
        (CorruptData("it ends", section="header", truncated=True), "cut off in header"),
        (CorruptData("nothing is left of it", section="header"), "damaged in header"),
        (CorruptData("99 bytes are too many", section="metadata"), "damaged in metadata"),
        (BincodeDecodeError("no such variant", section="metadata"), "damaged in metadata"),
        (CompressionError("short", section="messages", truncated=True), "cut off in messages"),
        (CorruptData("not a regular file"), "not a regular file"),
        (PersistenceError("permission denied"), "permission denied"),
        (None, "cannot be read"),
    ],
)
def test_why_a_file_is_unreadable_fits_a_row(error, expected):
    assert format.short_reason(error) == expected


@pytest.mark.parametrize("folder", ["v1", "v2/sessions"])
def test_a_file_that_is_cut_off_is_said_to_be_cut_off_wherever_that_is(tmp_path, folder):
    whole = min((GOLDEN / folder).glob("*.agcx"), key=lambda path: path.name)
    data = whole.read_bytes()
    path = tmp_path / whole.name
    for length in range(4, len(data) - 1, 97):
        path.write_bytes(data[:length])
        with pytest.raises(PersistenceError) as caught:
            read_session(path)
        assert format.short_reason(caught.value).startswith("cut off in "), length


def test_in_a_sentence_it_was_just_now():
    assert format.age_in_words(NOW, NOW) == "just now"
    assert format.age_in_words(NOW - 2 * format.HOUR, NOW) == "2 h ago"
