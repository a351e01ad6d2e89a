"""Who is at a site: clients and staff, and everything a page about one of them shows."""

from dataclasses import dataclass

from iop_schedule.models import User, db
from iop_schedule.queries.access import Actor


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What a person sees of their own login."""

    name: str
    email: str


def own_login(actor: Actor) -> User:
    """Return the login of the person who asks."""
    return db.session.get_one(User, actor.user_id)


def own_account(actor: Actor) -> OwnAccount:
    """Return what the person's own account page shows."""
    return OwnAccount(actor.name, own_login(actor).email)
