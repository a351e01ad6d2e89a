"""Leading a group together, from a day to a day."""

from datetime import date, timedelta

import pytest

from iop_schedule.actions.co_leaders import LeadsAlready, add_co_leader, end_co_leader
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.models import db
from iop_schedule.queries.access import access_occurrence, actor_for
from iop_schedule.queries.co_leaders import co_leaders_of
from iop_schedule.vocabulary import Role
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW


def test_a_co_leader_keeps_the_sheets_of_their_days_and_sees_no_others(cast: Cast) -> None:
    nora = make.make_user(Role.COUNSELOR, cast.elm)
    today = make.make_occurrence(cast.wednesday, date(2026, 3, 4)).id
    later = make.make_occurrence(cast.wednesday, date(2026, 3, 11)).id
    before = make.make_occurrence(cast.wednesday, date(2026, 2, 25)).id
    db.session.commit()
    root = actor_for(cast.root)
    add_co_leader(actor=root, group_id=cast.group.id, user_id=nora.id, now=NOW)
    with pytest.raises(LeadsAlready):
        add_co_leader(actor=root, group_id=cast.group.id, user_id=nora.id, now=NOW)
    db.session.rollback()
    next_week = NOW + timedelta(days=7)
    for _ in range(2):
        end_co_leader(actor=root, group_id=cast.group.id, user_id=nora.id, now=next_week)
    assert co_leaders_of(cast.group.id, today=date(2026, 3, 11)) == ()
    actor = actor_for(nora)
    assert access_occurrence(actor, today, Permission.ATTENDANCE_RECORD, now=NOW).id == today
    for other in (later, before):
        with pytest.raises(NotFound):
            access_occurrence(actor, other, Permission.ATTENDANCE_RECORD, now=NOW)


@pytest.mark.parametrize(("who", "error"), [("carol", NotAllowed), ("dev", NotAllowed), ("trent", NotFound)])
def test_only_administrators_of_the_site_say_who_leads_together(
    cast: Cast, who: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        add_co_leader(
            actor=actor_for(getattr(cast, who)), group_id=cast.group.id, user_id=cast.carol.id, now=NOW
        )


def test_nobody_of_another_site_leads_here(cast: Cast) -> None:
    with pytest.raises(NotFound):
        add_co_leader(actor=actor_for(cast.root), group_id=cast.group.id, user_id=cast.eve.id, now=NOW)
