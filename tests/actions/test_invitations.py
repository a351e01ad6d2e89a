"""Invitations from the client's wish to the mail server: one session, one recipient, neutral."""

import re
from datetime import date, time, timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from icalendar import Calendar
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.actions.invitations import (
    MOST_TRIES,
    Step,
    deliver_next_invitation,
    plan_invitations,
    switch_invitations,
)
from iop_schedule.actions.occurrences import Move, cancel_occurrence, extend_horizon, move_occurrence
from iop_schedule.adapters.messages import (
    Delayed,
    NullMessages,
    Outgoing,
    Refused,
    Unreachable,
    Unsure,
)
from iop_schedule.adapters.messages.smtp import _content
from iop_schedule.errors import NotPossible
from iop_schedule.models import Client, Invitation, Occurrence, User, db
from iop_schedule.queries.access import Actor, actor_for
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.kept import KeptApp
from tests.outbox import stop_consent

KEY = b"key"


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def drained(now=NOW) -> list[Outgoing]:  # type: ignore[no-untyped-def]
    messages = NullMessages()
    clock.freeze(now)
    plan_invitations(now=now)
    while deliver_next_invitation(messages=messages, key=KEY, now=now):
        pass
    return messages.sent


def asked(sent: list[Outgoing]) -> list[tuple[str, str, int]]:
    found = [(one.invitation, one.to) for one in sent if one.invitation]
    return [(str(one.method), str(one.entry.starts_at.date()), one.entry.sequence) for one, _ in found]


@pytest.fixture
def ana(cast: Cast, kept_app: KeptApp) -> Client:
    """Ana with twelve weeks of sessions, who has agreed to e-mails."""
    kept_app.populated("sessions to come", lambda: extend_horizon(now=NOW))
    client = db.session.get_one(Client, cast.ana.id)
    make.make_reachable(client)
    db.session.commit()
    return client


def switched(cast: Cast, *, on: bool = True, now=NOW) -> None:  # type: ignore[no-untyped-def]
    switch_invitations(actor=acting(cast.ana_user), on=on, now=now)


def on(cast: Cast, day: date) -> Occurrence:
    db.session.rollback()
    return db.session.scalars(
        select(Occurrence).where(Occurrence.site_id == cast.elm.id, Occurrence.original_day == day)
    ).one()


def test_nothing_is_sent_to_anyone_who_has_not_asked_for_it(cast: Cast, ana: Client) -> None:
    assert drained() == []


def test_the_sessions_of_two_weeks_come_and_then_only_what_changes(cast: Cast, ana: Client) -> None:
    switched(cast)
    first = drained()
    assert {(method, number) for method, _, number in asked(first)} == {("REQUEST", 0)}
    assert {one.to for one in first} == {"ana@example.net"}
    assert (len(first), drained()) == (8, [])

    move = Move(date(2026, 3, 10), time(10, 30), 150, cast.carol.id, cast.room.id, "")
    root = acting(cast.root)
    move_occurrence(actor=root, occurrence_id=on(cast, date(2026, 3, 9)).id, move=move, now=NOW)
    cancel_occurrence(actor=root, occurrence_id=on(cast, date(2026, 3, 11)).id, reason="Snow", now=NOW)
    later = drained(NOW + timedelta(minutes=5))
    assert sorted(asked(later)) == [("CANCEL", "2026-03-11", 1), ("REQUEST", "2026-03-10", 1)]
    ids = {one.invitation.entry.uid for one in first if one.invitation}
    assert {one.invitation.entry.uid for one in later if one.invitation} < ids

    switched(cast, on=False, now=NOW)
    taken_back = asked(drained(NOW + timedelta(minutes=10)))
    assert ({method for method, _, _ in taken_back}, len(taken_back)) == ({"CANCEL"}, 7)


def test_the_message_has_one_recipient_and_says_nothing(cast: Cast, ana: Client) -> None:
    switched(cast)
    sent = drained()[0]
    email = message_from_bytes(_content(sent, "mail@calendar.example")[:-3], policy=default)
    assert (email["From"], email["To"], email["Subject"]) == (
        "mail@calendar.example", "ana@example.net", "Appointment",
    )  # fmt: skip
    part = email.get_body().get_content() if email.get_body(("plain",)) is None else ""
    calendar = next(one for one in email.walk() if one.get_content_type() == "text/calendar")
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    (event,) = Calendar.from_ical(calendar.get_content()).events
    assert str(event["ATTENDEE"]) == "mailto:ana@example.net"
    text = f"{email}{part}"
    assert not re.search(
        r"\b(group|recover\w*|iop|clinic|carol|whitfield|room|session)\b", text, re.IGNORECASE
    )


def test_consent_that_is_withdrawn_stops_what_waits(cast: Cast, ana: Client) -> None:
    switched(cast)
    plan_invitations(now=NOW)
    stop_consent(ana)
    db.session.commit()
    assert (drained(), db.session.scalars(select(Invitation)).all()) == ([], [])
    with pytest.raises(NotPossible, match="under Messages"):
        switched(cast)


def test_a_night_is_left_in_peace(cast: Cast, ana: Client) -> None:
    switched(cast)
    midnight = NOW.replace(hour=5)
    assert drained(midnight) == []
    assert len(drained(NOW.replace(hour=13))) == 9


class Failing(NullMessages):
    """Fails with one kind of trouble."""

    def __init__(self, trouble: Exception) -> None:
        super().__init__()
        self.trouble = trouble

    def send(self, outgoing: Outgoing) -> str:
        raise self.trouble


@pytest.mark.parametrize(
    ("trouble", "step", "state", "attempts"),
    [
        (Refused("reply 550"), Step.HELD, "dead", 1),
        (Delayed("reply 450"), Step.POSTPONED, "planned", 1),
        (Unsure("timeout"), Step.POSTPONED, "planned", 1),
        (Unreachable("timeout"), Step.UNREACHABLE, "planned", 0),
    ],
    ids=["refused", "delayed", "unsure", "unreachable"],
)
def test_trouble_delays_or_ends_one_message(
    cast: Cast, ana: Client, trouble: Exception, step: Step, state: str, attempts: int
) -> None:
    switched(cast)
    plan_invitations(now=NOW)
    assert deliver_next_invitation(messages=Failing(trouble), key=KEY, now=NOW) is step
    db.session.rollback()
    rows = db.session.scalars(select(Invitation).where(Invitation.told_at.is_not(None))).all()
    assert [(row.state, row.attempts) for row in rows] == [(state, attempts)]


def test_a_message_whose_worker_died_goes_out_again_with_the_same_number(cast: Cast, ana: Client) -> None:
    switched(cast)
    plan_invitations(now=NOW)
    with pytest.raises(ZeroDivisionError):
        deliver_next_invitation(messages=Failing(ZeroDivisionError()), key=KEY, now=NOW)
    db.session.rollback()
    again = drained(NOW + timedelta(minutes=2))
    assert (len(again), {number for _, _, number in asked(again)}) == (8, {0})


def test_a_message_is_given_up_after_some_tries(cast: Cast, ana: Client) -> None:
    switched(cast)
    plan_invitations(now=NOW)
    for tries in range(MOST_TRIES + 1):
        now = NOW + tries * timedelta(minutes=20)
        while deliver_next_invitation(messages=Failing(Delayed("reply 450")), key=KEY, now=now):
            pass
    db.session.rollback()
    assert {row.reason for row in db.session.scalars(select(Invitation))} == {"too_many_tries"}
