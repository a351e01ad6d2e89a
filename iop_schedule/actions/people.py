"""Adding and changing clients and staff, saying who is responsible for whom, handing out accounts."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import exists, func, select

from iop_schedule.actions import accounts, audit, contacts
from iop_schedule.actions.groups import fresh_code
from iop_schedule.actions.locks import lock_client
from iop_schedule.domain.civil_time import zone as find_zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.sign_in import same_address
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import Assignment, Client, RoleRow, Site, User, db
from iop_schedule.models.people import user_site
from iop_schedule.queries.access import Actor, access_client, access_site, access_staff
from iop_schedule.vocabulary import AssignmentRole, AuditKind, Channel, Gender, ModalityWish, Role

#: The role a staff member needs to be responsible in a capacity.
NEEDED_ROLE = {
    AssignmentRole.COUNSELOR: Role.COUNSELOR,
    AssignmentRole.CASE_MANAGER: Role.CASE_MANAGER,
}


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What is known about a client, as staff enter it."""

    site_id: int
    given_name: str
    family_name: str
    preferred_name: str = ""
    #: Codes, first choice first.
    languages: tuple[str, ...] = ("en",)
    gender: Gender = Gender.UNSPECIFIED
    modality: ModalityWish = ModalityWish.IN_PERSON
    #: One way.
    travel_minutes: int = 0
    email: str = ""
    phone: str = ""
    #: A caller may leave a message in neutral words.
    may_leave_message: bool = False


@dataclass(frozen=True, slots=True)
class StaffFacts:
    """What is known about a staff member."""

    given_name: str
    family_name: str
    email: str
    role: Role
    site_ids: frozenset[int]


def add_client(*, actor: Actor, facts: ClientFacts, now: datetime) -> Client:
    """Add a client to a site; a case manager who adds one becomes responsible for them.

    Raises:
        NotFound: the site is not one of the actor's.
    """
    actor.require(Permission.CLIENT_EDIT)
    access_site(actor, facts.site_id, Permission.CLIENT_EDIT)
    client = Client(code=fresh_code("client"), created_at=now)
    _put_facts(client, facts)
    db.session.add(client)
    db.session.flush()
    audit.record(AuditKind.CLIENT_ADDED, actor=actor, now=now, client_id=client.id)
    if actor.role is Role.CASE_MANAGER:
        today = actor.today(now)
        _assign(client, actor.user_id, AssignmentRole.CASE_MANAGER, today, today=today)
    db.session.commit()
    return client


def change_client(*, actor: Actor, client_id: int, facts: ClientFacts, now: datetime) -> Client:
    """Change the facts about a client. Their site changes by a transfer, not here.

    Raises:
        NotFound, NotAllowed: the client is not the actor's.
    """
    client = access_client(actor, client_id, Permission.CLIENT_EDIT, now=now)
    lock_client(client.id)
    before = _facts_of(client)
    _put_facts(client, facts, site_id=client.site_id)
    for channel, name in ((Channel.EMAIL, "email"), (Channel.SMS, "phone")):
        if before[name] != getattr(client, name):
            contacts.outdate(client.id, channel, getattr(client, name), now=now)
    changed = sorted(name for name, value in _facts_of(client).items() if before[name] != value)
    audit.record(
        AuditKind.CLIENT_CHANGED, actor=actor, now=now, client_id=client.id, details={"changed": changed}
    )
    db.session.commit()
    return client


def _facts_of(client: Client) -> dict[str, Any]:
    names = (
        "given_name", "family_name", "preferred_name", "languages", "gender", "modality", "travel_minutes",
        "email", "phone", "may_leave_message",
    )  # fmt: skip
    return {name: getattr(client, name) for name in names}


def _put_facts(client: Client, facts: ClientFacts, *, site_id: int | None = None) -> None:
    given = asdict(facts)
    given["languages"] = list(facts.languages)
    given["site_id"] = facts.site_id if site_id is None else site_id
    for name, value in given.items():
        setattr(client, name, value)


def assign(
    *,
    actor: Actor,
    client_id: int,
    user_id: int | None,
    role: AssignmentRole,
    from_day: date,
    now: datetime,
) -> None:
    """Make a staff member responsible for a client from a day on; whoever was is so until the day before.

    Args:
        actor: who decides.
        client_id: the client.
        user_id: the staff member; None leaves nobody responsible in this capacity from that day.
        role: in what capacity.
        from_day: first day, on the site's calendar.
        now: when this is decided.

    Raises:
        NotFound, NotAllowed: the client or the staff member is not the actor's.
        NotPossible: the staff member has another role, no account any more, or works elsewhere.
    """
    client = access_client(actor, client_id, Permission.CLIENT_EDIT, now=now)
    if user_id is not None:
        _fit_for(access_staff(actor, user_id, Permission.PEOPLE_READ), client, role)
    lock_client(client.id)
    _assign(client, user_id, role, from_day, today=actor.today(now))
    details = {"as": str(role), "user": user_id, "from": str(from_day)}
    audit.record(AuditKind.ASSIGNMENT_CHANGED, actor=actor, now=now, client_id=client.id, details=details)
    db.session.commit()


def _fit_for(user: User, client: Client, role: AssignmentRole) -> None:
    if not user.active:
        message = "This account is turned off. Choose somebody else."
        raise NotPossible(message, field="user")
    if user.role is not NEEDED_ROLE[role] or client.site_id not in {site.id for site in user.sites}:
        message = "Choose somebody of this site who has this role."
        raise NotPossible(message, field="user")


def _assign(
    client: Client, user_id: int | None, role: AssignmentRole, from_day: date, *, today: date
) -> None:
    """End what holds on `from_day`, take the place of what begins that day, keep what begins later.

    What began that day and has held already stays on record: who saw the client when can be asked later.
    """
    held = select(Assignment).where(Assignment.client_id == client.id, Assignment.role == role)
    rows = list(db.session.scalars(held.order_by(Assignment.from_day, Assignment.id)))
    later = [row for row in rows if row.from_day > from_day]
    for row in rows:
        if row.from_day == from_day and (from_day > today or row.user_id == user_id):
            db.session.delete(row)  # it never held for a day, or is said again
        elif row.from_day == from_day:
            row.until_day = max(from_day, min(row.until_day or today, today - timedelta(days=1)))
        elif row.from_day < from_day and (row.until_day is None or row.until_day >= from_day):
            row.until_day = from_day - timedelta(days=1)
    if user_id is None:
        return
    until_day = later[0].from_day - timedelta(days=1) if later else None
    db.session.add(
        Assignment(client_id=client.id, user_id=user_id, role=role, from_day=from_day, until_day=until_day)
    )


def add_staff(*, actor: Actor, facts: StaffFacts, now: datetime) -> User:
    """Add a staff member; they cannot sign in before they have chosen a password by a link.

    Raises:
        NotAllowed: only administrators add staff.
        NotFound: a site is not one of the actor's.
        NotPossible: somebody has this address already, or the role is none of staff.
    """
    actor.require(Permission.STAFF_MANAGE)
    user = User(code=fresh_code("staff"), fs_uniquifier=uuid4().hex, created_at=now, password=None)
    _put_staff(actor, user, facts)
    db.session.add(user)
    db.session.flush()
    _record(AuditKind.ACCOUNT_CREATED, actor, user, now, role=str(facts.role))
    db.session.commit()
    return user


def change_staff(*, actor: Actor, user_id: int, facts: StaffFacts, now: datetime) -> User:
    """Change a staff member; a change of role, sites or address ends their sessions at once.

    Raises:
        NotFound, NotAllowed: the staff member, or one of their sites, is not the actor's.
        NotPossible: the address is taken; or nobody would administer a site any more.
    """
    user = _staff_to_manage(actor, user_id)
    before = (user.role, {site.id for site in user.sites}, user.email)
    _put_staff(actor, user, facts)
    db.session.flush()
    _keep_an_administrator(actor)
    changed = before != (user.role, {site.id for site in user.sites}, user.email)
    if changed:
        accounts.end_sessions(user, now=now)
    _record(AuditKind.ACCOUNT_CHANGED, actor, user, now, role=str(user.role), sessions_ended=changed)
    db.session.commit()
    return user


def _put_staff(actor: Actor, user: User, facts: StaffFacts) -> None:
    if facts.role is Role.CLIENT:
        message = "Choose what they do. Clients are added under Clients."
        raise NotPossible(message, field="role")
    if not facts.site_ids or not facts.site_ids <= actor.site_ids:
        raise NotFound
    user.given_name, user.family_name = facts.given_name, facts.family_name
    with db.session.no_autoflush:
        user.email = _free_address(facts.email, user)
        user.roles = [_role_row(facts.role)]
        user.sites = list(
            db.session.scalars(select(Site).where(Site.id.in_(facts.site_ids)).order_by(Site.id))
        )


def _role_row(role: Role) -> RoleRow:
    return db.session.scalars(select(RoleRow).where(RoleRow.name == role)).one_or_none() or RoleRow(name=role)


#: Something, an at sign, a host with a dot or a machine's name; the mail server knows the rest.
_ADDRESS = re.compile(r"[^@\s]{1,64}@[^@\s]{1,180}")


def _free_address(address: str, user: User | None = None) -> str:
    """Return the address as it is stored, when nobody else has it in any spelling."""
    wanted = same_address(address)
    if not wanted:
        message = "Enter an email address; it is what they sign in with."
        raise NotPossible(message, field="email")
    if not _ADDRESS.fullmatch(wanted):
        message = "Enter an email address, like name@example.org."
        raise NotPossible(message, field="email")
    taken = select(User.id).where(func.lower(User.email) == wanted)
    if user is not None and user.id is not None:
        taken = taken.where(User.id != user.id)
    if db.session.scalars(taken).first() is not None:
        message = "This email address cannot be used for an account. Use another one."
        raise NotPossible(message, field="email")
    return wanted


def invite_staff(*, actor: Actor, user_id: int, key: str, now: datetime) -> str:
    """Return the one-time link part with which a staff member chooses a password; earlier ones end.

    Raises:
        NotFound, NotAllowed: the staff member is not the actor's to manage.
        NotPossible: the account is turned off.
    """
    user = _staff_to_manage(actor, user_id)
    token = accounts.make_link(user, key=key, now=now, by=actor)
    _record(AuditKind.ACCOUNT_INVITED, actor, user, now)
    db.session.commit()
    return token


def invite_client(*, actor: Actor, client_id: int, key: str, now: datetime) -> str:
    """Return the one-time link part with which a client chooses a password; makes their login if needed.

    Raises:
        NotFound, NotAllowed: the client is not the actor's.
        NotPossible: no address is known, somebody else signs in with it, or the account is turned off.
    """
    client = access_client(actor, client_id, Permission.CLIENT_EDIT, now=now)
    lock_client(client.id)
    db.session.refresh(client)
    user = _login_of(client) or _new_login(actor, client, now)
    token = accounts.make_link(user, key=key, now=now, by=actor)
    _record(AuditKind.ACCOUNT_INVITED, actor, user, now, client=client)
    db.session.commit()
    return token


def _login_of(client: Client) -> User | None:
    return db.session.get(User, client.user_id) if client.user_id is not None else None


def _new_login(actor: Actor, client: Client, now: datetime) -> User:
    if not client.email:
        message = "Enter the client's email address first; it is what they sign in with."
        raise NotPossible(message)
    user = User(
        email=_free_address(client.email),
        fs_uniquifier=uuid4().hex,
        given_name=client.given_name,
        family_name=client.family_name,
        created_at=now,
        password=None,
        roles=[_role_row(Role.CLIENT)],
    )
    db.session.add(user)
    db.session.flush()
    client.user_id = user.id
    _record(AuditKind.ACCOUNT_CREATED, actor, user, now, client=client)
    return user


def turn_off_staff(*, actor: Actor, user_id: int, now: datetime) -> None:
    """Turn a staff member's account off: every session ends at once.

    Raises:
        NotFound, NotAllowed: the staff member is not the actor's to manage.
        NotPossible: it is the actor's own account, or the last administrator's of a site.
    """
    user = _staff_to_manage(actor, user_id)
    if user.id == actor.user_id:
        message = "You cannot turn off your own account. Ask another administrator."
        raise NotPossible(message)
    _turn(actor, user, now, on=False)
    _keep_an_administrator(actor)
    db.session.commit()


def turn_on_staff(*, actor: Actor, user_id: int, now: datetime) -> None:
    """Turn a staff member's account on again."""
    _turn(actor, _staff_to_manage(actor, user_id), now, on=True)
    db.session.commit()


def turn_off_client(*, actor: Actor, client_id: int, now: datetime) -> None:
    """Turn a client's login off: every session ends at once. Their record stays as it is."""
    _turn_client(actor, client_id, now, on=False)


def turn_on_client(*, actor: Actor, client_id: int, now: datetime) -> None:
    """Turn a client's login on again."""
    _turn_client(actor, client_id, now, on=True)


def _turn_client(actor: Actor, client_id: int, now: datetime, *, on: bool) -> None:
    client = access_client(actor, client_id, Permission.CLIENT_EDIT, now=now)
    user = _login_of(client)
    if user is None:
        message = "They have no account yet. Make a link for them first."
        raise NotPossible(message)
    _turn(actor, user, now, on=on, client=client)
    db.session.commit()


def _turn(actor: Actor, user: User, now: datetime, *, on: bool, client: Client | None = None) -> None:
    user.active = on
    if not on:
        accounts.end_sessions(user, now=now)
    db.session.flush()
    kind = AuditKind.ACCOUNT_ENABLED if on else AuditKind.ACCOUNT_DISABLED
    _record(kind, actor, user, now, client=client)


def _staff_to_manage(actor: Actor, user_id: int) -> User:
    """Return the staff member, locked; one who also works at others' sites is managed by all of those."""
    user = access_staff(actor, user_id, Permission.STAFF_MANAGE)
    locked = select(User).where(User.id == user.id).with_for_update(of=User)
    user = db.session.scalars(locked.execution_options(populate_existing=True)).unique().one()
    if not {site.id for site in user.sites} <= actor.site_ids:
        message = "They also work at another site. Ask an administrator of both sites."
        raise NotAllowed(message)
    return user


def _keep_an_administrator(actor: Actor) -> None:
    """Refuse to leave one of the actor's sites without anybody who could let others in."""
    works_there: Callable[[int], Any] = lambda site_id: exists().where(  # noqa: E731
        user_site.c.user_id == User.id, user_site.c.site_id == site_id
    )
    for site_id in sorted(actor.site_ids):
        # The site's row settles it when two administrators turn each other off at once.
        db.session.execute(select(Site.id).where(Site.id == site_id).with_for_update())
        left = select(User.id).where(
            User.active, User.roles.any(RoleRow.name == Role.ADMINISTRATOR), works_there(site_id)
        )
        if db.session.scalars(left).first() is None:
            message = "A site needs at least one administrator. Make somebody else one first."
            raise NotPossible(message)


def _record(
    kind: AuditKind, actor: Actor, user: User, now: datetime, *, client: Client | None = None, **details: Any
) -> None:
    site_id = None if client is not None else next((site.id for site in user.sites), None)
    audit.record(
        kind,
        actor=actor,
        now=now,
        subject=("user", user.id),
        client_id=client.id if client is not None else None,
        site_id=site_id,
        details=details,
    )


def create_administrator(
    *,
    address: str,
    given_name: str,
    family_name: str,
    site_code: str,
    zone: str | None,
    site_name: str = "",
    key: str,
    now: datetime,
) -> str:
    """Make an administrator from the command line and return the one-time link part for their password.

    Args:
        address: what they will sign in with.
        given_name: first name.
        family_name: last name.
        site_code: the site they administer; made when there is none of this code.
        zone: IANA time zone of a site that is made now.
        site_name: name of a site that is made now; its code when empty.
        key: the deployment's secret.
        now: when.

    Raises:
        NotPossible: the address is taken, or a new site has no usable time zone.
    """
    site = db.session.scalars(select(Site).where(Site.code == site_code)).one_or_none()
    if site is None:
        site = _new_site(site_code, zone, site_name)
    user = User(
        code=fresh_code("staff"),
        email=_free_address(address),
        fs_uniquifier=uuid4().hex,
        given_name=given_name,
        family_name=family_name,
        created_at=now,
        password=None,
        roles=[_role_row(Role.ADMINISTRATOR)],
        sites=[site],
    )
    db.session.add(user)
    db.session.flush()
    token = accounts.make_link(user, key=key, now=now)
    audit.record(
        AuditKind.ACCOUNT_CREATED,
        actor=None,
        now=now,
        subject=("user", user.id),
        site_id=site.id,
        details={"role": str(Role.ADMINISTRATOR), "by": "command line"},
    )
    db.session.commit()
    return token


def _new_site(code: str, zone_name: str | None, name: str) -> Site:
    if not zone_name:
        message = f"There is no site “{code}”. To make it, also give its time zone: --zone America/New_York."
        raise NotPossible(message)
    find_zone(zone_name)
    site = Site(code=code, name=name.strip() or code, zone=zone_name)
    db.session.add(site)
    db.session.flush()
    return site
