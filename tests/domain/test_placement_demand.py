"""Who is short of their hours, when they are free, and what one more group does for them."""

from dataclasses import replace

from hypothesis import given

from iop_schedule.domain.placement import (
    Client,
    Commitment,
    Dose,
    Group,
    Meeting,
    Problem,
    effect_of,
    free_people,
    without_their_hours,
)
from iop_schedule.vocabulary import Modality, ModalityWish, Weekday
from tests.strategies_placement import problems

MO, TU = Weekday.MO, Weekday.TU


def group(name, *meetings):
    return Group(name, "process", Modality.IN_PERSON, "en", meetings, site="main")


MORNING = group("am", Meeting("mo", MO, 540, 720, 1))
ANA = Client("ana", ("en",), Dose(180, 0), travel_minutes={"main": 30})
BEN, CLEO = replace(ANA, id="ben"), replace(ANA, id="cleo")


def test_half_hours_count_the_way_there_and_back():
    busy = replace(ANA, commitments=(Commitment("work", MO, 600, 720),))
    free = free_people([busy, BEN], "main", 480, 780)
    assert [len(free[MO, start]) for start in range(480, 780, 30)] == [2, 2, 2, 1, 1, 1, 1, 1, 1, 2][:10]


def test_people_who_cannot_attend_that_way_are_not_free():
    home = replace(ANA, modality=ModalityWish.TELEHEALTH)
    assert free_people([home], "main", 540, 570)[MO, 540] == ()
    assert free_people([home], None, 540, 570)[MO, 540] == ("ana",)


def test_a_draft_counts_whom_it_helps_and_no_more_than_its_seats():
    problem = Problem((MORNING,), (ANA, BEN, CLEO))
    held = {"ana": ("mo",)}
    assert [c.id for c in without_their_hours(problem, held)] == ["ben", "cleo"]
    draft = group("draft", Meeting("d", TU, 540, 720, 1))
    effect = effect_of(problem, held, draft)
    assert (effect.could_come, effect.would_reach) == (("ben", "cleo"), ("ben",))
    assert effect.would_be_placed == ("ben",)
    wider = group("draft", Meeting("d", TU, 540, 720, 2))
    assert effect_of(problem, held, wider).would_reach == ("ben", "cleo")


def test_who_would_reach_their_hours_without_it_is_not_counted():
    problem = Problem((MORNING,), (ANA,))
    assert effect_of(problem, {}, group("draft", Meeting("d", TU, 540, 720, 1))).would_reach == ()


def test_somebody_short_of_hours_may_use_their_own_seat_again():
    problem = Problem((MORNING,), (replace(ANA, dose=Dose(360, 0)),))
    effect = effect_of(problem, {"ana": ("mo",)}, group("draft", Meeting("d", TU, 540, 720, 1)))
    assert (effect.would_reach, effect.would_be_placed) == (("ana",), ())


@given(problems(most_clients=3, alternating=False))
def test_one_more_group_helps_only_people_who_could_come_to_it_or_make_room(problem):
    *groups, draft = problem.groups
    asked = replace(
        problem, groups=tuple(groups), clients=tuple(replace(c, current=()) for c in problem.clients)
    )
    effect = effect_of(asked, {}, draft)
    assert set(effect.would_be_placed) == set(effect.would_reach)
    assert set(effect.could_come) <= {c.id for c in problem.clients}
