"""Asking for a change: whose it is, one of a kind at a time, one ending, all of it on the trail."""

from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from iop_schedule.actions.care_requests import answer, ask, take_back
from iop_schedule.domain.care_requests import AlreadyAsked, AlreadyEnded, Asking, BadAnswer, Reply
from iop_schedule.errors import NotAllowed, NotFound
from iop_schedule.models import AuditEvent, CareReply, CareRequest, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.care_requests import news_for, requests_of, requests_waiting
from iop_schedule.vocabulary import AssignmentRole, AuditKind, RequestAnswer, RequestEnd, RequestKind
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

MONDAY = date(2026, 3, 9)
TIMES = Asking(RequestKind.OTHER_TIMES, "  Mornings, before my shift.  ")
AGREED = Reply(RequestAnswer.AGREED, "Mornings it is.", MONDAY)


def asked(cast: Cast, asking: Asking = TIMES) -> int:
    return ask(actor=actor_for(cast.ana_user), client_id=cast.ana.id, asking=asking, now=NOW).id


def test_a_client_asks_and_reads_the_answer_where_they_asked(cast: Cast) -> None:
    ana, dev = actor_for(cast.ana_user), actor_for(cast.dev)
    request_id = asked(cast)
    assert [line.id for line in requests_waiting(dev, now=NOW)] == [request_id]
    assert not news_for(ana, now=NOW)
    talk = Reply(RequestAnswer.TALK, "On Thursday?", date(2026, 3, 5))
    answer(actor=dev, request_id=request_id, reply=talk, now=NOW)
    answer(actor=dev, request_id=request_id, reply=AGREED, now=NOW + timedelta(hours=1))
    (line,) = requests_of(ana, cast.ana.id, now=NOW).lines
    assert (line.words, line.noted_by, line.end) == ("Mornings, before my shift.", "", RequestEnd.AGREED)
    assert [(one.answer, one.day, one.by) for one in line.replies] == [
        (RequestAnswer.TALK, date(2026, 3, 5), "Dev Banerjee"), (RequestAnswer.AGREED, MONDAY, "Dev Banerjee"),
    ]  # fmt: skip
    assert news_for(ana, now=NOW + timedelta(days=1))
    assert not news_for(ana, now=NOW + timedelta(days=8))
    kinds = list(db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)))
    assert kinds == [
        AuditKind.CARE_REQUESTED, AuditKind.CARE_REQUEST_ANSWERED, AuditKind.CARE_REQUEST_ANSWERED,
    ]  # fmt: skip
    details = str(db.session.scalars(select(AuditEvent.details)).all())
    assert "Mornings" not in details
    assert "Thursday" not in details


@pytest.mark.parametrize("kind", ["times", "counselor", "hours"])
def test_what_was_agreed_is_the_dated_change_of_that_day(cast: Cast, kind: str) -> None:
    asking, words = {
        "times": (TIMES, "Early Birds, Tuesdays 9:00 am to 12:00 pm"),
        "counselor": (Asking(RequestKind.OTHER_COUNSELOR), "With Nora Petrov"),
        "hours": (Asking(RequestKind.FEWER_SESSIONS), "6 hours a week"),
    }[kind]
    dev = actor_for(cast.dev)
    answer(actor=dev, request_id=asked(cast, asking), reply=AGREED, now=NOW)
    (waiting,) = requests_waiting(dev, now=NOW)
    assert waiting.waits_for_change
    if kind == "times":
        group = make.make_group(cast.program, code="early", name="Early Birds")
        meeting = make.make_meeting(group, cast.dev, code="early-tu", weekday=1, room=None)
        make.make_member(meeting, cast.ana, from_day=MONDAY)
    elif kind == "counselor":
        nora = make.make_user(
            cast.carol.role, cast.elm, code="nora", email="nora@example.org", given_name="Nora",
            family_name="Petrov",
        )  # fmt: skip
        make.make_assignment(cast.ana, nora, AssignmentRole.COUNSELOR, from_day=MONDAY)
    else:
        enrollment = make.make_enrollment(cast.ana, cast.program)
        make.make_dose(enrollment, from_day=MONDAY, minutes=360)
    db.session.commit()
    (line,) = requests_of(dev, cast.ana.id, now=NOW).lines
    assert line.changes == (words,)
    assert requests_waiting(dev, now=NOW) == ()


def test_one_request_of_a_kind_is_open_at_a_time(cast: Cast) -> None:
    request_id = asked(cast)
    with pytest.raises(AlreadyAsked):
        asked(cast)
    other = asked(cast, Asking(RequestKind.MORE_SESSIONS))
    take_back(actor=actor_for(cast.ana_user), request_id=request_id, now=NOW)
    take_back(actor=actor_for(cast.ana_user), request_id=request_id, now=NOW)
    assert len({request_id, other, asked(cast)}) == 3
    db.session.add(
        CareRequest(
            client_id=cast.ana.id, kind=RequestKind.MORE_SESSIONS, words="", asked_at=NOW,
            asked_by_id=cast.ana_user.id,
        )
    )  # fmt: skip
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


def test_a_request_ends_once(cast: Cast) -> None:
    ana, dev = actor_for(cast.ana_user), actor_for(cast.dev)
    agreed, gone = asked(cast), asked(cast, Asking(RequestKind.MORE_SESSIONS))
    with pytest.raises(BadAnswer):
        answer(actor=dev, request_id=agreed, reply=Reply(RequestAnswer.AGREED), now=NOW)
    answer(actor=dev, request_id=agreed, reply=AGREED, now=NOW)
    take_back(actor=ana, request_id=gone, now=NOW)
    with pytest.raises(AlreadyEnded):
        take_back(actor=ana, request_id=agreed, now=NOW)
    for ended in (agreed, gone):
        with pytest.raises(AlreadyEnded):
            answer(actor=dev, request_id=ended, reply=AGREED, now=NOW)
    assert db.session.scalar(select(func.count(CareReply.id))) == 1


def test_nobody_else_asks_answers_or_reads(cast: Cast) -> None:
    request_id = asked(cast)
    for stranger in (cast.ben_user, cast.mallory, cast.trent, cast.zoe_user):
        actor = actor_for(stranger)
        with pytest.raises(NotFound):
            ask(actor=actor, client_id=cast.ana.id, asking=TIMES, now=NOW)
        with pytest.raises(NotFound):
            take_back(actor=actor, request_id=request_id, now=NOW)
        with pytest.raises(NotFound):
            requests_of(actor, cast.ana.id, now=NOW)
    for forbidden in (cast.carol, cast.eve):  # a request may be about the counselor
        with pytest.raises(NotAllowed):
            requests_of(actor_for(forbidden), cast.ana.id, now=NOW)
    for forbidden in (cast.ana_user, cast.carol):
        with pytest.raises(NotAllowed):
            answer(actor=actor_for(forbidden), request_id=request_id, reply=AGREED, now=NOW)
    assert requests_waiting(actor_for(cast.mallory), now=NOW) == ()


def test_staff_write_down_what_was_said_aloud(cast: Cast) -> None:
    ask(actor=actor_for(cast.dev), client_id=cast.ana.id, asking=TIMES, now=NOW)
    (line,) = requests_of(actor_for(cast.ana_user), cast.ana.id, now=NOW).lines
    assert line.noted_by == "Dev Banerjee"


def test_two_who_answer_at_once_give_one_ending(app: Flask, cast: Cast) -> None:
    request_id, gate = asked(cast), Barrier(2)
    outcomes: list[str] = []

    def go(user_id: int) -> None:
        with app.app_context():
            actor = actor_for(db.session.get_one(User, user_id))
            db.session.rollback()
            gate.wait()
            try:
                answer(actor=actor, request_id=request_id, reply=AGREED, now=NOW)
                outcomes.append("answered")
            except AlreadyEnded:
                outcomes.append("too late")

    threads = [Thread(target=go, args=(user.id,)) for user in (cast.dev, cast.root)]
    db.session.rollback()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["answered", "too late"]
    assert db.session.scalar(select(func.count(CareReply.id))) == 1
