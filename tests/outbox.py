"""What tests of the outbox share: two people expected on Thursday, and looking at what became of it."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions import reminders
from iop_schedule.actions.reminders import Step
from iop_schedule.adapters.messages import (
    NotSent,
    NullMessages,
    Outgoing,
)
from iop_schedule.models import AuditEvent, Occurrence, ReminderAttempt, ReminderDelivery, db
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

THURSDAY = date(2026, 3, 5)
#: 17:00 in New York on Wednesday, for Thursday 9:00.
DUE = datetime(2026, 3, 4, 22, 0, tzinfo=UTC)
#: 8:00 in New York on Thursday.
MORNING = datetime(2026, 3, 5, 13, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Flaky(NullMessages):
    """Answers with the given problems first, then works."""

    def __init__(self, *problems: NotSent) -> None:
        super().__init__()
        self.problems = list(problems)

    def send(self, outgoing: Outgoing) -> None:
        if self.problems:
            raise self.problems.pop(0)
        super().send(outgoing)


def expect_on_thursday(cast: Cast) -> Occurrence:
    """Ana and Ben are expected on Thursday at 9:00, at Elm Street and Zoe at the other site; they agreed to e-mail."""
    for client in (cast.ana, cast.ben, cast.zoe):
        client.email_consent_at = NOW
    morning = make.make_occurrence(
        cast.monday,
        THURSDAY,
        starts_at=datetime(2026, 3, 5, 14, 0, tzinfo=UTC),
        ends_at=datetime(2026, 3, 5, 17, 0, tzinfo=UTC),
    )
    for client in (cast.ana, cast.ben):
        make.make_entry(morning, client)
    far = make.make_occurrence(
        cast.far_monday,
        THURSDAY,
        starts_at=datetime(2026, 3, 6, 1, 30, tzinfo=UTC),
        ends_at=datetime(2026, 3, 6, 4, 30, tzinfo=UTC),
    )
    make.make_entry(far, cast.zoe)
    db.session.commit()
    return morning


def drain(messages: NullMessages, now: datetime, limit: int = 50) -> list[Step]:
    steps = []
    while (step := reminders.deliver_next(messages=messages, now=now)) and len(steps) < limit:
        steps.append(step)
    return steps


def states() -> list[tuple[str, str]]:
    db.session.rollback()
    rows = db.session.scalars(select(ReminderDelivery).order_by(ReminderDelivery.due_at, ReminderDelivery.id))
    return sorted((row.state, row.reason) for row in rows)


def outcomes() -> list[tuple[int, str, str]]:
    rows = db.session.scalars(select(ReminderAttempt).order_by(ReminderAttempt.id))
    return [(row.number, row.outcome, row.error) for row in rows]


def audit(kind: str) -> list[tuple[int | None, str]]:
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == kind).order_by(AuditEvent.id))
    return [(row.client_id, row.details["reason"]) for row in rows]
