"""The outbox driven by its ticks: mail servers that are slow or away must not be felt anywhere else."""

from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.actions import reminders as outbox
from iop_schedule.adapters.messages import NullMessages, Outgoing, Unreachable, Unsure
from iop_schedule.jobs.reminders import drain, plan, sweep
from iop_schedule.jobs.runner import run_tick
from iop_schedule.jobs.schedule import Tick
from iop_schedule.jobs.worker import Worker
from iop_schedule.models import Occurrence, ReminderDelivery, db
from iop_schedule.vocabulary import Channel
from tests import factories as make
from tests.adapters.test_messages import server_saying
from tests.cast import Cast
from tests.conftest import NOW, Http
from tests.outbox import DUE, MORNING, expect_on_thursday, states
from tests.ports import free_port


@pytest.fixture
def messages(app: Flask) -> NullMessages:
    kept = NullMessages()
    app.extensions["messages"] = {Channel.EMAIL: kept}
    return kept


def test_ticks_take_a_message_from_plan_to_sent(app: Flask, cast: Cast, messages: NullMessages) -> None:
    expect_on_thursday(cast)
    worker, now = Worker(), NOW
    while now < MORNING + timedelta(days=1):
        clock.freeze(now)
        for tick in (plan, drain, sweep):
            tick(worker)
        now += timedelta(minutes=20)
    assert sorted(m.to for m in messages.sent) == sorted([cast.ana.email, cast.ben.email, cast.zoe.email])
    assert states() == [("sent", "")] * 3


def test_without_a_mail_server_nothing_is_planned(app: Flask, cast: Cast) -> None:
    expect_on_thursday(cast)
    for tick in (plan, drain, sweep):
        tick(Worker())
    assert states() == []


def test_an_unreachable_server_is_asked_once_and_then_left_alone(app: Flask, cast: Cast) -> None:
    class Away(NullMessages):
        asked = 0

        def send(self, outgoing: Outgoing) -> str:
            type(self).asked += 1
            raise Unreachable("ConnectionRefusedError")

    expect_on_thursday(cast)
    app.extensions["messages"] = {Channel.EMAIL: Away()}
    worker = Worker()
    plan(worker)
    clock.freeze(DUE)
    for _ in range(5):
        drain(worker)
    assert Away.asked == 1
    assert states() == [("planned", "")] * 3  # they wait
    worker.breakers[Channel.EMAIL].worked()
    kept = NullMessages()
    app.extensions["messages"] = {Channel.EMAIL: kept}
    clock.freeze(DUE + timedelta(minutes=1))
    drain(worker)
    assert len(kept.sent) == 2


def test_a_worker_told_to_stop_finishes_its_message_and_takes_no_other(app: Flask, cast: Cast) -> None:
    worker = Worker()

    class Stops(NullMessages):
        def send(self, outgoing: Outgoing) -> str:
            worker.stopping.set()
            return super().send(outgoing)

    expect_on_thursday(cast)
    kept = Stops()
    app.extensions["messages"] = {Channel.EMAIL: kept}
    plan(worker)
    clock.freeze(DUE)
    drain(worker)
    assert (len(kept.sent), states()) == (1, [("planned", ""), ("planned", ""), ("sent", "")])


def test_while_a_slow_server_is_talked_to_pages_are_served_and_written(
    app: Flask, cast: Cast, http: Http
) -> None:
    """No lock and no transaction is held while a message is handed over."""
    begun, release = Event(), Event()

    class Slow(NullMessages):
        def send(self, outgoing: Outgoing) -> str:
            begun.set()
            release.wait(60)
            return super().send(outgoing)

    expect_on_thursday(cast)
    kept = Slow()
    app.extensions["messages"] = {Channel.EMAIL: kept}
    worker = Worker()
    plan(worker)
    clock.freeze(DUE)
    email = cast.carol.email
    db.session.rollback()
    sending = Thread(target=run_tick, args=(app, Tick("drain", timedelta(seconds=5), drain), worker))
    sending.start()
    assert begun.wait(60)
    http.sign_in(email)  # writes
    db.session.rollback()
    assert kept.sent == []
    release.set()
    sending.join()
    assert len(kept.sent) == 2


@pytest.mark.parametrize("behavior", ["refuses", "talks nonsense", "hangs up"])
def test_whatever_the_mail_server_does_the_message_waits(
    app: Flask, cast: Cast, behavior: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect_on_thursday(cast)
    worker = Worker()
    settings = replace(app.extensions["settings"], smtp_host="127.0.0.1", smtp_starttls=False)
    lines = {"talks nonsense": (b"\xff\x00 hello?\r\n",), "hangs up": (b"220 hi\r\n", b"")}
    if behavior == "refuses":
        _drain_at(app, replace(settings, smtp_port=free_port()), worker)
    else:
        with server_saying(*lines[behavior]) as port:
            _drain_at(app, replace(settings, smtp_port=port), worker)
    assert states() == [("planned", "")] * 3
    assert not worker.breakers[Channel.EMAIL].lets_through()
    (later, *_) = sorted(db.session.scalars(select(ReminderDelivery.next_try_at)), reverse=True)
    assert later > DUE


def _drain_at(app: Flask, settings: object, worker: Worker) -> None:
    app.extensions["settings"] = settings
    plan(worker)
    clock.freeze(DUE)
    drain(worker)


def test_the_message_in_hand_is_let_go_long_before_its_lease_ends() -> None:
    from iop_schedule.adapters.messages import SmtpMessages

    slowest = SmtpMessages("mail", 25, "a@example.org")
    # Connecting and handing over each have their own deadline.
    assert outbox.LEASE.total_seconds() >= 3 * slowest.total_timeout / 1.5


def test_a_text_provider_that_never_answers_is_left_alone_and_mail_goes_out(app: Flask, cast: Cast) -> None:
    class Silent(NullMessages):
        asked = 0

        def send(self, outgoing: Outgoing) -> str:
            type(self).asked += 1
            raise Unsure("TimeoutError")

    expect_on_thursday(cast)
    for number in range(6):
        client = make.make_client(cast.elm, email=f"c{number}@example.net")
        make.make_enrollment(client, cast.program)
        make.make_entry(cast_session(cast), client)
        make.make_reachable(client, Channel.SMS, address=f"+1202555018{number}")
    db.session.commit()
    mail = NullMessages()
    app.extensions["messages"] = {Channel.EMAIL: mail, Channel.SMS: Silent(repeats_when_unsure=0)}
    worker = Worker()
    plan(worker)
    clock.freeze(DUE)
    for _ in range(3):
        drain(worker)
    assert (Silent.asked, len(mail.sent)) == (3, 2)
    assert states(Channel.SMS) == [("planned", "")] * 3 + [("unknown", "unknown")] * 3
    assert not worker.breakers[Channel.SMS].lets_through()
    assert worker.breakers[Channel.EMAIL].lets_through()


def cast_session(cast: Cast) -> Occurrence:
    """Return Thursday's session at Elm Street."""
    found: Occurrence = db.session.query(Occurrence).filter_by(series_id=cast.monday.id).one()
    return found
