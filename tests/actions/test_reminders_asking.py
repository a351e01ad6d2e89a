"""Messages in doubt over a provider that can be asked, or that knows our keys: never lost, never twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions import reminders
from iop_schedule.actions.reminders import LEASE, Step
from iop_schedule.actions.reminders.settling import KEEP_ASKING, KEY_STANDS
from iop_schedule.adapters.messages import Accepted, NullMessages, Outgoing, Refused, Unreachable, Unsure
from iop_schedule.models import ContactConsent, ContactPoint, Occurrence, ReminderDelivery, db
from iop_schedule.vocabulary import Channel, ProviderCapability, StopReason
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.kept import KeptApp
from tests.outbox import DUE, MINUTE, drain, expect_on_thursday, outcomes, quiet_staff, settle, states


class Asked(NullMessages):
    """A provider that may keep a message and then fail to say so, and can be asked."""

    def __init__(self, capability: ProviderCapability = ProviderCapability.LOOKUP) -> None:
        super().__init__(capability=capability, repeats_when_unsure=0)
        self.keeps, self.answers, self.talks = True, True, False

    def send(self, outgoing: Outgoing) -> str:
        if self.keeps:
            super().send(outgoing)
        if not self.talks:
            raise Unsure("TimeoutError")
        return f"null-{outgoing.id}"

    def accepted(self, to: str, *, since: object) -> list[Accepted]:
        if not self.answers:
            raise Unreachable("TimeoutError")
        return super().accepted(to, since=NOW)


@pytest.fixture
def ana_by_text(cast: Cast, kept_app: KeptApp) -> Occurrence:
    """Ana alone is expected on Thursday, and agreed to texts."""

    def made() -> Occurrence:
        held = expect_on_thursday(cast)
        make.make_reachable(cast.ana, Channel.SMS)
        quiet_staff(cast)
        db.session.commit()
        reminders.plan_reminders(now=NOW, channels=[Channel.SMS])
        return held

    return kept_app.populated("one reminded by text", made)  # type: ignore[no-any-return]


def by_text() -> list[tuple[str, str]]:
    return states(Channel.SMS)


def test_a_text_that_was_taken_is_found_by_asking_and_not_sent_again(
    cast: Cast, ana_by_text: Occurrence
) -> None:
    provider = Asked()
    assert drain(provider, DUE, channel=Channel.SMS) == [Step.UNKNOWN]
    assert by_text() == [("attempting", "")]
    assert settle(DUE + MINUTE, provider, Channel.SMS) == 1
    assert (len(provider.sent), by_text()) == (1, [("sent", "")])
    row = db.session.scalars(select(ReminderDelivery).where(ReminderDelivery.channel == Channel.SMS)).one()
    assert row.provider_ref == f"null-{row.id}"
    assert outcomes() == [(1, "sent", "found by asking")]


def test_a_text_that_was_not_taken_is_sent_again_at_once(cast: Cast, ana_by_text: Occurrence) -> None:
    provider = Asked()
    provider.keeps = False
    drain(provider, DUE, channel=Channel.SMS)
    settle(DUE + MINUTE, provider, Channel.SMS)
    provider.keeps = provider.talks = True
    assert drain(provider, DUE + MINUTE, channel=Channel.SMS) == [Step.SENT]
    assert (len(provider.sent), by_text()) == (1, [("sent", "")])


def test_a_provider_that_does_not_answer_the_question_is_asked_again_then_people_are(
    cast: Cast, ana_by_text: Occurrence
) -> None:
    provider = Asked()
    provider.answers = False
    drain(provider, DUE, channel=Channel.SMS)
    row = db.session.scalars(select(ReminderDelivery).where(ReminderDelivery.channel == Channel.SMS)).one()
    expires = row.expires_at
    for now in (DUE + MINUTE, DUE + 5 * MINUTE, expires, expires + KEEP_ASKING - MINUTE):
        settle(now, provider, Channel.SMS)
        assert by_text() == [("attempting", "")]
    settle(expires + KEEP_ASKING, provider, Channel.SMS)
    assert (len(provider.sent), by_text()) == (1, [("unknown", "unknown")])


def test_two_people_with_one_telephone_are_told_apart_by_count(cast: Cast, ana_by_text: Occurrence) -> None:
    make.make_reachable(cast.ben, Channel.SMS)  # the same number, and the same words
    db.session.commit()
    reminders.plan_reminders(now=NOW, channels=[Channel.SMS])
    provider = Asked()
    provider.talks = True
    assert drain(provider, DUE, limit=1, channel=Channel.SMS) == [Step.SENT]
    provider.keeps = provider.talks = False
    assert drain(provider, DUE, channel=Channel.SMS) == [Step.UNKNOWN]
    settle(DUE + MINUTE, provider, Channel.SMS)
    assert by_text() == [("planned", ""), ("sent", "")]  # the one text there is belongs to the other


def test_a_worker_that_dies_after_the_provider_took_it_changes_nothing(
    cast: Cast, ana_by_text: Occurrence
) -> None:
    class Dies(Asked):
        def send(self, outgoing: Outgoing) -> str:
            NullMessages.send(self, outgoing)
            raise KeyboardInterrupt

    provider = Dies()
    with pytest.raises(KeyboardInterrupt):
        drain(provider, DUE, channel=Channel.SMS)
    settle(DUE + LEASE, provider, Channel.SMS)
    assert (len(provider.sent), by_text()) == (1, [("sent", "")])


def test_a_provider_that_knows_our_keys_is_given_the_message_again_while_it_remembers(
    cast: Cast, ana_by_text: Occurrence
) -> None:
    provider = Asked(ProviderCapability.NATIVE_KEY)
    drain(provider, DUE, channel=Channel.SMS)
    settle(DUE + MINUTE, provider, Channel.SMS)
    assert by_text() == [("planned", "")]
    drain(provider, DUE + MINUTE, channel=Channel.SMS)
    assert len({out.id for out in provider.sent}) == 1
    settle(DUE + KEY_STANDS, provider, Channel.SMS)
    assert by_text() == [("unknown", "unknown")]


def test_without_a_way_to_ask_a_text_is_never_sent_on_a_guess(cast: Cast, ana_by_text: Occurrence) -> None:
    provider = Asked(ProviderCapability.NONE)
    assert drain(provider, DUE, channel=Channel.SMS) == [Step.UNKNOWN]
    assert drain(provider, DUE + timedelta(hours=1), channel=Channel.SMS) == []
    assert (len(provider.sent), by_text()) == (1, [("unknown", "unknown")])


@pytest.mark.parametrize(
    ("why", "state", "open_consents"),
    [(StopReason.BOUNCED, "bounced", 1), (StopReason.OPTED_OUT, "opted_out", 0)],
)
def test_an_address_the_provider_gives_up_on_takes_nothing_more(
    cast: Cast, ana_by_text: Occurrence, why: StopReason, state: str, open_consents: int
) -> None:
    class Gone(NullMessages):
        def send(self, outgoing: Outgoing) -> str:
            raise Refused("code 21610", stops=why)

    assert drain(Gone(), DUE, channel=Channel.SMS) == [Step.HELD]
    db.session.rollback()
    point = db.session.query(ContactPoint).filter_by(client_id=cast.ana.id, channel="sms").one()
    assert (point.stop_reason, point.stopped_at) == (state, DUE)
    still = db.session.query(ContactConsent).filter_by(client_id=cast.ana.id, channel="sms", ended_at=None)
    assert still.count() == open_consents
    assert by_text() == [("dead", "refused")]


def test_a_text_costs_one_segment_and_says_how_to_answer(cast: Cast, ana_by_text: Occurrence) -> None:
    provider = NullMessages()
    drain(provider, DUE, channel=Channel.SMS)
    (text,) = provider.sent
    assert (text.to, text.subject) == ("+12025550142", "")
    assert text.text == (
        "Reminder: you have an appointment on Thu, Mar 5 at 9:00 am. "
        "Reply 1 if you are coming, 2 if you can't, STOP for no more texts."
    )
