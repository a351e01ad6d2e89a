"""Making the outbox agree with the timetable."""

import logging
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from iop_schedule.domain import reminders as rules
from iop_schedule.domain.civil_time import UnknownZone
from iop_schedule.domain.reminders import DEFAULT_POLICY, Changes, ClientDay, Nudge, NudgePolicy
from iop_schedule.models import ReminderDelivery
from iop_schedule.models.base import read_transaction, write_transaction
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import Channel, DeliveryPurpose, DeliveryState, HoldReason

log = logging.getLogger(__name__)

#: Days ahead of which messages are planned; they are due the evening before.
PLANNED_DAYS = 3


def plan_reminders(*, now: datetime, policy: NudgePolicy = DEFAULT_POLICY) -> Changes:
    """Make the outbox agree with the timetable for the next days; return what was changed.

    May run at any time, twice, and at several places at once. One message per transaction.
    """
    today = now.astimezone(UTC).date()
    # A day more at the front, because a site's calendar may be a day behind.
    first, last = today - timedelta(days=1), today + timedelta(days=PLANNED_DAYS)
    with read_transaction():
        wanted = [day for day in outbox.client_days(from_day=first, until_day=last) if _has_zone(day)]
        existing = outbox.deliveries(from_day=first, until_day=last)
    found = rules.changes(wanted, existing, now=now, policy=policy)
    for delivery_id, reason in found.cancel:
        _cancel(delivery_id, reason)
    for nudge in found.add:
        _add(nudge)
    for nudge in found.revive:
        _revive(nudge)
    return found


def _has_zone(day: ClientDay) -> bool:
    """Return False, and say so in the log, where a site's zone is unusable: only its own people wait."""
    try:
        return bool(day.tz)
    except UnknownZone:
        log.warning("a session's site has no usable zone", extra={"item_id": day.first.occurrence_id})
        return False


def _add(nudge: Nudge) -> None:
    with write_transaction() as session:
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        session.execute(
            dialect.insert(ReminderDelivery)
            .values(
                id=str(uuid4()),
                dedup_key=nudge.dedup_key,
                client_id=nudge.client_id,
                day=nudge.day,
                occurrence_id=nudge.occurrence_id,
                channel=Channel.EMAIL,
                purpose=DeliveryPurpose.REMINDER,
                planned_start_at=nudge.planned_start_at,
                due_at=nudge.due_at,
                next_try_at=nudge.next_try_at,
                expires_at=nudge.expires_at,
                state=DeliveryState.PLANNED,
                reason="",
                attempts=0,
            )
            .on_conflict_do_nothing(index_elements=["dedup_key"])
        )


def _revive(nudge: Nudge) -> None:
    with write_transaction() as session:
        session.execute(
            update(ReminderDelivery)
            .where(
                ReminderDelivery.dedup_key == nudge.dedup_key,
                ReminderDelivery.state.in_([DeliveryState.SUPPRESSED, DeliveryState.CANCELLED]),
            )
            .values(
                state=DeliveryState.PLANNED,
                reason="",
                next_try_at=nudge.next_try_at,
                occurrence_id=nudge.occurrence_id,
            )
        )


def _cancel(delivery_id: str, reason: HoldReason) -> None:
    with write_transaction() as session:
        session.execute(
            update(ReminderDelivery)
            .where(ReminderDelivery.id == delivery_id, ReminderDelivery.state == DeliveryState.PLANNED)
            .values(state=DeliveryState.CANCELLED, reason=reason)
        )
