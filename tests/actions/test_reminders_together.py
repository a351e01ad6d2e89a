"""Messages armed together: facts that change in between, workers that die in the middle, what is given back."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from iop_schedule import clock
from iop_schedule.actions import reminders
from iop_schedule.actions.reminders import LEASE, Step
from iop_schedule.adapters.messages import NotSent, NullMessages, Outgoing, Refused, Unreachable
from iop_schedule.jobs.worker import Handful
from iop_schedule.models import Occurrence, ReminderAttempt, ReminderDelivery, db
from iop_schedule.queries import reminders as outbox
from iop_schedule.vocabulary import Channel, OccurrenceStatus, ProviderCapability
from tests.cast import Cast
from tests.conftest import NOW
from tests.kept import KeptApp
from tests.outbox import (
    DUE,
    HEAD,
    MINUTE,
    THURSDAY,
    drain,
    expect_on_thursday,
    expect_others,
    plan,
    settle,
)

PEOPLE = 4


@pytest.fixture
def thursday(cast: Cast, kept_app: KeptApp) -> Occurrence:
    """Four people are expected on Thursday and reminded by mail."""

    def made() -> Occurrence:
        held = expect_on_thursday(cast)
        expect_others(cast, held, PEOPLE - 2)
        plan(NOW)
        return held

    return kept_app.populated("four reminded by mail", made)  # type: ignore[no-any-return]


@pytest.fixture(params=list(ProviderCapability))
def capability(request: pytest.FixtureRequest) -> ProviderCapability:
    return request.param


class Crash(BaseException):
    """The process is gone."""


class AtTheSecond(NullMessages):
    """Does something once it has taken the second message."""

    def __init__(self, capability: ProviderCapability, does: object) -> None:
        super().__init__(capability=capability, repeats_when_unsure=0)
        self.does = does

    def send(self, outgoing: Outgoing) -> str:
        ref = super().send(outgoing)
        if len(self.sent) == 2 and self.does is not None:
            does, self.does = self.does, None
            if isinstance(does, BaseException):
                raise does
            does()
        return ref


def attempts() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(ReminderAttempt)) or 0


def of_elm_street() -> list[tuple[str, str]]:
    """Return how the four messages stand; Zoe's at the other site is due later."""
    rows = db.session.scalars(select(ReminderDelivery).where(ReminderDelivery.due_at == DUE))
    return sorted((row.state, row.reason) for row in rows)


def test_a_decision_stands_for_seconds_and_is_then_taken_again(
    cast: Cast, thursday: Occurrence, capability: ProviderCapability, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session canceled while the second message is handed over: the third is not sent."""
    seconds = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: seconds[0])

    def cancel_and_dawdle() -> None:
        thursday.status = OccurrenceStatus.CANCELLED
        db.session.commit()
        seconds[0] += 3

    provider = AtTheSecond(capability, cancel_and_dawdle)
    steps = drain(provider, DUE)
    assert steps == [Step.SENT] * 2 + [Step.GIVEN_BACK] * 2 + [Step.HELD] * 2
    assert (len(provider.sent), attempts()) == (2, 2)
    assert of_elm_street() == [("sent", "")] * 2 + [("suppressed", "no_session")] * 2


def test_a_worker_that_dies_among_several_leaves_one_in_doubt_at_most(
    cast: Cast, thursday: Occurrence, capability: ProviderCapability
) -> None:
    provider = AtTheSecond(capability, Crash())
    with pytest.raises(Crash):
        drain(provider, DUE)
    db.session.remove()
    settle(DUE + LEASE, provider)
    drain(provider, DUE + LEASE)
    settle(DUE + LEASE + MINUTE, provider)
    doubtful = outbox.doubtful(since=THURSDAY)
    if capability is ProviderCapability.LOOKUP:
        assert (doubtful, of_elm_street(), len(provider.sent)) == ([], [("sent", "")] * 4, 4)
    elif capability is ProviderCapability.NATIVE_KEY:  # the provider knows the second copy by its key
        assert (len(doubtful), of_elm_street(), len({m.id for m in provider.sent})) == (
            1,
            [("sent", "")] * 4,
            4,
        )
    else:
        assert (len(doubtful), len(provider.sent)) == (1, 4)
        assert of_elm_street() == [("sent", "")] * 3 + [("unknown", "unknown")]


@pytest.mark.parametrize(
    ("problem", "rest"),
    [
        (Unreachable("reply 421"), [Step.UNREACHABLE] + [Step.SENT] + [Step.GIVEN_BACK] * 2),
        (Refused("reply 554"), [Step.HELD] + [Step.SENT] * 3),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_a_failure_that_others_would_share_ends_the_batch(
    thursday: Occurrence, capability: ProviderCapability, problem: NotSent, rest: list[Step]
) -> None:
    provider = AtTheSecond(capability, problem)
    done = reminders.deliver(Channel.EMAIL, doors={Channel.EMAIL: provider}, now=DUE, head=HEAD)
    assert [one.step for one in done] == rest
    assert attempts() == 4 - rest.count(Step.GIVEN_BACK)


def test_what_breaks_in_between_keeps_what_is_known_of_the_others(
    thursday: Occurrence, capability: ProviderCapability
) -> None:
    provider = AtTheSecond(capability, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        drain(provider, DUE)
    db.session.rollback()
    assert of_elm_street() == [("attempting", ""), ("planned", ""), ("planned", ""), ("sent", "")]


def test_a_worker_that_slept_past_its_lease_begins_nothing_more(
    thursday: Occurrence, capability: ProviderCapability, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep settles its messages while it sleeps, and others send what it had not begun."""
    seconds = [0.0]
    monkeypatch.setattr(clock, "monotonic", lambda: seconds[0])
    others = NullMessages(capability=capability)

    def sleep() -> None:
        settle(DUE + LEASE, provider)
        drain(others, DUE + LEASE)
        # Without a look at the clock, a lease that is gone is noticed where each message is begun by itself.
        seconds[0] += LEASE.total_seconds() if capability is ProviderCapability.LOOKUP else 0

    provider = AtTheSecond(capability, sleep)
    drain(provider, DUE)
    taken = [m.id for m in (*provider.sent, *others.sent)]
    again = 1 if capability is ProviderCapability.NATIVE_KEY else 0  # given again under its key
    assert (len(taken) - again, len(set(taken)), of_elm_street()) == (4, 4, [("sent", "")] * 4)


def test_without_a_door_nothing_is_decided(thursday: Occurrence) -> None:
    assert reminders.deliver(Channel.EMAIL, doors={}, now=DUE, head=HEAD) == []
    assert of_elm_street() == [("planned", "")] * 4


def test_two_messages_to_one_person_are_decided_one_after_the_other(cast: Cast, thursday: Occurrence) -> None:
    """The second knows that the first went out: a change announced in the evening is the reminder."""
    thursday.starts_at += timedelta(hours=1)
    thursday.ends_at += timedelta(hours=1)
    db.session.commit()
    plan(DUE - 3 * MINUTE)
    provider = NullMessages(capability=ProviderCapability.LOOKUP)
    drain(provider, DUE)
    assert sorted(m.to for m in provider.sent) == sorted({m.to for m in provider.sent})
    assert {m.subject for m in provider.sent} == {"Appointment changed"}


@pytest.mark.parametrize(
    ("messages", "seconds", "size"), [(5, 0.05, 80), (5, 1.0, 5), (5, 2.5, 2), (1, 30.0, 1), (0, 9.0, 5)]
)
def test_a_handful_is_what_goes_out_while_decisions_are_fresh(
    messages: int, seconds: float, size: int
) -> None:
    handful = Handful()
    handful.took(messages, seconds)
    assert handful.size == size
