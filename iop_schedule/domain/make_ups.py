"""Which sessions restore the hours somebody misses, best first (problem P6 of placement).

A make-up is one dated session that a client comes to as a guest, linked to the session it makes up. It
looks at sessions that exist and asks placement nothing: same or equal service, same level of care, within
the days the program allows, a seat left on that date, nothing else in the way. Its minutes count in the
week they are delivered.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from iop_schedule.domain.availability import Clash, Commitment, DatedSlot, clashes, in_words
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.placement import Client, Group, fit
from iop_schedule.errors import Conflict, NotPossible
from iop_schedule.vocabulary import Attend, LevelOfCare, Modality, ServiceType

#: How many options a client is shown.
SHOWN = 4

#: Services that credit each other: hours spent in a group of any of these kinds.
_IN_A_GROUP = frozenset(
    {ServiceType.GROUP, ServiceType.PSYCHOEDUCATION, ServiceType.HOLISTIC, ServiceType.FAMILY}
)


class SeatJustTaken(Conflict):
    """That place was just taken. These are still open."""


class AlreadyMadeUp(Conflict):
    """A make-up for this session is booked already."""


class NothingToMakeUp(NotPossible):
    """There is nothing to make up for this session, or its time to do so has passed."""


class Obstacle(StrEnum):
    """What keeps one session from being a make-up, in the order in which it is looked at."""

    NOT_IN_TIME = "not_in_time"
    SERVICE = "service"
    LEVEL = "level"
    WHOLE_GROUP = "whole_group"
    LANGUAGE = "language"
    GENDER = "gender"
    MODALITY = "modality"
    AWAY = "away"
    SEATS = "seats"
    SAME_TIME = "same_time"
    OWN_SESSION = "own_session"
    COMMITMENT = "commitment"
    DAY_FULL = "day_full"


@dataclass(frozen=True, slots=True)
class Miss:
    """A session that somebody misses, or has missed; minutes are those to restore, breaks excluded."""

    day: date
    minutes: int
    service_type: ServiceType
    leader_id: int
    #: None for a one-to-one.
    group_id: str | None = None
    #: When it is held: they cannot come then, to nothing else either. None where the program canceled it.
    slot: DatedSlot | None = None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One dated session of a group, as somebody from outside the group sees it."""

    id: int
    starts_at: datetime
    #: With the client's own trip.
    slot: DatedSlot
    #: What it credits, breaks excluded.
    minutes: int
    #: Language, gender, modality and whether it is taken whole; its meetings do not matter here.
    group: Group
    level: LevelOfCare
    leader_id: int
    seats_left: int


@dataclass(frozen=True, slots=True)
class OwnSession:
    """One session the client comes to anyway."""

    slot: DatedSlot
    minutes: int
    modality: Modality


@dataclass(frozen=True, slots=True)
class Guest:
    """The person who makes up a session: who they are, and what their weeks hold."""

    person: Client
    level: LevelOfCare
    commitments: tuple[Commitment, ...] = ()
    #: Sessions they are expected at, without those they told us they cannot come to.
    own: tuple[OwnSession, ...] = ()
    #: Days that do not count: a pause, before admission, after discharge.
    away: frozenset[date] = frozenset()
    #: Done, waiting for its record and planned, by program week; and the goal.
    minutes_in: Mapping[ProgramWeek, int] = field(default_factory=dict)
    goal_in: Mapping[ProgramWeek, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MakeUpOption:
    """One session that restores hours, and what choosing it comes to."""

    session: OpenSession
    #: Minutes of the miss that it restores.
    restores_minutes: int
    #: All of the miss is restored.
    is_whole: bool
    #: In the program week of the miss, so that this week's hours are reached.
    same_week: bool
    #: Days between it and the miss, before or after.
    days_apart: int
    #: Minutes of its own program week with it, and the goal of that week.
    week_minutes: int
    goal_minutes: int
    #: What the client would rather not miss at that time.
    soft: tuple[Clash, ...] = ()

    @property
    def reaches_goal(self) -> bool:
        """Return True when the goal of its week is reached with it."""
        return self.week_minutes >= self.goal_minutes > 0


@dataclass(frozen=True, slots=True)
class Blocked:
    """One session that is no make-up, the first reason why, and the sentence for staff."""

    session: OpenSession
    obstacle: Obstacle
    words: str


def days_allowed(miss_day: date, *, days: int) -> tuple[date, date]:
    """Return the first and last day on which a session of `miss_day` can be made up, both included.

    The program week of the miss always counts; beyond it, `days` either way. A make-up may come first.

    >>> [str(day) for day in days_allowed(date(2026, 3, 2), days=7)]
    ['2026-02-23', '2026-03-09']
    >>> [str(day) for day in days_allowed(date(2026, 3, 4), days=0)]
    ['2026-03-02', '2026-03-06']

    Source: docs/sources.md#make-ups
    """
    week, reach = ProgramWeek.containing(miss_day), timedelta(days=days)
    return min(week.monday, miss_day - reach), max(week.friday, miss_day + reach)


def equal_services(service: ServiceType) -> frozenset[ServiceType]:
    """Return the services whose hours make up for `service`: any group for a group, else only its own."""
    return _IN_A_GROUP if service in _IN_A_GROUP else frozenset({service})


def options(
    miss: Miss, guest: Guest, sessions: Iterable[OpenSession], *, days: int, now: datetime
) -> list[MakeUpOption]:
    """Return the sessions that make up for `miss`, best first.

    First those that restore all of it, in the same week, of the same service; then those that overlap
    nothing the person would rather keep, on a day they come anyway, in the same group or with the same
    counselor, and the nearest.

    Args:
        miss: what is to be made up.
        guest: who makes it up.
        sessions: every session of a group in reach, with its seats.
        days: how many days a make-up may lie from the miss; the week of the miss always counts.
        now: sessions that have begun are no options.
    """
    listed = list(sessions)
    found = [
        _option(miss, guest, session)
        for session in listed
        if _in_the_way(miss, guest, session, days=days, now=now) is None
    ]
    return sorted(found, key=lambda option: _rank(miss, guest, option))


def blocked(
    miss: Miss, guest: Guest, sessions: Iterable[OpenSession], *, days: int, now: datetime
) -> list[Blocked]:
    """Return the other sessions within the days allowed, each with the rule that keeps it out."""
    found = []
    for session in sessions:
        obstacle = _in_the_way(miss, guest, session, days=days, now=now)
        if obstacle is not None and obstacle is not Obstacle.NOT_IN_TIME:
            found.append(Blocked(session, obstacle, _words(obstacle, guest, session)))
    return found


def _option(miss: Miss, guest: Guest, session: OpenSession) -> MakeUpOption:
    week = ProgramWeek.containing(session.slot.day)
    return MakeUpOption(
        session=session,
        restores_minutes=min(miss.minutes, session.minutes),
        is_whole=session.minutes >= miss.minutes,
        same_week=week.contains(miss.day),
        days_apart=abs((session.slot.day - miss.day).days),
        week_minutes=guest.minutes_in.get(week, 0) + session.minutes,
        goal_minutes=guest.goal_in.get(week, 0),
        soft=tuple(c for c in clashes(guest.commitments, [session.slot]) if not c.commitment.hard),
    )


def _rank(miss: Miss, guest: Guest, option: MakeUpOption) -> tuple[object, ...]:
    session = option.session
    return (
        -option.restores_minutes,
        not option.same_week,
        session.group.service_type != miss.service_type,
        len(option.soft),
        not any(own.slot.day == session.slot.day for own in guest.own),
        session.group.id != miss.group_id,
        session.leader_id != miss.leader_id,
        option.days_apart,
        session.starts_at,
        session.id,
    )


def _in_the_way(
    miss: Miss, guest: Guest, session: OpenSession, *, days: int, now: datetime
) -> Obstacle | None:
    first, last = days_allowed(miss.day, days=days)
    person, group = guest.person, session.group
    checks: tuple[tuple[Obstacle, Callable[[], bool]], ...] = (
        (Obstacle.NOT_IN_TIME, lambda: not (first <= session.slot.day <= last and session.starts_at > now)),
        (Obstacle.SERVICE, lambda: group.service_type not in equal_services(miss.service_type)),
        (Obstacle.LEVEL, lambda: session.level is not guest.level),
        (Obstacle.WHOLE_GROUP, lambda: group.attend is Attend.ALL),
        (Obstacle.LANGUAGE, lambda: not fit.speaks(person, group)),
        (Obstacle.GENDER, lambda: not fit.gender_welcome(person, group)),
        (Obstacle.MODALITY, lambda: not fit.modality_suits(person, group.modality)),
        (Obstacle.AWAY, lambda: session.slot.day in guest.away),
        (Obstacle.SEATS, lambda: session.seats_left < 1),
        (Obstacle.SAME_TIME, lambda: miss.slot is not None and _at_once(miss.slot, session.slot)),
        (Obstacle.OWN_SESSION, lambda: any(_overlap(own, session) for own in guest.own)),
        (Obstacle.COMMITMENT, lambda: bool(_hard(guest, session))),
        (Obstacle.DAY_FULL, lambda: _on(guest, session) + session.minutes > person.dose.max_minutes_per_day),
    )
    return next((obstacle for obstacle, holds in checks if holds()), None)


def _hard(guest: Guest, session: OpenSession) -> Sequence[Clash]:
    return clashes([c for c in guest.commitments if c.hard], [session.slot])


def _on(guest: Guest, session: OpenSession) -> int:
    return sum(own.minutes for own in guest.own if own.slot.day == session.slot.day)


def _overlap(own: OwnSession, session: OpenSession) -> bool:
    """Return True when nobody could be at both, the trip between a screen and a room included."""
    travels = own.modality is not session.group.modality
    gap = max(own.slot.travel_minutes, session.slot.travel_minutes) if travels else 0
    return _at_once(own.slot, session.slot, gap=gap)


def _at_once(one: DatedSlot, other: DatedSlot, *, gap: int = 0) -> bool:
    in_reach = one.start_minute < other.end_minute + gap and other.start_minute - gap < one.end_minute
    return one.day == other.day and in_reach


_SENTENCES = {
    Obstacle.SERVICE: "Another kind of session",
    Obstacle.LEVEL: "Another level of care",
    Obstacle.WHOLE_GROUP: "This group is taken whole",
    Obstacle.LANGUAGE: "Held in a language they do not speak",
    Obstacle.GENDER: "A group for others",
    Obstacle.MODALITY: "They cannot attend that way",
    Obstacle.AWAY: "Not in care that day",
    Obstacle.SEATS: "Full on that date",
    Obstacle.SAME_TIME: "At the time they cannot come",
    Obstacle.OWN_SESSION: "They have another session then",
    Obstacle.DAY_FULL: "More than their most for one day",
}


def _words(obstacle: Obstacle, guest: Guest, session: OpenSession) -> str:
    if obstacle is Obstacle.COMMITMENT:
        return f"Overlaps {in_words(_hard(guest, session)[0].commitment)}"
    return _SENTENCES[obstacle]
