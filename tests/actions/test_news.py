"""A word that something new waits: to whom it goes, what it says, and when nothing is said any more."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.placement_offers import OPEN_FOR, offer_weeks, withdraw_offer
from iop_schedule.adapters.messages import NullMessages
from iop_schedule.models import Client, ReminderDelivery, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import Channel, ConsentPurpose, DeliveryPurpose, EnrollmentStatus
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.outbox import MINUTE, drain, quiet_staff

MONDAY = date(2026, 3, 9)
#: 23:00 in New York, within quiet hours, and 8:00 the next morning.
LATE, MORNING = datetime(2026, 3, 5, 4, 0, tzinfo=UTC), datetime(2026, 3, 5, 13, 0, tzinfo=UTC)


@pytest.fixture
def person(cast: Cast) -> Client:
    """Someone who waits for a place and agreed to hear of their times, by mail and by text."""
    client = make.make_client(cast.elm, given_name="Cleo", email="cleo@example.org")
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_enrollment(client, cast.program, status=EnrollmentStatus.WAITLISTED)
    make.make_reachable(client)
    make.make_reachable(client, Channel.SMS)
    quiet_staff(cast)
    db.session.commit()
    return client


def offer(cast: Cast, client: Client, now: datetime = NOW) -> None:
    offer_weeks(
        actor=actor_for(cast.dev), client_id=client.id, options=[[cast.monday.id]], from_day=MONDAY, now=now
    )


def sent(now: datetime) -> list[tuple[str, str]]:
    mail = NullMessages()
    drain(mail, now)
    return [(message.to, message.text) for message in mail.sent]


def test_who_is_offered_weeks_hears_once_that_something_is_new_and_nothing_else(
    cast: Cast, person: Client
) -> None:
    offer(cast, person)
    ((to, text),) = sent(NOW)
    assert to == person.email
    assert "There is something new for you. Please sign in when you can." in text
    assert not any(word in text for word in (cast.elm.name, cast.group.name, "week", "offer", "treatment"))
    assert sent(NOW + MINUTE) == []
    rows = db.session.scalars(select(ReminderDelivery).where(ReminderDelivery.client_id == person.id)).all()
    assert [(row.channel, row.purpose) for row in rows] == [(Channel.EMAIL, DeliveryPurpose.NEWS)]


def test_it_waits_for_the_morning_and_is_not_said_of_what_was_taken_back(cast: Cast, person: Client) -> None:
    offer(cast, person, LATE)
    assert sent(LATE) == []
    assert len(sent(MORNING)) == 1
    offer(cast, person, LATE + timedelta(days=1))
    withdraw_offer(actor=actor_for(cast.dev), client_id=person.id, now=LATE + timedelta(days=1))
    assert sent(MORNING + timedelta(days=1)) == []


def test_an_offer_that_is_over_says_nothing(cast: Cast, person: Client) -> None:
    offer(cast, person)
    assert sent(NOW + OPEN_FOR) == []


@pytest.mark.parametrize("agreed", [None, ConsentPurpose.CONTACT, ConsentPurpose.WEEKLY])
def test_agreeing_to_another_kind_of_message_is_not_agreeing_to_this_one(
    cast: Cast, agreed: ConsentPurpose | None
) -> None:
    client = make.make_client(cast.elm, email="cleo@example.org")
    make.make_assignment(client, cast.dev, "case_manager")
    make.make_enrollment(client, cast.program)
    make.make_point(client)
    if agreed:
        make.make_agreement(client, agreed)
    quiet_staff(cast)
    db.session.commit()
    offer(cast, client)
    assert sent(NOW) == []
