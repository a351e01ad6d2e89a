"""The parts of the planner, each against trying everything: listing weeks, and three ways to choose."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.placement_instances import Name, instance
from iop_schedule.adapters.optimizer import compact, cpsat, improvement
from iop_schedule.adapters.optimizer.cohort import TICKS, Cohort, Seating
from iop_schedule.adapters.optimizer.diving import Shared, dived
from iop_schedule.adapters.optimizer.enumeration import promising_columns, weeks_worth
from iop_schedule.adapters.optimizer.generation import Bound, generate
from iop_schedule.adapters.optimizer.halves import halved, halves
from iop_schedule.adapters.optimizer.lp import Limit, Master, choose
from iop_schedule.domain.placement import Plan
from iop_schedule.domain.placement.day_search import Candidate
from iop_schedule.domain.placement.objective import PRIORITY_POINTS
from tests.domain import placement_oracles as oracle
from tests.strategies_placement import problems


@settings(max_examples=100, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, alternating=False))
def test_every_legal_week_is_listed_once_with_its_worth(asked):
    (client,) = asked.clients
    ((part,),) = Cohort(asked).people
    free = [0] * sum(len(g.meetings) for g in asked.groups)
    listed = list(weeks_worth(part, free, -(10**12), 10**6))
    found = {frozenset(part.offers[i].id for i in chosen): value for chosen, value in listed}
    shut = oracle.full(asked, client)
    legal = oracle.legal_weeks(asked, client, "every", shut)
    assert len(found) == len(listed)
    assert found == {
        frozenset(week): oracle.week_points(asked, client, week, "every") * TICKS for week in legal
    }


@settings(max_examples=60, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, most_clients=2))
def test_the_whole_problem_at_once_has_the_same_best_plan(asked):
    chosen = compact.choose(Cohort(asked), [], seconds=600, seed=0, cancelled=lambda: False)
    best = oracle.best_objective(asked)
    plan = Plan(dict(improvement.seated(Cohort(asked), chosen.columns).choices()))
    assert oracle.broken(asked, plan) == set()
    assert float(oracle.objective(asked, plan)) == pytest.approx(float(best), rel=1e-6)
    assert chosen.bound >= float(best) * TICKS - 1e-3 * TICKS


CLIQUES = {
    "alone": ([(540, 630)], [[0]]),
    "one after the other": ([(540, 630), (630, 720)], [[0], [1]]),
    "three at once": ([(540, 630), (560, 650), (600, 690)], [[0, 1, 2]]),
    "a chain": ([(540, 630), (600, 690), (660, 750)], [[0, 1], [1, 2]]),
}


@pytest.mark.parametrize(("times", "expected"), CLIQUES.values(), ids=CLIQUES)
def test_meetings_that_exclude_each_other_share_a_row(times, expected):
    here = [Candidate(f"m{n}", 0, s, e, e - s, 0, 0, 0) for n, (s, e) in enumerate(times)]
    assert compact.cliques(here) == expected


@settings(max_examples=30, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, most_clients=3, alternating=False))
def test_cp_sat_chooses_among_all_weeks_as_well_as_any(asked):
    cohort = Cohort(asked)
    free = [0] * len(cohort.capacities)
    columns = promising_columns(cohort, free, -(10**12), 10**5, lambda: False)
    chosen = cpsat.choose(cohort, columns, [], seconds=600, seed=0, cancelled=lambda: False)
    plan = Plan(dict(improvement.seated(cohort, chosen.columns).choices()))
    assert oracle.broken(asked, plan) == set()
    assert float(oracle.objective(asked, plan)) == pytest.approx(
        float(oracle.best_objective(asked)), rel=1e-6
    )


def test_listing_ends_where_there_is_too_much_to_list_or_no_time():
    cohort = Cohort(instance(Name("S", "crowded", 1)))
    free = [0] * len(cohort.capacities)
    assert promising_columns(cohort, free, 0, 100, lambda: False) is None
    assert promising_columns(cohort, free, 0, 10**6, lambda: True) is None


def test_nothing_is_listed_when_nothing_can_better_the_plan():
    cohort = Cohort(instance(Name("S", "crowded", 1)))
    free = [0] * len(cohort.capacities)
    assert promising_columns(cohort, free, 10**15, 100, lambda: False) == []


def generated(cohort):
    """Return the bound that column generation proves, its worth in fractions, and the columns with shares."""
    bound = Bound(2 * sum(cohort.rewards))
    master = Master(cohort, seed=0)
    relaxed = generate(cohort, master, bound, stop=lambda: False)
    return bound, relaxed.value, Shared(list(master.columns), relaxed.shares)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, most_clients=3))
def test_the_bound_of_fractions_is_their_value_and_a_dive_from_there_is_legal(asked):
    cohort = Cohort(asked)
    bound, value, shared = generated(cohort)
    seating, found = dived(cohort, shared, lambda: False, seed=0, at_once=0.25)
    points = bound.ticks / TICKS
    assert value - 1e-3 <= points < value + cohort.grain / TICKS + 1e-3
    assert oracle.broken(asked, Plan(dict(seating.choices()))) == set()
    assert seating.value / TICKS <= float(oracle.best_objective(asked)) + 1e-6 <= points + 1e-3
    assert len(set(found)) == len(found)


def test_a_dive_ends_less_than_one_person_from_the_bound_with_weeks_found_on_the_way():
    cohort = Cohort(instance(Name("S", "crowded", 2)))
    bound, _, shared = generated(cohort)
    before = set(shared.columns)
    seating, found = dived(cohort, shared, lambda: False, seed=0, at_once=0.25)
    assert (bound.ticks - seating.value) / TICKS < PRIORITY_POINTS
    assert set(found) > before


def test_a_dive_that_is_stopped_still_seats_whom_it_has():
    cohort = Cohort(instance(Name("S", "crowded", 2)))
    _, _, shared = generated(cohort)
    asked = iter([False, False])
    seating, _ = dived(cohort, shared, lambda: next(asked, True), seed=0, at_once=0.25)
    assert len(seating.placed) > 20


def planned_in_halves(cohort, limits, bound, columns=()):
    """Plan in halves from scratch, or with columns that were generated before."""
    master = Master(cohort, seed=0)
    for column in columns:
        master.add(column)
    return halved(
        cohort, limits, master, Seating(cohort), bound, stop=lambda: False, seed=0,
        near=Fraction(0), close=Fraction(0), dives=[0.25],
    )  # fmt: skip


@settings(max_examples=80, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, most_clients=3), units=st.integers(0, 6))
def test_two_halves_bound_every_plan_and_list_the_best_one(asked, units):
    cohort = Cohort(asked)
    best = float(oracle.best_objective(asked)) * TICKS
    both = planned_in_halves(
        cohort, [Limit(units + 1, at_least=True), Limit(units)], Bound(2 * sum(cohort.rewards))
    )
    assert both.seating.value <= best + 1e-3 <= max(own.ticks for _, own in both.bounds) + 2e-3
    assert oracle.broken(asked, Plan(dict(both.seating.choices()))) == set()
    listed = [
        column
        for limit, own in both.bounds
        for column in promising_columns(
            cohort, own.prices, round(best) - cohort.grain, 10**5, lambda: False, limit=limit
        )
    ]
    everything = list(dict.fromkeys(listed))
    chosen = choose(cohort, everything, [], seconds=600, seed=0, cancelled=lambda: False)
    picked = chosen.columns if chosen else []
    worth = sum(c.value for c in picked) + sum(cohort.rewards[p] for p in {c.person for c in picked})
    assert worth == pytest.approx(best, abs=1)


def test_halves_take_away_what_part_of_a_person_is_worth():
    cohort = Cohort(instance(Name("S", "crowded", 1)))
    bound, _, shared = generated(cohort)
    limits = halves(cohort, shared)
    both = planned_in_halves(cohort, limits, bound, shared.columns)
    assert limits == [Limit(99, at_least=True), Limit(98)]
    assert bound.ticks - max(own.ticks for _, own in both.bounds) > PRIORITY_POINTS / 2 * TICKS
    assert halves(cohort, Shared(shared.columns, [float(s > 0.9) for s in shared.shares])) == []
