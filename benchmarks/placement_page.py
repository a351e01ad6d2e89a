"""How long the placement page of one person takes, through the whole application, at a large program.

    python benchmarks/placement_page.py                 # 150 groups, 200 people: some minutes
    python benchmarks/placement_page.py --people 30     # fewer pages, the same program

Invented weeks with a frozen seed; half of the people have their places, the page of each of the others is
asked for once: plans, every other group with what would open it, and ways out when nothing fits.
"""

import argparse
import logging
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade
from flask_security import hash_password

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.placement_instances import weeks
from iop_schedule import clock
from iop_schedule.app import create_app
from iop_schedule.config import Settings
from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.models import (
    Client,
    ClientConstraint,
    Enrollment,
    Group,
    PrescribedDose,
    Program,
    RoleRow,
    Room,
    Series,
    SeriesMember,
    Site,
    User,
    db,
)
from iop_schedule.vocabulary import (
    ConstraintKind,
    EnrollmentStatus,
    LevelOfCare,
    Role,
    SeriesKind,
    ServiceType,
    WeekParity,
)

NOW = datetime(2026, 9, 7, 12, tzinfo=UTC)
MONDAY, LONG_AGO = date(2026, 9, 7), date(2026, 1, 5)
SECRET = "a-key-for-measuring-only-0123456789abcdef"
PASSWORD = "correct horse battery staple"
SERVICES = list(ServiceType)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--groups", type=int, default=150)
    parser.add_argument("--people", type=int, default=200)
    options = parser.parse_args()
    logging.disable(logging.INFO)
    clock.freeze(NOW)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/iop.db"
        app = create_app(
            Settings(
                instance=Path(folder), database_url=url, secret_key=SECRET, password_salt=SECRET,
                secure_cookies=False,
            )
        )  # fmt: skip
        with app.app_context():
            upgrade()
            problem = _sized(options.people, options.groups)
            asked = _fill(problem)
        _measure(app, asked, options.groups)


def _sized(people: int, groups: int) -> rules.Problem:
    """Return invented weeks with just so many people and groups."""
    found = weeks(people, max(2.0, 40.0 * groups / people), "page")
    assert len(found.groups) >= groups, len(found.groups)
    kept = found.groups[:groups]
    known = {m.id for group in kept for m in group.meetings}
    clients = (replace(c, current=tuple(m for m in c.current if m in known)) for c in found.clients)
    return replace(found, groups=kept, clients=tuple(clients))


def _fill(problem: rules.Problem) -> list[int]:
    """Write the problem into the tables and return the clients without a place."""
    site = Site(code="main", name="Main", zone="America/New_York")
    program = Program(site=site, code="iop", name="IOP", level_of_care=LevelOfCare.IOP_ADULT)
    room = Room(site=site, code="1", name="Room 1", seats=20)
    admin = _user(Role.ADMINISTRATOR, "root@example.org")
    admin.sites = [site]
    db.session.add_all([site, program, room, admin])
    db.session.flush()
    series = {m: one for group in problem.groups for m, one in _group(group, program, room, admin)}
    seats: Counter[str] = Counter()
    waiting = []
    for number, person in enumerate(problem.clients):
        client = _client(person, site, program, admin)
        free = rules.Openings(seats, seats)
        plans = rules.best_weeks(problem, person.id, free, count=1) if number % 2 else []
        if plans:
            meetings = rules.meetings_in(plans[0].choice, WeekParity.A)
            seats.update(meetings)
            for m in meetings:
                db.session.add(SeriesMember(series=series[m], client=client, from_day=LONG_AGO))
        if number % 2 == 0:
            waiting.append(client)
    db.session.commit()
    return [client.id for client in waiting]


def _user(role: Role, email: str) -> User:
    return User(
        email=email, password=hash_password(PASSWORD), given_name="A", family_name="B", code=email,
        fs_uniquifier=email, created_at=NOW, roles=[RoleRow(name=role)],
    )  # fmt: skip


def _service(name: str) -> ServiceType:
    return SERVICES[sum(name.encode()) % len(SERVICES)]


def _group(group: rules.Group, program: Program, room: Room, leader: User) -> list[tuple[str, Series]]:
    row = Group(
        program=program, code=group.id, name=f"Group {group.id}", service_type=_service(group.service_type),
        seats=max(1, group.meetings[0].seats), modality=group.modality, gender=group.gender,
        language=group.language, attend=group.attend,
    )  # fmt: skip
    made = []
    for m in group.meetings:
        one = Series(
            code=m.id, kind=SeriesKind.GROUP, site=program.site, program=program, group=row,
            service_type=row.service_type, modality=row.modality, weekday=m.weekday,
            local_start=civil_time.wall_time(m.start), duration_minutes=m.end - m.start,
            break_minutes=m.break_minutes, leader=leader, room=room, from_day=LONG_AGO, created_at=NOW,
        )  # fmt: skip
        db.session.add(one)
        made.append((m.id, one))
    return made


def _client(person: rules.Client, site: Site, program: Program, by: User) -> Client:
    client = Client(
        code=person.id, site=site, given_name=person.id, family_name="X", languages=list(person.languages),
        gender=person.gender, modality=person.modality,
        travel_minutes=max(person.travel_minutes.values(), default=0), created_at=NOW,
    )  # fmt: skip
    enrollment = Enrollment(
        code=person.id, client=client, program=program, status=EnrollmentStatus.ACTIVE, from_day=LONG_AGO
    )
    dose = person.dose
    required = sorted({_service(one) for one in dose.required})
    prescribed = PrescribedDose(
        enrollment=enrollment, from_day=LONG_AGO, minutes=dose.minutes, over_minutes=dose.over_minutes,
        minimum_days=dose.min_days, most_minutes_a_day=min(720, dose.max_minutes_per_day),
        required_services=required,
    )  # fmt: skip
    db.session.add_all([client, enrollment, prescribed])
    db.session.flush()
    kinds = set(ConstraintKind)
    for one in person.commitments:
        midnight = one.end == 24 * 60
        row = ClientConstraint(
            client=client, kind=one.kind if one.kind in kinds else ConstraintKind.OTHER, label=one.label,
            weekday=one.weekday, local_start=civil_time.wall_time(one.start),
            local_end=civil_time.wall_time(one.end % (24 * 60)), ends_next_day=midnight, week=one.week,
            anchor_day=None if one.week is WeekParity.EVERY else MONDAY, from_day=LONG_AGO, hard=one.hard,
            created_at=NOW, created_by_id=by.id,
        )  # fmt: skip
        if midnight and one.start == 0:
            row.local_end, row.ends_next_day = civil_time.wall_time(0), True
        db.session.add(row)
    return client


def _measure(app: Flask, client_ids: list[int], groups: int) -> None:
    http = app.test_client()
    page = http.get("/sign-in").text
    token = page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    fields = {"email": "root@example.org", "password": PASSWORD, "csrf_token": token}
    assert http.post("/sign-in", data=fields).status_code == 302
    http.get(f"/clients/{client_ids[0]}/place")  # templates are compiled once
    wall, processor, stuck = [], [], 0
    for client_id in client_ids:
        began, used = time.perf_counter(), time.process_time()
        answer = http.get(f"/clients/{client_id}/place")
        wall.append(1000 * (time.perf_counter() - began))
        processor.append(1000 * (time.process_time() - used))
        assert answer.status_code == 200, answer.status_code
        stuck += "No plan reaches" in answer.text
    print(f"{groups} groups, {len(client_ids)} pages, {stuck} of them where nothing fits")
    for name, times in (("by the clock", wall), ("processor", processor)):
        cuts = statistics.quantiles(times, n=100, method="inclusive")
        print(f"  {name:<13} p50 {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, most {max(times):.0f} ms")
    clock.freeze(None)


if __name__ == "__main__":
    main()
