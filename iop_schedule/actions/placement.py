"""Deciding a placement: one person's places change on a day, all of them or none."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.memberships import place_client
from iop_schedule.domain import civil_time
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.models import Enrollment, Series, SeriesMember, db
from iop_schedule.queries.access import Actor, access_client, in_force
from iop_schedule.vocabulary import AuditKind, EnrollmentStatus, SeriesKind


def place(
    *, actor: Actor, client_id: int, series_ids: Collection[int], from_day: date | None, now: datetime
) -> None:
    """Let a client attend exactly these weekly group sessions from `from_day` on (by default tomorrow).

    Places they hold in other group sessions end the day before; individual sessions stay. Someone who
    was waiting becomes active.

    Raises:
        NotFound: the client, or one of the sessions, is not this person's to decide.
        NotPossible: nothing was chosen, the day has passed, a seat is gone, or a commitment has the
            time; nothing is changed.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    today = civil_time.local_day(now, civil_time.zone(client.site.zone))
    day = from_day or today + timedelta(days=1)
    if not series_ids:
        message = "Choose at least one session."
        raise NotPossible(message)
    held = _held(client_id, day)
    wanted = set(series_ids)
    try:
        _record(actor, client_id, wanted=wanted, held=held, day=day, now=now)
        _begin_waiting(client_id, day)
        # Places, sessions and everything above are written together: this call commits.
        place_client(
            actor=actor,
            client_id=client_id,
            start=sorted(wanted - held),
            end=sorted(held - wanted),
            from_day=day,
            now=now,
        )
    except BaseException:
        db.session.rollback()
        raise


def _held(client_id: int, day: date) -> set[int]:
    """Return the group sessions in which the client has a place on `day`."""
    statement = (
        select(SeriesMember.series_id)
        .join(Series, Series.id == SeriesMember.series_id)
        .where(
            SeriesMember.client_id == client_id,
            Series.kind == SeriesKind.GROUP,
            in_force(SeriesMember, day),
            in_force(Series, day),
        )
    )
    return set(db.session.scalars(statement))


def _begin_waiting(client_id: int, day: date) -> None:
    statement = select(Enrollment).where(
        Enrollment.client_id == client_id,
        Enrollment.status.in_((EnrollmentStatus.WAITLISTED, EnrollmentStatus.PLANNED)),
    )
    for enrollment in db.session.scalars(statement):
        enrollment.status = EnrollmentStatus.ACTIVE
        enrollment.from_day = min(enrollment.from_day, day)


def _record(
    actor: Actor, client_id: int, *, wanted: Collection[int], held: Collection[int], day: date, now: datetime
) -> None:
    audit.record(
        AuditKind.PLACEMENT_DECIDED,
        actor=actor,
        now=now,
        client_id=client_id,
        details={"from": day.isoformat(), "before": sorted(held), "after": sorted(wanted)},
    )
