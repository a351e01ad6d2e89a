"""More room is never worse: one more seat, or one commitment less, leaves the best plan at least as good."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from iop_schedule.adapters.optimizer import solve
from iop_schedule.domain.placement import PlanStatus, Problem, best_weeks
from tests.strategies_placement import problems

LONG = 60.0


def _best(problem: Problem) -> float:
    plan = solve(problem, seconds=LONG)
    assert plan.status is PlanStatus.OPTIMAL
    assert plan.objective is not None
    return plan.objective


@settings(max_examples=25, derandomize=True, deadline=None)
@given(problem=problems(), data=st.data())
def test_one_more_seat_never_makes_the_best_plan_worse(problem: Problem, data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from([m.id for g in problem.groups for m in g.meetings]))
    groups = tuple(
        replace(g, meetings=tuple(replace(m, seats=m.seats + 1) if m.id == chosen else m for m in g.meetings))
        for g in problem.groups
    )
    assert _best(replace(problem, groups=groups)) >= _best(problem)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(problem=problems(), data=st.data())
def test_one_commitment_less_never_makes_anything_worse(problem: Problem, data: st.DataObject) -> None:
    client = data.draw(st.sampled_from(problem.clients))
    if not client.commitments:
        return
    dropped = data.draw(st.sampled_from(client.commitments))
    freer = replace(client, commitments=tuple(c for c in client.commitments if c is not dropped))
    easier = replace(problem, clients=tuple(freer if c is client else c for c in problem.clients))
    had, has = (best_weeks(asked, client.id, count=1) for asked in (problem, easier))
    if had:
        assert has[0].points >= had[0].points
    assert _best(easier) >= _best(problem)
