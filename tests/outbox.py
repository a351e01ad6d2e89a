"""What tests of the outbox share: two people expected on Thursday, and looking at what became of it."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions import reminders
from iop_schedule.actions.reminders import BATCH, Letterhead, Step
from iop_schedule.adapters.messages import (
    Messages,
    NotSent,
    NullMessages,
    Outgoing,
)
from iop_schedule.domain.reminders import Changes
from iop_schedule.models import (
    AuditEvent,
    Client,
    ContactConsent,
    Occurrence,
    ReminderAttempt,
    ReminderDelivery,
    db,
)
from iop_schedule.vocabulary import Channel, Evidence
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

THURSDAY = date(2026, 3, 5)
#: 17:00 in New York on Wednesday, for Thursday 9:00.
DUE = datetime(2026, 3, 4, 22, 0, tzinfo=UTC)
#: 8:00 in New York on Thursday.
MORNING = datetime(2026, 3, 5, 13, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HEAD = Letterhead("https://appointments.example.org", "a key of the tests")


class Flaky(NullMessages):
    """Answers with the given problems first, then works."""

    def __init__(self, *problems: NotSent) -> None:
        super().__init__()
        self.problems = list(problems)

    def send(self, outgoing: Outgoing) -> str:
        if self.problems:
            raise self.problems.pop(0)
        return super().send(outgoing)


def expect_others(cast: Cast, session: Occurrence, number: int) -> None:
    """So many further people are expected, who agreed to e-mail."""
    for n in range(number):
        client = make.make_client(cast.elm, email=f"c{n}@example.net")
        make.make_reachable(client)
        make.make_enrollment(client, cast.program)
        make.make_entry(session, client)
    db.session.commit()


def expect_on_thursday(cast: Cast) -> Occurrence:
    """Ana and Ben are expected on Thursday at 9:00, at Elm Street and Zoe at the other site; they agreed to e-mail."""
    for client in (cast.ana, cast.ben, cast.zoe):
        make.make_reachable(client)
    quiet_staff(cast)
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


def quiet_staff(cast: Cast) -> None:
    """Let staff hear nothing by mail, so that only clients are written to."""
    for user in (cast.carol, cast.dev, cast.eve, cast.mallory):
        user.wants_digests = False


def plan(now: datetime) -> Changes:
    """Plan over mail alone, which is what most of these tests look at."""
    return reminders.plan_reminders(now=now, channels=[Channel.EMAIL])


def drain(messages: Messages, now: datetime, limit: int = 50, channel: Channel = Channel.EMAIL) -> list[Step]:
    steps: list[Step] = []
    while len(steps) < limit:
        most = min(BATCH, limit - len(steps))
        done = reminders.deliver(channel, doors={channel: messages}, now=now, head=HEAD, most=most)
        if not done:
            break
        steps += [one.step for one in done]
    return steps


def settle(now: datetime, messages: Messages, channel: Channel = Channel.EMAIL) -> int:
    return reminders.settle_overdue(now=now, doors={channel: messages}, head=HEAD)


def stop_consent(client: Client) -> None:
    """Take every agreement of a client back."""
    for row in db.session.scalars(select(ContactConsent).where(ContactConsent.client_id == client.id)):
        row.ended_at, row.end_evidence = NOW, Evidence.SPOKEN


def states(channel: Channel = Channel.EMAIL) -> list[tuple[str, str]]:
    db.session.rollback()
    rows = db.session.scalars(select(ReminderDelivery).where(ReminderDelivery.channel == channel))
    return sorted((row.state, row.reason) for row in rows)


def outcomes() -> list[tuple[int, str, str]]:
    rows = db.session.scalars(select(ReminderAttempt).order_by(ReminderAttempt.id))
    return [(row.number, row.outcome, row.error) for row in rows]


def audit(kind: str) -> list[tuple[int | None, str]]:
    rows = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == kind).order_by(AuditEvent.id))
    return [(row.client_id, row.details["reason"]) for row in rows]
