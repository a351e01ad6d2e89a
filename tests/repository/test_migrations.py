"""Migrations go up and down on both databases, and end at exactly the tables the models describe."""

import json
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, select, text

import iop_schedule
from iop_schedule.actions import audit
from iop_schedule.models import AuditEventClient, MonitorVersion, db
from iop_schedule.vocabulary import AuditKind, PolicyOrigin
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

MIGRATIONS = Path(iop_schedule.__file__).parent / "migrations"


def _difference() -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, db.metadata))


def test_models_equal_migrations(app: Flask) -> None:
    assert _difference() == []


@pytest.mark.own_database
def test_down_and_up_again_with_people_in_it(app: Flask, cast: Cast) -> None:
    db.session.remove()
    downgrade(revision="base")
    assert set(inspect(db.engine).get_table_names()) == {"alembic_version"}
    upgrade()
    assert _difference() == []


@pytest.mark.own_database
def test_lists_in_an_older_trail_are_found_by_the_people_on_them(app: Flask, cast: Cast) -> None:
    people = {"clients": [cast.ana.id, cast.ben.id]}
    audit.record(AuditKind.CASELOAD_VIEWED, actor=None, now=NOW, details=people)
    audit.record(AuditKind.CLIENT_VIEWED, actor=None, now=NOW, client_id=cast.ana.id)
    audit.record(AuditKind.PROGRAM_WEEK_VIEWED, actor=None, now=NOW, details={"week": "2026-W10"})
    db.session.commit()
    statement = select(AuditEventClient.event_id, AuditEventClient.client_id).order_by(
        AuditEventClient.event_id, AuditEventClient.client_id
    )
    before = db.session.execute(statement).all()
    assert len(before) == 3
    db.session.remove()
    downgrade(revision="20261127_handover")
    upgrade()
    assert db.session.execute(statement).all() == before


@pytest.mark.own_database
def test_going_down_two_places_of_every_other_week_become_one(app: Flask, cast: Cast) -> None:
    client, series = make.make_client(cast.elm), cast.friday
    make.make_member(series, client, week="A", from_day=date(2026, 3, 2))
    make.make_member(series, client, week="B", from_day=date(2026, 3, 9), until_day=date(2026, 4, 10))
    run = make.make_placement_run(cast.program, cast.root)
    weeks = {"A": [cast.monday.id, series.id], "B": [series.id]}
    make.make_proposal(run, client, before=[], after=weeks)
    db.session.commit()
    client_id, both = client.id, sorted([cast.monday.id, series.id])
    db.session.remove()
    downgrade(revision="20261127_wishes")
    places = text("SELECT from_day, until_day FROM series_member WHERE client_id = :client")
    found = [tuple(map(str, row)) for row in db.session.execute(places, {"client": client_id})]
    proposed = db.session.execute(text("SELECT after FROM placement_proposal")).scalar_one()
    db.session.remove()
    upgrade()
    assert found == [("2026-03-02", "None")]
    assert json.loads(proposed) == both


@pytest.mark.own_database
def test_going_down_a_monitor_loses_the_numbers_it_cannot_hold(app: Flask, cast: Cast) -> None:
    numbers = {"threshold": 4.2, "service_minimums": {"process": 45}}
    db.session.add(
        MonitorVersion(
            program_id=cast.program.id,
            number=1,
            numbers=numbers,
            origin=PolicyOrigin.BY_HAND,
            note="",
            from_at=NOW,
            made_by_id=cast.root.id,
        )
    )
    db.session.commit()
    db.session.remove()
    downgrade(revision="20261127_news")
    found = db.session.execute(text("SELECT numbers FROM monitor_version")).scalar_one()
    db.session.remove()
    upgrade()
    assert json.loads(found) == {"threshold": 4.2}


def test_the_head_file_names_the_newest_revision(app: Flask) -> None:
    with db.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == (
            (MIGRATIONS / "HEAD").read_text().strip()
        )


@pytest.mark.parametrize("table", ["audit_event", "audit_event_client", "attendance_revision"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_append_only_tables_refuse_changes(app: Flask, cast: Cast, table: str, verb: str) -> None:
    if table == "audit_event":
        insert = "INSERT INTO audit_event (at, kind, actor_role, subject, subject_id, details, reference)"
        db.session.execute(text(f"{insert} VALUES ('2026-01-01', 'a:b', '', '', '', '{{}}', '')"))
    elif table == "audit_event_client":
        db.session.execute(text("INSERT INTO audit_event_client (event_id, client_id) VALUES (1, 1)"))
    else:
        db.session.execute(
            text(
                "INSERT INTO occurrence (series_id, original_day, site_id, local_day, starts_at, ends_at,"
                " break_minutes, leader_id, status, status_reason, edited, revision, updated_at)"
                " VALUES (:series, '2026-03-02', :site, '2026-03-02', '2026-03-02 14:00', '2026-03-02 17:00',"
                " 0, :leader, 'planned', '', false, 0, '2026-01-01')"
            ),
            {"series": cast.monday.id, "site": cast.elm.id, "leader": cast.carol.id},
        )
        db.session.execute(
            text(
                "INSERT INTO roster_entry (occurrence_id, client_id, source)"
                " SELECT id, :client, 'member' FROM occurrence"
            ),
            {"client": cast.ana.id},
        )
        db.session.execute(
            text(
                "INSERT INTO attendance_revision (roster_entry_id, version, status, minutes, reason, marked_at,"
                " marked_by_id) SELECT id, 1, 'attended', 180, '', '2026-03-02', :by FROM roster_entry"
            ),
            {"by": cast.carol.id},
        )
    db.session.commit()
    column = "event_id" if table == "audit_event_client" else "id"
    with pytest.raises(Exception, match="append-only"):
        db.session.execute(text(verb.format(table, column, column)))
    db.session.rollback()
    assert db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 1
