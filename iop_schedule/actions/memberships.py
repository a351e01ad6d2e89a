"""Places in weekly group sessions: who has one, from a day until a day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.horizon import follow_rules
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.actions.seat_holds import release_held
from iop_schedule.actions.series import (
    check_last_day,
    check_not_past,
    close_series,
    end_place,
    places_in,
    record_series,
)
from iop_schedule.domain.civil_time import first_week, letter_of
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import EVERY_WEEK, BadSeries, Place, SeatsTaken, Span, most_in_a_week
from iop_schedule.errors import DomainError, NotFound
from iop_schedule.models import Client, Series, SeriesMember, Site, db
from iop_schedule.queries.access import Actor, access_client, access_series
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.legal_places import check_places
from iop_schedule.queries.seat_holds import held_for_others
from iop_schedule.queries.series import check_client_can_come, check_weeks, guests_of, rule_of, taken_places
from iop_schedule.vocabulary import AuditKind, SeriesKind, WeekParity


def add_member(
    *,
    actor: Actor,
    series_id: int,
    client_id: int,
    from_day: date,
    until_day: date | None = None,
    week: WeekParity = WeekParity.EVERY,
    now: datetime,
) -> SeriesMember:
    """Give a client a place in a weekly group session, from a day until a day, in every or every other week.

    Raises:
        NotFound, NotAllowed: the session or the client is not this person's.
        SeatsTaken: every seat is taken on some day of the place.
        CommitmentClash: a hard commitment of the client has the time; the sentence names it.
        TimeTaken: another session of theirs has the time.
        NotLegal: another rule of a legal week would be broken; the sentence says which.
        BadSeries: days in the past, or outside the series.
    """
    (member,) = add_members(
        actor=actor, series_ids=[series_id], client_id=client_id, from_day=from_day,
        until_day=until_day, weeks={series_id: week}, now=now,
    )  # fmt: skip
    return member


def add_members(
    *,
    actor: Actor,
    series_ids: Iterable[int],
    client_id: int,
    from_day: date,
    until_day: date | None = None,
    weeks: Mapping[int, WeekParity] = EVERY_WEEK,
    now: datetime,
) -> list[SeriesMember]:
    """Give a client a place in several weekly sessions, all or none; raises as `add_member`."""
    return place_client(
        actor=actor, client_id=client_id, start=series_ids, from_day=from_day, until_day=until_day,
        weeks=weeks, now=now,
    )  # fmt: skip


def place_client(
    *,
    actor: Actor,
    client_id: int,
    start: Iterable[int],
    end: Iterable[int] = (),
    from_day: date,
    until_day: date | None = None,
    weeks: Mapping[int, WeekParity] = EVERY_WEEK,
    now: datetime,
) -> list[SeriesMember]:
    """Give a client places from `from_day` on and end others the day before, all or nothing.

    Args:
        actor: who decides.
        client_id: whose places.
        start: series in which places begin.
        end: series in which places end.
        from_day: first day of the new week, today or later.
        until_day: last day of the new places; open when None.
        weeks: in which weeks a place is attended, by series; every week unless it says otherwise.
        now: the current instant.

    Returns:
        The new places, in the order of `start`.

    Raises:
        As `add_member`.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    move = PlacesChange(client_id, tuple(dict.fromkeys(start)), tuple(dict.fromkeys(end)), weeks)
    added = change_places(
        actor=actor, site_id=client.site_id, changes=[move], from_day=from_day, until_day=until_day, now=now
    )
    db.session.commit()
    return added


@dataclass(frozen=True, slots=True)
class PlacesChange:
    """One client's places that begin and that end, by series."""

    client_id: int
    start: tuple[int, ...]
    end: tuple[int, ...]
    #: In which weeks a place that begins is attended, where that is not every week.
    weeks: Mapping[int, WeekParity] = field(default_factory=lambda: EVERY_WEEK)


def change_places(
    *,
    actor: Actor,
    site_id: int,
    changes: Sequence[PlacesChange],
    from_day: date,
    until_day: date | None = None,
    now: datetime,
) -> list[SeriesMember]:
    """Let places of several people end and begin, those that end first, inside the caller's transaction.

    One person's seat can so be another's. The caller commits; after a refusal it takes everything back.

    Raises:
        As `add_member`; what cannot be for one client carries `client_id` in its data.
    """
    wanted = dict.fromkeys(one for change in changes for one in (*change.start, *change.end))
    series = {one: access_series(actor, one, Permission.PLACEMENT_DECIDE, now=now) for one in wanted}
    if any(one.site_id != site_id for one in series.values()):
        raise NotFound
    for change in changes:
        client = access_client(actor, change.client_id, Permission.PLACEMENT_DECIDE, now=now)
        if client.site_id != site_id:
            raise NotFound
    return settle_places(
        actor=actor, site_id=site_id, changes=changes, place=Span(from_day, until_day), now=now
    )


def settle_places(
    *, actor: Actor, site_id: int, changes: Sequence[PlacesChange], place: Span, now: datetime
) -> list[SeriesMember]:
    """Do what `change_places` does, for callers that have settled that `actor` may decide it.

    Seats held for the people are used up.
    """
    lock_schedule(site_id)
    site = db.session.get_one(Site, site_id)
    check_not_past(place.first, site, now)
    wanted = sorted({one for change in changes for one in (*change.start, *change.end)})
    rows = db.session.scalars(select(Series).where(Series.id.in_(wanted)))
    series = {one.id: one for one in rows}
    for change in changes:
        for one in change.end:
            _leave(actor, series[one], change.client_id, place.first - timedelta(days=1), now)
    db.session.flush()
    added = [member for change in changes for member in _begin(actor, change, series, place, now)]
    follow_rules(site, now=now, series_ids=set(series))
    return added


def _begin(
    actor: Actor, change: PlacesChange, series: Mapping[int, Series], place: Span, now: datetime
) -> list[SeriesMember]:
    starting = [series[one] for one in change.start]
    client = db.session.get_one(Client, change.client_id)
    try:
        added = [
            _take(actor, one, client, Place(place, change.weeks.get(one.id, WeekParity.EVERY)), now)
            for one in starting
        ]
        check_places(client, change.start, place)
    except DomainError as refused:
        refused.data["client_id"] = client.id
        raise
    release_held(client.id, change.start, now=now)
    return added


def _take(actor: Actor, series: Series, client: Client, place: Place, now: datetime) -> SeriesMember:
    days = place.days
    if series.kind != SeriesKind.GROUP:
        message = "This session belongs to one client. Choose a group session."
        raise BadSeries(message, field="series")
    span = days.shared_with(Span(series.from_day, series.until_day))
    if days.last is not None and days.last < days.first:
        message = "The last day must not be before the first day."
        raise BadSeries(message, field="until_day")
    if span is None:
        message = f"{session_name(series)} does not meet in these days. Choose others."
        raise BadSeries(message, field="from_day")
    check_weeks(series, place.week, span)
    theirs = replace(rule_of(series), week=place.week)
    check_client_can_come(client, theirs, span, modality=series.modality, now=now)
    check_seats(series, Place(span, place.week), client_id=client.id, now=now)
    member = SeriesMember(
        series_id=series.id, client_id=client.id, from_day=days.first, until_day=days.last, week=place.week
    )
    db.session.add(member)
    db.session.flush()
    record_start(actor, series, client.id, place, now=now)
    return member


def check_seats(series: Series, place: Place, *, client_id: int, now: datetime) -> None:
    """Refuse a place in a weekly session when no seat is left for this client in some week of it.

    People who attend in opposite weeks can sit on one seat.

    Raises:
        SeatsTaken: every seat has someone, or is held for someone else.
    """
    seats, span = series.group.seats if series.group else 1, place.days
    places = taken_places(series.id)
    held = held_for_others(series.id, client_id, week=place.week, now=now)
    if most_in_a_week(places, span, place.week) + held >= seats:
        kept = f", {held} of them held for a few days" if held else ""
        message = f"All {seats} seats of {session_name(series)} are taken then{kept}."
        raise SeatsTaken(message + " Choose another session or a later first day.", field="series")
    for day, guests in guests_of(series.id, now=now).items():
        that_week = most_in_a_week(places, Span(day, day), letter_of(day))
        if place.covers(day) and that_week + held + guests >= seats:
            message = f"On {day:%B} {day.day} the last seat is taken by a make-up. Choose a later first day."
            raise SeatsTaken(message, field="from_day")


def end_member(*, actor: Actor, series_id: int, client_id: int, last_day: date, now: datetime) -> None:
    """Let a client's place in a weekly group session end with `last_day`.

    What they attended stays; later sessions no longer expect them. A place that never began is gone.

    Raises:
        NotFound: they have no place there.
        BadSeries: `last_day` lies before yesterday.
    """
    series = access_series(actor, series_id, Permission.PLACEMENT_DECIDE, now=now)
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    lock_schedule(series.site_id)
    check_last_day(last_day, series.site, now)
    if not _leave(actor, series, client.id, last_day, now):
        raise NotFound
    follow_rules(series.site, now=now, series_ids=[series.id])
    db.session.commit()


def _leave(actor: Actor, series: Series, client_id: int, last_day: date, now: datetime) -> bool:
    left = [end_place(one, last_day, now) for one in places_in(series.id) if one.client_id == client_id]
    if any(left):
        record_place(AuditKind.MEMBERSHIP_ENDED, actor, series, client_id, now=now, last=str(last_day))
    return any(left)


def end_everything(*, actor: Actor, client_id: int, site: Site, last_day: date, now: datetime) -> None:
    """End all places and own series of a client with `last_day`, inside the caller's transaction.

    The caller holds the site's lock and commits.
    """
    touched = set()
    places = select(SeriesMember).where(SeriesMember.client_id == client_id).order_by(SeriesMember.id)
    for member in db.session.scalars(places):
        if end_place(member, last_day, now):
            touched.add(member.series_id)
            series = db.session.get_one(Series, member.series_id)
            record_place(AuditKind.MEMBERSHIP_ENDED, actor, series, client_id, now=now, last=str(last_day))
    own = select(Series).where(
        Series.client_id == client_id, (Series.until_day.is_(None)) | (Series.until_day > last_day)
    )
    for series in db.session.scalars(own.order_by(Series.id)):
        close_series(series, last_day, now)
        record_series(AuditKind.SERIES_ENDED, actor, series, {"last_day": str(last_day)}, now=now)
        touched.add(series.id)
    db.session.flush()
    follow_rules(site, now=now, series_ids=touched)


def record_start(
    actor: Actor, series: Series, client_id: int, place: Place, *, now: datetime, **details: object
) -> None:
    """Write the audit row of a place that begins."""
    first = place.days.first
    weeks = {} if place.week is WeekParity.EVERY else {"weeks": str(first_week(place.week, first))}
    record_place(
        AuditKind.MEMBERSHIP_STARTED, actor, series, client_id, now=now, first=str(first), **weeks, **details
    )


def record_place(
    kind: AuditKind, actor: Actor, series: Series, client_id: int, *, now: datetime, **details: object
) -> None:
    """Write the audit row of a place that begins or ends."""
    audit.record(
        kind, actor=actor, now=now, subject=("series", series.id), client_id=client_id,
        site_id=series.site_id, details=details,
    )  # fmt: skip
