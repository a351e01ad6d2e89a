"""What would suit clients best, and who they can wish for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select

from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.wishes import Wishes
from iop_schedule.models import ClientWishes, Series, User, db
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.choices import Choice
from iop_schedule.vocabulary import DayPart, Modality, ModalityWish, Role, Weekday


@dataclass(frozen=True, slots=True)
class Wished:
    """One client's wishes, and what the counselor they wish for is called."""

    wishes: Wishes
    counselor: str


@dataclass(frozen=True, slots=True)
class WishesPage:
    """What the page shows on which wishes are said."""

    client_id: int
    name: str
    wished: Wished
    #: Who leads weekly sessions at their site, and whoever they wished for before.
    counselors: tuple[Choice, ...]
    #: They can attend in person and by video, so that they may like one of them better.
    may_attend_either: bool


def wishes_of(client_ids: Collection[int]) -> dict[int, Wishes]:
    """Return what suits each client best; every id is a key. The caller has been through access."""
    statement = select(ClientWishes).where(ClientWishes.client_id.in_(client_ids))
    said = {row.client_id: as_value(row) for row in db.session.scalars(statement)}
    return {client_id: said.get(client_id, Wishes()) for client_id in client_ids}


def as_value(row: ClientWishes) -> Wishes:
    """Return stored wishes as the value the rules take."""
    return Wishes(
        time=DayPart(row.time),
        liked_days=frozenset(Weekday(day) for day in row.liked_days),
        disliked_days=frozenset(Weekday(day) for day in row.disliked_days),
        counselor_id=row.counselor_id,
        modality=Modality(row.modality) if row.modality else None,
    )


def wished_by(client_id: int) -> Wished:
    """Return one client's wishes with the name in them; the caller has been through access."""
    wishes = wishes_of([client_id])[client_id]
    counselor = db.session.get(User, wishes.counselor_id) if wishes.counselor_id else None
    return Wished(wishes, counselor.name if counselor else "")


def wishes_for(actor: Actor, client_id: int, *, now: datetime) -> WishesPage:
    """Return one client's wishes to themselves or to staff who plan around their times.

    Raises:
        NotFound: not this person's to see.
    """
    permission = Permission.OWN_TIMES if actor.role is Role.CLIENT else Permission.CONSTRAINTS_EDIT
    client = access_client(actor, client_id, permission, now=now)
    wished = wished_by(client.id)
    leaders = counselors_of(client.site_id, local_day(now, zone(client.site.zone)))
    before = wished.wishes.counselor_id
    if before is not None and before not in {one.id for one in leaders}:
        leaders = [*leaders, Choice(before, wished.counselor)]
    return WishesPage(
        client_id=client.id,
        name=client.short_name,
        wished=wished,
        counselors=tuple(leaders),
        may_attend_either=client.modality == ModalityWish.EITHER,
    )


def counselors_of(site_id: int, day: date) -> list[Choice]:
    """Return who leads weekly sessions at a site on `day` or later, by name."""
    leads = select(Series.leader_id).where(
        Series.site_id == site_id, or_(Series.until_day.is_(None), Series.until_day >= day)
    )
    statement = (
        select(User)
        .where(User.id.in_(leads), User.active)
        .order_by(User.given_name, User.family_name, User.id)
    )
    return [Choice(user.id, user.name) for user in db.session.scalars(statement).unique()]
