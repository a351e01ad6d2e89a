"""What comes back: answers reach the sheet, STOP is obeyed at once, nothing is taken twice."""

import pytest

from iop_schedule.actions import reminders, replies
from iop_schedule.actions.replies import TooLateToAnswer
from iop_schedule.adapters.messages import NullMessages
from iop_schedule.domain.reminders import Meaning
from iop_schedule.errors import NotFound
from iop_schedule.models import (
    ContactConsent,
    ContactPoint,
    Occurrence,
    ReminderDelivery,
    ReminderReply,
    RosterEntry,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.attendance import roster_for
from iop_schedule.queries.notices import told_by_entry
from iop_schedule.vocabulary import AbsenceReason, Answer, Channel, ConsentPurpose
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.kept import KeptApp
from tests.outbox import DUE, MINUTE, drain, expect_on_thursday, states

ANA = "+12025550142"


@pytest.fixture
def told(cast: Cast, kept_app: KeptApp) -> Occurrence:
    """Ana and Ben have been reminded by text of Thursday."""

    def made() -> Occurrence:
        held = expect_on_thursday(cast)
        make.make_reachable(cast.ana, Channel.SMS)
        make.make_reachable(cast.ben, Channel.SMS, address="+12025550143")
        db.session.commit()
        reminders.plan_reminders(now=NOW, channels=[Channel.SMS])
        drain(Named(), DUE, channel=Channel.SMS)
        return held

    return kept_app.populated("two reminded by text", made)  # type: ignore[no-any-return]


class Named(NullMessages):
    """Gives each message a name of its own."""

    def send(self, outgoing) -> str:  # type: ignore[no-untyped-def]
        super().send(outgoing)
        return f"SM{outgoing.id}"


def told_absent(held: Occurrence, client_id: int) -> AbsenceReason | None:
    db.session.rollback()
    entry = db.session.query(RosterEntry).filter_by(occurrence_id=held.id, client_id=client_id).one()
    return told_by_entry([entry.id])[entry.id].absent


def send(text: str, ref: str = "SM1", sender: str = ANA, *, now=DUE + MINUTE):  # type: ignore[no-untyped-def]
    return replies.take_text(sender=sender, text=text, ref=ref, now=now).meaning


def open_texts(client_id: int) -> int:
    db.session.rollback()
    return (
        db.session.query(ContactConsent).filter_by(client_id=client_id, channel="sms", ended_at=None).count()
    )


def test_two_reaches_the_sheet_and_one_takes_it_back(cast: Cast, told: Occurrence) -> None:
    assert send("2", "SM1") is Meaning.CANNOT
    assert told_absent(told, cast.ana.id) is AbsenceReason.NOT_SAID
    assert told_absent(told, cast.ben.id) is None
    assert send("1", "SM2") is Meaning.COMING
    assert told_absent(told, cast.ana.id) is None
    rows = db.session.query(ReminderReply).order_by(ReminderReply.id)
    assert [(row.client_id, row.answer, row.channel) for row in rows] == [
        (cast.ana.id, "cannot", "sms"),
        (cast.ana.id, "coming", "sms"),
    ]


def test_the_same_text_delivered_three_times_is_taken_once(cast: Cast, told: Occurrence) -> None:
    for _ in range(3):
        send("2", "SM1")
    assert db.session.query(ReminderReply).count() == 1


def test_stop_in_ones_own_words_ends_texts_at_once_and_nothing_else(cast: Cast, told: Occurrence) -> None:
    assert send("Please stop texting me!") is Meaning.STOP
    assert (open_texts(cast.ana.id), open_texts(cast.ben.id)) == (0, 1)
    assert (
        db.session.query(ContactConsent)
        .filter_by(client_id=cast.ana.id, channel="email", ended_at=None)
        .count()
    )
    assert send("START", "SM2") is Meaning.START
    assert open_texts(cast.ana.id) == 1


def test_start_gives_nobody_what_they_never_agreed_to(cast: Cast, told: Occurrence) -> None:
    db.session.query(ContactConsent).filter_by(client_id=cast.ana.id, channel="sms").delete()
    db.session.commit()
    send("START")
    assert open_texts(cast.ana.id) == 0


@pytest.mark.parametrize("text", ["2", "STOP", "HELP", "hello"])
def test_a_stranger_changes_nothing(cast: Cast, told: Occurrence, text: str) -> None:
    for number, sender in enumerate(("+12025550188", "", "nobody")):
        send(text, f"SM{number}", sender)
    assert (open_texts(cast.ana.id), db.session.query(ReminderReply).count()) == (1, 0)


def delivery_of(cast: Cast) -> ReminderDelivery:
    found: ReminderDelivery = (
        db.session.query(ReminderDelivery).filter_by(client_id=cast.ana.id, channel="sms").one()
    )
    return found


def test_an_answer_after_the_session_began_is_too_late(cast: Cast, told: Occurrence) -> None:
    row = delivery_of(cast)
    with pytest.raises(TooLateToAnswer):
        replies.answer(row.id, Answer.CANNOT, channel=Channel.SMS, now=row.planned_start_at)


def test_a_link_stops_messages_like_its_own_or_all_of_its_channel(cast: Cast, told: Occurrence) -> None:
    make.make_agreement(cast.ana, ConsentPurpose.WEEKLY, Channel.SMS)
    db.session.commit()
    row_id = delivery_of(cast).id
    replies.stop_from_link(row_id, everything=False, now=DUE)
    assert open_texts(cast.ana.id) == 1
    replies.stop_from_link(row_id, everything=True, now=DUE)
    assert open_texts(cast.ana.id) == 0
    with pytest.raises(NotFound):
        replies.stop_from_link("nothing", everything=True, now=DUE)


@pytest.mark.parametrize(
    ("arrived", "code", "state", "stopped"),
    [
        (True, 0, "sent", None),
        (False, 30005, "dead", "bounced"),
        (False, 21610, "dead", "opted_out"),
        (False, 30008, "dead", None),
    ],
)
def test_what_the_provider_reports_is_believed_once(
    cast: Cast, told: Occurrence, arrived: bool, code: int, state: str, stopped: str | None
) -> None:
    ref = delivery_of(cast).provider_ref
    assert ref is not None
    replies.take_report(ref=ref, arrived=arrived, code=code, now=DUE + MINUTE)
    replies.take_report(ref=ref, arrived=True, code=0, now=DUE + 2 * MINUTE)  # out of order
    replies.take_report(ref="another", arrived=False, code=30005, now=DUE)
    db.session.rollback()
    point = db.session.query(ContactPoint).filter_by(client_id=cast.ana.id, channel="sms").one()
    assert (delivery_of(cast).state, point.stop_reason) == (state, stopped)


def test_who_cannot_come_is_not_told_that_it_is_canceled(cast: Cast, told: Occurrence) -> None:
    send("2")
    reminders.plan_reminders(now=DUE + MINUTE, channels=[Channel.SMS])
    assert states(Channel.SMS) == [("sent", "")] * 2


def test_a_client_without_an_account_is_heard_too(cast: Cast, told: Occurrence) -> None:
    cast.ana.user_id = None
    db.session.commit()
    send("2")
    db.session.rollback()
    carol = actor_for(cast.carol)
    seats = {seat.name: seat.told.absent for seat in roster_for(carol, told.id, now=DUE + MINUTE).seats}
    assert set(seats.values()) == {AbsenceReason.NOT_SAID, None}
    assert reminders.plan_reminders(now=DUE + 2 * MINUTE, channels=[Channel.SMS]).add == ()
    send("1", "SM2")
    db.session.rollback()
    seats = {seat.name: seat.told.absent for seat in roster_for(carol, told.id, now=DUE + MINUTE).seats}
    assert set(seats.values()) == {None}
