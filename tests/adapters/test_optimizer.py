"""Placing everyone: legal, never above its bound, and on tiny problems as good as trying every plan."""

import itertools
import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.placement_instances import Name, instance, weeks
from iop_schedule import clock
from iop_schedule.adapters.optimizer import compact, lp, solve
from iop_schedule.domain.placement import (
    Alternating,
    Client,
    Commitment,
    Dose,
    Group,
    Meeting,
    Plan,
    PlanStatus,
    Problem,
    Weights,
    best_weeks,
    broken_rules,
)
from iop_schedule.vocabulary import Modality, Weekday, WeekParity
from tests.domain import placement_oracles as oracle
from tests.strategies_placement import problems

MO, TU, WE, TH, FR = (Weekday(n) for n in range(5))
#: More seconds than a run needs that ends with a proof, on however busy a machine.
LONG = 600


def group(code, *days, seats=1, start=540, **changes):
    meetings = tuple(Meeting(f"{code}-{d.name}", d, start, start + 180, seats) for d in days)
    plain = {"service_type": "process", "modality": Modality.IN_PERSON, "language": "en", "site": "main"}
    return Group(code, meetings=meetings, **(plain | changes))


def person(code, **changes):
    return Client(code, **({"languages": ("en",), "dose": Dose(540, min_days=3)} | changes))


def assert_holds(problem, plan):
    assert oracle.broken(problem, plan) == set()
    assert plan.objective == float(oracle.objective(problem, plan))
    assert plan.objective <= plan.bound


@settings(max_examples=80, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, most_clients=3, alternating=False))
def test_a_tiny_plan_is_as_good_as_the_best_of_all_plans(asked):
    plan = solve(asked, seconds=LONG)
    assert_holds(asked, plan)
    best = float(oracle.best_objective(asked))
    assert plan.status is PlanStatus.OPTIMAL
    assert plan.objective == pytest.approx(best, rel=1e-4)
    assert best <= plan.bound


@settings(max_examples=40, derandomize=True, deadline=None)
@given(asked=problems(most_groups=2, most_clients=2, alternating=True))
def test_tiny_alternating_plans_are_as_good_as_the_best_of_all_plans(asked):
    plan = solve(asked, seconds=LONG)
    assert_holds(asked, plan)
    best = float(oracle.best_objective(asked))
    assert plan.status is PlanStatus.OPTIMAL
    assert plan.objective == pytest.approx(best, rel=1e-4)
    assert best <= plan.bound


@settings(max_examples=60, derandomize=True, deadline=None)
@given(asked=problems(most_groups=2, most_clients=3, alternating=True), alike=st.sets(st.sampled_from("012")))
def test_people_who_may_not_alternate_have_one_week_beside_those_who_may(asked, alike):
    clients = tuple(replace(c, may_alternate=c.id.removeprefix("c") not in alike) for c in asked.clients)
    asked = replace(asked, clients=clients)
    plan = solve(asked, seconds=LONG)
    assert_holds(asked, plan)
    assert plan.status is PlanStatus.OPTIMAL
    assert plan.objective == pytest.approx(float(oracle.best_objective(asked)), rel=1e-4)


def test_two_people_share_what_one_would_take():
    # The first of the two could take either week, the second one only: nobody needs to wait.
    groups = (group("am", MO, TU, WE, counselor="k1"), group("pm", MO, TU, WE, start=840))
    flexible = person("c1")
    bound_to_mornings = person(
        "c2", commitments=tuple(Commitment("work", d, 780, 1200) for d in (MO, TU, WE))
    )
    plan = solve(Problem(groups, (flexible, bound_to_mornings)), seconds=600)
    assert dict(plan.assignments) == {
        "c1": ("pm-MO", "pm-TU", "pm-WE"),
        "c2": ("am-MO", "am-TU", "am-WE"),
    }
    assert (plan.status, plan.unplaced) == (PlanStatus.OPTIMAL, ())


def test_people_kept_apart_meet_nowhere_and_no_reason_mentions_it():
    groups = (group("am", MO, TU, WE, seats=5),)
    people = (person("ana", keep_apart=("ben",)), person("ben"), person("cleo", priority=4))
    plan = solve(Problem(groups, people), seconds=600)
    assert set(plan.assignments) in ({"ana", "cleo"}, {"ben", "cleo"})
    (waiting,) = plan.unplaced
    assert "apart" not in repr(waiting)
    assert all(name not in repr(replace(waiting, client="")) for name in ("ana", "ben", "cleo"))


def test_a_seat_kept_for_somebody_is_theirs_alone_and_what_is_closed_looks_full():
    groups = (group("am", MO, TU, WE, seats=0), group("pm", MO, TU, WE, start=1020))
    mornings = tuple(m.id for m in groups[0].meetings)
    holder = person("ana", kept_seats=mornings)
    shut_out = person("ben", priority=4, closed=("pm-TU",))
    plan = solve(Problem(groups, (shut_out, holder, person("cleo"))), seconds=600)
    assert plan.assignments == {"ana": mornings, "cleo": ("pm-MO", "pm-TU", "pm-WE")}
    assert broken_rules(Problem(groups, (shut_out, holder, person("cleo"))), plan) == []
    (waiting,) = plan.unplaced
    assert {because.what for because in waiting.because} <= {"seats", "dose", "days"}


def test_alternating_weeks_place_people_whose_weeks_differ():
    groups = (group("am", MO, TU, WE, seats=2), group("pm", MO, TU, WE, start=1020, seats=2))
    work = [
        Commitment("work", d, start, end, week=week)
        for d in (MO, TU, WE)
        for start, end, week in ((480, 900, WeekParity.A), (960, 1320, WeekParity.B))
    ]
    rotating = person("c1", commitments=tuple(work))
    asked = Problem(groups, (rotating,))
    assert solve(asked, seconds=600).assignments == {}
    plan = solve(replace(asked, alternating=True), seconds=600)
    assert plan.assignments == {"c1": Alternating(("pm-MO", "pm-TU", "pm-WE"), ("am-MO", "am-TU", "am-WE"))}


def test_a_bonus_for_staying_keeps_people_where_they_are():
    groups = (group("am", MO, TU, WE, seats=2, counselor="k1"), group("pm", MO, TU, WE, start=840, seats=2))
    settled = person("c1", current=("pm-MO", "pm-TU", "pm-WE"))
    newcomer = person("c2")
    plan = solve(Problem(groups, (settled, newcomer), Weights(keep_bonus=3)), seconds=600)
    assert plan.assignments["c1"] == ("pm-MO", "pm-TU", "pm-WE")
    assert plan.objective == 2 * 1000 + 2 * (60 - 18) + 9


def test_a_hundred_people_are_placed_and_proved():
    asked = instance(Name("S", "normal", 2))
    plan = solve(asked, seconds=LONG)
    assert broken_rules(asked, plan) == []
    assert_holds(asked, plan)
    assert plan.status is PlanStatus.OPTIMAL
    placed, waiting = set(plan.assignments), [u.client for u in plan.unplaced]
    assert sorted([*placed, *waiting]) == sorted(c.id for c in asked.clients)
    assert all(u.because for u in plan.unplaced)


def test_the_same_question_gets_the_same_plan():
    asked = instance(Name("S", "normal", 1))
    one, other = (solve(asked, seconds=LONG, seed=7) for _ in range(2))
    assert replace(one, seconds=None) == replace(other, seconds=None)


def test_a_run_keeps_its_time_and_its_promises_when_cut_short(monkeypatch):
    ticks = itertools.count()
    # Each look at the clock takes a thousandth of a second: the run ends by looking, not by waiting.
    monkeypatch.setattr(clock, "monotonic", lambda: next(ticks) / 1000)
    asked = weeks(150, 0.85, "cut short")
    plan = solve(asked, seconds=1.0)
    assert plan.seconds <= 1.0 * 1.1
    assert plan.status is PlanStatus.FEASIBLE
    assert_holds(asked, plan)
    assert len(plan.assignments) > 50


@pytest.mark.parametrize("seconds", [0.01, 0.05, 0.2, 0.5])
def test_however_short_a_run_is_its_plan_is_legal_and_its_bound_holds(seconds):
    asked = instance(Name("S", "crowded", 1))
    assert_holds(asked, solve(asked, seconds=seconds))


def test_a_solver_stopped_before_it_has_a_bound_proves_nothing(monkeypatch):
    asked = instance(Name("S", "crowded", 1))
    # Otherwise planning for whole numbers of people proves this one without it.
    planner = sys.modules["iop_schedule.adapters.optimizer.solve"]
    monkeypatch.setattr(planner, "halves", lambda *_: [])
    monkeypatch.setattr(lp, "solved_whole", lambda model, whole, begin, **_: (list(begin), float("inf")))
    monkeypatch.setattr(compact, "solved_whole", lambda model, whole, begin, **_: (list(begin), float("inf")))
    plan = solve(asked, seconds=3)
    assert_holds(asked, plan)
    assert plan.status is PlanStatus.FEASIBLE


@pytest.mark.parametrize("limits", [[], [lp.Limit(99, at_least=True), lp.Limit(98)]], ids=["whole", "halves"])
def test_a_run_that_had_no_time_for_prices_goes_on_without(monkeypatch, limits):
    asked = instance(Name("S", "crowded", 1))
    planner = sys.modules["iop_schedule.adapters.optimizer.solve"]
    monkeypatch.setattr(planner, "generate", lambda cohort, master, *_, **__: master.solve())
    monkeypatch.setattr(planner, "halves", lambda *_: limits)
    assert_holds(asked, solve(asked, seconds=2))


def test_a_cancelled_run_returns_what_it_has():
    asked = instance(Name("S", "normal", 1))
    steps = []
    plan = solve(asked, seconds=600, cancelled=lambda: len(steps) >= 3, progress=steps.append)
    assert_holds(asked, plan)
    assert len(steps) <= 5
    assert steps[0].step == "first plan"
    assert steps[0].objective <= steps[-1].objective <= steps[-1].bound <= steps[0].bound


def test_a_run_begins_from_a_given_plan_and_leaves_out_what_is_not_legal():
    groups = (group("am", MO, TU, WE), group("pm", MO, TU, WE, start=840))
    asked = Problem(groups, (person("c1"), person("c2")))
    begun = Plan({"c1": ("am-MO",), "c2": ("am-MO", "am-TU", "am-WE")})
    plan = solve(asked, seconds=600, start=begun, cancelled=lambda: True)
    assert dict(plan.assignments) == {
        "c1": ("pm-MO", "pm-TU", "pm-WE"),
        "c2": ("am-MO", "am-TU", "am-WE"),
    }


def test_without_the_solvers_people_are_still_placed_under_a_valid_bound(monkeypatch):
    monkeypatch.setitem(sys.modules, "highspy", None)
    asked = instance(Name("S", "crowded", 1))
    plan = solve(asked, seconds=1)
    assert broken_rules(asked, plan) == []
    assert_holds(asked, plan)
    assert len(plan.assignments) > 20


def test_nobody_to_place_is_a_plan_too():
    plan = solve(Problem((group("am", MO),), ()), seconds=600)
    assert (plan.status, plan.objective, plan.bound, dict(plan.assignments)) == (
        PlanStatus.OPTIMAL,
        0.0,
        0.0,
        {},
    )


def test_who_is_left_out_would_not_fit_into_what_is_left():
    asked = weeks(30, 0.5, "left out")
    plan = solve(asked, seconds=LONG)
    assert plan.unplaced
    from iop_schedule.domain.placement import openings

    for waiting in plan.unplaced:
        free = openings(asked, waiting.client, plan.assignments)
        assert best_weeks(asked, waiting.client, free, count=1) == []
