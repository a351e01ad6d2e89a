"""Admission, dose, pauses and discharge."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions import prescription
from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.actions.prescription import (
    discharge,
    enroll,
    finish_discharges,
    pause,
    prescribe,
    resume,
    set_status,
)
from iop_schedule.domain.prescription import BadDose, BadPause, Dose, Pause, dose_on
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import Client, Enrollment, Occurrence, RosterEntry, SeriesMember, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.prescription import dose_of, enrollments_on, episodes_of
from iop_schedule.vocabulary import EnrollmentStatus, PauseReason, ServiceType
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

TODAY = date(2026, 3, 4)


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def episode(client: Client) -> Enrollment:
    return db.session.scalars(select(Enrollment).where(Enrollment.client_id == client.id)).one()


def doses_on(client_ids: list[int], day: date) -> dict[int, Dose | None]:
    stays = enrollments_on(client_ids, day)
    return {one: dose_on([dose_of(row) for row in stay.doses], day) for one, stay in stays.items()}


def test_a_new_dose_holds_from_its_day(cast: Cast) -> None:
    step_down = Dose(date(2026, 3, 9), 360, minimum_days=2, required_services=frozenset({ServiceType.GROUP}))
    prescribe(actor=acting(cast.dev), enrollment_id=episode(cast.ana).id, dose=step_down, now=NOW)
    before = doses_on([cast.ana.id], date(2026, 3, 8))[cast.ana.id]
    after = doses_on([cast.ana.id, cast.ben.id], date(2026, 3, 9))
    assert (before.minutes, after[cast.ana.id], after[cast.ben.id].minutes) == (540, step_down, 540)


def test_a_dose_of_the_same_day_is_corrected(cast: Cast) -> None:
    enrollment = episode(cast.ana)
    for minutes in (360, 420):
        dose = Dose(TODAY, minutes)
        prescribe(actor=acting(cast.dev), enrollment_id=enrollment.id, dose=dose, now=NOW)
    assert [(row.from_day, row.minutes) for row in enrollment.doses] == [
        (date(2026, 1, 5), 540),
        (TODAY, 420),
    ]


@pytest.mark.parametrize(
    "dose",
    [
        pytest.param(Dose(date(2025, 12, 1), 540), id="before admission"),
        pytest.param(Dose(date(2026, 1, 5), 360), id="rewriting weeks that counted"),
        pytest.param(Dose(TODAY, 540, ordered_by="x" * 10_000), id="a name of 10,000 characters"),
    ],
)
def test_a_dose_that_cannot_be(cast: Cast, dose: Dose) -> None:
    with pytest.raises(BadDose):
        prescribe(actor=acting(cast.dev), enrollment_id=episode(cast.ana).id, dose=dose, now=NOW)


def test_pausing_and_resuming(cast: Cast) -> None:
    enrollment = episode(cast.ana)
    stay = Pause(TODAY, PauseReason.HOSPITAL)
    row = pause(actor=acting(cast.dev), enrollment_id=enrollment.id, pause=stay, now=NOW)
    with pytest.raises(BadPause, match="paused already"):
        pause(
            actor=acting(cast.dev),
            enrollment_id=enrollment.id,
            pause=Pause(date(2026, 4, 1), PauseReason.LEAVE),
            now=NOW,
        )
    resume(actor=acting(cast.dev), enrollment_id=enrollment.id, from_day=date(2026, 3, 11), now=NOW)
    assert (row.from_day, row.until_day) == (TODAY, date(2026, 3, 10))
    with pytest.raises(BadPause, match="Nothing is paused"):
        resume(actor=acting(cast.dev), enrollment_id=enrollment.id, from_day=date(2026, 3, 11), now=NOW)


def test_discharge_ends_every_place_that_day(cast: Cast) -> None:
    extend_horizon(now=NOW)
    discharge(actor=acting(cast.dev), enrollment_id=episode(cast.ana).id, last_day=date(2026, 3, 9), now=NOW)
    days = db.session.scalars(
        select(Occurrence.local_day)
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            RosterEntry.client_id == cast.ana.id,
            RosterEntry.released_at.is_(None),
            Occurrence.status == "planned",
        )
        .order_by(Occurrence.local_day)
    ).all()
    assert days == [date(2026, 3, 4), date(2026, 3, 5), date(2026, 3, 6), date(2026, 3, 9)]
    ends = db.session.scalars(
        select(SeriesMember.until_day).where(SeriesMember.client_id == cast.ana.id)
    ).all()
    assert ends == [date(2026, 3, 9)] * 3
    ben = db.session.scalars(
        select(SeriesMember.until_day).where(SeriesMember.client_id == cast.ben.id)
    ).all()
    assert (ben, cast.one_to_one.until_day) == ([None] * 3, date(2026, 3, 9))


def test_a_discharge_takes_its_locks_in_the_order_of_everybody(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []
    monkeypatch.setattr(prescription, "lock_schedule", lambda _: taken.append("site"))
    monkeypatch.setattr(prescription, "lock_client", lambda _: taken.append("client"))
    discharge(actor=acting(cast.dev), enrollment_id=episode(cast.ana).id, last_day=TODAY, now=NOW)
    assert taken == ["site", "client"]


def test_a_discharge_is_finished_once_its_day_is_over(cast: Cast) -> None:
    enrollment = discharge(
        actor=acting(cast.dev), enrollment_id=episode(cast.ana).id, last_day=TODAY, now=NOW
    )
    assert finish_discharges(now=NOW) == 0
    assert enrollment.status == EnrollmentStatus.ACTIVE
    assert (
        finish_discharges(now=NOW + timedelta(days=1)),
        finish_discharges(now=NOW + timedelta(days=1)),
    ) == (1, 0)
    assert enrollment.status == EnrollmentStatus.FINISHED
    with pytest.raises(NotPossible, match="over already"):
        discharge(actor=acting(cast.dev), enrollment_id=enrollment.id, last_day=TODAY, now=NOW)


@pytest.mark.parametrize(
    "last_day", [date(2025, 12, 31), date(2026, 3, 2)], ids=["before admission", "long past"]
)
def test_a_discharge_that_cannot_be(cast: Cast, last_day: date) -> None:
    with pytest.raises(NotPossible) as refused:
        discharge(actor=acting(cast.dev), enrollment_id=episode(cast.ana).id, last_day=last_day, now=NOW)
    assert refused.value.field == "last_day"


def test_admission_with_a_first_dose(cast: Cast) -> None:
    cleo = make.make_client(cast.elm, given_name="Cleo")
    db.session.commit()
    enroll(
        actor=acting(cast.root), client_id=cleo.id, program_id=cast.program.id, from_day=TODAY,
        status=EnrollmentStatus.WAITLISTED, dose=Dose(TODAY, 540), now=NOW,
    )  # fmt: skip
    assert enrollments_on([cleo.id], TODAY)[cleo.id].status == EnrollmentStatus.WAITLISTED
    set_status(
        actor=acting(cast.root), enrollment_id=episode(cleo).id, status=EnrollmentStatus.ACTIVE, now=NOW
    )
    assert [e.status for e in episodes_of(acting(cast.root), cleo.id, now=NOW)] == [EnrollmentStatus.ACTIVE]


def test_nobody_is_in_two_programs_at_once(cast: Cast) -> None:
    with pytest.raises(NotPossible, match="in a program then"):
        enroll(
            actor=acting(cast.dev), client_id=cast.ana.id, program_id=cast.program.id, from_day=TODAY, now=NOW
        )
    discharge(actor=acting(cast.dev), enrollment_id=episode(cast.ana).id, last_day=TODAY, now=NOW)
    again = enroll(
        actor=acting(cast.dev),
        client_id=cast.ana.id,
        program_id=cast.program.id,
        from_day=TODAY + timedelta(days=1),
        now=NOW,
    )
    assert again.from_day == date(2026, 3, 5)


def test_who_may_change_an_episode(cast: Cast) -> None:
    enrollment = episode(cast.ana)
    for user, error in (
        (cast.ana_user, NotAllowed),
        (cast.carol, NotAllowed),
        (cast.mallory, NotFound),
        (cast.trent, NotFound),
    ):
        with pytest.raises(error):
            prescribe(actor=acting(user), enrollment_id=enrollment.id, dose=Dose(TODAY, 300), now=NOW)
        with pytest.raises(error):
            discharge(actor=acting(user), enrollment_id=enrollment.id, last_day=TODAY, now=NOW)
        with pytest.raises(error):
            enroll(
                actor=acting(user), client_id=cast.ana.id, program_id=cast.program.id, from_day=TODAY, now=NOW
            )
    with pytest.raises(NotFound):
        enroll(
            actor=acting(cast.dev),
            client_id=cast.ana.id,
            program_id=cast.far_program.id,
            from_day=TODAY,
            now=NOW,
        )
