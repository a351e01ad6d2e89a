"""The one door to protected records: deny by default, and "not yours" looks like "not found".

Views and actions reach a client, a session or a series through these functions and in no other way.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from iop_schedule.domain import civil_time
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.domain.sign_in import SessionLimits, has_lapsed
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    CareRequest,
    Client,
    ClientGoal,
    Enrollment,
    EnrollmentPause,
    Group,
    GroupCoLeader,
    HandoverNote,
    MakeUp,
    Occurrence,
    OutreachAttempt,
    OutreachTask,
    PlacementRun,
    Program,
    RiskSignal,
    Room,
    RosterEntry,
    SelfReportRow,
    Series,
    SeriesMember,
    SetAside,
    SignInSession,
    Site,
    SupportConsent,
    SupportPerson,
    User,
    db,
)
from iop_schedule.models.people import user_site
from iop_schedule.vocabulary import AssignmentRole, AttendanceStatus, Role, RosterSource

Found = TypeVar("Found")
#: Tables whose rows are about one client each.
About = TypeVar(
    "About",
    CareRequest,
    ClientGoal,
    HandoverNote,
    OutreachAttempt,
    OutreachTask,
    RiskSignal,
    SetAside,
    SelfReportRow,
    SupportConsent,
    SupportPerson,
)

#: How long after leading a session a counselor still sees the people who were expected at it.
COUNSELOR_LOOKS_BACK = timedelta(days=14)
#: How those are expected who have a place in the session itself.
_PLANNED = (RosterSource.MEMBER, RosterSource.INDIVIDUAL)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting: everything access rules look at, and nothing else."""

    user_id: int
    role: Role
    name: str
    #: Sites this person works at; for a client, the site that serves them.
    site_ids: frozenset[int]
    #: The client this login belongs to, for clients.
    client_id: int | None
    #: IANA zone of the first of those sites, for saying which day it is.
    zone: str
    #: By what somebody who did not sign in speaks for this login, such as a link; the trail names none.
    unsigned_by: str = ""

    def today(self, now: datetime) -> date:
        """Return the calendar day at this person's own site."""
        return civil_time.local_day(now, civil_time.zone(self.zone))

    def require(self, permission: Permission) -> None:
        """Raise NotAllowed unless this person's role holds `permission`."""
        if not holds(self.role, permission):
            raise NotAllowed


def actor_for(user: User) -> Actor:
    """Return the actor behind a signed-in login."""
    if user.role is Role.CLIENT:
        client = db.session.scalars(select(Client).where(Client.user_id == user.id)).one()
        return Actor(
            user_id=user.id,
            role=Role.CLIENT,
            name=client.called,
            site_ids=frozenset({client.site_id}),
            client_id=client.id,
            zone=client.site.zone,
        )
    return Actor(
        user_id=user.id,
        role=user.role,
        name=user.name,
        site_ids=frozenset(site.id for site in user.sites),
        client_id=None,
        zone=user.sites[0].zone if user.sites else "UTC",
    )


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that may go on: which it is, whose, and when its use was last noted."""

    id: int
    user: User
    last_seen_at: datetime
    limits: SessionLimits


def open_session(
    token_hash: str, *, staff: SessionLimits, client: SessionLimits, now: datetime
) -> OpenSession | None:
    """Return the session behind a token, or None when it has ended, has lapsed or never was.

    Args:
        token_hash: SHA-256 of what the cookie holds.
        staff: how long sessions of staff last.
        client: how long sessions of clients last.
        now: when.
    """
    statement = (
        select(SignInSession, User)
        .join(User, User.id == SignInSession.user_id)
        .where(SignInSession.token_hash == token_hash, SignInSession.ended_at.is_(None), User.active)
    )
    found = db.session.execute(statement).unique().one_or_none()
    if found is None:
        return None
    session, user = found
    limits = client if user.role is Role.CLIENT else staff
    if has_lapsed(created_at=session.created_at, last_seen_at=session.last_seen_at, limits=limits, now=now):
        return None
    return OpenSession(session.id, user, session.last_seen_at, limits)


def in_force(row: type[Assignment] | type[SeriesMember] | type[Series], day: date) -> ColumnElement[bool]:
    """Return the condition that a dated row holds on `day`."""
    return and_(row.from_day <= day, or_(row.until_day.is_(None), row.until_day >= day))


def holds_on(row: Assignment | Series | Enrollment | EnrollmentPause, day: date) -> bool:
    """Return the same as `in_force`, of a row that has been read."""
    return row.from_day <= day and (row.until_day is None or day <= row.until_day)


def sees_client(actor: Actor, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition on `Client` that makes a client visible to `actor` at `now`.

    A client sees themself. Administrators see their sites' clients. Case managers see the clients
    assigned to them, counselors also those in the sessions they lead: from two weeks back to the end
    of the horizon. Everyone only within their own sites.
    """
    today = actor.today(now)
    if actor.role is Role.CLIENT:
        return Client.id == actor.client_id
    at_own_site = Client.site_id.in_(actor.site_ids)
    if actor.role is Role.ADMINISTRATOR:
        return at_own_site
    if actor.role is Role.CASE_MANAGER:
        return and_(at_own_site, _assigned(actor, AssignmentRole.CASE_MANAGER, today))
    if actor.role is Role.COUNSELOR:
        return and_(
            at_own_site,
            or_(_assigned(actor, AssignmentRole.COUNSELOR, today), _on_led_roster(actor, now)),
        )
    return false()


def _assigned(actor: Actor, role: AssignmentRole, today: date) -> ColumnElement[bool]:
    return exists().where(
        Assignment.client_id == Client.id,
        Assignment.user_id == actor.user_id,
        Assignment.role == role,
        in_force(Assignment, today),
    )


def _on_led_roster(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the client is expected at a session `actor` leads, or was there.

    Whoever was only put on a list by hand is a name on that list until they are marked: codes can be guessed.
    """
    return exists().where(
        RosterEntry.client_id == Client.id,
        RosterEntry.released_at.is_(None),
        or_(RosterEntry.source.in_(_PLANNED), _is_booked(), _is_marked()),
        Occurrence.id == RosterEntry.occurrence_id,
        leads(actor),
        Occurrence.starts_at > now - COUNSELOR_LOOKS_BACK,
    )


def _is_booked() -> ColumnElement[bool]:
    return exists().where(MakeUp.entry_id == RosterEntry.id, MakeUp.released_at.is_(None))


def _is_marked() -> ColumnElement[bool]:
    return exists().where(
        AttendanceRecord.roster_entry_id == RosterEntry.id,
        AttendanceRecord.status != AttendanceStatus.ENTERED_IN_ERROR,
    )


def visible_clients(actor: Actor, *, now: datetime) -> Select[Client]:
    """Return the query for the clients `actor` may see, by name."""
    return (
        select(Client)
        .where(sees_client(actor, now=now))
        .order_by(Client.preferred_name, Client.given_name, Client.family_name, Client.id)
    )


def _the_one(statement: Select[Found]) -> Found:
    """Return the row, or raise NotFound: there is none, or it is not this person's; nobody can tell which."""
    row = db.session.scalars(statement).unique().one_or_none()
    if row is None:
        raise NotFound
    return row


def access_client(actor: Actor, client_id: int, permission: Permission, *, now: datetime) -> Client:
    """Return the client, when `actor` may do `permission` to their record at `now`.

    Raises:
        NotAllowed: the role does not hold the permission at all.
        NotFound: there is no such client, or it is not this person's to see: the same answer.
    """
    actor.require(permission)
    statement = select(Client).where(Client.id == client_id, sees_client(actor, now=now))
    return _the_one(statement)


def leads(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on `Occurrence` that `actor` leads it: its counselor, substitute or co-leader."""
    together = exists().where(
        Series.id == Occurrence.series_id,
        GroupCoLeader.group_id == Series.group_id,
        GroupCoLeader.user_id == actor.user_id,
        GroupCoLeader.from_day <= Occurrence.local_day,
        or_(GroupCoLeader.until_day.is_(None), GroupCoLeader.until_day >= Occurrence.local_day),
    )
    return or_(Occurrence.leader_id == actor.user_id, together)


def access_about_client(
    actor: Actor, table: type[About], row_id: int, permission: Permission, *, now: datetime
) -> About:
    """Return the row of `table` about a client `actor` may see; else as `access_client`."""
    actor.require(permission)
    statement = (
        select(table)
        .join(Client, Client.id == table.client_id)
        .where(table.id == row_id, sees_client(actor, now=now))
    )
    return _the_one(statement)


def sees_occurrence(actor: Actor, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition on `Occurrence` that makes a dated session visible to `actor`."""
    if actor.role is Role.CLIENT:
        return exists().where(
            RosterEntry.occurrence_id == Occurrence.id,
            RosterEntry.client_id == actor.client_id,
            RosterEntry.released_at.is_(None),
        )
    at_own_site = Occurrence.site_id.in_(actor.site_ids)
    if actor.role is Role.COUNSELOR:
        return and_(at_own_site, leads(actor))
    if actor.role is Role.ADMINISTRATOR:
        return at_own_site
    if actor.role is Role.CASE_MANAGER:
        open_to_them = exists().where(Series.id == Occurrence.series_id, _is_open_to(actor, now))
        return and_(at_own_site, open_to_them)
    return false()


def _is_open_to(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Return the condition on `Series` that it is a group's, or the one-to-one of a client `actor` may see.

    A one-to-one tells who comes, and when, as the client's own record does.
    """
    return or_(
        Series.client_id.is_(None),
        exists().where(Client.id == Series.client_id, sees_client(actor, now=now)),
    )


def access_occurrence(
    actor: Actor, occurrence_id: int, permission: Permission, *, now: datetime
) -> Occurrence:
    """Return the dated session, when `actor` may do `permission` to it; else as `access_client`."""
    actor.require(permission)
    statement = select(Occurrence).where(Occurrence.id == occurrence_id, sees_occurrence(actor, now=now))
    return _the_one(statement)


def access_entry(
    actor: Actor, client_id: int, occurrence_id: int, permission: Permission, *, now: datetime
) -> RosterEntry:
    """Return a client's place on the roster of one dated session; else as `access_client`."""
    client = access_client(actor, client_id, permission, now=now)
    statement = select(RosterEntry).where(
        RosterEntry.client_id == client.id,
        RosterEntry.occurrence_id == occurrence_id,
        RosterEntry.released_at.is_(None),
    )
    return _the_one(statement)


def _at_own_site(
    actor: Actor, site_id: InstrumentedAttribute[int] | ColumnElement[int]
) -> ColumnElement[bool]:
    return false() if actor.role is Role.CLIENT else and_(true(), site_id.in_(actor.site_ids))


def access_site(actor: Actor, site_id: int, permission: Permission) -> Site:
    """Return the site, when it is one of `actor`'s own; else as `access_client`."""
    actor.require(permission)
    return _the_one(select(Site).where(Site.id == site_id, _at_own_site(actor, Site.id)))


def access_program(actor: Actor, program_id: int, permission: Permission) -> Program:
    """Return the program, when it is at one of `actor`'s sites; else as `access_client`."""
    actor.require(permission)
    statement = select(Program).where(Program.id == program_id, _at_own_site(actor, Program.site_id))
    return _the_one(statement)


def access_group(actor: Actor, group_id: int, permission: Permission) -> Group:
    """Return the group, when its program is at one of `actor`'s sites; else as `access_client`."""
    actor.require(permission)
    statement = select(Group).join(Program).where(Group.id == group_id, _at_own_site(actor, Program.site_id))
    return _the_one(statement)


def access_series(actor: Actor, series_id: int, permission: Permission, *, now: datetime) -> Series:
    """Return the weekly series at one of `actor`'s sites, a one-to-one only of a client they may see.

    Raises as `access_client`.
    """
    actor.require(permission)
    statement = select(Series).where(
        Series.id == series_id, _at_own_site(actor, Series.site_id), _is_open_to(actor, now)
    )
    return _the_one(statement)


def access_room(actor: Actor, room_id: int, permission: Permission) -> Room:
    """Return the room, when it is at one of `actor`'s sites; else as `access_client`."""
    actor.require(permission)
    return _the_one(select(Room).where(Room.id == room_id, _at_own_site(actor, Room.site_id)))


def sees_staff(actor: Actor) -> ColumnElement[bool]:
    """Return the condition on `User` for the staff of `actor`'s own sites; clients see nobody."""
    if actor.role is Role.CLIENT:
        return false()
    return exists().where(user_site.c.user_id == User.id, user_site.c.site_id.in_(actor.site_ids))


def access_staff(actor: Actor, user_id: int, permission: Permission) -> User:
    """Return the staff member, when they work at one of `actor`'s sites; else as `access_client`."""
    actor.require(permission)
    statement = select(User).where(User.id == user_id, sees_staff(actor))
    return _the_one(statement)


def access_placement_run(actor: Actor, run_id: int, permission: Permission) -> PlacementRun:
    """Return the placement run, when it is of one of `actor`'s sites; else as `access_client`."""
    actor.require(permission)
    statement = select(PlacementRun).where(PlacementRun.id == run_id)
    return _the_one(statement.where(_at_own_site(actor, PlacementRun.site_id)))
