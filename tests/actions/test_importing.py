"""Importing and exporting the clinic's files: the rules of the screens, everything or nothing, and back again."""

import io
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.actions import exporting, importing
from iop_schedule.adapters.clinic_files.staging import NOTICE
from iop_schedule.adapters.clinic_files.tables import TABLES
from iop_schedule.app import create_app
from iop_schedule.errors import NotAllowed
from iop_schedule.models import (
    AttendanceRecord,
    AttendanceRevision,
    AuditEvent,
    CareReply,
    Client,
    MakeUp,
    Occurrence,
    Program,
    RosterEntry,
    Series,
    SeriesMember,
    SessionNotice,
    SignOff,
    User,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AttendanceStatus, Channel, Role
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, make_settings, row_counts

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "docs" / "sample-clinic"
#: Rows of the sample, by file.
SAMPLE_ROWS = {
    "sites": 2, "programs": 2, "rooms": 3, "staff": 5, "clients": 12, "assignments": 24, "enrollments": 12, "doses": 13,
    "pauses": 1, "closures": 2, "commitments": 5, "groups": 2, "meetings": 6, "individual_sessions": 2, "memberships": 36,
    "session_changes": 2, "attendance": 132,
}  # fmt: skip


def write(folder: Path, **files: str) -> Path:
    """Return `folder` with these tables in it; indentation and a first blank line are taken off."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8", newline="")
    return folder


def found(outcome: importing.Outcome) -> list[tuple[str, int, str]]:
    return [(p.file.removesuffix(".csv"), p.line, p.column) for p in outcome.problems.listed]


def counted(outcome: importing.Outcome) -> dict[str, tuple[int, int]]:
    return {name: (count.new, count.already) for name, count in outcome.counts.items()}


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# A check changes nothing; an import is everything.


def test_a_check_counts_every_row_and_changes_nothing(app: Flask) -> None:
    before = row_counts()
    outcome = importing.check(folder=SAMPLE, actor=None, now=NOW)
    assert (found(outcome), outcome.applied) == ([], False)
    assert counted(outcome) == {name: (rows, 0) for name, rows in SAMPLE_ROWS.items()}
    assert row_counts() == before


def test_the_sample_clinic_is_imported_and_a_second_time_is_there_already(app: Flask) -> None:
    first = importing.apply(folder=SAMPLE, actor=None, now=NOW)
    assert (found(first), first.applied) == ([], True)
    assert counted(first) == {name: (rows, 0) for name, rows in SAMPLE_ROWS.items()}
    counts = row_counts()
    assert (counts["attendance_record"], counts["attendance_revision"], counts["client"]) == (132, 132, 12)
    again = importing.apply(folder=SAMPLE, actor=None, now=NOW)
    assert (found(again), again.applied) == ([], True)
    assert counted(again) == {name: (0, rows) for name, rows in SAMPLE_ROWS.items()}
    assert row_counts() == counts


def test_one_bad_row_keeps_everything_out(app: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(SAMPLE, folder)
    with (folder / "attendance.csv").open("a") as file:
        file.write("C-999,morning-MO,2026-02-02,attended,,,,\n")
    before = row_counts()
    outcome = importing.apply(folder=folder, actor=None, now=NOW)
    assert (found(outcome), outcome.applied) == ([("attendance", 134, "client")], False)
    assert row_counts() == before


def test_nobody_can_be_recorded_without_an_administrator(app: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(SAMPLE, folder)
    (folder / "staff.csv").write_text(
        (SAMPLE / "staff.csv").read_text().replace("administrator", "case_manager")
    )
    outcome = importing.apply(folder=folder, actor=None, now=NOW)
    assert (found(outcome), outcome.applied) == ([("staff", 0, "role")], False)


def test_past_attendance_becomes_sessions_roster_marks_and_history(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    folder = write(
        tmp_path / "files",
        attendance="""
        client,session,date,status,minutes,arrived,left,reason,expected_as
        ana,rpb-0,3/2/2026,attended,,,,,
        ben,rpb-0,3/2/2026,attended_in_part,,9:30 am,,bus,
        ana,rpb-2,2026-02-25,no_show,0,,,,member
        ben,ana-1to1,2026-02-26,attended_in_part,20,,,,walk_in
        """,
    )
    outcome = importing.apply(folder=folder, actor=actor_for(cast.root), now=NOW)
    assert (found(outcome), outcome.applied) == ([], True)
    statement = (
        select(Series.code, Occurrence.original_day, Occurrence.starts_at, Occurrence.leader_id, Client.code, RosterEntry.source,
               AttendanceRecord.status, AttendanceRecord.minutes, AttendanceRecord.arrived_at, AttendanceRecord.reason)
        .select_from(AttendanceRecord)
        .join(RosterEntry, RosterEntry.id == AttendanceRecord.roster_entry_id).join(RosterEntry.client)
        .join(RosterEntry.occurrence).join(Occurrence.series)
        .order_by(Occurrence.starts_at, Client.code)
    )  # fmt: skip
    carol = cast.carol.id
    assert [tuple(row) for row in db.session.execute(statement)] == [
        ("rpb-2", date(2026, 2, 25), at(25, 14), carol, "ana", "member", "no_show", 0, None, ""),
        ("ana-1to1", date(2026, 2, 26), at(26, 19), carol, "ben", "walk_in", "attended_in_part", 20, None, ""),
        ("rpb-0", date(2026, 3, 2), at(2, 14, month=3), carol, "ana", "member", "attended", 180, None, ""),
        ("rpb-0", date(2026, 3, 2), at(2, 14, month=3), carol, "ben", "member", "attended_in_part", 150, at(2, 14, 30, month=3), "bus"),
    ]  # fmt: skip
    # Complete sheets were kept and signed elsewhere: nobody is chased for them.
    closed = db.session.execute(
        select(SignOff.kind, SignOff.minutes, SignOff.by_id).order_by(SignOff.minutes)
    )
    assert [tuple(row) for row in closed] == [("imported", minutes, cast.root.id) for minutes in (0, 20, 330)]
    marks = select(
        AttendanceRevision.version,
        AttendanceRevision.status,
        AttendanceRevision.marked_by_id,
        AttendanceRevision.marked_at,
    )
    assert {tuple(row) for row in db.session.execute(marks)} == {
        (1, status, cast.root.id, NOW) for status in ("attended", "attended_in_part", "no_show")
    }


def at(day: int, hour: int, minute: int = 0, *, month: int = 2) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_an_import_is_in_the_trail_of_the_site_and_of_each_client(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    folder = write(
        tmp_path / "files", attendance="client,session,date,status\nana,rpb-0,2026-03-02,attended\n"
    )
    importing.apply(folder=folder, actor=actor_for(cast.root), now=NOW)
    rows = select(AuditEvent.client_id, AuditEvent.site_id, AuditEvent.actor_id, AuditEvent.details)
    assert [
        tuple(row)
        for row in db.session.execute(rows.where(AuditEvent.kind == "import:applied").order_by(AuditEvent.id))
    ] == [
        (None, cast.elm.id, cast.root.id, {"rows": {"attendance": 1}}),
        (cast.ana.id, cast.elm.id, cast.root.id, {"rows": {"attendance": 1}}),
    ]


def test_both_who_are_kept_apart_find_the_import_in_their_trail(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    folder = write(tmp_path / "files", keep_apart="client,other\nana,ben\n")
    outcome = importing.apply(folder=folder, actor=actor_for(cast.root), now=NOW)
    assert (found(outcome), outcome.about) == (
        [], {"ana": {"keep_apart": 1}, "ben": {"keep_apart": 1}},
    )  # fmt: skip


def test_coming_sessions_are_written_out_at_once(app: Flask) -> None:
    importing.apply(folder=SAMPLE, actor=None, now=NOW)
    statement = select(Occurrence.original_day).join(Occurrence.series).where(
        Series.code == "morning-FR", Occurrence.starts_at > NOW
    )  # fmt: skip
    days = sorted(db.session.scalars(statement))
    assert (days[0], len(days)) == (date(2026, 3, 6), 12)


def test_what_is_stored_is_never_overwritten(app: Flask, cast: Cast, tmp_path: Path) -> None:
    attendance = "client,session,date,status\nana,rpb-0,2026-03-02,attended\n"
    root = actor_for(cast.root)
    importing.apply(folder=write(tmp_path / "a", attendance=attendance), actor=root, now=NOW)
    before = row_counts()
    changed = write(
        tmp_path / "b",
        clients="code,site,given_name,family_name\nana,elm,Anna,Quillfeather\n",
        attendance=attendance.replace("attended", "no_show"),
    )
    outcome = importing.apply(folder=changed, actor=root, now=NOW)
    assert found(outcome) == [("clients", 2, "given_name"), ("attendance", 2, "status")]
    assert (row_counts(), db.session.get_one(Client, cast.ana.id).given_name) == (before, "Ana")


def test_nothing_is_added_to_a_signed_sheet_and_what_is_on_it_is_there_already(
    app: Flask, cast: Cast, tmp_path: Path
) -> None:
    held = make.make_occurrence(cast.monday, date(2026, 3, 2))
    make.make_revision(make.make_record(make.make_entry(held, cast.ana), AttendanceStatus.ATTENDED))
    make.make_entry(held, cast.ben)
    make.make_sign_off(held, cast.carol)
    db.session.commit()
    folder = write(
        tmp_path / "files",
        attendance="""
        client,session,date,status
        ana,rpb-0,2026-03-02,attended
        ben,rpb-0,2026-03-02,attended
        """,
    )
    before = row_counts()
    for read in (importing.check, importing.apply):
        outcome = read(folder=folder, actor=actor_for(cast.root), now=NOW)
        assert [(p.line, p.column, p.advice) for p in outcome.problems.listed] == [
            (3, "date", "This sheet is signed already. Amend it on screen.")
        ]
    assert row_counts() == before


def test_columns_left_out_say_nothing_about_what_is_stored(app: Flask, cast: Cast, tmp_path: Path) -> None:
    folder = write(tmp_path / "files", clients="code,site,given_name\nana,elm,Ana\n")
    outcome = importing.check(folder=folder, actor=actor_for(cast.root), now=NOW)
    assert (found(outcome), counted(outcome)) == ([], {"clients": (0, 1)})


def test_a_session_on_the_calendar_is_changed_on_screen_only(app: Flask, tmp_path: Path) -> None:
    importing.apply(folder=SAMPLE, actor=None, now=NOW)
    folder = write(
        tmp_path / "files",
        session_changes="session,date,status\nmorning-FR,2026-03-06,cancelled\nmorning-FR,2026-12-04,cancelled\n",
    )
    outcome = importing.apply(folder=folder, actor=None, now=NOW)
    assert [(p.line, p.column, p.advice) for p in outcome.problems.listed] == [
        (2, "date", "This session is on the calendar already. Change it on screen.")
    ]


# Whose sites


def test_another_site_is_unknown_and_its_codes_are_taken(app: Flask, cast: Cast, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "files",
        programs="code,site,name,level_of_care\np,far,P,iop_adult\n",
        rooms="site,code,name,seats\nfar,1,Room,10\n",
        staff="code,email,given_name,role,sites\neve,e@x.example,Eve,counselor,elm\nnew,n@x.example,N,counselor,elm;far\n",
        clients="code,site,given_name\nzoe,elm,Zoe\nq,far,Q\n",
        assignments="client,staff,role,from\nzoe,carol,counselor,2026-01-01\nana,eve,counselor,2026-01-01\n",
        memberships="client,meeting,from\nana,far-mo,2026-03-09\n",
        attendance="client,session,date,status\nzoe,far-mo,2026-03-02,attended\n",
    )  # fmt: skip
    outcome = importing.check(folder=folder, actor=actor_for(cast.root), now=NOW)
    assert found(outcome) == [
        ("programs", 2, "site"), ("rooms", 2, "site"), ("staff", 2, "code"),
        ("staff", 3, "sites"), ("clients", 2, "code"), ("clients", 3, "site"), ("memberships", 2, "meeting"),
        ("attendance", 2, "session"),
    ]  # fmt: skip
    said = " ".join(p.advice for p in outcome.problems.listed)
    assert [word for word in ("Far Hills", "Lindqvist", "Umberhulk", "Evening") if word in said] == []


def test_only_administrators_import_and_export(app: Flask, cast: Cast, tmp_path: Path) -> None:
    for person in (cast.carol, cast.dev, cast.ana_user):
        with pytest.raises(NotAllowed):
            importing.check(folder=SAMPLE, actor=actor_for(person), now=NOW)
        with pytest.raises(NotAllowed):
            importing.apply(folder=SAMPLE, actor=actor_for(person), now=NOW)
        with pytest.raises(NotAllowed):
            exporting.export_zip(actor=actor_for(person), now=NOW)


def test_an_export_holds_ones_own_sites_and_the_notice(app: Flask, cast: Cast) -> None:
    content = b"".join(exporting.export_zip(actor=actor_for(cast.root), now=NOW))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["NOTICE.txt", *(table.file for table in TABLES)]
        assert archive.read("NOTICE.txt").decode() == NOTICE
        everything = b"\n".join(archive.read(name) for name in archive.namelist()).decode()
    assert "42 CFR part 2 prohibits unauthorized use or disclosure of these records." in everything
    assert [word for word in ("Ana", "Ben", "Carol", "rpb-0") if word not in everything] == []
    assert [
        word for word in ("Zoe", "Eve", "zoe@", "far-mo", "Far Hills", "Trent") if word in everything
    ] == []
    kinds = db.session.execute(select(AuditEvent.kind, AuditEvent.actor_id, AuditEvent.site_id)).all()
    assert [tuple(row) for row in kinds] == [("export:made", cast.root.id, cast.elm.id)]


# There and back again


@contextmanager
def second_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Flask]:
    """An application of its own on another empty database."""
    folder.mkdir()
    server, name = None, ""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "iop.db")
        url = f"sqlite:///{folder / 'iop.db'}"
    else:
        server = request.getfixturevalue("postgresql")
        name = server.free_name()
        url = server.create(name, template=request.getfixturevalue("postgresql_template"))
    other = create_app(make_settings(folder, url))
    with other.app_context():
        yield other
        db.session.remove()
        db.engine.dispose()
    if server:
        server.drop(name)


#: Numbers of a program that are not the usual ones.
VALUED = {"wished_day": 0, "seat_price": 1000}


def enrich() -> None:
    """Add what people really type, and what only happens on screen."""
    ana = db.session.scalars(select(Client).where(Client.code == "C-101")).one()
    ana.given_name, ana.family_name, ana.preferred_name = "=cmd|'/C calc'!A0", "O'Néill-李", " +1 "
    ana.phone = "'=2+5"
    make.make_reachable(ana, Channel.SMS, address="+525512345678")
    stopped = db.session.scalars(select(Client).where(Client.code == "C-102")).one()
    make.make_reachable(stopped, Channel.SMS, stopped_at=NOW, stop_reason="opted_out")
    ana.site.address = 'Flat 2,\r\n"The Elms"; 12 Maple Street\n'
    marked = db.session.scalars(select(AttendanceRecord).where(AttendanceRecord.status == "excused")).first()
    assert marked is not None
    marked.reason = "-told; us\n@once"
    late = select(AttendanceRecord).where(AttendanceRecord.status == "no_show")
    taken_back = db.session.scalars(late).first()
    assert taken_back is not None
    taken_back.status = "entered_in_error"
    coming = (
        select(Occurrence)
        .join(Occurrence.series)
        .where(Series.code == "morning-FR", Occurrence.starts_at > NOW)
    )
    first, second = db.session.scalars(coming.order_by(Occurrence.starts_at).limit(2))
    first.status, first.cancel_cause, first.edited, first.status_reason = "cancelled", "by_hand", True, "Snow"
    second.local_day, second.edited, second.room_id = date(2026, 3, 12), True, None
    second.starts_at, second.ends_at = at(12, 20, month=3), at(12, 22, month=3)
    guest = db.session.scalars(select(Client).where(Client.code == "C-109")).one()
    db.session.add(RosterEntry(occurrence=second, client=guest, source="make_up"))
    staff = db.session.scalars(select(User).where(User.code == "okoro")).unique().one()
    want_and_tell(ana, guest, second, staff)
    make.make_constraint(
        ana, staff, weekday=4, local_start=time(8), local_end=time(10)
    )  # clashes with a place they have
    stopped.modality = "telehealth"  # and has places in person
    make.make_apart(ana, stopped, by=staff)  # and they share a group
    come_every_other_week(db.session.scalars(select(Client).where(Client.code == "C-112")).one(), "B")
    program = db.session.scalars(select(Program).where(Program.code == "lake-evening")).one()
    program.spares_scarce_seats, program.placement_numbers = False, VALUED
    db.session.commit()


def come_every_other_week(client: Client, week: str) -> None:
    """Let a client's places be of every other week, as the program once allowed."""
    for member in db.session.scalars(select(SeriesMember).where(SeriesMember.client_id == client.id)):
        member.week = week


WANTED = ("wishes", "goals", "requests", "answers", "notices", "make_ups")


def want_and_tell(ana: Client, guest: Client, second: Occurrence, staff: User) -> None:
    """Add wishes, goals, requests with their answers, notices, and a make-up."""
    make.make_constraint(ana, staff, weekday=5, label="court", negotiable=False)
    make.make_wishes(
        ana, staff, time="evening", liked_days=[1, 3], disliked_days=[4], counselor_id=staff.id,
        modality="telehealth",
    )  # fmt: skip
    make.make_wishes(guest, staff, disliked_days=[0])
    make.make_goal(ana, words="Walk my “daughter”", added_at=at(9, 14), ended_at=at(20, 2))
    make.make_goal(ana, words="+ a class", time_name="Class", added_at=at(10, 14))
    asked = at(9, 14, 5)
    talked = make.make_care_request(ana, staff, kind="other_times", words="By 3?\nPlease", asked_at=asked)
    for answer, day, answered in (("talk", 11, at(9, 15)), ("agreed", 23, at(12, 9))):
        own = {"answer": answer, "day": date(2026, 2, day), "words": "Yes", "at": answered}
        db.session.add(CareReply(request_id=talked.id, by_id=staff.id, **own))
    talked.ended_at, talked.ended_by = at(12, 9), "agreed"
    make.make_care_request(ana, staff, kind="more_sessions", words="", asked_at=at(20, 14))
    told = {"told_at": at(20, 15, 30), "told_by_id": staff.id}
    coming = (
        select(RosterEntry)
        .join(RosterEntry.occurrence)
        .where(RosterEntry.client_id == guest.id, Occurrence.status == "planned", Occurrence.starts_at > NOW)
        .order_by(Occurrence.id == second.id, Occurrence.starts_at)
    )
    missed, *_, made_up = db.session.scalars(coming).all()
    late = SessionNotice(roster_entry_id=made_up.id, kind="late", late_minutes=20, **told)
    away = SessionNotice(roster_entry_id=missed.id, kind="absent", reason="work", wants_call=True, **told)
    here = SessionNotice(roster_entry_id=made_up.id, kind="here", withdrawn_at=NOW, **told)
    here.withdrawn_by_id = staff.id
    booked = {"missed_entry_id": missed.id, "entry_id": made_up.id, "booked_by_id": staff.id}
    db.session.add_all([late, away, here, MakeUp(booked_at=at(21, 9), **booked)])


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_export_imported_elsewhere_gives_the_same_clinic(
    app: Flask, kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert importing.apply(folder=SAMPLE, actor=None, now=NOW).applied
    enrich()
    exporting.export_folder(folder=tmp_path / "one", now=NOW)
    db.session.remove()
    with second_database(kind, request, tmp_path / "second"):
        outcome = importing.apply(folder=tmp_path / "one", actor=None, now=NOW)
        assert ([str(p) for p in outcome.problems.listed], outcome.applied) == ([], True)
        exporting.export_folder(folder=tmp_path / "two", now=NOW)
        again = importing.check(folder=tmp_path / "one", actor=None, now=NOW)
        assert {name: count.new for name, count in again.counts.items() if count.new} == {}
        assert found(again) == []
        stored = select(Program.code, Program.spares_scarce_seats, Program.placement_numbers)
        programs = {code: kept for code, *kept in db.session.execute(stored)}
        assert programs == {"maple-day": [True, {}], "lake-evening": [False, VALUED]}
    one, two = files_of(tmp_path / "one"), files_of(tmp_path / "two")
    assert list(one) == list(two)
    assert {name: two[name].decode() for name in two} == {name: one[name].decode() for name in one}
    assert b"despite_commitments" in one["memberships.csv"]
    lines = {name: len(one[f"{name}.csv"].split(b"\r\n")) - 2 for name in WANTED}
    assert lines == {"wishes": 2, "goals": 2, "requests": 2, "answers": 2, "notices": 2, "make_ups": 1}
    agreed = [line for line in one["clients.csv"].splitlines() if b"online" in line]
    assert [b"+525512345678" in line for line in agreed] == [True]  # who answered STOP has not agreed
    assert b'"C-101","morning-FR","2026-01-05","","yes","keep_apart"' in one["memberships.csv"]
    alternating = b'"C-112","evening-TH","2026-01-05","","no","not_alternating","2026-01-05"'
    assert alternating in one["memberships.csv"]
    assert b'"C-102","morning-FR","2026-01-05","","no","keep_apart;modality"' in one["memberships.csv"]
    assert b'"C-101","C-102"' in one["keep_apart.csv"]


# What is refused, and where


@pytest.fixture(scope="module")
def small(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a clinic in it that is right, and an empty database to check it against."""
    folder = tmp_path_factory.mktemp("small")
    shutil.copy(sqlite_template, folder / "iop.db")
    app = create_app(make_settings(folder, f"sqlite:///{folder / 'iop.db'}"))
    clock.freeze(NOW)
    with app.app_context():
        yield folder
        db.session.remove()
        db.engine.dispose()
    clock.freeze(None)


BASE = {
    "sites": "code,name,time_zone\nelm,Elm,America/New_York\nlake,Lake,America/Chicago\n",
    "programs": "code,site,name,level_of_care\nday,elm,Day,iop_adult\nshore,lake,Shore,iop_adult\n",
    "rooms": "site,code,name,seats\nelm,1,One,10\nelm,2,Two,2\nlake,1,One,10\n",
    "staff": "code,email,given_name,role,sites,active\ncarol,c@x.example,C,counselor,elm,yes\ndev,d@x.example,D,case_manager,elm,yes\n"
             "sam,s@x.example,S,counselor,lake,yes\ngone,g@x.example,G,counselor,elm,no\n",
    "clients": "code,site,given_name,travel_minutes\nana,elm,Ana,20\nben,elm,Ben,0\nzoe,lake,Zoe,0\n",
    "enrollments": "code,client,program,status,from,until\ne1,ana,day,active,2026-01-05,\n",
    "doses": "enrollment,from,minutes\ne1,2026-01-05,540\n",
    "commitments": "client,kind,weekday,date,start,end,overnight,week,anchor,from,until,hard,exceptions\n"
                   "ana,work,MO,,12:15,21:00,no,every,,2026-01-05,,yes,\n",
    "groups": "code,program,name,service_type,seats,attend\ng,day,G,group,2,any\nwhole,day,W,group,2,all\n",
    "meetings": "code,group,weekday,start,minutes,break_minutes,staff,room,from,until,every_weeks\n"
                "mo,g,MO,9:00,180,15,carol,1,2026-01-05,,1\nwe,g,WE,9:00,180,15,carol,1,2026-01-07,2026-06-24,2\n"
                "w1,whole,TU,9:00,60,0,carol,1,2026-01-06,,1\nw2,whole,TH,9:00,60,0,carol,1,2026-01-06,,1\n",
    "individual_sessions": "code,client,program,service_type,weekday,start,minutes,staff,room,from\n"
                           "one,ben,day,individual,FR,9:00,50,carol,2,2026-01-05\n",
    "memberships": "client,meeting,from,until\nben,mo,2026-01-05,\nben,we,2026-01-05,2026-02-28\n",
    "closures": "site,program,from,until,name\nelm,,2026-02-16,2026-02-16,Holiday\n",
    "attendance": "client,session,date,status,minutes,arrived,left,expected_as\nben,mo,2026-02-02,attended,,,,\n",
}  # fmt: skip

#: What is added, then where and what is said. A file's name means rows added to the base; `=` replaces it.
REFUSED = {
    "a weekend session": ({"meetings": "sa,g,SA,9:00,60,0,carol,,2026-01-05,,1\n"}, [("meetings", 6, "weekday", "Monday to Friday")]),
    "a session past midnight": ({"meetings": "x,g,FR,23:30,60,0,carol,,2026-01-05,,1\n"}, [("meetings", 6, "minutes", "end on the day")]),
    "a break as long as the session": ({"meetings": "x,g,FR,13:00,60,60,carol,,2026-01-05,,1\n"}, [("meetings", 6, "break_minutes", "shorter")]),
    "a series that ends before it begins": ({"meetings": "x,g,FR,13:00,60,0,carol,,2026-01-05,2026-01-04,1\n"}, [("meetings", 6, "until", "before")]),
    "29 February in a common year": ({"meetings": "x,g,FR,13:00,60,0,carol,,2026-02-29,,1\n"}, [("meetings", 6, "from", "calendar")]),
    "a counselor booked twice": ({"meetings": "x,g,MO,11:59,60,0,carol,,2026-01-05,,1\n"}, [("meetings", 6, "staff", "already leads mo")]),
    "a counselor back to back is fine": ({"meetings": "x,g,MO,12:00,60,0,carol,,2026-01-05,,1\n"}, []),
    "a room booked twice": ({"meetings": "x,g,MO,10:00,60,0,dev,1,2026-01-05,,1\n"}, [("meetings", 6, "room", "taken by mo")]),
    "the same room code at another site is another room": (
        {"groups": "l,shore,L,group,2,any\n", "meetings": "x,l,MO,9:00,60,0,sam,1,2026-01-05,,1\n"}, []),
    "the other alternate week is free": ({"meetings": "x,g,WE,9:00,60,0,carol,1,2026-01-12,,2\n"}, []),
    "the same alternate week is not": ({"meetings": "x,g,WE,9:00,60,0,carol,,2026-01-19,,2\n"}, [("meetings", 6, "staff", "2026-01-21")]),
    "a counselor of another site": ({"meetings": "x,g,FR,13:00,60,0,sam,,2026-01-05,,1\n"}, [("meetings", 6, "staff", "does not work")]),
    "a counselor who left": ({"meetings": "x,g,FR,13:00,60,0,gone,,2026-01-05,,1\n"}, [("meetings", 6, "staff", "no longer")]),
    "a counselor who left led it in the past": ({"meetings": "x,g,FR,13:00,60,0,gone,,2026-01-05,2026-01-30,1\n"}, []),
    "a room that is too small": ({"groups": "big,day,B,group,3,any\n", "meetings": "x,big,FR,13:00,60,0,carol,2,2026-01-05,,1\n"},
                                 [("meetings", 6, "room", "2 seats")]),
    "unknown codes": ({"meetings": "x,nope,FR,13:00,60,0,who,9,2026-01-05,,1\n", "memberships": "who,nope,2026-01-05,\n"},
                      [("meetings", 6, "group", "no such code"), ("meetings", 6, "staff", "no such code"),
                       ("memberships", 4, "client", "no such code"), ("memberships", 4, "meeting", "no such code")]),
    "one mistake is one line": ({"sites": "bad,Bad,Nowhere/Land\n", "programs": "p,bad,P,iop_adult\n", "rooms": "bad,1,R,4\n"},
                                [("sites", 4, "time_zone", "America/New_York")]),
    "a number of a program out of its bounds": (
        {"=programs": "code,site,name,level_of_care,day_cost,minute_price,seat_price\n"
                      "day,elm,Day,iop_adult,101,,0\nshore,lake,Shore,iop_adult,100,60,\n"},
        [("programs", 2, "day_cost", "from 0 to 100"), ("programs", 2, "seat_price", "from 1 to 1000")]),
    "the same code twice": ({"clients": "ana,elm,Ana,20\n"}, [("clients", 5, "code", "Line 2")]),
    "agreed to texts tomorrow": ({"=clients": "code,site,given_name,text_number,text_consent_since\nana,elm,Ana,2025550142,2026-03-30\nben,elm,Ben,,\nzoe,lake,Zoe,,\n"},
                                 [("clients", 2, "text_consent_since", "not come yet")]),
    "agreed to texts at no number": ({"=clients": "code,site,given_name,text_number,text_consent_since\nana,elm,Ana,,2026-01-05\nben,elm,Ben,12345,2026-01-05\nzoe,lake,Zoe,,\n"},
                                     [("clients", 2, "text_number", "Fill in the number"), ("clients", 3, "text_number", "area code")]),
    "a number nobody agreed to": ({"=clients": "code,site,given_name,text_number,text_consent_evidence\nana,elm,Ana,2025550142,\nben,elm,Ben,,paper\nzoe,lake,Zoe,,\n"},
                                  [("clients", 2, "text_consent_since", "when they agreed"), ("clients", 3, "text_consent_since", "when they agreed")]),
    "one code for two kinds of session": (
        {"individual_sessions": "mo,ben,day,individual,FR,14:00,50,carol,,2026-01-05\n"}, [("individual_sessions", 3, "code", "meetings.csv")]),
    "a second account for an address": ({"staff": "x,C@X.example,X,counselor,elm,yes\n"}, [("staff", 6, "email", "already belongs")]),
    "a client in staff.csv": ({"staff": "x,x@x.example,X,client,elm,yes\n"}, [("staff", 6, "role", "counselor")]),
    "an assignment in another role": ({"=assignments": "client,staff,role,from,until\nana,dev,counselor,2026-01-05,\nana,dev,counselor,2025-01-05,2025-02-01\n"},
                                      [("assignments", 2, "role", "case_manager")]),
    "an assignment across sites": ({"=assignments": "client,staff,role,from\nana,sam,counselor,2026-01-05\n"}, [("assignments", 2, "staff", "does not work")]),
    "an assignment that ends before it begins": (
        {"=assignments": "client,staff,role,from,until\nana,dev,case_manager,2026-02-05,2026-02-04\n"}, [("assignments", 2, "until", "before")]),
    "two programs at once": ({"enrollments": "e2,ana,day,active,2026-02-01,\n"}, [("enrollments", 3, "from", "Already in a program")]),
    "a cancelled enrollment is none": ({"enrollments": "e2,ana,day,cancelled,2026-02-01,\n"}, []),
    "a program of another site": ({"enrollments": "e2,ben,shore,active,2026-02-01,\n"}, [("enrollments", 3, "program", "client's site")]),
    "a dose before admission": ({"doses": "e1,2026-01-04,540\n"}, [("doses", 3, "from", "admission")]),
    "a dose no week can hold": ({"doses": "e1,2026-02-01,2000\n"}, [("doses", 3, "most_minutes_a_day", "Five days")]),
    "two pauses at once": ({"=pauses": "enrollment,from,until,reason\ne1,2026-02-02,2026-02-10,leave\ne1,2026-02-10,,hospital\n"},
                           [("pauses", 3, "from", "paused already")]),
    "a closure that ends before it begins": ({"closures": "elm,,2026-03-02,2026-03-01,X\n"}, [("closures", 3, "until", "before")]),
    "a closure of another site's program": ({"closures": "elm,shore,2026-03-02,2026-03-02,X\n"}, [("closures", 3, "program", "not at elm")]),
    "a commitment weekly and dated": ({"commitments": "ana,work,TU,2026-01-06,9:00,10:00,no,every,,2026-01-06,,yes,\n"}, [("commitments", 3, "weekday", "either")]),
    "a commitment that ends before it starts": ({"commitments": "ana,work,TU,,22:00,6:00,no,every,,2026-01-06,,yes,\n"}, [("commitments", 3, "end", "night shift")]),
    "alternate weeks without an anchor": ({"commitments": "ana,work,TU,,9:00,10:00,no,A,,2026-01-06,,yes,\n"}, [("commitments", 3, "anchor", "every other week")]),
    "exceptions to a single date": ({"commitments": "ana,work,,2026-01-06,9:00,10:00,no,every,,2026-01-06,,yes,2026-01-06\n"}, [("commitments", 3, "exceptions", "weekly")]),
    "a place against a hard commitment": ({"memberships": "ana,mo,2026-01-05,\n"}, [("memberships", 4, "client", "On 2026-01-05")]),
    "a place before the commitment began": ({"=commitments": "client,kind,weekday,start,end,from\nana,work,MO,12:30,21:00,2026-06-01\n", "memberships": "ana,mo,2026-01-05,2026-05-29\n"}, []),
    "a place against a soft commitment": ({"=commitments": "client,kind,weekday,start,end,from,hard\nana,work,MO,9:00,21:00,2026-01-05,no\n", "memberships": "ana,mo,2026-01-05,\n"}, []),
    "a place after a night shift": ({"=commitments": "client,kind,weekday,start,end,overnight,from\nana,work,SU,23:00,8:45,yes,2026-01-04\n", "memberships": "ana,mo,2026-01-05,\n"},
                                    [("memberships", 4, "client", "On 2026-01-05")]),
    "a place agreed to all the same": ({"=memberships": "client,meeting,from,until,despite_commitments\nben,mo,2026-01-05,,\nana,mo,2026-01-05,,yes\n"}, []),
    "a group in another language": (
        {"=groups": "code,program,name,service_type,seats,attend,language\ng,day,G,group,2,any,es\nwhole,day,W,group,2,all,en\n"},
        [("memberships", 2, "client", "mo is held in Spanish, which ben does not speak")]),
    "a group for women": (
        {"=groups": "code,program,name,service_type,seats,attend,gender\ng,day,G,group,2,any,female\nwhole,day,W,group,2,all,any\n"},
        [("memberships", 2, "client", "mo is a group for women")]),
    "a group by video for someone who comes in": (
        {"=groups": "code,program,name,service_type,seats,attend,modality\ng,day,G,group,2,any,telehealth\nwhole,day,W,group,2,all,in_person\n"},
        [("memberships", 2, "client", "Or write modality under despite_rules")]),
    "a session of their own they cannot attend that way": (
        {"=individual_sessions": "code,client,program,service_type,weekday,start,minutes,staff,from,modality\none,ben,day,individual,FR,9:00,50,carol,2026-01-05,telehealth\n"},
        [("individual_sessions", 2, "client", "one is held online")]),
    "agreed to all the same, by name": (
        {"=groups": "code,program,name,service_type,seats,attend,gender\ng,day,G,group,2,any,female\nwhole,day,W,group,2,all,any\n",
         "=memberships": "client,meeting,from,until,despite_rules\nben,mo,2026-01-05,,gender\n"}, []),
    "a place that is over, in another language": (
        {"=groups": "code,program,name,service_type,seats,attend,language\ng,day,G,group,2,any,es\nwhole,day,W,group,2,all,en\n",
         "=memberships": "client,meeting,from,until\nben,mo,2026-01-05,2026-02-28\n"}, []),
    "a group at another level of care": (
        {"programs": "late,elm,Late,aftercare\n", "groups": "a,late,A,group,2,any\n", "meetings": "fr,a,FR,14:00,60,0,carol,1,2026-01-05,,1\n",
         "memberships": "ana,fr,2026-01-05,\n"}, [("memberships", 4, "client", "another level of care than ana")]),
    "no time to get home": (
        {"=clients": "code,site,given_name,travel_minutes,modality\nana,elm,Ana,20,in_person\nben,elm,Ben,20,either\nzoe,lake,Zoe,0,in_person\n",
         "=individual_sessions": "code,client,program,service_type,weekday,start,minutes,staff,from,modality\none,ben,day,individual,MO,12:19,50,carol,2026-01-05,telehealth\n"},
        [("memberships", 2, "client", "too little time to travel"), ("individual_sessions", 2, "client", "too little time to travel")]),
    "people kept apart": (
        {"=keep_apart": "client,other\nben,cy\n", "clients": "cy,elm,Cy,0\n", "memberships": "cy,mo,2026-01-05,\n"},
        [("memberships", 2, "client", "mo cannot be given to ben"), ("memberships", 4, "client", "mo cannot be given to cy")]),
    "people kept apart, one after the other": (
        {"=keep_apart": "client,other\nben,cy\n", "clients": "cy,elm,Cy,0\n", "=memberships": "client,meeting,from,until\nben,mo,2026-01-05,2026-03-20\ncy,mo,2026-03-21,\n"}, []),
    "a pair the wrong way round": ({"=keep_apart": "client,other\nben,ana\n"}, [("keep_apart", 2, "other", "first in the alphabet")]),
    "one seat too many": ({"clients": "cy,elm,Cy,0\ndi,elm,Di,0\n", "memberships": "cy,mo,2026-01-05,2026-03-01\ndi,mo,2026-03-01,\n"}, [("memberships", 5, "meeting", "2 seats")]),
    "a seat that has become free": ({"clients": "cy,elm,Cy,0\ndi,elm,Di,0\n", "memberships": "cy,mo,2026-01-05,2026-03-01\ndi,mo,2026-03-02,\n"}, []),
    "the same place twice": ({"memberships": "ben,mo,2026-03-02,\n"}, [("memberships", 4, "client", "already in mo")]),
    "two sessions at once": ({"memberships": "ben,x,2026-01-05,\n", "meetings": "x,g,MO,11:00,60,0,dev,,2026-01-05,,1\n"}, [("memberships", 4, "client", "already in mo")]),
    "a place at another site": ({"memberships": "zoe,mo,2026-01-05,\n"}, [("memberships", 4, "meeting", "client's site")]),
    "a place when nothing is held": ({"memberships": "ana,we,2026-07-01,\n"}, [("memberships", 4, "from", "not held")]),
    "a place in a one-to-one": ({"memberships": "ana,one,2026-01-05,\n"}, [("memberships", 4, "meeting", "no such code")]),
    "half of a whole group": ({"memberships": "ben,w1,2026-01-05,\n"}, [("memberships", 4, "meeting", "taken whole")]),
    "all of a whole group": ({"memberships": "ben,w1,2026-01-05,\nben,w2,2026-01-05,\n"}, []),
    "a session that follows itself": ({"=individual_sessions": "code,client,program,service_type,weekday,start,minutes,staff,from,continues\nx,ben,day,individual,FR,9:00,50,carol,2026-01-05,x\n"},
                                      [("individual_sessions", 2, "continues", "itself")]),
    "moved to a weekend": ({"=session_changes": "session,date,moved_to\nmo,2026-03-09,2026-03-14\n"}, [("session_changes", 2, "moved_to", "weekend")]),
    "a change of a day without session": ({"=session_changes": "session,date,status\nmo,2026-03-10,cancelled\n"}, [("session_changes", 2, "date", "held on MO")]),
    "attendance without a place": ({"attendance": "ana,mo,2026-02-09,attended,,,,\n"}, [("attendance", 3, "client", "no place")]),
    "attendance after the place ended": ({"attendance": "ben,we,2026-03-04,attended,,,,\n"}, [("attendance", 3, "client", "no place")]),
    "attendance of a guest": ({"attendance": "ana,mo,2026-02-09,attended,,,,make_up\n"}, []),
    "attendance on the wrong weekday": ({"attendance": "ben,mo,2026-02-03,attended,,,,\n"}, [("attendance", 3, "date", "is a TU")]),
    "attendance in the other week": ({"attendance": "ben,we,2026-02-11,attended,,,,\n"}, [("attendance", 3, "date", "every second week")]),
    "attendance to come": ({"attendance": "ben,mo,2026-03-09,attended,,,,\n"}, [("attendance", 3, "date", "not begun")]),
    "attendance on a closed day": ({"attendance": "ben,mo,2026-02-16,attended,,,,\n"}, [("attendance", 3, "date", "Holiday")]),
    "attendance of a cancelled session": (
        {"=session_changes": "session,date,status\nmo,2026-02-09,cancelled\n", "attendance": "ben,mo,2026-02-09,attended,,,,\n"}, [("attendance", 3, "date", "cancelled")]),
    "attendance twice": ({"attendance": "ben,mo,2026-02-02,no_show,,,,\n"}, [("attendance", 3, "client", "twice")]),
    "more minutes than the session": ({"attendance": "ben,mo,2026-02-09,attended,166,,,\n"}, [("attendance", 3, "minutes", "165 minutes")]),
    "fewer minutes than attended means": ({"attendance": "ben,mo,2026-02-09,attended,164,,,\n"}, [("attendance", 3, "status", "attended_in_part")]),
    "minutes of someone absent": ({"attendance": "ben,mo,2026-02-09,no_show,10,,,\n"}, [("attendance", 3, "minutes", "Only someone who came")]),
    "more minutes than they were there": ({"attendance": "ben,mo,2026-02-09,attended_in_part,61,9:00,10:00,\n"}, [("attendance", 3, "minutes", "at most 60")]),
    "left before arriving": ({"attendance": "ben,mo,2026-02-09,attended_in_part,,11:00,10:00,\n"}, [("attendance", 3, "left", "after the arrival")]),
    "arrived after the end": ({"attendance": "ben,mo,2026-02-09,attended_in_part,,12:00,,\n"}, [("attendance", 3, "arrived", "after the end")]),
    "a time of someone absent": ({"attendance": "ben,mo,2026-02-09,no_show,,9:00,,\n"}, [("attendance", 3, "arrived", "Only someone who came")]),
    "in part without any time": ({"attendance": "ben,mo,2026-02-09,attended_in_part,,,,\n"}, [("attendance", 3, "arrived", "arrived or left")]),
    "a mark that was a mistake": ({"attendance": "ben,mo,2026-02-09,entered_in_error,,,,\n"}, [("attendance", 3, "status", "what happened")]),
    "still to mark": ({"attendance": "ben,mo,2026-02-09,,,,,\n"}, []),
    "to mark, with minutes": ({"attendance": "ben,mo,2026-02-09,,30,,,\n"}, [("attendance", 3, "status", "what happened")]),
    "wishes for a Sunday": ({"=wishes": "client,liked_days\nben,SU\n"}, [("wishes", 2, "liked_days", "Monday to Friday")]),
    "wishes for a day and against it": ({"=wishes": "client,liked_days,disliked_days\nben,MO;TU,TU\n"}, [("wishes", 2, "disliked_days", "not as both")]),
    "wishes for somebody unknown": ({"=wishes": "client,counselor\nben,nobody\n"}, [("wishes", 2, "counselor", "staff.csv")]),
    "a sixth goal": ({"=goals": "client,words,added\n" + "".join(f"ben,g{n},2026-01-05\n" for n in range(6))}, [("goals", 7, "client", "at most 5")]),
    "a request without words": ({"=requests": "client,kind,asked,asked_at\nben,something_else,2026-01-05,9:00\n"}, [("requests", 2, "words", "Say in a few words")]),
    "two open requests of a kind": (
        {"=requests": "client,kind,asked,asked_at\nben,other_times,2026-01-05,9:00\nben,other_times,2026-01-06,9:00\n"}, [("requests", 3, "kind", "open already")]),
    "a request from tomorrow": ({"=requests": "client,kind,asked,asked_at\nben,other_times,2027-01-05,9:00\n"}, [("requests", 2, "asked", "still to come")]),
    "an answer to nothing": (
        {"=answers": "client,kind,asked,asked_at,answer,day,answered,answered_at,staff\nben,other_times,2026-01-05,9:00,talk,2026-01-09,2026-01-06,9:00,dev\n"},
        [("answers", 2, "asked", "no such request")]),
    "an absence without a reason": ({"=notices": "client,session,date,kind,told,told_at\nben,mo,2026-03-09,absent,2026-03-01,9:00\n"}, [("notices", 2, "reason", "has one")]),
    "a notice about a day without session": (
        {"=notices": "client,session,date,kind,reason,told,told_at\nben,mo,2026-03-10,absent,work,2026-03-01,9:00\n"}, [("notices", 2, "date", "held on MO")]),
    "a session that makes up for itself": (
        {"=make_ups": "client,missed_session,missed_date,session,date,booked,booked_at\nben,mo,2026-03-09,mo,2026-03-09,2026-03-01,9:00\n"}, [("make_ups", 2, "session", "itself")]),
    "an unknown file": ({"=notes": "a,b\n"}, [("notes", 0, "", "not one of the files")]),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_legal_is_refused_where_it_stands(small: Path, tmp_path: Path, name: str) -> None:
    changes, expected = REFUSED[name]
    files = dict(BASE)
    for table, text in changes.items():
        files[table.removeprefix("=")] = text if table.startswith("=") else BASE[table] + text
    outcome = importing.check(folder=write(tmp_path / "files", **files), actor=None, now=NOW)
    assert found(outcome) == [(file, line, column) for file, line, column, _ in expected], [
        str(p) for p in outcome.problems.listed
    ]
    assert [
        said
        for problem, (_, _, _, said) in zip(outcome.problems.listed, expected, strict=True)
        if said not in problem.advice
    ] == []


def test_every_problem_of_every_file_is_listed_at_once(small: Path, tmp_path: Path) -> None:
    files = BASE | {
        "sites": BASE["sites"] + "x,,UTC\n", "clients": BASE["clients"] + "y,elm,Y,999\n",
        "attendance": BASE["attendance"] + "ben,mo,2026-02-30,attended,,,,\n" + "ben,mo,2026-02-09,late,,,,\n",
    }  # fmt: skip
    outcome = importing.check(folder=write(tmp_path / "files", **files), actor=None, now=NOW)
    assert found(outcome) == [
        ("sites", 4, "name"),
        ("clients", 5, "travel_minutes"),
        ("attendance", 3, "date"),
        ("attendance", 4, "status"),
    ]


def test_an_empty_folder_says_what_is_missing(small: Path, tmp_path: Path) -> None:
    outcome = importing.check(folder=write(tmp_path / "files"), actor=None, now=NOW)
    assert [p.advice for p in outcome.problems.listed] == [
        "There is no file to import. docs/import.md lists them."
    ]


# Size

_UNDER_A_LIMIT = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from iop_schedule.actions import importing
from iop_schedule.app import create_app
from tests.conftest import make_settings

folder, now = Path(sys.argv[1]), datetime(2026, 3, 4, 15, tzinfo=UTC)
with create_app(make_settings(folder, f"sqlite:///{folder / 'iop.db'}")).app_context():
    importing.check(folder=Path(sys.argv[2]), actor=None, now=now)  # everything is loaded once
    used = int(Path("/proc/self/status").read_text().split("VmData:")[1].split()[0]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (used + 12 * 1024 * 1024,) * 2)
    outcome = importing.apply(folder=folder / "files", actor=None, now=now)
    print(outcome.applied, outcome.counts["attendance"].new, [str(p) for p in outcome.problems.listed][:3])
"""


def test_a_large_history_is_imported_in_little_memory(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "iop.db")
    rows = large_history(tmp_path / "files", clients=4, weeks=1000)
    done = subprocess.run(
        [sys.executable, "-c", _UNDER_A_LIMIT, str(tmp_path), str(SAMPLE)],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=1200,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr[-2000:]) == (f"True {rows} []", "")


def large_history(folder: Path, *, clients: int, weeks: int) -> int:
    """Write files with six short sessions a week for everyone, for years; return the rows of attendance."""
    days = ("MO", "TU", "WE", "TH", "FR", "MO")
    people = [f"c{n}" for n in range(clients)]
    sessions = "".join(f"s{n},g,{day},{7 + n}:00,50,0,root,,2001-01-01,,1\n" for n, day in enumerate(days))
    monday = date(2001, 1, 1).toordinal()
    marks = "".join(
        f"{person},s{n},{date.fromordinal(monday + 7 * week + n % 5)},attended,,,,\n"
        for week in range(weeks) for n in range(6) for person in people
    )  # fmt: skip
    write(
        folder,
        sites=BASE["sites"],
        programs=BASE["programs"],
        staff="code,email,given_name,role,sites\nroot,r@x.example,R,administrator,elm\n",
        clients="code,site,given_name\n" + "".join(f"{person},elm,C\n" for person in people),
        groups="code,program,name,service_type,seats\ng,day,G,group,100\n",
        meetings=BASE["meetings"].partition("\n")[0] + "\n" + sessions,
        memberships="client,meeting,from\n"
        + "".join(f"{p},s{n},2001-01-01\n" for p in people for n in range(6)),
        attendance=BASE["attendance"].partition("\n")[0] + "\n" + marks,
    )
    return clients * weeks * len(days)


# The command line


def test_the_commands_check_import_and_export(app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    before = row_counts()
    checked = run(args=["import", str(SAMPLE), "--dry-run"])
    assert (checked.exit_code, checked.output.splitlines()[-1]) == (
        0,
        "Checked; nothing is wrong. Nothing was changed.",
    )
    assert row_counts() == before
    imported = run(args=["import", str(SAMPLE)])
    assert (imported.exit_code, imported.output.splitlines()[-1]) == (0, "Imported.")
    exported = run(args=["export", str(tmp_path / "out")])
    assert (exported.exit_code, "attendance.csv" in exported.output) == (0, True)
    assert oct((tmp_path / "out").stat().st_mode & 0o777) == "0o700"
    again = run(args=["export", str(tmp_path / "out")])
    assert (again.exit_code, "is not empty" in again.output) == (1, True)


def test_the_command_lists_what_is_wrong_and_fails(app: Flask, tmp_path: Path) -> None:
    folder = write(tmp_path / "files", clients="code,site,given_name\nc1,nowhere,C\n")
    refused = app.test_cli_runner().invoke(args=["import", str(folder)])
    assert refused.exit_code == 1
    assert "clients.csv, line 2, site: There is no such code" in refused.output
    assert "Nothing was imported." in refused.output


def test_staff_from_a_file_cannot_sign_in_before_they_choose_a_password(app: Flask) -> None:
    importing.apply(folder=SAMPLE, actor=None, now=NOW)
    staff = db.session.scalars(select(User).order_by(User.code)).unique().all()
    assert [(user.code, user.role, user.password) for user in staff] == [
        ("admin", Role.ADMINISTRATOR, None), ("dunne", Role.CASE_MANAGER, None), ("ivers", Role.COUNSELOR, None),
        ("okoro", Role.COUNSELOR, None), ("reyes", Role.CASE_MANAGER, None),
    ]  # fmt: skip


def test_administrators_of_a_site_do_not_add_sites(app: Flask, cast: Cast, tmp_path: Path) -> None:
    sites = "code,name,time_zone\nelm,Elm Street,America/New_York\nfar,Far Hills,America/Los_Angeles\nnew,New,UTC\n"
    outcome = importing.check(
        folder=write(tmp_path / "files", sites=sites), actor=actor_for(cast.root), now=NOW
    )
    assert [(p.line, p.advice) for p in outcome.problems.listed] == [
        (3, "This code is in use already. Choose another one."),
        (4, "New sites are added by whoever runs the server. Use your own."),
    ]
