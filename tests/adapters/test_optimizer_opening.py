"""Which groups to open: the budget is kept, places are kept, and on tiny problems nothing is better."""

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.adapters.optimizer import NewGroup, open_groups, solve
from iop_schedule.adapters.optimizer.cohort import TICKS
from iop_schedule.adapters.optimizer.compact import WholeProblem
from iop_schedule.adapters.optimizer.opening_prices import Pricing
from iop_schedule.adapters.optimizer.opening_question import Question
from iop_schedule.domain.placement import (
    Client,
    Commitment,
    Dose,
    Group,
    Meeting,
    PlanStatus,
    Problem,
    broken_rules,
)
from iop_schedule.vocabulary import Modality, Weekday
from tests.domain import placement_oracles as oracle
from tests.strategies_placement import groups, problems

MO, TU, WE = (Weekday(n) for n in range(3))


def group(code, start, *days, seats=9):
    meetings = tuple(Meeting(f"{code}-{d.name}", d, start, start + 180, seats) for d in days)
    return Group(code, "process", Modality.IN_PERSON, "en", meetings, site="main")


def person(code, busy=()):
    work = tuple(Commitment("work", day, start, end) for day in (MO, TU, WE) for start, end in busy)
    return Client(code, ("en",), Dose(360, min_days=2), commitments=work)


DAY_WORKERS = tuple(person(f"d{n}", [(480, 1000)]) for n in range(3))
NIGHT_WORKERS = tuple(person(f"n{n}", [(1000, 1400)]) for n in range(2))
EVENINGS, MORNINGS = group("pm", 1020, MO, TU), group("am", 540, MO, TU)


def test_the_group_that_serves_most_is_opened():
    asked = Problem((group("old", 540, MO, seats=0),), DAY_WORKERS + NIGHT_WORKERS)
    shown = []
    done = open_groups(
        asked,
        [NewGroup(MORNINGS, 360), NewGroup(EVENINGS, 360)],
        360,
        held={},
        seconds=600,
        preview=shown.append,
    )
    assert (done.groups, done.placed, done.plan.status) == (("pm",), ("d0", "d1", "d2"), PlanStatus.OPTIMAL)
    assert [opening.groups for opening in shown] == [("pm",)]


def test_two_groups_are_opened_where_neither_helps_alone():
    asked = Problem((group("old", 540, MO, seats=0),), DAY_WORKERS)
    halves = [NewGroup(group("one", 1020, MO), 180), NewGroup(group("two", 1020, TU), 180)]
    done = open_groups(asked, halves, 360, held={}, seconds=600)
    assert (done.groups, len(done.placed)) == (("one", "two"), 3)
    assert open_groups(asked, halves, 359, held={}, seconds=600).groups == ()


def test_groups_that_need_one_room_are_not_opened_together():
    asked = Problem((group("old", 540, MO, seats=0),), DAY_WORKERS + NIGHT_WORKERS)
    both = [NewGroup(MORNINGS, 1), NewGroup(EVENINGS, 1)]
    assert open_groups(asked, both, 9, held={}, seconds=600).groups == ("am", "pm")
    apart = open_groups(asked, both, 9, held={}, seconds=600, not_together=[frozenset({"am", "pm"})])
    assert apart.groups == ("pm",)


def test_a_question_without_time_is_answered_within_the_rules():
    asked = Problem((group("old", 540, MO, seats=0),), DAY_WORKERS + NIGHT_WORKERS)
    both, apart = [NewGroup(MORNINGS, 1), NewGroup(EVENINGS, 1)], [frozenset({"am", "pm"})]
    done = open_groups(asked, both, 9, held={}, seconds=0, not_together=apart)
    assert done.groups in {(), ("am",), ("pm",)}
    question = Question(asked, both, 9, {}, apart)
    assert len(WholeProblem(question.cohort, 0).opening_prices(question, 0).closing) == 1


def test_who_has_a_place_keeps_it_and_is_not_counted():
    asked = Problem((group("old", 540, MO, TU, seats=1),), (person("ana"), *DAY_WORKERS))
    done = open_groups(asked, [NewGroup(EVENINGS, 1)], 1, held={"ana": ("old-MO", "old-TU")}, seconds=600)
    assert done.placed == ("d0", "d1", "d2")
    assert done.plan.assignments["ana"] == ("old-MO", "old-TU")
    assert done.plan.objective == done.plan.bound


def test_nothing_to_open_is_an_answer():
    done = open_groups(Problem((MORNINGS,), DAY_WORKERS), [], 100, held={}, seconds=600)
    assert (done.groups, done.placed) == ((), ())


@settings(max_examples=40, derandomize=True, deadline=None)
@given(asked=problems(most_groups=2, most_meetings=2, most_clients=2), data=st.data())
def test_no_other_groups_within_the_budget_serve_better(asked, data):
    made = [data.draw(groups(n, 2)) for n in (7, 8, 9)]
    possible = [NewGroup(g, data.draw(st.integers(1, 3))) for g in made]
    budget = data.draw(st.integers(0, 5))
    done = open_groups(asked, possible, budget, held={}, seconds=600)
    opened = [n for n in possible if n.group.id in done.groups]
    assert sum(n.cost for n in opened) <= budget
    with_opened = replace(asked, groups=(*asked.groups, *(n.group for n in opened)))
    assert broken_rules(with_opened, done.plan) == []
    best = max(
        oracle.best_objective(replace(asked, groups=(*asked.groups, *(n.group for n in some))))
        for size in range(len(possible) + 1)
        for some in combinations(possible, size)
        if sum(n.cost for n in some) <= budget
    )
    assert done.plan.objective == pytest.approx(float(best), rel=1e-6)
    assert done.plan.bound >= float(best) - 1e-6


def test_a_cancelled_run_gives_the_quick_answer():
    asked = Problem((MORNINGS,), DAY_WORKERS)
    done = open_groups(asked, [NewGroup(EVENINGS, 1)], 1, held={}, seconds=600, cancelled=lambda: True)
    assert (done.plan.bound, done.plan.status) == (None, PlanStatus.FEASIBLE)
    assert solve(asked, seconds=600).assignments == {}


def test_the_first_prices_already_bound_what_few_seats_serve():
    evenings = group("pm", 1020, MO, TU, seats=2)
    asked = Problem((group("old", 540, MO, seats=0),), DAY_WORKERS)
    question = Question(asked, [NewGroup(evenings, 1)], 1, {})
    prices = WholeProblem(question.cohort, 0).opening_prices(question, 600)
    bound = Pricing(question).ask(prices, lambda: False).bound
    best = open_groups(asked, [NewGroup(evenings, 1)], 1, held={}, seconds=600)
    assert len(best.placed) == 2
    assert bound / TICKS == pytest.approx(best.plan.objective, rel=1e-3)
