"""The outbox when things fail: mail servers that refuse, workers that die, stall or come back late."""

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from iop_schedule.actions.reminders import LEASE, Step, arming
from iop_schedule.adapters.messages import (
    Delayed,
    NullMessages,
    Outgoing,
    Refused,
    Unreachable,
    Unsure,
)
from iop_schedule.models import Occurrence, ReminderAttempt, ReminderDelivery, db
from iop_schedule.queries import reminders as outbox
from tests.cast import Cast
from tests.conftest import NOW
from tests.outbox import (
    DUE,
    MINUTE,
    THURSDAY,
    Flaky,
    audit,
    drain,
    expect_on_thursday,
    outcomes,
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


# --- what the mail server says ------------------------------------------------------------------------


def test_refused_for_good_is_not_tried_again(cast: Cast, only_ana: Occurrence) -> None:
    plan(NOW)
    messages = Flaky(Refused("reply 550"))
    assert drain(messages, DUE) == [Step.HELD]
    plan(DUE + MINUTE)
    assert drain(messages, DUE + timedelta(hours=1)) == []
    assert (states(), outcomes()) == ([("dead", "refused")], [(1, "refused", "reply 550")])


def test_refused_for_now_is_tried_again_with_growing_waits_and_given_up(
    cast: Cast, only_ana: Occurrence
) -> None:
    plan(NOW)
    messages = Flaky(*[Delayed("reply 451")] * 6)
    now, waits = DUE, []
    while True:
        (step,) = drain(messages, now)
        if step is Step.HELD:
            break
        later = db.session.scalars(select(ReminderDelivery)).one().next_try_at
        waits.append((later - now) / MINUTE)
        now = later
    full = (1, 2, 4, 8, 15)
    assert len(waits) == len(full)
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, full, strict=True))
    assert states() == [("dead", "too_many_tries")]


def test_a_server_that_cannot_be_reached_costs_nothing_but_time(cast: Cast, only_ana: Occurrence) -> None:
    plan(NOW)
    messages = Flaky(*[Unreachable("ConnectionRefusedError")] * 40)
    for minute in range(40):
        assert drain(messages, DUE + minute * MINUTE) == [Step.UNREACHABLE]
    assert drain(messages, DUE + 40 * MINUTE) == [Step.SENT]
    assert (len(messages.sent), states()) == (1, [("sent", "")])


def test_a_doubtful_message_is_sent_once_more_and_stays_visible(cast: Cast, only_ana: Occurrence) -> None:
    plan(NOW)
    messages = Flaky(Unsure("TimeoutError"))
    assert drain(messages, DUE) == [Step.UNKNOWN]
    assert drain(messages, DUE + MINUTE) == [Step.SENT]
    assert outcomes() == [(1, "unknown", "TimeoutError"), (2, "sent", "")]
    assert [(d.client_id, d.sent_again) for d in outbox.doubtful(since=THURSDAY)] == [(cast.ana.id, True)]


def test_doubtful_twice_is_left_for_people_to_look_at(cast: Cast, only_ana: Occurrence) -> None:
    plan(NOW)
    messages = Flaky(Unsure("TimeoutError"), Unsure("TimeoutError"))
    for minute in range(5):
        drain(messages, DUE + minute * MINUTE)
        plan(DUE + minute * MINUTE)
    assert (messages.sent, states()) == ([], [("unknown", "unknown")])
    assert audit("reminder:held") == [(cast.ana.id, "unknown")]


def test_a_message_that_breaks_our_own_code_delays_only_itself(
    cast: Cast, thursday: Occurrence, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(NOW)
    honest = arming.letters_for

    def broken(deliveries: Sequence[ReminderDelivery], *args: object, **given: object) -> object:
        if any(delivery.client_id == cast.ana.id for delivery in deliveries):
            raise ZeroDivisionError
        return honest(deliveries, *args, **given)

    monkeypatch.setattr(arming, "letters_for", broken)
    messages = NullMessages()
    assert sorted(drain(messages, DUE)) == [Step.POSTPONED, Step.SENT]
    assert [m.to for m in messages.sent] == [cast.ben.email]
    monkeypatch.undo()
    assert drain(messages, DUE + timedelta(minutes=2)) == [Step.SENT]


# --- workers that die or stall ------------------------------------------------------------------------


class Crash(BaseException):
    """The process is gone."""


def test_a_worker_that_dies_while_sending_is_noticed_when_its_lease_ends(
    cast: Cast, only_ana: Occurrence
) -> None:
    class Dies(NullMessages):
        def send(self, outgoing: Outgoing) -> str:
            super().send(outgoing)
            raise Crash

    plan(NOW)
    with pytest.raises(Crash):
        drain(Dies(), DUE)
    assert settle(DUE + LEASE - MINUTE, NullMessages()) == 0
    assert drain(NullMessages(), DUE + LEASE - MINUTE) == []
    assert settle(DUE + LEASE, NullMessages()) == 1
    assert outcomes() == [(1, "unknown", "worker gone")]
    again = NullMessages()
    assert drain(again, DUE + LEASE + MINUTE) == [Step.SENT]
    assert [d.sent_again for d in outbox.doubtful(since=THURSDAY)] == [True]


def test_a_worker_that_slept_past_its_lease_cannot_overwrite_a_later_try(
    cast: Cast, only_ana: Occurrence
) -> None:
    other = NullMessages()

    class Sleeps(NullMessages):
        def send(self, outgoing: Outgoing) -> str:
            settle(DUE + LEASE, NullMessages())
            assert drain(other, DUE + LEASE + MINUTE) == [Step.SENT]
            raise Delayed("reply 451")

    plan(NOW)
    assert drain(Sleeps(), DUE) == [Step.OVERTAKEN]
    assert (len(other.sent), states()) == (1, [("sent", "")])


def test_a_worker_that_comes_back_late_with_good_news_ends_the_doubt(
    cast: Cast, only_ana: Occurrence
) -> None:
    class Sleeps(NullMessages):
        def send(self, outgoing: Outgoing) -> str:
            settle(DUE + LEASE, NullMessages())
            return super().send(outgoing)

    plan(NOW)
    assert drain(Sleeps(), DUE) == [Step.SENT]
    assert drain(NullMessages(), DUE + timedelta(hours=1)) == []
    assert (outcomes(), outbox.doubtful(since=THURSDAY)) == ([(1, "sent", "")], [])


@pytest.fixture
def crash_at(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], list[str]]:
    """Make the n-th commit boundary (before and after each commit are two) the end of the process."""
    passed: list[str] = []
    stop_at: list[int | None] = [None]

    def boundary(name: str) -> None:
        passed.append(name)
        if len(passed) - 1 == stop_at[0]:
            raise Crash

    honest = Session.commit

    def commit(self: Session) -> None:
        boundary("before")
        honest(self)
        boundary("after")

    monkeypatch.setattr(Session, "commit", commit)

    def arm(number: int | None) -> list[str]:
        passed.clear()
        stop_at[0] = number
        return passed

    return arm


def _a_whole_day(messages: NullMessages) -> None:
    plan(NOW)
    drain(messages, DUE)
    settle(DUE, NullMessages())


def test_a_crash_at_any_commit_loses_nothing_and_doubles_nothing_silently(
    app: Flask, cast: Cast, only_ana: Occurrence, crash_at: Callable[[int | None], list[str]]
) -> None:
    passed = crash_at(None)
    _a_whole_day(NullMessages())
    boundaries = len(passed)
    assert boundaries == 8  # plan, arm, finish, and finding nothing more: before and after each
    db.session.rollback()
    doubtful = []
    for number in range(boundaries):
        for table in (ReminderAttempt, ReminderDelivery):
            db.session.query(table).delete()
        crash_at(None)
        db.session.commit()
        messages = NullMessages()
        crash_at(number)
        with pytest.raises(Crash):
            _a_whole_day(messages)
        db.session.remove()
        crash_at(None)
        for minutes in (1, 3, 5):  # the next process
            now = DUE + timedelta(minutes=minutes)
            plan(now)
            settle(now, NullMessages())
            drain(messages, now)
        assert states() == [("sent", "")], number
        seen = outbox.doubtful(since=THURSDAY)
        assert len(messages.sent) == 1 or seen, number
        assert 1 <= len(messages.sent) <= 2, number
        doubtful.append((len(messages.sent), len(seen)))
    assert doubtful == [(1, 0), (1, 0), (1, 0), (1, 1), (2, 1), (1, 0), (1, 0), (1, 0)]
