"""The quick statements of a feed find what a session finds, on both databases."""

from datetime import timedelta

from sqlalchemy import select

from iop_schedule.actions.calendars import turn_on_own
from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.models import CalendarLink, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.calendar_links import find_link, find_link_quickly
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http


def test_a_link_is_found_the_same_way(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    make.make_link(make.make_feed(client_id=cast.ana.id, label="My phone"))
    make.make_link(make.make_feed(room_id=cast.room.id))
    db.session.commit()
    carol = actor_for(db.session.get_one(User, cast.carol.id))
    made = turn_on_own(actor=carol, key="test-secret-key-that-is-long-enough-0123", now=NOW)
    assert http.get(f"/c/{made.token}/schedule.ics").status_code == 200
    db.session.rollback()
    hashes = db.session.scalars(select(CalendarLink.token_hash)).all()
    for now in (NOW, NOW + timedelta(days=1)):
        for token_hash in (*hashes, "nobody's"):
            quickly, body = find_link_quickly(db.engine, token_hash, with_body=True, now=now)
            assert quickly == find_link(token_hash, now=now)
            assert (body is None) == (quickly is None or quickly.stored is None)
    assert len(hashes) == 3
