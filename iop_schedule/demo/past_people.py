"""People who were in care and are not any more: some finished, most stopped coming.

Without them there is nothing to say about staying, and nothing to try the monitor on.
"""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random

from sqlalchemy import insert, select

from iop_schedule.demo.people import FAMILY, GIVEN
from iop_schedule.domain import civil_time
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    AttendanceRevision,
    Client,
    Enrollment,
    Group,
    Occurrence,
    PrescribedDose,
    RosterEntry,
    SeriesMember,
    User,
    db,
)
from iop_schedule.vocabulary import (
    AssignmentRole,
    AttendanceStatus,
    EnrollmentStatus,
    Gender,
    RosterSource,
)

#: Per free seat of a group: admitted so many weeks ago, last came after so many days, on the books so many
#: days longer. Whoever was on the books no longer finished as planned.
COURSES = ((11, 24, 20), (11, 9, 16), (10, 38, 0), (7, 16, 12), (6, 12, 18))
MOST_PER_GROUP = 4
#: How often they came before they stopped.
USUALLY = 0.87
#: The numbers before are taken by people still in care.
FIRST_NUMBER = 400


def add_past_people(*, now: datetime) -> None:
    """Write people whose care is over, with what happened at the sessions of their groups."""
    rng = Random(7)  # noqa: S311
    number = FIRST_NUMBER
    for group in db.session.scalars(select(Group).order_by(Group.id)).unique():
        people = max((len(meeting.members) for meeting in group.meetings), default=0)
        for place in range(min(MOST_PER_GROUP, group.seats - people) if people else 0):
            _add_person(group, number, COURSES[(number + place) % len(COURSES)], rng=rng, now=now)
            number += 1


def _add_person(
    group: Group, number: int, course: tuple[int, int, int], *, rng: Random, now: datetime
) -> None:
    weeks, stayed, longer = course
    site = group.program.site
    today = civil_time.local_day(now, civil_time.zone(site.zone))
    admitted = civil_time.monday_of(today) - timedelta(weeks=weeks)
    last_came = admitted + timedelta(days=stayed)
    until = last_came + timedelta(days=longer)
    client = _client(group, number, admitted)
    _enrollment(client, group, admitted, until)
    for meeting in group.meetings:
        db.session.add(SeriesMember(series=meeting, client=client, from_day=admitted, until_day=until))
    sessions = _held(group, admitted, until)
    entries = [RosterEntry(occurrence=one, client=client, source=RosterSource.MEMBER) for one in sessions]
    db.session.add_all(entries)
    db.session.flush()
    marks = [
        _mark(entry, came=entry.occurrence.local_day <= last_came and rng.random() < USUALLY)
        for entry in entries
    ]
    if marks:
        db.session.execute(insert(AttendanceRecord), marks)
        db.session.execute(insert(AttendanceRevision), marks)


def _client(group: Group, number: int, admitted: date) -> Client:
    site = group.program.site
    client = Client(
        code=f"C{number}",
        site=site,
        given_name=GIVEN[number % len(GIVEN)],
        family_name=FAMILY[number % len(FAMILY)],
        languages=["es", "en"] if number % 5 == 0 else ["en"],
        gender=Gender.FEMALE if group.gender == "female" else (Gender.MALE, Gender.FEMALE)[number % 2],
        created_at=civil_time.instant(admitted, time(12), civil_time.zone(site.zone)),
    )
    db.session.add(client)
    db.session.flush()
    return client


def _enrollment(client: Client, group: Group, admitted: date, until: date) -> None:
    enrollment = Enrollment(
        code=f"E-{client.code}",
        client=client,
        program=group.program,
        status=EnrollmentStatus.FINISHED,
        first_contact_on=admitted - timedelta(days=1 + client.id % 8),
        from_day=admitted,
        until_day=until,
    )
    meetings = group.meetings
    minutes = sum(meeting.duration_minutes - meeting.break_minutes for meeting in meetings)
    dose = PrescribedDose(
        enrollment=enrollment,
        from_day=admitted,
        minutes=minutes,
        minimum_days=min(3, len(meetings)),
        required_services=[],
        ordered_by="Dr. A. Invented",
    )
    manager = (
        db.session.scalars(select(User).where(User.code == ("bell" if client.site.code == "elm" else "park")))
        .unique()
        .one()
    )
    assigned = {
        AssignmentRole.COUNSELOR: meetings[0].leader,
        AssignmentRole.CASE_MANAGER: manager,
    }
    db.session.add_all((enrollment, dose))
    db.session.add_all(
        Assignment(client=client, user=user, role=role, from_day=admitted, until_day=until)
        for role, user in assigned.items()
    )


def _held(group: Group, first: date, last: date) -> Sequence[Occurrence]:
    """Return the group's sessions on these days at which somebody was marked."""
    marked = select(RosterEntry.occurrence_id).join(
        AttendanceRecord, AttendanceRecord.roster_entry_id == RosterEntry.id
    )
    statement = select(Occurrence).where(
        Occurrence.series_id.in_([meeting.id for meeting in group.meetings]),
        Occurrence.local_day.between(first, last),
        Occurrence.id.in_(marked),
    )
    return db.session.scalars(statement.order_by(Occurrence.starts_at)).all()


def _mark(entry: RosterEntry, *, came: bool) -> dict[str, object]:
    held = entry.occurrence
    # Now and then a sheet is filled in the day after.
    delay = timedelta(hours=30 if held.id % 9 == 0 else 0)
    return {
        "roster_entry_id": entry.id,
        "status": AttendanceStatus.ATTENDED if came else AttendanceStatus.NO_SHOW,
        "minutes": held.scheduled_minutes if came else 0,
        "arrived_at": None,
        "left_at": None,
        "reason": "",
        "version": 1,
        "marked_at": held.ends_at + delay,
        "marked_by_id": held.leader_id,
    }
