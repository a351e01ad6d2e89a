"""What clients' weeks hold, and which upcoming sessions do not fit them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.orm import contains_eager, joinedload

from iop_schedule.domain.availability import Clash, Commitment, DatedSlot, clashes, in_words
from iop_schedule.domain.civil_time import local, minutes_of_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, ClientConstraint, Group, Occurrence, RosterEntry, Series, db
from iop_schedule.queries.access import Actor, access_client, visible_clients
from iop_schedule.vocabulary import (
    ConstraintKind,
    Modality,
    OccurrenceStatus,
    Role,
    SeriesKind,
    Weekday,
    WeekParity,
)

#: How far ahead sessions are compared with commitments.
LOOKS_AHEAD = timedelta(weeks=12)


def commitment_of(row: ClientConstraint) -> Commitment:
    """Return a stored commitment as the value the rules take."""
    return Commitment(
        id=row.id,
        kind=ConstraintKind(row.kind),
        label=row.label,
        weekday=None if row.weekday is None else Weekday(row.weekday),
        day=row.day,
        local_start=row.local_start,
        local_end=row.local_end,
        ends_next_day=row.ends_next_day,
        week=WeekParity(row.week),
        anchor_day=row.anchor_day,
        from_day=row.from_day,
        until_day=row.until_day,
        exceptions=frozenset(exception.day for exception in row.exceptions),
        hard=row.hard,
        travel_before=row.travel_before,
        travel_after=row.travel_after,
    )


def commitments_of(client_ids: Iterable[int]) -> dict[int, list[Commitment]]:
    """Return what each client's week holds, ended ones included, withdrawn ones not; every id is a key."""
    wanted = list(client_ids)
    found: dict[int, list[Commitment]] = {client_id: [] for client_id in wanted}
    statement = (
        select(ClientConstraint)
        .where(ClientConstraint.client_id.in_(wanted), ClientConstraint.withdrawn_at.is_(None))
        .order_by(
            ClientConstraint.weekday, ClientConstraint.day, ClientConstraint.local_start, ClientConstraint.id
        )
    )
    for row in db.session.scalars(statement):
        found[row.client_id].append(commitment_of(row))
    return found


def times_of(actor: Actor, client_id: int, *, now: datetime) -> list[Commitment]:
    """Return the commitments in force today or later that `actor` may see with their reasons.

    Raises:
        NotFound: not this person's to see; counselors see only that a client is busy, not why.
    """
    permission = Permission.OWN_TIMES if actor.role is Role.CLIENT else Permission.CONSTRAINTS_EDIT
    client = access_client(actor, client_id, permission, now=now)
    today = local(now, zone(client.site.zone)).date()
    return [one for one in commitments_of([client.id])[client.id] if not is_over(one, today)]


@dataclass(frozen=True, slots=True)
class TimesView:
    """A client's times as their page shows them."""

    name: str
    commitments: list[Commitment]
    #: Upcoming sessions that do not fit a hard one.
    clashes: "list[OpenClash]"


def times_for(actor: Actor, client_id: int, *, now: datetime) -> TimesView:
    """Return what stands on the page of a client's times; raises as `times_of`."""
    commitments = times_of(actor, client_id, now=now)
    client = db.session.get_one(Client, client_id)
    return TimesView(client.short_name, commitments, clashes_of(client_id, now=now))


def is_over(commitment: Commitment, today: date) -> bool:
    """Return True when the commitment takes no time from `today` on."""
    last = commitment.day or commitment.until_day
    return last is not None and last < today - timedelta(days=1 if commitment.ends_next_day else 0)


def slot_of(occurrence: Occurrence, client: Client, tz: ZoneInfo) -> DatedSlot:
    """Return a dated session as the availability rules see it for one client."""
    starts = local(occurrence.starts_at, tz)
    start = minutes_of_day(starts.time())
    minutes = int((occurrence.ends_at - occurrence.starts_at).total_seconds()) // 60
    return DatedSlot(
        day=starts.date(),
        start_minute=start,
        end_minute=start + minutes,
        travel_minutes=trip(client, occurrence.series.modality),
        key=occurrence.id,
    )


def trip(client: Client, modality: str) -> int:
    """Return the client's minutes to a session, one way; none for telehealth."""
    return client.travel_minutes if modality == Modality.IN_PERSON else 0


@dataclass(frozen=True, slots=True)
class OpenClash:
    """An upcoming session that does not fit a hard commitment of someone expected at it."""

    client_id: int
    client_name: str
    series_id: int
    session_name: str
    #: The first such session, and how many there are within the next weeks.
    occurrence_id: int
    first_day: date
    start: time
    end: time
    times: int
    commitment_id: int
    commitment: str


def open_clashes(
    actor: Actor, *, now: datetime, client_ids: Collection[int] | None = None
) -> list[OpenClash]:
    """Return what does not fit any more for the clients `actor` may see, the soonest first.

    Derived from sessions and commitments at each call: what has been moved or ended is gone by itself.
    One row for each client, weekly session and commitment. Holds reasons, so counselors get none.
    """
    actor.require(Permission.CLIENT_EDIT)
    seen = visible_clients(actor, now=now).with_only_columns(Client.id).order_by(None)
    if client_ids is not None:
        seen = seen.where(Client.id.in_(list(client_ids)))
    return _open(_upcoming(seen, now=now))


def clashes_of(client_id: int, *, now: datetime) -> list[OpenClash]:
    """Return the upcoming sessions of one client that do not fit their hard commitments.

    For callers that have been through `access_client`.
    """
    return _open(_upcoming(select(Client.id).where(Client.id == client_id), now=now))


def _upcoming(client_ids: Select[int], *, now: datetime) -> Sequence[RosterEntry]:
    statement = (
        select(RosterEntry)
        .join(RosterEntry.occurrence)
        .join(Occurrence.series)
        .where(
            RosterEntry.client_id.in_(client_ids),
            RosterEntry.released_at.is_(None),
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.starts_at > now,
            Occurrence.starts_at <= now + LOOKS_AHEAD,
        )
        .options(
            contains_eager(RosterEntry.occurrence).contains_eager(Occurrence.series).joinedload(Series.group),
            contains_eager(RosterEntry.occurrence).joinedload(Occurrence.site),
            joinedload(RosterEntry.client),
        )
        .order_by(Occurrence.starts_at, RosterEntry.id)
    )
    return db.session.scalars(statement).unique().all()


def _open(entries: Sequence[RosterEntry]) -> list[OpenClash]:
    held = commitments_of({entry.client_id for entry in entries})
    grouped: dict[tuple[int, int, int], list[tuple[RosterEntry, Clash]]] = defaultdict(list)
    for entry in entries:
        hard = [one for one in held[entry.client_id] if one.hard]
        if not hard:
            continue
        occurrence = entry.occurrence
        slot = slot_of(occurrence, entry.client, zone(occurrence.site.zone))
        for clash in clashes(hard, [slot]):
            key = (entry.client_id, occurrence.series_id, clash.commitment.id or 0)
            grouped[key].append((entry, clash))
    return [_row(found) for found in grouped.values()]


def _row(found: Sequence[tuple[RosterEntry, Clash]]) -> OpenClash:
    entry, clash = found[0]
    occurrence = entry.occurrence
    tz = zone(occurrence.site.zone)
    return OpenClash(
        client_id=entry.client_id,
        client_name=entry.client.short_name,
        series_id=occurrence.series_id,
        session_name=session_name(occurrence.series),
        occurrence_id=occurrence.id,
        first_day=occurrence.local_day,
        start=local(occurrence.starts_at, tz).time(),
        end=local(occurrence.ends_at, tz).time(),
        times=len(found),
        commitment_id=clash.commitment.id or 0,
        commitment=in_words(clash.commitment),
    )


def session_name(series: Series) -> str:
    """Return what staff call a weekly session, without a client's name."""
    group: Group | None = series.group
    if group is not None:
        return group.name
    return "One-to-one" if series.kind == SeriesKind.INDIVIDUAL else "Session"
