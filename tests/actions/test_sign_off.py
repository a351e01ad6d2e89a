"""Signing, amending, opening again, not meeting: who may, what is kept, what it counts for."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.attendance import MarkToSave, amend_mark, save_sheet
from iop_schedule.actions.sign_off import record_not_held, reopen_sheet, sign_sheet
from iop_schedule.domain.attendance import Mark, SessionState
from iop_schedule.domain.sign_off import (
    NotBegun,
    NothingToAmend,
    ReasonMissing,
    SheetChanged,
    SheetClosed,
    SheetOpen,
    StillToMark,
)
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.models import (
    AttendanceRevision,
    AuditEvent,
    GroupCoLeader,
    Occurrence,
    RosterEntry,
    SignOff,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.frequency import care_records
from iop_schedule.queries.sign_off import sheet_history
from iop_schedule.vocabulary import AttendanceStatus, AuditKind, OccurrenceStatus, Role, SignOffKind
from tests import factories as make
from tests.cast import Cast

#: Wednesday's group is from 14:00 to 17:00 UTC.
NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
TODAY = date(2026, 3, 4)
PRESENT, NOT_HERE = Mark(AttendanceStatus.ATTENDED), Mark(AttendanceStatus.NO_SHOW)


@dataclass(frozen=True)
class Sheet:
    session: Occurrence
    ana: RosterEntry
    ben: RosterEntry


@pytest.fixture
def sheet(cast: Cast) -> Sheet:
    session = make.make_occurrence(cast.wednesday, TODAY)
    made = Sheet(session, make.make_entry(session, cast.ana), make.make_entry(session, cast.ben))
    db.session.commit()
    return made


def marked(cast: Cast, sheet: Sheet) -> dict[int, int]:
    marks = [MarkToSave(sheet.ana.id, 0, PRESENT), MarkToSave(sheet.ben.id, 0, NOT_HERE)]
    saved = save_sheet(actor=actor_for(cast.carol), occurrence_id=sheet.session.id, marks=marks, now=NOW)
    return dict(saved.versions)


def sign(cast: Cast, sheet: Sheet, *, by=None, now=NOW, seen=None) -> SignOff:  # type: ignore[no-untyped-def]
    return sign_sheet(actor=actor_for(by or cast.carol), occurrence_id=sheet.session.id, now=now, seen=seen)


def amend(cast: Cast, sheet: Sheet, mark: Mark, *, version=1, why="Came after all", now=NOW, key=None) -> int:  # type: ignore[no-untyped-def]
    return amend_mark(
        actor=actor_for(cast.carol),
        occurrence_id=sheet.session.id,
        mark=MarkToSave(sheet.ben.id, version, mark),
        why=why,
        now=now,
        change_key=key,
    )


def words() -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(select(SignOff.kind).order_by(SignOff.version)))


def test_signing_keeps_who_when_counts_and_minutes(cast: Cast, sheet: Sheet) -> None:
    marked(cast, sheet)
    signed = sign(cast, sheet)
    counts = {"present": 1, "in_part": 0, "excused": 0, "not_here": 1}
    assert (signed.by_id, signed.at, signed.counts, signed.minutes) == (cast.carol.id, NOW, counts, 180)
    last = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert last is not None
    assert last.kind == AuditKind.SHEET_SIGNED


def test_nobody_to_mark_is_ever_signed_for(cast: Cast, sheet: Sheet) -> None:
    save_sheet(
        actor=actor_for(cast.carol),
        occurrence_id=sheet.session.id,
        marks=[MarkToSave(sheet.ana.id, 0, PRESENT)],
        now=NOW,
    )
    with pytest.raises(StillToMark):
        sign(cast, sheet)


def test_signing_twice_is_signing_once(cast: Cast, sheet: Sheet) -> None:
    marked(cast, sheet)
    sign(cast, sheet)
    sign(cast, sheet, now=NOW + timedelta(minutes=1))
    assert words() == ["signed"]


def test_a_mark_that_changed_after_it_was_seen_is_not_signed(cast: Cast, sheet: Sheet) -> None:
    seen = marked(cast, sheet)
    late = Mark(AttendanceStatus.EXCUSED)
    save_sheet(
        actor=actor_for(cast.root),
        occurrence_id=sheet.session.id,
        marks=[MarkToSave(sheet.ben.id, 1, late)],
        now=NOW,
    )
    with pytest.raises(SheetChanged):
        sign(cast, sheet, seen=seen)
    db.session.rollback()
    assert words() == []


def test_a_signed_sheet_takes_no_mark_but_a_replay_of_one_does_no_harm(cast: Cast, sheet: Sheet) -> None:
    marked(cast, sheet)
    sign(cast, sheet)
    save_sheet(
        actor=actor_for(cast.carol),
        occurrence_id=sheet.session.id,
        marks=[MarkToSave(sheet.ana.id, 0, PRESENT)],
        now=NOW,
    )
    with pytest.raises(SheetClosed):
        save_sheet(
            actor=actor_for(cast.carol),
            occurrence_id=sheet.session.id,
            marks=[MarkToSave(sheet.ana.id, 1, NOT_HERE)],
            now=NOW,
        )


def test_an_amendment_keeps_the_earlier_entry_and_says_why_and_that_it_is_late(
    cast: Cast, sheet: Sheet
) -> None:
    marked(cast, sheet)
    sign(cast, sheet)
    two_days_on = NOW + timedelta(days=2)
    assert amend(cast, sheet, PRESENT, now=two_days_on) == 2
    history = sheet_history(actor_for(cast.carol), sheet.session.id, now=NOW)
    (ben,) = [person for person in history.people if person.entry_id == sheet.ben.id]
    assert [(one.status, one.amendment, one.is_late) for one in ben.versions] == [
        (AttendanceStatus.NO_SHOW, "", False),
        (AttendanceStatus.ATTENDED, "Came after all", True),
    ]
    assert words() == ["signed"]


@pytest.mark.parametrize(
    ("mark", "more", "error"),
    [
        (PRESENT, {"why": " "}, ReasonMissing),
        (NOT_HERE, {}, NothingToAmend),
        (PRESENT, {"version": 0}, SheetChanged),
    ],
    ids=["without a reason", "nothing changes", "someone was quicker"],
)
def test_an_amendment_that_cannot_be_changes_nothing(
    cast: Cast, sheet: Sheet, mark: Mark, more: dict[str, object], error: type[Exception]
) -> None:
    marked(cast, sheet)
    sign(cast, sheet)
    with pytest.raises(error):
        amend(cast, sheet, mark, **more)  # type: ignore[arg-type]
    db.session.rollback()
    assert len(db.session.scalars(select(AttendanceRevision)).all()) == 2


def test_an_amendment_sent_twice_is_one(cast: Cast, sheet: Sheet) -> None:
    marked(cast, sheet)
    sign(cast, sheet)
    assert amend(cast, sheet, PRESENT, key="k" * 32) == amend(cast, sheet, PRESENT, key="k" * 32) == 2


def test_an_open_sheet_is_changed_not_amended(cast: Cast, sheet: Sheet) -> None:
    marked(cast, sheet)
    with pytest.raises(SheetOpen):
        amend(cast, sheet, PRESENT)


def test_opening_again_needs_a_reason_but_not_at_once_from_the_same_hand(cast: Cast, sheet: Sheet) -> None:
    marked(cast, sheet)
    sign(cast, sheet)
    with pytest.raises(ReasonMissing):
        reopen_sheet(actor=actor_for(cast.root), occurrence_id=sheet.session.id, now=NOW)
    db.session.rollback()
    reopen_sheet(actor=actor_for(cast.carol), occurrence_id=sheet.session.id, now=NOW + timedelta(minutes=4))
    sign(cast, sheet, now=NOW + timedelta(minutes=5))
    assert words() == ["signed", "reopened", "signed"]


def test_a_group_that_did_not_meet_counts_for_nobody_until_it_met_after_all(cast: Cast, sheet: Sheet) -> None:
    marked(cast, sheet)
    actor = actor_for(cast.carol)
    for _ in range(2):
        record_not_held(actor=actor, occurrence_id=sheet.session.id, reason="The weather", now=NOW)
    assert words() == ["not_held"]
    assert _states(cast) == {SessionState.PROGRAM_CANCELLED}
    reopen_sheet(
        actor=actor, occurrence_id=sheet.session.id, reason="Wrong room", now=NOW + timedelta(hours=1)
    )
    assert db.session.get_one(Occurrence, sheet.session.id).status == OccurrenceStatus.PLANNED
    assert _states(cast) == {SessionState.ATTENDED, SessionState.NO_SHOW}


def _states(cast: Cast) -> set[SessionState]:
    records = care_records([cast.ana.id, cast.ben.id], first_day=TODAY, last_day=TODAY, now=NOW)
    return {fact.state for care in records.values() for fact in care.facts}


def test_before_it_begins_it_is_cancelled_instead_and_signed_it_is_opened_first(
    cast: Cast, sheet: Sheet
) -> None:
    actor, before = actor_for(cast.carol), sheet.session.starts_at - timedelta(minutes=1)
    with pytest.raises(NotBegun):
        record_not_held(actor=actor, occurrence_id=sheet.session.id, reason="The weather", now=before)
    db.session.rollback()
    marked(cast, sheet)
    sign(cast, sheet)
    with pytest.raises(SheetClosed):
        record_not_held(actor=actor, occurrence_id=sheet.session.id, reason="The weather", now=NOW)


@pytest.mark.parametrize(
    ("who", "error"),
    [("eve", NotFound), ("trent", NotFound), ("dev", NotAllowed), ("ana_user", NotAllowed)],
)
def test_nobody_else_signs_carols_sheet(cast: Cast, sheet: Sheet, who: str, error: type[Exception]) -> None:
    marked(cast, sheet)
    with pytest.raises(error):
        sign(cast, sheet, by=getattr(cast, who))


def test_a_substitute_and_a_co_leader_sign_in_their_days_only(cast: Cast, sheet: Sheet) -> None:
    nora = make.make_user(Role.COUNSELOR, cast.elm)
    db.session.add(
        GroupCoLeader(
            group_id=cast.group.id, user=nora, from_day=date(2026, 1, 1), until_day=date(2026, 3, 3)
        )
    )
    db.session.commit()
    marked(cast, sheet)
    with pytest.raises(NotFound):
        sign(cast, sheet, by=nora)
    db.session.rollback()
    db.session.add(GroupCoLeader(group_id=cast.group.id, user=nora, from_day=TODAY, until_day=TODAY))
    db.session.commit()
    assert sign(cast, sheet, by=nora).by_id == nora.id
    with pytest.raises(SheetClosed):
        sign(cast, sheet)
    db.session.rollback()
    reopen_sheet(actor=actor_for(nora), occurrence_id=sheet.session.id, now=NOW)
    substitute = make.make_user(Role.COUNSELOR, cast.elm)
    db.session.get_one(Occurrence, sheet.session.id).leader = substitute
    db.session.commit()
    assert sign(cast, sheet, by=substitute).kind == SignOffKind.SIGNED
