"""Rows of the audit trail: at the right site, once, with the reference, and for good."""

import pytest
from sqlalchemy import select, text

from iop_schedule import logs
from iop_schedule.actions import audit
from iop_schedule.models import AuditEvent, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AuditKind
from tests.cast import Cast
from tests.conftest import NOW, Http


def rows() -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))


def test_a_row_is_at_the_clients_site_else_at_the_actors(cast: Cast) -> None:
    cast.dev.sites.append(cast.far)
    db.session.commit()
    for actor, client_id in (
        (actor_for(cast.dev), cast.ana.id), (actor_for(cast.dev), cast.zoe.id), (actor_for(cast.dev), None),
        (actor_for(cast.root), None), (None, cast.zoe.id), (None, None),
    ):  # fmt: skip
        audit.record(AuditKind.CLIENT_VIEWED, actor=actor, now=NOW, client_id=client_id)
    db.session.commit()
    assert [row.site_id for row in rows()] == [
        cast.elm.id, cast.far.id, None, cast.elm.id, cast.far.id, None,
    ]  # fmt: skip


def test_a_row_outlives_what_it_is_about(cast: Cast) -> None:
    audit.record(AuditKind.CLIENT_VIEWED, actor=None, now=NOW, client_id=123_456)
    db.session.commit()
    assert rows()[0].client_id == 123_456


def test_a_row_carries_the_reference_of_the_request(cast: Cast) -> None:
    token = logs.reference.set("12ab34cd")
    audit.record(AuditKind.CLIENT_VIEWED, actor=None, now=NOW)
    audit.record(AuditKind.CLIENT_VIEWED, actor=None, now=NOW, reference="given")
    logs.reference.reset(token)
    db.session.commit()
    assert [row.reference for row in rows()] == ["12ab34cd", "given"]


def test_a_kind_nobody_listed_is_a_mistake(cast: Cast) -> None:
    with pytest.raises(ValueError, match="made:up"):
        audit.record("made:up", actor=None, now=NOW)  # type: ignore[arg-type]


def test_a_change_that_fails_leaves_no_row(cast: Cast) -> None:
    audit.record(AuditKind.CLIENT_VIEWED, actor=None, now=NOW)
    db.session.rollback()
    assert rows() == []


def test_one_page_view_is_one_row(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    http.get(f"/clients/{cast.ana.id}")
    assert [row.kind for row in rows()] == [AuditKind.SIGNED_IN, AuditKind.CLIENT_VIEWED]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_event SET actor_id = 1", "DELETE FROM audit_event", "UPDATE audit_event SET at = at"],
)
def test_rows_are_there_for_good(cast: Cast, statement: str) -> None:
    audit.record(AuditKind.CLIENT_VIEWED, actor=None, now=NOW)
    db.session.commit()
    with pytest.raises(Exception, match="append-only"):
        db.session.execute(text(statement))
    db.session.rollback()
    assert len(rows()) == 1


def test_a_row_is_not_replaced_through_a_side_door(cast: Cast) -> None:
    audit.record(AuditKind.CLIENT_VIEWED, actor=None, now=NOW)
    db.session.commit()
    if db.engine.dialect.name == "sqlite":
        statement = "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event"
    else:
        statement = "TRUNCATE audit_event"
    with pytest.raises(Exception, match="append-only"):
        db.session.execute(text(statement))
    db.session.rollback()
    assert len(rows()) == 1
