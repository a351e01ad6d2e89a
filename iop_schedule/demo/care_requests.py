"""What clients of the invented clinic ask for: waiting, being talked about, agreed, answered."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from iop_schedule.actions.care_requests import answer, ask
from iop_schedule.domain.care_requests import Asking, Reply
from iop_schedule.models import Assignment, Client, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import AssignmentRole, RequestAnswer, RequestKind, Weekday

#: Whose, days ago, what they ask for, and what they heard (the days from today to the one it names).
_ASKED: tuple[tuple[str, int, Asking, tuple[RequestAnswer, str, int] | None], ...] = (
    (
        "C001",
        3,
        Asking(RequestKind.OTHER_TIMES, "Could I be done by 3? My daughter comes home from school then."),
        (RequestAnswer.TALK, "Yes, let us look at your week together.", 2),
    ),
    (
        "C001",
        30,
        Asking(RequestKind.FEWER_SESSIONS),
        (RequestAnswer.NOT_NOW, "Let us keep nine hours until your review in the new year.", 0),
    ),
    ("C004", 1, Asking(RequestKind.MORE_SESSIONS, "Evenings are long. One more group would help."), None),
    (
        "C008",
        6,
        Asking(RequestKind.LEVEL_OF_CARE, "I start a class in January and feel steady."),
        (RequestAnswer.AGREED, "Your doctor agrees. We plan six hours a week.", 14),
    ),
    ("C010", 2, Asking(RequestKind.SOMETHING_ELSE, "A ride on Fridays, the bus is often late."), None),
)


def add_care_requests(*, now: datetime) -> None:
    """Let a few clients ask, and their case managers answer most of them."""
    for code, days_ago, asking, heard in _ASKED:
        at = now - timedelta(days=days_ago)
        client = db.session.scalars(select(Client).where(Client.code == code)).one_or_none()
        manager = _manager_of(client, at) if client else None
        if client is None or manager is None:
            continue
        login = db.session.get(User, client.user_id) if client.user_id else None
        asker = actor_for(login) if login else manager
        request = ask(actor=asker, client_id=client.id, asking=asking, now=at)
        if heard is not None:
            reply = _reply(heard, manager.today(now))
            answer(actor=manager, request_id=request.id, reply=reply, now=at + timedelta(hours=5))


def _reply(heard: tuple[RequestAnswer, str, int], today: date) -> Reply:
    said, words, days = heard
    return Reply(said, words, _weekday(today + timedelta(days=days)) if days else None)


def _weekday(day: date) -> date:
    return day if Weekday(day.weekday()).is_treatment_day else _weekday(day + timedelta(days=1))


def _manager_of(client: Client, at: datetime) -> Actor | None:
    """Return the case manager who was responsible already at that time."""
    user = db.session.scalars(
        select(User)
        .join(Assignment, Assignment.user_id == User.id)
        .where(
            Assignment.client_id == client.id,
            Assignment.role == AssignmentRole.CASE_MANAGER,
            Assignment.from_day < at.date(),
        )
    ).unique().first()  # fmt: skip
    return actor_for(user) if user else None
