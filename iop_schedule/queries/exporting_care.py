"""What clients want, ask for, told and made up, as rows of the clinic's files.

Who wrote something down on screen is not in the files: after an import it is whoever imported.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from iop_schedule.domain.civil_time import local, zone
from iop_schedule.models import (
    CareReply,
    CareRequest,
    Client,
    ClientGoal,
    ClientWishes,
    MakeUp,
    Occurrence,
    RosterEntry,
    Series,
    SessionNotice,
    Site,
    User,
    db,
)
from iop_schedule.queries.exporting import Scope, Values, in_order, in_scope, rule_day, staff_code
from iop_schedule.queries.series import rule_of
from iop_schedule.vocabulary import OccurrenceStatus


def _moment(at: datetime, site: Site, day: str, clock: str) -> Values:
    """Return an instant as two columns on the site's wall clock, to the minute."""
    there = local(at, zone(site.zone))
    return {day: there.date(), clock: there.time().replace(second=0, microsecond=0)}


def _day(at: datetime | None, site: Site) -> Any:
    return None if at is None else local(at, zone(site.zone)).date()


def _latest(rows: Iterable[Values], *key: str) -> list[Values]:
    """Return the last of the rows that the files cannot tell apart."""
    return list({tuple(row[name] for name in key): row for row in rows}.values())


def _goals(scope: Scope) -> Iterator[Values]:
    statement = (
        select(ClientGoal, Client.code, Site)
        .join(Client, Client.id == ClientGoal.client_id)
        .join(Client.site)
        .where(in_scope(Client.site_id, scope))
        .order_by(ClientGoal.id)
    )
    rows = [
        {
            "client": client,
            "words": goal.words,
            "time_name": goal.time_name,
            "added": _day(goal.added_at, site),
            "ended": _day(goal.ended_at, site),
        }
        for goal, client, site in db.session.execute(statement)
    ]
    return in_order(_latest(rows, "client", "words", "added"), "client", "added", "words")


def _wishes(scope: Scope) -> Iterator[Values]:
    statement = (
        select(ClientWishes, Client.code, staff_code())
        .join(Client, Client.id == ClientWishes.client_id)
        .outerjoin(User, User.id == ClientWishes.counselor_id)
        .where(in_scope(Client.site_id, scope))
    )
    rows = [
        {
            "client": client,
            "time": wishes.time,
            "liked_days": wishes.liked_days,
            "disliked_days": wishes.disliked_days,
            "counselor": counselor,
            "modality": wishes.modality,
        }
        for wishes, client, counselor in db.session.execute(statement)
    ]
    return in_order(rows, "client")


def _request_key(request: CareRequest, client: str, site: Site) -> Values:
    asked = _moment(request.asked_at, site, "asked", "asked_at")
    return {"client": client, "kind": request.kind, **asked}


_KEY = ("client", "kind", "asked", "asked_at")


def _requests(scope: Scope) -> Iterator[Values]:
    statement = (
        select(CareRequest, Client.code, Site)
        .join(CareRequest.client)
        .join(Client.site)
        .where(in_scope(Client.site_id, scope))
        .order_by(CareRequest.id)
    )
    rows = [
        {
            **_request_key(request, client, site),
            "words": request.words,
            "ended": _day(request.ended_at, site),
            "ended_by": request.ended_by,
        }
        for request, client, site in db.session.execute(statement)
    ]
    return in_order(_latest(rows, *_KEY), *_KEY)


def _answers(scope: Scope) -> Iterator[Values]:
    statement = (
        select(CareReply, CareRequest, Client.code, Site, staff_code())
        .join(CareReply.request)
        .join(CareRequest.client)
        .join(Client.site)
        .join(User, User.id == CareReply.by_id)
        .where(in_scope(Client.site_id, scope))
        .order_by(CareReply.id)
    )
    rows = [
        {
            **_request_key(request, client, site),
            "answer": reply.answer,
            "words": reply.words,
            "day": reply.day,
            **_moment(reply.at, site, "answered", "answered_at"),
            "staff": staff,
        }
        for reply, request, client, site, staff in db.session.execute(statement)
    ]
    key = (*_KEY, "answered", "answered_at")
    return in_order(_latest(rows, *key), *key)


def _notices(scope: Scope) -> Iterator[Values]:
    statement = (
        select(SessionNotice, Client.code, Series, Occurrence.original_day, Site)
        .join(SessionNotice.entry)
        .join(RosterEntry.client)
        .join(Client.site)
        .join(RosterEntry.occurrence)
        .join(Occurrence.series)
        .where(
            in_scope(Client.site_id, scope),
            SessionNotice.withdrawn_at.is_(None),
            RosterEntry.released_at.is_(None),
            Occurrence.status == OccurrenceStatus.PLANNED,
        )
    )
    rows = [
        {
            "client": client,
            "session": series.code,
            "date": rule_day(rule_of(series), day),
            "kind": notice.kind,
            "reason": notice.reason,
            "late_minutes": notice.late_minutes,
            "wants_call": notice.wants_call,
            **_moment(notice.told_at, site, "told", "told_at"),
        }
        for notice, client, series, day, site in db.session.execute(statement)
    ]
    return in_order(rows, "client", "date", "session", "kind")


def _make_ups(scope: Scope) -> Iterator[Values]:
    missed, made = aliased(RosterEntry), aliased(RosterEntry)
    missed_on, made_on = aliased(Occurrence), aliased(Occurrence)
    missed_of, made_of = aliased(Series), aliased(Series)
    statement = (
        select(MakeUp, Client.code, Site, missed_of, missed_on.original_day, made_of, made_on.original_day)
        .join(missed, missed.id == MakeUp.missed_entry_id)
        .join(missed_on, missed_on.id == missed.occurrence_id)
        .join(missed_of, missed_of.id == missed_on.series_id)
        .join(made, made.id == MakeUp.entry_id)
        .join(made_on, made_on.id == made.occurrence_id)
        .join(made_of, made_of.id == made_on.series_id)
        .join(Client, Client.id == made.client_id)
        .join(Client.site)
        .where(
            in_scope(Client.site_id, scope),
            MakeUp.released_at.is_(None),
            missed.released_at.is_(None),
            made.released_at.is_(None),
            missed_on.status == OccurrenceStatus.PLANNED,
            made_on.status == OccurrenceStatus.PLANNED,
        )
    )
    rows = [
        {
            "client": client,
            "missed_session": missed_series.code,
            "missed_date": rule_day(rule_of(missed_series), missed_day),
            "session": series.code,
            "date": rule_day(rule_of(series), day),
            **_moment(made_up.booked_at, site, "booked", "booked_at"),
        }
        for made_up, client, site, missed_series, missed_day, series, day in db.session.execute(statement)
    ]
    return in_order(rows, "client", "missed_date", "missed_session")


READERS: dict[str, Callable[[Scope], Iterator[Values]]] = {
    "wishes": _wishes,
    "goals": _goals,
    "requests": _requests,
    "answers": _answers,
    "notices": _notices,
    "make_ups": _make_ups,
}
