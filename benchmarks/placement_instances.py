"""Invented but realistic weeks for measuring placement: work, school, children, custody, courts.

The shares are assumptions, stated here once; nothing in it is anybody's data. An instance is named by
size, load and seed, and the same name gives the same instance on every machine.
"""

import hashlib
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

from iop_schedule.domain.placement import (
    Client,
    Commitment,
    DayPart,
    Dose,
    Group,
    Meeting,
    Preferences,
    Problem,
)
from iop_schedule.vocabulary import (
    Attend,
    Gender,
    GroupGender,
    Modality,
    ModalityWish,
    Weekday,
    WeekParity,
)

#: Part of every instance's name: a change here is a new set of instances.
VERSION = "2"
WEEKDAYS = tuple(Weekday(n) for n in range(5))
#: Clients of each size.
SIZES = {"S": 100, "M": 300, "L": 600, "XL": 1000}
#: Minutes of seats there are for each minute prescribed. Many people can use few of the seats there are,
#: so nine for ten is tight already; six for ten is a crowded program.
LOADS = {"normal": 0.9, "crowded": 0.6}
SEEDS = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Name:
    """What an instance is called."""

    size: str
    load: str
    seed: int
    #: Share of groups that are attended whole.
    tracks: float = 0.0

    def __str__(self) -> str:
        tracks = f"-tracks{self.tracks:g}" if self.tracks else ""
        return f"{self.size}-{self.load}-{self.seed}{tracks}"


def instance(name: Name) -> Problem:
    """Return the instance called `name`."""
    seed = f"{VERSION}/{name.size}/{name.seed}"
    return weeks(SIZES[name.size], LOADS[name.load], seed, tracks=name.tracks)


def weeks(people: int, load: float, seed: str, *, tracks: float = 0.0) -> Problem:
    """Return a problem of any size; people do not depend on the load, and less load only leaves out groups.

    Args:
        people: how many.
        load: groups are added until there are so many minutes of seats for each minute prescribed.
        seed: the same seed gives the same problem on every machine.
        tracks: share of long groups that are attended whole.
    """
    clients = tuple(_client(random.Random(f"{seed}/client/{n}"), n) for n in range(people))
    wanted = load * sum(c.dose.minutes for c in clients)
    groups: list[Group] = []
    while supply(groups) < wanted:
        groups.append(_group(random.Random(f"{seed}/group/{len(groups)}"), len(groups), tracks))
    return Problem(groups=tuple(groups), clients=clients)


def newcomers(people: int, seed: str) -> list[Client]:
    """Return people like those of the instances, whose ids begin with `w`: they come later and wait."""
    return [replace(_client(random.Random(f"{seed}/client/{n}"), n), id=f"w{n}") for n in range(people)]


def group_like(count: int, seed: str) -> list[Group]:
    """Return groups that could be opened, none of them attended whole; their ids begin with `new`."""
    found = []
    for n in range(count):
        made = _group(random.Random(f"{seed}/new/{n}"), n, 0.0)
        meetings = tuple(replace(m, id=f"new-{m.id}") for m in made.meetings)
        found.append(replace(made, id=f"new-{made.id}", meetings=meetings))
    return found


def supply(groups: Iterable[Group]) -> int:
    """Return the minutes of all seats in a week."""
    return sum(m.seats * m.minutes for g in groups for m in g.meetings)


def fingerprint(problem: Problem) -> str:
    """Return a short hash that changes with anything in the problem."""
    return hashlib.sha256(json.dumps(repr(problem)).encode()).hexdigest()[:12]


def _pick(rng: random.Random, shares: dict) -> object:
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def _group(rng: random.Random, number: int, tracks: float) -> Group:
    core = rng.random() < 0.42
    kind = "process" if core else _pick(rng, {"process": 0.2, "skills": 0.35, "family": 0.25, "trauma": 0.2})
    minutes = 180 if core else _pick(rng, {90: 0.7, 120: 0.2, 75: 0.1})
    start = _pick(rng, {540: 0.3, 570: 0.1, 780: 0.12, 810: 0.08, 1050: 0.25, 1080: 0.15})
    pattern = _pick(rng, {(0, 2, 4): 0.3, (1, 3): 0.3, (0, 2): 0.15, (1, 2, 3): 0.1, (4,): 0.05, (3,): 0.1})
    telehealth = rng.random() < (0.12 if core else 0.4)
    return Group(
        id=f"g{number}",
        service_type=str(kind),
        modality=Modality.TELEHEALTH if telehealth else Modality.IN_PERSON,
        language=str(_pick(rng, {"en": 0.88, "es": 0.12})),
        counselor=f"k{rng.randrange(1 + number // 4 + 1)}",
        site=None if telehealth else str(_pick(rng, {"main": 0.7, "east": 0.3})),
        gender=_pick(rng, {GroupGender.ANY: 0.86, GroupGender.FEMALE: 0.08, GroupGender.MALE: 0.06}),
        attend=Attend.ALL if core and rng.random() < tracks else Attend.ANY,
        meetings=tuple(
            Meeting(f"g{number}-{WEEKDAYS[d].name}", WEEKDAYS[d], start, start + minutes, seats)
            for seats in [_pick(rng, {8: 0.25, 10: 0.35, 12: 0.4})]
            for d in pattern
        ),
    )


def _client(rng: random.Random, number: int) -> Client:
    minutes, days = _pick(rng, {(270, 2): 0.1, (360, 2): 0.1, (540, 3): 0.52, (720, 3): 0.18, (900, 4): 0.1})
    wish = _pick(rng, {ModalityWish.EITHER: 0.62, ModalityWish.IN_PERSON: 0.28, ModalityWish.TELEHEALTH: 0.1})
    extra = [t for t, share in (("skills", 0.25), ("family", 0.12), ("trauma", 0.08)) if rng.random() < share]
    return Client(
        id=f"c{number}",
        priority=_pick(rng, {1: 0.75, 2: 0.18, 4: 0.07}),
        languages=_pick(rng, {("en",): 0.8, ("en", "es"): 0.12, ("es",): 0.08}),
        gender=_pick(rng, {Gender.FEMALE: 0.38, Gender.MALE: 0.58, Gender.NONBINARY: 0.04}),
        modality=wish,
        prefers_modality=_pick(rng, {None: 0.4, Modality.IN_PERSON: 0.35, Modality.TELEHEALTH: 0.25}),
        dose=Dose(
            minutes,
            90,
            min_days=days,
            max_minutes_per_day=360,
            required=("process", *extra[: 1 + (minutes > 300)]),
        ),
        travel_minutes={"main": rng.choice((10, 15, 20, 30, 45)), "east": rng.choice((10, 20, 30, 45, 60))},
        commitments=tuple(_commitments(rng)),
        preferences=Preferences(
            time=_pick(
                rng, {DayPart.ANY: 0.4, DayPart.MORNING: 0.25, DayPart.MIDDAY: 0.1, DayPart.EVENING: 0.25}
            ),
            weekdays={rng.choice(WEEKDAYS): rng.choice((-6, -3, 3))} if rng.random() < 0.5 else {},
            counselor=f"k{rng.randrange(12)}" if rng.random() < 0.3 else None,
        ),
    )


def _commitments(rng: random.Random) -> list[Commitment]:
    return [*_work(rng), *_children(rng), *_other(rng)]


def _work(rng: random.Random) -> list[Commitment]:
    kind = _pick(
        rng,
        {
            "day": 0.26,
            "second": 0.06,
            "night": 0.05,
            "part": 0.17,
            "rotating": 0.05,
            "school": 0.09,
            "none": 0.32,
        },
    )
    days = list(WEEKDAYS)
    if kind == "day":
        start = rng.choice((420, 450, 480, 510, 540))
        length = rng.choice((480, 510, 540))
        off = rng.choice([None, None, None, *WEEKDAYS])
        return [_busy("work", d, start, start + length, label="shift") for d in days if d is not off]
    if kind == "second":
        return [_busy("work", d, 900, 1410, label="late shift") for d in rng.sample(days, 4)]
    if kind == "night":  # asleep in the morning after
        return [_busy("work", d, 420, 840, label="sleep after night shift") for d in rng.sample(days, 4)]
    if kind == "part":
        start = rng.choice((480, 600, 720, 960))
        return [_busy("work", d, start, start + 300, label="shift") for d in rng.sample(days, 3)]
    if kind == "rotating":
        early = [_busy("work", d, 360, 870, WeekParity.A, label="early shift") for d in days]
        return early + [_busy("work", d, 840, 1350, WeekParity.B, label="late shift") for d in days]
    if kind == "school":
        start = rng.choice((480, 540, 780))
        return [_busy("school", d, start, start + 240, label="classes") for d in rng.sample(days, 3)]
    return []


def _children(rng: random.Random) -> list[Commitment]:
    if rng.random() >= 0.30:
        return []
    week = rng.choice((WeekParity.A, WeekParity.B)) if rng.random() < 0.25 else WeekParity.EVERY
    pick_up = rng.choice((870, 895, 905, 930))
    runs = [_busy("caregiving", d, 450, 510, week, label="school run") for d in WEEKDAYS]
    return runs + [
        _busy("caregiving", d, pick_up, pick_up + 45, week, label="school pick-up") for d in WEEKDAYS
    ]


def _other(rng: random.Random) -> list[Commitment]:
    found = []
    if rng.random() < 0.08:
        start = rng.choice((600, 720, 1020))
        found += [
            _busy("caregiving", d, start, start + 120, label="elder care") for d in rng.sample(WEEKDAYS, 2)
        ]
    if rng.random() < 0.15:
        start = rng.choice((540, 605, 840))
        found.append(_busy("legal", rng.choice(WEEKDAYS), start, start + 50, label="probation"))
    if rng.random() < 0.12:
        found += [_busy("health", d, 375, 435, label="medication visit") for d in WEEKDAYS]
    if rng.random() < 0.3:
        start = rng.choice((1020, 1080, 1110))
        day = rng.choice(WEEKDAYS)
        found.append(Commitment("other", day, start, start + 90, "peer meeting", hard=False, cost=8))
    return found


def _busy(
    kind: str, day: Weekday, start: int, end: int, week: WeekParity = WeekParity.EVERY, *, label: str
) -> Commitment:
    return Commitment(kind, day, start, end, label, week)
