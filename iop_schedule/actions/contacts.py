"""What clients and their staff settle about messages: where to, about what, and when.

A client does it for themself, staff for a client with the evidence they have. An address takes nothing
before it is confirmed: by a code that was sent there, or by staff who have asked its owner.
"""

import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select

from iop_schedule.actions import audit
from iop_schedule.actions.reminders.letters import contact_code
from iop_schedule.actions.reminders.planning import put
from iop_schedule.actions.reminders.stopping import end_consents
from iop_schedule.adapters import tokens
from iop_schedule.adapters.telephone import international
from iop_schedule.domain import civil_time
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import LANGUAGES, Wanted, key_of
from iop_schedule.errors import NotPossible, TooManyAttempts
from iop_schedule.models import Client, ContactConsent, ContactPoint, ContactWish, ReminderDelivery, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.reminders import lock_client
from iop_schedule.vocabulary import (
    AuditKind,
    Channel,
    ConsentPurpose,
    DeliveryPurpose,
    Evidence,
    Role,
    StopReason,
)

CODE_GOOD = timedelta(minutes=15)
MOST_TRIES = 5
MOST_CODES_AN_HOUR = 5
_MAIL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_NOT_MAIL = "Enter an email address like name@example.org."
_NOT_NUMBER = "Enter a mobile number with its area code, like (202) 555-0142."


class WrongCode(NotPossible):
    """That is not the code we sent. Check it, or ask for a new one."""


class CodeEnded(NotPossible):
    """That code is no longer good. Ask for a new one."""


class TooManyCodes(TooManyAttempts):
    """We have sent several codes within the hour. Wait a while before you ask for another."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """When and how a client likes to be written to; None and empty mean: as the clinic does."""

    language: str = ""
    zone: str = ""
    quiet: tuple[time, time] | None = None
    #: Calendar days before, and the time of day.
    lead: tuple[int, time] | None = None


def normal_address(channel: Channel, typed: str) -> str:
    """Return an address in the form it is stored in.

    Raises:
        NotPossible: it is no address of this channel.
    """
    if channel is Channel.SMS:
        number = international(typed.strip())
        if number is None:
            raise NotPossible(_NOT_NUMBER, field="address")
        return number
    mail = typed.strip().lower()
    if len(mail) > 254 or not _MAIL.fullmatch(mail):  # noqa: PLR2004 - the longest a mail server takes
        raise NotPossible(_NOT_MAIL, field="address")
    return mail


def enter_address(
    *, actor: Actor, client_id: int, channel: Channel, typed: str, now: datetime
) -> ContactPoint:
    """Say where messages over one channel go; a new address takes none before it is confirmed.

    Raises:
        NotFound, NotAllowed: the client is not the actor's.
        NotPossible: no such address can be.
    """
    client = _client(actor, client_id, now)
    address = normal_address(channel, typed)
    point = point_of(client.id, channel)
    if point is not None and point.address == address and point.stopped_at is None:
        return point
    if point is None:
        point = ContactPoint(client_id=client.id, channel=channel, code_tries=0)
        db.session.add(point)
    point.address, point.added_at = address, now
    point.confirmed_at = point.confirmed_by = point.stopped_at = point.stop_reason = None
    point.code_salt, point.code_until, point.code_tries = "", None, 0
    _record(AuditKind.CONTACT_ADDED, actor, client.id, now, channel=channel)
    db.session.commit()
    return point


def send_code(*, actor: Actor, client_id: int, channel: Channel, language: str = "", now: datetime) -> None:
    """Send a code to the address, through the outbox like every message.

    Raises:
        NotFound, NotAllowed: the client is not the actor's.
        NotPossible: there is no address.
        TooManyCodes: several were sent within the hour.
    """
    client = _client(actor, client_id, now)
    point = _needed(client.id, channel)
    recent = select(func.count()).where(
        ReminderDelivery.client_id == client.id,
        ReminderDelivery.purpose == DeliveryPurpose.CODE,
        ReminderDelivery.due_at > now - timedelta(hours=1),
    )
    if (db.session.scalar(recent) or 0) >= MOST_CODES_AN_HOUR:
        raise TooManyCodes
    point.code_salt, point.code_until, point.code_tries = secrets.token_hex(16), now + CODE_GOOD, 0
    put(
        Wanted(
            dedup_key=key_of("code", client.id, channel, point.code_salt),
            channel=channel,
            purpose=DeliveryPurpose.CODE,
            day=civil_time.local_day(now, civil_time.zone(client.site.zone)),
            planned_start_at=now,
            due_at=now,
            next_try_at=now,
            expires_at=now + CODE_GOOD,
            client_id=client.id,
            language=language or _language(client),
        )
    )
    db.session.commit()


def confirm_code(
    *, actor: Actor, client_id: int, channel: Channel, typed: str, key: str, now: datetime
) -> None:
    """Confirm the address with the code that was sent there.

    Raises:
        NotFound, NotAllowed: the client is not the actor's.
        WrongCode, CodeEnded: it is not the code, was tried too often, or is too old.
    """
    client = _client(actor, client_id, now)
    point = _needed(client.id, channel)
    if not point.code_salt or point.code_until is None or point.code_until <= now:
        raise CodeEnded(field="code")
    if point.code_tries >= MOST_TRIES:
        raise CodeEnded(field="code")
    # People paste codes with blanks around and in them.
    given = "".join(letter for letter in typed if letter.isdigit())
    if not tokens.is_same(contact_code(key, point.code_salt, point.address), given):
        point.code_tries += 1
        db.session.commit()
        raise WrongCode(field="code")
    _confirm(actor, point, Evidence.CODE, now)
    db.session.commit()


def confirm_for_client(
    *, actor: Actor, client_id: int, channel: Channel, evidence: Evidence, now: datetime
) -> None:
    """Confirm the address on the word of its owner, as staff heard or read it.

    Raises:
        NotFound, NotAllowed: the client is not the actor's, or the actor is the client.
        NotPossible: there is no address.
    """
    actor.require(Permission.CLIENT_EDIT)
    client = _client(actor, client_id, now)
    _confirm(actor, _needed(client.id, channel), evidence, now)
    db.session.commit()


def _confirm(actor: Actor, point: ContactPoint, evidence: Evidence, now: datetime) -> None:
    point.confirmed_at, point.confirmed_by = now, evidence
    point.stopped_at = point.stop_reason = None
    point.code_salt, point.code_until, point.code_tries = "", None, 0
    _record(
        AuditKind.CONTACT_CONFIRMED, actor, point.client_id, now, channel=point.channel, evidence=evidence
    )


def agree(
    *,
    actor: Actor,
    client_id: int,
    to: Collection[tuple[Channel, ConsentPurpose]],
    evidence: Evidence,
    since: date | None = None,
    now: datetime,
) -> None:
    """Make what a client agrees to exactly `to`: give what is new, take back what is missing.

    Args:
        actor: the client, or staff for them.
        client_id: whose.
        to: the pairs of channel and purpose they agree to from now on.
        evidence: how we know; clients who do it themselves do it online.
        since: the day they agreed, on the site's calendar; today unless given.
        now: the current instant.

    Raises:
        NotFound, NotAllowed: the client is not the actor's.
        NotPossible: the day has not come yet.
    """
    client = _client(actor, client_id, now)
    lock_client(client.id)
    tz = civil_time.zone(client.site.zone)
    if since is not None and since > civil_time.local_day(now, tz):
        message = "Enter the day they agreed; it cannot be in the future."
        raise NotPossible(message, field="since")
    given_at = now if since is None else min(now, civil_time.instant(since, time(12), tz))
    held = {(Channel(row.channel), ConsentPurpose(row.purpose)) for row in open_consents(client.id)}
    for channel, purpose in sorted(set(to) - held):
        db.session.add(
            ContactConsent(
                client_id=client.id,
                channel=channel,
                purpose=purpose,
                given_at=given_at,
                evidence=evidence,
                recorded_by_id=None if actor.role is Role.CLIENT else actor.user_id,
            )
        )
        _record(
            AuditKind.CONSENT_GIVEN,
            actor,
            client.id,
            now,
            channel=channel,
            purpose=purpose,
            evidence=evidence,
        )
    for channel, purpose in sorted(held - set(to)):
        end_consents(client.id, [channel], [purpose], evidence, now=now, actor=actor)
    db.session.commit()


def open_consents(client_id: int) -> list[ContactConsent]:
    """Return what a client agrees to now."""
    statement = select(ContactConsent).where(
        ContactConsent.client_id == client_id, ContactConsent.ended_at.is_(None)
    )
    return list(db.session.scalars(statement.order_by(ContactConsent.id)))


def wish(*, actor: Actor, client_id: int, wishes: Wishes, now: datetime) -> None:
    """Say when and in which language a client likes to be written to.

    Raises:
        NotFound, NotAllowed: the client is not the actor's.
        NotPossible: a language we do not write, or a lead we do not offer.
        UnknownZone: no such time zone.
    """
    client = _client(actor, client_id, now)
    if wishes.language and wishes.language not in LANGUAGES:
        raise NotPossible("Choose one of the languages offered.", field="language")  # noqa: EM101
    if wishes.zone:
        civil_time.zone(wishes.zone)
    if wishes.lead is not None and not 0 <= wishes.lead[0] <= 2:  # noqa: PLR2004 - as the table says
        raise NotPossible("Choose one of the days offered.", field="days_before")  # noqa: EM101
    row = db.session.get(ContactWish, client.id)
    if row is None:
        row = ContactWish(client_id=client.id)
        db.session.add(row)
    row.language, row.zone, row.changed_at = wishes.language, wishes.zone, now
    row.quiet_from, row.quiet_until = wishes.quiet or (None, None)
    row.days_before, row.remind_at = wishes.lead or (None, None)
    _record(AuditKind.WISHES_CHANGED, actor, client.id, now)
    db.session.commit()


def outdate(client_id: int, channel: Channel, current: str, *, now: datetime) -> None:
    """Stop an address that the record has just replaced by `current`, in the transaction of the caller."""
    point = point_of(client_id, channel)
    same = international(current) if channel is Channel.SMS else current.lower()
    if point is not None and point.stopped_at is None and same != point.address:
        point.stopped_at, point.stop_reason = now, StopReason.CHANGED


def point_of(client_id: int, channel: Channel) -> ContactPoint | None:
    """Return where messages to a client go over one channel, as it is stored now."""
    statement = select(ContactPoint).where(
        ContactPoint.client_id == client_id, ContactPoint.channel == channel
    )
    return db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def _needed(client_id: int, channel: Channel) -> ContactPoint:
    lock_client(client_id)
    point = point_of(client_id, channel)
    if point is None:
        raise NotPossible("Enter the address first.", field="address")  # noqa: EM101
    return point


def _client(actor: Actor, client_id: int, now: datetime) -> Client:
    permission = Permission.OWN_MESSAGES if actor.role is Role.CLIENT else Permission.CLIENT_EDIT
    return access_client(actor, client_id, permission, now=now)


def _language(client: Client) -> str:
    return next((code for code in client.languages if code in LANGUAGES), LANGUAGES[0])


def _record(kind: AuditKind, actor: Actor, client_id: int, now: datetime, **details: object) -> None:
    audit.record(kind, actor=actor, now=now, client_id=client_id, details=details)
