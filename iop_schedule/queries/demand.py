"""What people short of their hours could attend: for the program week, and for groups not yet open."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import Span, WeeklyRule
from iop_schedule.models import Client, Program, db
from iop_schedule.queries.access import Actor, access_program, sees_client
from iop_schedule.queries.placement_caseload import Caseload, caseload_of
from iop_schedule.queries.series import Taken, leader_at, leader_taken, named, room_at, room_taken
from iop_schedule.vocabulary import GroupGender, Modality, ServiceType, Weekday

#: The part of a day shown, in minutes from midnight.
FIRST_MINUTE, LAST_MINUTE = 7 * 60, 21 * 60
DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Draft:
    """A group that might be opened: its weekly meetings are alike but for the day."""

    program_id: int
    weekdays: tuple[Weekday, ...]
    start_minute: int
    #: By the clock, breaks included.
    minutes: int
    seats: int
    break_minutes: int = 0
    service_type: ServiceType = ServiceType.GROUP
    modality: Modality = Modality.IN_PERSON
    language: str = "en"
    gender: GroupGender = GroupGender.ANY
    room_id: int | None = None
    leader_id: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone a draft would help."""

    client_id: int
    name: str
    would_reach: bool
    is_waiting: bool


@dataclass(frozen=True, slots=True)
class DraftView:
    """What opening a draft would do, and whether room and counselor are free."""

    draft: Draft
    could_come: int
    would_reach: int
    would_be_placed: int
    #: How many more would reach their hours with one seat more.
    marginal_seat: int
    people: tuple[Person, ...]
    #: Sentences: `Room 2 is free`, or what has the time.
    free: tuple[tuple[bool, str], ...]
    #: The first day on which it could meet.
    first_day: date


@dataclass(frozen=True, slots=True)
class DemandView:
    """Who has less than their hours, and in which half hours they are free."""

    people: int
    #: By weekday and start in minutes.
    slots: Mapping[tuple[Weekday, int], int]


def demand_of(actor: Actor, program_id: int, *, now: datetime) -> DemandView:
    """Return when people of a program who are short of their hours are free; raises as `access_program`."""
    program = access_program(actor, program_id, Permission.PLACEMENT_RUN)
    caseload = caseload_of(program, _tomorrow(program, now), now=now)
    return _demand(program, [caseload])


def _demand(program: Program, caseloads: Sequence[Caseload]) -> DemandView:
    short = [c for one in caseloads for c in rules.without_their_hours(one.problem, one.before)]
    free = rules.free_people(short, program.site.code, FIRST_MINUTE, LAST_MINUTE)
    return DemandView(len(short), {slot: len(ids) for slot, ids in free.items()})


@dataclass(frozen=True, slots=True)
class SiteDemand:
    """The demand of a whole site, for its program week."""

    view: DemandView
    #: By weekly session: how many people short of their hours could come to it, seats or not.
    wanted: Mapping[int, int]


def site_demand(actor: Actor, site_id: int, *, now: datetime) -> SiteDemand:
    """Return when people of a site who are short of their hours are free; only numbers, no names."""
    actor.require(Permission.PROGRAM_READ)
    statement = select(Program).where(Program.site_id == site_id, Program.site_id.in_(actor.site_ids))
    programs = list(db.session.scalars(statement.order_by(Program.id)))
    caseloads = [caseload_of(program, _tomorrow(program, now), now=now) for program in programs]
    wanted: Counter[int] = Counter()
    for one in caseloads:
        for client in rules.without_their_hours(one.problem, one.before):
            held = rules.weeks_by_meeting(one.before.get(client.id, ()))
            wanted.update(int(m) for m in rules.could_attend(one.problem, client) if m not in held)
    if not programs:
        return SiteDemand(DemandView(0, {}), {})
    return SiteDemand(_demand(programs[0], caseloads), wanted)


def _tomorrow(program: Program, now: datetime) -> date:
    return civil_time.local_day(now, civil_time.zone(program.site.zone)) + timedelta(days=1)


def draft_views(actor: Actor, drafts: Sequence[Draft], *, now: datetime) -> list[DraftView]:
    """Return what each draft would do, each on its own; all of one program.

    Raises:
        NotFound, NotAllowed: the program is not this person's to plan.
        NotPossible: the room is too small or not there, or the counselor does not work there.
    """
    caseloads: dict[int, Caseload] = {}
    views = []
    for draft in drafts:
        program = access_program(actor, draft.program_id, Permission.PLACEMENT_RUN)
        if program.id not in caseloads:
            caseloads[program.id] = caseload_of(program, _tomorrow(program, now), now=now)
        views.append(_view(actor, draft, program, caseloads[program.id], now))
    return views


def _view(actor: Actor, draft: Draft, program: Program, caseload: Caseload, now: datetime) -> DraftView:
    problem, before = caseload.problem, caseload.before
    effect = rules.effect_of(problem, before, _group(draft, program, draft.seats))
    more = rules.effect_of(problem, before, _group(draft, program, draft.seats + 1))
    helped, waiting = set(effect.would_reach), set(effect.would_be_placed)
    ids = [int(c) for c in effect.could_come]
    statement = select(Client).where(Client.id.in_(ids), sees_client(actor, now=now))
    names = {client.id: client.short_name for client in db.session.scalars(statement)}
    people = (
        Person(one, names[one], str(one) in helped, not before.get(str(one))) for one in ids if one in names
    )
    first, free = _first_day(actor, draft, program, now)
    return DraftView(
        draft=draft,
        could_come=len(ids),
        would_reach=len(helped),
        would_be_placed=len(waiting),
        marginal_seat=len(more.would_reach) - len(helped),
        people=tuple(sorted(people, key=lambda p: (not p.would_reach, p.name, p.client_id))),
        free=tuple(free),
        first_day=first,
    )


def _group(draft: Draft, program: Program, seats: int) -> rules.Group:
    end = draft.start_minute + draft.minutes
    return rules.Group(
        id=DRAFT,
        service_type=draft.service_type,
        modality=draft.modality,
        language=draft.language,
        gender=draft.gender,
        meetings=tuple(
            rules.Meeting(f"{DRAFT}-{day.name}", day, draft.start_minute, end, seats, draft.break_minutes)
            for day in draft.weekdays
        ),
        site=program.site.code if draft.modality is Modality.IN_PERSON else None,
    )


def _first_day(
    actor: Actor, draft: Draft, program: Program, now: datetime
) -> tuple[date, list[tuple[bool, str]]]:
    """Return the first day the draft could meet, and whether its room and counselor are free from then."""
    tomorrow = _tomorrow(program, now)
    rules_ = [
        WeeklyRule(
            weekday=day,
            local_start=civil_time.wall_time(draft.start_minute),
            duration_minutes=draft.minutes,
            break_minutes=draft.break_minutes,
            zone=program.site.zone,
            from_day=tomorrow,
        )
        for day in draft.weekdays
    ]
    said: list[tuple[bool, str]] = []
    if draft.room_id is not None:
        room = room_at(program.site, draft.room_id, seats=draft.seats)
        taken = [t for r in rules_ if (t := room_taken(room.id, r, Span(tomorrow), now=now))]
        said.append((not taken, f"{room.name} {_or_taken(taken, actor)}"))
    if draft.leader_id is not None:
        leader = leader_at(program.site, draft.leader_id)
        taken = [t for r in rules_ if (t := leader_taken(leader.id, r, Span(tomorrow), now=now))]
        said.append((not taken, f"{leader.name} {_or_taken(taken, actor)}"))
    first = min((r.next_day(tomorrow) or tomorrow for r in rules_), default=tomorrow)
    return first, said


def _or_taken(taken: Sequence[Taken], actor: Actor) -> str:
    return f"has {named(taken[0], actor)} then" if taken else "is free"
