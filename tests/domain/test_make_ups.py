"""Which sessions restore missed hours, best first, and what keeps the others out."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain.availability import Commitment, DatedSlot
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.make_ups import (
    Guest,
    Miss,
    Obstacle,
    OpenSession,
    OwnSession,
    blocked,
    days_allowed,
    equal_services,
    options,
)
from iop_schedule.domain.placement import Client, Dose, Group
from iop_schedule.vocabulary import (
    Attend,
    ConstraintKind,
    Gender,
    GroupGender,
    LevelOfCare,
    Modality,
    ModalityWish,
    ServiceType,
    Weekday,
)

MONDAY = date(2026, 3, 2)
WEEK = ProgramWeek(MONDAY)
#: Monday morning, before everything.
NOW = datetime(2026, 3, 2, 5, tzinfo=UTC)
WEDNESDAY_MISSED = Miss(
    date(2026, 3, 4), minutes=180, service_type=ServiceType.GROUP, leader_id=1, group_id="mine"
)


def group(**given: Any) -> Group:
    facts = {
        "id": "other", "service_type": ServiceType.GROUP, "modality": Modality.IN_PERSON, "language": "en",
        "meetings": (),
    }  # fmt: skip
    return Group(**{**facts, **given})


def session(number: int = 1, day: int = 3, start: int = 9, minutes: int = 180, **given: Any) -> OpenSession:
    """Return a session on the `day`th day from Monday at `start` o'clock."""
    held = MONDAY + timedelta(days=day)
    facts = {
        "starts_at": datetime.combine(held, time(start), tzinfo=UTC),
        "slot": DatedSlot(held, start * 60, start * 60 + minutes, travel_minutes=15),
        "minutes": minutes, "group": group(), "level": LevelOfCare.IOP_ADULT, "leader_id": 2, "seats_left": 3,
    }  # fmt: skip
    return OpenSession(id=number, **{**facts, **given})


def guest(**given: Any) -> Guest:
    person = Client("me", languages=("en",), dose=Dose(540, max_minutes_per_day=360), gender=Gender.FEMALE)
    facts: dict[str, Any] = {
        "person": person, "level": LevelOfCare.IOP_ADULT,
        "minutes_in": {WEEK: 360, WEEK.shifted(1): 540}, "goal_in": {WEEK: 540, WEEK.shifted(1): 540},
    }  # fmt: skip
    return Guest(**{**facts, **given})


def own(day: int, start: int, minutes: int = 180, modality: Modality = Modality.IN_PERSON) -> OwnSession:
    trip = 15 if modality is Modality.IN_PERSON else 0
    held = MONDAY + timedelta(days=day)
    return OwnSession(DatedSlot(held, start * 60, start * 60 + minutes, trip), minutes, modality)


def found(who: Guest, *sessions: OpenSession, miss: Miss = WEDNESDAY_MISSED, days: int = 7) -> list[int]:
    return [option.session.id for option in options(miss, who, sessions, days=days, now=NOW)]


def busy(**given: Any) -> Commitment:
    facts: dict[str, Any] = {
        "kind": ConstraintKind.WORK, "weekday": Weekday.TH, "local_start": time(12), "local_end": time(20),
        "from_day": date(2026, 1, 1),
    }  # fmt: skip
    return Commitment(**{**facts, **given})


def test_a_session_that_fits_restores_the_hours_and_reaches_the_goal() -> None:
    (option,) = options(WEDNESDAY_MISSED, guest(), [session()], days=7, now=NOW)
    assert (option.restores_minutes, option.is_whole, option.same_week) == (180, True, True)
    assert (option.week_minutes, option.goal_minutes, option.reaches_goal) == (540, 540, True)


OBSTACLES = {
    "begun": (session(starts_at=NOW), guest(), Obstacle.NOT_IN_TIME),
    "eight days after, in the week after": (session(day=10), guest(), Obstacle.NOT_IN_TIME),
    "a one-to-one": (
        session(group=group(service_type=ServiceType.INDIVIDUAL)), guest(), Obstacle.SERVICE,
    ),
    "another level of care": (session(level=LevelOfCare.AFTERCARE), guest(), Obstacle.LEVEL),
    "a group taken whole": (session(group=group(attend=Attend.ALL)), guest(), Obstacle.WHOLE_GROUP),
    "another language": (session(group=group(language="es")), guest(), Obstacle.LANGUAGE),
    "a group for men": (session(group=group(gender=GroupGender.MALE)), guest(), Obstacle.GENDER),
    "online, for someone who comes in person": (
        session(group=group(modality=Modality.TELEHEALTH)),
        guest(person=Client("me", ("en",), Dose(540), modality=ModalityWish.IN_PERSON)),
        Obstacle.MODALITY,
    ),
    "a pause": (session(), guest(away=frozenset({date(2026, 3, 5)})), Obstacle.AWAY),
    "no seat": (session(seats_left=0), guest(), Obstacle.SEATS),
    "an own session": (session(), guest(own=(own(3, 10),)), Obstacle.OWN_SESSION),
    "the trip home from an online session": (
        session(start=9),
        guest(own=(own(3, 12, 60, Modality.TELEHEALTH),)),
        Obstacle.OWN_SESSION,
    ),
    "work that begins when it ends, with a trip": (session(), guest(commitments=(busy(),)), Obstacle.COMMITMENT),
    "too much for one day": (
        session(), guest(own=(own(3, 13, 240),)), Obstacle.DAY_FULL,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("candidate", "who", "obstacle"), OBSTACLES.values(), ids=OBSTACLES)
def test_each_rule_keeps_a_session_out_by_itself(
    candidate: OpenSession, who: Guest, obstacle: Obstacle
) -> None:
    assert found(guest(), session()) == [1]
    assert found(who, candidate) == []
    reasons = [one.obstacle for one in blocked(WEDNESDAY_MISSED, who, [candidate], days=7, now=NOW)]
    assert reasons == ([] if obstacle is Obstacle.NOT_IN_TIME else [obstacle])


FITS = {
    "back to back with an own session in the building": guest(own=(own(3, 12),)),
    "work that leaves time for the trip": guest(commitments=(busy(local_start=time(12, 15)),)),
    "a commitment they would rather keep": guest(commitments=(busy(hard=False),)),
    "work on another Thursday only": guest(commitments=(busy(weekday=None, day=date(2026, 3, 12)),)),
    "exactly the most for one day": guest(own=(own(3, 13),)),
}


@pytest.mark.parametrize("who", FITS.values(), ids=FITS)
def test_what_does_not_stand_in_the_way(who: Guest) -> None:
    assert found(who, session()) == [1]


@pytest.mark.parametrize(("start", "fits"), [(6, True), (7, False), (11, False), (12, True)])
def test_who_cannot_come_then_cannot_come_to_another_session_then(start: int, fits: bool) -> None:
    miss = replace(WEDNESDAY_MISSED, slot=DatedSlot(WEDNESDAY_MISSED.day, 9 * 60, 12 * 60))
    assert found(guest(), session(day=2, start=start), miss=miss) == ([1] if fits else [])
    assert found(guest(), session(day=3, start=start), miss=miss) == [1]


def test_the_sentence_for_staff_names_the_commitment() -> None:
    (one,) = blocked(
        WEDNESDAY_MISSED, guest(commitments=(busy(label="store"),)), [session()], days=7, now=NOW
    )
    assert one.words == "Overlaps Work (store), Thursdays 12:00 pm to 8:00 pm"


BETTER = {
    "all of it before a part": (session(1), session(2, minutes=90), guest()),
    "this week before the next": (session(1, day=4), session(2, day=7), guest()),
    "the same service before an equal one": (
        session(1, day=4), session(2, day=3, group=group(service_type=ServiceType.FAMILY)), guest(),
    ),
    "nothing given up before something": (
        session(1, day=4), session(2, day=3, start=16),
        guest(commitments=(busy(hard=False, local_start=time(18)),)),
    ),
    "a day they come anyway": (session(1, day=4, start=13), session(2, day=3), guest(own=(own(4, 9),))),
    "their own group": (session(1, day=3, start=16, group=group(id="mine")), session(2, day=3), guest()),
    "their own counselor": (session(1, day=3, start=13, leader_id=1), session(2, day=3), guest()),
    "the nearer day": (session(1, day=3, start=13), session(2, day=0), guest()),
    "the earlier hour": (session(1, start=9), session(2, start=10), guest()),
}  # fmt: skip


@pytest.mark.parametrize(("better", "worse", "who"), BETTER.values(), ids=BETTER)
def test_the_better_one_comes_first_in_whatever_order_they_come(
    better: OpenSession, worse: OpenSession, who: Guest
) -> None:
    assert {tuple(found(who, *order)) for order in permutations((better, worse))} == {(1, 2)}


@pytest.mark.parametrize(
    ("miss", "days", "allowed"),
    [
        (date(2026, 3, 4), 7, (date(2026, 2, 25), date(2026, 3, 11))),
        (date(2026, 3, 2), 3, (date(2026, 2, 27), date(2026, 3, 6))),
        (date(2026, 3, 6), 0, (date(2026, 3, 2), date(2026, 3, 6))),
    ],
)
def test_the_week_of_the_miss_always_counts(miss: date, days: int, allowed: tuple[date, date]) -> None:
    assert days_allowed(miss, days=days) == allowed


@pytest.mark.parametrize("service", ServiceType)
def test_equal_services_are_equal_both_ways(service: ServiceType) -> None:
    assert all(service in equal_services(other) for other in equal_services(service))


weeks = st.integers(-7, 13)
hours = st.integers(7, 18)


@given(
    st.lists(st.tuples(weeks, hours, st.sampled_from([60, 90, 180]), st.integers(0, 2)), max_size=12),
    st.lists(st.tuples(st.integers(0, 6), hours), max_size=4),
    st.lists(st.tuples(st.integers(0, 9), hours), max_size=4),
    st.integers(0, 14),
)
def test_every_option_is_legal_and_nothing_legal_is_left_out(
    held: list[tuple[int, int, int, int]],
    work: list[tuple[int, int]],
    mine: list[tuple[int, int]],
    days: int,
) -> None:
    sessions = [
        session(n, day, start, minutes, seats_left=seats)
        for n, (day, start, minutes, seats) in enumerate(held)
        if (MONDAY + timedelta(days=day)).weekday() < 5
    ]
    who = guest(
        commitments=tuple(
            busy(weekday=Weekday(day), local_start=time(start), local_end=time(start + 2))
            for day, start in work
        ),
        own=tuple(own(day, start, 60) for day, start in mine),
    )
    chosen = {option.session.id for option in options(WEDNESDAY_MISSED, who, sessions, days=days, now=NOW)}
    assert chosen == {one.id for one in sessions if _legal(one, who, work, mine, days)}


def _legal(
    one: OpenSession, who: Guest, work: list[tuple[int, int]], mine: list[tuple[int, int]], days: int
) -> bool:
    """Say it again in other words: minute by minute, from the raw numbers."""
    distance = abs((one.slot.day - WEDNESDAY_MISSED.day).days)
    in_reach = distance <= days or ProgramWeek.containing(one.slot.day) == WEEK
    busy_minutes = {
        minute
        for weekday, start in work
        if weekday == one.slot.day.weekday()
        for minute in range(start * 60 - 15, start * 60 + 120 + 15)
    }
    there = [start for day, start in mine if MONDAY + timedelta(days=day) == one.slot.day]
    taken = {minute for start in there for minute in range(start * 60, start * 60 + 60)}
    wanted = set(range(one.slot.start_minute, one.slot.end_minute))
    return (
        in_reach
        and one.starts_at > NOW
        and one.seats_left > 0
        and not wanted & busy_minutes
        and not wanted & taken
        and 60 * len(there) + one.minutes <= 360
    )
