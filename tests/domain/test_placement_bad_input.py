"""Problems nobody can solve, and ones that make no sense: an answer with reasons, never an error."""

from dataclasses import replace

import pytest

from iop_schedule.domain.placement import (
    Asked,
    ClashKind,
    Client,
    Commitment,
    Dose,
    Group,
    Meeting,
    Openings,
    Problem,
    best_weeks,
    effect_of,
    explain,
    free_people,
    stepped,
    unlocking,
    why_not,
)
from iop_schedule.vocabulary import Modality, Weekday

MORNINGS = Group(
    "am", "process", Modality.IN_PERSON, "en",
    tuple(Meeting(f"am-{day.name}", day, 540, 720, 8) for day in (Weekday.MO, Weekday.WE, Weekday.FR)),
    site="main",
)  # fmt: skip
ANA = Client("ana", ("en",), Dose(540, min_days=3), travel_minutes={"main": 15})
NEVER_FREE = replace(ANA, commitments=tuple(Commitment("caregiving", day, 0, 1440) for day in Weekday))
NO_SEATS = replace(MORNINGS, meetings=tuple(replace(m, seats=0) for m in MORNINGS.meetings))

CASES = {
    "not a free hour": (Problem((MORNINGS,), (NEVER_FREE,)), ClashKind.COMMITMENT),
    "no seats": (Problem((NO_SEATS,), (ANA,)), ClashKind.SEATS),
    "more days than the week has meetings": (
        Problem((MORNINGS,), (replace(ANA, dose=Dose(540, min_days=5)),)), ClashKind.DAYS,
    ),
    "more hours than the days allow": (
        Problem((MORNINGS,), (replace(ANA, dose=Dose(540, max_minutes_per_day=60)),)), ClashKind.DAY_LENGTH,
    ),
    "a kind nobody offers": (
        Problem((MORNINGS,), (replace(ANA, dose=Dose(540, required=("music",))),)), ClashKind.SERVICE_TYPE,
    ),
    "more than any week holds": (Problem((MORNINGS,), (replace(ANA, dose=Dose(3000)),)), ClashKind.DOSE),
}  # fmt: skip


@pytest.mark.parametrize(("problem", "kind"), CASES.values(), ids=CASES)
def test_it_says_what_cannot_be_and_every_way_out_leads_to_its_week(
    problem: Problem, kind: ClashKind
) -> None:
    assert best_weeks(problem, "ana") == []
    told = explain(problem, "ana")
    assert told is not None
    assert kind in {clash.kind for clash in told.clash}
    assert all(proposal.plan.weeks for proposal in told.proposals)
    assert {why.meeting for why in why_not(problem, "ana")} >= set(unlocking(problem, "ana"))


def test_a_program_without_groups_has_nothing_to_offer_and_says_so() -> None:
    empty = Problem((), (ANA,))
    assert (best_weeks(empty, "ana"), why_not(empty, "ana"), unlocking(empty, "ana")) == ([], [], {})
    told = explain(empty, "ana")
    assert told is not None
    assert told.reachable_minutes == 0


def test_steps_from_nowhere_and_to_nothing_have_answers() -> None:
    steps = [
        Asked(Problem((MORNINGS,), (NEVER_FREE,)), Openings(), Dose(180)),
        Asked(Problem((MORNINGS,), (ANA,)), Openings(), Dose(0)),
    ]
    first, second = stepped("ana", steps)
    assert (first.plan, first.explanation is not None) == (None, True)
    assert second.plan is not None


def test_somebody_who_is_never_free_is_counted_nowhere() -> None:
    assert all(ids == () for ids in free_people([NEVER_FREE], "main", 420, 1260).values())
    draft = replace(MORNINGS, id="draft", meetings=(Meeting("d", Weekday.TU, 540, 720, 5),))
    assert effect_of(Problem((MORNINGS,), (NEVER_FREE,)), {}, draft).could_come == ()


@pytest.mark.parametrize("ask", [best_weeks, explain, why_not, unlocking])
def test_an_unknown_person_is_an_error_of_the_caller(ask) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(KeyError):
        ask(Problem((MORNINGS,), (ANA,)), "nobody")
