"""What clients' weeks hold, and which upcoming sessions do not fit them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, select

from iop_schedule.domain.availability import Clash, Commitment, DatedSlot, clashes, in_words
from iop_schedule.domain.civil_time import local, minutes_of_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, ClientConstraint, Group, Occurrence, RosterEntry, Series, Site, db
from iop_schedule.queries.access import Actor, access_client, visible_clients
from iop_schedule.vocabulary import (
    ConstraintKind,
    Modality,
    OccurrenceStatus,
    Role,
    ServiceType,
    Weekday,
    WeekParity,
)

#: How far ahead sessions are compared with commitments.
LOOKS_AHEAD = timedelta(weeks=12)
ONE_TO_ONE, FAMILY_SESSION = "One-to-one", "Family session"


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
        negotiable=row.negotiable,
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
            ClientConstraint.weekday.nulls_last(),
            ClientConstraint.day,
            ClientConstraint.local_start,
            ClientConstraint.id,
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
    return clashes_of_all([client_id], now=now)


def clashes_of_all(client_ids: Collection[int], *, now: datetime) -> list[OpenClash]:
    """Return the upcoming sessions of these clients that do not fit their hard commitments.

    For callers that have been through `queries/access.py`.
    """
    return _open(_upcoming(select(Client.id).where(Client.id.in_(list(client_ids))), now=now))


def _upcoming(client_ids: Select[int], *, now: datetime) -> list[Any]:
    """Return what clients with hard commitments have before them: rows of columns, there are many of them."""
    held = select(ClientConstraint.client_id).where(
        ClientConstraint.hard.is_(True), ClientConstraint.withdrawn_at.is_(None)
    )
    statement = (
        select(
            RosterEntry.client_id,
            Occurrence.id,
            Occurrence.series_id,
            Occurrence.local_day,
            Occurrence.starts_at,
            Occurrence.ends_at,
            Series.modality,
            Group.name.label("group_name"),
            Site.zone,
        )
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .join(Series, Series.id == Occurrence.series_id)
        .join(Site, Site.id == Occurrence.site_id)
        .outerjoin(Group, Group.id == Series.group_id)
        .where(
            RosterEntry.client_id.in_(client_ids),
            RosterEntry.client_id.in_(held),
            RosterEntry.released_at.is_(None),
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.starts_at > now,
            Occurrence.starts_at <= now + LOOKS_AHEAD,
        )
        .order_by(Occurrence.starts_at, RosterEntry.id)
    )
    return list(db.session.execute(statement))


def _open(upcoming: Sequence[Any]) -> list[OpenClash]:
    people = {row.client_id for row in upcoming}
    held = {one: [c for c in all_ if c.hard] for one, all_ in commitments_of(people).items()}
    clients = {row.id: row for row in db.session.scalars(select(Client).where(Client.id.in_(people)))}
    local_times: dict[int, tuple[datetime, datetime]] = {}
    grouped: dict[tuple[int, int, int], list[tuple[Any, Clash]]] = defaultdict(list)
    for row in upcoming:
        if not held[row.client_id]:
            continue
        if row.id not in local_times:
            tz = zone(row.zone)
            local_times[row.id] = (local(row.starts_at, tz), local(row.ends_at, tz))
        slot = _slot(row, local_times[row.id][0], trip(clients[row.client_id], row.modality))
        for clash in clashes(held[row.client_id], [slot]):
            grouped[row.client_id, row.series_id, clash.commitment.id or 0].append((row, clash))
    return [_row(found, clients, local_times) for found in grouped.values()]


def _slot(row: Any, starts: datetime, travel_minutes: int) -> DatedSlot:
    start = minutes_of_day(starts.time())
    end = start + int((row.ends_at - row.starts_at).total_seconds()) // 60
    return DatedSlot(starts.date(), start, end, travel_minutes, key=row.id)


def _row(
    found: Sequence[tuple[Any, Clash]],
    clients: Mapping[int, Client],
    local_times: Mapping[int, tuple[datetime, datetime]],
) -> OpenClash:
    row, clash = found[0]
    starts, ends = local_times[row.id]
    return OpenClash(
        client_id=row.client_id,
        client_name=clients[row.client_id].short_name,
        series_id=row.series_id,
        session_name=row.group_name or ONE_TO_ONE,
        occurrence_id=row.id,
        first_day=row.local_day,
        start=starts.time(),
        end=ends.time(),
        times=len(found),
        commitment_id=clash.commitment.id or 0,
        commitment=in_words(clash.commitment),
    )


def session_name(series: Series) -> str:
    """Return what staff call a weekly session, without a client's name."""
    group: Group | None = series.group
    if group is not None:
        return group.name
    return FAMILY_SESSION if series.service_type == ServiceType.FAMILY else ONE_TO_ONE
