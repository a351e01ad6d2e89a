"""Offering a client a choice of weeks: they pick one, or say that none works."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions import audit
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.actions.news import tell_news
from iop_schedule.actions.placement import decide_places, take_back_offer, withdraw_open
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import Span
from iop_schedule.errors import NotFound, NotPossible
from iop_schedule.models import Client, PlacementOffer, PlacementOfferMeeting, Series, db
from iop_schedule.queries.access import Actor, access_client, access_series
from iop_schedule.queries.contacts import OUTSIDE
from iop_schedule.queries.prescription import open_enrollment
from iop_schedule.queries.series import check_weeks
from iop_schedule.vocabulary import AuditKind, Channel, OfferState, SeriesKind, WeekParity

#: How long an answer is taken.
OPEN_FOR = timedelta(days=7)
MOST_OPTIONS = 3
LONGEST_NOTE = 300
NOT_OPEN = "This choice is no longer open. Call the program, and we will find times together."


def offer_weeks(
    *,
    actor: Actor,
    client_id: int,
    options: Sequence[Collection[int]],
    from_day: date,
    channels: Sequence[Channel] = OUTSIDE,
    now: datetime,
) -> PlacementOffer:
    """Offer a client up to three weeks of group sessions; an earlier open offer is taken back.

    Each is a number of sessions, attended each week or, as a mapping, in the weeks it says. An offer holds no
    seat: what is gone by the time of the answer is said then. The client is told that
    something new waits for them, over one of the `channels` that are set up here.

    Raises:
        NotFound: the client or a session is not this person's to decide.
        NotPossible: no option, too many, an empty one, a session for one client, or a day that has passed.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    chosen = [_by_series(option) for option in options]
    if not chosen or not all(chosen) or len(chosen) > MOST_OPTIONS:
        message = f"Choose one to {MOST_OPTIONS} plans to offer."
        raise NotPossible(message)
    if from_day < local_day(now, zone(client.site.zone)):
        message = "Choose today or a later day."
        raise NotPossible(message, field="from_day")
    for series_id in sorted({one for option in chosen for one in option}):
        series = access_series(actor, series_id, Permission.PLACEMENT_DECIDE, now=now)
        if series.site_id != client.site_id or series.kind != SeriesKind.GROUP:
            raise NotFound
        for option in chosen:
            check_weeks(series, option.get(series_id, WeekParity.EVERY), Span(from_day))
    lock_schedule(client.site_id)
    withdraw_open(client.id, now=now)
    offer = PlacementOffer(
        client_id=client.id, from_day=from_day, made_at=now, made_by_id=actor.user_id,
        expires_at=now + OPEN_FOR, state=OfferState.OPEN,
        meetings=[
            PlacementOfferMeeting(option=number, series_id=series_id, week=week)
            for number, option in enumerate(chosen, 1)
            for series_id, week in option.items()
        ],
    )  # fmt: skip
    db.session.add(offer)
    db.session.flush()
    audit.record(
        AuditKind.PLACEMENT_OFFERED, actor=actor, now=now, subject=("placement_offer", offer.id),
        client_id=client.id, details={"from": from_day.isoformat(), "options": _told(chosen)},
    )  # fmt: skip
    tell_news(client, ("offer", offer.id), channels=channels, now=now)
    db.session.commit()
    return offer


def _by_series(option: Collection[int]) -> dict[int, WeekParity]:
    weeks = option if isinstance(option, Mapping) else {}
    return {one: WeekParity(weeks.get(one, WeekParity.EVERY)) for one in sorted(set(option))}


def _told(chosen: Sequence[Mapping[int, WeekParity]]) -> list[list[int | str]]:
    """Return options as the trail keeps them: sessions by number, with A or B when of those weeks only."""
    return [
        [one if week is WeekParity.EVERY else f"{one}{week}" for one, week in option.items()]
        for option in chosen
    ]


def withdraw_offer(*, actor: Actor, client_id: int, now: datetime) -> None:
    """Take back the open offer of a client, if there is one.

    Raises:
        NotFound: the client is not this person's to decide.
    """
    client = access_client(actor, client_id, Permission.PLACEMENT_DECIDE, now=now)
    lock_schedule(client.site_id)
    take_back_offer(actor, client.id, now=now)
    db.session.commit()


def choose_week(*, actor: Actor, offer_id: int, option: int, now: datetime) -> None:
    """Take one of the weeks offered: the client has the places from then on.

    Raises:
        NotFound: no such offer to this client, or no such option.
        NotPossible: it is not open any more, they are in no program then, a seat is gone, or a commitment
            has the time.
    """
    client, offer = _own_offer(actor, offer_id, now)
    wanted = {one.series_id: WeekParity(one.week) for one in offer.meetings if one.option == option}
    if not wanted:
        raise NotFound
    first = max(offer.from_day, local_day(now, zone(client.site.zone)) + timedelta(days=1))
    if open_enrollment(client.id, first) is None:
        raise NotPossible(NOT_OPEN)
    try:
        offer.state, offer.closed_at, offer.chosen = OfferState.CHOSEN, now, option
        _record_answer(actor, offer, now)
        series = list(db.session.scalars(select(Series).where(Series.id.in_(wanted)).order_by(Series.id)))
        decide_places(actor=actor, client=client, wanted=series, from_day=first, weeks=wanted, now=now)
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise


def say_none_works(*, actor: Actor, offer_id: int, note: str, now: datetime) -> None:
    """Answer that none of the weeks offered works, and, in a few words, what would.

    Raises:
        NotFound: no such offer to this client.
        NotPossible: it is not open any more, or the words are too many.
    """
    _, offer = _own_offer(actor, offer_id, now)
    if len(note) > LONGEST_NOTE:
        message = f"Keep this under {LONGEST_NOTE} characters."
        raise NotPossible(message, field="note")
    offer.state, offer.closed_at, offer.note = OfferState.NONE_WORKS, now, note.strip()
    _record_answer(actor, offer, now)
    db.session.commit()


def _own_offer(actor: Actor, offer_id: int, now: datetime) -> tuple[Client, PlacementOffer]:
    actor.require(Permission.OWN_WEEK)
    client = access_client(actor, actor.client_id or 0, Permission.OWN_WEEK, now=now)
    lock_schedule(client.site_id)
    statement = select(PlacementOffer).where(
        PlacementOffer.id == offer_id, PlacementOffer.client_id == client.id
    )
    offer = db.session.scalars(statement).one_or_none()
    if offer is None:
        raise NotFound
    if offer.state != OfferState.OPEN or offer.expires_at <= now:
        raise NotPossible(NOT_OPEN)
    return client, offer


def _record_answer(actor: Actor, offer: PlacementOffer, now: datetime) -> None:
    audit.record(
        AuditKind.OFFER_ANSWERED, actor=actor, now=now, subject=("placement_offer", offer.id),
        client_id=offer.client_id, details={"answer": str(offer.state), "option": offer.chosen},
    )  # fmt: skip
