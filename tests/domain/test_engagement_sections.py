"""Sections of reports: what they say, and what they must not."""

from datetime import date, time, timedelta

import pytest

from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.engagement import Episode, SeatUse, Stay
from iop_schedule.domain.engagement.client_report import client_sections
from iop_schedule.domain.engagement.program_facts import Cohort, Held, ProgramFacts, Seen
from iop_schedule.domain.engagement.program_report import program_sections
from iop_schedule.domain.engagement.sections import TOO_FEW, Section, as_json, from_json
from iop_schedule.domain.engagement.trying import PastCare
from iop_schedule.domain.frequency import WeeklyFrequency
from iop_schedule.domain.risk.policy import MonitorPolicy

MONDAY = date(2026, 1, 5)
NOBODY = Cohort("began", (), ())


def seen(person: int, day: date, *, came: bool = True, group: str = "Morning", **more: object) -> Seen:
    state = SessionState.ATTENDED if came else SessionState.NO_SHOW
    return Seen(
        **{
            "person": person,
            "day": day,
            "group": group,
            "state": state,
            "reminder": "Reminded",
            "in_time": True,
            **more,
        }
    )  # type: ignore[arg-type]


def facts(**given: object) -> ProgramFacts:
    defaults: dict[str, object] = {
        "today": date(2026, 6, 1), "seen": (), "held": (), "cohort": NOBODY, "earlier": NOBODY, "care": (),
        "subgroup_kinds": {}, "subgroups": {}, "policy": MonitorPolicy(),
    }  # fmt: skip
    return ProgramFacts(**{**defaults, **given})  # type: ignore[arg-type]


def sections(given: ProgramFacts) -> dict[str, Section]:
    return {section.key: section for section in program_sections(given)}


def test_a_program_nobody_comes_to_says_so_in_every_section() -> None:
    found = sections(facts())
    assert list(found) == [
        "week",
        "group",
        "weekday",
        "starting",
        "retention",
        "capacity",
        "reminders",
        "quality",
        "fairness",
    ]
    assert all(section.finding and section.chart is None for section in found.values())


def test_attendance_by_week_says_where_it_goes() -> None:
    days = [MONDAY + timedelta(weeks=n) for n in range(6)]
    came = [(person, day, n < 3 or person % 2 == 0) for n, day in enumerate(days) for person in range(10)]
    week = sections(facts(seen=tuple(seen(p, d, came=c) for p, d, c in came)))["week"]
    assert week.finding == "Attendance fell from 100 % in the first half of this time to 50 %."
    assert week.rows[0] == ("Jan 5, 2026", "10", "10", "100 %", "100 %", "10")
    assert week.chart is not None
    assert [point.y for point in week.chart.points] == [1, 1, 1, 0.5, 0.5, 0.5]


def test_three_weeks_are_not_enough_for_a_curve() -> None:
    few = facts(seen=tuple(seen(p, MONDAY + timedelta(weeks=n)) for p in range(6) for n in range(3)))
    week = sections(few)["week"]
    assert week.chart is None
    assert week.finding == "Not enough weeks yet: 3 so far. The first curve appears after 4 weeks."


def test_nobody_can_be_recognized_in_a_small_group_or_its_neighbor() -> None:
    people = [seen(p, MONDAY, group="Large") for p in range(20)]
    people += [seen(p, MONDAY, group="Middle") for p in range(20, 26)]
    people += [seen(p, MONDAY, came=False, group="Small") for p in range(26, 29)]
    group = sections(facts(seen=tuple(people)))["group"]
    assert [(row[0], row[1]) for row in group.rows] == [
        ("Large", "20"),
        ("Middle", TOO_FEW),
        ("Small", TOO_FEW),
    ]
    assert "Small" not in group.finding
    assert group.chart is None


def test_starting_leaves_out_rates_of_fewer_than_five() -> None:
    came = Episode(
        MONDAY, (MONDAY, MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)), SessionState.ATTENDED
    )
    found = sections(facts(cohort=Cohort("began", (came,) * 5, ())))["starting"]
    assert (
        found.finding
        == "100 % of people admitted had a service within 14 days, and the median wait was 0 days."
    )
    assert found.rows[2][1:] == ("0", "5", "0 %", "0")
    few = sections(facts(cohort=Cohort("began", (came,) * 4, ())))["starting"]
    assert "Too few" in few.finding
    assert {row[1] for row in few.rows} == {TOO_FEW, "–"}


def test_a_retention_curve_ends_where_fewer_than_five_are_followed() -> None:
    stays = tuple([Stay(10, left=True)] * 4 + [Stay(30, left=True)] * 3 + [Stay(60, left=False)] * 6)
    found = sections(facts(cohort=Cohort("began now", (), stays)))["retention"]
    assert found.chart is not None
    assert [point.x for point in found.chart.points] == [0, 10, 30, 60]
    assert [point.y for point in found.chart.points] == pytest.approx([1, 9 / 13, 6 / 13, 6 / 13])
    at_60, at_75 = found.rows[4], found.rows[5]
    assert (at_60, at_75) == (("60", "6", "46 %"), ("75", TOO_FEW, "–"))
    assert found.finding == "46 % were still here after 60 days (began now)."


def test_two_spans_are_compared_when_both_have_people() -> None:
    stays = tuple([Stay(90, left=False)] * 5)
    found = sections(facts(cohort=Cohort("now", (), stays), earlier=Cohort("before", (), stays)))["retention"]
    assert found.columns == ("Days since first session", "Still followed, now", "Still here, now", "Still followed, before", "Still here, before")  # fmt: skip


def test_capacity_counts_seat_hours() -> None:
    use = SeatUse(minutes=180, seats=10, present=6, people=frozenset(range(6)))
    found = sections(
        facts(held=(Held("Morning", time(9), use), Held("Evening", time(17, 30), SeatUse(90, 10, 0))))
    )
    assert found["capacity"].rows == (
        ("Evening, 5:30 pm", "0", "15", "0 %", "100 %"),
        ("Morning, 9:00 am", "18", "30", "60 %", "100 %"),
    )
    assert (
        found["capacity"].finding
        == "40 % of seat-hours were filled; Evening, 5:30 pm has the most room (0 %)."
    )


def test_data_quality_counts_what_is_missing_late_and_unsigned() -> None:
    missing = seen(1, MONDAY, state=SessionState.NOT_RECORDED, in_time=None)
    found = sections(facts(seen=(missing, seen(2, MONDAY, in_time=False), seen(3, MONDAY, signed=False))))[
        "quality"
    ]
    assert found.rows == (("Morning", "3", "1", "1", "1"), ("All", "3", "1", "1", "1"))
    assert found.finding == "67 % of sessions held are recorded, 50 % of them late."


def test_fairness_compares_subgroups_of_five_and_more() -> None:
    words = {p: ("Women",) if p < 6 else ("Men",) for p in range(12)}
    given = facts(
        seen=tuple(seen(p, MONDAY, came=p != 0) for p in range(12)),
        care=tuple(PastCare(p, (), None, None, words[p]) for p in range(12)),  # type: ignore[arg-type]
        subgroups=words,
        subgroup_kinds={"Women": "Gender", "Men": "Gender"},
    )
    assert [row[:2] for row in sections(given)["fairness"].rows] == [
        ("Gender: Men", "100 %"),
        ("Gender: Women", "83 %"),
    ]


def test_a_stored_section_comes_back_as_it_was() -> None:
    week = WeeklyFrequency(
        ProgramWeek(MONDAY),
        delivered_minutes=540,
        eligible_minutes=600,
        prescribed_minutes=540,
        sessions_attended=3,
        sessions_held=3,
        recorded=3,
    )
    made = client_sections([week, WeeklyFrequency(ProgramWeek(MONDAY).shifted(1), prescribed_minutes=540)])
    assert from_json(as_json(made)) == made
    summary, weeks = made
    assert summary.finding == "Attended 9 of 10 hours offered (90 %); 100 % of sessions held are recorded."
    assert weeks.finding == "The prescribed hours were reached in 1 of 2 weeks."


def test_a_report_about_a_client_holds_no_tier_and_no_score() -> None:
    made = client_sections([WeeklyFrequency(ProgramWeek(MONDAY))])
    words = str(as_json(made)).lower()
    assert not [word for word in ("tier", "score", "risk", "reach out", "check in", "alert") if word in words]
