"""What forms let one choose from: sites, rooms, programs and who leads sessions."""

from dataclasses import dataclass

from sqlalchemy import Select, select

from iop_schedule.errors import NotFound
from iop_schedule.models import Program, Room, Site, User, db
from iop_schedule.models.people import user_site
from iop_schedule.queries.access import Actor
from iop_schedule.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list to choose from."""

    id: int
    name: str


def site_of(actor: Actor, site_id: int | None = None) -> Site:
    """Return the asked site of `actor`, or their first by name."""
    statement = select(Site).where(Site.id.in_(actor.site_ids)).order_by(Site.name, Site.id)
    if site_id is not None:
        statement = statement.where(Site.id == site_id)
    site = db.session.scalars(statement.limit(1)).first()
    if site is None or actor.role is Role.CLIENT:
        raise NotFound
    return site


def sites_of(actor: Actor) -> list[Choice]:
    """Return the sites `actor` works at, by name."""
    return choices_of(select(Site).where(Site.id.in_(actor.site_ids)).order_by(Site.name, Site.id))


def rooms_of(site_id: int) -> list[Choice]:
    """Return the rooms of a site, by name."""
    return choices_of(select(Room).where(Room.site_id == site_id).order_by(Room.name, Room.id))


def programs_of(actor: Actor) -> list[Choice]:
    """Return the programs of the actor's sites, by name."""
    return choices_of(
        select(Program).where(Program.site_id.in_(actor.site_ids)).order_by(Program.name, Program.id)
    )


def leaders_of(site_id: int) -> list[Choice]:
    """Return who may lead sessions at a site, counselors first, by name."""
    statement = (
        select(User)
        .join(user_site, user_site.c.user_id == User.id)
        .where(user_site.c.site_id == site_id, User.active)
        .order_by(User.given_name, User.family_name, User.id)
    )
    staff = [user for user in db.session.scalars(statement).unique() if user.role is not Role.CLIENT]
    staff.sort(key=lambda user: user.role is not Role.COUNSELOR)
    return [Choice(user.id, user.name) for user in staff]


def choices_of(statement: "Select[Site] | Select[Program] | Select[Room]") -> list[Choice]:
    """Return the rows of a statement as entries to choose from."""
    return [Choice(row.id, row.name) for row in db.session.scalars(statement)]
