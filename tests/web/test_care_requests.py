"""A client asks on their page, the case manager answers on theirs, and both read the same."""

from datetime import timedelta

from sqlalchemy import select

from iop_schedule.models import CareRequest, db
from iop_schedule.vocabulary import RequestEnd, RequestKind
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http
from tests.pages import counted_statements, words


def test_a_request_is_asked_answered_and_read_in_one_place(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    ana = http.sign_in(cast.ana.email)
    assert "/my/requests" in ana.get("/my/week").text
    sent = ana.submit("/my/requests", {"kind": "other_times", "words": "Mornings <b>only</b>"})
    assert sent.status_code == 302
    (row,) = db.session.scalars(select(CareRequest))
    dev = new_http().sign_in(cast.dev.email)
    assert "Other days or times" in words(dev.get("/outreach").text)
    here = f"/clients/{cast.ana.id}/requests"
    shown = dev.get(here).text
    assert "Mornings &lt;b&gt;only&lt;/b&gt;" in shown
    prefix = f"r{row.id}-"
    refused = dev.submit(f"{here}/{row.id}", {f"{prefix}answer": "agreed"}, page=here)
    assert refused.status_code == 422
    assert "Enter the day from which it holds" in refused.text
    given = {f"{prefix}answer": "agreed", f"{prefix}day": "2026-03-09", f"{prefix}words": "Yes, mornings."}
    assert dev.submit(f"{here}/{row.id}", given, page=here).status_code == 302
    after = dev.get(here).text
    assert "Change not made yet" in words(after)
    assert f"/clients/{cast.ana.id}/placement" in after or "Find a time" in words(after)
    assert "You have an answer." in words(ana.get("/my/week").text)
    read = words(ana.get("/my/requests").text)
    assert "Agreed, from Monday, March 9." in read
    assert "Yes, mornings." in read
    assert "We are planning it now." in read


def test_the_same_twice_and_nothing_at_all_are_refused_in_words(http: Http, cast: Cast) -> None:
    ana = http.sign_in(cast.ana.email)
    assert ana.submit("/my/requests", {"kind": "more_sessions"}).status_code == 302
    again = ana.submit("/my/requests", {"kind": "more_sessions"})
    assert (again.status_code, "You asked us this already." in again.text) == (422, True)
    for fields, sentence in (
        ({}, "Choose one of the answers."),
        ({"kind": "nonsense"}, "Choose one from the list."),
        ({"kind": "something_else"}, "Say in a few words what would help."),
        ({"kind": "other_times", "words": "x" * 501}, "Keep this under 500 characters."),
    ):
        refused = ana.submit("/my/requests", fields)
        assert (refused.status_code, sentence in refused.text) == (422, True), fields
    assert len(db.session.scalars(select(CareRequest)).all()) == 1


def test_a_client_takes_their_own_request_back(http: Http, cast: Cast) -> None:
    row = make.make_care_request(cast.ana, cast.ana_user)
    bens = make.make_care_request(cast.ben, cast.ben_user)
    db.session.commit()
    ana = http.sign_in(cast.ana.email)
    assert ana.submit(f"/my/requests/{row.id}/take-back", page="/my/requests").status_code == 302
    assert ana.submit(f"/my/requests/{bens.id}/take-back", page="/my/requests").status_code == 404
    db.session.expire_all()
    assert (row.ended_by, bens.ended_by) == (RequestEnd.TAKEN_BACK, None)


def test_the_list_asks_as_many_questions_for_three_as_for_one(http: Http, cast: Cast) -> None:
    dev = http.sign_in(cast.dev.email)
    make.make_care_request(cast.ana, cast.ana_user, asked_at=NOW - timedelta(days=1))
    db.session.commit()
    dev.get("/outreach")
    with counted_statements() as one:
        dev.get("/outreach")
    for kind in (RequestKind.MORE_SESSIONS, RequestKind.LEVEL_OF_CARE):
        make.make_care_request(cast.ana, cast.ana_user, kind=kind, asked_at=NOW - timedelta(days=1))
    db.session.commit()
    with counted_statements() as three:
        dev.get("/outreach")
    assert len(one) == len(three)
