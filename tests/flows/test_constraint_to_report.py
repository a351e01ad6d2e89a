"""The whole product in one story: what a week already holds, a place that fits it, sessions, a reminder,
attendance, hours against the dose, a tier with its reasons, a calendar file, and a plan that changes.

Iris Vandermeer works afternoons and has just asked for help. Dev is her case manager, Carol leads the
morning group. It is March 2026 in New York; in the night before her first session the clocks change.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.actions.prescription import enroll
from iop_schedule.actions.reminders import deliver, plan_reminders
from iop_schedule.adapters.messages import NullMessages
from iop_schedule.domain.prescription import Dose
from iop_schedule.models import (
    AttendanceRecord,
    AuditEvent,
    Client,
    Enrollment,
    Group,
    Occurrence,
    RosterEntry,
    User,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AssignmentRole, Channel, EnrollmentStatus, Role
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http
from tests.outbox import quiet_staff
from tests.pages import value_of, words

NEW_YORK = ZoneInfo("America/New_York")
#: The night to this Sunday is an hour shorter.
SUNDAY = date(2026, 3, 8)
MONDAY, WEDNESDAY, FRIDAY = date(2026, 3, 9), date(2026, 3, 11), date(2026, 3, 13)
NEXT_MONDAY = date(2026, 3, 23)


@dataclass
class Story:
    """Iris, the people around her, and what time it is."""

    cast: Cast
    iris: Client
    login: User
    evening: Group
    browser: Callable[[], Http]

    # --- what people do ---

    def it_is(self, day: date, wall: time) -> None:
        """Set the clock to a time in New York."""
        clock.freeze(datetime.combine(day, wall, NEW_YORK).astimezone(UTC))

    def signed_in(self, user: User) -> Http:
        """Return the browser of someone who has just signed in; sessions do not last over days."""
        return self.browser().sign_in(user.email)

    def reads(self, user: User, path: str) -> str:
        """Return the words of a page as `user` reads it."""
        answer = self.signed_in(user).get(path)
        assert answer.status_code == 200, answer.text
        return words(answer.text)

    def submits(self, user: User, path: str, fields: dict[str, object], page: str | None = None) -> str:
        """Let `user` send the form on a page and return the words of the page that follows."""
        browser = self.signed_in(user)
        answer = browser.submit(path, fields, page=page)
        assert answer.status_code == 302, words(answer.text)
        return words(browser.get(answer.location).text)

    def carol_takes_attendance(self, day: date, *, iris: str, arrived: str = "") -> str:
        """Let Carol mark Iris and everyone else present just after a morning session."""
        self.it_is(day, time(12, 5))
        (session,) = (one for one in self.sessions() if one.local_day == day)
        entries = {entry.client_id: entry.id for entry in session.roster if entry.released_at is None}
        mine = entries[self.iris.id]
        seen = {f"version-{entry}": 0 for entry in entries.values()}
        path = f"/sessions/{session.id}/attendance"
        chosen = {f"status-{mine}": iris, f"arrived-{mine}": arrived, "rest": "1"}
        return self.submits(self.cast.carol, path, {**seen, **chosen}, page=path)

    def the_reminders_run(self, mailbox: NullMessages) -> None:
        """Let the scheduler do its rounds once."""
        plan_reminders(now=clock.now(), channels=[Channel.EMAIL])
        while deliver(Channel.EMAIL, doors={Channel.EMAIL: mailbox}, now=clock.now()):
            pass

    # --- what is on record ---

    def sessions(self) -> list[Occurrence]:
        """Return every dated session that has Iris on its roster, in order."""
        statement = (
            select(Occurrence)
            .join(RosterEntry)
            .where(RosterEntry.client_id == self.iris.id, RosterEntry.released_at.is_(None))
            .order_by(Occurrence.starts_at)
        )
        db.session.expire_all()
        return list(db.session.scalars(statement))

    def record(self) -> list[tuple[date, str, int]]:
        """Return what is on record about Iris: day, mark, minutes."""
        statement = (
            select(Occurrence.local_day, AttendanceRecord.status, AttendanceRecord.minutes)
            .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
            .join(AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id)
            .where(RosterEntry.client_id == self.iris.id)
            .order_by(Occurrence.starts_at)
        )
        return [(day, status, minutes) for day, status, minutes in db.session.execute(statement)]

    def in_her_calendar(self) -> list[datetime]:
        """Return when her downloaded calendar says she has something, having checked that it is neutral."""
        body = self.signed_in(self.login).get("/my/calendar/schedule.ics").data
        events = Calendar.from_ical(body).events
        assert {str(event["summary"]) for event in events} == {"Appointment"}
        assert not any(word in body for word in (b"Recovery", b"Relapse", b"Carol", b"Elm", b"ATTENDEE"))
        return sorted(event["dtstart"].dt.astimezone(UTC) for event in events)


@pytest.fixture
def story(cast: Cast, new_http: Callable[[], Http]) -> Story:
    """Iris, new and without a place, and an evening group beside the morning one."""
    login = make.make_user(Role.CLIENT, email="iris@example.net", given_name="Iris")
    iris = make.make_client(
        cast.elm, given_name="Iris", family_name="Vandermeer", user_id=login.id, email=login.email,
        travel_minutes=15, phone="555-010-0111",
    )  # fmt: skip
    make.make_reachable(iris)
    quiet_staff(cast)
    make.make_assignment(iris, cast.dev, AssignmentRole.CASE_MANAGER)
    evening = make.make_group(cast.program, name="Evening Recovery")
    for weekday in (0, 1, 3):
        make.make_meeting(evening, cast.root, weekday=weekday, local_start=time(17, 30), room=cast.room)
    db.session.commit()
    return Story(cast, iris, login, evening, new_http)


def test_a_week_becomes_a_plan_becomes_sessions_becomes_a_report_and_the_plan_follows_the_week(
    story: Story,
) -> None:
    iris, dev, carol = story.login, story.cast.dev, story.cast.carol
    placement = f"/clients/{story.iris.id}/place"

    # ── Wednesday, March 4: Dev admits her, 9 hours on 3 days a week; she has no place yet ──────────
    story.it_is(date(2026, 3, 4), time(10))
    today = clock.now().date()
    enroll(
        actor=actor_for(dev), client_id=story.iris.id, program_id=story.cast.program.id, from_day=today,
        status=EnrollmentStatus.WAITLISTED, dose=Dose(today, minutes=540, minimum_days=3), now=clock.now(),
    )  # fmt: skip
    assert "Iris V.\nNo group yet\nNot scored\nWaiting for a place in a group." in story.reads(
        dev, "/caseload"
    )
    assert "No session planned" in story.reads(iris, "/my/week")

    # ── She says what her week already holds ────────────────────────────────────────────────────────
    shift = {
        "kind": "work", "label": "pharmacy", "days": ["0", "1", "2", "3", "4"], "start": "1:00 pm",
        "end": "9 pm", "repeats": "every", "movable": "no", "travel": "20",
    }  # fmt: skip
    page = story.submits(iris, "/my/times/add", shift)
    assert "1 of 2 groups fits your week." in page
    assert page.count("Pharmacy, 1:00 pm to 9:00 pm") == 5

    # ── Dev sees what fits and why the rest does not, and places her from Monday on ─────────────────
    page = story.reads(dev, f"{placement}?from={MONDAY}")
    assert "Plan 1: Relapse Prevention B\nBest fit" in page
    assert "9 of 9 hours\n3 days a week\n40 min to spare beside work (pharmacy)" in page
    assert "Mon, Tue, Thu: overlaps work (pharmacy), 1:00 pm to 9:00 pm (travel counted)" in page
    morning = [one.id for one in (story.cast.monday, story.cast.wednesday, story.cast.friday)]
    story.submits(dev, placement, {"from": str(MONDAY), "meeting": morning})
    enrollment = db.session.scalars(select(Enrollment).where(Enrollment.client_id == story.iris.id)).one()
    assert (enrollment.status, enrollment.from_day) == (EnrollmentStatus.ACTIVE, MONDAY)

    # ── Her week has dates now; over the night the clocks change, nine in the morning stays nine ────
    page = story.reads(iris, "/my/week?w=2026-W11")
    assert "Relapse Prevention B\nMonday, March 9, 9:00 am to 12:00 pm\nRoom 2, 210 Elm Street" in page
    assert "Ends in time for pharmacy at 1:00 pm" in page
    assert "0 of 9 hours done" in page
    assert "Times are in EDT." in page
    assert [one.starts_at for one in story.sessions()][:3] == [
        datetime(2026, 3, day, 13, tzinfo=UTC) for day in (9, 11, 13)
    ]

    # ── On Sunday at five one reminder leaves, and only one, however often the scheduler runs ───────
    mailbox = NullMessages()
    for wall in (time(16, 59), time(17), time(17, 1), time(20, 59)):
        story.it_is(SUNDAY, wall)
        story.the_reminders_run(mailbox)
    (reminder,) = mailbox.sent
    assert (reminder.to, reminder.subject) == ("iris@example.net", "Appointment reminder")
    assert "you have an appointment on Mon, Mar 9 at 9:00 am." in reminder.text

    # ── The first week: there, half an hour late, and on Friday not ─────────────────────────────────
    assert "Saved. 3 here, 0 away." in story.carol_takes_attendance(MONDAY, iris="present")
    story.carol_takes_attendance(WEDNESDAY, iris="late", arrived="9:30 am")
    story.carol_takes_attendance(FRIDAY, iris="absent")
    page = story.reads(iris, "/my/week")
    assert "5.5 of 9 hours done" in page
    assert "You were there" in page
    assert "We missed you" in page

    # ── She misses two more: Dev's list says whom to call, and why ──────────────────────────────────
    story.carol_takes_attendance(date(2026, 3, 16), iris="absent")
    story.carol_takes_attendance(date(2026, 3, 18), iris="absent")
    page = story.reads(dev, "/caseload")
    assert "Missed 3 sessions in the first 14 days (Mar 13, 16, 18)." in page
    assert page.index("Reach out\n") < page.index("Iris V.") < page.index("Ana Q.")
    assert "Call Iris" in page
    for her_own in ("/my/week", "/my/times", "/my/help", "/my/calendar"):
        assert "Reach out" not in story.reads(iris, her_own)

    # ── Her calendar file says what the database says, and nothing more ─────────────────────────────
    assert story.in_her_calendar() == [one.starts_at for one in story.sessions()]

    # ── What happened: her shift moved to the day. She paints the new week ──────────────────────────
    shown = value_of(story.signed_in(iris).get("/my/times").text, "shown")
    new_week = {"shown": shown, "painted_any": "1", "painted": [f"{day} 480 990 work" for day in range(5)]}
    page = story.submits(iris, "/my/times/paint", new_week, page="/my/times")
    assert "Saved. This overlaps Relapse Prevention B on Fridays. We will find you another time." in page
    assert page.count("Pharmacy, 8:00 am to 4:30 pm") == 5
    assert "1:00 pm to 9:00 pm" not in page

    # ── Dev reads it on the caseload, and finds the evening group ───────────────────────────────────
    page = story.reads(dev, "/caseload")
    assert (
        "Relapse Prevention B on Mondays, Wednesdays and Fridays does not fit their week any more.\n" in page
    )
    assert "Find a time for Iris V." in page
    page = story.reads(dev, f"{placement}?from={NEXT_MONDAY}")
    assert "Plan 1: Evening Recovery\nBest fit" in page
    record, held = story.record(), [one.id for one in story.sessions() if one.local_day < NEXT_MONDAY]
    evenings = [one.id for one in story.evening.meetings]
    story.submits(dev, placement, {"from": str(NEXT_MONDAY), "meeting": evenings})

    # ── From Monday on her week is another; what was held keeps its record ──────────────────────────
    assert story.record() == record == [
        (MONDAY, "attended", 180),
        (WEDNESDAY, "attended_in_part", 150),
        (FRIDAY, "no_show", 0),
        (date(2026, 3, 16), "no_show", 0),
        (date(2026, 3, 18), "no_show", 0),
    ]  # fmt: skip
    sessions = story.sessions()
    assert [one.id for one in sessions if one.local_day < NEXT_MONDAY] == held
    assert {one.series_id for one in sessions if one.local_day >= NEXT_MONDAY} == set(evenings)
    assert story.in_her_calendar() == [one.starts_at for one in sessions]
    week = story.reads(iris, "/my/week?w=2026-W13").partition("March 23 to 27")[2]
    assert week.count("Evening Recovery 5:30 pm to 8:30 pm") == 3
    assert "Relapse Prevention B" not in week
    assert "Relapse Prevention B on Fri, Mar 20 does not fit their week any more." in story.reads(
        dev, "/caseload"
    )
    story.it_is(NEXT_MONDAY, time(8))
    assert "does not fit" not in story.reads(dev, "/caseload")
    assert "Iris" not in story.reads(carol, f"/sessions/{_morning_of(story, NEXT_MONDAY)}/attendance")

    # ── And the trail tells who did all this ────────────────────────────────────────────────────────
    assert story_in_the_trail(story) == [
        (dev.id, "enrollment:changed"), (dev.id, "dose:prescribed"),
        *[(iris.id, "constraint:added")] * 5,
        (dev.id, "placement:decided"), (dev.id, "enrollment:changed"), *[(dev.id, "membership:started")] * 3,
        (None, "reminder:sent"),
        *[(carol.id, "attendance:recorded")] * 5,
        *[(iris.id, "constraint:ended")] * 5, *[(iris.id, "constraint:added")] * 5,
        (dev.id, "placement:decided"),
        *[(dev.id, "membership:ended")] * 3, *[(dev.id, "membership:started")] * 3,
    ]  # fmt: skip


def _morning_of(story: Story, day: date) -> int:
    statement = select(Occurrence.id).where(
        Occurrence.series_id == story.cast.monday.id, Occurrence.local_day == day
    )
    return db.session.scalars(statement).one()


def story_in_the_trail(story: Story) -> list[tuple[int | None, str]]:
    """Return every change to Iris's record, in order: who, and what."""
    statement = (
        select(AuditEvent.actor_id, AuditEvent.kind)
        .where(AuditEvent.client_id == story.iris.id)
        .order_by(AuditEvent.id)
    )
    looked = (":viewed", ":downloaded")
    return [(who, kind) for who, kind in db.session.execute(statement) if not kind.endswith(looked)]
