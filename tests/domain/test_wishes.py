"""What suits a person best, and which of it a week keeps."""

from dataclasses import replace

import pytest

from iop_schedule.domain.placement import best_weeks
from iop_schedule.domain.placement.problem import (
    Client,
    Dose,
    Group,
    Meeting,
    Preferences,
    Problem,
)
from iop_schedule.domain.wishes import BadWish, Wishes
from iop_schedule.vocabulary import DayPart, Modality, ModalityWish, Weekday

MO, TU, WE = Weekday.MO, Weekday.TU, Weekday.WE


def group(name: str, weekday: Weekday, hour: int, counselor: str, modality: str = "in_person") -> Group:
    meeting = Meeting(name, weekday, hour * 60, hour * 60 + 90, seats=8)
    return Group(
        f"g-{name}", "process", Modality(modality), "en", (meeting,), counselor=counselor,
        site="main" if modality == "in_person" else None,
    )  # fmt: skip


GROUPS = (
    group("mo-early", MO, 9, "kim"),
    group("mo-late", MO, 18, "lee"),
    group("tu-early", TU, 9, "lee"),
    group("tu-late", TU, 18, "kim"),
    group("we-video", WE, 12, "ray", "telehealth"),
)


def person(preferences: Preferences | None = None, **facts: object) -> Client:
    dose = Dose(minutes=90, over_minutes=0)
    given = {"modality": ModalityWish.IN_PERSON, "preferences": preferences or Preferences(), **facts}
    return Client("ana", ("en",), dose, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("client", "chosen"),
    [
        (person(Preferences(time=DayPart.EVENING, weekdays={MO: -3})), "tu-late"),
        (person(Preferences(weekdays={TU: 3}, counselor="lee")), "tu-early"),
        (person(modality=ModalityWish.EITHER, prefers_modality=Modality.TELEHEALTH), "we-video"),
    ],
    ids=["evening, not Monday", "Tuesday with Lee", "by video"],
)
def test_the_best_week_is_the_wished_one(client: Client, chosen: str) -> None:
    (week,) = best_weeks(Problem(GROUPS, (client,)), "ana", count=1)
    assert week.choice == (chosen,)


def test_what_a_week_keeps_of_the_wishes_is_told_with_its_facts() -> None:
    wish = Preferences(time=DayPart.MORNING, weekdays={MO: 3, WE: -3}, counselor="kim")
    client = person(
        wish, modality=ModalityWish.EITHER, prefers_modality=Modality.IN_PERSON, current=("mo-late",)
    )
    double = Dose(minutes=270, over_minutes=0, min_days=3)
    asked = replace(client, dose=double)
    (plan,) = best_weeks(Problem(GROUPS, (asked,)), "ana", count=1)
    assert plan.choice == ("mo-early", "tu-early", "we-video")
    kept = plan.weeks[0].facts.wishes
    assert (kept.time, kept.at_time) == (DayPart.MORNING, ("mo-early", "tu-early"))
    assert (kept.liked_days, kept.disliked_days) == ((MO,), (WE,))
    assert (kept.wants_counselor, kept.with_counselor) == (True, ("mo-early",))
    assert (kept.modality, kept.in_modality) == (Modality.IN_PERSON, ("mo-early", "tu-early"))
    assert kept.counselor_as_before == ("tu-early",)  # Lee leads the Monday evening they attend today


def test_nobody_wished_for_is_not_the_counselor_of_a_group_without_one() -> None:
    nobody = (group("mo-early", MO, 9, "kim"),)
    without = (Group(nobody[0].id, "process", Modality.IN_PERSON, "en", nobody[0].meetings, site="main"),)
    (plan,) = best_weeks(Problem(without, (person(),)), "ana", count=1)
    kept = plan.weeks[0].facts.wishes
    assert (kept.wants_counselor, kept.with_counselor, kept.counselor_as_before) == (False, (), ())


def test_a_day_cannot_both_suit_and_not() -> None:
    with pytest.raises(BadWish) as both:
        Wishes(liked_days=frozenset({MO}), disliked_days=frozenset({MO, TU}))
    assert both.value.field == "disliked_days"
    with pytest.raises(BadWish, match="Monday to Friday"):
        Wishes(liked_days=frozenset({Weekday.SA}))
    assert (Wishes().says_something, Wishes(counselor_id=3).says_something) == (False, True)
