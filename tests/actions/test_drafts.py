"""A draft becomes a group with all its meetings, or nothing."""

from datetime import date, time

import pytest

from iop_schedule.actions.drafts import open_draft
from iop_schedule.actions.groups import GroupDetails
from iop_schedule.actions.series import Meeting
from iop_schedule.domain.series import TimeTaken
from iop_schedule.models import Group, Occurrence, Series, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import ServiceType, Weekday
from tests.cast import Cast
from tests.conftest import NOW

MONDAY = date(2026, 3, 9)


def test_a_second_day_that_cannot_be_leaves_nothing_of_the_first(cast: Cast) -> None:
    """Carol is free on Tuesdays and leads her group on Wednesdays."""
    before = [db.session.query(table).count() for table in (Group, Series, Occurrence)]
    meetings = [
        Meeting(weekday, time(9), 60, leader_id=cast.carol.id) for weekday in (Weekday.TU, Weekday.WE)
    ]
    with pytest.raises(TimeTaken):
        open_draft(
            actor=actor_for(cast.root), program_id=cast.program.id, meetings=meetings, from_day=MONDAY, now=NOW,
            details=GroupDetails(name="Art", service_type=ServiceType.GROUP, seats=8),
        )  # fmt: skip
    assert [db.session.query(table).count() for table in (Group, Series, Occurrence)] == before
