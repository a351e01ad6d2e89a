"""Turning links on and off, also with two people at once, and what the database refuses."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from iop_schedule.actions.calendars import (
    FeedChoices,
    change,
    end_links,
    renew,
    switch_site,
    turn_off,
    turn_off_own,
    turn_off_room,
    turn_on,
    turn_on_own,
    turn_on_room,
)
from iop_schedule.domain.calendar_feeds import BadFeed, Wording
from iop_schedule.errors import DomainError, NotAllowed, NotFound
from iop_schedule.models import CalendarFeed, CalendarLink, CalendarPause, Enrollment, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import EnrollmentStatus, FeedDetail, FeedEnd
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, row_counts

KEY = "a-key"


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def on(cast: Cast, label: str = "Phone") -> int:
    return turn_on(actor=acting(cast.ana_user), choices=FeedChoices(label), key=KEY, now=NOW).feed_id


def open_links() -> list[tuple[int, str | None]]:
    db.session.rollback()
    rows = db.session.scalars(select(CalendarLink).order_by(CalendarLink.id))
    return [(row.feed_id, row.end_reason) for row in rows]


def test_one_name_is_given_once(cast: Cast) -> None:
    for _ in range(3):
        on(cast, "Outlook")
    assert db.session.scalars(select(CalendarFeed.label).order_by(CalendarFeed.id)).all() == [
        "Outlook", "Outlook 2", "Outlook 3",
    ]  # fmt: skip


def test_without_care_or_where_links_are_off_there_is_no_new_link(cast: Cast) -> None:
    feed_id = on(cast)
    switch_site(actor=acting(cast.root), site_id=cast.elm.id, serves=False, now=NOW)
    for act in (lambda: on(cast), lambda: renew(actor=acting(cast.ana_user), feed_id=feed_id, key=KEY, now=NOW),
                lambda: turn_on_own(actor=acting(cast.carol), key=KEY, now=NOW),
                lambda: turn_on_room(actor=acting(cast.root), room_id=cast.room.id, key=KEY, now=NOW)):  # fmt: skip
        with pytest.raises(BadFeed, match="turned"):
            act()
        db.session.rollback()
    switch_site(actor=acting(cast.root), site_id=cast.elm.id, serves=True, now=NOW)
    enrollment = db.session.scalars(select(Enrollment).where(Enrollment.client_id == cast.ana.id)).one()
    enrollment.status = EnrollmentStatus.FINISHED
    db.session.commit()
    with pytest.raises(BadFeed, match="is over"):
        on(cast)


def test_switching_twice_is_switching_once(cast: Cast) -> None:
    root = acting(cast.root)
    for _ in range(2):
        switch_site(actor=root, site_id=cast.elm.id, serves=False, now=NOW)
    assert db.session.scalars(select(CalendarPause.site_id)).all() == [cast.elm.id]
    before = row_counts()
    db.session.rollback()
    switch_site(actor=root, site_id=cast.elm.id, serves=False, now=NOW)
    assert row_counts() == before


def test_a_feed_that_is_off_is_none_to_its_owner(cast: Cast) -> None:
    ana, feed_id = acting(cast.ana_user), on(cast)
    turn_off(actor=ana, feed_id=feed_id, now=NOW)
    for act in (lambda: turn_off(actor=ana, feed_id=feed_id, now=NOW),
                lambda: renew(actor=ana, feed_id=feed_id, key=KEY, now=NOW),
                lambda: change(actor=ana, feed_id=feed_id, choices=FeedChoices("x"), now=NOW)):  # fmt: skip
        with pytest.raises(NotFound):
            act()
        db.session.rollback()
    assert open_links() == [(feed_id, FeedEnd.TURNED_OFF)]


def test_a_link_that_ended_by_itself_is_renewed_or_put_away(cast: Cast) -> None:
    ana, feed_id = acting(cast.ana_user), on(cast)
    later = NOW + timedelta(days=90)
    assert end_links(now=later) == 1
    renew(actor=ana, feed_id=feed_id, key=KEY, now=later)
    assert open_links() == [(feed_id, FeedEnd.IDLE), (feed_id, None)]
    assert end_links(now=later + timedelta(days=90)) == 1
    turn_off(actor=ana, feed_id=feed_id, now=later + timedelta(days=91))
    ended = db.session.scalars(select(CalendarLink).order_by(CalendarLink.id.desc())).first()
    assert (ended.end_reason, ended.ended_at) == (FeedEnd.TURNED_OFF, later + timedelta(days=90))


@pytest.mark.parametrize("who", ["ben_user", "zoe_user"])
def test_a_feed_belongs_to_one_client(cast: Cast, who: str) -> None:
    feed_id, other = on(cast), acting(getattr(cast, who))
    for act in (lambda: turn_off(actor=other, feed_id=feed_id, now=NOW),
                lambda: renew(actor=other, feed_id=feed_id, key=KEY, now=NOW),
                lambda: change(actor=other, feed_id=feed_id, choices=FeedChoices("x"), now=NOW)):  # fmt: skip
        with pytest.raises(NotFound):
            act()
        db.session.rollback()
    assert open_links() == [(feed_id, None)]


@pytest.mark.parametrize(
    ("who", "refused"),
    [("eve", NotAllowed), ("carol", NotAllowed), ("dev", NotAllowed), ("trent", NotFound), ("ana_user", NotAllowed)],
)  # fmt: skip
def test_rooms_and_sites_belong_to_their_administrators(
    cast: Cast, who: str, refused: type[DomainError]
) -> None:
    actor = acting(getattr(cast, who))
    for act in (lambda: turn_on_room(actor=actor, room_id=cast.room.id, key=KEY, now=NOW),
                lambda: turn_off_room(actor=actor, room_id=cast.room.id, now=NOW),
                lambda: switch_site(actor=actor, site_id=cast.elm.id, serves=False, now=NOW)):  # fmt: skip
        with pytest.raises(refused):
            act()
        db.session.rollback()
    assert (open_links(), db.session.scalars(select(CalendarPause)).all()) == ([], [])


def test_staff_have_no_clients_calendar_and_clients_none_of_staff(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        turn_on(actor=acting(cast.root), choices=FeedChoices("x"), key=KEY, now=NOW)
    with pytest.raises(NotAllowed):
        turn_on_own(actor=acting(cast.ana_user), key=KEY, now=NOW)


def test_turning_off_ones_own_twice_is_turning_it_off(cast: Cast) -> None:
    carol = acting(cast.carol)
    made = turn_on_own(actor=carol, key=KEY, now=NOW)
    turn_on_own(actor=carol, key=KEY, now=NOW)
    for _ in range(2):
        turn_off_own(actor=carol, now=NOW)
    assert open_links() == [(made.feed_id, FeedEnd.REPLACED), (made.feed_id, FeedEnd.TURNED_OFF)]


def test_a_change_of_name_alone_touches_no_entry(cast: Cast) -> None:
    ana, feed_id, later = acting(cast.ana_user), on(cast), NOW + timedelta(hours=1)
    change(actor=ana, feed_id=feed_id, choices=FeedChoices("Watch"), now=later)
    feed = db.session.get_one(CalendarFeed, feed_id)
    assert (feed.label, feed.changed_at) == ("Watch", NOW)
    change(
        actor=ana,
        feed_id=feed_id,
        choices=FeedChoices("Watch", Wording(FeedDetail.PLACE, place="x")),
        now=later,
    )
    assert db.session.get_one(CalendarFeed, feed_id).changed_at == later


@pytest.mark.parametrize(
    ("given", "constraint"),
    [
        ({}, "one_owner"),
        ({"client_id": 1, "room_id": 1}, "one_owner"),
        ({"client_id": 1, "detail": "everything"}, "detail_known"),
        ({"client_id": 1, "alarm_minutes": 0}, "alarm_sensible"),
    ],
    ids=["nobody's", "two owners", "unknown detail", "an alarm at the start"],
)
def test_the_database_refuses_a_feed_that_cannot_be(
    cast: Cast, given: dict[str, object], constraint: str
) -> None:
    ids = {"client_id": cast.ana.id, "room_id": cast.room.id}
    with pytest.raises(IntegrityError, match=constraint):
        make.make_feed(**{name: ids.get(name, value) for name, value in given.items()})
    db.session.rollback()


def test_the_database_keeps_one_open_link_for_each_feed(cast: Cast) -> None:
    feed = make.make_feed(client_id=cast.ana.id)
    make.make_link(feed, ended_at=NOW, end_reason=FeedEnd.REPLACED)
    make.make_link(feed)
    with pytest.raises(IntegrityError):
        make.make_link(feed)
    db.session.rollback()


@pytest.mark.parametrize(
    "given", [{"ended_at": NOW}, {"end_reason": FeedEnd.IDLE}], ids=["no reason", "no time"]
)
def test_the_database_keeps_end_and_reason_together(cast: Cast, given: dict[str, object]) -> None:
    with pytest.raises(IntegrityError, match="ended_with_reason"):
        make.make_link(make.make_feed(client_id=cast.ana.id), **given)
    db.session.rollback()


def test_two_who_renew_at_once_leave_one_open_link(app: Flask, cast: Cast) -> None:
    feed_id, ana = on(cast), acting(cast.ana_user)
    db.session.remove()

    def once(_: int) -> None:
        with app.app_context():
            renew(actor=ana, feed_id=feed_id, key=KEY, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(once, range(4)))
    assert [reason for _, reason in open_links()] == [FeedEnd.REPLACED] * 4 + [None]


def test_two_who_turn_one_room_on_at_once_make_one_feed(app: Flask, cast: Cast) -> None:
    root, room_id = acting(cast.root), cast.room.id
    db.session.remove()

    def once(_: int) -> None:
        with app.app_context():
            turn_on_room(actor=root, room_id=room_id, key=KEY, now=NOW)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(once, range(3)))
    assert [reason for _, reason in open_links()] == [FeedEnd.REPLACED] * 2 + [None]
