"""Contacting clients: every try kept, messages sent, and tasks that are settled by one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import exists, select, update

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_client
from iop_schedule.actions.outreach_tasks import end_task, open_task_of
from iop_schedule.actions.reminders.planning import put
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.outreach import earliest_next_day, ends_with
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import key_of, word_from_staff
from iop_schedule.errors import NotPossible
from iop_schedule.models import Client, OutreachAttempt, OutreachTask, ReminderDelivery, db
from iop_schedule.queries.access import Actor, access_about_client, access_client
from iop_schedule.queries.occasions import words_from_staff
from iop_schedule.vocabulary import (
    AuditKind,
    Barrier,
    Channel,
    ContactChannel,
    ContactResult,
    DeliveryPurpose,
    DeliveryState,
    HoldReason,
    NextStep,
    TaskEnd,
)

LONGEST_NOTE = 300
#: A contact may be entered for the last days, not for tomorrow.
OLDEST_ENTRY = timedelta(days=14)
#: One's own entry can be taken back within this time; the page offers it at once.
UNDO_WITHIN = timedelta(hours=12)

#: What a message counts as in the log.
_LOGGED_AS = {Channel.SMS: ContactChannel.TEXT, Channel.EMAIL: ContactChannel.EMAIL}
#: One message from us in so many hours; a second looks like pressure.
BETWEEN_MESSAGES = timedelta(hours=20)


class NotThen(NotPossible):
    """A contact lies in the last two weeks, not in the future. Correct the day or the time."""


class NoMessageAgreed(NotPossible):
    """They have not agreed to messages being left. Log “No answer”, or note their agreement first."""


class NextDayMissing(NotPossible):
    """Say when the next step is due: today or later."""


class NoteTooLong(NotPossible):
    """Keep the note under 300 characters. Clinical detail belongs into the record, not here."""


class NoWayToWrite(NotPossible):
    """They cannot be written to that way. See under Messages what is missing, or call them."""


class WrittenToday(NotPossible):
    """A message has gone to them in the last hours already. Wait for their answer, or call."""


class MessageOut(NotPossible):
    """The message has left already, so its entry stays. Log what came of it when they answer."""


class TooLateToUndo(NotPossible):
    """Only your own entry of the last hours can be taken back. Log what is true instead."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One try to reach someone, as staff enter it."""

    at: datetime
    channel: ContactChannel
    result: ContactResult
    next_step: NextStep
    next_day: date | None = None
    barrier: Barrier | None = None
    note: str = ""


def log_contact(*, actor: Actor, client_id: int, contact: Contact, now: datetime) -> OutreachAttempt:
    """Keep one try to reach a client; it belongs to their open task, and may settle it.

    Raises:
        NotFound: not this person's client.
        NotThen, NoMessageAgreed, NextDayMissing, NoteTooLong: something in it cannot be.
    """
    client = access_client(actor, client_id, Permission.OUTREACH_LOG, now=now)
    _check(contact, client, now=now)
    row = _keep(contact, client, actor=actor, now=now)
    db.session.commit()
    return row


def send_message(*, actor: Actor, client_id: int, channel: Channel, now: datetime) -> OutreachAttempt:
    """Ask a client by mail or text to call the office, and keep that in the log.

    It leaves through the outbox like every message: neutral words in their language, outside their quiet
    hours, and only if they have still agreed to it then.

    Raises:
        NotFound: not this person's client.
        NoWayToWrite: no address of theirs, or they have not agreed to such messages.
        WrittenToday: one went out in the last hours.
    """
    client = access_client(actor, client_id, Permission.OUTREACH_LOG, now=now)
    lock_client(client.id)
    today = local_day(now, zone(client.site.zone))
    outside, inside = words_from_staff(client.id, [channel, Channel.IN_APP], today)
    if outside.why_not():
        raise NoWayToWrite
    if _was_written(client.id, now):
        raise WrittenToday
    contact = Contact(
        at=now,
        channel=_LOGGED_AS[channel],
        result=ContactResult.LEFT_MESSAGE,
        next_step=NextStep.WAIT_FOR_REPLY,
        next_day=earliest_next_day(today),
    )
    row = _keep(contact, client, actor=actor, now=now)
    for word in (outside, inside):
        if not word.why_not():
            put(word_from_staff(word, key=_key(row, word.reach.channel), day=today, now=now))
    db.session.commit()
    return row


def _key(row: OutreachAttempt, channel: Channel) -> str:
    return key_of("contact", row.id, channel)


def _was_written(client_id: int, now: datetime) -> bool:
    waiting_or_out = ReminderDelivery.state.not_in([DeliveryState.CANCELLED, DeliveryState.SUPPRESSED])
    statement = exists().where(
        ReminderDelivery.client_id == client_id,
        ReminderDelivery.purpose == DeliveryPurpose.CONTACT,
        ReminderDelivery.channel != Channel.IN_APP,
        ReminderDelivery.due_at > now - BETWEEN_MESSAGES,
        waiting_or_out,
    )
    return db.session.scalar(select(statement)) is True


def _keep(contact: Contact, client: Client, *, actor: Actor, now: datetime) -> OutreachAttempt:
    task = open_task_of(client.id)
    row = OutreachAttempt(
        client_id=client.id,
        task=task,
        user_id=actor.user_id,
        at=contact.at,
        channel=contact.channel,
        result=contact.result,
        barrier=contact.barrier,
        note=contact.note.strip(),
        next_step=contact.next_step,
        next_day=contact.next_day if contact.next_step is not NextStep.NOTHING else None,
        recorded_at=now,
    )
    db.session.add(row)
    db.session.flush()
    details = {"attempt": row.id, "channel": contact.channel, "result": contact.result}
    audit.record(AuditKind.OUTREACH_LOGGED, actor=actor, client_id=client.id, now=now, details=details)
    if task is not None and ends_with(contact.result, contact.next_step):
        end_task(task, TaskEnd.AGREED, actor=actor, now=now)
    return row


def undo(*, actor: Actor, attempt_id: int, now: datetime) -> OutreachAttempt:
    """Take back one's own entry; a task it had settled is open again. Twice changes nothing.

    A message that has not left yet does not leave any more; the entry of one that has is true and stays.

    Raises:
        NotFound: not an entry about this person's client.
        TooLateToUndo: somebody else's, or too old.
        MessageOut: it is of a message that has left.
    """
    row = access_about_client(actor, OutreachAttempt, attempt_id, Permission.OUTREACH_LOG, now=now)
    if row.undone_at is not None:
        return row
    if row.user_id != actor.user_id or now - row.recorded_at > UNDO_WITHIN:
        raise TooLateToUndo
    _call_back(row)
    row.undone_at, row.undone_by_id = now, actor.user_id
    task = row.task
    if task is not None and task.ended_by == TaskEnd.AGREED and open_task_of(row.client_id) is None:
        task.ended_at, task.ended_by = None, None
    details = {"attempt": row.id}
    audit.record(AuditKind.OUTREACH_UNDONE, actor=actor, client_id=row.client_id, now=now, details=details)
    db.session.commit()
    return row


def _call_back(row: OutreachAttempt) -> None:
    """Keep the messages of an entry from leaving."""
    belongs = ReminderDelivery.dedup_key.in_([_key(row, channel) for channel in Channel])
    db.session.execute(
        update(ReminderDelivery)
        .where(belongs, ReminderDelivery.state == DeliveryState.PLANNED)
        .values(state=DeliveryState.CANCELLED, reason=HoldReason.NOTHING_LEFT)
    )
    out = exists().where(
        belongs,
        ReminderDelivery.channel != Channel.IN_APP,
        ReminderDelivery.state.in_([DeliveryState.ATTEMPTING, DeliveryState.SENT, DeliveryState.UNKNOWN]),
    )
    if db.session.scalar(select(out)):
        raise MessageOut


def close_task(*, actor: Actor, task_id: int, now: datetime) -> int:
    """Close a task that is not needed any more and return whose it was; twice changes nothing."""
    task = access_about_client(actor, OutreachTask, task_id, Permission.OUTREACH_LOG, now=now)
    if task.ended_at is None:
        end_task(task, TaskEnd.NOT_NEEDED, actor=actor, now=now)
    client_id = task.client_id
    db.session.commit()
    return client_id


def _check(contact: Contact, client: Client, *, now: datetime) -> None:
    today = local_day(now, zone(client.site.zone))
    if not now - OLDEST_ENTRY <= contact.at <= now:
        raise NotThen(field="at")
    if contact.result is ContactResult.LEFT_MESSAGE and not client.may_leave_message:
        raise NoMessageAgreed(field="result")
    needs_a_day = contact.next_step is not NextStep.NOTHING
    if needs_a_day and (contact.next_day is None or contact.next_day < today):
        raise NextDayMissing(field="next_day")
    if len(contact.note) > LONGEST_NOTE:
        raise NoteTooLong(field="note")
