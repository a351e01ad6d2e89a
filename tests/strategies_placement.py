"""Hypothesis strategies for tiny placement problems in which rules collide often.

Each is made once: making one takes longer than drawing from it.
"""

from functools import cache

from hypothesis import strategies as st

from iop_schedule.domain.placement import (
    Client,
    Commitment,
    DayPart,
    Dose,
    Group,
    Meeting,
    Preferences,
    Problem,
    Weights,
)
from iop_schedule.vocabulary import Attend, Gender, GroupGender, Modality, ModalityWish, Weekday, WeekParity

DAYS = st.sampled_from([Weekday.MO, Weekday.TU, Weekday.WE])
#: Some on the quarter hour, some at odd minutes.
STARTS = st.sampled_from([540, 545, 600, 690, 725, 780, 960, 1043])
LENGTHS = st.sampled_from([60, 85, 90, 180])
TYPES = st.sampled_from(["process", "skills", "family"])
SITES = st.sampled_from(["main", "east"])

ONE_OF = {
    "commitment starts": st.sampled_from([480, 530, 600, 723, 840, 1020]),
    "commitment lengths": st.sampled_from([7, 60, 185, 300]),
    "kinds": st.sampled_from(["work", "caregiving"]),
    "weeks": st.sampled_from(list(WeekParity)),
    "dose minutes": st.sampled_from([90, 180, 270, 350]),
    "over minutes": st.sampled_from([0, 45, 90]),
    "minutes a day": st.sampled_from([150, 180, 360]),
    "priorities": st.sampled_from([1, 2, 4]),
    "languages spoken": st.sampled_from([("en",), ("es",), ("en", "es")]),
    "genders": st.sampled_from(list(Gender)),
    "modalities wished": st.sampled_from(list(ModalityWish)),
    "modalities preferred": st.sampled_from([None, *Modality]),
    "parts of a day": st.sampled_from(list(DayPart)),
    "counselors preferred": st.sampled_from([None, "k1"]),
    "modalities": st.sampled_from(list(Modality)),
    "breaks": st.sampled_from([0, 0, 0, 15]),
    "counselors": st.sampled_from([None, "k1", "k2"]),
    "group genders": st.sampled_from([GroupGender.ANY, GroupGender.ANY, GroupGender.FEMALE]),
    "languages": st.sampled_from(["en", "en", "es"]),
    "attend": st.sampled_from([Attend.ANY, Attend.ANY, Attend.ALL]),
    "keep bonuses": st.sampled_from([0, 0, 12]),
}
REQUIRED = st.lists(TYPES, max_size=2, unique=True)
TRAVEL = st.dictionaries(SITES, st.sampled_from([0, 10, 35]))
LIKED = st.dictionaries(DAYS, st.integers(-15, 6), max_size=2)


@cache
def some(ids, most):
    """Return a strategy for a few of `ids`, each at most once."""
    return st.lists(st.sampled_from(ids), max_size=most, unique=most > 1)


@st.composite
def commitments(draw):
    """Return one commitment."""
    start = draw(ONE_OF["commitment starts"])
    return Commitment(
        kind=draw(ONE_OF["kinds"]),
        label="shift",
        weekday=draw(DAYS),
        start=start,
        end=start + draw(ONE_OF["commitment lengths"]),
        week=draw(ONE_OF["weeks"]),
        hard=draw(st.booleans()),
        cost=draw(st.integers(0, 20)),
    )


COMMITMENTS = st.lists(commitments(), max_size=3)


@st.composite
def clients(draw, number=0, others=(), meetings=()):
    """Return one client."""
    minutes = draw(ONE_OF["dose minutes"])
    return Client(
        id=f"c{number}",
        priority=draw(ONE_OF["priorities"]),
        languages=draw(ONE_OF["languages spoken"]),
        gender=draw(ONE_OF["genders"]),
        modality=draw(ONE_OF["modalities wished"]),
        prefers_modality=draw(ONE_OF["modalities preferred"]),
        dose=Dose(
            minutes=minutes,
            over_minutes=draw(ONE_OF["over minutes"]),
            min_days=draw(st.integers(0, 3)),
            max_minutes_per_day=draw(ONE_OF["minutes a day"]),
            required=tuple(draw(REQUIRED)),
        ),
        travel_minutes=draw(TRAVEL),
        commitments=tuple(draw(COMMITMENTS)),
        preferences=Preferences(
            time=draw(ONE_OF["parts of a day"]),
            weekdays=draw(LIKED),
            counselor=draw(ONE_OF["counselors preferred"]),
        ),
        keep_apart=tuple(draw(some(others, 1))) if others else (),
        current=tuple(draw(some(meetings, 2))) if meetings else (),
        closed=tuple(draw(some(meetings, 1))) if meetings else (),
        kept_seats=tuple(draw(some(meetings, 1))) if meetings else (),
    )


@st.composite
def groups(draw, number=0, most_meetings=3):
    """Return one group with one meeting or more."""
    modality = draw(ONE_OF["modalities"])
    meetings = []
    for n in range(draw(st.integers(1, most_meetings))):
        start, length = draw(STARTS), draw(LENGTHS)
        meetings.append(
            Meeting(
                id=f"g{number}-{n}",
                weekday=draw(DAYS),
                start=start,
                end=start + length,
                seats=draw(st.integers(0, 2)),
                break_minutes=draw(ONE_OF["breaks"]),
            )
        )
    return Group(
        id=f"g{number}",
        service_type=draw(TYPES),
        counselor=draw(ONE_OF["counselors"]),
        site=draw(SITES) if modality is Modality.IN_PERSON else None,
        modality=modality,
        gender=draw(ONE_OF["group genders"]),
        language=draw(ONE_OF["languages"]),
        attend=draw(ONE_OF["attend"]),
        meetings=tuple(meetings),
    )


@st.composite
def problems(draw, *, most_groups=4, most_meetings=3, most_clients=1, alternating=None):
    """Return a problem small enough to try every plan."""
    made = [draw(groups(n, most_meetings)) for n in range(draw(st.integers(1, most_groups)))]
    meetings = tuple(m.id for g in made for m in g.meetings)
    people = [f"c{n}" for n in range(draw(st.integers(1, most_clients)))]
    return Problem(
        groups=tuple(made),
        clients=tuple(
            draw(clients(n, tuple(p for p in people if p != f"c{n}"), meetings)) for n in range(len(people))
        ),
        weights=Weights(
            day_cost=draw(st.integers(0, 9)),
            over_cost=draw(st.integers(0, 7)),
            keep_bonus=draw(ONE_OF["keep bonuses"]),
        ),
        alternating=draw(st.booleans()) if alternating is None else alternating,
    )
