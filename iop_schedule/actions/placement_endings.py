"""Ending the weekly sessions that a repair is about, and letting them go on again.

Both inside the caller's transaction, which holds the site's lock.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from iop_schedule.actions.horizon import follow_rules
from iop_schedule.actions.locks import lock_schedule
from iop_schedule.actions.news import tell_news
from iop_schedule.actions.series import close_series, places_in, record_series
from iop_schedule.domain.series import Span
from iop_schedule.errors import DomainError, NotPossible
from iop_schedule.models import Client, PlacementRun, Series, SeriesMember, db
from iop_schedule.queries.access import Actor
from iop_schedule.queries.placement_endings import closing
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
    for one in _series(closing(run)):
        if one.until_day is not None and one.until_day <= last:
            continue
        was = {"from_day": str(one.from_day), "until_day": _text(one.until_day)}
        places = {member.id: _place(member) for member in places_in(one.id)}
        close_series(one, last, now)
        db.session.flush()
        left = {member.id: _place(member) for member in places_in(one.id)}
        former[str(one.id)] = was | {
            "ended": _text(one.until_day),
            "at": now.isoformat(),
            "places": [
                place | {"id": member, "ended": left.get(member, {}).get("until_day")}
                for member, place in places.items()
                if left.get(member) != place
            ],
        }
        record_series(AuditKind.SERIES_ENDED, actor, one, {"last_day": str(last), "run": run.id}, now=now)
    run.undo = former
    db.session.flush()
    follow_rules(run.site, now=now, series_ids=closing(run))
    losing = {place["client_id"]: place["id"] for was in former.values() for place in was["places"]}
    for client_id, place_id in losing.items():
        client = db.session.get_one(Client, client_id)
        tell_news(client, ("place", place_id), channels=channels, now=now)


def let_go_on(
    run: PlacementRun, actor: Actor, day: date, *, left: Collection[int] = (), now: datetime
) -> None:
    """Take back what `end_closed` did: the sessions and the places in them are as they were from `day` on.

    A session or place that somebody has changed since stays as it is now.

    Args:
        run: which ended them.
        actor: who decides.
        day: the first day on which they may be held again.
        left: people whose places stay ended.
        now: the current instant.

    Raises:
        TimeTaken: the counselor or the room has something else by now.
        DomainError: a place cannot be had any more; carries `client_id` in its data.
    """
    former = {int(one): was for one, was in run.undo.items()}
    found = _series(former)
    lock_schedule(run.site_id, leader_ids={one.leader_id for one in found})
    for one in found:
        was = former[one.id]
        if _text(one.until_day) != was["ended"]:
            continue
        one.from_day, one.until_day = date.fromisoformat(was["from_day"]), _day(was["until_day"])
        db.session.flush()
        check_free(rule_of(one), actor=actor, leader=one.leader, room=one.room, ignore=[one.id], now=now)
        details = {"last_day": was["until_day"], "run": run.id, "taken_back": True}
        record_series(AuditKind.SERIES_CHANGED, actor, one, details, now=now)
        for place in was["places"]:
            if place["client_id"] not in left:
                _give_back(one, place, day, now)
    run.undo = {}
    db.session.flush()
    follow_rules(run.site, now=now, series_ids=set(former))


def _give_back(series: Series, place: Mapping[str, Any], day: date, now: datetime) -> None:
    member = db.session.get(SeriesMember, place["id"])
    if member is not None and _text(member.until_day) != place["ended"]:
        return
    client, week = db.session.get_one(Client, place["client_id"]), WeekParity(place.get("week", "every"))
    days = Span(max(day, date.fromisoformat(place["from_day"])), _day(place["until_day"]))
    if days.last is not None and days.last < days.first:
        return
    try:
        if open_enrollment(client.id, days.first) is None:
            raise NotPossible(NOT_IN_CARE)
        theirs = replace(rule_of(series), week=week)
        check_client_can_come(client, theirs, days, modality=series.modality, now=now)
    except DomainError as refused:
        refused.data["client_id"] = client.id
        raise
    if member is None:
        member = SeriesMember(series_id=series.id, client_id=client.id, from_day=days.first, week=week)
        db.session.add(member)
    member.until_day = days.last
    db.session.flush()


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
