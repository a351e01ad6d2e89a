"""Which groups could be opened at all: of a kind that is missing, where a room and a counselor are free."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, zip_longest

from iop_schedule.domain.placement import fit
from iop_schedule.domain.placement.demand import could_attend, without_their_hours
from iop_schedule.domain.placement.openings import Openings, usable
from iop_schedule.domain.placement.problem import (
    Choice,
    Client,
    Group,
    Meeting,
    Offer,
    Problem,
    offers,
    seats_taken,
)
from iop_schedule.domain.placement.staffing import FreeCounselor, FreeRoom, PossibleGroup, Staffing
from iop_schedule.vocabulary import Modality, Weekday, WeekParity

#: When groups of the usual length and short ones begin, in minutes from midnight.
STARTS, SHORT_STARTS = (9 * 60, 13 * 60, 17 * 60 + 30), (9 * 60, 12 * 60, 16 * 60, 17 * 60 + 30, 19 * 60)
#: On how many days a week a group of the usual length meets; a short one meets on one.
DAYS_A_WEEK = (1, 2, 3)
SHORT_MINUTES = 90
#: Of a program without a group.
USUAL_MINUTES, USUAL_BREAK, USUAL_SEATS, USUAL_TYPE = 195, 15, 10, "group"
#: More are not weighed against each other in a minute.
MOST_POSSIBLE = 100
NEW = "new"


@dataclass(frozen=True, slots=True)
class _Shape:
    """When groups of a kind may begin, on how many days they meet, how long and for how many."""

    starts: tuple[int, ...]
    days_a_week: tuple[int, ...]
    minutes: int
    break_minutes: int
    seats: int


def usual_week_minutes(problem: Problem) -> int:
    """Return what most groups of the program take of a counselor's week, breaks included."""
    weeks = Counter(sum(m.end - m.start for m in g.meetings) for g in problem.groups if g.meetings)
    return weeks.most_common(1)[0][0] if weeks else USUAL_MINUTES * max(DAYS_A_WEEK)


def possible_groups(
    problem: Problem,
    held: Mapping[str, Choice],
    site: str,
    *,
    rooms: Sequence[FreeRoom],
    counselors: Sequence[FreeCounselor],
    most: int = MOST_POSSIBLE,
) -> list[PossibleGroup]:
    """Return groups that might be opened for people who are short of their hours.

    In each language that is somebody's first, in person and by video as they can attend: of the usual
    kind and length on one to three days a week; short ones, mornings to evenings; and short ones of each
    service type that somebody needs and cannot get. Only where a room (in person) and a counselor are free,
    and only what somebody could come to. When there are too many, each kind keeps its best.

    Args:
        problem: the groups that exist and the people.
        held: who attends what today.
        site: where groups in person meet.
        rooms: the rooms there.
        counselors: who could lead them.
        most: how many to return at most.
    """
    short = without_their_hours(problem, held)
    kinds = _kinds(problem, held, short, site)
    wanted = _wanted(problem, short, [group for kind in kinds for group in kind])
    spread = Staffing(rooms, counselors)
    found: list[PossibleGroup] = []
    ranked = [sorted(kind, key=lambda g: (-_use(g, wanted), g.id)) for kind in kinds]
    for turn in zip_longest(*ranked):
        for group in turn:
            if group is not None and _use(group, wanted) and len(found) < most:
                possible = spread.staffed(group)
                found.extend([possible] if possible else [])
    return found


def _kinds(
    problem: Problem, held: Mapping[str, Choice], short: Sequence[Client], site: str
) -> list[list[Group]]:
    usual, service_type = _usual(list(offers(problem).values()))
    brief = _Shape(SHORT_STARTS, (1,), SHORT_MINUTES, 0, usual.seats)
    languages = dict.fromkeys(client.languages[0] for client in short if client.languages)
    ways = [way for way in Modality if any(fit.modality_suits(client, way) for client in short)]
    shorts = dict.fromkeys((service_type, *_missing_types(problem, held, short)))
    found = []
    for language in languages:
        for way in ways:
            plain = Group(
                "", service_type, way, language, (), site=site if way is Modality.IN_PERSON else None
            )
            found.append(list(_groups(plain, usual)))
            for kind in shorts:
                own = replace(plain, service_type=kind)
                found.append(list(_groups(own, brief)))
    return found


def _usual(known: Sequence[Offer]) -> tuple[_Shape, str]:
    """Return the shape and the service type that most meetings have."""
    lengths = Counter((o.meeting.end - o.meeting.start, o.meeting.break_minutes) for o in known)
    seats = Counter(o.meeting.seats for o in known if o.meeting.seats > 0)
    types = Counter(o.group.service_type for o in known)
    minutes, pause = lengths.most_common(1)[0][0] if lengths else (USUAL_MINUTES, USUAL_BREAK)
    most_seats = seats.most_common(1)[0][0] if seats else USUAL_SEATS
    kind = types.most_common(1)[0][0] if types else USUAL_TYPE
    return _Shape(STARTS, DAYS_A_WEEK, minutes, pause, most_seats), kind


def _missing_types(problem: Problem, held: Mapping[str, Choice], short: Iterable[Client]) -> list[str]:
    """Return the service types that somebody needs and cannot get: no meeting, or no seat in one."""
    missing: dict[str, None] = {}
    for client in short:
        others = {other: choice for other, choice in held.items() if other != client.id}
        a, b = (seats_taken(problem, others, week) for week in (WeekParity.A, WeekParity.B))
        within = usable(problem, client, WeekParity.EVERY, Openings(a, b))
        had = {one.group.service_type for one in within}
        missing |= dict.fromkeys(kind for kind in client.dose.required if kind not in had)
    return sorted(missing)


def _groups(plain: Group, shape: _Shape) -> Iterator[Group]:
    weekdays = [day for day in Weekday if day.is_treatment_day]
    kind = f"{NEW}-{plain.language}-{plain.modality}-{plain.service_type}-{shape.minutes}"
    for start in shape.starts:
        for number in shape.days_a_week:
            for days in combinations(weekdays, number):
                name = f"{kind}-{start}-{''.join(day.name for day in days)}"
                end = start + shape.minutes
                meetings = tuple(
                    Meeting(f"{name}-{day.name}", day, start, end, shape.seats, shape.break_minutes)
                    for day in days
                )
                yield replace(plain, id=name, meetings=meetings)


def _wanted(problem: Problem, short: Iterable[Client], groups: Sequence[Group]) -> Counter[str]:
    """Return by meeting how many of `short` could come to it."""
    with_all = replace(problem, groups=tuple(groups))
    return Counter(meeting for client in short for meeting in could_attend(with_all, client))


def _use(group: Group, wanted: Mapping[str, int]) -> float:
    """Return how many people a meeting of `group` would have at most, on average."""
    return sum(min(m.seats, wanted.get(m.id, 0)) for m in group.meetings) / len(group.meetings)
