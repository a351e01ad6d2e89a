"""The audit trail as sentences, newest first, for the administrators of a site."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from iop_schedule.domain.civil_time import instant, local, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import AuditEvent, AuditEventClient, Client, User, db
from iop_schedule.models.people import user_site
from iop_schedule.queries.access import Actor
from iop_schedule.vocabulary import AuditKind, Evidence, Role

#: One sentence per kind. {who} did it, {whom} is the client it is about.
SENTENCES: dict[AuditKind, str] = {
    AuditKind.SIGNED_IN: "{who} signed in",
    AuditKind.SIGN_IN_REFUSED: "A sign-in was refused",
    AuditKind.SIGNED_OUT: "{who} signed out",
    AuditKind.ACCOUNT_CREATED: "{who} made an account",
    AuditKind.ACCOUNT_INVITED: "{who} made a link for choosing a password",
    AuditKind.ACCOUNT_CHANGED: "{who} changed an account",
    AuditKind.ACCOUNT_PASSWORD_SET: "{who} chose a new password",
    AuditKind.ACCOUNT_DISABLED: "{who} turned an account off",
    AuditKind.ACCOUNT_ENABLED: "{who} turned an account on",
    AuditKind.ACCESS_DENIED: "{who} asked for a page that is not theirs",
    AuditKind.WEEK_VIEWED: "{who} looked at the week of {whom}",
    AuditKind.WEEK_DOWNLOADED: "{who} downloaded the calendar of {whom}",
    AuditKind.CALENDAR_TURNED_ON: "{who} turned a calendar link on",
    AuditKind.CALENDAR_CHANGED: "{who} changed what a calendar link says",
    AuditKind.CALENDAR_RENEWED: "{who} made a new calendar link",
    AuditKind.CALENDAR_TURNED_OFF: "{who} turned a calendar link off",
    AuditKind.CALENDAR_ENDED: "A calendar link of {whom} ended",
    AuditKind.CALENDARS_SWITCHED: "{who} switched the calendar links of a site on or off",
    AuditKind.INVITATIONS_SWITCHED: "{who} switched calendar e-mails on or off",
    AuditKind.INVITATION_SENT: "{who} sent a calendar e-mail to {whom}",
    AuditKind.INVITATION_HELD: "A calendar e-mail to {whom} was not sent",
    AuditKind.TIMES_VIEWED: "{who} looked at the times of {whom}",
    AuditKind.CONSTRAINT_ADDED: "{who} added a time to the week of {whom}",
    AuditKind.CONSTRAINT_CHANGED: "{who} changed a time of {whom}",
    AuditKind.CONSTRAINT_ENDED: "{who} ended a time of {whom}",
    AuditKind.CONSTRAINT_WITHDRAWN: "{who} took back a time of {whom}",
    AuditKind.TIMES_UPLOADED: "{who} took over a calendar as times of {whom}",
    AuditKind.TIMES_UPLOAD_REMOVED: "{who} removed the times of {whom} that came from a calendar",
    AuditKind.TODAY_VIEWED: "{who} looked at the sessions of a day",
    AuditKind.ROSTER_VIEWED: "{who} looked at an attendance sheet",
    AuditKind.ATTENDANCE_RECORDED: "{who} recorded attendance of {whom}",
    AuditKind.ATTENDANCE_CORRECTED: "{who} corrected attendance of {whom}",
    AuditKind.ATTENDANCE_CLEARED: "{who} took back an attendance mark of {whom}",
    AuditKind.ABSENCE_TOLD: "{who} said that {whom} cannot come to a session",
    AuditKind.ABSENCE_TAKEN_BACK: "{who} said that {whom} comes to a session after all",
    AuditKind.DELAY_TOLD: "{who} said that {whom} is running late",
    AuditKind.DELAY_TAKEN_BACK: "{who} took back that {whom} is running late",
    AuditKind.CHECKED_IN: "{who} checked {whom} in to a session",
    AuditKind.CHECK_IN_TAKEN_BACK: "{who} took back a check-in of {whom}",
    AuditKind.MAKE_UP_BOOKED: "{who} booked a make-up for {whom}",
    AuditKind.MAKE_UP_RELEASED: "{who} gave back a make-up of {whom}",
    AuditKind.MAKE_UPS_VIEWED: "{who} looked for a make-up for {whom}",
    AuditKind.ATTENDANCE_AMENDED: "{who} amended attendance of {whom} on a signed sheet",
    AuditKind.SHEET_SIGNED: "{who} signed an attendance sheet",
    AuditKind.SHEET_REOPENED: "{who} opened a signed attendance sheet again",
    AuditKind.SHEET_NOT_HELD: "{who} recorded that a session did not meet",
    AuditKind.SHEET_VIEWED: "{who} looked at the history of an attendance sheet",
    AuditKind.SIGN_IN_SHEET_PRINTED: "{who} opened sign-in sheets for printing",
    AuditKind.ROSTER_ADDED: "{who} added {whom} to an attendance sheet",
    AuditKind.ROSTER_REMOVED: "{who} took {whom} off an attendance sheet",
    AuditKind.ROSTER_CODE_UNKNOWN: "{who} entered a code of nobody to add to an attendance sheet",
    AuditKind.CO_LEADER_CHANGED: "{who} changed who leads a group together with its counselor",
    AuditKind.CASELOAD_VIEWED: "{who} looked at their caseload",
    AuditKind.CLIENT_VIEWED: "{who} looked at the record of {whom}",
    AuditKind.CLIENT_ADDED: "{who} added {whom}",
    AuditKind.CLIENT_CHANGED: "{who} changed the facts about {whom}",
    AuditKind.PEOPLE_VIEWED: "{who} looked at the list of people",
    AuditKind.ASSIGNMENT_CHANGED: "{who} changed who is responsible for {whom}",
    AuditKind.DOSE_PRESCRIBED: "{who} entered a prescribed dose of {whom}",
    AuditKind.ENROLLMENT_CHANGED: "{who} changed the enrollment of {whom}",
    AuditKind.PLACEMENT_VIEWED: "{who} looked at possible placements of {whom}",
    AuditKind.PLACEMENT_DECIDED: "{who} decided a placement of {whom}",
    AuditKind.PLACEMENT_UNDONE: "{who} took back a placement of {whom}",
    AuditKind.PLACEMENT_VALUES_CHANGED: "{who} changed what a program values in a week",
    AuditKind.PLACEMENT_RUN_ASKED: "{who} asked for a plan for everyone",
    AuditKind.PLACEMENT_RUN_STOPPED: "{who} stopped the planning",
    AuditKind.PLACEMENT_RUN_ENDED: "The planning ended",
    AuditKind.PLACEMENT_RUN_VIEWED: "{who} looked at a plan for everyone",
    AuditKind.PLACEMENT_RUN_DOWNLOADED: "{who} downloaded a plan for everyone",
    AuditKind.PRIORITIES_VIEWED: "{who} looked at who is placed first",
    AuditKind.PRIORITIES_CHANGED: "{who} changed who is placed first",
    AuditKind.COUNSELOR_HOURS_CHANGED: "{who} changed a counselor’s one-to-one hours",
    AuditKind.PLACEMENT_OFFERED: "{who} offered {whom} a choice of weeks",
    AuditKind.OFFER_WITHDRAWN: "{who} took back a choice of weeks offered to {whom}",
    AuditKind.OFFER_VIEWED: "{who} looked at the choice of weeks offered to {whom}",
    AuditKind.OFFER_ANSWERED: "{who} answered a choice of weeks offered to {whom}",
    AuditKind.KEEP_APART_VIEWED: "{who} looked at who is kept apart",
    AuditKind.KEEP_APART_ADDED: "{who} keeps {whom} apart from someone",
    AuditKind.KEEP_APART_LIFTED: "{who} no longer keeps {whom} apart from someone",
    AuditKind.SEATS_HELD: "{who} held seats for {whom}",
    AuditKind.SEATS_RELEASED: "{who} gave back seats held for {whom}",
    AuditKind.SEAT_PRICES_LEARNT: "{who} learnt which seats are scarce",
    AuditKind.MEMBERSHIP_STARTED: "{who} gave {whom} a place in a group",
    AuditKind.MEMBERSHIP_ENDED: "{who} ended a place of {whom} in a group",
    AuditKind.PROGRAM_WEEK_VIEWED: "{who} looked at the program week",
    AuditKind.PROGRAM_CHANGED: "{who} changed a program",
    AuditKind.ROOM_CHANGED: "{who} changed a room",
    AuditKind.SITE_CHANGED: "{who} changed a site",
    AuditKind.GROUP_CREATED: "{who} opened a group",
    AuditKind.GROUP_CHANGED: "{who} changed a group",
    AuditKind.GROUP_VIEWED: "{who} looked at the people of a group",
    AuditKind.SERIES_CREATED: "{who} started a weekly session",
    AuditKind.SERIES_CHANGED: "{who} changed a weekly session",
    AuditKind.SERIES_ENDED: "{who} ended a weekly session",
    AuditKind.OCCURRENCE_CHANGED: "{who} changed one session",
    AuditKind.OCCURRENCE_MOVED: "{who} moved one session",
    AuditKind.OCCURRENCE_CANCELLED: "{who} canceled one session",
    AuditKind.OCCURRENCE_RESTORED: "{who} took back the cancellation of one session",
    AuditKind.OCCURRENCES_EXTENDED: "{who} wrote out sessions further ahead",
    AuditKind.CLOSURE_ADDED: "{who} added closed days",
    AuditKind.CLOSURE_REMOVED: "{who} removed closed days",
    AuditKind.REPORT_VIEWED: "{who} looked at a report",
    AuditKind.REPORT_REQUESTED: "{who} asked for a report",
    AuditKind.REPORT_ISSUED: "{who} disclosed a report about {whom}",
    AuditKind.REPORT_EXPORTED: "{who} downloaded the numbers of a report",
    AuditKind.DISCLOSURES_VIEWED: "{who} looked at the disclosures about {whom}",
    AuditKind.DISCLOSURE_ALLOWED: "{who} recorded a consent of {whom} to disclose",
    AuditKind.DISCLOSURE_REVOKED: "{who} recorded that {whom} revoked a consent",
    AuditKind.PROGRESS_VIEWED: "{who} looked at the hours of {whom}",
    AuditKind.IMPORT_CHECKED: "{who} checked files for import",
    AuditKind.IMPORT_APPLIED: "{who} imported files",
    AuditKind.EXPORT_MADE: "{who} made an export",
    AuditKind.AUDIT_VIEWED: "{who} looked at the audit trail",
    AuditKind.REMINDER_SENT: "{who} sent a reminder to {whom}",
    AuditKind.REMINDER_HELD: "{who} held back a reminder to {whom}",
    AuditKind.REMINDER_RETRIED: "{who} had a message to {whom} tried again",
    AuditKind.REMINDER_SETTLED: "{who} settled a message to {whom} by hand",
    AuditKind.REMINDERS_VIEWED: "{who} looked at who was reminded",
    AuditKind.MESSAGES_VIEWED: "{who} looked at the messages of {whom}",
    AuditKind.CONSENT_GIVEN: "{who} noted that {whom} agreed to messages",
    AuditKind.CONSENT_ENDED: "{who} noted that {whom} wants no more messages",
    AuditKind.CONTACT_ADDED: "{who} entered where messages to {whom} go",
    AuditKind.CONTACT_CONFIRMED: "{who} confirmed where messages to {whom} go",
    AuditKind.CONTACT_STOPPED: "{who} stopped messages to an address of {whom}",
    AuditKind.WISHES_CHANGED: "{who} changed when {whom} is written to",
    AuditKind.REPLY_RECEIVED: "An answer of {whom} to a reminder came in",
    AuditKind.WORDING_CHANGED: "{who} changed the wording of messages",
    AuditKind.SETTINGS_CHANGED: "{who} changed settings",
    AuditKind.MONITOR_VIEWED: "{who} looked at the engagement monitor of a program",
    AuditKind.MONITOR_CHANGED: "{who} changed the engagement monitor of a program",
    AuditKind.SIGNAL_RAISED: "The engagement monitor asked to contact {whom}",
    AuditKind.SIGNAL_REPLAYED: "{who} replayed a signal about {whom}",
    AuditKind.TIER_SET_ASIDE: "{who} decided not to contact {whom} for now",
    AuditKind.TIER_TAKEN_UP: "{who} took back a “not now” about {whom}",
    AuditKind.OUTREACH_VIEWED: "{who} looked at the outreach list",
    AuditKind.OUTREACH_OPENED: "{who} opened an outreach task about {whom}",
    AuditKind.OUTREACH_LOGGED: "{who} logged a contact with {whom}",
    AuditKind.OUTREACH_UNDONE: "{who} took back a logged contact with {whom}",
    AuditKind.OUTREACH_HANDED_ON: "An outreach task about {whom} went to whoever is responsible now",
    AuditKind.OUTREACH_ESCALATED: "An outreach task about {whom} went to an administrator",
    AuditKind.OUTREACH_CLOSED: "{who} closed an outreach task about {whom}",
    AuditKind.SELF_REPORT_RECORDED: "{who} recorded a self-report of {whom}",
    AuditKind.SELF_REPORT_WITHDRAWN: "{who} took back a self-report of {whom}",
    AuditKind.WEEK_WISHES_CHANGED: "{who} changed what suits {whom} best",
    AuditKind.GOAL_ADDED: "{who} added a goal of {whom}",
    AuditKind.GOAL_ENDED: "{who} took a goal of {whom} off the list",
    AuditKind.CARE_REQUESTS_VIEWED: "{who} looked at what {whom} asks for",
    AuditKind.CARE_REQUESTED: "{who} asked for a change in the care of {whom}",
    AuditKind.CARE_REQUEST_TAKEN_BACK: "{who} took back a request of {whom}",
    AuditKind.CARE_REQUEST_ANSWERED: "{who} answered a request of {whom}",
    AuditKind.NOTE_LEFT: "{who} left a note about {whom} for the case manager",
    AuditKind.NOTE_SETTLED: "{who} dealt with a note about {whom}",
    AuditKind.SUPPORT_VIEWED: "{who} looked at who may come with {whom}",
    AuditKind.SUPPORT_ADDED: "{who} noted someone who may come with {whom}",
    AuditKind.SUPPORT_ENDED: "{who} noted that someone no longer comes with {whom}",
    AuditKind.SUPPORT_INVITED: "{who} recorded the consent of {whom} to tell someone of one session",
    AuditKind.SUPPORT_REVOKED: "{who} recorded that {whom} took an invitation back",
    AuditKind.SUPPORT_LINK_MADE: "{who} made a new link to one session of {whom}",
    AuditKind.SUPPORT_LINK_OPENED: "{who} opened the link to one session of {whom}",
}

PAGE_SIZE = 50
#: Rows of one export; older ones are reached with the date filters.
LONGEST_EXPORT = 20_000
#: Whoever was given a link that needs no account.
LINK_HOLDER = "Whoever holds the link"
TEXTER = "Whoever has the client’s number"
NOBODY_SIGNED_IN = "Someone not signed in"
SCHEDULER = "The system"
SOMEONE_ELSE = "someone who is no longer at your site"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows to show; everything not given is not restricted."""

    actor_id: int | None = None
    kind: AuditKind | None = None
    #: Rows about this client, and lists with the client on them.
    client_id: int | None = None
    from_day: date | None = None
    #: Last day, included.
    until_day: date | None = None
    #: Only rows older than this one, for the next page.
    before_id: int | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One row of the trail, ready to read."""

    id: int
    #: On the clock of the reader's site.
    at: datetime
    sentence: str
    who: str
    role: str
    kind: str
    client_id: int | None
    details: tuple[tuple[str, str], ...]
    reference: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of the trail and what the filters offer."""

    lines: tuple[AuditLine, ...]
    #: Where the next page begins; None on the last one.
    older_than: int | None
    staff: tuple[tuple[int, str], ...]
    clients: tuple[tuple[int, str], ...]


def audit_page(actor: Actor, wanted: AuditFilter) -> AuditPage:
    """Return the newest rows of the actor's sites that `wanted` lets through, one page of them.

    Raises:
        NotAllowed: the role does not read the trail.
    """
    actor.require(Permission.AUDIT_READ)
    rows = list(db.session.scalars(_matching(actor, wanted).limit(PAGE_SIZE + 1)))
    shown = rows[:PAGE_SIZE]
    return AuditPage(
        lines=tuple(_lines(shown, actor)),
        older_than=shown[-1].id if len(rows) > PAGE_SIZE else None,
        staff=_people_of(actor),
        clients=_clients_of(actor),
    )


def audit_rows(actor: Actor, wanted: AuditFilter) -> Iterator[AuditLine]:
    """Yield the rows for an export, newest first, at most LONGEST_EXPORT."""
    actor.require(Permission.AUDIT_READ)
    actor.require(Permission.EXPORT_RUN)
    rows = db.session.scalars(_matching(actor, wanted).limit(LONGEST_EXPORT)).all()
    yield from _lines(rows, actor)


def sentence(kind: str, *, who: str, whom: str) -> str:
    """Return what a row says.

    >>> sentence("client:viewed", who="Dev Banerjee", whom="Ana Q.")
    'Dev Banerjee looked at the record of Ana Q.'

    Raises:
        ValueError: there is no such kind.
    """
    return SENTENCES[AuditKind(kind)].format(who=who, whom=whom)


def kinds() -> list[tuple[str, str]]:
    """Return every kind with a few words to choose it by, in the order of the words."""
    named = [
        (str(kind), words.removeprefix("{who} ").format(who="Someone", whom="a client"))
        for kind, words in SENTENCES.items()
    ]
    return sorted(((kind, words[:1].upper() + words[1:]) for kind, words in named), key=lambda pair: pair[1])


def _matching(actor: Actor, wanted: AuditFilter) -> Select[AuditEvent]:
    row = AuditEvent
    conditions: list[ColumnElement[bool]] = [_at_own_sites(actor)]
    for column, value in (
        (row.actor_id, wanted.actor_id),
        (row.kind, wanted.kind),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.client_id is not None:
        conditions.append(row.id.in_(_shown(wanted.client_id, actor)))
    if wanted.from_day is not None:
        conditions.append(row.at >= _midnight(wanted.from_day, actor))
    if wanted.until_day is not None:
        conditions.append(row.at < _midnight(wanted.until_day + timedelta(days=1), actor))
    if wanted.before_id is not None:
        conditions.append(row.id < wanted.before_id)
    return select(row).where(*conditions).order_by(row.id.desc())


def _shown(client_id: int, actor: Actor) -> Select[int]:
    """Return the query for the rows about one client of the reader's sites, lists they stand on included."""
    return (
        select(AuditEventClient.event_id)
        .join(Client, Client.id == AuditEventClient.client_id)
        .where(Client.id == client_id, Client.site_id.in_(actor.site_ids))
    )


def _midnight(day: date, actor: Actor) -> datetime:
    return instant(day, time(0), zone(actor.zone))


def _at_own_sites(actor: Actor) -> ColumnElement[bool]:
    """Return the condition for rows of these sites: by the site noted, else by client, else by who acted."""
    row = AuditEvent
    their_client = exists().where(Client.id == row.client_id, Client.site_id.in_(actor.site_ids))
    their_staff = exists().where(user_site.c.user_id == row.actor_id, user_site.c.site_id.in_(actor.site_ids))
    unplaced = and_(row.site_id.is_(None), or_(their_client, and_(row.client_id.is_(None), their_staff)))
    return or_(row.site_id.in_(actor.site_ids), unplaced)


def _lines(rows: Sequence[AuditEvent], actor: Actor) -> Iterator[AuditLine]:
    """Yield rows as sentences; names of all of them come from two statements."""
    names = _names_of({row.actor_id for row in rows if row.actor_id is not None}, actor)
    clients = _short_names({row.client_id for row in rows if row.client_id is not None}, actor)
    tz = zone(actor.zone)
    for row in rows:
        who = _who(row, names)
        whom = clients.get(row.client_id, SOMEONE_ELSE) if row.client_id is not None else "a client"
        yield AuditLine(
            id=row.id,
            at=local(row.at, tz),
            sentence=sentence(row.kind, who=who, whom=whom),
            who=who,
            role=row.actor_role,
            kind=row.kind,
            client_id=row.client_id if row.client_id in clients else None,
            details=tuple(_details(row)),
            reference=row.reference,
        )


def _who(row: AuditEvent, names: dict[int, str]) -> str:
    by = (row.details or {}).get("by")
    if row.actor_id is not None:
        name = names.get(row.actor_id, "Someone of another site")
        return f"{LINK_HOLDER} of {name}" if by == Evidence.LINK else name
    if row.kind == AuditKind.SUPPORT_LINK_OPENED or by == Evidence.LINK:
        return LINK_HOLDER
    if by == Evidence.REPLY:
        return TEXTER
    return NOBODY_SIGNED_IN if row.kind.startswith("account:") else SCHEDULER


def _names_of(user_ids: Iterable[int], actor: Actor) -> dict[int, str]:
    """Return names of logins; of clients' logins only those of the reader's own sites."""
    users = db.session.execute(
        select(User.id, User.given_name, User.family_name).where(User.id.in_(list(user_ids)), _is_near(actor))
    )
    return {user_id: f"{given} {family}".strip() for user_id, given, family in users}


def _is_near(actor: Actor) -> ColumnElement[bool]:
    return or_(
        exists().where(user_site.c.user_id == User.id, user_site.c.site_id.in_(actor.site_ids)),
        exists().where(Client.user_id == User.id, Client.site_id.in_(actor.site_ids)),
    )


def _short_names(client_ids: Iterable[int], actor: Actor) -> dict[int, str]:
    statement = select(Client).where(Client.id.in_(list(client_ids)), Client.site_id.in_(actor.site_ids))
    return {client.id: client.short_name for client in db.session.scalars(statement)}


def _details(row: AuditEvent) -> Iterator[tuple[str, str]]:
    if row.subject:
        yield _heading(row.subject), row.subject_id
    if row.actor_role:
        yield "Role", Role(row.actor_role).replace("_", " ")
    for name, value in (row.details or {}).items():
        yield _heading(str(name)), _as_words(value)


def _heading(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _as_words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_as_words(part) for part in value) or "none"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_as_words(part)}" for name, part in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)


def _people_of(actor: Actor) -> tuple[tuple[int, str], ...]:
    statement = (
        select(User.id, User.given_name, User.family_name)
        .where(exists().where(user_site.c.user_id == User.id, user_site.c.site_id.in_(actor.site_ids)))
        .order_by(User.given_name, User.family_name, User.id)
    )
    return tuple(
        (row.id, f"{row.given_name} {row.family_name}".strip()) for row in db.session.execute(statement)
    )


def _clients_of(actor: Actor) -> tuple[tuple[int, str], ...]:
    statement = (
        select(Client).where(Client.site_id.in_(actor.site_ids)).order_by(Client.given_name, Client.id)
    )
    return tuple((client.id, client.short_name) for client in db.session.scalars(statement))
