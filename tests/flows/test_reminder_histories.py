"""Any history of a session, its clients' wishes, the clock and dying workers, held against what was received.

Hypothesis tells the histories; `make chaos` has it tell many more of them.
"""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from dateutil import tz as dateutil_tz
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

from iop_schedule import clock
from iop_schedule.actions.reminders import LEASE
from iop_schedule.adapters.messages import Accepted, NullMessages, Outgoing
from iop_schedule.app import create_app
from iop_schedule.models import Client, ContactConsent, Occurrence, ReminderDelivery, Series, db
from iop_schedule.models.base import write_intent
from iop_schedule.vocabulary import (
    ConsentPurpose,
    DeliveryState,
    Evidence,
    OccurrenceStatus,
    ProviderCapability,
)
from tests import factories as make
from tests.cast import make_cast
from tests.conftest import NOW, make_settings
from tests.outbox import drain, plan, quiet_staff, settle
from tests.postgresql import quick_folder

HISTORIES = int(os.environ.get("REMINDER_HISTORIES", "40"))
WALL = dateutil_tz.gettz("America/New_York")
#: Mondays, the evening before an ordinary one and one on which clocks were changed.
MONDAYS = [date(2026, 3, 16), date(2026, 3, 9), date(2026, 11, 2)]
EMAILS = ["ana@example.net", "ben@example.net"]
TERMINAL = {"sent", "suppressed", "cancelled", "unknown", "dead"}


class Crash(BaseException):
    """The process is gone."""


class Provider(NullMessages):
    """Hands every message it is given to the history, before it answers and after."""

    def __init__(self, capability: ProviderCapability, receive: Callable[[Outgoing], None]) -> None:
        super().__init__(capability=capability, repeats_when_unsure=0)
        self.receive = receive
        self.boundary: Callable[[], None] = lambda: None

    def send(self, outgoing: Outgoing) -> str:
        self.boundary()
        knows_keys = self.capability is ProviderCapability.NATIVE_KEY
        if not knows_keys or outgoing.id not in {sent.id for sent in self.sent}:
            self.receive(outgoing)
            self.sent.append(outgoing)
        self.boundary()
        return f"null-{outgoing.id}"

    def accepted(self, to: str, *, since: datetime) -> list[Accepted]:
        assert self.capability is ProviderCapability.LOOKUP
        return [Accepted(f"null-{out.id}", out.text) for out in self.sent if out.to == to]


class History(RuleBasedStateMachine):
    """One group on one Monday, two clients, one provider; `app` and `fresh` are given by the test."""

    app: Flask
    fresh: Callable[[], None]

    @initialize(
        monday=st.sampled_from(MONDAYS),
        capability=st.sampled_from(list(ProviderCapability)),
        hours_before=st.sampled_from([16, 15, 14, 12, 20]),
    )
    def begin(self, monday: date, capability: ProviderCapability, hours_before: int) -> None:
        """Plan Monday's nudges, then look again some hours before the session."""
        self.fresh()
        self.monday = monday
        self.provider = Provider(capability, self._receive)
        #: What is so, by our own book-keeping; None while a session is off.
        self.starts: dict[date, datetime | None] = {}
        self.agreed = dict.fromkeys(EMAILS, True)
        #: Messages whose sending had been decided when something changed: these may still come as they were.
        self.decided: set[str] = set()
        self.deaths = 0
        self._create(monday)
        nine = self.starts[monday]
        assert nine is not None
        plan(nine - timedelta(hours=18))
        self.now = nine - timedelta(hours=hours_before)

    # --- what happens -----------------------------------------------------------------------------

    def _changed(self) -> None:
        """Commit a change; from here on only what had been decided before may come as it was."""
        db.session.flush()
        attempting = select(ReminderDelivery.id).where(ReminderDelivery.state == DeliveryState.ATTEMPTING)
        self.decided = set(db.session.scalars(attempting))
        db.session.commit()

    def _create(self, day: date) -> None:
        series = db.session.scalars(select(Series).where(Series.code == "rpb-0")).one()
        held = make.make_occurrence(series, day)
        for email in EMAILS:
            make.make_entry(held, _client(email))
        self.starts[day] = held.starts_at
        self._changed()

    @precondition(lambda self: len(self.starts) == 1)
    @rule()
    def create_one_more(self) -> None:
        self._create(self.monday + timedelta(days=1))

    @rule(later=st.booleans(), hour=st.integers(8, 12))
    def move(self, later: bool, hour: int) -> None:
        self._move(max(self.starts) if later else self.monday, hour)

    def _move(self, day: date, hour: int) -> None:
        held = _session(day)
        held.status = OccurrenceStatus.PLANNED
        held.starts_at = datetime.combine(day, time(hour), WALL).astimezone(UTC)
        held.ends_at = held.starts_at + timedelta(hours=3)
        self.starts[day] = held.starts_at
        self._changed()

    @rule(later=st.booleans())
    def cancel(self, later: bool) -> None:
        self._cancel(max(self.starts) if later else self.monday)

    def _cancel(self, day: date) -> None:
        _session(day).status, self.starts[day] = OccurrenceStatus.CANCELLED, None
        self._changed()

    @rule(email=st.sampled_from(EMAILS))
    def opt_out(self, email: str) -> None:
        self._opt_out(email)

    def _opt_out(self, email: str) -> None:
        open_ones = select(ContactConsent).where(
            ContactConsent.client_id == _client(email).id, ContactConsent.ended_at.is_(None)
        )
        for consent in db.session.scalars(open_ones):
            consent.ended_at, consent.end_evidence = self.now, Evidence.ONLINE
        self.agreed[email] = False
        self._changed()

    @rule(email=st.sampled_from(EMAILS))
    def opt_in(self, email: str) -> None:
        if not self.agreed[email]:
            make.make_agreement(_client(email), ConsentPurpose.REMINDERS)
            self.agreed[email] = True
        self._changed()

    @rule(minutes=st.sampled_from([1, 3, 45, 180, 12 * 60]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(minutes=st.sampled_from([60, 24 * 60]))
    def set_the_clock_back(self, minutes: int) -> None:
        self.now -= timedelta(minutes=minutes)

    # --- what we do -------------------------------------------------------------------------------

    @rule()
    def plan(self) -> None:
        plan(self.now)

    @rule(after=st.sampled_from([0, 0, 1, 60]))
    def send(self, after: int) -> None:
        self.now += timedelta(minutes=after)
        self._drain()

    @rule(later=st.booleans(), email=st.sampled_from(EMAILS), cancels=st.booleans())
    def send_right_after_a_change(self, later: bool, email: str, cancels: bool) -> None:
        """No planner has seen it yet."""
        if cancels:
            self.cancel(later)
        else:
            self._opt_out(email)
        self._drain()

    @rule()
    def sweep(self) -> None:
        settle(self.now, self.provider)

    @rule(boundary=st.integers(0, 9))
    def send_and_die(self, boundary: int) -> None:
        """A worker dies between two of its commits, or before or after the provider has taken a message."""

        def die() -> None:
            self.deaths += 1
            raise Crash

        self._drain(at=boundary, do=die)

    @rule(boundary=st.integers(0, 9), what=st.sampled_from(["cancel", "move", "opt out"]))
    def send_while_something_changes(self, boundary: int, what: str) -> None:
        """Somebody else commits a change between two commits of a worker."""
        change = {
            "cancel": lambda: self._cancel(self.monday),
            "move": lambda: self._move(self.monday, 12),
            "opt out": lambda: self._opt_out(EMAILS[0]),
        }[what]
        self._drain(at=boundary, do=lambda: self._elsewhere(change))

    def _elsewhere(self, change: Callable[[], None]) -> None:
        def work() -> None:
            with self.app.app_context():
                change()

        other = Thread(target=work)
        other.start()
        other.join()

    def _drain(self, at: int | None = None, do: Callable[[], None] = lambda: None) -> None:
        with _boundaries(at, do) as boundary:
            self.provider.boundary = boundary
            try:
                drain(self.provider, self.now)
            except Crash:
                db.session.remove()
            finally:
                self.provider.boundary = lambda: None

    # --- what must hold ---------------------------------------------------------------------------

    def _receive(self, outgoing: Outgoing) -> None:
        there = self.now.astimezone(WALL)
        assert time(8) <= there.time() < time(21), "sent in quiet hours"
        assert outgoing.id not in {sent.id for sent in self.provider.sent}, "sent twice"
        if outgoing.id in self.decided:
            return
        assert self.agreed[outgoing.to], "sent without consent"
        (day,) = [day for day in self.starts if f"{day:%a, %b} {day.day} " in outgoing.text]
        start = self.starts[day]
        if outgoing.subject == "Appointment canceled":
            assert start is None, "said to be off, and is not"
            return
        assert start is not None, "sent after a committed cancel"
        assert f" at {start.astimezone(WALL).hour % 12 or 12}:00" in outgoing.text, "a time that is not so"
        assert self.now < start, "sent when useless"

    def teardown(self) -> None:
        """Let undisturbed workers do the rest: every message ends, and as the provider has it."""
        if not hasattr(self, "provider"):
            return
        db.session.remove()
        for _ in range(3):
            self.now += LEASE
            settle(self.now, self.provider)
            drain(self.provider, self.now)
        over = datetime.combine(self.monday + timedelta(days=3), time(0), UTC)
        self.now = max(self.now, over) + LEASE
        settle(self.now, self.provider)
        db.session.rollback()
        rows = list(db.session.scalars(select(ReminderDelivery)))
        assert {row.state for row in rows} <= TERMINAL
        taken = Counter(outgoing.id for outgoing in self.provider.sent)
        assert all(count == 1 for count in taken.values())
        assert {row.id for row in rows if row.state == "sent"} <= taken.keys()
        unknown = [row.id for row in rows if row.state == "unknown"]
        assert {row.id for row in rows if row.id in taken and row.state != "sent"} <= set(unknown)
        can_be_asked = self.provider.capability is ProviderCapability.LOOKUP
        assert len(unknown) <= (0 if can_be_asked else self.deaths)


def _session(day: date) -> Occurrence:
    return db.session.scalars(select(Occurrence).where(Occurrence.local_day == day)).one()


def _client(email: str) -> Client:
    return db.session.scalars(select(Client).where(Client.email == email)).one()


@contextmanager
def _boundaries(at: int | None, do: Callable[[], None]) -> Iterator[Callable[[], None]]:
    """Do something at the `at`-th boundary: after every commit, and wherever else it is called."""
    honest, passed = Session.commit, 0

    def boundary() -> None:
        nonlocal passed
        passed += 1
        if passed - 1 == at:
            do()

    def commit(self: Session) -> None:
        honest(self)
        boundary()

    Session.commit = commit  # type: ignore[method-assign]
    try:
        yield boundary
    finally:
        Session.commit = honest  # type: ignore[method-assign]


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="iop-histories-", dir=quick_folder()) as name:
        yield Path(name)


@pytest.fixture
def app(sqlite_template: Path, folder: Path) -> Iterator[Flask]:
    """An application of this test's own, with two clients who agreed to e-mail."""
    shutil.copy(sqlite_template, folder / "iop.db")
    made = create_app(make_settings(folder, f"sqlite:///{folder / 'iop.db'}"))
    clock.freeze(NOW)
    with made.app_context():
        token = write_intent.set(True)
        cast = make_cast(now=NOW)
        quiet_staff(cast)
        for client in (cast.ana, cast.ben):
            make.make_reachable(client)
        db.session.commit()
        yield made
        write_intent.reset(token)
        db.session.remove()
        db.engine.dispose()
    clock.freeze(None)


def test_no_history_sends_what_must_not_be_sent_or_leaves_a_message_hanging(app: Flask, folder: Path) -> None:
    database, kept = folder / "iop.db", folder / "kept.db"
    db.session.remove()
    db.engine.dispose()
    shutil.copy(database, kept)

    def fresh() -> None:
        db.session.remove()
        db.engine.dispose()
        for left in folder.glob("iop.db-*"):
            left.unlink()
        shutil.copy(kept, database)

    given: dict[str, Any] = {"app": app, "fresh": staticmethod(fresh)}
    run_state_machine_as_test(
        type("ThisHistory", (History,), given),
        settings=settings(
            max_examples=HISTORIES,
            stateful_step_count=15,
            derandomize="REMINDER_HISTORIES" not in os.environ,
            phases=[
                Phase.generate
            ],  # a short history is readable as it is, and making it shorter takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
