"""Who is expected at one or all sessions of a day, as a sheet of paper lists them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from iop_schedule.domain import civil_time
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, Occurrence, RosterEntry, Series, db
from iop_schedule.queries.access import Actor, access_occurrence, leads, sees_occurrence
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.names import names_apart
from iop_schedule.queries.session_lines import place_words
from iop_schedule.vocabulary import OccurrenceStatus


@dataclass(frozen=True, slots=True)
class SignInSheet:
    """One session's sheet: preferred names and last initials; times on the site's wall clock."""

    occurrence_id: int
    #: A group's name; of a one-to-one never the client's, whose name stands on the list alone.
    title: str
    starts: datetime
    ends: datetime
    room: str
    site: str
    names: tuple[str, ...]
    client_ids: tuple[int, ...]


def sheet_to_sign(actor: Actor, occurrence_id: int, *, now: datetime) -> SignInSheet:
    """Return the sign-in sheet of one session.

    Raises:
        NotFound: the session is not this person's to see.
    """
    occurrence = access_occurrence(actor, occurrence_id, Permission.ATTENDANCE_RECORD, now=now)
    (sheet,) = _sheets([occurrence])
    return sheet


def sheets_of_day(actor: Actor, *, day: date, now: datetime) -> list[SignInSheet]:
    """Return the sign-in sheets of the sessions `actor` leads on `day`, canceled ones left out."""
    actor.require(Permission.ATTENDANCE_RECORD)
    statement: Select[Any] = (
        select(Occurrence)
        .where(
            sees_occurrence(actor, now=now),
            leads(actor),
            Occurrence.local_day == day,
            Occurrence.status == OccurrenceStatus.PLANNED,
        )
        .order_by(Occurrence.starts_at, Occurrence.id)
        .options(
            joinedload(Occurrence.site),
            joinedload(Occurrence.room),
            joinedload(Occurrence.series).joinedload(Series.group),
        )
    )
    return _sheets(list(db.session.scalars(statement)))


def _sheets(occurrences: list[Occurrence]) -> list[SignInSheet]:
    rows = db.session.execute(
        select(RosterEntry.occurrence_id, Client)
        .join(Client, Client.id == RosterEntry.client_id)
        .where(
            RosterEntry.occurrence_id.in_([one.id for one in occurrences]), RosterEntry.released_at.is_(None)
        )
    )
    people: dict[int, list[Client]] = defaultdict(list)
    for occurrence_id, client in rows:
        people[occurrence_id].append(client)
    return [_sheet(one, people[one.id]) for one in occurrences]


def _sheet(occurrence: Occurrence, people: list[Client]) -> SignInSheet:
    tz = civil_time.zone(occurrence.site.zone)
    series = occurrence.series
    names = names_apart(people)
    return SignInSheet(
        occurrence_id=occurrence.id,
        title=session_name(series),
        starts=occurrence.starts_at.astimezone(tz),
        ends=occurrence.ends_at.astimezone(tz),
        room=place_words(occurrence.room, series.modality),
        site=occurrence.site.name,
        names=tuple(sorted(names.values(), key=str.casefold)),
        client_ids=tuple(sorted(names)),
    )
