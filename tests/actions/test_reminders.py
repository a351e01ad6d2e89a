"""The outbox against both databases: once each, nothing stale, nothing for what was cancelled."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from iop_schedule.actions.reminders import Step, planning
from iop_schedule.adapters.messages import (
    NullMessages,
    Outgoing,
)
from iop_schedule.models import ContactPoint, Occurrence, ReminderDelivery, RosterEntry, db
from iop_schedule.vocabulary import EnrollmentStatus, OccurrenceStatus
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.outbox import (
    DUE,
    HEAD,
    MINUTE,
    MORNING,
    THURSDAY,
    audit,
    drain,
    expect_on_thursday,
    expect_others,
    plan,
    settle,
    states,
    stop_consent,
)


@pytest.fixture
def thursday(cast: Cast) -> Occurrence:
    """Ana, Ben and Zoe are expected on Thursday and agreed to e-mail."""
    return expect_on_thursday(cast)


@pytest.fixture
def only_ana(cast: Cast) -> Occurrence:
    """Ana, Ben and Zoe are expected on Thursday; only Ana has agreed to e-mail."""
    held = expect_on_thursday(cast)
    stop_consent(cast.ben)
    stop_consent(cast.zoe)
    db.session.commit()
    return held


# --- once each ----------------------------------------------------------------------------------------


def test_each_client_is_told_once_at_five_on_the_evening_before_by_their_own_clock(
    cast: Cast, thursday: Occurrence
) -> None:
    messages = NullMessages()
    sent_at: dict[str, datetime] = {}
    now = NOW
    while now < datetime(2026, 3, 6, 6, 0, tzinfo=UTC):
        plan(now)
        drain(messages, now)
        for outgoing in messages.sent:
            sent_at.setdefault(outgoing.to, now)
        now += timedelta(minutes=30)
    assert sent_at == {
        cast.ana.email: DUE,
        cast.ben.email: DUE,
        cast.zoe.email: DUE + timedelta(hours=3),  # 17:00 in Los Angeles
    }
    assert len(messages.sent) == 3
    assert sorted(audit("reminder:sent")) == [(cast.ana.id, ""), (cast.ben.id, ""), (cast.zoe.id, "")]
    assert audit("reminder:held") == []


def test_the_message_says_a_day_and_a_time(cast: Cast, only_ana: Occurrence) -> None:
    messages = NullMessages()
    plan(NOW)
    drain(messages, DUE)
    (outgoing,) = messages.sent
    delivery_id = db.session.scalars(select(ReminderDelivery.id)).one()
    assert outgoing == Outgoing(
        id=delivery_id,
        to="ana@example.net",
        subject="Appointment reminder",
        text="Reminder: you have an appointment on Thu, Mar 5 at 9:00 am.\n\n"
        f"Answer, or stop these messages:\n{HEAD.link(delivery_id)}\n",
        stop_url=HEAD.stop_link(delivery_id),
    )


def test_two_sessions_on_one_day_are_one_message(cast: Cast, only_ana: Occurrence) -> None:
    make.make_entry(make.make_occurrence(cast.one_to_one, THURSDAY), cast.ana)
    db.session.commit()
    messages = NullMessages()
    plan(NOW)
    drain(messages, DUE)
    assert [m.text.splitlines()[0] for m in messages.sent] == [
        "Reminder: you have 2 appointments on Thu, Mar 5, the first at 9:00 am."
    ]


def test_planning_again_changes_nothing(thursday: Occurrence) -> None:
    first = plan(NOW)
    again = plan(NOW + MINUTE)
    assert (len(first.add), again.add, again.revive, again.cancel) == (3, (), (), ())
    assert states() == [("planned", "")] * 3


def test_the_same_message_cannot_be_planned_twice_even_on_purpose(only_ana: Occurrence) -> None:
    (nudge,) = plan(NOW).add
    planning._add([nudge, nudge])
    assert states() == [("planned", "")]


def test_two_workers_at_once_send_each_message_once(app: Flask, cast: Cast, thursday: Occurrence) -> None:
    expect_others(cast, thursday, 20)
    plan(NOW)
    messages, start, failures = NullMessages(), Barrier(3), []

    def work() -> None:
        with app.app_context():
            start.wait()
            try:
                plan(NOW)
                drain(messages, DUE)
            except Exception as error:  # noqa: BLE001 - shown below
                failures.append(error)

    workers = [Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    assert len({m.to for m in messages.sent}) == len(messages.sent) == 22
    assert {state for state, _ in states()} == {"sent", "planned"}  # Zoe's is due three hours later


# --- facts are asked again ----------------------------------------------------------------------------


def _cancel(cast: Cast, held: Occurrence) -> None:
    held.status = OccurrenceStatus.CANCELLED


def _move(cast: Cast, held: Occurrence) -> None:
    held.starts_at += timedelta(hours=1)
    held.ends_at += timedelta(hours=1)


def _release(cast: Cast, held: Occurrence) -> None:
    entry = db.session.scalars(
        select(RosterEntry).where(RosterEntry.occurrence_id == held.id, RosterEntry.client_id == cast.ana.id)
    ).one()
    entry.released_at = NOW


def _revoke(cast: Cast, held: Occurrence) -> None:
    stop_consent(cast.ana)


def _forget_address(cast: Cast, held: Occurrence) -> None:
    db.session.execute(delete(ContactPoint).where(ContactPoint.client_id == cast.ana.id))


def _finish(cast: Cast, held: Occurrence) -> None:
    for enrollment in db.session.scalars(
        select(make.Enrollment).where(make.Enrollment.client_id == cast.ana.id)
    ):
        enrollment.status = EnrollmentStatus.FINISHED


CHANGES: list[tuple[Callable[[Cast, Occurrence], None], str]] = [
    (_cancel, "no_session"),
    (_move, "superseded"),
    (_release, "no_session"),
    (_revoke, "opted_out"),
    (_forget_address, "no_address"),
    (_finish, "not_enrolled"),
]


@pytest.mark.parametrize(
    ("change", "reason"), CHANGES, ids=[reason + change.__name__ for change, reason in CHANGES]
)
def test_what_changed_after_planning_is_noticed_before_sending(
    cast: Cast, only_ana: Occurrence, change: Callable[[Cast, Occurrence], None], reason: str
) -> None:
    plan(NOW)
    change(cast, only_ana)
    db.session.commit()
    messages = NullMessages()
    assert drain(messages, DUE) == [Step.HELD]
    assert (messages.sent, states(), audit("reminder:held")) == (
        [],
        [("suppressed", reason)],
        [(cast.ana.id, reason)],
    )


@pytest.mark.parametrize(
    ("change", "reason"), CHANGES, ids=[reason + change.__name__ for change, reason in CHANGES]
)
def test_the_next_plan_takes_the_message_back(
    cast: Cast, only_ana: Occurrence, change: Callable[[Cast, Occurrence], None], reason: str
) -> None:
    plan(NOW)
    change(cast, only_ana)
    db.session.commit()
    plan(NOW)
    assert ("cancelled", reason) in states()
    messages = NullMessages()
    drain(messages, DUE)
    said = [f"{m.subject}: {m.text.split(' at ')[1].split(' am')[0]}" for m in messages.sent]
    assert said == {_move: ["Appointment changed: 10:00"], _cancel: ["Appointment canceled: 9:00"]}.get(
        change, []
    )


def test_consent_given_back_brings_the_message_back(cast: Cast, only_ana: Occurrence) -> None:
    plan(NOW)
    stop_consent(cast.ana)
    db.session.commit()
    plan(NOW)
    make.make_agreement(cast.ana)
    db.session.commit()
    plan(NOW)
    messages = NullMessages()
    drain(messages, DUE)
    assert len(messages.sent) == 1


def test_a_session_moved_after_the_reminder_is_announced_again(cast: Cast, only_ana: Occurrence) -> None:
    messages = NullMessages()
    plan(NOW)
    drain(messages, DUE)
    _move(cast, only_ana)
    db.session.commit()
    for minute in range(3):
        plan(DUE + minute * MINUTE)
        drain(messages, DUE + minute * MINUTE)
    assert [m.text.split(" at ")[1][:8].strip(".\n") for m in messages.sent] == ["9:00 am", "10:00 am"]


def test_a_paused_enrollment_is_not_written_to(cast: Cast, only_ana: Occurrence) -> None:
    make.make_pause(cast.ana, THURSDAY)
    db.session.commit()
    assert plan(NOW).add == ()


def test_a_pause_that_is_over_silences_no_later_day(cast: Cast, only_ana: Occurrence) -> None:
    make.make_occurrence(cast.monday, date(2026, 1, 14))
    make.make_pause(cast.ana, date(2026, 1, 12), date(2026, 1, 16))
    db.session.commit()
    assert [wanted.day for wanted in plan(NOW).add] == [THURSDAY]


def test_a_session_moved_away_during_a_pause_is_not_called_off(cast: Cast, only_ana: Occurrence) -> None:
    only_ana.local_day = THURSDAY + timedelta(days=1)
    only_ana.starts_at += timedelta(days=1)
    only_ana.ends_at += timedelta(days=1)
    make.make_pause(cast.ana, THURSDAY, THURSDAY)
    db.session.commit()
    assert {wanted.day for wanted in plan(NOW).add} == {THURSDAY + timedelta(days=1)}


# --- time ---------------------------------------------------------------------------------------------


def test_after_a_stop_overnight_nothing_stale_is_sent(cast: Cast, only_ana: Occurrence) -> None:
    plan(NOW)
    messages = NullMessages()
    assert drain(messages, MORNING) == [Step.HELD]
    assert (messages.sent, states()) == ([], [("suppressed", "stale")])


def test_after_a_stop_into_the_night_people_sleep_until_eight(cast: Cast, thursday: Occurrence) -> None:
    thursday.starts_at, thursday.ends_at = MORNING + timedelta(hours=5), MORNING + timedelta(hours=8)
    db.session.commit()
    plan(NOW)
    messages = NullMessages()
    assert drain(messages, DUE + timedelta(hours=5)) == [Step.POSTPONED] * 2 + [
        Step.SENT
    ]  # Zoe: 22:00 is 19:00
    assert drain(messages, MORNING - MINUTE) == []
    assert drain(messages, MORNING) == [Step.SENT] * 2


def test_a_message_that_could_only_go_out_in_the_night_is_held(cast: Cast, only_ana: Occurrence) -> None:
    plan(NOW)
    assert drain(NullMessages(), DUE + timedelta(hours=5)) == [Step.HELD]
    assert states() == [("suppressed", "quiet_hours")]


def test_a_clock_set_back_sends_nothing_again(cast: Cast, only_ana: Occurrence) -> None:
    messages = NullMessages()
    for now in (DUE, DUE - timedelta(hours=2), DUE, DUE + MINUTE, DUE - timedelta(days=1), DUE):
        plan(now)
        drain(messages, now)
        settle(now, NullMessages())
    assert len(messages.sent) == 1


def test_what_is_useless_is_swept_even_when_no_mail_goes_out(cast: Cast, only_ana: Occurrence) -> None:
    plan(NOW)
    assert settle(MORNING, NullMessages()) == 1
    assert (states(), audit("reminder:held")) == ([("suppressed", "stale")], [(cast.ana.id, "stale")])


# --- the rows ---


@pytest.mark.parametrize(
    "broken",
    [{"state": "attempting"}, {"token": "t"}, {"state": "sent"}, {"state": "lost"}, {"attempts": -1}],
    ids=str,
)
def test_the_database_keeps_an_outbox_row_whole(only_ana: Occurrence, broken: dict[str, object]) -> None:
    plan(NOW)
    row = db.session.scalars(select(ReminderDelivery)).one()
    for name, value in broken.items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError):
        db.session.commit()
