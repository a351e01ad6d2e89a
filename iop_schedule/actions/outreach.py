"""Contacting clients: tasks opened, tried, handed up and closed; every try kept."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, select, update

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_client
from iop_schedule.actions.reminders.planning import put
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.outreach import due_day, earliest_next_day, ends_with, working_day
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.reminders import key_of, word_from_staff
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.errors import NotPossible
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    CaseSnapshot,
    Client,
    Occurrence,
    OutreachAttempt,
    OutreachTask,
    ReminderDelivery,
    RosterEntry,
    SetAside,
    Site,
    User,
    db,
)
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries.access import Actor, access_about_client, access_client, in_force
from iop_schedule.queries.frequency import care_records
from iop_schedule.queries.occasions import words_from_staff
from iop_schedule.vocabulary import (
    AssignmentRole,
    AttendanceStatus,
    AuditKind,
    Barrier,
    Channel,
    ContactChannel,
    ContactResult,
    DeliveryPurpose,
    DeliveryState,
    HoldReason,
    NextStep,
    Role,
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

_THERE = (AttendanceStatus.ATTENDED, AttendanceStatus.ATTENDED_PART)


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
    task = _open_task(client.id)
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
        _end(task, TaskEnd.AGREED, actor=actor, now=now)
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
    if task is not None and task.ended_by == TaskEnd.AGREED and _open_task(row.client_id) is None:
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
        _end(task, TaskEnd.NOT_NEEDED, actor=actor, now=now)
    client_id = task.client_id
    db.session.commit()
    return client_id


def open_or_raise(
    *,
    client_id: int,
    tier: Tier,
    missed_at: datetime | None,
    signal_id: int,
    today: date,
    now: datetime,
) -> OutreachTask | None:
    """Open a task for the person responsible, or make the open one as urgent as `tier`.

    In the caller's transaction. None while nobody at the site could be named.
    """
    due = _not_before(client_id, due_day(tier, today), today)
    task = _open_task(client_id)
    if task is not None:
        if Tier(task.tier).rank < tier.rank:
            task.tier, task.due_day, task.signal_id = tier, min(task.due_day, due), signal_id
        return task
    user_id = _responsible(client_id, today)
    if user_id is None:
        return None
    task = OutreachTask(
        client_id=client_id,
        user_id=user_id,
        signal_id=signal_id,
        tier=tier,
        opened_at=now,
        missed_at=missed_at,
        due_day=due,
    )
    db.session.add(task)
    db.session.flush()
    details = {"task": task.id, "user": user_id, "tier": tier, "due": due.isoformat()}
    audit.record(AuditKind.OUTREACH_OPENED, actor=None, client_id=client_id, now=now, details=details)
    return task


def settle_tasks(*, now: datetime) -> int:
    """Close tasks nobody needs any more, hand up those nobody acted on in time; return how many.

    Over is a task whose client was there again, is not in care any more, or about whom nothing is asked
    since a record was corrected, before anyone had tried. What was agreed with someone still in care stays.
    """
    with read_transaction():
        ended = [(task_id, TaskEnd.BACK) for task_id in db.session.scalars(_back(now))]
        ended += [(task_id, TaskEnd.NOT_SCORED) for task_id in _out_of_care(now)]
        too_little = _now(Tier.NOT_SCORED).where(~_is_tried())
        ended += [(task_id, TaskEnd.NOT_SCORED) for task_id in db.session.scalars(too_little)]
        quiet = _now(Tier.NO_ACTION).where(~_is_tried())
        ended += [(task_id, TaskEnd.NOT_NEEDED) for task_id in db.session.scalars(quiet)]
        late = [t for t, due, name in db.session.execute(_untried()) if local_day(now, zone(name)) > due]
    return sum(_end_one(task_id, why, now=now) for task_id, why in ended) + sum(
        _escalate(task_id, now=now) for task_id in late
    )


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


def _open_task(client_id: int) -> OutreachTask | None:
    statement = select(OutreachTask).where(
        OutreachTask.client_id == client_id, OutreachTask.ended_at.is_(None)
    )
    return db.session.scalars(statement).one_or_none()


def _responsible(client_id: int, today: date) -> int | None:
    """Return the case manager assigned today, else the first administrator of the client's site."""
    assigned = (
        select(Assignment.user_id)
        .join(User, User.id == Assignment.user_id)
        .where(
            Assignment.client_id == client_id,
            Assignment.role == AssignmentRole.CASE_MANAGER,
            in_force(Assignment, today),
            User.active,
        )
        .order_by(Assignment.from_day.desc(), Assignment.id.desc())
    )
    found = db.session.scalars(assigned.limit(1)).first()
    if found is not None:
        return found
    site_id = db.session.scalars(select(Client.site_id).where(Client.id == client_id)).one()
    administrators = (
        select(User.id)
        .where(User.active, User.sites.any(Site.id == site_id), User.roles.any(name=Role.ADMINISTRATOR))
        .order_by(User.id)
    )
    return db.session.scalars(administrators.limit(1)).first()


def _not_before(client_id: int, due: date, today: date) -> date:
    """Return `due`, or the working day after a standing “not now” where that is later."""
    statement = select(SetAside.until_day).where(
        SetAside.client_id == client_id, SetAside.withdrawn_at.is_(None), SetAside.until_day >= today
    )
    days = [working_day(day + timedelta(days=1)) for day in db.session.scalars(statement)]
    return max([due, *days])


def _back(now: datetime) -> Select[int]:
    came = exists().where(
        RosterEntry.client_id == OutreachTask.client_id,
        Occurrence.id == RosterEntry.occurrence_id,
        Occurrence.starts_at > OutreachTask.opened_at,
        Occurrence.starts_at <= now,
        AttendanceRecord.roster_entry_id == RosterEntry.id,
        AttendanceRecord.status.in_(_THERE),
    )
    return select(OutreachTask.id).where(OutreachTask.ended_at.is_(None), came).order_by(OutreachTask.id)


def _now(tier: Tier) -> Select[int]:
    """Return the open tasks about people who have `tier` now."""
    return (
        select(OutreachTask.id)
        .join(CaseSnapshot, CaseSnapshot.client_id == OutreachTask.client_id)
        .where(OutreachTask.ended_at.is_(None), CaseSnapshot.tier == tier)
        .order_by(OutreachTask.id)
    )


def _out_of_care(now: datetime) -> list[int]:
    """Return the open tasks about people who are on a pause or in no program today.

    They are among those not scored; the others of those have too few sessions.
    """
    statement = (
        select(OutreachTask.id, OutreachTask.client_id, Site.zone)
        .join(CaseSnapshot, CaseSnapshot.client_id == OutreachTask.client_id)
        .join(Client, Client.id == OutreachTask.client_id)
        .join(Site, Site.id == Client.site_id)
        .where(OutreachTask.ended_at.is_(None), CaseSnapshot.tier == Tier.NOT_SCORED, _is_tried())
        .order_by(OutreachTask.id)
    )
    rows = [
        (task_id, client_id, local_day(now, zone(name)))
        for task_id, client_id, name in db.session.execute(statement)
    ]
    if not rows:
        return []
    days = [day for _, _, day in rows]
    care = care_records(
        {client_id for _, client_id, _ in rows}, first_day=min(days), last_day=max(days), now=now
    )
    return [task_id for task_id, client_id, day in rows if not care[client_id].dates.in_care(day)]


def _is_tried() -> ColumnElement[bool]:
    return exists().where(OutreachAttempt.task_id == OutreachTask.id, OutreachAttempt.undone_at.is_(None))


def _untried() -> Select[int, date, str]:
    return (
        select(OutreachTask.id, OutreachTask.due_day, Site.zone)
        .join(Client, Client.id == OutreachTask.client_id)
        .join(Site, Site.id == Client.site_id)
        .where(OutreachTask.ended_at.is_(None), OutreachTask.escalated_at.is_(None), ~_is_tried())
        .order_by(OutreachTask.id)
    )


def _end_one(task_id: int, why: TaskEnd, *, now: datetime) -> bool:
    with write_transaction():
        task = db.session.get(OutreachTask, task_id, with_for_update=True)
        if task is None or task.ended_at is not None:
            return False
        _end(task, why, actor=None, now=now)
    return True


def _end(task: OutreachTask, why: TaskEnd, *, actor: Actor | None, now: datetime) -> None:
    task.ended_at, task.ended_by = now, why
    details = {"task": task.id, "why": why}
    audit.record(AuditKind.OUTREACH_CLOSED, actor=actor, client_id=task.client_id, now=now, details=details)


def _escalate(task_id: int, *, now: datetime) -> bool:
    with write_transaction():
        task = db.session.get(OutreachTask, task_id, with_for_update=True)
        if task is None or task.ended_at is not None or task.escalated_at is not None:
            return False
        task.escalated_at = now
        details = {"task": task.id, "due": task.due_day.isoformat()}
        audit.record(
            AuditKind.OUTREACH_ESCALATED, actor=None, client_id=task.client_id, now=now, details=details
        )
    return True
