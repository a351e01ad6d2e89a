"""Rows that settle who comes first, locked in one order everywhere: site, then people, then rooms.

On SQLite the immediate transaction already lets one writer in at a time; there these cost a SELECT.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from iop_schedule.domain.series import SeatsTaken, TimeTaken
from iop_schedule.errors import DomainError
from iop_schedule.models import Client, Site, User, db


def lock_schedule(site_id: int, *, leader_ids: Iterable[int] = ()) -> None:
    """Make every other change of this site's schedule wait until this transaction ends.

    Seats, rooms and clients belong to one site and are settled by its row. A counselor may work at
    several, so theirs is locked too. Rows that only refer to the site are not held up.
    What was read before may have changed while waiting, so it is read again.
    """
    db.session.flush()
    lock = select(Site.id).where(Site.id == site_id).with_for_update(key_share=True)
    db.session.execute(lock)
    people = sorted(set(leader_ids))
    if people:
        statement = select(User.id).where(User.id.in_(people)).order_by(User.id)
        db.session.execute(statement.with_for_update(key_share=True))
    db.session.expire_all()


def lock_client(client_id: int) -> None:
    """Make every other change of this client's times and episodes wait until this transaction ends.

    What was read before may have changed while waiting, so it is read again.
    """
    db.session.flush()
    db.session.execute(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True))
    db.session.expire_all()


def is_double_booking(error: IntegrityError) -> bool:
    """Return True when the database refused to book a counselor, a room, a client or a seat twice."""
    return booked_meanwhile(error) is not None


def booked_meanwhile(error: IntegrityError) -> DomainError | None:
    """Return what to tell someone whose booking the database refused; None for any other refusal.

    Actions look before they book and name what is in the way. This is for the moment in between.
    """
    words = str(error.orig)
    if "seat taken" in words:
        return SeatsTaken("The last seat was taken a moment ago. Choose another session.")
    if "double booked" in words or "ex_occurrence_" in words:
        return TimeTaken("That time was booked a moment ago. Load the page again and choose another.")
    return None
