"""A feed from the first session to discharge, read by programs that share no code with the writer.

Whatever happens to the sessions, what a calendar shows is what the database says, instant by instant.
"""

import io
import logging
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import vobject
from icalendar import Calendar
from sqlalchemy import select

from iop_schedule import clock, logs
from iop_schedule.actions.calendars import FeedChoices, change, end_links, turn_on, turn_on_own
from iop_schedule.actions.memberships import end_member
from iop_schedule.actions.occurrences import (
    Move,
    cancel_occurrence,
    extend_horizon,
    move_occurrence,
    restore_occurrence,
)
from iop_schedule.actions.prescription import discharge
from iop_schedule.actions.programs import add_closure
from iop_schedule.domain.calendar_feeds import Wording
from iop_schedule.domain.occurrences import Closed
from iop_schedule.models import (
    AuditEvent,
    CalendarBody,
    CalendarLink,
    Enrollment,
    Occurrence,
    RosterEntry,
    User,
    db,
)
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import FeedDetail, FeedEnd, OccurrenceStatus, Role
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http

KEY = "test-secret-key-that-is-long-enough-0123"
#: Nothing a feed holds may hint at treatment, at the product or at people.
NEVER = (
    "iop|steady|treat|recover|relapse|group|therap|counsel|clinic|client|patient|substance|program|health|session"
    "|rehab|sober|addict|outpatient|intensive|elm|room|ana|quillfeather|ben|oxbridger|carol|whitfield|attendee"
    "|organizer|example|localhost|http"
)  # fmt: skip

Shown = dict[tuple[datetime, datetime], bool]


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def new_link(user: User, *, label: str = "My phone", now: datetime = NOW) -> str:
    made = turn_on(actor=acting(user), choices=FeedChoices(label), key=KEY, now=now)
    return f"/c/{made.token}/schedule.ics"


def by_icalendar(body: bytes) -> Shown:
    events = Calendar.from_ical(body).events
    return {(e.start.astimezone(UTC), e.end.astimezone(UTC)): e["STATUS"] == "CANCELLED" for e in events}


def by_vobject(body: bytes) -> Shown:
    events = getattr(vobject.readOne(body.decode()), "vevent_list", [])
    return {
        (e.dtstart.value.astimezone(UTC), e.dtend.value.astimezone(UTC)): e.status.value == "CANCELLED"
        for e in events
    }  # fmt: skip


def in_database(client_id: int, today: date) -> Shown:
    """Return what the calendar must show, asked in another way than the feed does."""
    db.session.rollback()
    found = {}
    for entry in db.session.scalars(select(RosterEntry).where(RosterEntry.client_id == client_id)):
        session = entry.occurrence
        if entry.released_at is None and session.local_day >= today - timedelta(days=30):
            found[session.starts_at, session.ends_at] = session.status != OccurrenceStatus.PLANNED
    return found


def shown(http: Http, link: str, client_id: int, today: date = date(2026, 3, 4)) -> Shown:
    """Fetch twice, read with both, compare with the database; return what is shown."""
    first, second = http.get(link), http.get(link)
    assert (first.status_code, first.data) == (200, second.data)
    expected = in_database(client_id, today)
    assert by_icalendar(first.data) == by_vobject(first.data) == expected
    return expected


def held(sessions: Shown) -> int:
    """Return how many of the sessions shown are not cancelled."""
    return sum(not is_cancelled for is_cancelled in sessions.values())


def uids(body: bytes) -> dict[datetime, str]:
    return {e.start.astimezone(UTC): str(e["UID"]) for e in Calendar.from_ical(body).events}


def on(cast: Cast, day: date) -> Occurrence:
    return db.session.scalars(
        select(Occurrence).where(Occurrence.site_id == cast.elm.id, Occurrence.original_day == day)
    ).one()


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def test_a_calendar_follows_everything_that_happens_to_sessions(http: Http, cast: Cast) -> None:
    link, root = new_link(cast.ana_user), acting(cast.root)
    assert shown(http, link, cast.ana.id) == {}

    extend_horizon(now=NOW)
    assert len(shown(http, link, cast.ana.id)) == 49
    before = uids(http.get(link).data)

    monday = on(cast, date(2026, 3, 9))
    to = Move(date(2026, 3, 10), time(10, 30), 150, cast.carol.id, cast.room.id, "Training")
    move_occurrence(actor=root, occurrence_id=monday.id, move=to, now=NOW)
    now_shown = shown(http, link, cast.ana.id)
    moved = (at(date(2026, 3, 10), 14, 30), at(date(2026, 3, 10), 17))
    assert (now_shown[moved], len(now_shown)) == (False, 49)
    after = uids(http.get(link).data)
    assert after.pop(moved[0]) == before.pop(at(date(2026, 3, 9), 13))
    assert after == before

    friday = on(cast, date(2026, 3, 13))
    cancel_occurrence(actor=root, occurrence_id=friday.id, reason="Snow", now=NOW)
    cancelled = (at(date(2026, 3, 13), 13), at(date(2026, 3, 13), 16))
    assert shown(http, link, cast.ana.id)[cancelled] is True
    restore_occurrence(actor=root, occurrence_id=friday.id, now=NOW)
    assert shown(http, link, cast.ana.id)[cancelled] is False

    stand_in = make.make_user(Role.COUNSELOR, cast.elm, email="sub@example.org")
    db.session.commit()
    to = Move(date(2026, 3, 16), time(9), 180, stand_in.id, cast.room.id, "")
    same = shown(http, link, cast.ana.id)
    move_occurrence(actor=root, occurrence_id=on(cast, date(2026, 3, 16)).id, move=to, now=NOW)
    assert shown(http, link, cast.ana.id) == same

    add_closure(
        actor=root, site_id=cast.elm.id, closed=Closed(date(2026, 4, 6), date(2026, 4, 6), "Holiday"), now=NOW
    )
    assert shown(http, link, cast.ana.id)[at(date(2026, 4, 6), 13), at(date(2026, 4, 6), 16)] is True

    end_member(
        actor=root, series_id=cast.friday.id, client_id=cast.ana.id, last_day=date(2026, 3, 31), now=NOW
    )
    assert not [
        start
        for start, _ in shown(http, link, cast.ana.id)
        if start.weekday() == 4 and start > at(date(2026, 4, 1), 0)
    ]


def test_discharge_empties_the_calendar_after_the_last_day(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    link = new_link(cast.ana_user)
    enrollment = db.session.scalars(select(Enrollment.id).where(Enrollment.client_id == cast.ana.id)).one()
    discharge(actor=acting(cast.root), enrollment_id=enrollment, last_day=date(2026, 3, 6), now=NOW)
    assert held(shown(http, link, cast.ana.id)) == 3
    clock.freeze(datetime(2026, 3, 7, 4, 59, tzinfo=UTC))  # still the last day in New York
    assert held(by_vobject(http.get(link).data)) == 3
    day_after = datetime(2026, 3, 7, 5, 0, tzinfo=UTC)
    clock.freeze(day_after)
    assert by_vobject(http.get(link).data) == {}
    assert end_links(now=day_after) == 1
    db.session.rollback()
    assert db.session.scalars(select(CalendarLink.end_reason)).all() == [FeedEnd.CARE_ENDED]
    clock.freeze(day_after + timedelta(days=29))
    assert http.get(link).status_code == 200
    clock.freeze(day_after + timedelta(days=30))
    assert http.get(link).status_code == 410


@pytest.mark.parametrize(
    ("now", "wall_clock"),
    [(datetime(2026, 10, 14, 15, tzinfo=UTC), {date(2026, 10, 30): 13, date(2026, 11, 2): 14}),
     (datetime(2027, 3, 3, 15, tzinfo=UTC), {date(2027, 3, 12): 14, date(2027, 3, 15): 13})],
    ids=["1 November 2026", "14 March 2027"],
)  # fmt: skip
def test_nine_stays_nine_when_clocks_change(
    http: Http, cast: Cast, now: datetime, wall_clock: dict[date, int]
) -> None:
    clock.freeze(now)
    extend_horizon(now=now)
    link = new_link(cast.ana_user, now=now)
    starts = {start for start, _ in shown(http, link, cast.ana.id, now.date())}
    assert {at(day, hour) for day, hour in wall_clock.items()} <= starts
    assert len(starts) > 40


def test_two_members_of_one_group_share_no_identifier(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    links = [new_link(cast.ana_user), new_link(cast.ana_user, label="Laptop"), new_link(cast.ben_user)]
    found = [set(uids(http.get(link).data).values()) for link in links]
    assert [len(one) for one in found] == [49, 49, 37]
    assert len(set.union(*found)) == 49 + 49 + 37


def test_a_feed_says_nothing_that_hints_at_treatment(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    cancel_occurrence(
        actor=acting(cast.root), occurrence_id=on(cast, date(2026, 3, 13)).id, reason="Relapse talk", now=NOW
    )
    link = new_link(cast.ana_user)
    answer = http.get(link)
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers)
    without_uids = re.sub(r"UID:[0-9a-f]{40}\r\n", "", answer.text)
    assert re.findall(NEVER, without_uids + headers, flags=re.IGNORECASE) == []
    lines = without_uids.replace("\r\n ", "").split("\r\n")
    properties = {re.split("[;:]", line)[0] for line in lines[lines.index("BEGIN:VEVENT") :] if line}
    assert properties == {
        "BEGIN", "END", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "CLASS", "STATUS", "TRANSP", "SEQUENCE", "LAST-MODIFIED",
    }  # fmt: skip
    assert {line for line in lines if line.startswith(("SUMMARY", "CLASS"))} == {
        "SUMMARY:Appointment", "SUMMARY:Cancelled: Appointment", "CLASS:PRIVATE",
    }  # fmt: skip


def test_a_choice_of_words_reaches_every_entry_with_a_later_date(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    link = new_link(cast.ana_user)
    before = http.get(link)
    later = NOW + timedelta(hours=1)
    clock.freeze(later)
    feed_id = db.session.scalars(select(CalendarLink.feed_id)).one()
    choices = FeedChoices("My phone", Wording(FeedDetail.PLACE, place="Main St."))
    change(actor=acting(cast.ana_user), feed_id=feed_id, choices=choices, now=later)
    after = http.get(link)
    events = Calendar.from_ical(after.data).events
    assert {(str(e["SUMMARY"]), str(e["LOCATION"]), e["LAST-MODIFIED"].dt) for e in events} == {
        ("Appointment", "Main St.", later)
    }
    assert uids(after.data) == uids(before.data)
    assert after.headers["ETag"] != before.headers["ETag"]


def test_the_stored_body_is_made_again_only_when_something_changed(
    http: Http, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from iop_schedule.queries import calendar_bodies

    extend_horizon(now=NOW)
    link, made = new_link(cast.ana_user), []
    build = calendar_bodies.build_body
    monkeypatch.setattr(calendar_bodies, "build_body", lambda *a, **k: made.append(1) or build(*a, **k))
    for _ in range(3):
        http.get(link)
    assert len(made) == 1
    tag = http.get(link).headers["ETag"]
    clock.freeze(NOW + timedelta(days=1))  # sessions leave the window with the days; these bytes stay
    assert (http.get(link).headers["ETag"], http.get(link).headers["Last-Modified"], len(made)) == (
        tag, "Wed, 04 Mar 2026 15:00:00 GMT", 2,
    )  # fmt: skip
    cancel_occurrence(
        actor=acting(cast.root), occurrence_id=on(cast, date(2026, 3, 13)).id, reason="Snow", now=NOW
    )
    assert (http.get(link).headers["ETag"] != tag, len(made)) == (True, 3)
    db.session.rollback()
    assert db.session.scalars(select(CalendarBody.etag)).all() == [http.get(link).headers["ETag"]]


def test_looking_writes_nothing_but_the_body_and_that_it_was_read(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    link = new_link(cast.ana_user)
    http.get(link)

    def rows() -> list[str]:
        db.session.rollback()
        return [
            repr(tuple(row))
            for table in db.metadata.sorted_tables
            for row in db.session.execute(select(table).order_by(*table.primary_key))
        ]

    before = rows()
    clock.freeze(NOW + timedelta(minutes=4))
    for _ in range(3):
        http.get(link)
        http.head(link)
    assert rows() == before


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the running application would have logged."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.write_to(stream)
    root.setLevel(logging.INFO)
    yield stream
    root.handlers[:], root.level = handlers, level
    for name in logs.SILENCED:
        logging.getLogger(name).disabled = False


def test_the_secret_is_in_no_log_and_no_audit_row_whatever_goes_wrong(
    http: Http, cast: Cast, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    from iop_schedule.actions import calendars

    extend_horizon(now=NOW)
    link = new_link(cast.ana_user)
    token = link.split("/")[2]
    answers = [
        http.get(link),
        http.post(link),
        http.get(link + "/more"),
        http.get(f"/c/{token}"),
        http.get(link + "?x=%00"),
    ]
    for way in ("serve", "serve_unchanged"):
        monkeypatch.setattr(calendars, way, lambda *_, **given: 1 / 0)
    answers.append(http.get(link))
    assert [answer.status_code for answer in answers] == [200, 405, 404, 404, 400, 500]
    assert [answer for answer in answers if token in f"{answer.headers}{answer.text}"] == []
    assert '"route":"/c/<token>/schedule.ics"' in log.getvalue()
    assert token not in log.getvalue()
    db.session.rollback()
    assert [row for row in db.session.scalars(select(AuditEvent)) if token in repr(vars(row))] == []


def test_a_counselors_calendar_follows_the_one_who_leads(http: Http, cast: Cast) -> None:
    extend_horizon(now=NOW)
    made = turn_on_own(actor=acting(cast.carol), key=KEY, now=NOW)
    link = f"/c/{made.token}/schedule.ics"
    stand_in = make.make_user(Role.COUNSELOR, cast.elm, email="sub@example.org")
    db.session.commit()
    count = len(by_vobject(http.get(link).data))
    to = Move(date(2026, 3, 16), time(9), 180, stand_in.id, cast.room.id, "")
    move_occurrence(actor=acting(cast.root), occurrence_id=on(cast, date(2026, 3, 16)).id, move=to, now=NOW)
    assert len(by_vobject(http.get(link).data)) == count - 1
