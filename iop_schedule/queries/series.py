"""Weekly series as values, and who or what is already taken at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.availability import in_words as commitment_in_words
from iop_schedule.domain.civil_time import weeks_in_words, zone
from iop_schedule.domain.intervals import Interval
from iop_schedule.domain.permissions import Permission, holds
from iop_schedule.domain.series import (
    BadSeries,
    CommitmentClash,
    Place,
    Span,
    TimeTaken,
    WeeklyRule,
    first_overlap,
    weekly_clashes,
)
from iop_schedule.errors import NotPossible
from iop_schedule.models import Client, Occurrence, Room, RosterEntry, Series, SeriesMember, Site, User, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.availability import commitments_of, session_name, trip
from iop_schedule.vocabulary import OccurrenceStatus, Role, RosterSource, SeriesKind, Weekday, WeekParity


def rule_of(series: Series) -> WeeklyRule:
    """Return a stored series as the value the rules take."""
    return WeeklyRule(
        weekday=Weekday(series.weekday),
        local_start=series.local_start,
        duration_minutes=series.duration_minutes,
        break_minutes=series.break_minutes,
        every_weeks=series.every_weeks,
        zone=series.site.zone,
        from_day=series.from_day,
        until_day=series.until_day,
    )


def in_words(rule: WeeklyRule) -> str:
    """Return when a weekly session happens, as a person would say it: `Mondays 9:00 am to 12:00 pm`."""
    day = f"{date(2026, 1, 5 + int(rule.weekday)):%A}s"
    start, end = (f"{t.hour % 12 or 12}:{t.minute:02} {'am' if t.hour < 12 else 'pm'}"  # noqa: PLR2004
                  for t in (rule.local_start, rule.local_end))  # fmt: skip
    often = ", every second week" if rule.every_weeks > 1 else ""
    return f"{day} {start} to {end}{often}"


@dataclass(frozen=True, slots=True)
class Taken:
    """Something that already has the time, and the first day it does."""

    day: date
    #: What staff call it and when it is; never a client's name.
    what: str
    series_id: int
    site_id: int


def _reaches(row: type[Series] | type[SeriesMember], span: Span) -> ColumnElement[bool]:
    begins = row.from_day <= span.last if span.last is not None else row.from_day.is_not(None)
    return and_(begins, or_(row.until_day.is_(None), row.until_day >= span.first))


def leader_taken(
    leader_id: int, rule: WeeklyRule, span: Span, *, ignore: Collection[int] = (), now: datetime
) -> Taken | None:
    """Return what the counselor already leads at the time of `rule` within `span`; None when free."""
    who = (Series.leader_id == leader_id, Occurrence.leader_id == leader_id)
    return _taken(who, rule, span, ignore=ignore, now=now)


def room_taken(
    room_id: int, rule: WeeklyRule, span: Span, *, ignore: Collection[int] = (), now: datetime
) -> Taken | None:
    """Return what already meets in the room at the time of `rule` within `span`; None when free."""
    where = (Series.room_id == room_id, Occurrence.room_id == room_id)
    return _taken(where, rule, span, ignore=ignore, now=now)


def _taken(
    whose: tuple[ColumnElement[bool], ColumnElement[bool]],
    rule: WeeklyRule,
    span: Span,
    *,
    ignore: Collection[int],
    now: datetime,
) -> Taken | None:
    weekly, dated = whose
    others = db.session.scalars(
        select(Series)
        .where(weekly, _reaches(Series, span), Series.id.not_in(list(ignore)))
        .options(joinedload(Series.site), joinedload(Series.group))
        .order_by(Series.id)
    )
    for other in others:
        day = first_overlap(rule, rule_of(other), span)
        if day is not None:
            return _says(other, day)
    moved = _moved(now).where(dated, Occurrence.series_id.not_in(list(ignore)))
    return _dated(rule, span, db.session.scalars(moved))


def _moved(now: datetime) -> Select[Occurrence]:
    """Return the query for sessions to come that someone moved or gave to another leader or room."""
    return _to_come(now).where(Occurrence.edited)


def _to_come(now: datetime) -> Select[Occurrence]:
    return (
        select(Occurrence)
        .where(Occurrence.status == OccurrenceStatus.PLANNED, Occurrence.ends_at > now)
        .options(joinedload(Occurrence.series).joinedload(Series.group), joinedload(Occurrence.site))
        .order_by(Occurrence.starts_at, Occurrence.id)
    )


def _dated(rule: WeeklyRule, span: Span, occurrences: Iterable[Occurrence]) -> Taken | None:
    for occurrence in occurrences:
        day = occurrence.starts_at.astimezone(zone(rule.zone)).date()
        inside = span.first <= day and (span.last is None or day <= span.last)
        theirs = Interval(occurrence.starts_at, occurrence.ends_at)
        if inside and rule.holds_on(day) and rule.instants_on(day).overlaps(theirs):
            return _says(occurrence.series, day)
    return None


def _says(series: Series, day: date) -> Taken:
    return Taken(day, f"{session_name(series)} ({in_words(rule_of(series))})", series.id, series.site_id)


@dataclass(frozen=True, slots=True)
class Held:
    """What some clients have already, by client."""

    weekly: Mapping[int, Sequence["OwnSeries"]]
    #: Sessions to come that were moved, and make-ups.
    unusual: Mapping[int, Sequence[Occurrence]]
    commitments: Mapping[int, Sequence[Commitment]]


def held_by(client_ids: Collection[int], span: Span, *, ignore: Collection[int] = (), now: datetime) -> Held:
    """Return what each of these clients has within `span` besides the weekly sessions to `ignore`."""
    entries = (
        _to_come(now)
        .add_columns(RosterEntry.client_id)
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            RosterEntry.client_id.in_(client_ids),
            RosterEntry.released_at.is_(None),
            or_(Occurrence.edited, RosterEntry.source == RosterSource.MAKE_UP),
            Occurrence.series_id.not_in(list(ignore)),
        )
    )
    unusual: dict[int, list[Occurrence]] = {client_id: [] for client_id in client_ids}
    for occurrence, client_id in db.session.execute(entries):
        unusual[client_id].append(occurrence)
    weekly = {
        client_id: [own for own in attended if own.series.id not in ignore]
        for client_id, attended in own_series_of(client_ids, span).items()
    }
    return Held(weekly, unusual, commitments_of(client_ids))


def _taken_by(held: Held, client_id: int, rule: WeeklyRule, span: Span) -> Taken | None:
    """Return which of the client's own sessions has the time of `rule` within `span`; None when free."""
    for own in held.weekly[client_id]:
        shared = own.days.shared_with(span)
        day = first_overlap(rule, own.rule, shared) if shared else None
        if day is not None:
            return _says(own.series, day)
    return _dated(rule, span, held.unusual[client_id])


@dataclass(frozen=True, slots=True)
class OwnSeries:
    """A weekly session a client attends: a place in a group's, or a one-to-one."""

    series: Series
    days: Span
    week: WeekParity = WeekParity.EVERY

    @property
    def rule(self) -> WeeklyRule:
        """Return when the client attends it."""
        return replace(rule_of(self.series), week=self.week)


def own_series(client_id: int, span: Span) -> list[OwnSeries]:
    """Return the weekly sessions the client has a place in within `span`, groups first."""
    return own_series_of([client_id], span)[client_id]


def own_series_of(client_ids: Collection[int], span: Span) -> dict[int, list[OwnSeries]]:
    """Return the weekly sessions each client has a place in within `span`, groups first; each id is a key."""
    members = db.session.execute(
        select(Series, SeriesMember)
        .join(SeriesMember, SeriesMember.series_id == Series.id)
        .where(SeriesMember.client_id.in_(client_ids), _reaches(SeriesMember, span), _reaches(Series, span))
        .options(joinedload(Series.site), joinedload(Series.group))
        .order_by(Series.weekday, Series.local_start, Series.id)
    ).unique()
    own = db.session.scalars(
        select(Series)
        .where(Series.client_id.in_(client_ids), Series.kind == SeriesKind.INDIVIDUAL, _reaches(Series, span))
        .options(joinedload(Series.site))
        .order_by(Series.weekday, Series.local_start, Series.id)
    )
    found: dict[int, list[OwnSeries]] = {client_id: [] for client_id in client_ids}
    for series, member in members:
        days = Span(member.from_day, member.until_day)
        found[member.client_id].append(OwnSeries(series, days, WeekParity(member.week)))
    for series in own:
        if series.client_id is not None:
            found[series.client_id].append(OwnSeries(series, Span(series.from_day, series.until_day)))
    return found


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """A weekly session a client comes to, now or soon, as their page shows it to staff."""

    series_id: int
    #: What it is and when: `Relapse Prevention A, Mondays 9:00 am to 12:00 pm`.
    words: str
    #: None for a one-to-one.
    group_id: int | None
    first: date
    last: date | None
    #: The person who looks may change the weekly session itself.
    may_change: bool
    week: WeekParity = WeekParity.EVERY


def places_of(actor: Actor, client_id: int, *, today: date) -> tuple[OwnPlace, ...]:
    """Return the client's places and one-to-ones in force on `today` or coming, through the week.

    The caller has made sure that `actor` may see the client.
    """
    decides, edits = (
        holds(actor.role, one) for one in (Permission.PLACEMENT_DECIDE, Permission.PROGRAM_EDIT)
    )
    rows = own_series(client_id, Span(today, None))
    rows.sort(key=lambda row: (row.series.weekday, row.series.local_start, row.series.id, row.days.first))
    return tuple(
        OwnPlace(
            series_id=own.series.id,
            words=f"{session_name(own.series)}, {place_in_words(own, today)}",
            group_id=own.series.group_id,
            first=own.days.first,
            last=own.days.last,
            may_change=decides and (edits or own.series.group_id is None),
            week=own.week,
        )
        for own in rows
    )


def place_in_words(own: OwnSeries, day: date) -> str:
    """Return when a client attends, as a person would say it; of every other week, the next two are named.

    `Mondays 9:00 am to 12:00 pm, weeks of Nov 30, Dec 14…`
    """
    weeks = weeks_in_words(own.week, max(day, own.days.first))
    return in_words(rule_of(own.series)) + (f", {weeks}" if weeks else "")


def taken_places(series_id: int, *, besides: int | None = None) -> list[Place]:
    """Return every place ever taken in a weekly group session, `besides` those of a client."""
    rows = db.session.execute(
        select(SeriesMember.from_day, SeriesMember.until_day, SeriesMember.week).where(
            SeriesMember.series_id == series_id, SeriesMember.client_id != (besides or 0)
        )
    )
    return [Place(Span(first, last), WeekParity(week)) for first, last, week in rows]


def guests_of(series_id: int, *, now: datetime) -> dict[date, int]:
    """Return how many people make up a missed session at each upcoming date of a series."""
    rows = db.session.execute(
        select(Occurrence.local_day, func.count())
        .join(RosterEntry, RosterEntry.occurrence_id == Occurrence.id)
        .where(
            Occurrence.series_id == series_id,
            Occurrence.starts_at > now,
            Occurrence.status == OccurrenceStatus.PLANNED,
            RosterEntry.source == RosterSource.MAKE_UP,
            RosterEntry.released_at.is_(None),
        )
        .group_by(Occurrence.local_day)
        .order_by(Occurrence.local_day)
    )
    return {day: number for day, number in rows}  # noqa: C416 - a Row is not a pair to the type checker


def named(taken: Taken, actor: Actor) -> str:
    """Return what has the time, in words `actor` may read: other sites' groups stay unnamed."""
    return taken.what if taken.site_id in actor.site_ids else "a session at another site"


def leader_at(site: Site, leader_id: int) -> User:
    """Return the staff member who may lead at `site`.

    Raises:
        NotPossible: no such person works there.
    """
    leader = db.session.get(User, leader_id)
    if leader is None or leader.role is Role.CLIENT or site.id not in {one.id for one in leader.sites}:
        message = f"Choose a counselor who works at {site.name}."
        raise NotPossible(message, field="leader")
    if not leader.active:
        message = f"{leader.name} no longer works here. Choose another counselor."
        raise NotPossible(message, field="leader")
    return leader


def room_at(site: Site, room_id: int, *, seats: int) -> Room:
    """Return the room of `site` that holds `seats` people.

    Raises:
        NotPossible: no such room there, or it is too small.
    """
    room = db.session.get(Room, room_id)
    if room is None or room.site_id != site.id:
        message = f"Choose a room at {site.name}."
        raise NotPossible(message, field="room")
    if room.seats < seats:
        message = f"{room.name} has {room.seats} seats; this needs {seats}. Choose a larger room."
        raise NotPossible(message, field="room")
    return room


def check_free(
    rule: WeeklyRule,
    *,
    actor: Actor,
    leader: User,
    room: Room | None,
    ignore: Collection[int] = (),
    now: datetime,
) -> None:
    """Refuse a weekly session whose counselor or room is already taken.

    Raises:
        TimeTaken: names what has the time, and from when.
    """
    span = Span(rule.from_day, rule.until_day)
    led = leader_taken(leader.id, rule, span, ignore=ignore, now=now)
    if led is not None:
        message = f"{leader.name} already leads {named(led, actor)} then, first on {_day(led.day)}."
        raise TimeTaken(message + " Choose another time or counselor.", field="leader")
    held = room_taken(room.id, rule, span, ignore=ignore, now=now) if room else None
    if room is not None and held is not None:
        message = f"{room.name} is taken by {named(held, actor)} then, first on {_day(held.day)}."
        raise TimeTaken(message + " Choose another time or room.", field="room")


def check_client_can_come(
    client: Client,
    rule: WeeklyRule,
    span: Span,
    *,
    modality: str,
    ignore: Collection[int] = (),
    now: datetime,
) -> None:
    """Refuse a weekly session that the client's own sessions or hard commitments do not allow.

    Raises:
        TimeTaken: another of their sessions has the time.
        CommitmentClash: names the commitment.
    """
    check_free_of(held_by([client.id], span, ignore=ignore, now=now), client, rule, span, modality=modality)


def check_free_of(held: Held, client: Client, rule: WeeklyRule, span: Span, *, modality: str) -> None:
    """Refuse a weekly session that what a client has already does not allow; as `check_client_can_come`."""
    own = _taken_by(held, client.id, rule, span)
    if own is not None:
        message = f"{client.called} already has {own.what} then, first on {_day(own.day)}."
        raise TimeTaken(message + " Choose another session.", field="client")
    commitments = held.commitments[client.id]
    for clash in weekly_clashes(commitments, rule, span, travel_minutes=trip(client, modality)):
        message = f"{client.called} cannot come then: {commitment_in_words(clash.commitment)}."
        raise CommitmentClash(message, field="client", commitment_id=clash.commitment.id)


def check_weeks(series: Series, week: WeekParity, span: Span) -> None:
    """Refuse a place of every other week where the program plans every week alike, or nothing meets then.

    Raises:
        BadSeries: says which.
    """
    if week is WeekParity.EVERY:
        return
    if not series.program.alternating_weeks:
        message = f"{series.program.name} plans every week alike. Choose a plan for every week."
        raise BadSeries(message, field="series")
    if replace(rule_of(series), week=week).next_day(span.first) is None:
        message = f"{session_name(series)} does not meet in these weeks. Choose others."
        raise BadSeries(message, field="series")


def _day(day: date) -> str:
    return f"{day:%b} {day.day}"
