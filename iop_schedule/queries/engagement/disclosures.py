"""Consents to disclose, the accounting of disclosures, and the reports that were issued."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.civil_time import local, local_day, zone
from iop_schedule.domain.engagement.sections import Section, from_json
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound
from iop_schedule.models import Client, Disclosure, DisclosureConsent, IssuedReport, User, db
from iop_schedule.queries.access import Actor, access_client


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """One consent as a page shows it."""

    id: int
    recipient: str
    purpose: str
    signed_on: date
    expires_on: date
    revoked_on: date | None
    #: It allows a disclosure today.
    holds: bool


@dataclass(frozen=True, slots=True)
class DisclosureLine:
    """One line of the accounting; the time is on the site's clock."""

    at: datetime
    recipient: str
    purpose: str
    what: str
    by: str
    report_id: int


@dataclass(frozen=True, slots=True)
class Disclosures:
    """Everything about disclosures of one client."""

    client_id: int
    name: str
    consents: tuple[ConsentLine, ...]
    made: tuple[DisclosureLine, ...]

    @property
    def usable(self) -> tuple[ConsentLine, ...]:
        """Return the consents that hold today."""
        return tuple(consent for consent in self.consents if consent.holds)


def disclosures_of(actor: Actor, client_id: int, *, now: datetime) -> Disclosures:
    """Return the consents and the accounting of disclosures of one client, newest first.

    Raises:
        NotFound: not this person's to see.
    """
    client = access_client(actor, client_id, Permission.DISCLOSE, now=now)
    return Disclosures(client.id, client.short_name, _consents(client, now), _made(client))


def _consents(client: Client, now: datetime) -> tuple[ConsentLine, ...]:
    tz = zone(client.site.zone)
    today = local_day(now, tz)
    statement = (
        select(DisclosureConsent)
        .where(DisclosureConsent.client_id == client.id)
        .order_by(DisclosureConsent.signed_on.desc(), DisclosureConsent.id.desc())
    )
    return tuple(
        ConsentLine(
            id=row.id,
            recipient=row.recipient,
            purpose=row.purpose,
            signed_on=row.signed_on,
            expires_on=row.expires_on,
            revoked_on=local_day(row.revoked_at, tz) if row.revoked_at else None,
            holds=consent_holds(row, today),
        )
        for row in db.session.scalars(statement)
    )


def consent_holds(consent: DisclosureConsent, today: date) -> bool:
    """Return True when `consent` allows a disclosure on `today`, its last day included."""
    return consent.revoked_at is None and consent.signed_on <= today <= consent.expires_on


def _made(client: Client) -> tuple[DisclosureLine, ...]:
    tz = zone(client.site.zone)
    statement = (
        select(Disclosure, User)
        .join(User, User.id == Disclosure.by_id)
        .where(Disclosure.client_id == client.id)
        .order_by(Disclosure.at.desc(), Disclosure.id.desc())
    )
    return tuple(
        DisclosureLine(
            at=local(row.at, tz),
            recipient=row.recipient,
            purpose=row.purpose,
            what=row.what,
            by=user.name,
            report_id=row.report_id,
        )
        for row, user in db.session.execute(statement).unique()
    )


@dataclass(frozen=True, slots=True)
class Issued:
    """A report exactly as it was handed out."""

    id: int
    client_id: int
    #: Names as printed then: name, program, site, span, issued_by, recipient, purpose, scope.
    names: dict[str, Any]
    sections: tuple[Section, ...]
    issued_at: datetime


def issued_report(actor: Actor, client_id: int, report_id: int, *, now: datetime) -> Issued:
    """Return an issued report of one client from what was stored then; nothing is computed.

    Raises:
        NotFound: not this person's to see.
    """
    client = access_client(actor, client_id, Permission.DISCLOSE, now=now)
    statement = (
        select(IssuedReport)
        .where(IssuedReport.id == report_id, IssuedReport.client_id == client.id)
        .options(joinedload(IssuedReport.issued_by))
    )
    row = db.session.scalars(statement).unique().one_or_none()
    if row is None:
        raise NotFound
    names = {key: value for key, value in row.document.items() if key != "sections"}
    return Issued(
        id=row.id,
        client_id=client.id,
        names=names,
        sections=from_json(row.document["sections"]),
        issued_at=local(row.issued_at, zone(client.site.zone)),
    )
