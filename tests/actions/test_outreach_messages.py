"""Asking a client in writing to call: who may be asked, what is said, and what the log keeps."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.outreach import MessageOut, NoWayToWrite, WrittenToday, send_message, undo
from iop_schedule.adapters.messages import NullMessages, Outgoing
from iop_schedule.errors import NotFound
from iop_schedule.models import ContactConsent, OutreachAttempt, ReminderDelivery, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import Channel, ConsentPurpose, Evidence
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.outbox import MINUTE, drain, quiet_staff

#: 23:00 in New York, within quiet hours, and 8:00 the next morning.
LATE, MORNING = datetime(2026, 3, 5, 4, 0, tzinfo=UTC), datetime(2026, 3, 5, 13, 0, tzinfo=UTC)


@pytest.fixture
def reachable(cast: Cast) -> Cast:
    """Ana has a confirmed address and agreed to be written to when somebody would like to hear from her."""
    make.make_point(cast.ana)
    make.make_agreement(cast.ana, ConsentPurpose.CONTACT)
    quiet_staff(cast)
    db.session.commit()
    return cast


def ask(cast: Cast, now: datetime = NOW, channel: Channel = Channel.EMAIL) -> OutreachAttempt:
    return send_message(actor=actor_for(cast.dev), client_id=cast.ana.id, channel=channel, now=now)


def sent(now: datetime) -> list[Outgoing]:
    mail = NullMessages()
    drain(mail, now)
    return mail.sent


def test_it_asks_for_a_call_and_says_nothing_else(reachable: Cast) -> None:
    row = ask(reachable)
    (message,) = sent(NOW)
    assert (message.to, message.subject) == (reachable.ana.email, "Please call us")
    assert "Please call the office when you can." in message.text
    assert (row.channel, row.result, row.next_step, row.next_day) == (
        "email", "left_message", "wait_for_reply", date(2026, 3, 5),
    )  # fmt: skip
    assert sent(NOW + MINUTE) == []


def test_quiet_hours_hold_and_a_day_later_it_is_not_meant_any_more(reachable: Cast) -> None:
    ask(reachable, LATE)
    assert sent(LATE) == []
    assert sent(LATE + timedelta(hours=25)) == []
    by_mail = select(ReminderDelivery.state).where(ReminderDelivery.channel == Channel.EMAIL)
    assert db.session.scalars(by_mail).all() == ["suppressed"]


def test_it_leaves_when_quiet_hours_are_over(reachable: Cast) -> None:
    ask(reachable, LATE)
    assert len(sent(MORNING)) == 1


def test_taken_back_before_it_left_it_does_not_leave(reachable: Cast) -> None:
    row = ask(reachable, LATE)
    undo(actor=actor_for(reachable.dev), attempt_id=row.id, now=LATE + MINUTE)
    assert sent(MORNING) == []
    assert ask(reachable, MORNING).id != row.id


def test_the_entry_of_a_message_that_left_stays(reachable: Cast) -> None:
    row = ask(reachable)
    assert len(sent(NOW)) == 1
    with pytest.raises(MessageOut):
        undo(actor=actor_for(reachable.dev), attempt_id=row.id, now=NOW + MINUTE)
    db.session.rollback()
    assert db.session.get_one(OutreachAttempt, row.id).undone_at is None


def test_consent_taken_back_meanwhile_holds_it(reachable: Cast) -> None:
    ask(reachable, LATE)
    consent = db.session.scalars(select(ContactConsent)).one()
    consent.ended_at, consent.end_evidence = LATE + MINUTE, Evidence.SPOKEN
    db.session.commit()
    assert sent(MORNING) == []


def test_a_second_one_on_the_same_day_is_refused(reachable: Cast) -> None:
    ask(reachable)
    with pytest.raises(WrittenToday):
        ask(reachable, NOW + timedelta(hours=1))
    assert ask(reachable, NOW + timedelta(days=1))


@pytest.mark.parametrize("agreed", [None, ConsentPurpose.REMINDERS, ConsentPurpose.MISSED])
def test_other_agreements_do_not_cover_it(cast: Cast, agreed: ConsentPurpose | None) -> None:
    make.make_point(cast.ana)
    if agreed:
        make.make_agreement(cast.ana, agreed)
    db.session.commit()
    with pytest.raises(NoWayToWrite):
        ask(cast)
    with pytest.raises(NoWayToWrite):
        ask(cast, channel=Channel.SMS)
    assert db.session.scalars(select(OutreachAttempt)).all() == []


def test_nobody_writes_to_somebody_elses_client(reachable: Cast) -> None:
    with pytest.raises(NotFound):
        send_message(
            actor=actor_for(reachable.mallory), client_id=reachable.ana.id, channel=Channel.EMAIL, now=NOW
        )
