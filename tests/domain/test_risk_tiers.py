"""Whom to contact first and why: each rule with the sentence staff read."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain import frequency
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.frequency import CareDates, DaySpan, DoseInForce, SessionFact
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.domain.risk.reasons import ReasonKind, ReviewKind, Tier, days_in_words
from iop_schedule.domain.risk.self_report import SelfReport
from iop_schedule.domain.risk.tiers import Assessment, assess

ADMITTED = date(2026, 1, 5)
DATES = CareDates(enrolled=DaySpan(ADMITTED))
POLICY = MonitorPolicy()


def session(day: date, state: str = "attended", *, make_up: bool = False) -> SessionFact:
    starts_at = datetime.combine(day, time(23), tzinfo=UTC)
    minutes = 180 if state == "attended" else 0
    return SessionFact(day.toordinal(), starts_at, day, 180, SessionState(state), minutes, make_up)


def sessions(first: date, last: date, missed: dict[date, str] | None = None) -> list[SessionFact]:
    """Mondays, Wednesdays and Fridays, attended unless `missed` says otherwise."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    held = [day for day in days if day.weekday() in {0, 2, 4}]
    return [session(day, (missed or {}).get(day, "attended")) for day in held]


def march(*days: int, state: str = "no_show") -> dict[date, str]:
    return {date(2026, 3, day): state for day in days}


def assessed(facts: list[SessionFact], today: date, **more: object) -> Assessment:
    now = datetime.combine(today, time(23, 59), tzinfo=UTC)
    given = {"policy": POLICY, "dates": DATES, "last_contact_on": today, "tz": UTC} | more
    return assess(facts, now=now, today=today, **given)  # type: ignore[arg-type]


def kinds(assessment: Assessment) -> list[tuple[str, str]]:
    return [(reason.kind.value, reason.tier.value) for reason in assessment.reasons]


def test_steady_attendance_asks_for_nothing() -> None:
    steady = assessed(sessions(ADMITTED, date(2026, 3, 4)), date(2026, 3, 4))
    assert (steady.tier, steady.reasons, steady.reviews) == (Tier.NO_ACTION, (), ())
    assert steady.summary == "No action needed. Last contact today."
    assert steady.level.is_enough
    assert steady.policy_version == POLICY.version


def test_the_example_of_a_change_reads_as_staff_need_it() -> None:
    missed = march(4, 6, 9, 13)
    facts = sessions(date(2026, 1, 5), date(2026, 3, 13), missed)
    found = assessed(facts, date(2026, 3, 19), last_contact_on=None)
    assert found.tier == Tier.REACH_OUT
    assert kinds(found)[0] == ("change", "reach_out")
    assert found.summary == (
        "Reach out. "
        "Attended 1 of the last 5 sessions since Mar 4 (missed Mar 4, 6, 9, 13); usually attends 9 of 10. "
        "No contact for 8 days, since Mar 11. "
        "Excused: none. Last contact 8 days ago. Clears after 2 attended sessions."
    )
    change = found.reasons[0]
    assert change.occurrence_ids == tuple(date(2026, 3, n).toordinal() for n in (4, 6, 9, 11, 13))
    assert change.since == date(2026, 3, 4)


def test_a_change_clears_after_two_attended_sessions() -> None:
    missed = march(4, 6)
    after_one = assessed(sessions(ADMITTED, date(2026, 3, 9), missed), date(2026, 3, 9))
    after_two = assessed(sessions(ADMITTED, date(2026, 3, 11), missed), date(2026, 3, 11))
    assert kinds(after_one) == [("change", "reach_out")]
    assert (after_two.tier, kinds(after_two)) == (Tier.NO_ACTION, [])


def test_a_miss_after_the_alert_begins_the_two_sessions_again() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 20), march(4, 6, 11, 13, 16, 18))
    found = assessed(facts, date(2026, 3, 20))
    assert ("change", "reach_out") in kinds(found)


def test_a_change_stands_while_another_alert_is_only_held_back() -> None:
    facts = [*sessions(ADMITTED, date(2026, 3, 20), march(4, 6, 11, 13, 16, 18)), session(date(2026, 3, 19))]
    found = assessed(facts, date(2026, 3, 20))
    assert found.change.stop >= found.change.threshold
    assert kinds(found)[0] == ("change", "reach_out")


def test_low_attendance_is_a_level_even_without_a_change() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 27))
    facts = [session(f.local_day, "no_show") if n % 3 else f for n, f in enumerate(facts)]
    found = assessed(facts, date(2026, 3, 27), policy=replace(POLICY, threshold=99.0))
    assert kinds(found) == [("level", "check_in")]
    assert found.reasons[0].sentence == (
        "Attended 4 of the last 12 sessions since Mar 2 (missed Mar 4, 6, 11, 13, 18, 20, 25, 27); "
        "attendance is probably below 67%."
    )


def test_a_level_says_nothing_once_it_rests_on_too_little() -> None:
    last, back = date(2026, 1, 16), date(2026, 3, 9)
    missed = {date(2026, 1, n): "no_show" for n in (7, 9, 12, 14, 16)}
    facts = [*sessions(ADMITTED, last, missed), session(back, "no_show")]
    policy = replace(POLICY, threshold=99.0, early_days=0)
    assert kinds(assessed(facts[:-1], last, policy=policy))[0][0] == "level"
    found = assessed(facts, back, policy=policy)
    assert (found.level.is_enough, found.tier) == (False, Tier.NOT_SCORED)


@pytest.mark.parametrize(
    ("days", "tier"),
    [
        pytest.param(7, Tier.NO_ACTION, id="a week"),
        pytest.param(8, Tier.REACH_OUT, id="over a week"),
        pytest.param(14, Tier.REACH_OUT, id="two weeks"),
        pytest.param(15, Tier.REACH_OUT_TODAY, id="over two weeks"),
    ],
)
def test_silence_asks_for_contact(days: int, tier: Tier) -> None:
    last = date(2026, 3, 6)
    facts = sessions(ADMITTED, last)
    assert assessed(facts, last + timedelta(days=days), last_contact_on=date(2026, 3, 1)).tier == tier


def test_days_on_a_pause_are_no_silence() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 6))
    paused = replace(DATES, pauses=(DaySpan(date(2026, 3, 9), date(2026, 3, 18)),))
    found = assessed(facts, date(2026, 3, 20), dates=paused, last_contact_on=None)
    assert (found.tier, found.days_without_contact) == (Tier.NO_ACTION, 4)


def test_silence_says_what_is_not_recorded() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 11), march(9, 11, state="not_recorded"))
    found = assessed(facts, date(2026, 3, 14), last_contact_on=None)
    assert found.reasons[0].sentence == (
        "No contact for 8 days, since Mar 6; 2 sessions since then not recorded."
    )


def test_a_call_before_admission_does_not_begin_the_silence() -> None:
    dates = CareDates(enrolled=DaySpan(date(2026, 3, 2)))
    new = assessed([], date(2026, 3, 3), dates=dates, last_contact_on=date(2026, 1, 5))
    assert (new.reasons, new.days_without_contact) == ((), 1)
    later = assessed([], date(2026, 3, 12), dates=dates, last_contact_on=date(2026, 1, 5))
    assert later.reasons[0].sentence == "No contact for 10 days, since Mar 2 (admission)."


def test_days_out_of_care_are_no_silence() -> None:
    left = CareDates(DaySpan(ADMITTED, date(2026, 3, 6)))
    found = assessed(
        sessions(ADMITTED, date(2026, 3, 2)), date(2026, 3, 30), dates=left, last_contact_on=None
    )
    assert found.days_without_contact == 4


def test_nobody_heard_of_since_admission_is_counted_from_admission() -> None:
    found = assessed([], ADMITTED + timedelta(days=15), last_contact_on=None)
    assert found.tier == Tier.REACH_OUT_TODAY
    assert found.reasons[0].sentence == "No contact for 15 days, since Jan 5 (admission)."


def test_a_missed_first_session_is_worth_a_call() -> None:
    found = assessed([session(ADMITTED, "no_show")], ADMITTED)
    assert kinds(found) == [("early", "reach_out")]
    assert found.reasons[0].sentence == "Missed the first session on Jan 5 and none attended yet."


@pytest.mark.parametrize(
    ("missed_on", "last", "expected"),
    [
        pytest.param(date(2026, 1, 7), date(2026, 1, 9), [("early", "check_in")], id="one attended since"),
        pytest.param(date(2026, 1, 7), date(2026, 1, 12), [], id="two attended since"),
        pytest.param(date(2026, 1, 16), date(2026, 1, 16), [("early", "check_in")], id="on day twelve"),
        pytest.param(date(2026, 1, 19), date(2026, 1, 19), [], id="on day fifteen"),
    ],
)
def test_any_miss_in_the_first_two_weeks_is_worth_a_check_in(
    missed_on: date, last: date, expected: list[tuple[str, str]]
) -> None:
    facts = sessions(ADMITTED, last, {missed_on: "late_cancellation"})
    assert kinds(assessed(facts, last)) == expected


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        pytest.param(date(2026, 3, 29), [("early", "check_in")], id="the sixth day in care"),
        pytest.param(date(2026, 3, 9), [], id="more than two weeks in care"),
    ],
)
def test_the_first_two_weeks_stand_still_during_a_pause(until: date, expected: list[tuple[str, str]]) -> None:
    dates = CareDates(DaySpan(date(2026, 3, 2)), (DaySpan(date(2026, 3, 7), until),))
    there = [session(date(2026, 3, day)) for day in (2, 4, 6)]
    found = assessed([*there, session(date(2026, 3, 30), "no_show")], date(2026, 3, 30), dates=dates)
    assert [one for one in kinds(found) if one[0] == "early"] == expected


@given(
    number=st.integers(1, 20),
    pauses=st.lists(st.tuples(st.integers(-5, 30), st.none() | st.integers(0, 9)), max_size=4),
)
def test_days_in_care_are_counted_one_by_one(number: int, pauses: list[tuple[int, int | None]]) -> None:
    def span(first: int, more: int | None) -> DaySpan:
        begins = ADMITTED + timedelta(days=first)
        return DaySpan(begins, None if more is None else begins + timedelta(days=more))

    dates = CareDates(DaySpan(ADMITTED), tuple(span(*pause) for pause in pauses))
    days = [day for n in range(100) if dates.in_care(day := ADMITTED + timedelta(days=n))]
    assert dates.nth_day_in_care(number) == (days[number - 1] if len(days) >= number else date.max)


def test_an_excused_first_session_is_not_a_missed_one() -> None:
    found = assessed([session(ADMITTED, "excused")], ADMITTED)
    assert (found.tier, found.reasons) == (Tier.NOT_SCORED, ())
    assert found.summary == "Not scored. 0 sessions recorded so far: not enough data."


def test_someone_on_a_pause_is_not_scored_rather_than_low() -> None:
    missed = march(2, 4, 6)
    paused = replace(DATES, pauses=(DaySpan(date(2026, 3, 7)),))
    found = assessed(sessions(ADMITTED, date(2026, 3, 6), missed), date(2026, 3, 30), dates=paused)
    assert (found.tier, found.reasons) == (Tier.NOT_SCORED, ())
    assert found.summary == "Not scored. On a pause since Mar 7."


def test_someone_no_longer_enrolled_is_not_scored() -> None:
    left = CareDates(DaySpan(ADMITTED, date(2026, 3, 6)))
    found = assessed(sessions(ADMITTED, date(2026, 3, 6)), date(2026, 3, 9), dates=left)
    assert found.summary == "Not scored. Not enrolled today."


def weeks_of(facts: list[SessionFact], dates: CareDates = DATES) -> list[frequency.WeeklyFrequency]:
    return frequency.weekly_frequencies(
        facts,
        first=ProgramWeek(date(2026, 2, 23)),
        weeks=3,
        dates=dates,
        doses=[DoseInForce(ADMITTED, 540, 3)],
        minimum_minutes=540,
    )


@pytest.mark.parametrize(
    ("missed", "dates", "expected"),
    [
        pytest.param(march(4, 13, state="excused"), DATES, [("dose", "check_in")], id="both weeks below"),
        pytest.param(march(4, state="excused"), DATES, [], id="one week below"),
        pytest.param(march(4, 13, state="cancelled_by_program"), DATES, [], id="the program's shortfall"),
        pytest.param(
            march(4, 13, state="excused"),
            replace(DATES, step_downs=(DaySpan(date(2026, 3, 9), date(2026, 3, 20)),)),
            [],
            id="stepping down",
        ),
    ],
)
def test_two_full_weeks_below_the_minimum_ask_for_a_check_in(
    missed: dict[date, str], dates: CareDates, expected: list[tuple[str, str]]
) -> None:
    facts = sessions(ADMITTED, date(2026, 3, 13), missed)
    found = assessed(facts, date(2026, 3, 16), dates=dates, weeks=weeks_of(facts, dates))
    assert kinds(found) == expected


def test_the_dose_reason_gives_both_weeks_in_hours() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 13), march(4, 13, state="excused"))
    found = assessed(facts, date(2026, 3, 16), weeks=weeks_of(facts))
    assert found.reasons[0].sentence == (
        "Received 6 of 9 hours in the week of Mar 2, 6 of 9 hours in the week of Mar 9: "
        "below the program's minimum although enough was scheduled."
    )


def test_misses_on_one_weekday_are_a_misfit_and_lead_to_finding_a_time() -> None:
    fridays = {date(2026, 2, 13): "no_show", date(2026, 2, 27): "no_show"} | march(13)
    found = assessed(sessions(ADMITTED, date(2026, 3, 18), fridays), date(2026, 3, 18))
    assert kinds(found) == [("misfit", "check_in")]
    assert found.reasons[0].next_step == "find a time"
    assert found.reasons[0].sentence == (
        "All 3 misses since Feb 13 fell on Fridays (Feb 13, 27, Mar 13); attended 12 sessions on other days."
    )


def test_a_miss_on_another_day_is_no_weekday_pattern() -> None:
    missed = {date(2026, 2, 13): "no_show", date(2026, 2, 27): "no_show"} | march(4)
    assert kinds(assessed(sessions(ADMITTED, date(2026, 3, 18), missed), date(2026, 3, 18))) == []


@pytest.mark.parametrize(
    ("changed_on", "expected"),
    [
        pytest.param(date(2026, 3, 3), [("misfit", "check_in")], id="before the misses"),
        pytest.param(date(2026, 3, 5), [], id="after the first miss"),
        pytest.param(date(2026, 1, 20), [], id="long ago"),
        pytest.param(date(2026, 4, 1), [], id="still to come"),
    ],
)
def test_misses_that_begin_after_a_commitment_changed_are_a_misfit(
    changed_on: date, expected: list[tuple[str, str]]
) -> None:
    facts = sessions(ADMITTED, date(2026, 3, 18), march(4, 13))
    found = assessed(facts, date(2026, 3, 18), commitments_changed_on=[changed_on])
    assert kinds(found) == expected


def test_the_misfit_after_a_change_gives_both_sides() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 18), march(4, 13))
    found = assessed(facts, date(2026, 3, 18), commitments_changed_on=[date(2026, 3, 3)])
    assert found.reasons[0].sentence == (
        "2 misses (Mar 4, 13) since a commitment changed on Mar 3; "
        "none of 12 sessions in the four weeks before."
    )


def test_many_excused_absences_ask_for_a_review_and_make_no_tier() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 18), march(2, 6, 11, state="excused"))
    found = assessed(facts, date(2026, 3, 18))
    assert (found.tier, [line.kind for line in found.reviews]) == (Tier.NO_ACTION, [ReviewKind.EXCUSED])
    assert found.reviews[0].sentence == "3 excused absences in 28 days (Mar 2, 6, 11): see what changed."
    two = assessed(facts, date(2026, 3, 31))
    assert two.reviews == ()


def test_a_self_report_opens_its_own_lane_and_changes_no_number() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 18))
    without = assessed(facts, date(2026, 3, 18))
    with_report = assessed(facts, date(2026, 3, 18), self_report=SelfReport(use=3, risk=4, protective=10))
    assert (with_report.tier, with_report.level, with_report.change) == (
        without.tier,
        without.level,
        without.change,
    )
    assert [line.sentence for line in with_report.reviews] == [
        "Self-report asks for a clinician's look: use 3 of 12, protective 10 of 24."
    ]


def test_the_highest_reason_gives_the_tier_and_comes_first() -> None:
    missed = march(9, 11, 13, 16, 18, 20)
    found = assessed(sessions(ADMITTED, date(2026, 3, 20), missed), date(2026, 3, 23), last_contact_on=None)
    assert found.tier == Tier.REACH_OUT_TODAY
    assert kinds(found) == [
        ("no_contact", "reach_out_today"),
        ("change", "reach_out"),
    ]


def test_a_make_up_takes_its_miss_out_of_every_sentence() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 6), march(4, 6))
    made_up = [*facts, session(date(2026, 3, 5), make_up=True)]
    assert kinds(assessed(facts, date(2026, 3, 6))) == [("change", "reach_out")]
    assert kinds(assessed(made_up, date(2026, 3, 6))) == []


def test_any_past_day_can_be_replayed() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 27), march(9, 11, 13))
    then = assessed(facts, date(2026, 3, 6), last_contact_on=None)
    assert then == assessed(sessions(ADMITTED, date(2026, 3, 6)), date(2026, 3, 6), last_contact_on=None)


def test_an_earlier_trail_saves_work_and_changes_nothing() -> None:
    facts = sessions(ADMITTED, date(2026, 3, 27), march(9, 11, 13))
    earlier = assessed(facts[:-4], date(2026, 3, 18))
    fresh = assessed(facts, date(2026, 3, 27))
    assert assessed(facts, date(2026, 3, 27), earlier=earlier.trail).summary == fresh.summary


def test_tiers_sort_by_urgency() -> None:
    assert sorted(Tier, key=lambda t: t.rank)[-1] == Tier.REACH_OUT_TODAY
    assert Tier.NOT_SCORED.rank < Tier.NO_ACTION.rank < Tier.CHECK_IN.rank < Tier.REACH_OUT.rank


def test_no_label_calls_a_person_anything() -> None:
    assert [tier.label for tier in Tier] == [
        "Not scored",
        "No action needed",
        "Check in",
        "Reach out",
        "Reach out today",
    ]


def test_long_lists_of_dates_end_with_how_many_came_before() -> None:
    days = [date(2026, 3, 1) + timedelta(days=n) for n in range(10)]
    assert days_in_words(days) == "Mar 3, 4, 5, 6, 7, 8, 9, 10 and 2 earlier"


def test_reasons_are_listed_in_one_order() -> None:
    assert [kind.value for kind in ReasonKind] == ["change", "level", "no_contact", "early", "dose", "misfit"]


def test_sessions_of_an_earlier_stay_say_nothing_about_this_one() -> None:
    gone, back = date(2026, 1, 30), date(2026, 3, 2)
    stopped = sessions(ADMITTED, gone, {date(2026, 1, n): "no_show" for n in (26, 28, 30)})
    twice = CareDates(enrolled=DaySpan(back), other_stays=(DaySpan(ADMITTED, gone),))
    found = assessed([*stopped, session(back)], back, dates=twice)
    assert (found.tier, found.reasons) == (Tier.NOT_SCORED, ())
