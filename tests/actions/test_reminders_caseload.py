"""The caseload in numbers, once a week, to the case managers who want it; no name and nothing that tells."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete

from iop_schedule.adapters.messages import NullMessages
from iop_schedule.domain.reminders import staff_is_due
from iop_schedule.models import Assignment, db
from iop_schedule.vocabulary import DeliveryPurpose
from tests.cast import Cast
from tests.outbox import drain, plan, quiet_staff
from tests.world import mark, occurrence

#: 8:05 in New York on Monday, March 9.
MONDAY = datetime(2026, 3, 9, 12, 5, tzinfo=UTC)
CASELOAD = DeliveryPurpose.CASELOAD


@pytest.mark.parametrize(
    ("at", "due"),
    [
        pytest.param(MONDAY - timedelta(minutes=6), False, id="a minute before eight"),
        pytest.param(MONDAY - timedelta(minutes=5), True, id="at eight"),
        pytest.param(MONDAY + timedelta(hours=5, minutes=54), True, id="the last minute"),
        pytest.param(MONDAY + timedelta(hours=5, minutes=55), False, id="at two in the afternoon"),
        pytest.param(MONDAY + timedelta(days=1), False, id="on a Tuesday"),
    ],
)
def test_it_is_due_on_mondays_from_eight_to_two(at: datetime, due: bool) -> None:
    day = (at - timedelta(hours=4)).date()
    assert staff_is_due(CASELOAD, day, "America/New_York", now=at) is due


def test_a_case_manager_hears_once_how_their_people_are_in_numbers(cast: Cast) -> None:
    quiet_staff(cast)
    cast.dev.wants_digests = True
    for series, day in ((cast.monday, 2), (cast.wednesday, 4), (cast.friday, 6)):
        held = occurrence(series, date(2026, 3, day), cast.ana, cast.ben)
        mark(held, cast.ana, cast.carol)
    db.session.commit()
    plan(MONDAY)
    plan(MONDAY + timedelta(minutes=1))
    messages = NullMessages()
    drain(messages, MONDAY + timedelta(minutes=2))
    (sent,) = [one for one in messages.sent if one.subject == "Your week"]
    assert sent.to == "dev@example.org"
    assert sent.text.splitlines()[:4] == [
        "People you look after: 2",
        "To reach: 1",
        "Reached their hours last week: 1 of 2",
        "Marks missing: 3",
    ]
    assert not [
        word for word in ("Ana", "Ben", "Quill", "Oxbr", "Elm", "tier", "treatment") if word in sent.text
    ]


def test_nobody_with_nobody_to_look_after_is_written_to(cast: Cast) -> None:
    quiet_staff(cast)
    cast.dev.wants_digests = True
    db.session.execute(delete(Assignment))
    db.session.commit()
    assert [one for one in plan(MONDAY).add if one.purpose is CASELOAD] == []
