"""Every US zone, 2024 to 2035: no nudge at a wrong hour, none missing, none doubled; held against dateutil."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise

import pytest
from dateutil import tz as dateutil_tz

from iop_schedule.domain import civil_time
from iop_schedule.domain.reminders import NudgePolicy, day_values, due_at, expires_at, nudge_due_at
from tests.strategies import FIRST_DAY, LAST_DAY

#: Every zone of the states and territories in the tz database.
US_ZONES = (
    "America/Adak", "America/Anchorage", "America/Boise", "America/Chicago", "America/Denver",
    "America/Detroit", "America/Indiana/Indianapolis", "America/Indiana/Knox", "America/Indiana/Marengo",
    "America/Indiana/Petersburg", "America/Indiana/Tell_City", "America/Indiana/Vevay",
    "America/Indiana/Vincennes", "America/Indiana/Winamac", "America/Juneau", "America/Kentucky/Louisville",
    "America/Kentucky/Monticello", "America/Los_Angeles", "America/Menominee", "America/Metlakatla",
    "America/New_York", "America/Nome", "America/North_Dakota/Beulah", "America/North_Dakota/Center",
    "America/North_Dakota/New_Salem", "America/Phoenix", "America/Puerto_Rico", "America/Sitka",
    "America/St_Thomas", "America/Yakutat", "Pacific/Guam", "Pacific/Honolulu", "Pacific/Pago_Pago",
    "Pacific/Saipan",
)  # fmt: skip
POLICY = NudgePolicy()
#: No quiet hours at all, so that nudges may be wished for in the night the clocks change.
NEVER_QUIET = {"quiet_from": time(0), "quiet_until": time(0)}
#: The hours clocks are changed in, by halves, and some of the day and of the evening.
WISHED = [
    *(civil_time.wall_time(minutes) for minutes in range(0, 4 * 60, 30)), time(7), time(17), time(22, 30),
]  # fmt: skip
DAY = timedelta(days=1)


@cache
def days_of_change(name: str) -> tuple[date, ...]:
    """Return the days on which clocks in a zone are changed, as dateutil has it."""
    zone = dateutil_tz.gettz(name)
    noons = [datetime.combine(day, time(12), zone) for day in civil_time.days_between(FIRST_DAY, LAST_DAY)]
    offsets = [noon.utcoffset() for noon in noons]
    return tuple(
        noon.date()
        for noon, (before, after) in zip(noons[1:], pairwise(offsets), strict=True)
        if before != after
    )


def days_around_changes(name: str) -> Iterator[date]:
    for change in days_of_change(name):
        yield from civil_time.days_between(change, change + DAY)


def test_all_changes_of_clocks_are_among_the_days_tried() -> None:
    assert [day.isoformat() for day in days_of_change("America/New_York")][:4] == [
        "2024-03-10", "2024-11-03", "2025-03-09", "2025-11-02",
    ]  # fmt: skip
    still = [name for name in US_ZONES if not days_of_change(name)]
    assert still == [
        "America/Phoenix", "America/Puerto_Rico", "America/St_Thomas", "Pacific/Guam", "Pacific/Honolulu",
        "Pacific/Pago_Pago", "Pacific/Saipan",
    ]  # fmt: skip
    assert {len(days_of_change(name)) for name in US_ZONES if name not in still} == {24}


@pytest.mark.parametrize("name", US_ZONES)
def test_on_every_day_people_are_reminded_at_five_by_their_own_clock(name: str) -> None:
    ours, oracle = civil_time.zone(name), dateutil_tz.gettz(name)
    before: datetime | None = None
    for day in civil_time.days_between(FIRST_DAY, LAST_DAY):
        due = due_at(day, ours, POLICY)
        there = due.astimezone(oracle)
        assert (there.date(), there.time()) == (day - DAY, time(17))
        assert before is None or timedelta(hours=23) <= due - before <= timedelta(hours=25)
        before = due


@pytest.mark.parametrize("name", US_ZONES)
def test_around_every_change_a_nudge_wished_for_at_any_hour_comes_once(name: str) -> None:
    ours, oracle = civil_time.zone(name), dateutil_tz.gettz(name)
    for wall in WISHED:
        policy = NudgePolicy(at=wall, **NEVER_QUIET)
        for day in days_around_changes(name):
            nine = datetime.combine(day, time(9), oracle).astimezone(UTC)
            due = nudge_due_at(day, nine, ours, policy)
            wished = datetime.combine(day - DAY, wall, oracle)
            if dateutil_tz.datetime_exists(wished):
                # Of two such moments the first, which is what dateutil takes too.
                assert due == wished.astimezone(UTC)
            else:
                there = due.astimezone(oracle).replace(tzinfo=None)
                assert there == wished.replace(tzinfo=None) + timedelta(hours=1)


@pytest.mark.parametrize("name", US_ZONES)
def test_around_every_change_nobody_is_woken_and_every_nudge_is_of_use(name: str) -> None:
    ours, oracle = civil_time.zone(name), dateutil_tz.gettz(name)
    for wall in WISHED:
        for days_before in (0, 1):
            policy = NudgePolicy(at=wall, days_before=days_before)
            for day in days_around_changes(name):
                start = datetime.combine(day, time(11, 30), oracle).astimezone(UTC)
                due = nudge_due_at(day, start, ours, policy)
                there = due.astimezone(oracle)
                assert time(8) <= there.time() < time(21)
                assert due < expires_at(start, policy)
                assert there.date() in {day - DAY, day}


@pytest.mark.parametrize("name", US_ZONES)
def test_around_every_change_the_text_says_what_the_clock_on_the_wall_says(name: str) -> None:
    ours, oracle = civil_time.zone(name), dateutil_tz.gettz(name)
    for day in days_around_changes(name):
        for hour, said in ((0, "12:00 am"), (1, "1:00 am"), (3, "3:00 am"), (9, "9:00 am"), (18, "6:00 pm")):
            start = datetime.combine(day, time(hour), oracle).astimezone(UTC)
            assert day_values([start], ours, "en")["what"] == (
                f"an appointment on {day:%a, %b} {day.day} at {said}"
            )
