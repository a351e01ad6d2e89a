"""Everyone of a program from where they are today: nobody loses what they have, nobody joins whom they must not."""

from iop_schedule.adapters.optimizer.caseload import plan_caseload
from iop_schedule.adapters.placement_files import read_problem, write_problem
from iop_schedule.domain.placement import Commitment, Plan, Problem, with_what_is_left
from iop_schedule.vocabulary import PlacementAim
from tests.adapters.test_optimizer import MO, TU, WE, group, person


def test_nobody_joins_somebody_kept_apart_who_stays_with_less_than_a_week():
    groups = (group("am", MO, TU, WE, seats=5),)
    # Ana works on Wednesdays and keeps her Monday; Ben waits.
    ana = person("ana", keep_apart=("ben",), commitments=(Commitment("work", WE, 480, 900),))
    asked = Problem(groups, (ana, person("ben"), person("cleo")))
    found = plan_caseload(asked, {"ana": ("am-MO",)}, PlacementAim.STAY, seconds=600)
    assert (set(found.plan.assignments), found.kept) == ({"cleo"}, ("ana",))
    # What the plan is kept with can be read again: nobody in it is kept apart from somebody who is not.
    assert read_problem(write_problem(found.problem)) == found.problem
    assert not any(client.keep_apart for client in found.problem.clients)


def test_of_two_kept_apart_who_share_a_week_one_is_moved_or_stays_where_they_are():
    am, pm = group("am", MO, TU, WE, seats=5), group("pm", MO, TU, WE, start=1020)
    mornings, people = tuple(m.id for m in am.meetings), (person("ana", keep_apart=("ben",)), person("ben"))
    before = {"ana": mornings, "ben": mornings}
    moved = plan_caseload(Problem((am, pm), people), before, PlacementAim.STAY, seconds=600)
    assert moved.plan.assignments == {"ana": mornings, "ben": ("pm-MO", "pm-TU", "pm-WE")}
    stuck = plan_caseload(Problem((am,), people), before, PlacementAim.STAY, seconds=600)
    assert stuck.plan.assignments == {"ana": mornings}


def test_what_is_left_of_a_week_is_not_beside_somebody_kept_apart_nor_a_seat_given_away():
    problem = Problem(
        (group("am", MO, TU, WE, seats=1),),
        (person("ana", keep_apart=("ben",)), person("ben"), person("cleo", kept_seats=("am-TU",))),
    )
    plan = Plan({"ben": ("am-MO",), "cleo": ("am-TU",)})
    after = with_what_is_left(problem, plan, {"ana": ("am-MO", "am-TU", "am-WE")}, {"ana"})
    assert after["ana"] == ("am-TU", "am-WE")
