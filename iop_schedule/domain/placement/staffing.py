"""Rooms and counselors for groups that might be opened: free at their times, and spread over them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.placement.problem import Group, Meeting
from iop_schedule.vocabulary import Modality, Weekday

Busy = Mapping[Weekday, Sequence[Interval[int]]]


@dataclass(frozen=True, slots=True)
class FreeRoom:
    """A room, how many people it holds, and when it is taken; minutes of the day."""

    id: str
    seats: int
    busy: Busy = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FreeCounselor:
    """Who could lead a group, and when they lead another session; minutes of the day."""

    id: str
    busy: Busy = field(default_factory=dict)
    #: Empty where nobody has said: then they may lead in any.
    languages: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PossibleGroup:
    """A group that could be opened, with a counselor and a room that are free at its times."""

    group: Group
    #: None for a group by video.
    room: str | None

    @property
    def counselor_minutes(self) -> int:
        """Return how much of the counselor's week it takes, breaks included."""
        return sum(meeting.end - meeting.start for meeting in self.group.meetings)


def not_together(possible: Iterable[PossibleGroup]) -> list[frozenset[str]]:
    """Return sets of possible groups of which one can be opened: one counselor or one room at one moment."""
    held: dict[tuple[str, str, Weekday], list[tuple[Meeting, str]]] = defaultdict(list)
    for one in possible:
        for meeting in one.group.meetings:
            for what, whose in (("counselor", one.group.counselor), ("room", one.room)):
                if whose is not None:
                    held[what, whose, meeting.weekday].append((meeting, one.group.id))
    sets = {
        frozenset(group for other, group in own if other.start <= meeting.start < other.end)
        for own in held.values()
        for meeting, _ in own
    }
    largest = [one for one in sets if len(one) > 1 and not any(one < other for other in sets)]
    return sorted(largest, key=sorted)


class Staffing:
    """Gives possible groups rooms and counselors, spread so that several can be opened at one time."""

    def __init__(self, rooms: Sequence[FreeRoom], counselors: Sequence[FreeCounselor]) -> None:
        self._rooms, self._counselors = rooms, counselors
        self._given: Counter[tuple[str, str]] = Counter()

    def staffed(self, group: Group) -> PossibleGroup | None:
        """Return `group` with a counselor and a room; None when there is none at its times."""
        counselor = self._counselor(group)
        if counselor is None:
            return None
        led = replace(group, counselor=counselor.id)
        if group.modality is Modality.TELEHEALTH:
            return PossibleGroup(led, None)
        room = self._room(group)
        if room is None:
            return None
        meetings = tuple(replace(m, seats=min(m.seats, room.seats)) for m in led.meetings)
        return PossibleGroup(replace(led, meetings=meetings), room.id)

    def _counselor(self, group: Group) -> FreeCounselor | None:
        free = [c for c in self._counselors if _is_free(c.busy, group)]
        able = [c for c in free if group.language in c.languages] or [c for c in free if not c.languages]
        chosen = min(able, key=lambda c: (self._given["counselor", c.id], c.id), default=None)
        if chosen is not None:
            self._given["counselor", chosen.id] += 1
        return chosen

    def _room(self, group: Group) -> FreeRoom | None:
        """Return a room that holds the usual number of people, else the largest; those given least first."""
        seats = group.meetings[0].seats
        free = [r for r in self._rooms if _is_free(r.busy, group)]
        chosen = min(
            free, key=lambda r: (-min(seats, r.seats), self._given["room", r.id], r.seats, r.id), default=None
        )
        if chosen is not None:
            self._given["room", chosen.id] += 1
        return chosen


def _is_free(busy: Busy, group: Group) -> bool:
    return not any(
        Interval(meeting.start, meeting.end).overlaps(taken)
        for meeting in group.meetings
        for taken in busy.get(meeting.weekday, ())
    )
