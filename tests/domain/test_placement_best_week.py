"""Where one person fits: the best week against trying every week, the facts about it, and why not others."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.domain.placement import (
    Alternating,
    Blocked,
    Client,
    Commitment,
    Dose,
    Gap,
    Group,
    Meeting,
    Openings,
    Plan,
    Preferences,
    Problem,
    Rule,
    WhyNot,
    best_weeks,
    broken_rules,
    fitting_groups,
    openings,
    why_not,
)
from iop_schedule.vocabulary import Attend, Modality, ModalityWish, Weekday, WeekParity
from tests.domain import placement_oracles as oracle
from tests.strategies_placement import problems

MO, TU, WE, TH, FR = (Weekday(n) for n in range(5))


def minutes(clock):
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute)


def meeting(code, weekday, start="09:00", end="12:00", seats=12):
    return Meeting(code, weekday, minutes(start), minutes(end), seats)


def group(code, *meetings, **changes):
    plain = {"service_type": "process", "modality": Modality.IN_PERSON, "language": "en", "site": "main"}
    return Group(code, meetings=meetings, **(plain | changes))


def ana(**changes):
    plain = {"languages": ("en",), "dose": Dose(minutes=540, min_days=3)}
    return Client("ana", **(plain | changes))


MORNINGS = group("mornings", *(meeting(f"am-{d.name}", d) for d in (MO, TU, WE, TH, FR)), counselor="k1")
EVENINGS = group(
    "evenings", *(meeting(f"pm-{d.name}", d, "17:30", "20:30") for d in (MO, TU, WE, TH, FR)), counselor="k2"
)


@settings(max_examples=600, derandomize=True, deadline=None)
@given(asked=problems(most_groups=4, most_meetings=3, alternating=False))
def test_the_best_week_is_as_good_as_the_best_of_all_weeks(asked):
    (client,) = asked.clients
    shut = oracle.full(asked, client)
    plans = best_weeks(asked, client.id)
    best = oracle.best_points(asked, client, shut=shut)
    assert (plans[0].points if plans else None) == best
    for plan in plans:
        assert broken_rules(asked, Plan({client.id: plan.choice})) == []
        assert plan.points == oracle.choice_points(asked, client, plan.choice)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, alternating=True))
def test_the_best_alternating_weeks_are_as_good_as_the_best_two(asked):
    (client,) = asked.clients
    shut = oracle.full(asked, client)
    halves = [oracle.best_points(asked, client, week, shut) for week in "AB"]
    plans = best_weeks(asked, client.id)
    assert (plans[0].points if plans else None) == (None if None in halves else sum(halves) / 2)
    for plan in plans:
        assert broken_rules(asked, Plan({client.id: plan.choice})) == []
        assert plan.points == oracle.choice_points(asked, client, plan.choice)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(asked=problems(most_groups=4, most_clients=3), data=st.data())
def test_a_plan_takes_no_seat_that_others_hold_and_meets_nobody_kept_apart(asked, data):
    some = st.lists(st.sampled_from([m.id for g in asked.groups for m in g.meetings]), max_size=3).map(tuple)
    held = {c.id: data.draw(some) for c in asked.clients[1:]}
    free = openings(asked, "c0", held)
    before = oracle.broken(asked, Plan(held))
    for plan in best_weeks(asked, "c0", free):
        assert oracle.broken(asked, Plan(held | {"c0": plan.choice})) == before


def test_three_plans_are_genuinely_different():
    plans = best_weeks(Problem((MORNINGS, EVENINGS), (ana(),)), "ana")
    chosen = [set(plan.choice) for plan in plans]
    assert len(chosen) == 3
    for n, one in enumerate(chosen):
        assert all(len(one - other) >= 1 for other in chosen[:n])
    assert plans[0].points == 3 * 20 - 3 * 6


def test_a_variation_of_one_small_meeting_is_not_another_plan():
    long_week = group("long", *(meeting(f"l-{d.name}", d) for d in (MO, TU, WE)))
    extra = group("extra", meeting("x1", FR, "09:00", "10:00"), meeting("x2", FR, "10:00", "11:00"))
    plans = best_weeks(Problem((long_week, extra), (ana(dose=Dose(600, over_minutes=0)),)), "ana")
    assert [plan.choice for plan in plans] == [("l-MO", "l-TU", "l-WE", "x1")]


def test_the_facts_say_what_speaks_for_a_plan():
    shift = Commitment("work", MO, minutes("12:40"), minutes("20:00"), label="shift")
    gym = Commitment("other", TU, minutes("11:00"), minutes("12:00"), hard=False, cost=1)
    client = ana(
        commitments=(shift, gym),
        travel_minutes={"main": 25},
        current=("am-MO", "pm-FR"),
        preferences=Preferences(weekdays={MO: 3, TU: 9, WE: 1, FR: -20}, counselor="k1"),
    )
    asked = Problem((MORNINGS, EVENINGS), (client,))
    free = Openings(taken_a={"am-MO": 9})
    (best,) = best_weeks(asked, "ana", free, count=1)
    (week,) = best.weeks
    assert (week.week, week.meetings) == (WeekParity.EVERY, ("am-MO", "am-TU", "am-WE"))
    assert (week.facts.minutes, week.facts.dose_minutes, week.facts.days) == (540, 540, (MO, TU, WE))
    assert (week.facts.same_counselor, len(week.facts.wishes.with_counselor), week.facts.evenings) == (
        True,
        3,
        0,
    )
    assert week.facts.nearest_gap == Gap("am-MO", shift, 15, commitment_first=False)
    assert week.facts.soft_overlaps == (("am-TU", gym),)
    assert week.facts.seats_left_after == (("am-MO", 2), ("am-TU", 11), ("am-WE", 11))
    assert (week.facts.kept, week.facts.added, week.facts.dropped) == (
        ("am-MO",),
        ("am-TU", "am-WE"),
        ("pm-FR",),
    )


def test_a_week_that_alternates_is_offered_only_where_it_is_worth_more():
    late = Commitment("work", MO, minutes("09:00"), minutes("12:00"), week=WeekParity.A)
    groups = (MORNINGS, EVENINGS)
    client = ana(
        commitments=(late,), preferences=Preferences(weekdays={MO: 5, TU: 4, WE: 3, TH: 2}, counselor="k1")
    )
    weekly = best_weeks(Problem(groups, (client,)), "ana", count=1)
    assert weekly[0].choice == ("am-TU", "am-WE", "am-TH")
    both = best_weeks(Problem(groups, (client,), alternating=True), "ana", count=1)
    assert both[0].choice == Alternating(("am-TU", "am-WE", "am-TH"), ("am-MO", "am-TU", "am-WE"))
    free_weeks = replace(client, commitments=())
    alike = best_weeks(Problem(groups, (free_weeks,), alternating=True), "ana", count=1)
    assert alike[0].choice == ("am-MO", "am-TU", "am-WE")


def test_groups_attended_whole_are_taken_whole():
    first = group("first", *(meeting(f"f-{d.name}", d) for d in (MO, WE, FR)), attend=Attend.ALL)
    second = group("second", *(meeting(f"s-{d.name}", d) for d in (TU, WE, TH)), attend=Attend.ALL)
    client = ana(preferences=Preferences(weekdays={MO: 9, TU: 9, WE: 9}))
    plans = best_weeks(Problem((first, second), (client,)), "ana")
    assert [plan.choice for plan in plans] == [("f-MO", "f-WE", "f-FR"), ("s-TU", "s-WE", "s-TH")]


def test_many_short_meetings_on_a_day_stay_exact_and_fast():
    slots = [
        meeting(f"m{d.name}-{n}-{k}", d, f"{8 + n}:00", f"{9 + n}:00")
        for d in (MO, TU, WE, TH, FR)
        for n in range(10)
        for k in range(4)
    ]
    asked = Problem((group("g", *slots),), (ana(dose=Dose(1500, max_minutes_per_day=360)),))
    (best,) = best_weeks(asked, "ana", count=1)
    assert best.points == 25 * 6 - 5 * 6


MONDAY_SHIFT = Commitment("work", MO, minutes("07:00"), minutes("15:30"), label="shift")

WHY_NOT = {
    "it fits": (MORNINGS, {}, []),
    "work on that day": (
        group("g", meeting("m", MO)),
        {"commitments": (MONDAY_SHIFT,)},
        [Blocked(Rule.COMMITMENT, MONDAY_SHIFT, minutes=180)],
    ),
    "the way there reaches into work by a minute": (
        group("g", meeting("m", MO, "15:50", "17:20")),
        {"commitments": (MONDAY_SHIFT,), "travel_minutes": {"main": 21}},
        [Blocked(Rule.COMMITMENT, MONDAY_SHIFT, minutes=1)],
    ),
    "several rules at once": (
        group("g", meeting("m", MO, seats=0), language="es", modality=Modality.TELEHEALTH, site=None),
        {"modality": ModalityWish.IN_PERSON},
        [Blocked(Rule.LANGUAGE), Blocked(Rule.MODALITY), Blocked(Rule.SEATS)],
    ),
    "longer than a day may be": (
        group("g", meeting("m", MO)),
        {"dose": Dose(540, max_minutes_per_day=90)},
        [Blocked(Rule.DAY_TOO_LONG)],
    ),
    "longer than prescribed": (
        group("g", meeting("m", MO)),
        {"dose": Dose(60, over_minutes=60)},
        [Blocked(Rule.DOSE_OVER)],
    ),
}


@pytest.mark.parametrize(("only", "changes", "expected"), WHY_NOT.values(), ids=WHY_NOT)
def test_why_a_meeting_does_not_fit(only, changes, expected):
    found = why_not(Problem((only,), (ana(**changes),)), "ana")
    assert found == ([WhyNot("m", "g", tuple(expected))] if expected else [])


def test_one_meeting_that_does_not_work_takes_the_whole_group_away():
    whole = group("g", meeting("m1", MO), meeting("m2", TU), attend=Attend.ALL)
    asked = Problem((whole, EVENINGS), (ana(commitments=(MONDAY_SHIFT,)),))
    assert why_not(asked, "ana") == [
        WhyNot("m1", "g", (Blocked(Rule.COMMITMENT, MONDAY_SHIFT, minutes=180),)),
        WhyNot("m2", "g", (Blocked(Rule.WHOLE_GROUP, meeting="m1"),)),
    ]
    assert fitting_groups(asked, "ana") == ["evenings"]


def test_a_meeting_closed_because_of_another_person_looks_like_one_without_a_seat():
    asked = Problem((MORNINGS,), (ana(keep_apart=("ben",)), replace(ana(), id="ben")))
    free = openings(asked, "ana", {"ben": ("am-MO",), "ana": ("am-TU",)})
    assert why_not(asked, "ana", free) == [WhyNot("am-MO", "mornings", (Blocked(Rule.SEATS),))]
    assert free.taken_a == {"am-MO": 1}


@settings(max_examples=200, derandomize=True, deadline=None)
@given(asked=problems(alternating=False))
def test_a_meeting_is_in_some_legal_week_only_if_nothing_is_said_against_it(asked):
    (client,) = asked.clients
    shut = oracle.full(asked, client)
    against = {w.meeting for w in why_not(asked, client.id)}
    assert not against & {m for week in oracle.legal_weeks(asked, client, "every", shut) for m in week}
