"""What clients ask to have changed, what they heard back, and the dated change it became."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import joinedload, selectinload

from iop_schedule.domain.care_requests import GRANTED_BY, Change, ChangeKind, changes_for
from iop_schedule.domain.civil_time import local_day, zone
from iop_schedule.domain.permissions import Permission
from iop_schedule.domain.series import Span
from iop_schedule.models import (
    Assignment,
    CareReply,
    CareRequest,
    Client,
    Enrollment,
    PrescribedDose,
    Series,
    SeriesMember,
    db,
)
from iop_schedule.queries.access import Actor, access_client, sees_client
from iop_schedule.queries.availability import session_name
from iop_schedule.queries.series import OwnSeries, place_in_words
from iop_schedule.vocabulary import (
    AssignmentRole,
    RequestAnswer,
    RequestEnd,
    RequestKind,
    SeriesKind,
    WeekParity,
)

#: An answer stands on the client's week for so long, and an agreement without its change on the staff's list.
NEWS_FOR = timedelta(days=7)
WAITS_FOR = timedelta(days=60)
#: Requests shown on one page, the latest first.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class ReplyLine:
    """One answer."""

    answer: RequestAnswer
    words: str
    day: date | None
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request with its answers, oldest first; times on the site's wall clock."""

    id: int
    client_id: int
    client_name: str
    kind: RequestKind
    words: str
    asked_at: datetime
    #: Who wrote it down for the client; empty when they did themself.
    noted_by: str
    end: RequestEnd | None
    replies: tuple[ReplyLine, ...]
    #: The dated changes that grant it.
    changes: tuple[str, ...]

    @property
    def is_open(self) -> bool:
        """Return True while the client can still hear more about it."""
        return self.end is None

    @property
    def last(self) -> ReplyLine | None:
        """Return the latest answer."""
        return self.replies[-1] if self.replies else None

    @property
    def waits_for_change(self) -> bool:
        """Return True when it was agreed and nothing has been changed for that day yet."""
        return self.end is RequestEnd.AGREED and bool(GRANTED_BY[self.kind]) and not self.changes


@dataclass(frozen=True, slots=True)
class Requests:
    """What one client asked for, latest first."""

    client_id: int
    name: str
    called: str
    today: date
    office_phone: str
    lines: tuple[RequestLine, ...]

    def line(self, request_id: int) -> RequestLine | None:
        """Return one of them."""
        return next((line for line in self.lines if line.id == request_id), None)


def requests_of(actor: Actor, client_id: int, *, now: datetime) -> Requests:
    """Return what one client asked for; their own, or one of a case manager's clients'.

    Counselors do not see it: it may be about them.

    Raises:
        NotFound, NotAllowed: as `access_client`.
    """
    client = access_client(actor, client_id, Permission.CARE_REQUEST, now=now)
    statement = (
        _requests()
        .where(CareRequest.client_id == client.id)
        .order_by(CareRequest.ended_at.is_not(None), CareRequest.asked_at.desc(), CareRequest.id.desc())
        .limit(SHOWN)
    )
    return Requests(
        client_id=client.id,
        name=client.short_name,
        called=client.called,
        today=local_day(now, zone(client.site.zone)),
        office_phone=client.site.phone,
        lines=_lines(db.session.scalars(statement).unique().all()),
    )


def requests_waiting(actor: Actor, *, now: datetime) -> tuple[RequestLine, ...]:
    """Return the requests of the clients `actor` sees that staff owe something, the longest waiting first.

    They wait for an answer, or for the change that was agreed.
    """
    actor.require(Permission.CARE_ANSWER)
    agreed_lately = and_(CareRequest.ended_by == RequestEnd.AGREED, CareRequest.ended_at > now - WAITS_FOR)
    statement = (
        _requests()
        .join(Client, Client.id == CareRequest.client_id)
        .where(or_(CareRequest.ended_at.is_(None), agreed_lately), sees_client(actor, now=now))
        .order_by(CareRequest.asked_at, CareRequest.id)
    )
    lines = _lines(db.session.scalars(statement).unique().all())
    return tuple(line for line in lines if line.is_open or line.waits_for_change)


def news_for(actor: Actor, *, now: datetime) -> bool:
    """Return True when the signed-in client has heard back within the last days."""
    actor.require(Permission.CARE_REQUEST)
    statement = (
        select(CareReply.id)
        .join(CareReply.request)
        .where(CareRequest.client_id == actor.client_id, CareReply.at > now - NEWS_FOR)
    )
    return db.session.scalars(statement.limit(1)).first() is not None


def _requests() -> Select[CareRequest]:
    return select(CareRequest).options(
        joinedload(CareRequest.client).joinedload(Client.site),
        joinedload(CareRequest.asked_by),
        selectinload(CareRequest.replies).joinedload(CareReply.by),
    )


def _lines(rows: Sequence[CareRequest]) -> tuple[RequestLine, ...]:
    agreed = [row for row in rows if row.ended_by == RequestEnd.AGREED]
    days = [day for row in agreed if (day := _agreed_from(row))]
    changes = _changes({row.client_id for row in agreed}, days)
    return tuple(_line(row, changes.get(row.client_id, ())) for row in rows)


def _line(row: CareRequest, changes: Iterable[Change]) -> RequestLine:
    kind, tz, day = RequestKind(row.kind), zone(row.client.site.zone), _agreed_from(row)
    return RequestLine(
        id=row.id,
        client_id=row.client_id,
        client_name=row.client.short_name,
        kind=kind,
        words=row.words,
        asked_at=row.asked_at.astimezone(tz),
        noted_by="" if row.asked_by_id == row.client.user_id else row.asked_by.name,
        end=RequestEnd(row.ended_by) if row.ended_by else None,
        replies=tuple(
            ReplyLine(
                RequestAnswer(reply.answer), reply.words, reply.day, reply.at.astimezone(tz), reply.by.name
            )
            for reply in row.replies
        ),
        changes=tuple(one.words for one in changes_for(kind, day, changes)) if day else (),
    )


def _agreed_from(row: CareRequest) -> date | None:
    return next((reply.day for reply in row.replies if reply.answer == RequestAnswer.AGREED), None)


def _changes(client_ids: Collection[int], days: Collection[date]) -> Mapping[int, list[Change]]:
    """Return the dated changes in the care of some clients that begin on one of `days`."""
    if not days:
        return {}
    ids = list(client_ids)
    found: dict[int, list[Change]] = {client_id: [] for client_id in ids}
    for client_id, change in (
        *_doses(ids, days),
        *_programs(ids, days),
        *_counselors(ids, days),
        *_places(ids, days),
    ):
        found[client_id].append(change)
    return found


Dated = Iterable[tuple[int, Change]]


def _doses(ids: Sequence[int], days: Collection[date]) -> Dated:
    statement = (
        select(Enrollment.client_id, PrescribedDose.from_day, PrescribedDose.minutes)
        .join(PrescribedDose.enrollment)
        .where(Enrollment.client_id.in_(ids), PrescribedDose.from_day.in_(days))
        .order_by(PrescribedDose.id)
    )
    for client_id, day, minutes in db.session.execute(statement):
        yield client_id, Change(ChangeKind.DOSE, day, f"{minutes / 60:g} hours a week")


def _programs(ids: Sequence[int], days: Collection[date]) -> Dated:
    statement = (
        select(Enrollment)
        .where(Enrollment.client_id.in_(ids), Enrollment.from_day.in_(days))
        .order_by(Enrollment.id)
        .options(joinedload(Enrollment.program))
    )
    for row in db.session.scalars(statement):
        yield row.client_id, Change(ChangeKind.PROGRAM, row.from_day, row.program.name)


def _counselors(ids: Sequence[int], days: Collection[date]) -> Dated:
    statement = (
        select(Assignment)
        .where(
            Assignment.client_id.in_(ids),
            Assignment.role == AssignmentRole.COUNSELOR,
            Assignment.from_day.in_(days),
        )
        .order_by(Assignment.id)
        .options(joinedload(Assignment.user))
    )
    for row in db.session.scalars(statement).unique():
        yield row.client_id, Change(ChangeKind.COUNSELOR, row.from_day, f"With {row.user.name}")


def _places(ids: Sequence[int], days: Collection[date]) -> Dated:
    """Yield places that begin on one of `days`, or end with the day before."""
    befores = [day - timedelta(days=1) for day in days]
    members = (
        select(SeriesMember)
        .where(
            SeriesMember.client_id.in_(ids),
            or_(SeriesMember.from_day.in_(days), SeriesMember.until_day.in_(befores)),
        )
        .order_by(SeriesMember.id)
        .options(joinedload(SeriesMember.series).options(joinedload(Series.site), joinedload(Series.group)))
    )
    own = (
        select(Series)
        .where(
            Series.client_id.in_(ids),
            Series.kind == SeriesKind.INDIVIDUAL,
            or_(Series.from_day.in_(days), Series.until_day.in_(befores)),
        )
        .order_by(Series.id)
        .options(joinedload(Series.site))
    )
    for member in db.session.scalars(members).unique():
        place = OwnSeries(member.series, Span(member.from_day, member.until_day), WeekParity(member.week))
        for change in _begins_or_ends(place, days):
            yield member.client_id, change
    for series in db.session.scalars(own):
        for change in _begins_or_ends(OwnSeries(series, Span(series.from_day, series.until_day)), days):
            yield series.client_id or 0, change


def _begins_or_ends(own: OwnSeries, days: Collection[date]) -> Iterable[Change]:
    first, last = own.days.first, own.days.last
    words = f"{session_name(own.series)}, {place_in_words(own, first)}"
    if first in days:
        yield Change(ChangeKind.PLACE, first, words)
    if last is not None and (after := last + timedelta(days=1)) in days:
        yield Change(ChangeKind.PLACE, after, f"No longer: {words}")
