"""Who may come with a client, to which sessions, and what the page behind a link tells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import contains_eager, joinedload

from iop_schedule.adapters.telephone import as_read
from iop_schedule.domain.civil_time import local, local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.support_people import LinkAnswer, LinkFacts, link_answer
from iop_schedule.models import (
    Client,
    Occurrence,
    RosterEntry,
    Series,
    SupportConsent,
    SupportLink,
    SupportPerson,
    db,
)
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.vocabulary import Evidence, Modality, OccurrenceStatus, Role, ServiceType

#: Invitations stay on the page for so long after their session.
SHOWN_AFTER = timedelta(days=30)
#: How many sessions to come are offered at once.
OFFERED = 4


@dataclass(frozen=True, slots=True)
class FamilySession:
    """One session somebody may come along to; times on the site's wall clock."""

    occurrence_id: int
    starts: datetime
    ends: datetime
    #: Street address; empty where the site keeps it out of what is written.
    address: str
    is_by_video: bool


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """One consent, as the client and staff read it."""

    consent_id: int
    session: FamilySession
    given_on: date
    evidence: Evidence
    #: Who wrote it down; empty when the client gave it themself.
    recorded_by: str
    expires_on: date
    revoked_at: datetime | None
    #: What the link tells now.
    says: LinkAnswer

    @property
    def stands(self) -> bool:
        """Return True when the link tells something."""
        return self.says is not LinkAnswer.NOTHING


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One support person with their invitations, and the sessions they are not invited to yet."""

    id: int
    name: str
    relation: str
    email: str
    phone: str
    language: str
    invitations: tuple[InvitationLine, ...]
    open_sessions: tuple[FamilySession, ...]


@dataclass(frozen=True, slots=True)
class SupportPeople:
    """Who may come with one client."""

    client_id: int
    #: What staff call the client, and what the client is called.
    name: str
    called: str
    office_phone: str
    today: date
    people: tuple[PersonLine, ...]
    sessions: tuple[FamilySession, ...]

    def person(self, person_id: int) -> PersonLine | None:
        """Return one of them; None when there is no such person on the list."""
        return next((one for one in self.people if one.id == person_id), None)


def company_permission(actor: Actor) -> Permission:
    """Return what `actor` must hold to say who may come along: for themself, or for a client of theirs."""
    return Permission.OWN_COMPANY if actor.role is Role.CLIENT else Permission.COMPANY_INVITE


def support_people_of(actor: Actor, client_id: int, *, now: datetime) -> SupportPeople:
    """Return who may come with one client, in the order they were added.

    Raises:
        NotFound, NotAllowed: as `access_client`.
    """
    client = access_client(actor, client_id, company_permission(actor), now=now)
    tz = zone(client.site.zone)
    coming = coming_family_sessions(client.id, now=now)
    sessions = tuple(family_session(held) for held in coming[:OFFERED])
    people = db.session.scalars(
        select(SupportPerson)
        .where(SupportPerson.client_id == client.id, SupportPerson.ended_at.is_(None))
        .order_by(SupportPerson.id)
    ).all()
    lines = _invitations(client, tz, now)
    return SupportPeople(
        client_id=client.id,
        name=client.short_name,
        called=client.called,
        office_phone=client.site.phone,
        today=local_day(now, tz),
        people=tuple(_person(row, lines.get(row.id, []), sessions) for row in people),
        sessions=sessions,
    )


def _person(
    row: SupportPerson, lines: Sequence[InvitationLine], sessions: Sequence[FamilySession]
) -> PersonLine:
    invited = {line.session.occurrence_id for line in lines if line.revoked_at is None}
    return PersonLine(
        id=row.id,
        name=row.name,
        relation=row.relation,
        email=row.email,
        phone=as_read(row.phone) if row.phone else "",
        language=row.language,
        invitations=tuple(lines),
        open_sessions=tuple(one for one in sessions if one.occurrence_id not in invited),
    )


def coming_family_sessions(client_id: int, *, now: datetime) -> Sequence[Occurrence]:
    """Return the family sessions a client is expected at that are not over, the next one first."""
    statement = (
        select(Occurrence)
        .join(Occurrence.series)
        .where(
            _is_expected(client_id),
            Series.service_type == ServiceType.FAMILY,
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.ends_at > now,
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
        .options(contains_eager(Occurrence.series), joinedload(Occurrence.site))
    )
    return db.session.scalars(statement).unique().all()


def _is_expected(client_id: int) -> ColumnElement[bool]:
    return exists().where(
        RosterEntry.occurrence_id == Occurrence.id,
        RosterEntry.client_id == client_id,
        RosterEntry.released_at.is_(None),
    )


def family_session(held: Occurrence) -> FamilySession:
    """Return what may be told of a session: when and where, and nothing else."""
    tz, by_video = zone(held.site.zone), held.series.modality == Modality.TELEHEALTH
    return FamilySession(
        occurrence_id=held.id,
        starts=local(held.starts_at, tz),
        ends=local(held.ends_at, tz),
        address="" if by_video else held.site.address,
        is_by_video=by_video,
    )


def _invitations(client: Client, tz: ZoneInfo, now: datetime) -> dict[int, list[InvitationLine]]:
    statement = (
        select(SupportConsent, SupportLink)
        .join(Occurrence, Occurrence.id == SupportConsent.occurrence_id)
        .outerjoin(
            SupportLink, (SupportLink.consent_id == SupportConsent.id) & SupportLink.ended_at.is_(None)
        )
        .where(
            SupportConsent.client_id == client.id,
            Occurrence.local_day >= local_day(now, tz) - SHOWN_AFTER,
        )
        .order_by(Occurrence.starts_at, SupportConsent.id)
    )
    rows = db.session.execute(statement).unique().all()
    expected = _expected(client.id, [consent.occurrence_id for consent, _ in rows])
    found: dict[int, list[InvitationLine]] = {}
    for consent, link in rows:
        held: Occurrence = consent.occurrence
        facts = _facts(consent, link, is_expected=held.id in expected)
        by = consent.recorded_by
        found.setdefault(consent.person_id, []).append(
            InvitationLine(
                consent_id=consent.id,
                session=family_session(held),
                given_on=consent.given_on,
                evidence=Evidence(consent.evidence),
                recorded_by="" if by.id == client.user_id else by.name,
                expires_on=consent.expires_on,
                revoked_at=local(consent.revoked_at, tz) if consent.revoked_at else None,
                says=link_answer(facts, today=local_day(now, tz), now=now),
            )
        )
    return found


def _expected(client_id: int, occurrence_ids: Iterable[int]) -> set[int]:
    statement = select(RosterEntry.occurrence_id).where(
        RosterEntry.client_id == client_id,
        RosterEntry.occurrence_id.in_(list(occurrence_ids)),
        RosterEntry.released_at.is_(None),
    )
    return set(db.session.scalars(statement))


def _facts(consent: SupportConsent, link: SupportLink | None, *, is_expected: bool) -> LinkFacts:
    held = consent.occurrence
    return LinkFacts(
        is_ended=link is None
        or link.ended_at is not None
        or consent.revoked_at is not None
        or consent.person.ended_at is not None,
        expires_on=consent.expires_on,
        told_start_at=link.told_start_at if link else held.starts_at,
        starts_at=held.starts_at,
        ends_at=held.ends_at,
        takes_place=held.status == OccurrenceStatus.PLANNED and is_expected,
    )


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What the page behind a link tells whoever holds it. Names nobody."""

    link_id: int
    client_id: int
    language: str
    says: LinkAnswer
    session: FamilySession


def link_page(token_hash: str, *, now: datetime) -> LinkPage | None:
    """Return what the link with this hash tells; None when it tells nothing, for whatever reason."""
    link = db.session.scalars(
        select(SupportLink)
        .where(SupportLink.token_hash == token_hash)
        .options(joinedload(SupportLink.consent).joinedload(SupportConsent.person))
    ).one_or_none()
    if link is None:
        return None
    consent = link.consent
    held = consent.occurrence
    facts = _facts(consent, link, is_expected=bool(_expected(consent.client_id, [held.id])))
    says = link_answer(facts, today=local_day(now, zone(held.site.zone)), now=now)
    if says is LinkAnswer.NOTHING:
        return None
    return LinkPage(link.id, consent.client_id, consent.person.language, says, family_session(held))


def accompanied(occurrence_id: int) -> dict[int, int]:
    """Return with how many support people each client of one session comes, as far as they are invited."""
    statement = (
        select(SupportConsent.client_id)
        .join(SupportPerson, SupportPerson.id == SupportConsent.person_id)
        .where(
            SupportConsent.occurrence_id == occurrence_id,
            SupportConsent.revoked_at.is_(None),
            SupportPerson.ended_at.is_(None),
        )
    )
    found: dict[int, int] = {}
    for client_id in db.session.scalars(statement):
        found[client_id] = found.get(client_id, 0) + 1
    return found
