"""What would suit clients of the invented clinic best."""

from datetime import datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions.wishes import say_wishes
from iop_schedule.domain.wishes import Wishes
from iop_schedule.models import Client, Series, SeriesMember, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import DayPart, Modality, ModalityWish, Weekday

#: Who said what, besides the counselor they know.
_WISHES = {
    "C001": Wishes(time=DayPart.MORNING, disliked_days=frozenset({Weekday.FR})),
    "C004": Wishes(time=DayPart.EVENING, liked_days=frozenset({Weekday.MO, Weekday.WE})),
    "C008": Wishes(liked_days=frozenset({Weekday.TU, Weekday.TH}), modality=Modality.TELEHEALTH),
    "C012": Wishes(time=DayPart.MIDDAY),
}
#: Who would like to stay with the counselor of their first weekly session.
_WITH_THE_SAME = frozenset({"C001", "C012"})


def add_wishes(*, now: datetime) -> None:
    """Let a few clients say what suits them best: some by themselves, the others through an administrator."""
    administrator = db.session.scalars(
        select(User).where(User.roles.any(name="administrator"), User.active).order_by(User.id)
    ).first()
    for client in db.session.scalars(select(Client).where(Client.code.in_(_WISHES))).all():
        own = db.session.get(User, client.user_id) if client.user_id else None
        by = administrator if own is None else own
        if by is not None:
            said, at = _said(client), now - timedelta(days=12)
            say_wishes(actor=actor_for(by), client_id=client.id, wishes=said, now=at)


def _said(client: Client) -> Wishes:
    said = _WISHES[client.code]
    leader = None
    if client.code in _WITH_THE_SAME:
        leader = db.session.scalar(
            select(Series.leader_id)
            .join(SeriesMember, SeriesMember.series_id == Series.id)
            .where(SeriesMember.client_id == client.id, SeriesMember.until_day.is_(None))
            .order_by(Series.weekday, Series.id)
            .limit(1)
        )
    modality = said.modality if client.modality == ModalityWish.EITHER else None
    return Wishes(said.time, said.liked_days, said.disliked_days, leader, modality)
