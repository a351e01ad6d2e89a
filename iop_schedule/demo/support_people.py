"""Family sessions of the invented clinic, and whom two clients bring along."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import product

from sqlalchemy import select

from iop_schedule.actions.series import Meeting, create_individual
from iop_schedule.actions.support_people import Given, PersonDetails, add_person, invite, revoke
from iop_schedule.domain.civil_time import local_day, monday_of, wall_time, zone
from iop_schedule.domain.series import Span, WeeklyRule
from iop_schedule.errors import DomainError
from iop_schedule.models import Assignment, Client, Enrollment, Site, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.series import check_free_of, held_by
from iop_schedule.queries.support_people import coming_family_sessions
from iop_schedule.vocabulary import AssignmentRole, Evidence, Modality, Role, ServiceType, Weekday

#: Whose, whom they name, and whether the client says so in the application or staff write it down.
_SISTER = PersonDetails("Maya", "my sister", phone="(212) 555-0163")
_FRIEND = PersonDetails("Joe from church", "a friend")
_MOTHER = PersonDetails("Doña Elena", "her mother", phone="(212) 555-0171", language="es")

_STARTS = tuple(wall_time(minute) for minute in range(8 * 60, 18 * 60, 30))
_MINUTES = 50
_EVERY_WEEKS = 2
#: Keeps links of the invented clinic apart from real ones; nobody holds them.
_KEY = "links of the invented clinic"


def add_support_people(*, now: datetime) -> None:
    """Let one client invite their sister and take a friend off again; staff write down the other's mother."""
    own = _client("C001")
    if own is not None and own.user_id is not None:
        _add_family_session(own, now=now)
        actor = actor_for(db.session.get_one(User, own.user_id))
        _invite(actor, own, _SISTER, now=now)
        taken_back = _invite(actor, own, _FRIEND, now=now - timedelta(hours=3))
        if taken_back is not None:
            revoke(actor=actor, consent_id=taken_back, now=now - timedelta(hours=1))
    other = _client("C004")
    manager = _manager_of(other) if other else None
    if other is not None and manager is not None:
        _add_family_session(other, now=now)
        _invite(manager, other, _MOTHER, now=now)


def _invite(actor: Actor, client: Client, details: PersonDetails, *, now: datetime) -> int | None:
    """Add a person, invite them to the next family session, and return the consent."""
    person = add_person(actor=actor, client_id=client.id, details=details, now=now)
    coming = coming_family_sessions(client.id, now=now)
    if not coming:
        return None
    given = Given(Evidence.SPOKEN, local_day(now, zone(client.site.zone)))
    made = invite(
        actor=actor, person_id=person.id, occurrence_id=coming[0].id, given=given, key=_KEY, now=now
    )
    return made.consent_id


def _add_family_session(client: Client, *, now: datetime) -> None:
    """Give a client a family session every second week, at the first hour that suits everyone."""
    manager = _manager_of(client)
    program_id = db.session.scalars(
        select(Enrollment.program_id).where(Enrollment.client_id == client.id)
    ).first()
    if manager is None or program_id is None:
        return
    next_monday = monday_of(local_day(now, zone(client.site.zone))) + timedelta(weeks=1)
    suitable = list(_hours_of(client, next_monday, now=now))
    for leader_id, (start, day) in product(_counselors(client), suitable):
        meeting = Meeting(day, start, _MINUTES, leader_id, every_weeks=_EVERY_WEEKS)
        if _added(manager, client, program_id, meeting, next_monday, now=now):
            return


def _hours_of(client: Client, from_day: date, *, now: datetime) -> Iterator[tuple[time, Weekday]]:
    """Yield the hours at which the client could come, early ones first."""
    span = Span(from_day, None)
    held = held_by([client.id], span, now=now)
    days = [day for day in Weekday if day.is_treatment_day]
    for start, day in product(_STARTS, days):
        rule = WeeklyRule(day, start, _MINUTES, client.site.zone, from_day, every_weeks=_EVERY_WEEKS)
        try:
            check_free_of(held, client, rule, span, modality=Modality.IN_PERSON)
        except DomainError:
            continue
        yield start, day


def _counselors(client: Client) -> list[int]:
    """Return the counselors of the client's site, their own first."""
    own = select(Assignment.user_id).where(
        Assignment.client_id == client.id, Assignment.role == AssignmentRole.COUNSELOR
    )
    at_site = select(User).where(User.active, User.sites.any(Site.id == client.site_id)).order_by(User.id)
    others = [user.id for user in db.session.scalars(at_site).unique() if user.role is Role.COUNSELOR]
    return list(dict.fromkeys([*db.session.scalars(own), *others]))


def _added(
    manager: Actor, client: Client, program_id: int, meeting: Meeting, from_day: date, *, now: datetime
) -> bool:
    try:
        create_individual(
            actor=manager, client_id=client.id, program_id=program_id, meeting=meeting,
            service_type=ServiceType.FAMILY, from_day=from_day, now=now,
        )  # fmt: skip
    except DomainError:
        db.session.rollback()
        return False
    return True


def _client(code: str) -> Client | None:
    return db.session.scalars(select(Client).where(Client.code == code)).one_or_none()


def _manager_of(client: Client) -> Actor | None:
    user = db.session.scalars(
        select(User)
        .join(Assignment, Assignment.user_id == User.id)
        .where(Assignment.client_id == client.id, Assignment.role == AssignmentRole.CASE_MANAGER)
    ).unique().first()  # fmt: skip
    return actor_for(user) if user else None
