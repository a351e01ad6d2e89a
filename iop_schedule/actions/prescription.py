"""Admission, dose, pauses and discharge."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from iop_schedule.actions import audit
from iop_schedule.actions.groups import fresh_code
from iop_schedule.actions.locks import lock_client, lock_schedule
from iop_schedule.actions.make_ups import release_guests
from iop_schedule.actions.memberships import end_everything
from iop_schedule.actions.placement import take_back_offer
from iop_schedule.actions.seat_holds import give_back_held
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.prescription import BadDose, BadPause, Dose, Pause
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Client, Enrollment, EnrollmentPause, PrescribedDose, db
from iop_schedule.queries.access import Actor, access_client, access_program
from iop_schedule.queries.prescription import OPEN, enrollments_on, pause_of
from iop_schedule.vocabulary import AuditKind, EnrollmentStatus, Role

LONGEST_NAME = 200


def enroll(
    *,
    actor: Actor,
    client_id: int,
    program_id: int,
    from_day: date,
    status: EnrollmentStatus = EnrollmentStatus.ACTIVE,
    dose: Dose | None = None,
    now: datetime,
) -> Enrollment:
    """Admit a client to a program of their site from a day on, with their first dose if known.

    Raises:
        NotFound, NotAllowed: the client or the program is not this person's.
        NotPossible: they are in a program then; or a status that is none of an admission.
    """
    client = access_client(actor, client_id, Permission.CLIENT_EDIT, now=now)
    program = access_program(actor, program_id, Permission.PROGRAM_READ)
    if program.site_id != client.site_id:
        raise NotFound
    if status not in OPEN:
        message = "Choose planned, waiting or active for an admission."
        raise NotPossible(message, field="status")
    lock_client(client.id)
    _not_enrolled_twice(client.id, from_day)
    enrollment = Enrollment(
        client_id=client.id,
        program_id=program.id,
        code=fresh_code("enrollment"),
        status=status,
        first_contact_on=min(from_day, local_day(now, zone(client.site.zone))),
        from_day=from_day,
    )
    db.session.add(enrollment)
    db.session.flush()
    _record(AuditKind.ENROLLMENT_CHANGED, actor, enrollment, {"from": str(from_day)}, now=now)
    if dose is not None:
        _add_dose(actor, enrollment, dose, now)
    db.session.commit()
    return enrollment


def _not_enrolled_twice(client_id: int, from_day: date) -> None:
    held = select(Enrollment).where(
        Enrollment.client_id == client_id,
        Enrollment.status != EnrollmentStatus.CANCELLED,
        or_(Enrollment.until_day.is_(None), Enrollment.until_day >= from_day),
    )
    other = db.session.scalars(held.order_by(Enrollment.from_day)).first()
    if other is not None:
        message = "They are in a program then. Discharge them from it first, or choose a later day."
        raise NotPossible(message, field="from_day")


def set_status(*, actor: Actor, enrollment_id: int, status: EnrollmentStatus, now: datetime) -> Enrollment:
    """Say where an episode of care stands; discharge has its own action."""
    enrollment = _enrollment(actor, enrollment_id, now)
    if status not in OPEN:
        message = "To end an episode of care, discharge the client."
        raise NotPossible(message, field="status")
    if enrollment.status not in OPEN:
        message = "This episode of care is over. Enroll the client again instead."
        raise NotPossible(message, field="status")
    enrollment.status = status
    _record(AuditKind.ENROLLMENT_CHANGED, actor, enrollment, {"status": str(status)}, now=now)
    db.session.commit()
    return enrollment


def prescribe(*, actor: Actor, enrollment_id: int, dose: Dose, now: datetime) -> PrescribedDose:
    """Prescribe a dose from its first day until the next one begins; the doses before it stay.

    Raises:
        BadDose: before admission, or from a day on which a week already counted with another dose.
    """
    enrollment = _enrollment(actor, enrollment_id, now)
    row = _add_dose(actor, enrollment, dose, now)
    db.session.commit()
    return row


def prescribe_path(*, actor: Actor, client_id: int, doses: Sequence[Dose], now: datetime) -> None:
    """Prescribe several dated doses of a client's episode at once: a step up or down, or a glide path.

    Raises:
        NotFound: the client is not this person's, or is in no program on the first of the days.
        BadDose: as `prescribe`, or two doses from one day; nothing is changed.
    """
    client = access_client(actor, client_id, Permission.CLIENT_EDIT, now=now)
    if not doses or len({dose.from_day for dose in doses}) < len(doses):
        message = "Enter one to three steps, each from its own day."
        raise BadDose(message, field="from_day")
    first = min(dose.from_day for dose in doses)
    held = enrollments_on([client.id], first).get(client.id)
    if held is None:
        message = "They are in no program on the first day. Enroll them first."
        raise BadDose(message, field="from_day")
    enrollment = _enrollment(actor, held.id, now)
    try:
        for dose in sorted(doses, key=lambda one: one.from_day):
            _add_dose(actor, enrollment, dose, now)
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def _add_dose(actor: Actor, enrollment: Enrollment, dose: Dose, now: datetime) -> PrescribedDose:
    if dose.from_day < enrollment.from_day:
        message = "A dose cannot begin before admission. Choose a later first day."
        raise BadDose(message, field="from_day")
    if enrollment.until_day is not None and dose.from_day > enrollment.until_day:
        message = "A dose cannot begin after discharge. Choose an earlier first day."
        raise BadDose(message, field="from_day")
    if len(dose.ordered_by) > LONGEST_NAME:
        message = f"Keep the name under {LONGEST_NAME} characters."
        raise BadDose(message, field="ordered_by")
    same_day = [row for row in enrollment.doses if row.from_day == dose.from_day]
    today = local_day(now, zone(enrollment.client.site.zone))
    if same_day and dose.from_day < today:
        message = "A dose already began that day, and its weeks have counted. Choose today or later."
        raise BadDose(message, field="from_day")
    row = same_day[0] if same_day else PrescribedDose(enrollment_id=enrollment.id, from_day=dose.from_day)
    row.minutes, row.over_minutes = dose.minutes, dose.over_minutes
    row.minimum_days, row.most_minutes_a_day = dose.minimum_days, dose.most_minutes_a_day
    row.required_services = _sorted(dose.required_services)
    row.ordered_by, row.step_down = dose.ordered_by.strip(), dose.step_down
    db.session.add(row)
    db.session.flush()
    details = {"from": str(row.from_day), "minutes": row.minutes, "days": row.minimum_days}
    _record(AuditKind.DOSE_PRESCRIBED, actor, enrollment, details, now=now)
    db.session.expire(enrollment, ["doses"])
    return row


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(str(word) for word in words)


def pause(*, actor: Actor, enrollment_id: int, pause: Pause, now: datetime) -> EnrollmentPause:
    """Say that some days of an episode do not count: hospital, leave, residential care.

    Places stay theirs; make-ups booked for these days are given back.

    Raises:
        BadPause: outside the episode, or on days already paused.
    """
    enrollment = _enrollment(actor, enrollment_id, now)
    if pause.from_day < enrollment.from_day:
        message = "A pause cannot begin before admission."
        raise BadPause(message, field="from_day")
    if any(pause.overlaps(pause_of(row)) for row in enrollment.pauses):
        message = "Some of these days are paused already. Resume first, or choose other days."
        raise BadPause(message, field="from_day")
    row = EnrollmentPause(
        enrollment_id=enrollment.id,
        from_day=pause.from_day,
        until_day=pause.until_day,
        reason=pause.reason,
    )
    db.session.add(row)
    db.session.flush()
    details = {
        "paused": str(pause.from_day),
        "until": str(pause.until_day or ""),
        "reason": str(pause.reason),
    }
    _record(AuditKind.ENROLLMENT_CHANGED, actor, enrollment, details, now=now)
    release_guests(actor, enrollment.client_id, pause.from_day, pause.until_day, now=now)
    db.session.commit()
    return row


def resume(*, actor: Actor, enrollment_id: int, from_day: date, now: datetime) -> EnrollmentPause:
    """Let days count again from `from_day` on.

    Raises:
        BadPause: there is no pause then.
    """
    enrollment = _enrollment(actor, enrollment_id, now)
    last = from_day - timedelta(days=1)
    for row in enrollment.pauses:
        if pause_of(row).covers(from_day) and row.from_day <= last:
            row.until_day = last
            _record(AuditKind.ENROLLMENT_CHANGED, actor, enrollment, {"resumed": str(from_day)}, now=now)
            db.session.commit()
            return row
    message = "Nothing is paused on that day."
    raise BadPause(message, field="from_day")


def discharge(*, actor: Actor, enrollment_id: int, last_day: date, now: datetime) -> Enrollment:
    """End an episode of care with `last_day`; all places and own sessions end that day too.

    Weeks on offer are taken back and seats held for them given back. Until that day is over the episode
    stays open; `finish_discharges` closes it the night after.

    Raises:
        NotPossible: before admission, before yesterday, or over already.
    """
    enrollment = _enrollment(actor, enrollment_id, now, with_schedule=True)
    client = enrollment.client
    site = client.site
    today = local_day(now, zone(site.zone))
    if enrollment.status not in OPEN:
        message = "This episode of care is over already."
        raise NotPossible(message)
    if last_day < enrollment.from_day:
        message = "The last day must not be before admission."
        raise NotPossible(message, field="last_day")
    if last_day < today - timedelta(days=1):
        message = "Choose yesterday, today or a later day."
        raise NotPossible(message, field="last_day")
    enrollment.until_day = last_day
    if last_day < today:
        enrollment.status = EnrollmentStatus.FINISHED
    for row in enrollment.pauses:
        if row.from_day <= last_day and (row.until_day is None or row.until_day > last_day):
            row.until_day = last_day
    _record(AuditKind.ENROLLMENT_CHANGED, actor, enrollment, {"discharged": str(last_day)}, now=now)
    end_everything(actor=actor, client_id=client.id, site=site, last_day=last_day, now=now)
    release_guests(actor, client.id, last_day + timedelta(days=1), None, now=now)
    take_back_offer(actor, client.id, now=now)
    give_back_held(actor, client.id, now=now)
    db.session.commit()
    return enrollment


def finish_discharges(*, now: datetime) -> int:
    """Mark as finished the episodes whose last day has passed; return how many. For the nightly tick."""
    db.session.rollback()
    due = (
        select(Enrollment)
        .where(Enrollment.status.in_(OPEN), Enrollment.until_day.is_not(None))
        .order_by(Enrollment.id)
    )
    done = 0
    for enrollment in db.session.scalars(due):
        today = local_day(now, zone(enrollment.client.site.zone))
        if enrollment.until_day is not None and enrollment.until_day < today:
            enrollment.status = EnrollmentStatus.FINISHED
            done += 1
            audit.record(
                AuditKind.ENROLLMENT_CHANGED, actor=None, now=now,
                subject=("enrollment", enrollment.id), client_id=enrollment.client_id,
                details={"status": str(EnrollmentStatus.FINISHED)},
            )  # fmt: skip
    db.session.commit()
    return done


def _enrollment(
    actor: Actor, enrollment_id: int, now: datetime, *, with_schedule: bool = False
) -> Enrollment:
    """Return an episode of care that `actor` may change, with its client's row locked.

    With `with_schedule` the site's is locked first, as everybody does who needs both.
    """
    actor.require(Permission.CLIENT_EDIT)
    if actor.role is Role.CLIENT:
        raise NotFound
    enrollment = db.session.get(Enrollment, enrollment_id)
    if enrollment is None:
        raise NotFound
    client: Client = access_client(actor, enrollment.client_id, Permission.CLIENT_EDIT, now=now)
    if with_schedule:
        lock_schedule(client.site_id)
    lock_client(client.id)
    db.session.refresh(enrollment)
    return enrollment


def _record(
    kind: AuditKind, actor: Actor, enrollment: Enrollment, details: Mapping[str, object], *, now: datetime
) -> None:
    audit.record(
        kind, actor=actor, now=now, subject=("enrollment", enrollment.id),
        client_id=enrollment.client_id, details=dict(details),
    )  # fmt: skip
