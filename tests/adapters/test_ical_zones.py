"""The zone component we write says the same as zoneinfo, for every zone we promise and every year we plan."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil.rrule import rrulestr

from iop_schedule.adapters.ical.posix_rule import ChangeDay, footer_of, parse_rule
from iop_schedule.adapters.ical.zones import zone_component

YEARS = range(2024, 2036)
OTHERS = ["America/Toronto", "America/Tijuana", "America/Santiago", "Europe/Berlin", "Europe/Dublin",
          "Asia/Kolkata", "Australia/Lord_Howe", "America/Nuuk", "Asia/Jerusalem"]  # fmt: skip


def american_zones() -> list[str]:
    rows = resources.files("tzdata.zoneinfo").joinpath("zone.tab").read_text().splitlines()
    territories = {"US", "PR", "VI", "GU", "MP", "AS"}
    return [row.split("\t")[2] for row in rows if row[:2] in territories]


def offsets_stated(component) -> list[tuple[datetime, timedelta]]:
    """Read a written component as a calendar program does: onset lines, rules and offsets."""
    changes = []
    for part in component.subcomponents:
        values = dict(line.split(":", 1) for line in part.to_ical().decode().splitlines())
        before, after = (parse_offset(values[f"TZOFFSET{way}"]) for way in ("FROM", "TO"))
        start = datetime.strptime(values["DTSTART"], "%Y%m%dT%H%M%S")
        onsets = [start]
        if "RRULE" in values:
            onsets = rrulestr(values["RRULE"], dtstart=start).between(
                datetime(2022, 1, 1), datetime(2037, 1, 1), inc=True
            )
        changes += [((onset - before).replace(tzinfo=UTC), after) for onset in onsets]
    return sorted(changes)


def parse_offset(text: str) -> timedelta:
    length = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return -length if text[0] == "-" else length


def test_every_american_zone_is_listed():
    assert len(american_zones()) == 34


@pytest.mark.parametrize("name", [*american_zones(), *OTHERS])
def test_the_component_agrees_with_zoneinfo_on_every_day_and_at_every_change(name):
    component = zone_component(name, YEARS)
    changes = offsets_stated(component)
    instants = [at for at, _ in changes]
    moments = [datetime(2024, 1, 1, 17, tzinfo=UTC) + timedelta(days=n) for n in range(12 * 365 + 3)]
    moments += [at + timedelta(seconds=s) for at in instants for s in (-1, 0) if at.year in YEARS]
    tz = ZoneInfo(name)
    wrong = [
        at for at in moments if changes[bisect_right(instants, at) - 1][1] != at.astimezone(tz).utcoffset()
    ]
    assert wrong == []


def test_changes_are_yearly_rules_and_the_later_clock_is_called_daylight():
    component = zone_component("Europe/Dublin", YEARS)  # its law calls winter time the exception
    assert [(p.name, p["TZNAME"], p["RRULE"].to_ical()) for p in component.subcomponents] == [
        ("DAYLIGHT", "IST", b"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3"),
        ("STANDARD", "GMT", b"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"),
    ]


def test_each_zone_either_has_a_component_under_its_own_name_or_none_at_all():
    names = sorted(n for n in available_timezones() if "/" in n)
    unstated = []
    for name in names:
        component = zone_component(name, range(2026, 2028))
        if component is None:
            unstated.append(name)
        else:
            assert str(component["TZID"]) == name
    assert unstated == ["Africa/Cairo", "Africa/Casablanca", "Africa/El_Aaiun"]


@pytest.mark.parametrize(
    ("footer", "expected"),
    [
        pytest.param("EST5", [("EST", -5.0)], id="no daylight time"),
        pytest.param("EST5EDT,M3.2.0,M11.1.0", [("EST", -5.0), ("EDT", -4.0)], id="New York"),
        pytest.param("IST-1GMT0,M10.5.0,M3.5.0/1", [("IST", 1.0), ("GMT", 0.0)], id="negative daylight"),
        pytest.param(
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", [("+1030", 10.5), ("+11", 11.0)], id="half hour"
        ),
        pytest.param("IRST-3:30IRDT,J79/24,J263/24", None, id="day of the year"),
        pytest.param("", None, id="nothing"),
        pytest.param("EST5EDT", None, id="daylight time without days"),
    ],
)
def test_footers_are_read_like_this(footer, expected):
    rule = parse_rule(footer)
    seen = rule and [(o.name, o.offset.total_seconds() / 3600) for o in rule.observances]
    assert seen == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(ChangeDay(10, 5, 0, timedelta(hours=2)), "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", id="last"),
        pytest.param(
            ChangeDay(3, 5, 0, timedelta(hours=-1)),
            "FREQ=YEARLY;BYMONTH=3;BYDAY=SA;BYMONTHDAY=24,25,26,27,28,29,30",
            id="the evening before",
        ),
        pytest.param(
            ChangeDay(9, 1, 6, timedelta(hours=24)),
            "FREQ=YEARLY;BYMONTH=9;BYDAY=SU;BYMONTHDAY=2,3,4,5,6,7,8",
            id="midnight after",
        ),
        pytest.param(ChangeDay(10, 5, 4, timedelta(hours=24)), None, id="into the next month"),
        pytest.param(ChangeDay(2, 5, 0, timedelta(hours=24)), None, id="after the end of February"),
        pytest.param(ChangeDay(4, 1, 0, timedelta(hours=-1)), None, id="into the month before"),
    ],
)
def test_a_change_day_becomes_this_rule(change, expected):
    assert change.recurrence() == expected


def test_a_file_without_a_footer_has_no_rule():
    assert footer_of("America/Nowhere") is None
    assert footer_of("America/New_York") == "EST5EDT,M3.2.0,M11.1.0"
