"""Weeks offered to a client: as staff follow them up, and as the client chooses among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import BOTH_WEEKS, local, local_day, minutes_of_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.models import Client, PlacementOffer, PlacementOfferMeeting, db
from iop_schedule.queries import placement_problem
from iop_schedule.queries.access import Actor, access_client
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.person_weeks import groups_on, nothing_prescribed
from iop_schedule.queries.session_lines import place_words
from iop_schedule.queries.wishes import wishes_of
from iop_schedule.vocabulary import OfferState, Weekday, WeekParity

#: How long an answer is shown to staff beside the plans.
SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OfferedSession:
    """One weekly session of an option."""

    series_id: int
    group_id: int | None
    name: str
    weekday: Weekday
    start_minute: int
    end_minute: int
    room: str
    leader: str
    #: In which weeks.
    week: WeekParity


@dataclass(frozen=True, slots=True)
class OfferView:
    """One choice of weeks; instants on the clock of the client's site."""

    offer_id: int
    state: OfferState
    from_day: date
    made_at: datetime
    expires_at: datetime
    has_expired: bool
    closed_at: datetime | None
    chosen: int | None
    note: str
    options: tuple[tuple[OfferedSession, ...], ...]

    @property
    def is_open(self) -> bool:
        """Return True while an answer is taken."""
        return self.state is OfferState.OPEN and not self.has_expired


def latest_offer(client: Client, *, now: datetime) -> OfferView | None:
    """Return the last choice offered to a client within a month, unless it was taken back.

    The caller has made sure that it may be seen.
    """
    shown = _offers(client).where(
        PlacementOffer.state != OfferState.WITHDRAWN, PlacementOffer.made_at > now - SHOWN_FOR
    )
    return _view(shown, client, now)


@dataclass(frozen=True, slots=True)
class OfferedWeek:
    """One week of an option; of two that alternate, one of them."""

    week: WeekParity
    sessions: tuple[OfferedSession, ...]
    #: Which of the client's wishes it keeps.
    kept: rules.WishesKept


@dataclass(frozen=True, slots=True)
class MyChoice:
    """What the client's own page of a choice shows."""

    name: str
    offer: OfferView
    #: For each option one week, or A and B.
    options: tuple[tuple[OfferedWeek, ...], ...]
    #: The first day the chosen week could begin.
    first_day: date
    office_phone: str


def my_choice(actor: Actor, *, now: datetime) -> MyChoice | None:
    """Return the choice that is open for the client who asks; None when there is none."""
    client = access_client(actor, actor.client_id or 0, Permission.OWN_WEEK, now=now)
    open_ = _offers(client).where(PlacementOffer.state == OfferState.OPEN, PlacementOffer.expires_at > now)
    offer = _view(open_, client, now)
    if offer is None:
        return None
    tomorrow = local_day(now, zone(client.site.zone)) + timedelta(days=1)
    first_day = max(offer.from_day, tomorrow)
    return MyChoice(
        client.called, offer, _weeks_of(client, offer.options, first_day), first_day, client.site.phone
    )


def _weeks_of(
    client: Client, options: Sequence[Sequence[OfferedSession]], day: date
) -> tuple[tuple[OfferedWeek, ...], ...]:
    """Return the week, or the two that alternate, of each option, with the client's wishes that it keeps."""
    wishes = wishes_of([client.id])[client.id]
    dose = nothing_prescribed(day)
    person = placement_problem.person("", client, dose, held={}, commitments=(), wishes=wishes)
    ids = {session.group_id for option in options for session in option if session.group_id is not None}
    known = rules.offers(rules.Problem(groups=tuple(groups_on(ids, day)), clients=()))

    def week(option: Sequence[OfferedSession], which: WeekParity) -> OfferedWeek:
        there = tuple(one for one in option if one.week in {WeekParity.EVERY, which})
        meetings = [known[str(one.series_id)] for one in there if str(one.series_id) in known]
        return OfferedWeek(which, there, rules.wishes_kept(person, meetings, known))

    return tuple(
        tuple(week(option, which) for which in (BOTH_WEEKS if _alternates(option) else (WeekParity.EVERY,)))
        for option in options
    )


def _alternates(option: Sequence[OfferedSession]) -> bool:
    return any(session.week is not WeekParity.EVERY for session in option)


def is_choice_open(client_id: int, *, now: datetime) -> bool:
    """Return True while weeks offered to a client wait for their answer."""
    open_ = select(PlacementOffer.id).where(
        PlacementOffer.client_id == client_id,
        PlacementOffer.state == OfferState.OPEN,
        PlacementOffer.expires_at > now,
    )
    return db.session.scalar(open_) is not None


def _offers(client: Client) -> Select[PlacementOffer]:
    return (
        select(PlacementOffer)
        .where(PlacementOffer.client_id == client.id)
        .options(selectinload(PlacementOffer.meetings).joinedload(PlacementOfferMeeting.series))
        .order_by(PlacementOffer.made_at.desc(), PlacementOffer.id.desc())
    )


def _view(statement: Select[PlacementOffer], client: Client, now: datetime) -> OfferView | None:
    offer = db.session.scalars(statement.limit(1)).first()
    if offer is None:
        return None
    tz = zone(client.site.zone)
    options: dict[int, list[OfferedSession]] = {}
    for one in offer.meetings:
        options.setdefault(one.option, []).append(_session(one))
    return OfferView(
        offer_id=offer.id,
        state=OfferState(offer.state),
        from_day=offer.from_day,
        made_at=local(offer.made_at, tz),
        expires_at=local(offer.expires_at, tz),
        has_expired=offer.expires_at <= now,
        closed_at=local(offer.closed_at, tz) if offer.closed_at else None,
        chosen=offer.chosen,
        note=offer.note,
        options=tuple(
            tuple(sorted(own, key=lambda s: (s.weekday, s.start_minute, s.week)))
            for _, own in sorted(options.items())
        ),
    )


def _session(offered: PlacementOfferMeeting) -> OfferedSession:
    series = offered.series
    start = minutes_of_day(series.local_start)
    return OfferedSession(
        series_id=series.id,
        group_id=series.group_id,
        name=session_name(series),
        weekday=Weekday(series.weekday),
        start_minute=start,
        end_minute=start + series.duration_minutes,
        room=place_words(series.room, series.modality),
        leader=series.leader.name,
        week=WeekParity(offered.week),
    )
