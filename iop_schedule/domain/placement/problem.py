"""What placement is asked (problem) and what it answers (plan), as plain values.

Times are minutes after midnight on the clinic's wall clock, intervals half-open `[start, end)`.
The same values are written to and read from files by `adapters/placement_files.py`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from iop_schedule.domain.civil_time import BOTH_WEEKS
from iop_schedule.domain.placement.prices import Prices
from iop_schedule.vocabulary import (
    Attend,
    DayPart,
    Gender,
    GroupGender,
    LevelOfCare,
    Modality,
    ModalityWish,
    Weekday,
    WeekParity,
)

MINUTES_PER_DAY = 1440


class PlanStatus(StrEnum):
    """How much is known about a plan: proved best, or legal with the best bound reached."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"


@dataclass(frozen=True, slots=True)
class Weights:
    """What the program values, in points. Source: docs/sources.md#placement-weights"""

    #: Taken off per day of attendance.
    day_cost: int = 6
    #: Taken off per quarter of an hour beyond the dose, in proportion.
    over_cost: int = 5
    #: Added per meeting that a person attends today and keeps.
    keep_bonus: int = 0


@dataclass(frozen=True, slots=True)
class Meeting:
    """One weekly slot of a group, such as Tuesday 09:00 to 12:00."""

    id: str
    weekday: Weekday
    start: int
    end: int
    #: Most people at once; for one person's question, the seats that are left.
    seats: int
    #: Inside the slot but not counted toward the dose. Source: docs/sources.md#breaks
    break_minutes: int = 0
    #: Who leads it, where that is not who leads the group.
    counselor: str | None = None

    @property
    def minutes(self) -> int:
        """Return the minutes that count toward the dose."""
        return self.end - self.start - self.break_minutes


@dataclass(frozen=True, slots=True)
class Group:
    """A group with its weekly meetings."""

    id: str
    service_type: str
    modality: Modality
    language: str
    meetings: tuple[Meeting, ...]
    counselor: str | None = None
    #: None for telehealth.
    site: str | None = None
    gender: GroupGender = GroupGender.ANY
    #: Whether people take single meetings or the whole group.
    attend: Attend = Attend.ANY
    #: Level of care of its program; None where all groups are of one program, as in files.
    level: LevelOfCare | None = None


@dataclass(frozen=True, slots=True)
class Dose:
    """What is prescribed per week, and how a legal week may look."""

    minutes: int
    over_minutes: int = 90
    min_days: int = 0
    max_minutes_per_day: int = MINUTES_PER_DAY
    #: Service types of which the week needs at least one meeting each.
    required: tuple[str, ...] = ()

    @property
    def most_minutes(self) -> int:
        """Return the most minutes a legal week has."""
        return self.minutes + self.over_minutes


@dataclass(frozen=True, slots=True)
class Commitment:
    """Time of one weekday that already belongs to something else."""

    kind: str
    weekday: Weekday
    start: int
    end: int
    label: str = ""
    week: WeekParity = WeekParity.EVERY
    #: A hard commitment is never overlapped; a soft one may be, at `cost` points per meeting.
    hard: bool = True
    cost: int = 0
    #: The site at which it is held, such as the person's own one-to-one: no way lies between it and a
    #: meeting there. None for everything outside the program.
    site: str | None = None
    #: Whether it may be asked to give way; one that may not is in no proposal.
    negotiable: bool = True

    def holds_in(self, week: WeekParity) -> bool:
        """Return True when this commitment stands in some week that `week` covers."""
        return WeekParity.EVERY in (self.week, week) or self.week == week


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a person would rather have; never a reason to refuse a plan."""

    time: DayPart = DayPart.ANY
    #: Points added (or taken off, when negative) per meeting on that day.
    weekdays: Mapping[Weekday, int] = field(default_factory=dict)
    counselor: str | None = None


@dataclass(frozen=True, slots=True)
class Alternating:
    """One set of meetings for week A and another for week B."""

    a: tuple[str, ...]
    b: tuple[str, ...]

    def in_either(self) -> tuple[str, ...]:
        """Return the meetings of both weeks, each once."""
        return tuple(dict.fromkeys((*self.a, *self.b)))


#: What one person attends: the same meetings every week, or alternating ones.
Choice = tuple[str, ...] | Alternating


@dataclass(frozen=True, slots=True)
class Client:
    """One person's side of the problem."""

    id: str
    languages: tuple[str, ...]
    dose: Dose
    gender: Gender = Gender.UNSPECIFIED
    modality: ModalityWish = ModalityWish.EITHER
    #: Which one a person who can attend either likes better.
    prefers_modality: Modality | None = None
    priority: int = 1
    #: Minutes from what surrounds a session to each site; a site not listed takes none.
    travel_minutes: Mapping[str, int] = field(default_factory=dict)
    commitments: tuple[Commitment, ...] = ()
    preferences: Preferences = field(default_factory=Preferences)
    #: People who must never share a meeting with this one. No explanation mentions it.
    keep_apart: tuple[str, ...] = ()
    #: Meetings this person attends today, every week or in weeks A and B.
    current: Choice = ()
    #: Meetings that cannot be had, whatever seats there are: somebody kept apart attends them who is not
    #: in the problem. To everyone they look full.
    closed: tuple[str, ...] = ()
    #: Meetings in which a seat is kept for this person, beside the seats that all can have.
    kept_seats: tuple[str, ...] = ()
    #: Levels of care this person is enrolled at; empty when that decides nothing.
    levels: frozenset[LevelOfCare] = frozenset()
    #: May have two plans where the problem allows it.
    may_alternate: bool = True
    #: The commitments by weekday: every rule asks about one day.
    on_day: Mapping[Weekday, tuple[Commitment, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_day: dict[Weekday, list[Commitment]] = {}
        for commitment in self.commitments:
            by_day.setdefault(commitment.weekday, []).append(commitment)
        object.__setattr__(self, "on_day", {day: tuple(own) for day, own in by_day.items()})

    @property
    def alternates(self) -> bool:
        """Return True when this person's weeks A and B are not alike, by a commitment or by their places."""
        return isinstance(self.current, Alternating) or any(
            one.week is not WeekParity.EVERY for one in self.commitments
        )

    def attends(self, week: WeekParity) -> tuple[str, ...]:
        """Return the meetings this person attends today in `week`; of EVERY, in some week."""
        if not isinstance(self.current, Alternating):
            return self.current
        return self.current.in_either() if week is WeekParity.EVERY else meetings_in(self.current, week)


@dataclass(frozen=True, slots=True)
class Problem:
    """Groups, people and what the program values."""

    groups: tuple[Group, ...]
    clients: tuple[Client, ...]
    weights: Weights = field(default_factory=Weights)
    prices: Prices = field(default_factory=Prices)
    #: Whether a person may hold one plan for week A and another for week B.
    alternating: bool = False

    def weeks_for(self, client: Client) -> tuple[WeekParity, ...]:
        """Return the weeks that are planned for a client: EVERY, or A and B when they may differ."""
        return BOTH_WEEKS if self.alternating and client.may_alternate else (WeekParity.EVERY,)

    def client(self, client_id: str) -> Client:
        """Return the client called `client_id`; raises KeyError when there is none."""
        for client in self.clients:
            if client.id == client_id:
                return client
        raise KeyError(client_id)


@dataclass(frozen=True, slots=True)
class Offer:
    """A meeting together with the group it belongs to."""

    group: Group
    meeting: Meeting

    @property
    def id(self) -> str:
        """Return the id of the meeting."""
        return self.meeting.id

    @property
    def counselor(self) -> str | None:
        """Return who leads it."""
        return self.meeting.counselor or self.group.counselor

    @property
    def place(self) -> str | None:
        """Return where it is held: the site, or None for telehealth."""
        return self.group.site if self.group.modality is Modality.IN_PERSON else None


def offers(problem: Problem) -> dict[str, Offer]:
    """Return every meeting by its id, in the order of the problem."""
    return {m.id: Offer(g, m) for g in problem.groups for m in g.meetings}


def apart_pairs(problem: Problem) -> frozenset[frozenset[str]]:
    """Return the pairs that must never share a meeting; one of the two naming the other is enough."""
    return frozenset(
        frozenset((c.id, other)) for c in problem.clients for other in c.keep_apart if other != c.id
    )


def weeks_of(choice: Choice) -> Iterator[tuple[WeekParity, tuple[str, ...]]]:
    """Yield the week(s) of `choice` and their meetings: EVERY once, or A and then B.

    >>> list(weeks_of(("m1",)))
    [(<WeekParity.EVERY: 'every'>, ('m1',))]
    """
    if isinstance(choice, Alternating):
        yield WeekParity.A, choice.a
        yield WeekParity.B, choice.b
    else:
        yield WeekParity.EVERY, choice


def meetings_in(choice: Choice, week: WeekParity) -> tuple[str, ...]:
    """Return what `choice` means in week A or in week B."""
    if isinstance(choice, Alternating):
        return choice.a if week is WeekParity.A else choice.b
    return choice


def shared_meetings(one: Choice, other: Choice) -> frozenset[str]:
    """Return the meetings at which two people sit together in some week."""
    both = (
        frozenset(meetings_in(one, w)) & frozenset(meetings_in(other, w))
        for w in (WeekParity.A, WeekParity.B)
    )
    return frozenset().union(*both)


def seats_taken(problem: Problem, weeks: Mapping[str, Choice], week: WeekParity) -> Counter[str]:
    """Return how many of the seats that all can have `weeks` take in week A, B or (EVERY) in some week.

    A seat kept for somebody is none of them.
    """
    kept = {client.id: client.kept_seats for client in problem.clients if client.kept_seats}
    return Counter(
        meeting
        for client, choice in weeks.items()
        for meeting in (
            weeks_by_meeting(choice) if week is WeekParity.EVERY else dict.fromkeys(meetings_in(choice, week))
        )
        if meeting not in kept.get(client, ())
    )


def choice_of(weeks: Mapping[str, WeekParity]) -> Choice:
    """Return what is attended, from the weeks of each meeting; alternating only where weeks A and B differ.

    >>> choice_of({"m1": WeekParity.EVERY, "m2": WeekParity.A})
    Alternating(a=('m1', 'm2'), b=('m1',))
    """
    a, b = (tuple(m for m, week in weeks.items() if week in {WeekParity.EVERY, own}) for own in BOTH_WEEKS)
    return a if a == b else Alternating(a, b)


def weeks_by_meeting(choice: Choice) -> dict[str, WeekParity]:
    """Return in which weeks each meeting of `choice` is attended; undoes `choice_of`."""
    a, b = (meetings_in(choice, week) for week in BOTH_WEEKS)
    return {
        m: WeekParity.EVERY if m in a and m in b else WeekParity.A if m in a else WeekParity.B
        for m in dict.fromkeys((*a, *b))
    }


def fewest_minutes(choice: Choice, known: Mapping[str, Offer]) -> int:
    """Return the minutes of a choice, of weeks A and B those of the shorter one; unknown meetings count 0."""
    return min(
        sum(known[m].meeting.minutes for m in meetings if m in known) for _, meetings in weeks_of(choice)
    )


@dataclass(frozen=True, slots=True)
class Because:
    """One thing that keeps a person from a plan, and the meetings it takes away."""

    #: What it is, such as `work MO 07:00-15:30` or `seats`.
    what: str
    blocks: tuple[str, ...] = ()
    #: Whether `what` is a commitment of the person.
    is_commitment: bool = False


@dataclass(frozen=True, slots=True)
class WouldFit:
    """A change, what it is priced at, and the plan it allows."""

    change: str
    cost: int
    plan: Choice


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A person without a plan, and why."""

    client: str
    because: tuple[Because, ...] = ()
    would_fit_if: tuple[WouldFit, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Who attends what. A client is placed with a whole legal week or not at all."""

    assignments: Mapping[str, Choice]
    unplaced: tuple[Unplaced, ...] = ()
    status: PlanStatus = PlanStatus.FEASIBLE
    #: Points reached, and points that no plan can exceed; None when nobody has said.
    objective: float | None = None
    bound: float | None = None
    seconds: float | None = None
