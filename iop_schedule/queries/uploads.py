"""Calendars and lists of shifts whose times a client's week holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.adapters.ical_upload import UploadWindow
from iop_schedule.adapters.ical_upload.lines import Difference, difference
from iop_schedule.domain.availability import Commitment
from iop_schedule.domain.civil_time import local, local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotFound
from iop_schedule.models import Client, CommitmentUpload, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.availability import commitment_of, is_over
from iop_schedule.vocabulary import ConstraintKind, Role, UploadSource

#: How far ahead a calendar is read: the horizon of sessions, and some more.
READ_AHEAD = timedelta(weeks=26)


@dataclass(frozen=True, slots=True)
class UploadLine:
    """One upload whose times hold; `made` is on the site's wall clock."""

    id: int
    kind: ConstraintKind
    source: UploadSource
    made: datetime
    until_day: date
    #: Entries of the client's week that came from it.
    entries: int


def standing_uploads(actor: Actor, client_id: int, *, now: datetime) -> list[UploadLine]:
    """Return the uploads whose times the client's week holds, newest first.

    Raises:
        NotFound, NotAllowed: not this person's to see.
    """
    client = _client(actor, client_id, now)
    tz = zone(client.site.zone)
    today = local_day(now, tz)
    return [
        UploadLine(
            id=row.id,
            kind=ConstraintKind(row.kind),
            source=UploadSource(row.source),
            made=local(row.created_at, tz),
            until_day=row.until_day,
            entries=len(_holding(row, today)),
        )
        for row in _standing(client.id)
    ]


def upload_window(actor: Actor, client_id: int, *, all_day_is_busy: bool, now: datetime) -> UploadWindow:
    """Return the dates for which a calendar of the client is read: today and half a year."""
    client = _client(actor, client_id, now)
    today = local_day(now, zone(client.site.zone))
    last = today + READ_AHEAD - timedelta(days=1)
    return UploadWindow(client.site.zone, today, last, all_day_is_busy=all_day_is_busy)


def upload_difference(
    actor: Actor,
    client_id: int,
    upload_id: int | None,
    commitments: Sequence[Commitment],
    window: UploadWindow,
    *,
    now: datetime,
) -> Difference | None:
    """Return what changes when `commitments` take the place of an upload; None when they replace none.

    Raises:
        NotFound, NotAllowed: not this person's to see, or replaced or removed already.
    """
    client = _client(actor, client_id, now)
    if upload_id is None:
        return None
    upload = standing_upload(client.id, upload_id)
    if upload is None:
        raise NotFound
    return difference(_holding(upload, window.first_day), commitments, window)


def standing_upload(client_id: int, upload_id: int) -> CommitmentUpload | None:
    """Return one of a client's uploads that has not been replaced or removed; after `access_client`."""
    upload = db.session.get(CommitmentUpload, upload_id)
    is_theirs = upload is not None and upload.client_id == client_id and upload.ended_at is None
    return upload if is_theirs else None


def _client(actor: Actor, client_id: int, now: datetime) -> Client:
    permission = Permission.OWN_TIMES if actor.role is Role.CLIENT else Permission.CONSTRAINTS_EDIT
    return access_client(actor, client_id, permission, now=now)


def _standing(client_id: int) -> Sequence[CommitmentUpload]:
    return db.session.scalars(
        select(CommitmentUpload)
        .where(CommitmentUpload.client_id == client_id, CommitmentUpload.ended_at.is_(None))
        .order_by(CommitmentUpload.id.desc())
    ).all()


def _holding(upload: CommitmentUpload, today: date) -> list[Commitment]:
    held = [commitment_of(row) for row in upload.commitments if row.withdrawn_at is None]
    return [one for one in held if not is_over(one, today)]
