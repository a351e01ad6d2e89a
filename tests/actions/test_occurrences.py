"""Changing one dated session: moving, cancelling, bringing back."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.memberships import end_member
from iop_schedule.actions.occurrences import (
    BadReason,
    Move,
    cancel_occurrence,
    extend_horizon,
    move_occurrence,
    restore_occurrence,
)
from iop_schedule.domain.occurrences import BadTime, SessionStands
from iop_schedule.domain.series import TimeTaken
from iop_schedule.errors import DomainError, NotAllowed, NotFound, NotPossible
from iop_schedule.models import AttendanceRecord, AuditEvent, Occurrence, RosterEntry, Series, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import AttendanceStatus, CancelCause, OccurrenceStatus
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.kept import KeptApp

MONDAY = date(2026, 3, 9)
TUESDAY = date(2026, 3, 10)


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


@pytest.fixture
def session(cast: Cast, kept_app: KeptApp) -> Occurrence:
    kept_app.populated("sessions to come", lambda: extend_horizon(now=NOW))
    return of(cast.monday)


def of(series: Series, day: date = MONDAY) -> Occurrence:
    statement = select(Occurrence).where(Occurrence.series_id == series.id, Occurrence.original_day == day)
    return db.session.scalars(statement).one()


def to(cast: Cast, **given: object) -> Move:
    defaults = {
        "day": TUESDAY, "start": time(9), "duration_minutes": 180, "leader_id": cast.carol.id,
        "room_id": cast.room.id, "reason": "Training day",
    }  # fmt: skip
    return Move(**{**defaults, **given})  # type: ignore[arg-type]


def test_a_move_keeps_identity_and_roster(cast: Cast, session: Occurrence) -> None:
    move_occurrence(actor=acting(cast.root), occurrence_id=session.id, move=to(cast), now=NOW)
    assert (session.original_day, session.local_day, session.starts_at, session.revision, session.edited) == (
        MONDAY, TUESDAY, datetime(2026, 3, 10, 13, tzinfo=UTC), 1, True,
    )  # fmt: skip
    assert session.status_reason == "Training day"
    extend_horizon(now=NOW)
    assert (session.local_day, len(session.roster)) == (TUESDAY, 2)


def test_a_member_who_leaves_before_the_new_day_is_released(cast: Cast, session: Occurrence) -> None:
    ana = next(m for m in cast.monday.members if m.client_id == cast.ana.id)
    ana.until_day = date(2026, 3, 12)
    db.session.commit()
    move_occurrence(
        actor=acting(cast.root), occurrence_id=session.id, move=to(cast, day=date(2026, 3, 17)), now=NOW
    )
    assert [e.client_id for e in session.roster if e.released_at is None] == [cast.ben.id]


def test_another_counselor_and_room_for_one_session(cast: Cast, session: Occurrence) -> None:
    other = make.make_room(cast.elm, name="Room 5")
    db.session.commit()
    move = to(cast, day=MONDAY, leader_id=cast.dev.id, room_id=other.id)
    move_occurrence(actor=acting(cast.root), occurrence_id=session.id, move=move, now=NOW)
    assert (session.leader_id, session.room_id, session.local_day) == (cast.dev.id, other.id, MONDAY)


REFUSED = {
    "a Saturday": ({"day": date(2026, 3, 14)}, BadTime, "day"),
    "the past": ({"day": date(2026, 3, 3)}, BadTime, "day"),
    "earlier today": ({"day": date(2026, 3, 4), "start": time(8)}, BadTime, "start"),
    "past midnight": ({"start": time(22)}, BadTime, "start"),
    "no time at all": ({"duration_minutes": 0}, BadTime, "end"),
    "beyond the horizon": ({"day": date(2027, 3, 9)}, BadTime, "day"),
    "a closed day": ({"day": date(2026, 3, 11)}, BadTime, "day"),
    "a reason of 10,000 characters": ({"reason": "x" * 10_000}, BadReason, "reason"),
    "the counselor leads another": ({"day": date(2026, 3, 12), "start": time(14)}, TimeTaken, "leader"),
    "the room is taken": ({"day": date(2026, 3, 13), "start": time(11), "leader": "dev"}, TimeTaken, "room"),
    "the counselor of another site": ({"leader": "eve"}, NotPossible, "leader"),
}


@pytest.mark.parametrize(("wrong", "error", "field"), REFUSED.values(), ids=REFUSED)
def test_a_move_that_cannot_be_changes_nothing(
    cast: Cast, session: Occurrence, wrong: dict[str, object], error: type[DomainError], field: str
) -> None:
    make.make_closure(cast.elm, name="Snow", from_day=date(2026, 3, 11), until_day=date(2026, 3, 11))
    db.session.commit()
    wrong = dict(wrong)
    if "leader" in wrong:
        wrong["leader_id"] = getattr(cast, str(wrong.pop("leader"))).id
    with pytest.raises(error) as refused:
        move_occurrence(actor=acting(cast.root), occurrence_id=session.id, move=to(cast, **wrong), now=NOW)
    db.session.rollback()
    assert refused.value.field == field
    assert (session.local_day, session.revision) == (MONDAY, 0)


def test_the_clients_other_sessions_stand_in_the_way_of_a_one_to_one(cast: Cast, session: Occurrence) -> None:
    own = of(cast.one_to_one, date(2026, 3, 12))
    move = to(
        cast, day=date(2026, 3, 13), start=time(10), duration_minutes=50, leader_id=cast.dev.id, room_id=None
    )
    with pytest.raises(TimeTaken, match="The client has Relapse Prevention B"):
        move_occurrence(actor=acting(cast.dev), occurrence_id=own.id, move=move, now=NOW)


def test_a_cancelled_session_keeps_its_roster_and_reason_through_the_nightly_run(
    cast: Cast, session: Occurrence
) -> None:
    cancel_occurrence(actor=acting(cast.root), occurrence_id=session.id, reason=" Carol  is out ", now=NOW)
    extend_horizon(now=NOW)
    assert (session.status, session.status_reason, session.cancel_cause) == (
        OccurrenceStatus.CANCELLED, "Carol is out", CancelCause.BY_HAND,
    )  # fmt: skip
    assert [e.released_at for e in session.roster] == [None, None]


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_cancellation_needs_a_short_reason(cast: Cast, session: Occurrence, reason: str) -> None:
    with pytest.raises(BadReason):
        cancel_occurrence(actor=acting(cast.root), occurrence_id=session.id, reason=reason, now=NOW)


def test_cancelling_twice_is_one_change(cast: Cast, session: Occurrence) -> None:
    for _ in range(2):
        cancel_occurrence(actor=acting(cast.root), occurrence_id=session.id, reason="Out", now=NOW)
    kinds = db.session.scalars(select(AuditEvent.kind).where(AuditEvent.subject == "occurrence")).all()
    assert (session.revision, kinds) == (1, ["occurrence:cancelled"])


@pytest.mark.parametrize("what", ["cancelled", "moved"])
def test_a_session_can_be_brought_back(cast: Cast, session: Occurrence, what: str) -> None:
    if what == "cancelled":
        cancel_occurrence(actor=acting(cast.root), occurrence_id=session.id, reason="Out", now=NOW)
    else:
        move_occurrence(actor=acting(cast.root), occurrence_id=session.id, move=to(cast), now=NOW)
    restore_occurrence(actor=acting(cast.root), occurrence_id=session.id, now=NOW)
    assert (session.status, session.local_day, session.edited, session.status_reason) == (
        OccurrenceStatus.PLANNED, MONDAY, False, "",
    )  # fmt: skip


def test_a_session_cannot_return_to_a_closed_day_a_taken_hour_or_the_past(
    cast: Cast, session: Occurrence
) -> None:
    root = acting(cast.root)
    cancel_occurrence(actor=root, occurrence_id=session.id, reason="Out", now=NOW)
    move_occurrence(actor=root, occurrence_id=session.id, move=to(cast, day=date(2026, 3, 12)), now=NOW)
    with pytest.raises(NotPossible, match="has passed"):
        restore_occurrence(actor=root, occurrence_id=session.id, now=NOW + timedelta(days=6))
    db.session.rollback()
    other = of(cast.wednesday, date(2026, 3, 11))
    cancel_occurrence(actor=root, occurrence_id=other.id, reason="Out", now=NOW)
    move_occurrence(actor=root, occurrence_id=of(cast.friday, date(2026, 3, 13)).id, now=NOW,
                    move=to(cast, day=date(2026, 3, 11)))  # fmt: skip
    with pytest.raises(TimeTaken):
        restore_occurrence(actor=root, occurrence_id=other.id, now=NOW)
    db.session.rollback()
    assert other.status == OccurrenceStatus.CANCELLED
    later = of(cast.monday, date(2026, 3, 16))
    cancel_occurrence(actor=root, occurrence_id=later.id, reason="Out", now=NOW)
    make.make_closure(cast.elm, name="Snow", from_day=date(2026, 3, 16), until_day=date(2026, 3, 16))
    db.session.commit()
    with pytest.raises(NotPossible, match="Snow"):
        restore_occurrence(actor=root, occurrence_id=later.id, now=NOW)


CHANGES: dict[str, Callable[[Cast, Actor, int], object]] = {
    "moving": lambda cast, actor, one: move_occurrence(
        actor=actor, occurrence_id=one, move=to(cast), now=NOW
    ),
    "cancelling": lambda cast, actor, one: cancel_occurrence(
        actor=actor, occurrence_id=one, reason="Out", now=NOW
    ),
    "bringing back": lambda cast, actor, one: restore_occurrence(actor=actor, occurrence_id=one, now=NOW),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_has_begun_or_has_attendance_stands(
    cast: Cast, session: Occurrence, change: Callable[[Cast, Actor, int], object]
) -> None:
    root = acting(cast.root)
    with pytest.raises(SessionStands):
        change(cast, root, of(cast.wednesday, date(2026, 3, 4)).id)
    db.session.rollback()
    entry = db.session.scalars(select(RosterEntry).where(RosterEntry.occurrence_id == session.id)).first()
    assert entry is not None
    db.session.add(
        AttendanceRecord(
            roster_entry_id=entry.id, status=AttendanceStatus.EXCUSED, minutes=0, version=1,
            marked_at=NOW, marked_by_id=cast.carol.id,
        )
    )  # fmt: skip
    db.session.commit()
    with pytest.raises(SessionStands):
        change(cast, root, session.id)


def test_a_mark_that_was_taken_back_stands_in_nobodys_way(cast: Cast, session: Occurrence) -> None:
    (ana,) = (entry for entry in session.roster if entry.client_id == cast.ana.id)
    make.make_record(ana, AttendanceStatus.ENTERED_IN_ERROR)
    db.session.commit()
    end_member(
        actor=acting(cast.root), series_id=cast.monday.id, client_id=cast.ana.id,
        last_day=date(2026, 3, 6), now=NOW,
    )  # fmt: skip
    assert ana.released_at == NOW
    cancel_occurrence(actor=acting(cast.root), occurrence_id=session.id, reason="Out", now=NOW)
    assert session.status == OccurrenceStatus.CANCELLED


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_who_may_change_a_session(
    cast: Cast, session: Occurrence, change: Callable[[Cast, Actor, int], object]
) -> None:
    for user, error in (
        (cast.ana_user, NotAllowed), (cast.carol, NotAllowed), (cast.dev, NotAllowed),
        (cast.mallory, NotFound), (cast.trent, NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            change(cast, acting(user), session.id)
        db.session.rollback()
