"""What leaves the program about a client: only under a consent that holds, kept as it went, written down."""

from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from iop_schedule.actions.disclosures import (
    ConsentDetails,
    ConsentDoesNotHold,
    NothingToDisclose,
    allow_disclosure,
    issue_report,
    revoke_disclosure,
)
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import (
    AttendanceRecord,
    AuditEvent,
    Disclosure,
    DisclosureConsent,
    IssuedReport,
    User,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.engagement.disclosures import disclosures_of, issued_report
from iop_schedule.queries.engagement.program import Span
from iop_schedule.vocabulary import AuditKind
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.world import mark, occurrence

FEBRUARY = Span(ProgramWeek(date(2026, 2, 2)), 4)
FORM = ConsentDetails("Dr. P. Quill", "Planning care together", date(2026, 3, 2), date(2026, 3, 4))


@pytest.fixture
def held(cast: Cast) -> Cast:
    """Ana was here on two Mondays of February."""
    for day in (date(2026, 2, 2), date(2026, 2, 9)):
        mark(occurrence(cast.monday, day, cast.ana), cast.ana, cast.carol)
    db.session.commit()
    return cast


def test_a_report_goes_out_under_a_consent_and_stays_as_it_went(held: Cast) -> None:
    dev = actor_for(held.dev)
    consent = allow_disclosure(actor=dev, client_id=held.ana.id, details=FORM, now=NOW)
    issued = issue_report(actor=dev, client_id=held.ana.id, consent_id=consent.id, span=FEBRUARY, now=NOW)
    (line,) = disclosures_of(dev, held.ana.id, now=NOW).made
    assert (line.recipient, line.purpose, line.by, line.what) == (
        "Dr. P. Quill", "Planning care together", "Dev Banerjee", "Attendance and hours, Feb 2 to Mar 1, 2026",
    )  # fmt: skip
    before = issued_report(dev, held.ana.id, issued.id, now=NOW)
    assert before.names["name"] == "Ana Quillfeather"
    assert (
        before.sections[0].finding
        == "Attended 6 of 6 hours offered (100 %); 100 % of sessions held are recorded."
    )

    # A late correction changes what is computed, not what was sent.
    record = db.session.scalars(select(AttendanceRecord)).first()
    assert record is not None
    record.minutes, record.status = 60, "attended_in_part"
    held.ana.family_name = "Quill"
    db.session.commit()
    assert issued_report(dev, held.ana.id, issued.id, now=NOW) == before
    kinds = db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)).all()
    assert kinds == [AuditKind.DISCLOSURE_ALLOWED, AuditKind.REPORT_ISSUED]


@pytest.mark.parametrize(
    ("signed", "expires", "revoked", "fine"),
    [
        pytest.param(0, 0, False, True, id="its only day"),
        pytest.param(-9, -1, False, False, id="ended yesterday"),
        pytest.param(1, 9, False, False, id="holds from tomorrow"),
        pytest.param(-9, 9, True, False, id="revoked"),
    ],
)
def test_a_consent_must_hold_today(held: Cast, signed: int, expires: int, revoked: bool, fine: bool) -> None:
    today = date(2026, 3, 4)
    consent = make.make_consent(
        held.ana,
        held.dev,
        signed_on=today + timedelta(days=signed),
        expires_on=today + timedelta(days=expires),
    )
    if revoked:
        revoke_disclosure(actor=actor_for(held.dev), client_id=held.ana.id, consent_id=consent.id, now=NOW)
    db.session.commit()
    asked = {"actor": actor_for(held.dev), "client_id": held.ana.id, "span": FEBRUARY, "now": NOW}
    if fine:
        issue_report(consent_id=consent.id, **asked)  # type: ignore[arg-type]
        return
    with pytest.raises(ConsentDoesNotHold):
        issue_report(consent_id=consent.id, **asked)  # type: ignore[arg-type]
    assert db.session.scalar(select(func.count()).select_from(IssuedReport)) == 0
    assert db.session.scalar(select(func.count()).select_from(Disclosure)) == 0


def test_a_consent_revoked_after_it_was_looked_at_does_not_hold(held: Cast) -> None:
    consent = make.make_consent(held.ana, held.dev)
    db.session.commit()
    assert consent.revoked_at is None
    # As another process does it: behind the back of what this session has read.
    table = DisclosureConsent.__table__
    db.session.execute(update(table).values(revoked_at=NOW, revoked_by_id=held.dev.id))  # type: ignore[arg-type]
    with pytest.raises(ConsentDoesNotHold):
        issue_report(
            actor=actor_for(held.dev), client_id=held.ana.id, consent_id=consent.id, span=FEBRUARY, now=NOW
        )


def test_consents_of_others_and_weeks_without_care_are_no_ground(held: Cast) -> None:
    dev = actor_for(held.dev)
    bens = make.make_consent(held.ben, held.dev)
    anas = make.make_consent(held.ana, held.dev)
    db.session.commit()
    with pytest.raises(NotFound):
        issue_report(actor=dev, client_id=held.ana.id, consent_id=bens.id, span=FEBRUARY, now=NOW)
    with pytest.raises(NotFound):
        revoke_disclosure(actor=dev, client_id=held.ana.id, consent_id=bens.id, now=NOW)
    long_ago = Span(ProgramWeek(date(2025, 6, 2)), 4)
    with pytest.raises(NothingToDisclose):
        issue_report(actor=dev, client_id=held.ana.id, consent_id=anas.id, span=long_ago, now=NOW)
    with pytest.raises(NotFound):
        disclosures_of(actor_for(held.mallory), held.ana.id, now=NOW)
    with pytest.raises(NotAllowed):
        disclosures_of(actor_for(held.carol), held.ana.id, now=NOW)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipient": "  "}, "recipient"),
        ({"recipient": "x" * 201}, "recipient"),
        ({"purpose": ""}, "purpose"),
        ({"signed_on": date(2026, 3, 5)}, "signed_on"),
        ({"expires_on": date(2026, 3, 3)}, "expires_on"),
        ({"expires_on": date(2036, 3, 3)}, "expires_on"),
    ],
    ids=["nobody", "too long", "no purpose", "signed tomorrow", "over already", "never ends"],
)
def test_a_form_that_cannot_be_is_refused(cast: Cast, change: dict[str, object], field: str) -> None:
    with pytest.raises(NotPossible) as refused:
        allow_disclosure(
            actor=actor_for(cast.dev),
            client_id=cast.ana.id,
            details=replace(FORM, **change),
            now=NOW,  # type: ignore[arg-type]
        )
    assert refused.value.field == field
    assert db.session.scalar(select(func.count()).select_from(DisclosureConsent)) == 0


@pytest.mark.parametrize("table", ["issued_report", "disclosure"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET client_id = client_id", "DELETE FROM {}"])
def test_what_went_out_cannot_be_changed_or_removed(held: Cast, table: str, verb: str) -> None:
    dev = actor_for(held.dev)
    consent = allow_disclosure(actor=dev, client_id=held.ana.id, details=FORM, now=NOW)
    issue_report(actor=dev, client_id=held.ana.id, consent_id=consent.id, span=FEBRUARY, now=NOW)
    with pytest.raises(Exception, match="append-only"):
        db.session.execute(text(verb.format(table)))
    db.session.rollback()


def test_a_report_and_a_revocation_at_once_end_in_one_order(app: Flask, held: Cast) -> None:
    """Either the report went out before the consent was revoked, or it did not go out."""
    consent_id, client_id, dev_id = make.make_consent(held.ana, held.dev).id, held.ana.id, held.dev.id
    db.session.commit()
    start, refused = Barrier(2), []

    def issue() -> None:
        with app.app_context():
            actor = actor_for(db.session.get_one(User, dev_id))
            db.session.rollback()
            start.wait()
            try:
                issue_report(actor=actor, client_id=client_id, consent_id=consent_id, span=FEBRUARY, now=NOW)
            except ConsentDoesNotHold as error:
                refused.append(error)

    def revoke() -> None:
        with app.app_context():
            actor = actor_for(db.session.get_one(User, dev_id))
            db.session.rollback()
            start.wait()
            revoke_disclosure(actor=actor, client_id=client_id, consent_id=consent_id, now=NOW)

    threads = [Thread(target=issue), Thread(target=revoke)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    kinds = list(db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)))
    went = [AuditKind.REPORT_ISSUED, AuditKind.DISCLOSURE_REVOKED]
    assert kinds == ([AuditKind.DISCLOSURE_REVOKED] if refused else went)
