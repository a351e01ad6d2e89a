"""Who is at a site: clients and staff, and everything a page about one of them shows."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from iop_schedule.domain.civil_time import local, zone
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.errors import NotFound
from iop_schedule.models import Assignment, AuditEvent, Client, Enrollment, Program, Site, User, db
from iop_schedule.models.people import user_site
from iop_schedule.queries.access import (
    Actor,
    access_client,
    access_staff,
    holds_on,
    in_force,
    sees_client,
    sees_staff,
)
from iop_schedule.queries.goals import GoalLine, goals_of
from iop_schedule.queries.series import OwnPlace, places_of
from iop_schedule.queries.wishes import Wished, wished_by
from iop_schedule.vocabulary import AssignmentRole, AuditKind, EnrollmentStatus, Evidence, Role

PAGE_SIZE = 50

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What a person sees of their own login."""

    name: str
    email: str
    wants_digests: bool
    #: When the password was set last, on the clock of their site, and who had made the link for it: a name,
    #: "" for a link of nobody's, None for no link. No time for a password that came with the clinic's files.
    password_set_at: datetime | None = None
    link_made_by: str | None = None


@dataclass(frozen=True, slots=True)
class ClientRow:
    """One client in the list of people."""

    client_id: int
    name: str
    site: str
    counselor: str
    case_manager: str
    #: The latest enrollment's status; None for somebody never enrolled.
    enrollment: EnrollmentStatus | None
    #: "none", "invited", "on" or "off".
    account: str


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One staff member in the list of people."""

    user_id: int
    name: str
    role: Role
    sites: str
    account: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """One page of clients or of staff."""

    clients: tuple[ClientRow, ...]
    staff: tuple[StaffRow, ...]
    total: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who is, was or will be responsible for a client in one capacity."""

    name: str
    role: AssignmentRole
    from_day: date
    until_day: date | None
    is_current: bool


@dataclass(frozen=True, slots=True)
class ClientDetail:
    """One client's page."""

    client: Client
    today: date
    #: Latest first.
    enrollments: tuple[Enrollment, ...]
    responsible: tuple[Responsible, ...]
    account: str
    may_edit: bool
    may_assign: bool
    #: For choosing who becomes responsible.
    counselors: tuple[tuple[int, str], ...]
    case_managers: tuple[tuple[int, str], ...]
    programs: tuple[tuple[int, str], ...]
    places: tuple[OwnPlace, ...]
    may_place: bool
    may_bring: bool
    #: What they want time for; only for those who plan around their times.
    goals: tuple[GoalLine, ...]
    #: What suits them best; likewise.
    wished: Wished | None


def own_login(actor: Actor) -> User:
    """Return the login of the person who asks."""
    return db.session.get_one(User, actor.user_id)


def own_account(actor: Actor) -> OwnAccount:
    """Return what the person's own account page shows."""
    login = own_login(actor)
    at, made_by = _password_set(actor)
    return OwnAccount(actor.name, login.email, login.wants_digests, at, made_by)


def _password_set(actor: Actor) -> tuple[datetime | None, str | None]:
    """Return when the person's password was set last and by whose link, as the trail has it."""
    statement = (
        select(AuditEvent)
        .where(AuditEvent.actor_id == actor.user_id, AuditEvent.kind == AuditKind.ACCOUNT_PASSWORD_SET)
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(1)
    )
    row = db.session.scalars(statement).one_or_none()
    if row is None:
        return None, None
    at, details = local(row.at, zone(actor.zone)), row.details or {}
    if details.get("by") != Evidence.LINK:
        return at, None
    maker = db.session.get(User, details["link_made_by"]) if details.get("link_made_by") else None
    return at, maker.name if maker else ""


def own_sites(actor: Actor) -> list[tuple[int, str]]:
    """Return id and name of the actor's sites, by name."""
    rows = db.session.execute(
        select(Site.id, Site.name).where(Site.id.in_(actor.site_ids)).order_by(Site.name, Site.id)
    )
    return [(row.id, row.name) for row in rows]


def clients_page(actor: Actor, *, search: str, number: int, now: datetime) -> PeoplePage:
    """Return one page of the clients the actor may see, by name; `search` looks in names and codes."""
    actor.require(Permission.PEOPLE_READ)
    wanted = sees_client(actor, now=now)
    names = (Client.given_name, Client.family_name, Client.preferred_name, Client.code)
    condition = wanted if not search else (wanted & _contains(search, *names))
    total = db.session.scalar(select(func.count()).select_from(Client).where(condition)) or 0
    statement = select(Client).where(condition).order_by(Client.given_name, Client.family_name, Client.id)
    number, pages = _page(number, total)
    clients = list(db.session.scalars(_cut(statement, number)))
    return PeoplePage(_client_rows(clients, actor.today(now)), (), total, number, pages)


def staff_page(actor: Actor, *, search: str, number: int) -> PeoplePage:
    """Return one page of the staff of the actor's sites, by name."""
    actor.require(Permission.PEOPLE_READ)
    wanted = sees_staff(actor)
    names = (User.given_name, User.family_name, User.email)
    condition = wanted if not search else (wanted & _contains(search, *names))
    total = db.session.scalar(select(func.count()).select_from(User).where(condition)) or 0
    statement = select(User).where(condition).order_by(User.given_name, User.family_name, User.id)
    number, pages = _page(number, total)
    users = db.session.scalars(_cut(statement, number)).unique().all()
    rows = tuple(
        StaffRow(user.id, user.name, user.role, ", ".join(site.name for site in user.sites), account_of(user))
        for user in users
    )
    return PeoplePage((), rows, total, number, pages)


def staff_member(actor: Actor, user_id: int) -> User:
    """Return one staff member for the page that changes them; else as `access_staff`."""
    return access_staff(actor, user_id, Permission.STAFF_MANAGE)


def account_of(user: User | None) -> str:
    """Return how it stands with a login: "none", "invited", "on" or "off"."""
    if user is None:
        return "none"
    if not user.active:
        return "off"
    return "on" if user.password else "invited"


def client_to_edit(actor: Actor, client_id: int, *, now: datetime) -> Client:
    """Return a client for the form that changes the facts about them."""
    return access_client(actor, client_id, Permission.CLIENT_EDIT, now=now)


def enrollment_to_edit(actor: Actor, client_id: int, enrollment_id: int, *, now: datetime) -> Enrollment:
    """Return an enrollment of this very client.

    Raises:
        NotFound, NotAllowed: as `access_client`; also when the enrollment is another client's.
    """
    client = access_client(actor, client_id, Permission.CLIENT_EDIT, now=now)
    wanted = select(Enrollment).where(Enrollment.id == enrollment_id, Enrollment.client_id == client.id)
    found = db.session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound
    return found


def client_detail(actor: Actor, client_id: int, *, now: datetime) -> ClientDetail:
    """Return everything one client's page shows to staff.

    Raises:
        NotFound, NotAllowed: as `access_client`.
    """
    client = access_client(actor, client_id, Permission.CLIENT_READ, now=now)
    today = actor.today(now)
    may_edit = holds(actor.role, Permission.CLIENT_EDIT)
    enrollments = db.session.scalars(
        select(Enrollment)
        .where(Enrollment.client_id == client.id)
        .order_by(Enrollment.from_day.desc(), Enrollment.id.desc())
    )
    return ClientDetail(
        client=client,
        today=today,
        enrollments=tuple(enrollments),
        responsible=_responsible_for(client, today),
        account=account_of(db.session.get(User, client.user_id) if client.user_id else None),
        may_edit=may_edit,
        may_assign=may_edit and holds(actor.role, Permission.PEOPLE_READ),
        counselors=_staff_of(client.site_id, Role.COUNSELOR) if may_edit else (),
        case_managers=_staff_of(client.site_id, Role.CASE_MANAGER) if may_edit else (),
        programs=_programs_of(client.site_id) if may_edit else (),
        places=places_of(actor, client.id, today=today),
        may_place=holds(actor.role, Permission.PLACEMENT_DECIDE),
        may_bring=holds(actor.role, Permission.COMPANY_INVITE),
        goals=goals_of(client.id) if holds(actor.role, Permission.CONSTRAINTS_EDIT) else (),
        wished=wished_by(client.id) if holds(actor.role, Permission.CONSTRAINTS_EDIT) else None,
    )


def _responsible_for(client: Client, today: date) -> tuple[Responsible, ...]:
    statement = (
        select(Assignment, User)
        .join(User, User.id == Assignment.user_id)
        .where(Assignment.client_id == client.id)
        .order_by(Assignment.from_day.desc(), Assignment.id.desc())
    )
    return tuple(
        Responsible(
            name=user.name,
            role=AssignmentRole(row.role),
            from_day=row.from_day,
            until_day=row.until_day,
            is_current=holds_on(row, today),
        )
        for row, user in db.session.execute(statement).unique()
    )


def _staff_of(site_id: int, role: Role) -> tuple[tuple[int, str], ...]:
    statement = (
        select(User)
        .join(user_site, user_site.c.user_id == User.id)
        .where(user_site.c.site_id == site_id, User.active)
        .order_by(User.given_name, User.family_name, User.id)
    )
    users = db.session.scalars(statement).unique()
    return tuple((user.id, user.name) for user in users if user.role is role)


def _programs_of(site_id: int) -> tuple[tuple[int, str], ...]:
    rows = db.session.execute(
        select(Program.id, Program.name).where(Program.site_id == site_id).order_by(Program.name, Program.id)
    )
    return tuple((row.id, row.name) for row in rows)


def _contains(search: str, *columns: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Return the condition that every word of `search` is part of one of the columns."""
    return and_(
        True,  # noqa: FBT003 - nothing typed restricts nothing
        *(
            or_(*(func.lower(column).contains(word, autoescape=True) for column in columns))
            for word in search.lower().split()[:5]
        ),
    )


def _page(number: int, total: int) -> tuple[int, int]:
    pages = max(1, -(-total // PAGE_SIZE))
    return min(max(number, 1), pages), pages


def _cut(statement: Select[Row], number: int) -> Select[Row]:
    return statement.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)


def _client_rows(clients: list[Client], today: date) -> tuple[ClientRow, ...]:
    """Return rows with everything beside the names read in four statements for all of them."""
    ids = [client.id for client in clients]
    sites = _names(select(Site.id, Site.name).where(Site.id.in_({client.site_id for client in clients})))
    logins = {
        user.id: user
        for user in db.session.scalars(
            select(User).where(User.id.in_([client.user_id for client in clients if client.user_id]))
        ).unique()
    }
    responsible, enrolled = _responsible_on(ids, today), _latest_status(ids)
    return tuple(
        ClientRow(
            client_id=client.id,
            name=client.full_name,
            site=sites[client.site_id],
            counselor=", ".join(responsible[client.id, AssignmentRole.COUNSELOR]),
            case_manager=", ".join(responsible[client.id, AssignmentRole.CASE_MANAGER]),
            enrollment=enrolled.get(client.id),
            account=account_of(logins.get(client.user_id or 0)),
        )
        for client in clients
    )


def _names(statement: Select[int, str]) -> dict[int, str]:
    return {row_id: name for row_id, name in db.session.execute(statement)}  # noqa: C416 - rows are not pairs


def _responsible_on(
    client_ids: Iterable[int], day: date
) -> defaultdict[tuple[int, AssignmentRole], list[str]]:
    statement = (
        select(Assignment.client_id, Assignment.role, User.given_name, User.family_name)
        .join(User, User.id == Assignment.user_id)
        .where(Assignment.client_id.in_(list(client_ids)), in_force(Assignment, day))
        .order_by(User.given_name, User.id)
    )
    found: defaultdict[tuple[int, AssignmentRole], list[str]] = defaultdict(list)
    for client_id, role, given, family in db.session.execute(statement):
        found[client_id, AssignmentRole(role)].append(f"{given} {family}".strip())
    return found


def _latest_status(client_ids: Iterable[int]) -> dict[int, EnrollmentStatus]:
    statement = (
        select(Enrollment.client_id, Enrollment.status)
        .where(Enrollment.client_id.in_(list(client_ids)))
        .order_by(Enrollment.from_day, Enrollment.id)
    )
    return {client_id: EnrollmentStatus(status) for client_id, status in db.session.execute(statement)}
