"""Everyone of a program at once: who has a week that works, and whom a plan serves."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from iop_schedule.domain.civil_time import BOTH_WEEKS
from iop_schedule.domain.placement.legality import broken_for
from iop_schedule.domain.placement.problem import (
    Choice,
    Client,
    Commitment,
    Problem,
    apart_pairs,
    fewest_minutes,
    meetings_in,
    offers,
    shared_meetings,
    weeks_by_meeting,
)
from iop_schedule.vocabulary import ConstraintKind, Gender, WeekParity

#: A commitment that ends later than this is an evening or a night.
EVENING = 18 * 60


@dataclass(frozen=True, slots=True)
class Served:
    """People of one description: how many there are, and how many have their week before and after."""

    words: str
    people: int
    before: int
    after: int

    @property
    def share_before(self) -> float:
        """Return the part of them who have a whole week before, 0 to 1."""
        return self.before / self.people if self.people else 0.0

    @property
    def share_after(self) -> float:
        """Return the part of them who have a whole week after, 0 to 1."""
        return self.after / self.people if self.people else 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a set of weeks adds up to."""

    people: int
    #: With a whole legal week, and with none at all.
    served: int
    without: int
    #: Prescribed minutes, and those of them that are reached; hours beyond the dose count nothing.
    prescribed_minutes: int
    reached_minutes: int
    #: Seats there are in a week, and those that are taken by these people.
    seats: int
    taken: int


def settled(problem: Problem, before: Mapping[str, Choice]) -> frozenset[str]:
    """Return who has a week today that breaks no rule of their own."""
    known = offers(problem)
    clients = {c.id: c for c in problem.clients}
    return frozenset(
        client
        for client, choice in before.items()
        if client in clients and not broken_for(problem, clients[client], choice, known)
    )


def undisturbed(problem: Problem, before: Mapping[str, Choice]) -> frozenset[str]:
    """Return who has a week that works and keeps it: of two who are kept apart and share a meeting, one."""
    whole = settled(problem, before)
    apart: dict[str, set[str]] = {}
    for one, other in (sorted(pair) for pair in apart_pairs(problem)):
        apart.setdefault(one, set()).add(other)
        apart.setdefault(other, set()).add(one)
    staying: set[str] = set()
    for client in (c.id for c in problem.clients if c.id in whole):
        if not any(shared_meetings(before[client], before[o]) for o in apart.get(client, set()) & staying):
            staying.add(client)
    return frozenset(staying)


def figures(problem: Problem, weeks: Mapping[str, Choice]) -> Figures:
    """Return what `weeks` add up to; what people hold that is no whole week counts its minutes too.

    Of weeks that alternate, the shorter one counts for the person, and the fuller one for the seats.
    """
    whole = settled(problem, weeks)
    known = offers(problem)
    held = {c.id: weeks.get(c.id, ()) for c in problem.clients}
    taken = (sum(m in known for c in held.values() for m in meetings_in(c, week)) for week in BOTH_WEEKS)
    return Figures(
        people=len(problem.clients),
        served=len(whole),
        without=sum(not weeks_by_meeting(own).keys() & known.keys() for own in held.values()),
        prescribed_minutes=sum(c.dose.minutes for c in problem.clients),
        reached_minutes=sum(min(c.dose.minutes, fewest_minutes(held[c.id], known)) for c in problem.clients),
        seats=sum(o.meeting.seats for o in known.values()) + sum(len(c.kept_seats) for c in problem.clients),
        taken=max(taken),
    )


def shares_served(
    problem: Problem, before: Mapping[str, Choice], after: Mapping[str, Choice]
) -> dict[str, tuple[Served, ...]]:
    """Return, by work, caregiving, language and gender, how many people have a whole week.

    A plan that is best for all together can be worst for those who are hardest to place; this is where
    it shows.
    """
    had, has = settled(problem, before), settled(problem, after)
    return {title: _shares(problem.clients, told, had, has) for title, told in _DIMENSIONS.items()}


def _shares(
    clients: Iterable[Client], told: Callable[[Client], str], had: frozenset[str], has: frozenset[str]
) -> tuple[Served, ...]:
    groups: dict[str, list[str]] = {}
    for client in clients:
        groups.setdefault(told(client), []).append(client.id)
    return tuple(
        Served(words, len(ids), sum(i in had for i in ids), sum(i in has for i in ids))
        for words, ids in sorted(groups.items())
    )


def work_pattern(client: Client) -> str:
    """Return how somebody works or studies, told from their hard commitments."""
    own = [c for c in client.commitments if c.hard and c.kind in {ConstraintKind.WORK, ConstraintKind.SCHOOL}]
    if not own:
        return "No work or school"
    if any(c.week is not WeekParity.EVERY for c in own):
        return "Alternating shifts"
    if any(_is_night(c) for c in own):
        return "Evenings or nights"
    return "Daytime work or school"


def _is_night(commitment: Commitment) -> bool:
    return commitment.end > EVENING or commitment.start < 5 * 60


def _caregiving(client: Client) -> str:
    cares = any(c.kind == ConstraintKind.CAREGIVING for c in client.commitments)
    return "Cares for someone" if cares else "No caregiving"


#: Names of the languages that are common; others show their code.
_LANGUAGES = {
    "en": "English",
    "es": "Spanish",
    "zh": "Chinese",
    "vi": "Vietnamese",
    "ar": "Arabic",
    "ru": "Russian",
}


def _language(client: Client) -> str:
    return " and ".join(_LANGUAGES.get(code, code) for code in sorted(client.languages)) or "Not given"


_GENDERS = {
    Gender.FEMALE: "Women",
    Gender.MALE: "Men",
    Gender.NONBINARY: "Nonbinary people",
    Gender.UNSPECIFIED: "Not given",
}

_DIMENSIONS: dict[str, Callable[[Client], str]] = {
    "Work": work_pattern,
    "Caregiving": _caregiving,
    "Language": _language,
    "Gender": lambda client: _GENDERS[client.gender],
}
