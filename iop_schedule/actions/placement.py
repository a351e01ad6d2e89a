"""Deciding a placement: one person's places change on a day, all of them or none."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.actions.memberships import PlacesChange, settle_places
from iop_schedule.domain import civil_time
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import EVERY_WEEK, Span
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Client, PlacementOffer, Series, SeriesMember, db
from iop_schedule.queries.access import Actor, access_client, access_series
from iop_schedule.queries.placement_people import weeks_of_places
from iop_schedule.queries.prescription import open_enrollment
from iop_schedule.vocabulary import AuditKind, EnrollmentStatus, OfferState, SeriesKind, WeekParity


def place(
    *,
    actor: Actor,
    client_id: int,
    series_ids: Collection[int],
    from_day: date | None,
    weeks: Mapping[int, WeekParity] = EVERY_WEEK,
    now: datetime,
) -> None:
    """Let a client attend exactly these weekly group sessions from `from_day` on (by default tomorrow).

    Each is attended in the weeks that `weeks` says, every week where it says nothing. Places they hold in
    other group sessions end the day before; individual sessions stay. Someone who was waiting becomes active.

    Raises:
        NotFound: the client, or one of the sessions, is not this person's to decide.
        NotPossible: nothing was chosen, the day has passed, a seat is gone, or a commitment has the
            time; nothing is changed.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    lock_schedule(client.site_id)
    today = civil_time.local_day(now, civil_time.zone(client.site.zone))
    day = from_day or today + timedelta(days=1)
    if not series_ids:
        message = "Choose at least one session."
        raise NotPossible(message)
    wanted = [
        access_series(actor, one, Permission.PLACEMENT_DECIDE, now=now) for one in sorted(set(series_ids))
    ]
    if any(series.site_id != client.site_id for series in wanted):
        raise NotFound
    try:
        decide_places(actor=actor, client=client, wanted=wanted, from_day=day, weeks=weeks, now=now)
        withdraw_open(client.id, now=now)
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def decide_places(
    *,
    actor: Actor,
    client: Client,
    wanted: Sequence[Series],
    from_day: date,
    weeks: Mapping[int, WeekParity] = EVERY_WEEK,
    now: datetime,
) -> None:
    """Let a client attend exactly `wanted` from `from_day` on, inside the caller's transaction.

    The caller has settled that `actor` may decide this, holds the site's lock and commits; raises as `place`.
    """
    held, lasting = _held(client.id, from_day)
    plan = {series.id: weeks.get(series.id, WeekParity.EVERY) for series in wanted}
    record_decision(actor, client.id, wanted=plan, held=held, day=from_day, now=now)
    begin_waiting(actor, client.id, from_day, now)
    move = change_to(client.id, plan, held=held, lasting=lasting)
    settle_places(actor=actor, site_id=client.site_id, changes=[move], place=Span(from_day), now=now)


def change_to(
    client_id: int,
    plan: Mapping[int, WeekParity],
    *,
    held: Collection[int],
    lasting: Mapping[int, WeekParity],
) -> PlacesChange:
    """Return the places that begin and end so that a client attends exactly `plan`, by series with its weeks.

    Args:
        client_id: whose places.
        plan: what is to be attended.
        held: in which series there is a place.
        lasting: those of them that last, with their weeks: where these are as planned, nothing changes.
    """
    kept = {series_id for series_id, week in plan.items() if lasting.get(series_id) == week}
    return PlacesChange(
        client_id, start=tuple(sorted(plan.keys() - kept)), end=tuple(sorted({*held} - kept)), weeks=plan
    )


def withdraw_open(client_id: int, *, now: datetime) -> int | None:
    """Take back the open offer of a client inside the caller's transaction; return its id, if any."""
    open_ = select(PlacementOffer).where(
        PlacementOffer.client_id == client_id, PlacementOffer.state == OfferState.OPEN
    )
    offer = db.session.scalars(open_).one_or_none()
    if offer is None:
        return None
    offer.state, offer.closed_at = OfferState.WITHDRAWN, now
    db.session.flush()
    return offer.id


def take_back_offer(actor: Actor, client_id: int, *, now: datetime) -> None:
    """Take back the open offer of a client, if there is one, and say so in the trail; the caller commits."""
    withdrawn = withdraw_open(client_id, now=now)
    if withdrawn is not None:
        audit.record(
            AuditKind.OFFER_WITHDRAWN, actor=actor, now=now, subject=("placement_offer", withdrawn),
            client_id=client_id,
        )  # fmt: skip


def _held(client_id: int, day: date) -> tuple[dict[int, WeekParity], dict[int, WeekParity]]:
    """Return the group sessions in which the client has a place on `day` or later, with its weeks.

    And those of them that last: the place has begun by `day` and has no end.
    """
    statement = (
        select(SeriesMember)
        .join(Series, Series.id == SeriesMember.series_id)
        .where(
            SeriesMember.client_id == client_id,
            Series.kind == SeriesKind.GROUP,
            or_(SeriesMember.until_day.is_(None), SeriesMember.until_day >= day),
            or_(Series.until_day.is_(None), Series.until_day >= day),
        )
    )
    places = db.session.scalars(statement).all()
    lasting = [place for place in places if place.from_day <= day and place.until_day is None]
    return weeks_of_places(places), weeks_of_places(lasting)


def begin_waiting(actor: Actor, client_id: int, day: date, now: datetime) -> dict[str, object]:
    """Let the enrollment of someone who waits begin on `day`: their weeks count from their first session.

    How long they have waited stays known by their first contact.
    Of several the earliest begins; one that is planned for after the current one stays planned. Returns
    the enrollment as it was, for taking this back; {} when nothing changed.
    """
    first = open_enrollment(client_id, day)
    if first is None or first.status not in {EnrollmentStatus.WAITLISTED, EnrollmentStatus.PLANNED}:
        return {}
    was = {"enrollment": first.id, "status": str(first.status), "from_day": first.from_day.isoformat()}
    if first.first_contact_on is None and first.status == EnrollmentStatus.WAITLISTED:
        first.first_contact_on = first.from_day
    first.status, first.from_day = EnrollmentStatus.ACTIVE, day
    audit.record(
        AuditKind.ENROLLMENT_CHANGED,
        actor=actor,
        now=now,
        subject=("enrollment", first.id),
        client_id=client_id,
        details={"status": str(first.status), "from": day.isoformat()},
    )
    return was


def record_decision(
    actor: Actor,
    client_id: int,
    *,
    wanted: Mapping[int, WeekParity],
    held: Mapping[int, WeekParity],
    day: date,
    now: datetime,
) -> None:
    """Write into the trail what one person's places were and are to be, by series with its weeks."""
    audit.record(
        AuditKind.PLACEMENT_DECIDED,
        actor=actor,
        now=now,
        client_id=client_id,
        details={"from": day.isoformat(), "before": sorted(held), **after_in_trail(wanted)},
    )


def after_in_trail(wanted: Mapping[int, WeekParity]) -> dict[str, object]:
    """Return what the trail says of the places somebody is to have, by series with its weeks."""
    weeks = {series_id: str(week) for series_id, week in wanted.items() if week is not WeekParity.EVERY}
    return {"after": sorted(wanted)} | ({"weeks": weeks} if weeks else {})
