"""Everyone of one program as a placement problem, read in a fixed number of statements."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import literal, or_, select
from sqlalchemy.orm import joinedload, selectinload

from iop_schedule.domain import placement as rules
from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import BOTH_WEEKS, both_weeks
from iop_schedule.domain.prescription import dose_on
from iop_schedule.models import (
    Client,
    Enrollment,
    Group,
    PriorityClass,
    PriorityMark,
    Program,
    Series,
    SeriesMember,
    db,
)
from iop_schedule.queries import placement_problem
from iop_schedule.queries.access import holds_on
from iop_schedule.queries.availability import commitments_of
from iop_schedule.queries.keep_apart import apart_from, shared_places
from iop_schedule.queries.placement_values import values_of
from iop_schedule.queries.prescription import dose_of
from iop_schedule.queries.seat_holds import attended_by_week, holders_of
from iop_schedule.queries.weekly_meetings import places_by_week
from iop_schedule.queries.wishes import wishes_of
from iop_schedule.vocabulary import EnrollmentStatus, SeriesKind, WeekParity

#: People a plan is made for; who is on hold is away.
PLANNED_FOR = (EnrollmentStatus.PLANNED, EnrollmentStatus.WAITLISTED, EnrollmentStatus.ACTIVE)
#: What anybody counts whom the policy does not name.
EVERYONE_ELSE = 1


#: Lines of a written policy on who comes first, the heaviest first: name, weight, source, people.
Policy = tuple[Mapping[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class Caseload:
    """Everyone of a program with what they attend; people and meetings go by their row numbers."""

    problem: rules.Problem
    before: Mapping[str, rules.Choice]
    #: People of the program who are in no plan: nothing is prescribed, or they are away.
    left_out: int
    #: The written policy as it stands.
    policy: Policy


def caseload_of(
    program: Program, day: date, *, values: rules.Valuation | None = None, now: datetime
) -> Caseload:
    """Return everyone of `program` with what they attend on `day` or later.

    What a week is worth is as the program says now, unless `values` are given. A seat that is held for
    somebody is nobody else's to plan with until they decide.
    """
    values = values or values_of(program)
    episodes = _episodes(program, day)
    doses = {client: dose_on([dose_of(d) for d in e.doses], day) for client, e in episodes.items()}
    away = {c for c, e in episodes.items() if any(holds_on(p, day) for p in e.pauses)}
    people = [e.client for c, e in episodes.items() if doses[c] is not None and c not in away]
    groups = _groups(program, day)
    own = {m.id for g in groups for m in g.meetings}
    ids = [client.id for client in people]
    held = places_on(ids, own, day)
    weights, policy = _policy(program, episodes)
    commitments, apart, wishes = commitments_of(ids), apart_from(ids), wishes_of(ids)
    sessions = _other_sessions(people, own, day)
    closed = _closed(apart, held, own, day)
    seats, kept = _seats(groups, held, day, now)
    clients = tuple(
        placement_problem.person(
            str(client.id),
            client,
            dose,
            held=held.get(client.id, {}),
            commitments=[
                *_typical(client, commitments[client.id], day, values),
                *sessions.get(client.id, ()),
            ],
            priority=weights.get(client.id, EVERYONE_ELSE),
            keep_apart=[str(other) for other in sorted(apart.get(client.id, frozenset()) & {*ids})],
            closed=closed.get(client.id, ()),
            kept_seats=kept.get(client.id, ()),
            wishes=wishes[client.id],
            values=values,
        )
        for client in people
        if (dose := doses[client.id]) is not None
    )
    clients = tuple(_with_weeks(one, two_plans=program.alternating_weeks) for one in clients)
    problem = rules.Problem(
        groups=tuple(placement_problem.group(g, program.site.code, seats) for g in groups),
        clients=clients,
        weights=values.weights,
        prices=values.prices,
        alternating=any(one.may_alternate for one in clients),
    )
    before = {one.id: one.current for one in clients if held.get(int(one.id))}
    return Caseload(problem, before, len(episodes) - len(people), policy)


def _with_weeks(person: rules.Client, *, two_plans: bool) -> rules.Client:
    """Return a client who may have two plans: where the program gives them, or the client has two today."""
    may = person.alternates if two_plans else isinstance(person.current, rules.Alternating)
    return replace(person, may_alternate=may)


def _episodes(program: Program, day: date) -> dict[int, Enrollment]:
    statement = (
        select(Enrollment)
        .join(Enrollment.client)
        .where(
            Enrollment.program_id == program.id,
            Client.site_id == program.site_id,
            Enrollment.status.in_(PLANNED_FOR),
            Enrollment.from_day <= day,
            or_(Enrollment.until_day.is_(None), Enrollment.until_day >= day),
        )
        .options(joinedload(Enrollment.client).joinedload(Client.site))
        .order_by(Enrollment.client_id, Enrollment.from_day, Enrollment.id)
    )
    return {row.client_id: row for row in db.session.scalars(statement)}


def _typical(
    client: Client, commitments: Sequence[Commitment], day: date, values: rules.Valuation
) -> list[rules.Commitment]:
    """Return what the person's weeks hold, without their own words for it: plans are kept."""
    found = placement_problem.weekly_commitments(client, commitments, day, values)
    return list(dict.fromkeys(replace(one, label="") for one in found))


def _groups(program: Program, day: date) -> Sequence[Group]:
    to_come = or_(Series.until_day.is_(None), Series.until_day >= day)
    statement = (
        select(Group)
        .where(Group.program_id == program.id, Group.meetings.any(to_come))
        .order_by(Group.name, Group.id)
        .options(selectinload(Group.meetings.and_(to_come)))
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(statement).unique().all()


def places_on(
    client_ids: Collection[int], series_ids: Collection[int], day: date
) -> dict[int, dict[int, WeekParity]]:
    """Return in which of the series each client has a place on `day` or later, and in which weeks.

    Every client is a key.
    """
    statement = select(SeriesMember.client_id, SeriesMember.series_id, SeriesMember.week).where(
        SeriesMember.client_id.in_(client_ids),
        SeriesMember.series_id.in_(series_ids),
        or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
    )
    held: dict[int, dict[int, WeekParity]] = {client: {} for client in client_ids}
    for client, series, week in db.session.execute(statement):
        held[client][series] = both_weeks(held[client].get(series), WeekParity(week))
    return held


def _closed(
    apart: Mapping[int, Collection[int]], held: Mapping[int, Collection[int]], own: Collection[int], day: date
) -> dict[int, set[int]]:
    """Return where somebody each person is kept apart from has a place who is not among these people.

    Where they sit together today they are left, like everybody else.
    """
    outside = {other for others in apart.values() for other in others} - held.keys()
    there = shared_places(outside, own, day, None)
    return {
        client: {series for other in others for series in there.get(other, ())} - {*held.get(client, ())}
        for client, others in apart.items()
    }


def _seats(
    groups: Iterable[Group], held: Mapping[int, Mapping[int, WeekParity]], day: date, now: datetime
) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Return the seats these people can share, and in which series each has one more kept for them alone.

    Others' seats and kept ones are not among those shared, which are never fewer than these people have.
    What others have in one of two weeks is taken in both: a problem says how many seats there are once.
    """
    seats = {m.id: group.seats for group in groups for m in group.meetings}
    own = attended_by_week(place for places in held.values() for place in places.items())
    taken = places_by_week(seats, day)
    shared, kept = {}, defaultdict[int, list[int]](list)
    holders = holders_of(seats, now=now)
    for m, there in seats.items():
        new = [one for one in holders.get(m, ()) if m not in held.get(one, ())]
        inside = [one for one in new if one in held]
        free = min(there - (taken[week][m] - own[week][m]) for week in BOTH_WEEKS)
        left, most = free - (len(new) - len(inside)), max(own[week][m] for week in BOTH_WEEKS)
        promised = inside[: max(0, left - most)]
        shared[m] = max(most, left - len(promised))
        for one in promised:
            kept[one].append(m)
    return shared, kept


def _other_sessions(
    people: Sequence[Client], own: Collection[int], day: date
) -> dict[int, list[rules.Commitment]]:
    """Return what else of ours each person attends: one-to-ones, and groups of other programs."""
    ids = [client.id for client in people]
    to_come = or_(Series.until_day.is_(None), Series.until_day >= day)
    single = select(Series.client_id, Series, literal(str(WeekParity.EVERY))).where(
        Series.client_id.in_(ids), Series.kind == SeriesKind.INDIVIDUAL, to_come
    )
    elsewhere = (
        select(SeriesMember.client_id, Series, SeriesMember.week)
        .join(Series, Series.id == SeriesMember.series_id)
        .where(
            SeriesMember.client_id.in_(ids),
            Series.id.not_in(own),
            to_come,
            or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
        )
    )
    found: dict[int, list[rules.Commitment]] = {}
    for statement in (single, elsewhere):
        for client_id, series, week in db.session.execute(statement.order_by(Series.id)):
            if client_id is not None:
                session = placement_problem.session(series, week=WeekParity(week))
                found.setdefault(client_id, []).append(session)
    return found


def policy_of(program: Program, day: date) -> Policy:
    """Return the program's written policy and how many of its people on `day` each line names."""
    return _policy(program, _episodes(program, day))[1]


def _policy(program: Program, episodes: Mapping[int, Enrollment]) -> tuple[dict[int, int], Policy]:
    """Return what each person counts whom the policy names, and the policy itself."""
    statement = (
        select(PriorityMark.enrollment_id, PriorityMark.priority_class_id)
        .join(PriorityMark.priority_class)
        .where(PriorityClass.program_id == program.id)
    )
    marks = {enrollment: line for enrollment, line in db.session.execute(statement)}  # noqa: C416 - rows
    lines = {line.id: line for line in priority_classes(program.id)}
    named = {c: lines[marks[e.id]] for c, e in episodes.items() if e.id in marks}
    people = Counter(line.id for line in named.values())
    policy: Policy = tuple(
        {"name": line.name, "weight": line.weight, "source": line.source, "people": people[line.id]}
        for line in lines.values()
    )
    return {client: line.weight for client, line in named.items()}, policy


def priority_classes(program_id: int) -> Sequence[PriorityClass]:
    """Return the lines of a program's policy on who comes first, the heaviest first."""
    statement = select(PriorityClass).where(PriorityClass.program_id == program_id)
    return db.session.scalars(statement.order_by(PriorityClass.weight.desc(), PriorityClass.name)).all()
