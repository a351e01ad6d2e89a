"""What a change would do, worked out with the same checks and without doing it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from iop_schedule.actions.occurrences import Move, check_move
from iop_schedule.actions.programs import check_closure
from iop_schedule.actions.series import Meeting, one_move, plan_change
from iop_schedule.domain import placement as rules
from iop_schedule.domain.availability import DatedSlot, clashes
from iop_schedule.domain.availability import in_words as commitment_in_words
from iop_schedule.domain.civil_time import local_day, minutes_of_day, zone
from iop_schedule.domain.occurrences import Closed
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import CommitmentClash, Place, Scope, Span, TimeTaken, WeeklyRule
from iop_schedule.errors import NotFound
from iop_schedule.models import Client, Occurrence, RosterEntry, Series, SeriesMember, db
from iop_schedule.queries.access import (
    Actor,
    access_occurrence,
    access_program,
    access_series,
    access_site,
)
from iop_schedule.queries.availability import commitments_of, session_name, trip
from iop_schedule.queries.legal_places import Touched, no_longer_legal
from iop_schedule.queries.occurrences import clients_busy, expected_at
from iop_schedule.queries.series import Held, check_free_of, held_by, in_words, rule_of
from iop_schedule.vocabulary import OccurrenceStatus, SeriesKind, WeekParity


@dataclass(frozen=True, slots=True)
class CannotCome:
    """Someone who has a place and could not come any more, and why."""

    client_id: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a change would do."""

    #: The first day on which it shows.
    first_day: date
    was: str
    becomes: str
    #: How many dated sessions change.
    sessions: int
    people: int
    cannot_come: tuple[CannotCome, ...]
    #: Who could come, with a week that would break another rule.
    no_longer_right: tuple[CannotCome, ...] = ()


def preview_change(
    *, actor: Actor, series_id: int, scope: Scope, day: date | None, meeting: Meeting, now: datetime
) -> Consequences:
    """Return what `change_series` would do; raises as it does."""
    series = access_series(actor, series_id, Permission.PLACEMENT_DECIDE, now=now)
    if series.kind == SeriesKind.GROUP:
        actor.require(Permission.PROGRAM_EDIT)
    if scope is Scope.THIS:
        occurrence_id, move = one_move(series, day, meeting, "")
        return preview_move(actor=actor, occurrence_id=occurrence_id, move=move, now=now)
    planned = plan_change(actor, series, scope=scope, day=day, meeting=meeting, now=now)
    rule = planned.split.successor
    holders = _holders(series, planned.cut)
    sessions = db.session.scalar(
        select(func.count(Occurrence.id)).where(
            Occurrence.series_id == series.id,
            Occurrence.original_day >= planned.cut,
            Occurrence.starts_at > now,
            Occurrence.status == OccurrenceStatus.PLANNED,
        )
    )
    first = rule.next_day(rule.from_day) or rule.from_day
    cannot_come, no_longer_right = _in_the_way(series, rule, holders, planned.cut, now)
    return Consequences(
        first_day=first,
        was=in_words(rule_of(series)),
        becomes=in_words(rule),
        sessions=sessions or 0,
        people=len(holders),
        cannot_come=cannot_come,
        no_longer_right=no_longer_right,
    )


def _holders(series: Series, day: date) -> list[tuple[Client, list[Place]]]:
    """Return who has places on `day` or later, by name, each with these places in order."""
    if series.client is not None:
        return [(series.client, [Place(Span(series.from_day, series.until_day))])]
    statement = select(SeriesMember).where(
        SeriesMember.series_id == series.id,
        (SeriesMember.until_day.is_(None)) | (SeriesMember.until_day >= day),
    )
    found: dict[Client, list[Place]] = {}
    in_order = statement.order_by(SeriesMember.from_day, SeriesMember.id)
    for row in db.session.scalars(in_order.options(joinedload(SeriesMember.client))):
        found.setdefault(row.client, []).append(
            Place(Span(row.from_day, row.until_day), WeekParity(row.week))
        )
    return sorted(found.items(), key=lambda pair: (pair[0].short_name, pair[0].id))


def _in_the_way(
    series: Series,
    rule: WeeklyRule,
    holders: Sequence[tuple[Client, Sequence[Place]]],
    cut: date,
    now: datetime,
) -> tuple[tuple[CannotCome, ...], tuple[CannotCome, ...]]:
    """Return who could not come at another time, and who could, with a week that would break another rule."""

    def becoming(group: rules.Group) -> rules.Group:
        start = minutes_of_day(rule.local_start)
        return rules.with_meeting_moved(
            group,
            str(series.id),
            weekday=rule.weekday,
            start=start,
            end=start + rule.duration_minutes,
            break_minutes=rule.break_minutes,
        )

    days = Span(rule.from_day, rule.until_day)
    concerned = [
        (client, place, shared)
        for client, places in holders
        for place in places
        if (shared := place.days.shared_with(days))
    ]
    held = held_by([client.id for client, _ in holders], days, ignore=[series.id], now=now)
    touched = [
        Touched(client, [series.id], Span(max(cut, place.days.first), place.days.last))
        for client, place, _ in concerned
    ]
    busy: dict[Client, dict[str, None]] = defaultdict(dict)
    wrong: dict[Client, dict[str, None]] = defaultdict(dict)
    broken = no_longer_legal(touched, becoming=becoming)
    for (client, place, shared), whys in zip(concerned, broken, strict=True):
        wrong[client] |= dict.fromkeys(whys)
        if said := _busy_then(held, series, replace(rule, week=place.week), client, shared):
            busy[client][said] = None
    said_of = [
        CannotCome(client.id, client.short_name, " ".join([*busy[client], *wrong[client]]))
        for client, _ in holders
    ]
    cannot = tuple(one for one, (client, _) in zip(said_of, holders, strict=True) if busy[client])
    return cannot, tuple(one for one in said_of if one.why and one not in cannot)


def _busy_then(held: Held, series: Series, rule: WeeklyRule, client: Client, span: Span) -> str:
    """Return what else a client has at another time of a weekly session; nothing when they are free."""
    try:
        check_free_of(held, client, rule, span, modality=series.modality)
    except (TimeTaken, CommitmentClash) as refused:
        why = refused.message.removeprefix(f"{client.called} ").removeprefix("cannot come then: ")
        return why.removesuffix(" Choose another session.")
    return ""


def preview_move(*, actor: Actor, occurrence_id: int, move: Move, now: datetime) -> Consequences:
    """Return what `move_occurrence` would do; raises as it does."""
    occurrence = access_occurrence(actor, occurrence_id, Permission.PLACEMENT_DECIDE, now=now)
    if occurrence.series.kind == SeriesKind.GROUP:
        actor.require(Permission.PROGRAM_EDIT)
    when = check_move(actor, occurrence, move, now=now)
    tz = zone(occurrence.site.zone)
    people = [entry.client for entry in expected_at(occurrence.id)]
    held = commitments_of(client.id for client in people)
    busy = clients_busy([client.id for client in people], when.start, when.end, ignore=[occurrence.id])
    start = minutes_of_day(move.start)
    cannot = []
    for client in people:
        slot = DatedSlot(
            move.day, start, start + move.duration_minutes, trip(client, occurrence.series.modality)
        )
        whys = [
            commitment_in_words(clash.commitment)
            for clash in clashes(held[client.id], [slot])
            if clash.commitment.hard
        ]
        if client.id in busy:
            whys.insert(0, f"has {busy[client.id].what} then")
        if whys:
            cannot.append(CannotCome(client.id, client.short_name, "; ".join(whys)))
    return Consequences(
        first_day=move.day,
        was=_when(occurrence.starts_at.astimezone(tz)),
        becomes=_when(when.start.astimezone(tz)),
        sessions=1,
        people=len(people),
        cannot_come=tuple(cannot),
    )


def _when(at: datetime) -> str:
    clock = f"{at.hour % 12 or 12}:{at.minute:02} {'am' if at.hour < 12 else 'pm'}"  # noqa: PLR2004
    return f"{at:%a}, {at:%b} {at.day}, {clock}"


@dataclass(frozen=True, slots=True)
class ClosurePreview:
    """What a closure would cancel."""

    #: Each session as `Relapse Prevention B, Mon, Mar 9, 9:00 am`.
    sessions: tuple[str, ...]
    people: int


def preview_closure(
    *, actor: Actor, site_id: int, program_id: int | None, closed: Closed, now: datetime
) -> ClosurePreview:
    """Return what `add_closure` would cancel; raises as it does."""
    site = access_site(actor, site_id, Permission.PROGRAM_EDIT)
    if (
        program_id is not None
        and access_program(actor, program_id, Permission.PROGRAM_EDIT).site_id != site.id
    ):
        raise NotFound
    check_closure(closed, today=local_day(now, zone(site.zone)))
    touched = select(Occurrence).join(Occurrence.series).where(
        Occurrence.site_id == site.id,
        Occurrence.local_day.between(closed.from_day, closed.until_day),
        Occurrence.starts_at > now,
        Occurrence.status == OccurrenceStatus.PLANNED,
    )  # fmt: skip
    if program_id is not None:
        touched = touched.where(Series.program_id == program_id)
    rows = list(db.session.scalars(touched.order_by(Occurrence.starts_at, Occurrence.id)))
    people = db.session.scalar(
        select(func.count(RosterEntry.client_id.distinct())).where(
            RosterEntry.occurrence_id.in_([row.id for row in rows]), RosterEntry.released_at.is_(None)
        )
    )
    tz = zone(site.zone)
    said = (f"{session_name(row.series)}, {_when(row.starts_at.astimezone(tz))}" for row in rows)
    return ClosurePreview(sessions=tuple(said), people=people or 0)
