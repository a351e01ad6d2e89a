"""How one client's care stands, and what a pause, a transfer or a discharge would touch."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.frequency import as_of
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import Span, most_in_a_week
from iop_schedule.models import Client, Enrollment, Group, Occurrence, Program, RosterEntry, Series, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.frequency import days_of
from iop_schedule.queries.prescription import OPEN
from iop_schedule.queries.series import OwnPlace, in_words, places_of, rule_of, taken_places
from iop_schedule.vocabulary import OccurrenceStatus, PauseReason, RosterSource, WeekParity


@dataclass(frozen=True, slots=True)
class PauseLine:
    """Days that do not count."""

    from_day: date
    until_day: date | None
    reason: PauseReason
    #: Today lies in it, or it is still to come.
    is_open: bool


@dataclass(frozen=True, slots=True)
class OpenMeeting:
    """A weekly session of a group with the seats left from today on."""

    series_id: int
    words: str
    seats_left: int


@dataclass(frozen=True, slots=True)
class CareNow:
    """One client's care as it stands, for the page on which it is changed."""

    client_id: int
    site_id: int
    name: str
    called: str
    today: date
    #: None when they are in no program.
    enrollment_id: int | None
    program: str
    from_day: date | None
    #: The last day, once discharge has been decided.
    until_day: date | None
    pauses: tuple[PauseLine, ...]
    places: tuple[OwnPlace, ...]
    meetings: tuple[OpenMeeting, ...]

    @property
    def open_pause(self) -> PauseLine | None:
        """Return the pause that holds today or is to come."""
        return next((one for one in self.pauses if one.is_open), None)

    @property
    def group_places(self) -> tuple[OwnPlace, ...]:
        """Return the places in groups; one-to-ones are changed by themselves."""
        return tuple(place for place in self.places if place.group_id is not None)


def care_now(actor: Actor, client_id: int, *, now: datetime) -> CareNow:
    """Return how one client's care stands.

    Raises:
        NotFound, NotAllowed: as `access_client`.
    """
    client = access_client(actor, client_id, Permission.CLIENT_EDIT, now=now)
    today = local_day(now, zone(client.site.zone))
    enrollment = _open_enrollment(client.id, today)
    places = places_of(actor, client.id, today=today)
    held = {place.series_id for place in places if place.last is None}
    return CareNow(
        client_id=client.id,
        site_id=client.site_id,
        name=client.short_name,
        called=client.called,
        today=today,
        enrollment_id=enrollment.id if enrollment else None,
        program=enrollment.program.name if enrollment else "",
        from_day=enrollment.from_day if enrollment else None,
        until_day=enrollment.until_day if enrollment else None,
        pauses=_pauses(enrollment, today),
        places=places,
        meetings=_open_meetings(client, today, held) if enrollment else (),
    )


def _open_enrollment(client_id: int, today: date) -> Enrollment | None:
    statement = (
        select(Enrollment)
        .where(Enrollment.client_id == client_id, Enrollment.status.in_(OPEN))
        .order_by(Enrollment.from_day, Enrollment.id)
        .options(joinedload(Enrollment.program))
    )
    return as_of(db.session.scalars(statement), today, days=days_of)


def _pauses(enrollment: Enrollment | None, today: date) -> tuple[PauseLine, ...]:
    return tuple(
        PauseLine(
            from_day=row.from_day,
            until_day=row.until_day,
            reason=PauseReason(row.reason),
            is_open=row.until_day is None or row.until_day >= today,
        )
        for row in (enrollment.pauses if enrollment else ())
    )


def _open_meetings(client: Client, today: date, held: Collection[int]) -> tuple[OpenMeeting, ...]:
    statement = (
        select(Series)
        .join(Series.group)
        .join(Group.program)
        .where(
            Program.site_id == client.site_id,
            or_(Series.until_day.is_(None), Series.until_day >= today),
            Series.id.not_in(list(held)),
        )
        .order_by(Group.name, Series.weekday, Series.local_start, Series.id)
        .options(joinedload(Series.group), joinedload(Series.site))
    )
    return tuple(
        OpenMeeting(
            series_id=series.id,
            words=f"{session_name(series)}, {in_words(rule_of(series))}",
            seats_left=series.group.seats
            - most_in_a_week(taken_places(series.id), Span(today), WeekParity.EVERY),
        )
        for series in db.session.scalars(statement).unique()
        if series.group is not None
    )


@dataclass(frozen=True, slots=True)
class Touched:
    """What is planned for a client on some days, as a change would touch it."""

    #: Each session as `Relapse Prevention B, Mon, Mar 9, 9:00 am`.
    sessions: tuple[str, ...]
    #: Those of them that make up for others; they are given back.
    make_ups: int


def touched(client_id: int, first: date, last: date | None, *, now: datetime) -> Touched:
    """Return the sessions to come that a client is expected at from `first` to `last`.

    For callers that have been through `access_client`.
    """
    statement = (
        select(RosterEntry)
        .join(RosterEntry.occurrence)
        .where(
            RosterEntry.client_id == client_id,
            RosterEntry.released_at.is_(None),
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.starts_at > now,
            Occurrence.local_day >= first,
        )
        .options(
            joinedload(RosterEntry.occurrence).options(
                joinedload(Occurrence.site), joinedload(Occurrence.series).joinedload(Series.group)
            )
        )
        .order_by(Occurrence.starts_at, RosterEntry.id)
    )
    if last is not None:
        statement = statement.where(Occurrence.local_day <= last)
    rows = db.session.scalars(statement).unique().all()
    return Touched(
        sessions=tuple(_said(row.occurrence) for row in rows),
        make_ups=sum(row.source == RosterSource.MAKE_UP for row in rows),
    )


def _said(held: Occurrence) -> str:
    at = held.starts_at.astimezone(zone(held.site.zone))
    clock = f"{at.hour % 12 or 12}:{at.minute:02} {'am' if at.hour < 12 else 'pm'}"  # noqa: PLR2004
    return f"{session_name(held.series)}, {at:%a}, {at:%b} {at.day}, {clock}"
