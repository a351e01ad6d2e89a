"""Calendars of the invented clinic: links that are read, and shifts that came from a file."""

from datetime import datetime, timedelta

from sqlalchemy import select

from iop_schedule.adapters import tokens
from iop_schedule.models import (
    CalendarFeed,
    CalendarLink,
    Client,
    ClientConstraint,
    CommitmentUpload,
    InvitationWish,
    db,
)
from iop_schedule.vocabulary import ConstraintKind, FeedReader, UploadSource

#: Every so manieth client has linked a calendar, and every so manieth has shifts from a file.
LINKED, UPLOADED = 3, 4
READ_FOR = timedelta(weeks=20)


def add_calendars(*, now: datetime) -> None:
    """Give some clients a calendar link that was read today, and an upload behind their shifts.

    Nobody knows the links: their random part is thrown away. One client gets invitations by e-mail.
    """
    clients = db.session.scalars(select(Client).where(Client.user_id.is_not(None)).order_by(Client.id)).all()
    for number, client in enumerate(clients):
        if number % LINKED == 0:
            _link(client, number, now)
        if number % UPLOADED == 0:
            _upload(client, now)
    db.session.add(InvitationWish(client_id=clients[1].id, on=True, changed_at=now - timedelta(days=9)))
    db.session.commit()


def _link(client: Client, number: int, now: datetime) -> None:
    made = now - timedelta(days=12 + number)
    reader = (FeedReader.IPHONE, FeedReader.GOOGLE)[number % 2]
    label = "My phone" if reader is FeedReader.IPHONE else "Google Calendar"
    feed = CalendarFeed(client=client, label=label, created_at=made, changed_at=made)
    link = CalendarLink(
        feed=feed,
        token_hash=tokens.token_hash(tokens.new_token()),
        created_at=made,
        last_read_at=now - timedelta(minutes=14 + 7 * number),
        last_reader=reader,
    )
    db.session.add_all([feed, link])


def _upload(client: Client, now: datetime) -> None:
    shifts = db.session.scalars(
        select(ClientConstraint).where(
            ClientConstraint.client_id == client.id, ClientConstraint.kind == ConstraintKind.WORK
        )
    ).all()
    if shifts:
        db.session.add(
            CommitmentUpload(
                client=client,
                kind=ConstraintKind.WORK,
                source=UploadSource.CALENDAR,
                until_day=(now + READ_FOR).date(),
                created_at=now - timedelta(days=30),
                created_by_id=client.user_id,
                commitments=list(shifts),
            )
        )
