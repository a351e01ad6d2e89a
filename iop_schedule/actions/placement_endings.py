"""Ending the weekly sessions that a repair is about, and letting them go on again.

Both inside the caller's transaction, which holds the site's lock.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import exists, select

from iop_schedule.actions.horizon import follow_rules
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.actions.memberships import check_seats, record_place, record_start
from iop_schedule.actions.news import take_back_news, tell_news
from iop_schedule.actions.series import close_series, places_in, record_series
from iop_schedule.domain.series import Place, Span
from iop_schedule.errors import DomainError, NotPossible
from iop_schedule.models import Client, PlacementRun, Series, SeriesMember, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.legal_places import check_places
from iop_schedule.queries.placement_endings import closing, series_held
from iop_schedule.queries.prescription import open_enrollment
from iop_schedule.queries.series import check_client_can_come, check_free, rule_of
from iop_schedule.vocabulary import AuditKind, Channel, WeekParity

NOT_IN_CARE = "They are in no program any more, so their place stays ended."


def end_closed(
    run: PlacementRun, actor: Actor, day: date, *, channels: Sequence[Channel], now: datetime
) -> None:
    """End the weekly sessions that a repair is about, and every place in them, the day before `day`.

    The run keeps how they stood, and whoever loses a place so is told that something is new. Sessions that
    have ended by then stay as they are.
    """
    last, former = day - timedelta(days=1), dict(run.undo)
    losing = set[int]()
    for one in _series(closing(run)):
        if one.until_day is not None and one.until_day <= last:
            continue
        was = {"from_day": str(one.from_day), "until_day": _text(one.until_day)}
        places = {member.id: _place(member) for member in places_in(one.id)}
        close_series(one, last, now)
        db.session.flush()
        left = {member.id: _place(member) for member in places_in(one.id)}
        ended = [
            place | {"id": member, "ended": left.get(member, {}).get("until_day")}
            for member, place in places.items()
            if left.get(member) != place
        ]
        former[str(one.id)] = was | {"ended": _text(one.until_day), "at": now.isoformat(), "places": ended}
        details = {"last_day": str(last), "run": run.id}
        record_series(AuditKind.SERIES_ENDED, actor, one, details, now=now)
        theirs = {place["client_id"] for place in ended}
        for client_id in sorted(theirs):
            record_place(
                AuditKind.MEMBERSHIP_ENDED, actor, one, client_id, now=now, last=str(last), run=run.id
            )
        losing |= theirs
    run.undo, run.went_on = former, {}
    db.session.flush()
    follow_rules(run.site, now=now, series_ids=closing(run))
    for client_id in sorted(losing):
        client = db.session.get_one(Client, client_id)
        tell_news(client, ("ended", run.id, client_id, now), channels=channels, now=now)


def let_go_on(
    run: PlacementRun,
    actor: Actor,
    day: date,
    *,
    left: Mapping[int, str],
    channels: Sequence[Channel],
    now: datetime,
) -> None:
    """Take back what `end_closed` did: sessions are as they were, and places in them begin again on `day`.

    A session or place that somebody has changed since stays as it is now. The run keeps what became of
    each place.

    Args:
        run: which ended them.
        actor: who decides.
        day: the first day on which they may be held again.
        left: people whose places stay ended, and why.
        channels: over which those are told who had heard of the end.
        now: the current instant.

    Raises:
        TimeTaken: the counselor or the room has something else by now.
        DomainError: a place cannot be had any more; carries `client_id` in its data.
    """
    former = {int(one): was for one, was in run.undo.items()}
    found = [one for one in _series(former) if _text(one.until_day) == former[one.id]["ended"]]
    lock_schedule(run.site_id, leader_ids={one.leader_id for one in found})
    theirs: dict[int, list[_Lost]] = {}
    for one in found:
        was = former[one.id]
        one.from_day, one.until_day = date.fromisoformat(was["from_day"]), _day(was["until_day"])
        db.session.flush()
        check_free(rule_of(one), actor=actor, leader=one.leader, room=one.room, ignore=[one.id], now=now)
        details = {"last_day": was["until_day"], "run": run.id, "taken_back": True}
        record_series(AuditKind.SERIES_CHANGED, actor, one, details, now=now)
        for place in was["places"]:
            if place["client_id"] not in left:
                theirs.setdefault(place["client_id"], []).append(_lost(one, place, day, was.get("at")))
    back = {client_id: _give_back(run, actor, client_id, lost, now) for client_id, lost in theirs.items()}
    run.went_on = {
        "at": now.isoformat(),
        "back": {
            str(client_id): {
                "first": str(day),
                "weeks": {str(one.series.id): one.place.week for one in lost},
                "told": _tell_back(run, client_id, lost, channels, now),
            }
            for client_id, lost in back.items()
            if lost
        },
        "left": _of_those_left(run.undo, left, day),
    }
    run.undo = {}
    db.session.flush()
    follow_rules(run.site, now=now, series_ids=set(former))


def _of_those_left(undo: Mapping[str, Any], left: Mapping[int, str], day: date) -> dict[str, Any]:
    """Return what a run keeps of the places of those who are left out: why, and which they have else."""
    held, kept = series_held(left, day), {}
    for series_id, was in undo.items():
        places = [
            place | {"why": left[client_id], "held": held[client_id]}
            for place in was["places"]
            if (client_id := place["client_id"]) in left
        ]
        if places:
            kept[series_id] = was | {"places": places}
    return kept


@dataclass(frozen=True, slots=True)
class _Lost:
    """A place that ended with its session, and the days on which it would be had again."""

    series: Series
    place: Place
    #: Its row, and until when that lasted; None when it never began and was taken away.
    member_id: int
    from_day: date
    ended: date | None
    #: When its end was decided.
    decided_at: datetime | None


def _lost(series: Series, was: Mapping[str, Any], day: date, decided_at: str | None) -> _Lost:
    from_day = date.fromisoformat(was["from_day"])
    days = Span(max(day, from_day), _day(was["until_day"]))
    place = Place(days, WeekParity(was.get("week", "every")))
    at = None if decided_at is None else datetime.fromisoformat(decided_at)
    return _Lost(series, place, was["id"], from_day, _day(was["ended"]), at)


def _give_back(
    run: PlacementRun, actor: Actor, client_id: int, lost: Sequence[_Lost], now: datetime
) -> list[_Lost]:
    """Let one client have their places again, under the rules of any other; return those they have."""
    client = db.session.get_one(Client, client_id)
    try:
        back = [one for one in lost if _have_again(one, client, now)]
        for days in dict.fromkeys(one.place.days for one in back):
            check_places(client, [one.series.id for one in back if one.place.days == days], days)
    except DomainError as refused:
        refused.data["client_id"] = client_id
        raise
    for one in back:
        record_start(actor, one.series, client_id, one.place, now=now, run=run.id, taken_back=True)
    return back


def _tell_back(
    run: PlacementRun, client_id: int, back: Sequence[_Lost], channels: Sequence[Channel], now: datetime
) -> bool:
    """Tell a client who had heard that their places end; return whether they had."""
    decided = {one.decided_at for one in back if one.decided_at is not None}
    return take_back_news(
        db.session.get_one(Client, client_id),
        [("ended", run.id, client_id, at) for at in decided],
        ("back", run.id, client_id, now),
        channels=channels,
        now=now,
    )


def _have_again(lost: _Lost, client: Client, now: datetime) -> bool:
    """Let a client have a place again; return False when somebody has changed it since or it is over."""
    days = lost.place.days
    if not _is_as_left(lost, client) or (days.last is not None and days.last < days.first):
        return False
    if open_enrollment(client.id, days.first) is None:
        raise NotPossible(NOT_IN_CARE)
    theirs = replace(rule_of(lost.series), week=lost.place.week)
    check_client_can_come(client, theirs, days, modality=lost.series.modality, now=now)
    check_seats(lost.series, lost.place, client_id=client.id, now=now)
    db.session.add(
        SeriesMember(
            series_id=lost.series.id, client_id=client.id, from_day=days.first, until_day=days.last,
            week=lost.place.week,
        )
    )  # fmt: skip
    db.session.flush()
    return True


def _is_as_left(lost: _Lost, client: Client) -> bool:
    """Return True while nobody has changed a place since it ended; a number may be another place's by now."""
    if lost.ended is None:
        return True
    row = exists().where(
        SeriesMember.id == lost.member_id,
        SeriesMember.series_id == lost.series.id,
        SeriesMember.client_id == client.id,
        SeriesMember.from_day == lost.from_day,
        SeriesMember.until_day == lost.ended,
    )
    return db.session.scalar(select(row)) is True


def _series(series_ids: Collection[int]) -> list[Series]:
    statement = select(Series).where(Series.id.in_(list(series_ids))).order_by(Series.id)
    return list(db.session.scalars(statement))


def _place(member: SeriesMember) -> dict[str, Any]:
    return {
        "client_id": member.client_id,
        "from_day": str(member.from_day),
        "until_day": _text(member.until_day),
        "week": member.week,
    }


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
