"""Contacting clients, as a case manager clicks it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.case_snapshots import refresh
from iop_schedule.actions.outreach_tasks import settle_tasks
from iop_schedule.actions.risk import watch_tiers
from iop_schedule.domain.risk.policy import MonitorPolicy
from iop_schedule.models import MonitorVersion, OutreachAttempt, RiskSignal, SelfReportRow, SetAside, db
from iop_schedule.queries.case_snapshots import cases_of
from iop_schedule.vocabulary import AttendanceStatus, ConsentPurpose
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http, on_one_database
from tests.kept import KeptApp
from tests.pages import monitor_form, words


@pytest.fixture
def dev(http: Http, cast: Cast, kept_app: KeptApp) -> Http:
    """Dev, signed in, on a day on which the monitor has asked to call Ana and Ben."""

    def make() -> None:
        cast.ana.phone = "555-010-0188"
        db.session.commit()
        while refresh(now=NOW):
            pass
        watch_tiers(now=NOW)
        settle_tasks(now=NOW)

    kept_app.populated("two to call", make)
    return http.sign_in(cast.dev.email)


def attempts() -> list[OutreachAttempt]:
    db.session.expire_all()
    return list(db.session.scalars(select(OutreachAttempt).order_by(OutreachAttempt.id)))


def next_step_of(page: str, first_name: str) -> str:
    found = re.search(rf'<a class="btn[^"]*" href="([^"]+)">Call {first_name}', page)
    assert found, words(page)
    return found[1].replace("&amp;", "&")


def test_two_clicks_from_the_caseload_to_no_answer_try_tomorrow(dev: Http, cast: Cast) -> None:
    log = next_step_of(dev.get("/caseload?q=ana").text, "Ana")
    page = dev.get(log).text
    assert "No answer, try tomorrow" in words(page)
    assert 'href="tel:555-010-0188"' in page
    answer = dev.submit(
        log.partition("?")[0],
        {"quick": "no_answer", "back": "/caseload?q=ana"},
        page=log,
        follow_redirects=True,
    )
    (kept,) = attempts()
    assert (kept.channel, kept.result, kept.next_step, f"{kept.next_day}") == (
        "call", "no_answer", "try_again", "2026-03-05",
    )  # fmt: skip
    assert answer.request.full_path == "/caseload?q=ana"
    assert "Saved: no answer. Try again on Thursday, Mar 5.\nUndo" in words(answer.text)


def test_who_agreed_is_asked_in_writing_with_one_press(dev: Http, cast: Cast) -> None:
    path = f"/clients/{cast.ana.id}/contact"
    assert "Email: has not agreed." in words(dev.get(path).text)
    make.make_point(cast.ana)
    make.make_agreement(cast.ana, ConsentPurpose.CONTACT)
    db.session.commit()
    assert "Email Ana" in words(dev.get(path).text)
    sent = {"back": "/caseload?q=ana"}
    answer = dev.submit(f"{path}/email", sent, page=path, follow_redirects=True)
    assert answer.request.full_path == "/caseload?q=ana"
    assert "On its way, and in the log.\nUndo" in words(answer.text)
    again = dev.submit(f"{path}/email", sent, page=path, follow_redirects=True)
    assert "A message has gone to them in the last hours already." in words(again.text)
    assert [(row.channel, row.result) for row in attempts()] == [("email", "left_message")]


def test_no_texts_where_none_can_be_sent(dev: Http, cast: Cast) -> None:
    path = f"/clients/{cast.ana.id}/contact"
    assert "Text:" not in words(dev.get(path).text)
    assert dev.submit(f"{path}/sms", page=path).status_code == 404


def test_undo_takes_it_back(dev: Http, cast: Cast) -> None:
    path = f"/clients/{cast.ana.id}/contact"
    dev.submit(path, {"quick": "no_answer"})
    (kept,) = attempts()
    answer = dev.submit(f"/outreach/attempts/{kept.id}/undo", page="/outreach", follow_redirects=True)
    assert "Taken back." in words(answer.text)
    assert attempts()[0].undone_at is not None
    assert "Earlier contacts" not in words(answer.text)


def filled(**more: str) -> dict[str, object]:
    return {
        "day": "2026-03-04", "clock": "09:30", "channel": "call", "result": "reached", "barrier": "",
        "note": "", "next_step": "try_again", "next_day": "2026-03-05", **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "leads_to"),
    [
        ({}, "/outreach"),
        ({"back": "/caseload?tier=reach_out"}, "/caseload?tier=reach_out"),
        ({"back": "https://elsewhere.example/"}, "/outreach"),
        ({"barrier": "work"}, "/clients/{}/times/add?kind=work"),
        ({"next_step": "find_a_time"}, "/clients/{}/place"),
    ],
)
def test_what_was_said_leads_on(dev: Http, cast: Cast, more: dict[str, str], leads_to: str) -> None:
    answer = dev.submit(f"/clients/{cast.ana.id}/contact", filled(**more))
    assert answer.status_code == 302
    assert answer.location.startswith(leads_to.format(cast.ana.id).partition("?")[0])
    assert answer.location.partition("?")[2] == leads_to.partition("?")[2]


@on_one_database
@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"result": ""}, "Choose one."),
        ({"day": "2026-03-05"}, "not in the future"),
        ({"day": "yesterday"}, "Enter a date that exists"),
        ({"clock": "99:99"}, "Enter a time like"),
        ({"result": "left_message"}, "They have not agreed to messages being left."),
        ({"next_day": ""}, "Say when the next step is due"),
        ({"barrier": "nonsense"}, "Choose one from the list."),
        ({"note": "x" * 301}, "Keep this under 300 characters."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(
    dev: Http, cast: Cast, more: dict[str, str], sentence: str
) -> None:
    answer = dev.submit(
        f"/clients/{cast.ana.id}/contact",
        filled(note="kept", **more) if "note" not in more else filled(**more),
    )
    assert answer.status_code == 422
    assert sentence in words(answer.text)
    assert attempts() == []


def test_the_list_says_whom_why_and_by_when(dev: Http, cast: Cast) -> None:
    told = words(dev.get("/outreach").text)
    assert "2 people to contact" in told
    assert "Ana Q." in told
    assert "No contact for 58 days, since Jan 5 (admission)." in told
    assert "From miss to contact" in words(dev.get("/outreach/figures").text)


def test_not_now_and_back_again(dev: Http, cast: Cast) -> None:
    path = f"/clients/{cast.ana.id}/not-now"
    assert dev.submit(path, {"reason": "", "until_day": "2026-03-11"}).status_code == 422
    assert dev.submit(path, {"reason": "in_contact", "until_day": "2027-01-01"}).status_code == 422
    answer = dev.submit(
        path, {"reason": "in_contact", "until_day": "2026-03-11", "back": "/caseload"}, follow_redirects=True
    )
    assert "Not now until Wed, Mar 11: we are in contact already (Dev Banerjee)" in words(answer.text)
    assert "Not now until Wed, Mar 11" in words(dev.get("/outreach").text)
    (row,) = db.session.scalars(select(SetAside))
    dev.submit(f"/not-now/{row.id}/end", page="/outreach")
    assert "Not now until" not in words(dev.get("/caseload").text)


def test_one_clients_engagement_is_on_one_page(dev: Http, cast: Cast) -> None:
    held = make.make_entry(make.make_occurrence(cast.monday, (NOW - timedelta(days=2)).date()), cast.ana)
    make.make_record(held, "no_show")
    db.session.commit()
    page = dev.get(f"/clients/{cast.ana.id}/engagement").text
    told = words(page)
    assert "Reach out today" in told
    assert "Mon, Mar 2: missed, no contact. 09:00 Relapse Prevention B" in told
    assert "Relapse Prevention B\nMissed, no contact" in told
    only = words(dev.get(f"/clients/{cast.ana.id}/engagement?kind=contacts").text)
    assert "Nothing yet of this kind." in only
    for nonsense in ("kind=nonsense", "n=-1", "n=abc", "n=999999999"):
        assert dev.get(f"/clients/{cast.ana.id}/engagement?{nonsense}").status_code == 200


def test_how_much_is_known_is_said_but_not_in_silent_weeks(dev: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    """Two attended, one and two weeks ago, and a miss: a = .7 + .49, b = 1 over the prior of 4.4 and 1.1."""
    path = f"/clients/{cast.ana.id}/engagement"
    assert "Not enough data: this rests on 0.0 sessions, and at least 2 are needed." in words(
        dev.get(path).text
    )
    for weeks, mark in ((0, "no_show"), (1, "attended"), (2, "attended")):
        day = (NOW - timedelta(days=2, weeks=weeks)).date()
        entry = make.make_entry(make.make_occurrence(cast.monday, day), cast.ana)
        make.make_record(entry, AttendanceStatus(mark))
    db.session.commit()
    told = words(dev.get(path).text)
    assert "Attends about 73 % of sessions, most likely between 52 % and 91 %" in told
    assert "This rests on 2.2 sessions" in told
    assert "Chance of below 67 %\n32 %; check in from 80 %, reach out from 92 %" in told
    assert (
        "Usual for this person\n76 %\nMissed in a row\n1\n"
        "More misses than usual\n1.0; alert from 3.8\nStopped coming\n1.8; alert from 3.8" in told
    )
    cast.program.silent_until = (NOW + timedelta(days=7)).date()
    db.session.commit()
    assert "How sure is this" not in words(dev.get(path).text)
    root = new_http().sign_in(cast.root.email)
    assert "This rests on 2.2 sessions" in words(root.get(path).text)


def test_a_signal_is_replayed_on_its_page(dev: Http, cast: Cast) -> None:
    signal = db.session.scalars(select(RiskSignal).where(RiskSignal.client_id == cast.ana.id)).one()
    told = words(dev.get(f"/signals/{signal.id}").text)
    assert "the same tier, for the same reasons" in told
    assert "Settings 2026-1" in told


def test_a_payer_that_counts_an_hour_from_45_minutes_can_be_told_so(http: Http, cast: Cast) -> None:
    root = http.sign_in(cast.root.email)
    path = f"/programs/{cast.program.id}/monitor"
    held = make.make_entry(make.make_occurrence(cast.monday, (NOW - timedelta(days=2)).date()), cast.ana)
    make.make_record(held, AttendanceStatus.ATTENDED_PART, minutes=held.occurrence.scheduled_minutes - 20)
    db.session.commit()
    before = cases_of([cast.ana.id], now=NOW)[cast.ana.id]
    assert before.level.share == (4.4 + 1) / 6.5
    wanted = monitor_form(minimum_group=str(held.occurrence.scheduled_minutes), note="the payer's manual")
    assert root.submit(path, {**wanted, "minimum_group": "-1"}).status_code == 422
    told = words(root.submit(path, {**wanted, "preview": "1"}).text)
    assert "Nothing has changed yet" in told
    answer = root.submit(path, wanted, follow_redirects=True)
    assert "2026-1 v1" in words(answer.text)
    part = 1 - 20 / held.occurrence.scheduled_minutes
    assert cases_of([cast.ana.id], now=NOW)[cast.ana.id].level.share == pytest.approx((4.4 + part) / 6.5)
    (version,) = db.session.scalars(select(MonitorVersion))
    assert version.numbers["low_share"] == MonitorPolicy().low_share
    assert version.numbers["service_minimums"] == {"group": held.occurrence.scheduled_minutes}


def test_an_administrator_sets_the_monitor(http: Http, cast: Cast) -> None:
    root = http.sign_in(cast.root.email)
    path = f"/programs/{cast.program.id}/monitor"
    given = monitor_form(threshold="4.2", note="fewer alerts")
    assert "Put in force" in words(root.get(path).text)
    answer = root.submit(path, given, follow_redirects=True)
    assert "2026-1 v1, from Wed, Mar 4, Root Okafor: fewer alerts" in words(answer.text)
    assert root.submit(path, given).status_code == 422
    assert root.submit(path, {**given, "threshold": "-1"}).status_code == 422
    wrong = root.submit(path, {**given, "clear_below": "0.9"})
    assert wrong.status_code == 422
    assert "“Clear below” must not be above “Check in from”. Correct one of them." in words(wrong.text)
    answer = root.submit(f"{path}/silent", {"silent_until": "2026-03-31"}, page=path, follow_redirects=True)
    assert "Silent through Tue, Mar 31" in words(answer.text)
    assert root.submit(f"{path}/silent", {"silent_until": "2020-01-01"}, page=path).status_code == 422


def test_scores_are_summed_from_items_and_need_no_wording(http: Http, cast: Cast) -> None:
    carol = http.sign_in(cast.carol.email)
    path = f"/clients/{cast.ana.id}/self-reports"
    items = {f"item_{number}": "1" for number in ("4", "5", "6")}
    answer = carol.submit(path, {"day": "2026-03-04", **items}, follow_redirects=True)
    assert "3 of 12" in words(answer.text)
    (row,) = db.session.scalars(select(SelfReportRow))
    assert (row.use_score, row.risk_score, row.items) == (3, None, {"4": 1, "5": 1, "6": 1})
    assert carol.submit(path, {"day": "2026-03-04", "item_4": "0", "item_5": "2"}).status_code == 422
    assert carol.submit(path, {"day": "2026-03-04", "use_score": "13"}).status_code == 422
    assert carol.submit(path, {"day": "2026-03-04"}).status_code == 422
    carol.submit(f"/self-reports/{row.id}/withdraw", page=path)
    assert "3 of 12" not in words(carol.get(path).text)


@pytest.mark.parametrize(
    "query", ["as_of=2026-02-01", "as_of=2026-02-01&recorded=then", "as_of=nonsense", "as_of=2099-01-01"]
)
@pytest.mark.parametrize("page", ["attendance", "engagement"])
def test_pages_can_be_seen_as_of_any_past_day(dev: Http, cast: Cast, page: str, query: str) -> None:
    assert dev.get(f"/clients/{cast.ana.id}/{page}?{query}").status_code == 200


def test_a_past_day_says_so_and_offers_nothing_to_do(dev: Http, cast: Cast) -> None:
    page = dev.get(f"/clients/{cast.ana.id}/engagement?as_of=2026-01-14&recorded=then").text
    told = words(page)
    assert "As of the end of Wednesday, January 14, under the settings in force then: with marks" in told
    assert "No contact for 9 days, since Jan 5 (admission)." in told
    assert "Call Ana" not in told
    assert "as_of=2026-01-14&amp;recorded=then#timeline" in page
    assert "As of a past day" in words(dev.get(f"/clients/{cast.ana.id}/engagement").text)


def test_a_timeline_as_it_stood_then_has_the_contacts_of_then(dev: Http, cast: Cast) -> None:
    def told(note: str, **given: object) -> None:
        make.make_attempt(cast.ana, cast.dev, at=datetime(2026, 1, 13, 15, tzinfo=UTC), note=note, **given)

    told("entered late", recorded_at=datetime(2026, 1, 20, 15, tzinfo=UTC))
    told(
        "taken back since", recorded_at=datetime(2026, 1, 13, 15, tzinfo=UTC),
        undone_at=datetime(2026, 1, 21, 15, tzinfo=UTC), undone_by_id=cast.dev.id,
    )  # fmt: skip
    db.session.commit()
    page = f"/clients/{cast.ana.id}/engagement?as_of=2026-01-14"
    now, then = words(dev.get(page).text), words(dev.get(f"{page}&recorded=then").text)
    assert ("entered late" in now, "taken back since" in now) == (True, False)
    assert ("entered late" in then, "taken back since" in then) == (False, True)
