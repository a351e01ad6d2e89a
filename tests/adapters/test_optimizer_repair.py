"""After a change: as few changes as possible, and nobody unaffected loses the own place."""

from collections import Counter
from dataclasses import replace
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.placement_instances import Name, instance
from iop_schedule.adapters.optimizer import repair, solve
from iop_schedule.adapters.optimizer.solve import planned
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
    broken_rules,
    touched,
    with_what_is_left,
    without_meetings,
)
from iop_schedule.vocabulary import Modality, Weekday, WeekParity
from tests.domain import placement_oracles as oracle
from tests.strategies_placement import problems

MO, TU, WE = (Weekday(n) for n in range(3))
MORNING, EVENING = ("am-MO", "am-TU", "am-WE"), ("pm-MO", "pm-TU", "pm-WE")


def group(code, start, seats):
    meetings = tuple(Meeting(f"{code}-{d.name}", d, start, start + 180, seats) for d in (MO, TU, WE))
    return Group(code, "process", Modality.IN_PERSON, "en", meetings, site="main")


def person(code, **changes):
    return Client(code, **({"languages": ("en",), "dose": Dose(540, min_days=3)} | changes))


def shift(start, end):
    return tuple(Commitment("work", d, start, end) for d in (MO, TU, WE))


def clinic(*clients, mornings=2, evenings=2):
    return Problem((group("am", 540, mornings), group("pm", 1020, evenings)), clients)


def test_a_changed_shift_moves_only_the_person_it_belongs_to():
    asked = clinic(person("ana", commitments=shift(480, 900)), person("ben"))
    done = repair(asked, {"ana": MORNING, "ben": MORNING}, seconds=600)
    assert (done.affected, done.lost, done.moved) == (("ana",), (), ())
    assert done.plan.assignments == {"ana": EVENING, "ben": MORNING}
    assert done.plan.status is PlanStatus.OPTIMAL


def test_somebody_unaffected_moves_only_where_that_gives_another_person_a_place():
    # Ana can now come in the evening only; the one evening seat is Ben's, who could come in the morning.
    asked = clinic(person("ana", commitments=shift(480, 900)), person("ben"), mornings=1, evenings=1)
    before = {"ana": MORNING, "ben": EVENING}
    done = repair(asked, before, seconds=600)
    assert (done.affected, done.lost, done.moved) == (("ana",), (), ("ben",))
    assert done.plan.assignments == {"ana": EVENING, "ben": MORNING}
    calm = repair(asked, before, seconds=600, move_unaffected=False)
    assert (calm.affected, calm.lost, calm.moved) == (("ana",), ("ana",), ())
    assert calm.plan.assignments == {"ben": EVENING}


def test_a_search_cut_short_never_costs_more_than_moving_nobody(monkeypatch):
    """Moving some is looked for second; what it lost on the way is not what comes out."""
    asked = clinic(person("ana", commitments=shift(480, 900)), person("ben"))
    looks = []

    def cut_short(cohort, *args, **given):
        looks.append(cohort.fixed)
        found, weeks = planned(cohort, *args, **given)
        if not cohort.fixed:
            found = replace(found, assignments={}, objective=0.0, bound=99_000.0)
        return found, weeks

    # By its name: the package calls its function the same.
    monkeypatch.setattr(import_module("iop_schedule.adapters.optimizer.repair"), "planned", cut_short)
    done = repair(asked, {"ana": MORNING, "ben": MORNING}, seconds=600)
    assert looks == [{"ben": MORNING}, {}]
    assert (done.lost, done.moved) == ((), ())
    assert (done.bound, done.plan.status) == (99_000.0, PlanStatus.FEASIBLE)


def test_who_attends_the_same_in_the_other_weeks_is_moved(monkeypatch):
    asked = replace(clinic(person("ana", commitments=shift(480, 900)), person("ben")), alternating=True)
    before = {"ana": MORNING, "ben": Alternating(MORNING, EVENING)}

    def swapped(cohort, *args, **given):
        found, weighed = planned(cohort, *args, **given)
        if not cohort.fixed:
            weeks = {**found.assignments, "ben": Alternating(EVENING, MORNING)}
            found = replace(found, assignments=weeks, objective=99_000.0)
        return found, weighed

    monkeypatch.setattr(import_module("iop_schedule.adapters.optimizer.repair"), "planned", swapped)
    assert repair(asked, before, seconds=600).moved == ("ben",)


def test_a_person_with_a_higher_priority_does_not_take_an_unaffected_place():
    urgent = person("ana", priority=9, commitments=shift(480, 900))
    asked = clinic(urgent, person("ben", commitments=shift(480, 900)), evenings=1)
    done = repair(asked, {"ana": MORNING, "ben": EVENING}, seconds=600)
    assert (done.lost, done.moved, done.plan.assignments) == (("ana",), (), {"ben": EVENING})


def test_everyone_in_a_meeting_with_too_few_seats_is_affected():
    asked = clinic(person("ana"), person("ben"), person("cleo"), mornings=1)
    before = {"ana": MORNING, "ben": MORNING, "cleo": EVENING}
    assert touched(asked, before).affected == ("ana", "ben")
    done = repair(asked, before, seconds=600)
    assert (done.lost, done.moved) == ((), ())
    assert sorted(done.plan.assignments.values()) == [MORNING, EVENING, EVENING]


def test_only_the_week_that_is_too_full_affects_people():
    asked = replace(clinic(person("ana"), person("ben"), mornings=1), alternating=True)
    before = {"ana": Alternating(MORNING, EVENING), "ben": Alternating(EVENING, MORNING)}
    assert touched(asked, before).affected == ()
    crowded = {"ana": Alternating(MORNING, EVENING), "ben": MORNING}
    assert touched(asked, crowded).affected == ("ana", "ben")


def test_meetings_that_are_no_more_and_people_who_left_are_no_obstacle():
    asked = clinic(person("ana"))
    done = repair(asked, {"ana": ("gone-MO", *MORNING[1:]), "left": MORNING}, seconds=600)
    assert (done.affected, done.plan.assignments) == (("ana",), {"ana": MORNING})


@pytest.mark.parametrize("moves", [True, False])
def test_an_incomplete_week_that_nothing_touched_is_kept_as_it_is(moves):
    # Ana has one of her three days, as she has had for long; Ben's evenings close.
    earlier = clinic(person("ana"), person("ben"), mornings=1)
    asked = without_meetings(earlier, EVENING)
    before = {"ana": ("am-TU",), "ben": EVENING}
    done = repair(asked, before, seconds=600, earlier=earlier, move_unaffected=moves)
    assert (done.affected, done.lost, done.moved) == (("ben",), ("ben",), ())
    after = with_what_is_left(asked, done.plan, before, done.affected)
    assert after == {"ana": ("am-TU",), "ben": ()}


@pytest.mark.parametrize("moves", [True, False])
def test_nobody_is_placed_beside_somebody_kept_apart_whose_week_is_incomplete(moves):
    earlier = clinic(person("ana", keep_apart=("ben",)), person("ben"))
    asked = without_meetings(earlier, EVENING)
    before = {"ana": ("am-TU",), "ben": EVENING}
    done = repair(asked, before, seconds=600, earlier=earlier, move_unaffected=moves)
    assert (done.lost, dict(done.plan.assignments)) == (("ben",), {})


def test_what_was_wrong_before_the_change_makes_nobody_affected():
    # Ana's work is in the way of her mornings since long; only Ben's evenings close.
    earlier = clinic(person("ana", commitments=shift(480, 900)), person("ben"))
    before = {"ana": MORNING, "ben": EVENING}
    done = repair(without_meetings(earlier, EVENING), before, seconds=600, earlier=earlier)
    assert (done.affected, dict(done.plan.assignments)) == (("ben",), {"ben": MORNING})
    assert touched(earlier, before).affected == ("ana",)


def test_a_repair_gives_nobody_a_first_place():
    asked = without_meetings(clinic(person("ana"), person("ben", priority=9), mornings=1), EVENING)
    done = repair(asked, {"ana": ("pm-MO", *MORNING[1:])}, seconds=600)
    assert dict(done.plan.assignments) == {"ana": MORNING}


def test_what_is_left_is_neither_taken_twice_nor_shared_with_somebody_kept_apart():
    asked = clinic(person("ana"), person("ben", keep_apart=("cleo",)), person("cleo"), mornings=2)
    plan = Plan({"cleo": ("am-TU", "am-WE", "pm-MO")})
    before = {"ana": ("am-MO", "am-TU", "gone"), "ben": MORNING, "cleo": EVENING}
    after = with_what_is_left(asked, plan, before, ("ana", "ben", "cleo"))
    assert after == {"ana": ("am-MO", "am-TU"), "ben": ("am-MO",), "cleo": ("am-TU", "am-WE", "pm-MO")}


@settings(max_examples=40, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, most_clients=3, alternating=False), data=st.data(), move=st.booleans())
def test_whatever_closes_everybody_else_keeps_seats(asked, data, move):
    whole = dict(solve(asked, seconds=600).assignments)
    part = {c: choice[: data.draw(st.integers(1, len(choice)))] for c, choice in whole.items()}
    before = {c: data.draw(st.sampled_from([choice, part[c]])) for c, choice in whole.items()}
    closed = {m.id for m in asked.groups[-1].meetings}
    left = without_meetings(asked, closed)
    done = repair(left, before, seconds=600, earlier=asked, move_unaffected=move)
    assert set(done.affected) == {c for c, choice in before.items() if closed & set(choice)}
    assert oracle.broken(left, done.plan) == set()
    after = with_what_is_left(left, done.plan, before, done.affected)
    taken = Counter(m for choice in after.values() for m in choice)
    assert all(taken[m.id] <= m.seats for g in left.groups for m in g.meetings)
    sides = touched(left, before, asked)
    assert all(set(after[c]) == set(before[c]) for c in (*sides.incomplete, *(() if move else sides.whole)))
    assert set(sides.whole) <= done.plan.assignments.keys()


@settings(max_examples=40, derandomize=True, deadline=None)
@given(asked=problems(most_groups=3, most_clients=3, alternating=False), data=st.data(), move=st.booleans())
def test_whatever_changes_nobody_unaffected_loses_the_place(asked, data, move):
    before = dict(solve(asked, seconds=600).assignments)
    busy = data.draw(st.sampled_from([540, 690, 960]))
    late = tuple(Commitment("work", d, busy, busy + 120, week=WeekParity.A) for d in (MO, TU))
    changed = replace(
        asked,
        clients=(replace(asked.clients[0], commitments=late), *asked.clients[1:]),
        groups=asked.groups[: data.draw(st.integers(1, len(asked.groups)))],
    )
    changed = replace(
        changed,
        clients=tuple(
            replace(c, current=tuple(m for m in c.current if m in _ids(changed))) for c in changed.clients
        ),
    )
    done = repair(changed, before, seconds=600, move_unaffected=move)
    assert oracle.broken(changed, done.plan) == set()
    assert set(done.lost) <= set(done.affected)
    assert not set(done.moved) & set(done.affected)
    if not move:
        assert done.moved == ()
    for client, choice in before.items():
        keeps = set(done.plan.assignments.get(client, ())) == set(choice)
        assert (
            keeps or client in {*done.affected, *done.moved} or client in touched(changed, before).incomplete
        )


def _ids(problem):
    return {m.id for g in problem.groups for m in g.meetings}


def test_a_counselor_who_is_out_costs_fewer_places_than_replacing_one_by_one():
    crowd = instance(Name("S", "normal", 2))
    asked = replace(crowd, clients=crowd.clients[:30])  # few enough for the best repair to be proved
    before = dict(solve(asked, seconds=600).assignments)
    left = replace(asked, groups=tuple(g for g in asked.groups if g.counselor != "k0"))
    done = repair(left, before, seconds=600)
    assert broken_rules(left, done.plan) == []
    assert (len(done.affected) > 0, done.plan.status) == (True, PlanStatus.OPTIMAL)
    one_by_one = solve(
        left,
        seconds=1,
        fixed={c: w for c, w in before.items() if c not in done.affected},
        cancelled=lambda: True,
    )
    lost_one_by_one = len([c for c in before if c not in one_by_one.assignments])
    assert len(done.lost) < lost_one_by_one
    assert set(done.lost) <= set(done.affected)


def test_people_who_keep_their_weeks_are_part_of_the_plan_and_its_bound():
    asked = clinic(person("ana"), person("ben"), mornings=1, evenings=0)
    plan = solve(asked, seconds=600, fixed={"ben": MORNING})
    assert (dict(plan.assignments), plan.status) == ({"ben": MORNING}, PlanStatus.OPTIMAL)
    assert plan.objective == plan.bound == float(oracle.objective(asked, Plan({"ben": MORNING})))


def test_who_does_not_speak_the_language_a_group_is_held_in_now_is_given_another_place() -> None:
    morning, evening = clinic().groups
    asked = replace(clinic(person("ana"), person("ben")), groups=(replace(morning, language="es"), evening))
    done = repair(asked, {"ana": MORNING, "ben": EVENING}, seconds=600)
    assert (done.affected, done.plan.assignments["ana"]) == (("ana",), EVENING)
