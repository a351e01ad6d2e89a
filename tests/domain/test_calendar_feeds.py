"""When a link serves, what its entries say, and who is said to have read it."""

from datetime import UTC, datetime, timedelta

import pytest

from iop_schedule.domain.calendar_feeds import (
    Answer,
    BadFeed,
    LinkFacts,
    Wording,
    answer,
    check_alarm,
    check_label,
    check_wording,
    is_stale,
    is_to_be_noted,
    reader_of,
    reason_to_end,
)
from iop_schedule.vocabulary import FeedDetail, FeedEnd, FeedReader

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def facts(**given: object) -> LinkFacts:
    defaults = {
        "created_at": NOW - timedelta(days=10), "ended_at": None, "last_read_at": None,
        "account_on": True, "in_care": True, "site_serves": True,
    }  # fmt: skip
    return LinkFacts(**{**defaults, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Answer.SESSIONS),
        ({"ended_at": NOW}, Answer.NOTHING),
        ({"ended_at": NOW - timedelta(days=30) + SECOND}, Answer.NOTHING),
        ({"ended_at": NOW - timedelta(days=30)}, Answer.GONE),
        ({"account_on": False}, Answer.NOTHING),
        ({"in_care": False}, Answer.NOTHING),
        ({"site_serves": False}, Answer.NOTHING),
        ({"created_at": NOW - timedelta(days=90) + SECOND}, Answer.SESSIONS),
        ({"created_at": NOW - timedelta(days=90)}, Answer.NOTHING),
        ({"created_at": NOW - timedelta(days=400), "last_read_at": NOW - timedelta(days=89)}, Answer.SESSIONS),
        ({"created_at": NOW - timedelta(days=400), "last_read_at": NOW - timedelta(days=90)}, Answer.NOTHING),
        ({"site_serves": False, "ended_at": NOW - timedelta(days=30)}, Answer.GONE),
    ],
    ids=["open", "just ended", "ended 30 days less a second ago", "ended 30 days ago", "account off",
         "care ended", "site serves none", "idle 90 days less a second", "idle 90 days", "read lately",
         "read 90 days ago", "gone at a site that serves none"],
)  # fmt: skip
def test_what_a_link_is_answered_with(given: dict[str, object], expected: Answer) -> None:
    assert answer(facts(**given), now=NOW) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"site_serves": False}, None),
        ({"in_care": False, "account_on": False}, FeedEnd.CARE_ENDED),
        ({"account_on": False}, FeedEnd.ACCOUNT_OFF),
        ({"created_at": NOW - timedelta(days=90)}, FeedEnd.IDLE),
    ],
    ids=["goes on", "the site pauses", "care first", "account", "idle"],
)
def test_why_an_open_link_ends(given: dict[str, object], expected: FeedEnd | None) -> None:
    assert reason_to_end(facts(**given), now=NOW) is expected


@pytest.mark.parametrize(
    ("ago", "noted"), [(None, True), (timedelta(minutes=5), True), (timedelta(minutes=5) - SECOND, False)],
    ids=["never read", "five minutes ago", "less"],
)  # fmt: skip
def test_a_reading_is_noted_at_most_every_five_minutes(ago: timedelta | None, noted: bool) -> None:
    assert is_to_be_noted(None if ago is None else NOW - ago, now=NOW) is noted


@pytest.mark.parametrize(
    ("made", "read", "stale"),
    [(2, None, False), (3, None, True), (9, 2, False), (9, 3, True)],
    ids=["new", "never read in three days", "read lately", "read three days ago"],
)
def test_three_quiet_days_call_for_help(made: int, read: int | None, stale: bool) -> None:
    read_at = None if read is None else NOW - timedelta(days=read)
    assert is_stale(created_at=NOW - timedelta(days=made), last_read_at=read_at, now=NOW) is stale


@pytest.mark.parametrize(
    ("wording", "summary", "location"),
    [
        (Wording(), "Appointment", None),
        (Wording(FeedDetail.NEUTRAL, "Class", "Main St."), "Appointment", None),
        (Wording(FeedDetail.PLACE, "Class", "Main St."), "Appointment", "Main St."),
        (Wording(FeedDetail.OWN_WORDS, "Class", "Main St."), "Class", "Main St."),
        (Wording(FeedDetail.OWN_WORDS, "Class", ""), "Class", None),
    ],
    ids=["default", "neutral keeps words to itself", "place", "own words", "own words without place"],
)
def test_entries_say_what_was_chosen_and_no_more(
    wording: Wording, summary: str, location: str | None
) -> None:
    assert (wording.summary, wording.location) == (summary, location)
    check_wording(wording)


@pytest.mark.parametrize(
    ("wording", "field"),
    [
        (Wording(FeedDetail.PLACE), "place"),
        (Wording(FeedDetail.OWN_WORDS, place="Main St."), "title"),
        (Wording(FeedDetail.OWN_WORDS, title="x" * 61), "title"),
        (Wording(FeedDetail.PLACE, place="x" * 61), "place"),
    ],
    ids=["no place", "no title", "long title", "long place"],
)
def test_words_that_are_missing_or_too_long_name_their_field(wording: Wording, field: str) -> None:
    with pytest.raises(BadFeed) as refused:
        check_wording(wording)
    assert refused.value.field == field


@pytest.mark.parametrize("label", ["", "x" * 61], ids=["none", "long"])
def test_a_label_is_needed_and_short(label: str) -> None:
    check_label("x" * 60)
    with pytest.raises(BadFeed) as refused:
        check_label(label)
    assert refused.value.field == "label"


def test_alarms_ring_at_the_times_offered() -> None:
    check_alarm(None)
    check_alarm(30)
    with pytest.raises(BadFeed):
        check_alarm(31)


@pytest.mark.parametrize(
    ("user_agent", "reader"),
    [
        ("iOS/19.0 (23A341) dataaccessd/1.0", FeedReader.IPHONE),
        ("macOS/26.0 (25A354) CalendarAgent/1200", FeedReader.MAC),
        ("Mac+OS+X/10.15.7 (19H2) CalendarAgent/930", FeedReader.MAC),
        ("Google-Calendar-Importer", FeedReader.GOOGLE),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.1; Pro)", FeedReader.OUTLOOK),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1", FeedReader.THUNDERBIRD),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Gecko Thunderbird/140", FeedReader.THUNDERBIRD),
        ("curl/8.5", FeedReader.OTHER),
        ("", FeedReader.OTHER),
    ],
)  # fmt: skip
def test_programs_are_known_by_their_family(user_agent: str, reader: FeedReader) -> None:
    assert reader_of(user_agent) is reader
