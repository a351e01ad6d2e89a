"""Hypothesis strategies for commitments, weekly rules and closures."""

from datetime import date, time, timedelta
from zoneinfo import available_timezones

from hypothesis import strategies as st

from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import wall_time
from iop_schedule.domain.occurrences import Closed
from iop_schedule.domain.series import WeeklyRule
from iop_schedule.vocabulary import ConstraintKind, Weekday, WeekParity

FIRST_DAY = date(2024, 1, 1)
LAST_DAY = date(2035, 12, 31)

US_ZONES = sorted(
    name
    for name in available_timezones()
    if name.startswith("US/")
    or name
    in {
        "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
        "America/Anchorage", "America/Adak", "America/Boise", "America/Detroit", "America/Juneau",
        "America/Indiana/Indianapolis", "America/Indiana/Knox", "America/Kentucky/Louisville",
        "America/North_Dakota/Center", "America/Puerto_Rico", "Pacific/Honolulu", "Pacific/Guam",
    }
)  # fmt: skip
#: Half-hour shifts, southern summers, changes on Fridays and at midnight, and none at all.
OTHER_ZONES = [
    "Europe/London", "Europe/Berlin", "Australia/Lord_Howe", "Australia/Sydney", "Africa/Cairo",
    "America/Santiago", "America/Havana", "Asia/Beirut", "America/Asuncion", "Africa/Casablanca", "Asia/Kolkata",
    "Asia/Gaza", "Pacific/Apia", "Antarctica/Troll", "UTC",
]  # fmt: skip

days = st.dates(FIRST_DAY, LAST_DAY)


@st.composite
def commitments(draw: st.DrawFn) -> Commitment:
    """Weekly and dated, overnight and not, with every limit."""
    weekly = draw(st.booleans())
    from_day = draw(st.dates(date(2026, 1, 1), date(2026, 3, 31)))
    start = draw(st.integers(0, 1439))
    length = draw(st.integers(1, 1440))
    overnight = start + length >= 1440
    return Commitment(
        kind=draw(st.sampled_from(ConstraintKind)),
        weekday=draw(st.sampled_from(Weekday)) if weekly else None,
        day=None if weekly else draw(st.dates(date(2026, 1, 1), date(2026, 6, 30))),
        local_start=wall_time(start),
        local_end=wall_time(start + length),
        ends_next_day=overnight,
        week=draw(st.sampled_from(WeekParity)) if weekly else WeekParity.EVERY,
        anchor_day=draw(st.dates(date(2025, 12, 1), date(2026, 2, 1))),
        from_day=from_day,
        until_day=draw(st.none() | st.integers(0, 90).map(lambda n: from_day + timedelta(days=n))),
        exceptions=frozenset(draw(st.lists(st.dates(date(2026, 1, 1), date(2026, 6, 30)), max_size=5))),
        hard=draw(st.booleans()),
        travel_before=draw(st.sampled_from([0, 15, 240])),
        travel_after=draw(st.sampled_from([0, 15, 240])),
    )


@st.composite
def rules(draw: st.DrawFn, zones: st.SearchStrategy[str]) -> WeeklyRule:
    """Any weekly rule that can be held."""
    start = draw(st.integers(0, 1435))
    duration = draw(st.integers(5, min(720, 1440 - start)))
    from_day = draw(days)
    return WeeklyRule(
        weekday=Weekday(draw(st.integers(0, 4))),
        local_start=time(start // 60, start % 60),
        duration_minutes=duration,
        zone=draw(zones),
        from_day=from_day,
        until_day=draw(st.none() | st.integers(0, 400).map(lambda n: from_day + timedelta(days=n))),
        break_minutes=draw(st.integers(0, duration - 1)),
        every_weeks=draw(st.sampled_from([1, 2])),
    )


@st.composite
def closures(draw: st.DrawFn) -> Closed:
    """A closure of one day to three weeks."""
    first = draw(days)
    return Closed(first, first + timedelta(days=draw(st.integers(0, 20))), "Holiday")
