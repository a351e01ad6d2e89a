"""Consents to disclose, and the reports that go out under them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.engagement.client_report import day_words
from iop_schedule.domain.engagement.sections import as_json
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Client, Disclosure, DisclosureConsent, IssuedReport, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.engagement.clients import client_report
from iop_schedule.queries.engagement.disclosures import consent_holds
from iop_schedule.queries.engagement.program import Span
from iop_schedule.vocabulary import AuditKind

LONGEST_RECIPIENT, LONGEST_PURPOSE = 200, 300
#: A consent that never ends is none: it names a last day, at most so many days after signing.
LONGEST_DAYS = 5 * 366


class ConsentDoesNotHold(NotPossible):
    """This consent has ended or was revoked. Choose another one, or record a new one."""


class NothingToDisclose(NotPossible):
    """There are no weeks of care in this time. Choose other weeks."""


@dataclass(frozen=True, slots=True)
class ConsentDetails:
    """What a signed form says."""

    recipient: str
    purpose: str
    signed_on: date
    #: Last day it holds, included.
    expires_on: date


def allow_disclosure(
    *, actor: Actor, client_id: int, details: ConsentDetails, now: datetime
) -> DisclosureConsent:
    """Record a consent that a client has signed.

    Raises:
        NotFound: not this person's client.
        NotPossible: something the form must say is missing or cannot be; the error names the field.

    Source: docs/sources.md#disclosures
    """
    client = access_client(actor, client_id, Permission.DISCLOSE, now=now)
    _check(details, today=local_day(now, zone(client.site.zone)))
    consent = DisclosureConsent(
        client_id=client.id,
        recipient=details.recipient.strip(),
        purpose=details.purpose.strip(),
        signed_on=details.signed_on,
        expires_on=details.expires_on,
        recorded_at=now,
        recorded_by_id=actor.user_id,
    )
    db.session.add(consent)
    db.session.flush()
    _record(AuditKind.DISCLOSURE_ALLOWED, actor, client, consent, now)
    db.session.commit()
    return consent


def _check(details: ConsentDetails, *, today: date) -> None:
    for field, text, most, sentence in (
        ("recipient", details.recipient, LONGEST_RECIPIENT, "Enter who may be told, as the form names them."),
        ("purpose", details.purpose, LONGEST_PURPOSE, "Enter what it is for, as the form says it."),
    ):
        if not text.strip():
            raise NotPossible(sentence, field=field)
        if len(text) > most:
            message = f"Keep this under {most} characters."
            raise NotPossible(message, field=field)
    if details.signed_on > today:
        message = "A form cannot have been signed after today."
        raise NotPossible(message, field="signed_on")
    if details.expires_on < today:
        message = "This consent is over already. Check its last day."
        raise NotPossible(message, field="expires_on")
    if (details.expires_on - details.signed_on).days > LONGEST_DAYS:
        message = "Enter a last day at most five years after signing."
        raise NotPossible(message, field="expires_on")


def revoke_disclosure(*, actor: Actor, client_id: int, consent_id: int, now: datetime) -> None:
    """Record that the client takes a consent back; twice is once. What was disclosed stays on record.

    Raises:
        NotFound: not this person's client, or not this client's consent.
    """
    client = access_client(actor, client_id, Permission.DISCLOSE, now=now)
    consent = _consent_of(client, consent_id)
    if consent.revoked_at is None:
        consent.revoked_at, consent.revoked_by_id = now, actor.user_id
        _record(AuditKind.DISCLOSURE_REVOKED, actor, client, consent, now)
    db.session.commit()


def issue_report(*, actor: Actor, client_id: int, consent_id: int, span: Span, now: datetime) -> IssuedReport:
    """Keep a report exactly as it goes out under a consent, and write the line of the accounting.

    Raises:
        NotFound: not this person's client, or not this client's consent.
        ConsentDoesNotHold: it has ended, was revoked, or does not hold yet.
        NothingToDisclose: the client was not in care in these weeks.

    Source: docs/sources.md#disclosures
    """
    client = access_client(actor, client_id, Permission.DISCLOSE, now=now)
    consent = _consent_of(client, consent_id)
    if not consent_holds(consent, local_day(now, zone(client.site.zone))):
        raise ConsentDoesNotHold(field="consent_id")
    report = client_report(actor, client.id, span, now=now)
    if report.is_empty:
        raise NothingToDisclose(field="first")
    issued = IssuedReport(
        client_id=client.id,
        from_day=span.first.monday,
        until_day=span.last.sunday,
        document={
            "name": report.full_name,
            "program": report.program,
            "site": report.site,
            "span": span.label,
            "issued_by": actor.name,
            "recipient": consent.recipient,
            "purpose": consent.purpose,
            "signed_on": day_words(consent.signed_on),
            "expires_on": day_words(consent.expires_on),
            "sections": as_json(report.sections),
        },
        issued_at=now,
        issued_by_id=actor.user_id,
    )
    db.session.add(issued)
    db.session.flush()
    db.session.add(
        Disclosure(
            client_id=client.id,
            at=now,
            recipient=consent.recipient,
            purpose=consent.purpose,
            what=f"Attendance and hours, {span.label}",
            consent_id=consent.id,
            report_id=issued.id,
            by_id=actor.user_id,
        )
    )
    audit.record(
        AuditKind.REPORT_ISSUED,
        actor=actor,
        now=now,
        client_id=client.id,
        subject=("issued_report", issued.id),
        details={"consent": consent.id, "from": str(issued.from_day), "until": str(issued.until_day)},
    )
    db.session.commit()
    return issued


def _consent_of(client: Client, consent_id: int) -> DisclosureConsent:
    """Return a consent as it is now, held fast until the transaction ends: it cannot be revoked meanwhile."""
    statement = (
        select(DisclosureConsent)
        .where(DisclosureConsent.id == consent_id, DisclosureConsent.client_id == client.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = db.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound
    return found


def _record(kind: AuditKind, actor: Actor, client: Client, consent: DisclosureConsent, now: datetime) -> None:
    days = {"signed": str(consent.signed_on), "until": str(consent.expires_on)}
    subject = ("disclosure_consent", consent.id)
    audit.record(kind, actor=actor, now=now, client_id=client.id, subject=subject, details=days)
