"""The invented clinic: as lived-in as promised, legal by our own rules, different on no two days but in dates."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from iop_schedule.demo import DemoAccount, add_outreach, load_demo_clinic
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.models import (
    AttendanceRecord,
    Client,
    Occurrence,
    OutreachAttempt,
    OutreachTask,
    Program,
    RosterEntry,
    Series,
    SeriesMember,
    SetAside,
    Site,
    User,
    db,
)
from iop_schedule.queries.availability import clashes_of
from iop_schedule.vocabulary import Role, TaskEnd, WeekParity
from tests.conftest import row_counts
from tests.kept import KeptApp

#: A clinic takes seconds to invent; whoever has invented it keeps it for the next test.
pytestmark = pytest.mark.xdist_group("clinic")

#: A week as the clinic may be opened on: Monday to Friday, morning in both zones.
WEEK = [datetime(2026, 11, 16, 18, 0, tzinfo=UTC) + timedelta(days=n) for n in range(5)]


def open_on(now: datetime, kept_app: KeptApp) -> list[DemoAccount]:
    """Fill the database as on the first start at `now`; return the sign-ins."""
    return kept_app.populated(f"clinic of {now:%A}", lambda: load_demo_clinic(now=now))  # type: ignore[no-any-return]


@pytest.fixture
def opened(app: Flask, kept_app: KeptApp) -> datetime:
    open_on(WEEK[2], kept_app)
    return WEEK[2]


def test_it_has_what_a_clinic_has(opened: datetime) -> None:
    def count(table: type) -> int:
        return db.session.scalar(select(func.count()).select_from(table)) or 0

    zones = set(db.session.scalars(select(Site.zone)))
    assert (count(Site), len(zones), count(Program)) == (2, 2, 4)
    assert count(Client) >= 60
    weeks = db.session.execute(select(func.min(Occurrence.local_day), func.max(Occurrence.local_day))).one()
    assert (weeks[1] - weeks[0]).days >= 7 * 23
    assert count(AttendanceRecord) > 1500


# Which sessions there are is settled before anything is written: one database tells.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("now", WEEK, ids=lambda at: f"{at:%A}")
def test_there_are_sessions_today_whatever_weekday_it_is(
    app: Flask, kept_app: KeptApp, now: datetime
) -> None:
    open_on(now, kept_app)
    for site in db.session.scalars(select(Site)):
        today = local_day(now, zone(site.zone))
        held = select(func.count()).where(Occurrence.site_id == site.id, Occurrence.local_day == today)
        assert db.session.scalar(held)


def test_nobody_is_expected_while_a_commitment_has_the_time(opened: datetime) -> None:
    for client_id in db.session.scalars(select(Client.id)):
        assert clashes_of(client_id, now=opened) == []


def test_nobody_leads_two_sessions_at_once_and_no_room_holds_two(opened: datetime) -> None:
    rows = db.session.scalars(select(Occurrence).order_by(Occurrence.starts_at)).all()
    for key in ("leader_id", "room_id"):
        last: dict[object, datetime] = {}
        for row in rows:
            who = getattr(row, key)
            if who is not None:
                assert last.get(who, row.starts_at) <= row.starts_at
                last[who] = row.ends_at


def test_each_role_gets_a_sign_in_and_a_client_has_sessions(app: Flask, kept_app: KeptApp) -> None:
    accounts = open_on(WEEK[2], kept_app)
    assert {account.role for account in accounts} == set(Role)
    (client,) = (account for account in accounts if account.role == Role.CLIENT)
    person = db.session.scalars(
        select(Client).join(User, User.id == Client.user_id).where(User.email == client.email)
    ).one()
    coming = select(func.count()).select_from(RosterEntry).join(RosterEntry.occurrence).where(
        RosterEntry.client_id == person.id, Occurrence.starts_at > WEEK[2]
    )  # fmt: skip
    assert (db.session.scalar(coming) or 0) > 20


def test_a_second_start_changes_nothing(opened: datetime) -> None:
    before = row_counts()
    assert load_demo_clinic(now=opened + timedelta(days=1)) == []
    assert row_counts() == before


def test_groups_have_no_more_people_than_seats(opened: datetime) -> None:
    for series in db.session.scalars(select(Series).where(Series.group_id.is_not(None))).unique():
        assert series.group is not None
        assert sum(member.until_day is None for member in series.members) <= series.group.seats


def test_a_week_of_outreach_was_lived_too(opened: datetime) -> None:
    add_outreach(now=opened)
    tasks = db.session.scalars(select(OutreachTask)).all()
    assert sum(task.ended_at is None for task in tasks) >= 5
    assert {TaskEnd.BACK} <= {TaskEnd(task.ended_by) for task in tasks if task.ended_by}
    assert db.session.scalar(select(func.count()).select_from(OutreachAttempt)) == 5
    assert db.session.scalar(select(func.count()).select_from(SetAside)) == 1


def test_one_person_has_a_plan_for_each_of_two_weeks(opened: datetime) -> None:
    weeks = db.session.execute(
        select(SeriesMember.week, Series.weekday)
        .join(Series, Series.id == SeriesMember.series_id)
        .where(SeriesMember.week != WeekParity.EVERY)
        .order_by(Series.weekday)
    )
    (one, tuesday), (other, wednesday) = weeks
    assert ({one, other}, tuesday, wednesday) == ({"A", "B"}, 1, 2)
