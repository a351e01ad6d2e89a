"""A client says who may come along, to which session, and takes it back; staff write down what they say."""

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select, update

from iop_schedule.actions import audit
from iop_schedule.actions.contacts import normal_address
from iop_schedule.actions.locks import lock_client
from iop_schedule.adapters import tokens
from iop_schedule.domain import support_people as rules
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.errors import NotPossible
from iop_schedule.models import Occurrence, SupportConsent, SupportLink, SupportPerson, db
from iop_schedule.queries import support_people as queries
from iop_schedule.queries.access import Actor, access_about_client, access_client
from iop_schedule.queries.support_people import LinkPage
from iop_schedule.vocabulary import AuditKind, Channel, Evidence, Role

_PURPOSE = "support-link"


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """A support person as the client describes them."""

    name: str
    relation: str = ""
    email: str = ""
    phone: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Given:
    """How and when a client agreed."""

    evidence: Evidence
    on: date


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """A link that has just been made; `token` is shown once and kept nowhere."""

    consent_id: int
    person_id: int
    token: str = field(repr=False)


def add_person(*, actor: Actor, client_id: int, details: PersonDetails, now: datetime) -> SupportPerson:
    """Keep who may come with a client. They are told nothing by this.

    Raises:
        NotFound: not this person's client.
        BadSupportPerson, EnoughSupportPeople, NotPossible: no name, one too many, no address that can be.
    """
    client = access_client(actor, client_id, queries.company_permission(actor), now=now)
    name, relation = rules.called(details.name), rules.relation_words(details.relation)
    email = _address(Channel.EMAIL, details.email, "email")
    phone = _address(Channel.SMS, details.phone, "phone")
    lock_client(client.id)
    listed = select(func.count(SupportPerson.id)).where(
        SupportPerson.client_id == client.id, SupportPerson.ended_at.is_(None)
    )
    if (db.session.scalar(listed) or 0) >= rules.MOST:
        raise rules.EnoughSupportPeople(field="name")
    person = SupportPerson(
        client_id=client.id, name=name, relation=relation, email=email, phone=phone,
        language=details.language, added_at=now, added_by_id=actor.user_id,
    )  # fmt: skip
    db.session.add(person)
    db.session.flush()
    _record(AuditKind.SUPPORT_ADDED, actor, client.id, ("support_person", person.id), now)
    db.session.commit()
    return person


def end_person(*, actor: Actor, person_id: int, now: datetime) -> None:
    """Take someone off the list, and every invitation of theirs back; twice is once.

    Raises:
        NotFound: not this person's.
    """
    person = access_about_client(actor, SupportPerson, person_id, queries.company_permission(actor), now=now)
    lock_client(person.client_id)
    db.session.refresh(person)
    if person.ended_at is None:
        person.ended_at = now
        standing = select(SupportConsent).where(
            SupportConsent.person_id == person.id, SupportConsent.revoked_at.is_(None)
        )
        for consent in db.session.scalars(standing.order_by(SupportConsent.id)).all():
            _revoke(actor, consent, now)
        _record(AuditKind.SUPPORT_ENDED, actor, person.client_id, ("support_person", person.id), now)
    db.session.commit()


def invite(
    *, actor: Actor, person_id: int, occurrence_id: int, given: Given, key: str, now: datetime
) -> NewInvitation:
    """Record a client's consent to tell one person of one session, and make the link.

    Whatever a client does in the application is their own consent; staff say how it was given to them.

    Raises:
        NotFound: not this person's.
        NoFamilySession: no family session of this client's, or none to come.
        InvitedAlready: a consent stands.
        NotPossible: it is said to have been given after today.
    """
    person = access_about_client(actor, SupportPerson, person_id, queries.company_permission(actor), now=now)
    lock_client(person.client_id)
    db.session.refresh(person)
    if person.ended_at is not None:
        raise rules.ConsentOver
    coming = queries.coming_family_sessions(person.client_id, now=now)
    held = next((one for one in coming if one.id == occurrence_id), None)
    if held is None:
        raise rules.NoFamilySession(field="occurrence_id")
    if _stands(person.id, held.id):
        raise rules.InvitedAlready(field="occurrence_id")
    is_own = actor.role is Role.CLIENT
    today = local_day(now, zone(held.site.zone))
    given_on = today if is_own else given.on
    rules.check_given_on(given_on, today=today)
    consent = SupportConsent(
        client_id=person.client_id, person_id=person.id, occurrence_id=held.id, given_on=given_on,
        evidence=Evidence.ONLINE if is_own else given.evidence, expires_on=rules.last_day(held.local_day),
        recorded_at=now, recorded_by_id=actor.user_id,
    )  # fmt: skip
    db.session.add(consent)
    db.session.flush()
    _record_consent(AuditKind.SUPPORT_INVITED, actor, consent, now)
    made = _link(actor, consent, held, key=key, now=now)
    db.session.commit()
    return made


def new_link(*, actor: Actor, consent_id: int, key: str, now: datetime) -> NewInvitation:
    """Make a new link under a consent that stands; the old one tells nothing from now on.

    Raises:
        NotFound: not this person's.
        ConsentOver: it was taken back, or its time or session is over.
    """
    consent = access_about_client(
        actor, SupportConsent, consent_id, queries.company_permission(actor), now=now
    )
    lock_client(consent.client_id)
    db.session.refresh(consent)
    held = consent.occurrence
    today = local_day(now, zone(held.site.zone))
    if consent.revoked_at is not None or today > consent.expires_on or now >= held.ends_at:
        raise rules.ConsentOver
    _end_links(consent.id, now)
    made = _link(actor, consent, held, key=key, now=now)
    _record_consent(AuditKind.SUPPORT_LINK_MADE, actor, consent, now)
    db.session.commit()
    return made


def revoke(*, actor: Actor, consent_id: int, now: datetime) -> None:
    """Take an invitation back: its link tells nothing from this moment; twice is once.

    Raises:
        NotFound: not this person's.
    """
    consent = access_about_client(
        actor, SupportConsent, consent_id, queries.company_permission(actor), now=now
    )
    lock_client(consent.client_id)
    db.session.refresh(consent)
    if consent.revoked_at is None:
        _revoke(actor, consent, now)
    db.session.commit()


def open_link(*, token: str, key: str, now: datetime) -> LinkPage | None:
    """Return what a link tells, and note that it was opened; None when it tells nothing."""
    page = queries.link_page(tokens.keyed_hash(key, _PURPOSE, token), now=now)
    if page is not None:
        audit.record_alone(
            AuditKind.SUPPORT_LINK_OPENED, actor=None, now=now, client_id=page.client_id,
            subject=("support_link", page.link_id), details={"says": str(page.says)},
        )  # fmt: skip
    return page


def _address(channel: Channel, typed: str, name: str) -> str:
    if not typed.strip():
        return ""
    try:
        return normal_address(channel, typed)
    except NotPossible as refused:
        raise rules.BadSupportPerson(refused.message, field=name) from None


def _stands(person_id: int, occurrence_id: int) -> bool:
    statement = select(SupportConsent.id).where(
        SupportConsent.person_id == person_id,
        SupportConsent.occurrence_id == occurrence_id,
        SupportConsent.revoked_at.is_(None),
    )
    return db.session.scalars(statement).first() is not None


def _link(
    actor: Actor, consent: SupportConsent, held: Occurrence, *, key: str, now: datetime
) -> NewInvitation:
    token = tokens.new_token()
    hashed = tokens.keyed_hash(key, _PURPOSE, token)
    link = SupportLink(
        consent_id=consent.id, token_hash=hashed, told_start_at=held.starts_at, made_at=now,
        made_by_id=actor.user_id,
    )  # fmt: skip
    db.session.add(link)
    db.session.flush()
    return NewInvitation(consent.id, consent.person_id, token)


def _revoke(actor: Actor, consent: SupportConsent, now: datetime) -> None:
    consent.revoked_at, consent.revoked_by_id = now, actor.user_id
    _end_links(consent.id, now)
    _record_consent(AuditKind.SUPPORT_REVOKED, actor, consent, now)


def _end_links(consent_id: int, now: datetime) -> None:
    db.session.execute(
        update(SupportLink)
        .where(SupportLink.consent_id == consent_id, SupportLink.ended_at.is_(None))
        .values(ended_at=now)
    )


def _record_consent(kind: AuditKind, actor: Actor, consent: SupportConsent, now: datetime) -> None:
    details = {
        "occurrence": consent.occurrence_id,
        "person": consent.person_id,
        "evidence": str(consent.evidence),
        "given": str(consent.given_on),
        "until": str(consent.expires_on),
    }
    audit.record(
        kind, actor=actor, now=now, client_id=consent.client_id,
        subject=("support_consent", consent.id), details=details,
    )  # fmt: skip


def _record(
    kind: AuditKind, actor: Actor, client_id: int, subject: tuple[str, object], now: datetime
) -> None:
    audit.record(kind, actor=actor, now=now, client_id=client_id, subject=subject)
