"""Migrations go up and down on both databases, and end at exactly the tables the models describe."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

import iop_schedule
from iop_schedule.models import db
from tests.cast import Cast

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


def test_the_head_file_names_the_newest_revision(app: Flask) -> None:
    with db.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == (
            (MIGRATIONS / "HEAD").read_text().strip()
        )


@pytest.mark.parametrize("table", ["audit_event", "attendance_revision"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_append_only_tables_refuse_changes(app: Flask, cast: Cast, table: str, verb: str) -> None:
    if table == "audit_event":
        insert = "INSERT INTO audit_event (at, kind, actor_role, subject, subject_id, details, reference)"
        db.session.execute(text(f"{insert} VALUES ('2026-01-01', 'a:b', '', '', '', '{{}}', '')"))
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
    with pytest.raises(Exception, match="append-only"):
        db.session.execute(text(verb.format(table)))
    db.session.rollback()
    assert db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 1
