"""What comes back: answers to a message, the wish to hear no more, reports of a provider.

Each is taken once, however often it is delivered, and none is believed that is not signed; the web layer
sees to that. A text is understood and forgotten: only its meaning is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from iop_schedule.actions import audit, notices
from iop_schedule.actions.reminders.rows import let_go, note
from iop_schedule.actions.reminders.stopping import end_consents, stop_address
from iop_schedule.adapters.messages import STOPPING
from iop_schedule.adapters.telephone import international
from iop_schedule.domain.reminders import Meaning, meaning_of
from iop_schedule.errors import DomainError, NotFound, NotPossible
from iop_schedule.models import (
    Client,
    ContactConsent,
    ContactPoint,
    InboundMessage,
    Occurrence,
    ReminderDelivery,
    ReminderReply,
    RosterEntry,
    User,
    db,
)
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.contacts import reaches
from iop_schedule.queries.messages import asked_by, went_to_the_client
from iop_schedule.queries.reminders import lock_client
from iop_schedule.vocabulary import (
    AbsenceReason,
    Answer,
    AuditKind,
    Channel,
    ConsentPurpose,
    DeliveryPurpose,
    DeliveryState,
    Evidence,
    HoldReason,
    OccurrenceStatus,
    StopReason,
)

#: An answer belongs to a message that went out within this time.
ANSWERED_WITHIN = timedelta(days=3)
_OUT = (DeliveryState.SENT, DeliveryState.UNKNOWN, DeliveryState.ATTEMPTING)


class TooLateToAnswer(NotPossible):
    """This appointment has begun or is over. Call the office instead."""


def answer_from_link(delivery_id: str, said: Answer, *, now: datetime) -> None:
    """Take the answer of whoever holds a message's link, as long as the page behind it asks.

    Raises:
        NotFound: there is no such message.
        TooLateToAnswer: it asks nothing, or nothing any more.
    """
    row = db.session.get(ReminderDelivery, delivery_id)
    if row is None or row.client_id is None:
        raise NotFound
    lock_client(row.client_id)
    asked = asked_by(delivery_id, now=now)
    if not asked.can_answer:
        raise TooLateToAnswer
    _take(row, said, asked.channel, Evidence.LINK, now)


def answer(delivery_id: str, said: Answer, *, channel: Channel, now: datetime) -> None:
    """Take a client's answer by text to a message about a day; the latest one counts.

    Who cannot come is told off for every session of that day, as if they had said so on their own page.

    Raises:
        NotFound: the message asks nothing.
        TooLateToAnswer: the day's first session has begun.
    """
    row = db.session.get(ReminderDelivery, delivery_id)
    if row is None or row.client_id is None or not DeliveryPurpose(row.purpose).is_about_a_day:
        raise NotFound
    if row.planned_start_at <= now:
        raise TooLateToAnswer
    lock_client(row.client_id)
    _take(row, said, channel, Evidence.REPLY, now)


def _take(row: ReminderDelivery, said: Answer, channel: Channel, by: Evidence, now: datetime) -> None:
    client_id, day = row.client_id, row.day
    assert client_id is not None  # noqa: S101
    db.session.add(
        ReminderReply(client_id=client_id, day=day, answer=said, channel=channel, at=now, delivery_id=row.id)
    )
    audit.record(
        AuditKind.REPLY_RECEIVED,
        actor=None,
        now=now,
        client_id=client_id,
        details={"channel": channel, "answer": said, "day": day.isoformat(), "by": by},
    )
    db.session.commit()
    actor = _account_of(client_id, by)
    if actor is not None:
        _tell(actor, client_id, _sessions(client_id, day), said, now)


def _sessions(client_id: int, day: date) -> list[int]:
    """Return the sessions of a client's day, those told off as well."""
    statement = (
        select(Occurrence.id)
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            RosterEntry.client_id == client_id,
            RosterEntry.released_at.is_(None),
            Occurrence.local_day == day,
            Occurrence.status == OccurrenceStatus.PLANNED,
        )
        .order_by(Occurrence.id)
    )
    return list(db.session.scalars(statement))


def _tell(actor: Actor, client_id: int, occurrence_ids: Sequence[int], said: Answer, now: datetime) -> None:
    for occurrence_id in occurrence_ids:
        try:
            if said is Answer.CANNOT:
                notices.tell_absence(
                    actor=actor,
                    client_id=client_id,
                    occurrence_id=occurrence_id,
                    reason=AbsenceReason.NOT_SAID,
                    now=now,
                )
            else:
                notices.take_back_absence(
                    actor=actor, client_id=client_id, occurrence_id=occurrence_id, now=now
                )
        except DomainError:  # over, called off, or too late to change: the answer itself is kept
            db.session.rollback()


def _account_of(client_id: int, by: Evidence) -> Actor | None:
    """Return whom the rules let tell something about a client's sessions: the client, who did not sign in."""
    client = db.session.get_one(Client, client_id)
    user = db.session.get(User, client.user_id) if client.user_id is not None else None
    return replace(actor_for(user), unsigned_by=by) if user is not None and user.active else None


def stop_from_link(delivery_id: str, *, everything: bool, now: datetime) -> None:
    """Stop messages like this one, or every message over its channel, for whoever holds its link.

    A link that went to an address which is no longer the client's ends none of their agreements: nothing
    goes to that address any more.

    Raises:
        NotFound: there is no such message, or it cannot be stopped.
    """
    row = db.session.get(ReminderDelivery, delivery_id)
    purpose = DeliveryPurpose(row.purpose).consent if row is not None else None
    if row is None or row.client_id is None or purpose is None:
        raise NotFound
    lock_client(row.client_id)
    if not went_to_the_client(row):
        return
    purposes = tuple(ConsentPurpose) if everything else (purpose,)
    end_consents(row.client_id, [Channel(row.channel)], purposes, Evidence.LINK, now=now)
    db.session.commit()


@dataclass(frozen=True, slots=True)
class Understood:
    """What a text means, and in which language to answer it."""

    meaning: Meaning
    language: str = "en"
    #: False when it was delivered before.
    is_new: bool = True


def take_text(*, sender: str, text: str, ref: str, now: datetime) -> Understood:
    """Act on a text that came in; the same one delivered again changes nothing.

    Args:
        sender: the number it came from.
        text: what it says; not kept.
        ref: the provider's name for it.
        now: the current instant.
    """
    meaning = meaning_of(text)
    clients = _clients_at(sender)
    language = reaches(clients, [Channel.SMS])[clients[0]][0].language if clients else "en"
    if not _is_first(ref, meaning, now):
        return Understood(meaning, language, is_new=False)
    if meaning is Meaning.STOP:
        for client_id in clients:
            end_consents(client_id, [Channel.SMS], tuple(ConsentPurpose), Evidence.REPLY, now=now)
    elif meaning is Meaning.START:
        for client_id in clients:
            _start_again(client_id, sender, now)
    db.session.commit()
    if meaning in {Meaning.COMING, Meaning.CANNOT}:
        asked = _last_question(clients, now)
        if asked is not None:
            answer(asked, Answer(meaning.value), channel=Channel.SMS, now=now)
    return Understood(meaning, language)


def _clients_at(sender: str) -> list[int]:
    number = international(sender)
    if number is None:
        return []
    statement = select(ContactPoint.client_id).where(
        ContactPoint.channel == Channel.SMS, ContactPoint.address == number
    )
    return sorted(db.session.scalars(statement))


def _is_first(ref: str, meaning: Meaning, now: datetime) -> bool:
    session = db.session()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    done = session.execute(
        dialect.insert(InboundMessage)
        .values(channel=Channel.SMS, provider_ref=ref[:80], at=now, meaning=meaning)
        .on_conflict_do_nothing(index_elements=["channel", "provider_ref"])
        .returning(InboundMessage.id)
    )
    return done.scalar() is not None


def _start_again(client_id: int, sender: str, now: datetime) -> None:
    """Give back what the client took back by text, and nothing they never agreed to."""
    lock_client(client_id)
    rows = db.session.scalars(
        select(ContactConsent).where(
            ContactConsent.client_id == client_id, ContactConsent.channel == Channel.SMS
        )
    ).all()
    held = {row.purpose for row in rows if row.ended_at is None}
    by_text = {Evidence.REPLY, Evidence.PROVIDER}
    for purpose in sorted({row.purpose for row in rows if row.end_evidence in by_text} - held):
        db.session.add(
            ContactConsent(
                client_id=client_id,
                channel=Channel.SMS,
                purpose=purpose,
                given_at=now,
                evidence=Evidence.REPLY,
            )
        )
        audit.record(
            AuditKind.CONSENT_GIVEN,
            actor=None,
            now=now,
            client_id=client_id,
            details={"channel": Channel.SMS, "purpose": purpose, "evidence": Evidence.REPLY},
        )
    point = db.session.scalars(
        select(ContactPoint).where(
            ContactPoint.client_id == client_id,
            ContactPoint.channel == Channel.SMS,
            ContactPoint.stop_reason == StopReason.OPTED_OUT,
        )
    ).one_or_none()
    if point is not None and point.address == international(sender):
        point.stopped_at = point.stop_reason = None


def _last_question(client_ids: Sequence[int], now: datetime) -> str | None:
    """Return the message by text that an answer from these people is about: the latest one."""
    about_a_day = [purpose for purpose in DeliveryPurpose if purpose.is_about_a_day]
    statement = (
        select(ReminderDelivery.id)
        .where(
            ReminderDelivery.client_id.in_(client_ids),
            ReminderDelivery.channel == Channel.SMS,
            ReminderDelivery.purpose.in_(about_a_day),
            ReminderDelivery.purpose != DeliveryPurpose.CANCELLED,
            ReminderDelivery.state.in_(_OUT),
            ReminderDelivery.planned_start_at > now,
            ReminderDelivery.tried_at > now - ANSWERED_WITHIN,
        )
        .order_by(ReminderDelivery.tried_at.desc(), ReminderDelivery.id)
        .limit(1)
    )
    return db.session.scalars(statement).one_or_none()


def take_report(*, ref: str, arrived: bool, code: int, now: datetime) -> None:
    """Note what a provider says became of a text it took; later reports never undo a failure.

    Args:
        ref: its name for the text.
        arrived: False when it says that it could not be delivered.
        code: its number for why; 0 when it gives none.
        now: the current instant.
    """
    row = db.session.scalars(
        select(ReminderDelivery).where(
            ReminderDelivery.channel == Channel.SMS, ReminderDelivery.provider_ref == ref
        )
    ).one_or_none()
    if row is None or arrived or row.client_id is None or row.state != DeliveryState.SENT:
        return
    reason = STOPPING.get(code)
    point = db.session.scalars(
        select(ContactPoint).where(
            ContactPoint.client_id == row.client_id, ContactPoint.channel == Channel.SMS
        )
    ).one_or_none()
    if reason is not None and point is not None:
        stop_address(row.client_id, Channel.SMS, point.address, reason, now=now)
    let_go(row, DeliveryState.DEAD, HoldReason.REFUSED)
    note(AuditKind.REMINDER_HELD, row, now)
    db.session.commit()
