"""Who needs a one-to-one, and when counselors have time for one."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.intervals import Interval, subtract
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound
from iop_schedule.models import (
    Assignment,
    CounselorHours,
    CounselorLimit,
    Program,
    Series,
    Site,
    User,
    db,
)
from iop_schedule.queries.access import Actor, access_site, access_staff, in_force
from iop_schedule.queries.choices import Choice, leaders_of
from iop_schedule.queries.placement_caseload import Caseload, caseload_of
from iop_schedule.vocabulary import AssignmentRole, SeriesKind, Weekday

#: What holds for a counselor of whom nobody has said anything else.
MOST_CLIENTS, MOST_IN_A_ROW, LANGUAGES = 24, 3, ("en",)
#: Sessions begin at a quarter of an hour, also after a group that ends at odd minutes.
QUARTER = 15


@dataclass(frozen=True, slots=True)
class CounselorTime:
    """When one counselor sees people one to one, and how many; times in minutes after midnight."""

    user_id: int
    name: str
    hours: Mapping[Weekday, tuple[Interval[int], ...]]
    most_clients: int
    most_in_a_row: int
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneToOnes:
    """The question: who needs a session, what they attend, who has time, who may see whom."""

    caseload: Caseload
    counselors: tuple[dict[str, Any], ...]
    #: Counselors a client may see, by client; everyone may see anyone when it is empty.
    may_see: Mapping[str, list[str]]


def one_to_ones_of(
    program: Program, day: date, *, only_own: bool, values: rules.Valuation | None = None, now: datetime
) -> OneToOnes:
    """Return everyone of a program who has no one-to-one from `day` on, and the counselors of its site.

    Args:
        program: whose people.
        day: first day of the new sessions.
        only_own: people see the counselor who is responsible for them and no other; otherwise theirs is
            only the one they would rather see, unless they wished for somebody.
        values: what the program values; by default as it says now.
        now: the current instant.
    """
    caseload = caseload_of(program, day, values=values, now=now)
    have = _with_one(program.site_id, day)
    own = _own_counselors([int(c.id) for c in caseload.problem.clients], day)
    clients = tuple(
        _with_counselor(c, own.get(int(c.id), ())) for c in caseload.problem.clients if int(c.id) not in have
    )
    problem = replace(caseload.problem, clients=clients)
    needed = {c.id for c in clients}
    before = {client: meetings for client, meetings in caseload.before.items() if client in needed}
    may_see = {c.id: own.get(int(c.id), []) for c in clients} if only_own else {}
    counselors = tuple(_free_time(one, program.site, day) for one in counselor_times(program.site_id))
    return OneToOnes(replace(caseload, problem=problem, before=before), counselors, may_see)


def _with_counselor(client: rules.Client, own: Sequence[str]) -> rules.Client:
    """Return someone who would rather see the counselor they wished for, else their own."""
    wish = client.preferences.counselor or next(iter(own), None)
    return replace(client, preferences=replace(client.preferences, counselor=wish))


def _with_one(site_id: int, day: date) -> set[int | None]:
    """Return who has a one-to-one on `day` or later."""
    statement = select(Series.client_id).where(
        Series.site_id == site_id,
        Series.kind == SeriesKind.INDIVIDUAL,
        or_(Series.until_day.is_(None), Series.until_day >= day),
    )
    return set(db.session.scalars(statement))


def has_one_to_one(client_id: int, day: date) -> set[int]:
    """Return the one-to-ones a client has on `day` or later."""
    statement = select(Series.id).where(
        Series.client_id == client_id,
        Series.kind == SeriesKind.INDIVIDUAL,
        or_(Series.until_day.is_(None), Series.until_day >= day),
    )
    return set(db.session.scalars(statement))


def _own_counselors(client_ids: Collection[int], day: date) -> dict[int, list[str]]:
    statement = (
        select(Assignment.client_id, Assignment.user_id)
        .where(
            Assignment.client_id.in_(client_ids),
            Assignment.role == AssignmentRole.COUNSELOR,
            in_force(Assignment, day),
        )
        .order_by(Assignment.id)
    )
    found: dict[int, list[str]] = {}
    for client_id, user_id in db.session.execute(statement):
        found.setdefault(client_id, []).append(str(user_id))
    return found


def _free_time(counselor: CounselorTime, site: Site, day: date) -> dict[str, Any]:
    """Return a counselor as the planner takes one: hours without the sessions they lead already."""
    led = db.session.scalars(
        select(Series).where(
            Series.leader_id == counselor.user_id, or_(Series.until_day.is_(None), Series.until_day >= day)
        )
    ).all()
    busy: dict[int, list[Interval[int]]] = {}
    for series in led:
        start = civil_time.minutes_of_day(series.local_start)
        busy.setdefault(series.weekday, []).append(Interval(start, start + series.duration_minutes))
    clients = Counter(series.client_id for series in led if series.client_id is not None)
    return {
        "id": str(counselor.user_id),
        "hours": [
            [int(weekday), -(-piece.start // QUARTER) * QUARTER, piece.end]
            for weekday, hours in counselor.hours.items()
            for piece in subtract(hours, busy.get(weekday, ()))
        ],
        "languages": list(counselor.languages),
        "most_clients": max(0, counselor.most_clients - len(clients)),
        "most_in_a_row": counselor.most_in_a_row,
        "site": site.code,
    }


def counselor_times(site_id: int) -> list[CounselorTime]:
    """Return the counselors of a site who have said when they see people, by name."""
    hours: dict[int, dict[Weekday, list[Interval[int]]]] = {}
    statement = select(CounselorHours).where(CounselorHours.site_id == site_id)
    for row in db.session.scalars(statement.order_by(CounselorHours.weekday, CounselorHours.start_minute)):
        own = hours.setdefault(row.user_id, {})
        own.setdefault(Weekday(row.weekday), []).append(Interval(row.start_minute, row.end_minute))
    limits = {
        row.user_id: row
        for row in db.session.scalars(select(CounselorLimit).where(CounselorLimit.site_id == site_id))
    }
    return [_time(one, hours[one.id], limits.get(one.id)) for one in leaders_of(site_id) if one.id in hours]


def _time(
    one: Choice, hours: Mapping[Weekday, Sequence[Interval[int]]], limit: CounselorLimit | None
) -> CounselorTime:
    return CounselorTime(
        user_id=one.id,
        name=one.name,
        hours={weekday: tuple(pieces) for weekday, pieces in hours.items()},
        most_clients=limit.most_clients if limit else MOST_CLIENTS,
        most_in_a_row=limit.most_in_a_row if limit else MOST_IN_A_ROW,
        languages=tuple(limit.languages) if limit else LANGUAGES,
    )


def counselor_time(actor: Actor, user_id: int) -> tuple[CounselorTime, int]:
    """Return the one-to-one hours of one of the actor's staff, and the site they are for.

    Raises:
        NotFound: no such staff member at one of the actor's sites.
    """
    user = access_staff(actor, user_id, Permission.PLACEMENT_RUN)
    site_id = next((site.id for site in user.sites if site.id in actor.site_ids), None)
    if site_id is None:
        raise NotFound
    known = {one.user_id: one for one in counselor_times(site_id)}
    return known.get(user_id) or _time(Choice(user.id, user.name), {}, None), site_id


@dataclass(frozen=True, slots=True)
class TimesOfSite:
    """A site's counselors: those with one-to-one hours, and those without."""

    site: str
    times: tuple[CounselorTime, ...]
    without: tuple[Choice, ...]


def times_of_sites(actor: Actor) -> list[TimesOfSite]:
    """Return the counselors of the actor's sites with their one-to-one hours, by site."""
    found = []
    for site_id in sorted(actor.site_ids):
        site = access_site(actor, site_id, Permission.PLACEMENT_RUN)
        times = counselor_times(site.id)
        known = {one.user_id for one in times}
        users = db.session.scalars(select(User).where(User.id.in_([o.id for o in leaders_of(site.id)])))
        counselors = {user.id for user in users.unique() if user.role == "counselor"}
        without = tuple(o for o in leaders_of(site.id) if o.id in counselors - known)
        found.append(TimesOfSite(site.name, tuple(times), without))
    return sorted(found, key=lambda one: one.site)
