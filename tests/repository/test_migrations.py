"""Migrations go up and down on both databases, and end at exactly the tables the models describe."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, select, text

import iop_schedule
from iop_schedule.actions import audit
from iop_schedule.models import AuditEventClient, db
from iop_schedule.vocabulary import AuditKind
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
