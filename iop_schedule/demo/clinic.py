"""Writes the invented clinic into an empty database: twelve weeks of history, twelve to come."""

import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from flask_security import hash_password
from sqlalchemy import insert, select

from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.demo import plan
from iop_schedule.demo.calendars import add_calendars
from iop_schedule.demo.care_requests import add_care_requests
from iop_schedule.demo.contacts import add_contacts
from iop_schedule.demo.goals import add_goals
from iop_schedule.demo.handover import add_handover_notes
from iop_schedule.demo.history import outcome, pattern_of
from iop_schedule.demo.make_ups import add_make_ups
from iop_schedule.demo.messages import add_messages
from iop_schedule.demo.paperwork import add_paperwork
from iop_schedule.demo.past_people import add_past_people
from iop_schedule.demo.people import FAMILY, GIVEN
from iop_schedule.demo.placement import add_placement
from iop_schedule.demo.placement_choices import add_placement_choices
from iop_schedule.demo.support_people import add_support_people
from iop_schedule.demo.wishes import add_wishes
from iop_schedule.domain import civil_time
from iop_schedule.domain.attendance import Mark, Settled, settle
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.sign_off import count_sheet
from iop_schedule.models import (
    Assignment,
    AttendanceRecord,
    AttendanceRevision,
    Client,
    ClientConstraint,
    Closure,
    Enrollment,
    Group,
    Occurrence,
    PrescribedDose,
    Program,
    RoleRow,
    Room,
    RosterEntry,
    Series,
    SeriesMember,
    SignOff,
    Site,
    User,
    db,
)
from iop_schedule.vocabulary import (
    AssignmentRole,
    AttendanceStatus,
    EnrollmentStatus,
    Gender,
    ModalityWish,
    OccurrenceStatus,
    Role,
    RosterSource,
    SeriesKind,
    ServiceType,
    SignOffKind,
    Weekday,
    WeekParity,
)

HISTORY_WEEKS = 12
WAITING = 5
MINUTES_ONE_TO_ONE = 50
HALF_HOUR = 30


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One way to sign in to the invented clinic."""

    role: str
    email: str
    password: str
    site: str


@dataclass
class _Clinic:
    """What has been written so far, by code."""

    now: datetime
    password_hash: str
    rng: Random
    roles: dict[Role, RoleRow] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    rooms: dict[tuple[str, str], Room] = field(default_factory=dict)
    staff: dict[str, User] = field(default_factory=dict)
    programs: dict[str, Program] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    patterns: dict[int, str] = field(default_factory=dict)
    #: Minutes already taken on a weekday, by ("staff", code), ("room", code) or ("client", id).
    taken: dict[tuple[str, object, int], list[Interval[int]]] = field(default_factory=dict)

    def today(self, site: Site) -> date:
        return civil_time.local_day(self.now, civil_time.zone(site.zone))

    def take(self, who: tuple[str, object], weekday: int, slot: Interval[int]) -> None:
        self.taken.setdefault((*who, weekday), []).append(slot)

    def is_free(self, who: tuple[str, object], weekday: int, slot: Interval[int]) -> bool:
        return not any(slot.overlaps(other) for other in self.taken.get((*who, weekday), []))


def load_demo_clinic(*, now: datetime) -> list[DemoAccount]:
    """Fill an empty database with the invented clinic and return its sign-ins.

    Everything is drawn from a fixed seed; only dates follow `now`, and the password is new each time.
    A database that already holds a site is left alone and the answer is an empty list.
    """
    if db.session.scalars(select(Site.id).limit(1)).first() is not None:
        return []
    password = "-".join((secrets.choice(("maple", "river", "cedar", "amber")), secrets.token_hex(5)))
    clinic = _Clinic(now=now, password_hash=hash_password(password), rng=Random(2026))  # noqa: S311
    _add_places(clinic)
    _add_staff(clinic)
    _add_groups(clinic)
    _add_clients(clinic)
    db.session.flush()
    _add_history(clinic)
    add_past_people(now=now)
    db.session.commit()
    extend_horizon(now=now)
    add_paperwork(now=now)
    add_make_ups(now=now)
    add_messages(now=now)
    add_calendars(now=now)
    add_placement(now=now)
    add_placement_choices(now=now)
    add_care_requests(now=now)
    add_goals(now=now)
    add_wishes(now=now)
    add_support_people(now=now)
    add_handover_notes(now=now)
    return _accounts(clinic, password)


def _add_places(clinic: _Clinic) -> None:
    for role in Role:
        clinic.roles[role] = RoleRow(name=role)
    db.session.add_all(clinic.roles.values())
    for place in plan.SITES:
        site = Site(
            code=place.code, name=place.name, zone=place.zone, address=place.address, phone=place.phone
        )
        clinic.sites[place.code] = site
        for code, name, seats in place.rooms:
            clinic.rooms[place.code, code] = Room(site=site, code=code, name=name, seats=seats)
        holiday = _thanksgiving(clinic.now.year)
        for day in (holiday, _thanksgiving(clinic.now.year + 1)):
            if day == clinic.today(site):
                continue  # there are sessions to look at on whatever weekday the clinic is opened
            db.session.add(Closure(site=site, from_day=day, until_day=day, name="Thanksgiving"))
    for paper in plan.PROGRAMS:
        clinic.programs[paper.code] = Program(
            site=clinic.sites[paper.site],
            code=paper.code,
            name=paper.name,
            level_of_care=paper.level,
            minimum_minutes=paper.minutes,
            minimum_days=paper.days,
            minimum_source="Invented for the demo clinic",
            alternating_weeks=paper.alternating,
        )
    db.session.add_all([*clinic.sites.values(), *clinic.rooms.values(), *clinic.programs.values()])


def _thanksgiving(year: int) -> date:
    """Return the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(Weekday.TH - first.weekday()) % 7, weeks=3)


def _user(clinic: _Clinic, role: Role, email: str, name: tuple[str, str], *, code: str | None = None) -> User:
    return User(
        code=code,
        email=email,
        password=clinic.password_hash,
        given_name=name[0],
        family_name=name[1],
        fs_uniquifier=uuid4().hex,
        created_at=clinic.now,
        roles=[clinic.roles[role]],
    )


def _add_staff(clinic: _Clinic) -> None:
    for person in plan.STAFF:
        email = f"{person.code}@{person.site}.example"
        user = _user(clinic, person.role, email, (person.given_name, person.family_name), code=person.code)
        user.sites = [clinic.sites[person.site]]
        clinic.staff[person.code] = user
    db.session.add_all(clinic.staff.values())


def _add_groups(clinic: _Clinic) -> None:
    for paper in plan.GROUPS:
        program = clinic.programs[paper.program]
        group = Group(
            program=program,
            code=paper.code,
            name=paper.name,
            service_type=paper.service,
            seats=paper.seats,
            modality=paper.modality,
            gender=paper.gender,
        )
        clinic.groups[paper.code] = group
        slot = _slot(paper.start, paper.minutes)
        for weekday in paper.days:
            db.session.add(
                Series(
                    code=f"{paper.code}-{weekday.name}",
                    kind=SeriesKind.GROUP,
                    site=program.site,
                    program=program,
                    group=group,
                    service_type=paper.service,
                    modality=paper.modality,
                    weekday=weekday,
                    local_start=paper.start,
                    duration_minutes=paper.minutes,
                    break_minutes=paper.break_minutes,
                    leader=clinic.staff[paper.leader],
                    room=clinic.rooms.get((program.site.code, paper.room)),
                    from_day=civil_time.monday_of(clinic.today(program.site)) - timedelta(weeks=30),
                    created_at=clinic.now,
                )
            )
            clinic.take(("staff", paper.leader), weekday, slot)


def _slot(start: time, minutes: int) -> Interval[int]:
    first = civil_time.minutes_of_day(start)
    return Interval(first, first + minutes)


def _add_clients(clinic: _Clinic) -> None:
    number = 0
    for paper in plan.GROUPS:
        for place in range(paper.people):
            _add_client(clinic, number, paper, place)
            number += 1
    for place in range(WAITING):
        _add_waiting(clinic, number + place)


def _person(clinic: _Clinic, number: int, site: Site, *, gender: str, admitted: date) -> Client:
    given, family = GIVEN[number % len(GIVEN)], FAMILY[number % len(FAMILY)]
    email = f"client{number + 1}@people.example"
    user = _user(clinic, Role.CLIENT, email, (given, family))
    db.session.add(user)
    db.session.flush()
    client = Client(
        code=f"C{number + 1:03d}",
        site=site,
        user_id=user.id,
        given_name=given,
        family_name=family,
        languages=["en", "es"] if number % 6 == 0 else ["en"],
        gender=gender,
        modality=ModalityWish.EITHER if number % 4 == 0 else ModalityWish.IN_PERSON,
        travel_minutes=(10, 15, 20, 30)[number % 4],
        email=email,
        phone=f"555-01{number:02d}-{1000 + number * 37 % 9000}",
        created_at=civil_time.instant(admitted, time(12), civil_time.zone(site.zone)),
    )
    db.session.add(client)
    db.session.flush()
    add_contacts(client, number, now=clinic.now - timedelta(days=30))
    return client


def _add_client(clinic: _Clinic, number: int, paper: plan.GroupPlan, place: int) -> None:
    program = clinic.programs[paper.program]
    site, today = program.site, clinic.today(program.site)
    # Most people have been here for months, every sixth came within the last two weeks.
    weeks = (1 if place % 2 else 2) if place % 6 == 5 else 4 + number * 7 % 12  # noqa: PLR2004
    admitted = civil_time.monday_of(today) - timedelta(weeks=weeks)
    gender = Gender.FEMALE if paper.gender == "female" else (Gender.FEMALE, Gender.MALE)[number % 2]
    client = _person(clinic, number, site, gender=gender, admitted=admitted)
    clinic.patterns[client.id] = pattern_of(number)
    _enroll(clinic, client, program, admitted, paper)
    for meeting in clinic.groups[paper.code].meetings:
        db.session.add(SeriesMember(series=meeting, client=client, from_day=admitted))
        clinic.take(
            ("client", client.id), meeting.weekday, _slot(meeting.local_start, meeting.duration_minutes)
        )
    _add_commitments(clinic, client, paper.life, today)
    if program.minimum_minutes >= 540 and place % 3 != 2:  # noqa: PLR2004
        _add_one_to_one(clinic, client, program, paper.leader, admitted)


def _enroll(clinic: _Clinic, client: Client, program: Program, admitted: date, paper: plan.GroupPlan) -> None:
    minutes = (paper.minutes - paper.break_minutes) * len(paper.days)
    enrollment = Enrollment(
        code=f"E-{client.code}",
        client=client,
        program=program,
        status=EnrollmentStatus.ACTIVE,
        first_contact_on=admitted - timedelta(days=2 + client.id % 9),
        from_day=admitted,
    )
    db.session.add(enrollment)
    db.session.add(
        PrescribedDose(
            enrollment=enrollment,
            from_day=admitted,
            minutes=minutes,
            minimum_days=min(3, len(paper.days)),
            required_services=[],
            ordered_by="Dr. A. Invented",
        )
    )
    managers = [s for s in plan.STAFF if s.role is Role.CASE_MANAGER and s.site == program.site.code]
    manager = managers[client.id % len(managers)].code
    for code, role in ((paper.leader, AssignmentRole.COUNSELOR), (manager, AssignmentRole.CASE_MANAGER)):
        db.session.add(Assignment(client=client, user=clinic.staff[code], role=role, from_day=admitted))


def _add_waiting(clinic: _Clinic, number: int) -> None:
    """Add someone who waits for a place: enrolled on paper, no group yet."""
    program = clinic.programs["elm-day" if number % 2 else "elm-evening"]
    today = clinic.today(program.site)
    client = _person(clinic, number, program.site, gender=Gender.UNSPECIFIED, admitted=today)
    enrollment = Enrollment(
        code=f"E-{client.code}",
        client=client,
        program=program,
        status=EnrollmentStatus.WAITLISTED,
        first_contact_on=today - timedelta(days=number % 12),
        from_day=today,
    )
    db.session.add(enrollment)
    db.session.add(PrescribedDose(enrollment=enrollment, from_day=today, minutes=540, required_services=[]))
    for code, role in (("bell", AssignmentRole.CASE_MANAGER), ("raman", AssignmentRole.COUNSELOR)):
        db.session.add(Assignment(client=client, user=clinic.staff[code], role=role, from_day=today))
    _add_commitments(
        clinic, client, ("part-time", "day-shift", "late-shift", "school", "night-shift")[number % 5], today
    )


def _add_commitments(clinic: _Clinic, client: Client, life: str, today: date) -> None:
    anchor = civil_time.monday_of(today)
    for busy in plan.LIVES[life]:
        travel = max(busy.travel, client.travel_minutes)
        start, end = civil_time.minutes_of_day(busy.start), civil_time.minutes_of_day(busy.end)
        reach = Interval(start - travel, (24 * 60 if busy.overnight else end) + travel)
        for weekday in busy.days:
            if busy.hard and not clinic.is_free(("client", client.id), weekday, reach):
                continue
            if client.id % 3 == 0 and busy.kind == "caregiving":
                continue  # not everybody has the same family
            db.session.add(
                ClientConstraint(
                    client=client,
                    kind=busy.kind,
                    label=busy.label,
                    weekday=weekday,
                    local_start=busy.start,
                    local_end=busy.end,
                    ends_next_day=busy.overnight,
                    week=busy.week,
                    anchor_day=None if busy.week is WeekParity.EVERY else anchor,
                    from_day=anchor - timedelta(weeks=26),
                    hard=busy.hard,
                    negotiable=busy.negotiable,
                    travel_before=busy.travel,
                    travel_after=busy.travel,
                    created_at=clinic.now,
                    created_by_id=client.user_id,
                )
            )
            clinic.take(("client", client.id), weekday, reach)


def _add_one_to_one(
    clinic: _Clinic, client: Client, program: Program, counselor: str, admitted: date
) -> None:
    """Add a weekly one-to-one in the first half hour that suits the client, counselor and an office."""
    offices = [
        code
        for (site, code) in clinic.rooms
        if site == program.site.code and len(code) == 1 and code.isalpha()
    ]
    for start in range(8 * 60, 17 * 60, HALF_HOUR):
        slot = Interval(start, start + MINUTES_ONE_TO_ONE)
        for weekday in (Weekday.FR, Weekday.WE, Weekday.TU, Weekday.TH, Weekday.MO):
            people = (("client", client.id), ("staff", counselor))
            if not all(clinic.is_free(who, weekday, slot) for who in people):
                continue
            office = next(
                (o for o in offices if clinic.is_free(("room", (program.site.code, o)), weekday, slot)), None
            )
            if office is None:
                continue
            for who in (*people, ("room", (program.site.code, office))):
                clinic.take(who, weekday, slot)
            db.session.add(
                Series(
                    code=f"1to1-{client.code}",
                    kind=SeriesKind.INDIVIDUAL,
                    site=program.site,
                    program=program,
                    client=client,
                    service_type=ServiceType.INDIVIDUAL,
                    weekday=weekday,
                    local_start=civil_time.wall_time(start),
                    duration_minutes=MINUTES_ONE_TO_ONE,
                    leader=clinic.staff[counselor],
                    room=clinic.rooms[program.site.code, office],
                    from_day=admitted,
                    created_at=clinic.now,
                )
            )
            return


def _add_history(clinic: _Clinic) -> None:
    """Write the sessions of the last weeks and what happened at them, in bulk."""
    everyone = list(db.session.scalars(select(Series)).unique())
    members = list(db.session.scalars(select(SeriesMember)))
    by_series: dict[int, list[tuple[int, date]]] = {}
    for member in members:
        by_series.setdefault(member.series_id, []).append((member.client_id, member.from_day))
    past: list[_Past] = []
    for series in everyone:
        if series.client_id is not None:
            by_series[series.id] = [(series.client_id, series.from_day)]
        past += _past_sessions(clinic, series, by_series.get(series.id, []))
    db.session.add_all(one.held for one in past)
    db.session.flush()
    _add_marks(clinic, past)


@dataclass(frozen=True, slots=True)
class _Past:
    """A session of the last weeks, and who was expected."""

    series: Series
    held: Occurrence
    entries: list[RosterEntry]

    def is_unmarked(self, today: date) -> bool:
        """Return True for yesterday's last sessions: they still wait for a counselor, as in a real clinic."""
        recent = (today - self.held.local_day).days <= 3  # noqa: PLR2004
        return recent and self.series.code in {"morning-b-FR", "harbor-step-FR", "evening-2-TH"}


def _past_sessions(clinic: _Clinic, series: Series, people: list[tuple[int, date]]) -> Iterator[_Past]:
    tz = civil_time.zone(series.site.zone)
    today = clinic.today(series.site)
    first = civil_time.monday_of(today) - timedelta(weeks=HISTORY_WEEKS) + timedelta(days=series.weekday)
    closed = {_thanksgiving(today.year), _thanksgiving(today.year - 1)}
    day = max(first, series.from_day + timedelta(days=(series.weekday - series.from_day.weekday()) % 7))
    while day < today:
        if day not in closed:
            yield _past_session(clinic, series, day, [c for c, since in people if since <= day], tz=tz)
        day += timedelta(weeks=1)


def _past_session(clinic: _Clinic, series: Series, day: date, clients: list[int], *, tz: ZoneInfo) -> _Past:
    starts_at = civil_time.instant(day, series.local_start, tz)
    held = Occurrence(
        series_id=series.id,
        original_day=day,
        site_id=series.site_id,
        local_day=day,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=series.duration_minutes),
        break_minutes=series.break_minutes,
        leader_id=series.leader_id,
        room_id=series.room_id,
        status=OccurrenceStatus.PLANNED,
        updated_at=clinic.now,
    )
    source = RosterSource.INDIVIDUAL if series.client_id else RosterSource.MEMBER
    return _Past(series, held, [RosterEntry(occurrence=held, client_id=c, source=source) for c in clients])


def _add_marks(clinic: _Clinic, past: list[_Past]) -> None:
    marks: list[dict[str, Any]] = []
    for one in past:
        today = clinic.today(one.series.site)
        if one.is_unmarked(today):
            continue
        records = [_record(clinic, entry, one.held, one.series, today) for entry in one.entries]
        if records:
            _sign(one.held, records)
        marks += records
    db.session.execute(insert(AttendanceRecord), marks)
    db.session.execute(insert(AttendanceRevision), marks)


def _sign(held: Occurrence, records: list[dict[str, Any]]) -> None:
    """Sign the sheet, as its counselor did before going home."""
    counts = asdict(count_sheet(Settled(row["status"], row["minutes"]) for row in records))
    minutes = counts.pop("minutes")
    db.session.add(
        SignOff(
            occurrence_id=held.id,
            version=1,
            kind=SignOffKind.SIGNED,
            at=held.ends_at + timedelta(minutes=3),
            by_id=held.leader_id,
            counts=counts,
            minutes=minutes,
        )
    )


def _record(
    clinic: _Clinic, entry: RosterEntry, held: Occurrence, series: Series, today: date
) -> dict[str, Any]:
    what = outcome(clinic.patterns[entry.client_id], held.local_day, today=today, rng=clinic.rng)
    late = what.status is AttendanceStatus.ATTENDED_PART
    arrived_at = held.starts_at + timedelta(minutes=what.minutes_late) if late else None
    if arrived_at is not None and arrived_at >= held.ends_at:
        arrived_at = None
    status = AttendanceStatus.ATTENDED if late and arrived_at is None else what.status
    settled = settle(
        Mark(status, arrived_at=arrived_at),
        starts_at=held.starts_at,
        ends_at=held.ends_at,
        break_minutes=held.break_minutes,
    )
    return {
        "roster_entry_id": entry.id,
        "status": settled.status,
        "minutes": settled.minutes,
        "arrived_at": arrived_at,
        "left_at": None,
        "reason": "",
        "version": 1,
        "marked_at": held.ends_at,
        "marked_by_id": series.leader_id,
    }


def _accounts(clinic: _Clinic, password: str) -> list[DemoAccount]:
    first = db.session.scalars(select(Client).where(Client.code == "C001")).one()
    login = db.session.get_one(User, first.user_id)
    shown = ("whitfield", "bell", "hughes", "nguyen", "park", "silva")
    staff = {person.code: person for person in plan.STAFF}
    return [DemoAccount(Role.CLIENT, login.email, password, first.site.name)] + [
        DemoAccount(staff[code].role, clinic.staff[code].email, password, clinic.staff[code].sites[0].name)
        for code in shown
    ]
