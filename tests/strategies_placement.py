"""Hypothesis strategies for tiny placement problems in which rules collide often."""

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


@st.composite
def commitments(draw):
    """Return one commitment."""
    start = draw(st.sampled_from([480, 530, 600, 723, 840, 1020]))
    return Commitment(
        kind=draw(st.sampled_from(["work", "caregiving"])),
        label="shift",
        weekday=draw(DAYS),
        start=start,
        end=start + draw(st.sampled_from([7, 60, 185, 300])),
        week=draw(st.sampled_from(list(WeekParity))),
        hard=draw(st.booleans()),
        cost=draw(st.integers(0, 20)),
    )


@st.composite
def clients(draw, number=0, others=(), meetings=()):
    """Return one client."""
    minutes = draw(st.sampled_from([90, 180, 270, 350]))
    return Client(
        id=f"c{number}",
        priority=draw(st.sampled_from([1, 2, 4])),
        languages=draw(st.sampled_from([("en",), ("es",), ("en", "es")])),
        gender=draw(st.sampled_from(list(Gender))),
        modality=draw(st.sampled_from(list(ModalityWish))),
        prefers_modality=draw(st.sampled_from([None, *Modality])),
        dose=Dose(
            minutes=minutes,
            over_minutes=draw(st.sampled_from([0, 45, 90])),
            min_days=draw(st.integers(0, 3)),
            max_minutes_per_day=draw(st.sampled_from([150, 180, 360])),
            required=tuple(draw(st.lists(TYPES, max_size=2, unique=True))),
        ),
        travel_minutes=draw(st.dictionaries(st.sampled_from(["main", "east"]), st.sampled_from([0, 10, 35]))),
        commitments=tuple(draw(st.lists(commitments(), max_size=3))),
        preferences=Preferences(
            time=draw(st.sampled_from(list(DayPart))),
            weekdays=draw(st.dictionaries(DAYS, st.integers(-15, 6), max_size=2)),
            counselor=draw(st.sampled_from([None, "k1"])),
        ),
        keep_apart=tuple(draw(st.lists(st.sampled_from(others), max_size=1))) if others else (),
        current=tuple(draw(st.lists(st.sampled_from(meetings), max_size=2, unique=True))) if meetings else (),
        closed=tuple(draw(st.lists(st.sampled_from(meetings), max_size=1))) if meetings else (),
        kept_seats=tuple(draw(st.lists(st.sampled_from(meetings), max_size=1))) if meetings else (),
    )


@st.composite
def groups(draw, number=0, most_meetings=3):
    """Return one group with one meeting or more."""
    modality = draw(st.sampled_from(list(Modality)))
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
                break_minutes=draw(st.sampled_from([0, 0, 0, 15])),
            )
        )
    return Group(
        id=f"g{number}",
        service_type=draw(TYPES),
        counselor=draw(st.sampled_from([None, "k1", "k2"])),
        site=draw(st.sampled_from(["main", "east"])) if modality is Modality.IN_PERSON else None,
        modality=modality,
        gender=draw(st.sampled_from([GroupGender.ANY, GroupGender.ANY, GroupGender.FEMALE])),
        language=draw(st.sampled_from(["en", "en", "es"])),
        attend=draw(st.sampled_from([Attend.ANY, Attend.ANY, Attend.ALL])),
        meetings=tuple(meetings),
    )


@st.composite
def problems(draw, *, most_groups=4, most_meetings=3, most_clients=1, alternating=None):
    """Return a problem small enough to try every plan."""
    made = [draw(groups(n, most_meetings)) for n in range(draw(st.integers(1, most_groups)))]
    meetings = [m.id for g in made for m in g.meetings]
    people = [f"c{n}" for n in range(draw(st.integers(1, most_clients)))]
    return Problem(
        groups=tuple(made),
        clients=tuple(
            draw(clients(n, [p for p in people if p != f"c{n}"], meetings)) for n in range(len(people))
        ),
        weights=Weights(
            day_cost=draw(st.integers(0, 9)),
            over_cost=draw(st.integers(0, 7)),
            keep_bonus=draw(st.sampled_from([0, 0, 12])),
        ),
        alternating=draw(st.booleans()) if alternating is None else alternating,
    )
