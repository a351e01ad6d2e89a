"""Episodes of care and the dose in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select, true
from sqlalchemy.orm import joinedload

from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.prescription import Dose, Pause
from iop_schedule.domain.series import Span
from iop_schedule.models import Enrollment, EnrollmentPause, PrescribedDose, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.vocabulary import EnrollmentStatus, Modality, ModalityWish, PauseReason, ServiceType

#: Statuses in which a client is being served or about to be.
OPEN = (
    EnrollmentStatus.PLANNED,
    EnrollmentStatus.WAITLISTED,
    EnrollmentStatus.ACTIVE,
    EnrollmentStatus.ON_HOLD,
)


def dose_of(row: PrescribedDose) -> Dose:
    """Return a stored dose as the value the rules take."""
    return Dose(
        from_day=row.from_day,
        minutes=row.minutes,
        over_minutes=row.over_minutes,
        minimum_days=row.minimum_days,
        most_minutes_a_day=row.most_minutes_a_day,
        required_services=frozenset(ServiceType(word) for word in row.required_services or ()),
        ordered_by=row.ordered_by,
    )


def pause_of(row: EnrollmentPause) -> Pause:
    """Return a stored pause as the value the rules take."""
    return Pause(from_day=row.from_day, until_day=row.until_day, reason=PauseReason(row.reason))


def enrollments_on(client_ids: Iterable[int], day: date) -> dict[int, Enrollment]:
    """Return the enrollment each client is in on `day`; the latest when there are several.

    Clients without one are not in the answer. Doses and pauses are loaded.
    """
    stays = stays_within(client_ids, Span(day, day))
    return {client_id: rows[-1] for client_id, rows in stays.items() if rows}


def stays_within(client_ids: Iterable[int], days: Span) -> dict[int, list[Enrollment]]:
    """Return the enrollments each client is in on some of these days, in order; every id is a key.

    Doses and pauses are loaded.
    """
    found: dict[int, list[Enrollment]] = {client_id: [] for client_id in client_ids}
    statement = (
        select(Enrollment)
        .where(
            Enrollment.client_id.in_(found),
            Enrollment.status != EnrollmentStatus.CANCELLED,
            Enrollment.from_day <= days.last if days.last is not None else true(),
            or_(Enrollment.until_day.is_(None), Enrollment.until_day >= days.first),
        )
        .options(joinedload(Enrollment.program))
        .order_by(Enrollment.from_day, Enrollment.id)
    )
    for row in db.session.scalars(statement):
        found[row.client_id].append(row)
    return found


def open_enrollment(client_id: int, day: date) -> Enrollment | None:
    """Return the enrollment a client is in on `day`, or the next to begin; None once they are discharged."""
    statement = (
        select(Enrollment)
        .where(Enrollment.client_id == client_id, Enrollment.status.in_(OPEN))
        .where(or_(Enrollment.until_day.is_(None), Enrollment.until_day >= day))
        .order_by(Enrollment.from_day, Enrollment.id)
    )
    return db.session.scalars(statement).first()


def episodes_of(actor: Actor, client_id: int, *, now: datetime) -> list[Enrollment]:
    """Return one client's enrollments, the latest first, with doses and pauses."""
    client = access_client(actor, client_id, Permission.CLIENT_READ, now=now)
    statement = (
        select(Enrollment)
        .where(Enrollment.client_id == client.id)
        .options(joinedload(Enrollment.program))
        .order_by(Enrollment.from_day.desc(), Enrollment.id.desc())
    )
    return list(db.session.scalars(statement))


@dataclass(frozen=True, slots=True)
class SessionsFor:
    """Whom a one-to-one would be for, and in which program."""

    name: str
    site_id: int
    #: None while they are in no program.
    program_id: int | None
    modality: Modality


def sessions_for(actor: Actor, client_id: int, *, now: datetime) -> SessionsFor:
    """Return what a new one-to-one of a client takes from their record.

    The program is the one they are in today, else the next one they are to be in. Somebody who attends
    by video alone meets by video; everybody else comes in.

    Raises:
        NotFound, NotAllowed: as `access_client`.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    open_now = or_(Enrollment.until_day.is_(None), Enrollment.until_day >= actor.today(now))
    program_id = db.session.scalars(
        select(Enrollment.program_id)
        .where(Enrollment.client_id == client.id, Enrollment.status.in_(OPEN), open_now)
        .order_by(Enrollment.from_day, Enrollment.id)
    ).first()
    by_video = client.modality == ModalityWish.TELEHEALTH
    modality = Modality.TELEHEALTH if by_video else Modality.IN_PERSON
    return SessionsFor(client.short_name, client.site_id, program_id, modality)
