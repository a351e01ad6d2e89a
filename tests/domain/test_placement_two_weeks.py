"""Two weekly plans: who may have them, what is suggested, what is left of them after a change."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain.placement import (
    Alternating,
    Client,
    Commitment,
    Dose,
    Group,
    Meeting,
    Plan,
    Problem,
    Weights,
    broken_rules,
    choice_of,
    effect_of,
    explain,
    fewest_minutes,
    figures,
    objective,
    offers,
    suggested_weeks,
    weeks_by_meeting,
    with_what_is_left,
    without_meetings,
)
from iop_schedule.vocabulary import Modality, Weekday, WeekParity

A, B, EVERY = WeekParity.A, WeekParity.B, WeekParity.EVERY
MO, TU, WE, TH = Weekday.MO, Weekday.TU, Weekday.WE, Weekday.TH
NINE, NOON = 9 * 60, 12 * 60
TWO = Alternating(("TU", "WE"), ("MO", "WE"))


def group(*days: Weekday, seats: int = 5, name: str = "g") -> Group:
    meetings = tuple(Meeting(day.name, day, NINE, NOON, seats) for day in days)
    return Group(name, "process", Modality.IN_PERSON, "en", meetings, counselor="k", site="main")


def kids(weekday: Weekday, week: WeekParity) -> Commitment:
    return Commitment("caregiving", weekday, NINE, NOON, label="kids", week=week)


#: Has the children on Mondays of weeks A and on Tuesdays of weeks B; needs six hours on two days.
CLEO = Client("cleo", ("en",), Dose(360, over_minutes=0, min_days=2), commitments=(kids(MO, A), kids(TU, B)))


def problem(*clients: Client, seats: int = 5, days: tuple[Weekday, ...] = (MO, TU, WE)) -> Problem:
    return Problem((group(*days, seats=seats),), clients or (CLEO,), alternating=True)


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(WeekParity)))
def test_the_weeks_of_each_meeting_say_the_choice_and_the_other_way_round(
    weeks: dict[str, WeekParity],
) -> None:
    assert weeks_by_meeting(choice_of(weeks)) == weeks


def test_who_has_no_week_that_is_always_the_same_is_suggested_two() -> None:
    assert [plan.choice for plan in suggested_weeks(problem(), "cleo")] == [TWO]
    assert suggested_weeks(replace(problem(), alternating=False), "cleo") == []


def test_who_has_a_week_that_is_always_the_same_is_shown_it_too() -> None:
    """Thursday does as well as Monday and Tuesday, so nobody has to alternate; some would rather."""
    early = replace(CLEO, preferences=replace(CLEO.preferences, weekdays={TH: -5}))
    found = [plan.choice for plan in suggested_weeks(problem(early, days=(MO, TU, WE, TH)), "cleo")]
    assert found[0] == TWO
    assert ("WE", "TH") in found
    assert len(found) <= 3


def test_what_fits_is_said_of_the_shorter_of_the_two_weeks() -> None:
    longer = replace(CLEO, dose=Dose(540, over_minutes=0, min_days=3))
    why = explain(problem(longer), "cleo")
    assert why is not None
    assert why.reachable_minutes == 360


def test_a_person_alternates_by_what_their_weeks_hold_or_by_their_places() -> None:
    settled = replace(CLEO, commitments=())
    assert (CLEO.alternates, settled.alternates) == (True, False)
    held = replace(settled, current=TWO)
    assert (held.alternates, held.attends(A), held.attends(EVERY)) == (True, ("TU", "WE"), ("TU", "WE", "MO"))


def test_places_are_kept_in_the_weeks_they_are_held() -> None:
    asked = replace(problem(replace(CLEO, current=TWO)), weights=Weights(keep_bonus=5))
    swapped = Alternating(("MO", "WE"), ("TU", "WE"))
    kept, moved = (objective(asked, Plan({"cleo": choice})) for choice in (TWO, swapped))
    assert kept - moved == 5  # Wednesday is kept in both


def test_two_people_have_one_seat_in_opposite_weeks() -> None:
    other = replace(CLEO, id="dan", commitments=(kids(TU, A), kids(MO, B)))
    both = {"cleo": TWO, "dan": Alternating(("MO", "TH"), ("TU", "TH"))}
    asked = problem(CLEO, other, seats=1, days=(MO, TU, WE, TH))
    assert broken_rules(asked, Plan(both)) == []
    assert (figures(asked, both).taken, figures(asked, both).served) == (4, 2)


def test_what_is_left_after_a_change_is_left_in_its_weeks() -> None:
    asked = without_meetings(problem(CLEO, replace(CLEO, id="dan"), seats=1), ["WE"])
    plan = Plan({"dan": Alternating(("TU",), ())})
    left = with_what_is_left(asked, plan, {"cleo": TWO}, affected=["cleo"])
    assert left["cleo"] == Alternating((), ("MO",))
    assert fewest_minutes(left["cleo"], offers(asked)) == 0


def test_a_draft_sees_seats_that_are_free_in_one_of_the_weeks() -> None:
    """Monday and Tuesday have one seat each, taken in opposite weeks to those in which Cleo can come."""
    others = {"dan": Alternating(("MO",), ("TU",))}
    asked = Problem((group(MO, TU, seats=1),), (CLEO,), alternating=True)
    assert effect_of(asked, others, group(WE, name="draft")).would_reach == ("cleo",)
    everywhere = {"dan": ("MO", "TU")}
    assert effect_of(asked, everywhere, group(WE, name="draft")).would_reach == ()
