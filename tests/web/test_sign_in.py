"""Signing in and out: who gets in, how long it lasts, how guessing is slowed down, what next= may be."""

import json
import logging
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from iop_schedule import clock
from iop_schedule.actions import accounts, people
from iop_schedule.adapters import passwords, tokens
from iop_schedule.models import AuditEvent, SignInAttempt, SignInSession, User, db
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.security import own_path
from tests.cast import Cast
from tests.conftest import NOW, Http, csrf_token, on_one_database
from tests.factories import PASSWORD
from tests.pages import words

MINUTE = timedelta(minutes=1)
WRONG = "a wrong password"


def attempt(http: Http, email: str, password: str, *, source: str = "192.0.2.1", **more: object):
    """Try to sign in from a network address, in a browser of its own."""
    token = csrf_token(http.get("/sign-in").text)
    data = {"email": email, "password": password, "csrf_token": token}
    return http.post("/sign-in", data=data, environ_base={"REMOTE_ADDR": source}, **more)


def is_signed_in(http: Http) -> bool:
    return http.get("/account").status_code == 200


def wait(duration: timedelta) -> None:
    clock.freeze(clock.now() + duration)


def copy_cookie(http: Http, other: Http) -> None:
    cookie = http.get_cookie("session")
    assert cookie is not None
    other.set_cookie("session", cookie.value)


def test_tests_let_people_in_as_the_form_does(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    told = []
    for begun in (http.sign_in_by_form(cast.carol.email), new_http().sign_in(cast.carol.email)):
        with begun.session_transaction() as cookie:
            told.append({**cookie, "token": len(cookie["token"]), "fs_paa": type(cookie["fs_paa"])})
    assert told[0] == told[1]
    for kind in (SignInSession, AuditEvent):
        rows = db.session.execute(select(kind.__table__).order_by(kind.id)).mappings()
        by_form, by_hand = ({**row, "id": 0, "token_hash": "", "reference": ""} for row in rows)
        assert by_form == by_hand


# ── Sessions ─────────────────────────────────────────────────────────────────────────────────────


def test_the_table_keeps_a_hash_and_the_cookie_a_random_value(http: Http, cast: Cast) -> None:
    http.sign_in_by_form(cast.carol.email)
    row = db.session.scalars(select(SignInSession)).one()
    with http.session_transaction() as cookie:
        token = cookie["token"]
    assert (len(token), row.token_hash) == (43, tokens.token_hash(token))


@pytest.mark.parametrize(("person", "minutes"), [("carol", 15), ("ana", 20)], ids=["staff", "client"])
def test_a_session_ends_after_minutes_without_a_request(
    http: Http, cast: Cast, person: str, minutes: int
) -> None:
    http.sign_in_by_form({"carol": cast.carol, "ana": cast.ana_user}[person].email)
    wait(minutes * MINUTE - timedelta(seconds=1))
    assert is_signed_in(http)
    wait(minutes * MINUTE)
    assert not is_signed_in(http)


def test_a_session_in_use_ends_after_twelve_hours(http: Http, cast: Cast) -> None:
    http.sign_in_by_form(cast.carol.email)
    for _ in range(71):
        wait(10 * MINUTE)
        assert is_signed_in(http)
    wait(10 * MINUTE)
    assert not is_signed_in(http)


def test_someone_whose_session_ended_is_told_and_comes_back_where_they_were(http: Http, cast: Cast) -> None:
    http.sign_in_by_form(cast.carol.email)
    wait(16 * MINUTE)
    answer = http.get("/account?tab=1&q=quillfeather")
    assert answer.headers["Location"] == "/sign-in?next=%2Faccount%3Ftab%3D1"
    assert "You were signed out to keep what you see private" in http.get("/sign-in").text


def test_use_is_noted_once_a_minute_at_most(http: Http, cast: Cast) -> None:
    http.sign_in_by_form(cast.carol.email)
    seen = []
    for seconds in (30, 29, 1, 59, 1):
        wait(timedelta(seconds=seconds))
        http.get("/account")
        db.session.rollback()
        seen.append(int((db.session.scalars(select(SignInSession.last_seen_at)).one() - NOW).total_seconds()))
    assert seen == [0, 0, 60, 60, 120]


def test_a_page_that_asks_by_itself_does_not_keep_a_session_alive(app: Flask, http: Http, cast: Cast) -> None:
    http.sign_in_by_form(cast.carol.email)
    view = app.view_functions["auth.account"]
    view.is_polled = True  # type: ignore[attr-defined]
    try:
        for _ in range(3):
            wait(5 * MINUTE - timedelta(seconds=1))
            assert is_signed_in(http)
        wait(timedelta(seconds=3))
        assert not is_signed_in(http)
    finally:
        del view.is_polled  # type: ignore[attr-defined]


def test_a_copied_cookie_is_worth_nothing_after_sign_out(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    http.sign_in_by_form(cast.carol.email)
    thief = new_http()
    copy_cookie(http, thief)
    assert is_signed_in(thief)
    answer = http.submit("/sign-out", page="/account")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert (is_signed_in(http), is_signed_in(thief)) == (False, False)


def test_signing_out_needs_the_form_not_a_link(http: Http, cast: Cast) -> None:
    http.sign_in_by_form(cast.carol.email)
    assert http.get("/sign-out").status_code == 405
    assert is_signed_in(http)


@pytest.mark.parametrize("change", ["disabled", "new password", "ended"])
def test_a_change_of_the_account_ends_its_sessions_at_once(http: Http, cast: Cast, change: str) -> None:
    http.sign_in_by_form(cast.carol.email)
    user = db.session.get_one(User, cast.carol.id)
    if change == "disabled":
        user.active = False
    elif change == "new password":
        token = accounts.make_link(user, key="k" * 32, now=NOW)
        db.session.commit()
        accounts.choose_password(token=token, password="violet anchor parsnip", key="k" * 32, now=NOW)
    else:
        accounts.end_sessions(user, now=NOW)
    db.session.commit()
    assert not is_signed_in(http)


def test_signing_in_begins_a_new_session_and_keeps_nothing_of_the_old_cookie(http: Http, cast: Cast) -> None:
    page = http.get("/sign-in")
    with http.session_transaction() as cookie:
        cookie["token"] = "planted by somebody else"
        cookie["planted"] = "yes"
    before = csrf_token(page.text)
    http.sign_in_by_form(cast.carol.email)
    with http.session_transaction() as cookie:
        assert ("planted" in cookie, cookie["token"] == "planted by somebody else") == (False, False)
    assert csrf_token(http.get("/account").text) != before


def test_signing_out_everywhere_ends_every_browser(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    http.sign_in_by_form(cast.carol.email)
    phone = new_http().sign_in_by_form(cast.carol.email)
    http.submit("/account/sign-out-everywhere", page="/account")
    assert (is_signed_in(http), is_signed_in(phone)) == (False, False)


def test_changing_the_password_ends_the_other_browsers_and_keeps_this_one(
    http: Http, new_http, cast: Cast
) -> None:  # type: ignore[no-untyped-def]
    http.sign_in_by_form(cast.carol.email)
    phone = new_http().sign_in_by_form(cast.carol.email)
    data = {"current": PASSWORD, "password": "violet anchor parsnip"}
    assert http.submit("/account/password", data, page="/account").status_code == 302
    assert (is_signed_in(http), is_signed_in(phone)) == (True, False)
    assert attempt(new_http(), cast.carol.email, PASSWORD).status_code == 422
    assert attempt(new_http(), cast.carol.email, "violet anchor parsnip").status_code == 302


@on_one_database
@pytest.mark.parametrize(
    ("current", "password", "sentence"),
    [
        ("not the one at all", "violet anchor parsnip", "That is not your current password. Type it again."),
        (PASSWORD, "short", "Use at least 12 characters. A few words you can remember work well."),
        (PASSWORD, "P@ssw0rd1234!", "This password is on the list of common ones."),
        (PASSWORD, "carol-whitfield-2", "This password is on the list of common ones."),
        (PASSWORD, "x" * 257, "A password has at most 256 characters."),
        (PASSWORD, "", "Choose a password."),
    ],
    ids=["wrong current", "short", "common", "own name", "long", "empty"],
)
def test_a_password_that_will_not_do_is_explained(
    http: Http, cast: Cast, current: str, password: str, sentence: str
) -> None:
    http.sign_in_by_form(cast.carol.email)
    answer = http.submit("/account/password", {"current": current, "password": password}, page="/account")
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert is_signed_in(http)


def test_a_cookie_alone_without_its_session_row_signs_nobody_in(http: Http, cast: Cast) -> None:
    http.sign_in_by_form(cast.carol.email)
    db.session.execute(update(SignInSession).values(token_hash="0" * 64))
    db.session.commit()
    assert not is_signed_in(http)


@pytest.mark.parametrize("how", ["query", "header"])
def test_the_library_takes_no_token_from_address_or_header(http: Http, cast: Cast, how: str) -> None:
    token = cast.carol.get_auth_token()
    if how == "query":
        answer = http.get("/account", query_string={"auth_token": token})
    else:
        answer = http.get("/account", headers={"Authentication-Token": token})
    assert answer.status_code == 302


# ── Guessing ─────────────────────────────────────────────────────────────────────────────────────


def test_every_reason_to_refuse_gets_the_same_page_and_one_hash(
    app: Flask, http: Http, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.dev.active = False
    cast.root.password = None
    db.session.commit()
    emails = [cast.carol.email, cast.dev.email, cast.root.email, "nobody@example.org"]
    hashes: list[str] = []
    real = passwords.verify_password

    def counting(password: str, stored: str) -> bool:
        hashes.append(password)
        return bool(real(password, stored))

    monkeypatch.setattr(passwords, "verify_password", counting)
    app.config["WTF_CSRF_ENABLED"] = False
    answers = []
    for email, password in zip(emails, [WRONG, PASSWORD, WRONG, WRONG], strict=True):
        answer = http.post("/sign-in", data={"email": email, "password": password})
        page = answer.text.replace(email, "someone").replace(csrf_token(answer.text), "")
        answers.append((answer.status_code, page, len(hashes)))
    assert [status for status, _, _ in answers] == [422] * 4
    assert len({page for _, page, _ in answers}) == 1
    assert [count for _, _, count in answers] == [1, 2, 3, 4]
    assert "That email address and password do not match." in answers[0][1]


def test_a_long_password_is_refused_before_anything_is_computed(
    http: Http, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "verify_password", lambda *_: pytest.fail("hashed"))
    answer = attempt(http, cast.carol.email, "x" * 1_000_000)
    assert (answer.status_code, "A password has at most 256 characters." in answer.text) == (422, True)


def test_guessing_is_slowed_down_and_the_page_says_for_how_long(http: Http, cast: Cast) -> None:
    for _ in range(5):
        assert attempt(http, cast.carol.email, WRONG).status_code == 422
    answer = attempt(http, cast.carol.email, PASSWORD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "Too many attempts. Wait a few seconds and try again." in answer.text
    assert 'value="carol@example.org"' in answer.text
    wait(timedelta(seconds=2))
    assert attempt(http, cast.carol.email, PASSWORD).status_code == 302


def test_the_wait_grows_to_a_minute_and_no_further(http: Http, cast: Cast) -> None:
    waits = []
    for _ in range(13):
        answer = attempt(http, cast.carol.email, WRONG)
        while answer.status_code == 429:
            waits.append(int(answer.headers["Retry-After"]))
            wait(timedelta(seconds=waits[-1]))
            answer = attempt(http, cast.carol.email, WRONG)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_short_wait_is_a_few_seconds_and_a_long_one_is_counted(http: Http, cast: Cast) -> None:
    told = {}
    for _ in range(10):
        answer = attempt(http, cast.carol.email, WRONG)
        while answer.status_code == 429:
            seconds = int(answer.headers["Retry-After"])
            told[seconds] = re.findall(r"Wait [^.]* and try again", answer.text)
            wait(timedelta(seconds=seconds))
            answer = attempt(http, cast.carol.email, WRONG)
    few = ["Wait a few seconds and try again"]
    assert told == {1: few, 2: few, 4: few, 8: few, 16: ["Wait 16 seconds and try again"]}


def test_tries_that_were_not_heard_do_not_make_the_wait_longer(http: Http, cast: Cast) -> None:
    for _ in range(5):
        attempt(http, cast.carol.email, WRONG)
    for _ in range(20):
        assert attempt(http, cast.carol.email, WRONG).headers["Retry-After"] == "1"


def test_strangers_cannot_keep_someone_out_of_a_device_they_have_used(
    http: Http, new_http, cast: Cast
) -> None:  # type: ignore[no-untyped-def]
    assert attempt(new_http(), cast.carol.email, PASSWORD, source="198.51.100.7").status_code == 302
    for _ in range(8):
        attempt(http, cast.carol.email, WRONG, source="203.0.113.9")
        wait(timedelta(seconds=1))
    assert attempt(http, cast.carol.email, PASSWORD, source="203.0.113.9").status_code == 429
    assert attempt(new_http(), cast.carol.email, PASSWORD, source="198.51.100.7").status_code == 302


def test_one_source_trying_many_accounts_is_slowed_down(http: Http, cast: Cast) -> None:
    statuses = [
        attempt(http, f"someone{number}@example.org", WRONG, source="203.0.113.9").status_code
        for number in range(21)
    ]
    assert statuses == [422] * 20 + [429]
    assert attempt(http, cast.carol.email, PASSWORD, source="198.51.100.7").status_code == 302


def test_neighbours_in_one_ipv6_network_count_as_one_source(http: Http, cast: Cast) -> None:
    for number in range(20):
        attempt(http, f"someone{number}@example.org", WRONG, source=f"2001:db8:1:2::{number:x}")
    assert attempt(http, cast.carol.email, PASSWORD, source="2001:db8:1:2:ffff::1").status_code == 429


def test_attempts_hold_hashes_not_addresses(http: Http, cast: Cast) -> None:
    attempt(http, cast.carol.email, WRONG, source="203.0.113.9")
    row = db.session.scalars(select(SignInAttempt)).one()
    assert (len(row.account_hash), len(row.source_hash), row.succeeded) == (64, 64, False)
    assert row.account_hash != tokens.token_hash(cast.carol.email)


def test_a_full_room_answers_later_and_counts_no_failure(http: Http, cast: Cast) -> None:
    taken = [passwords._room.acquire(blocking=False) for _ in range(4)]
    try:
        answer = attempt(http, cast.carol.email, PASSWORD)
    finally:
        for _ in taken:
            passwords._room.release()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert "Many people are signing in right now." in answer.text
    assert db.session.scalars(select(SignInAttempt)).all() == []
    assert attempt(http, cast.carol.email, PASSWORD).status_code == 302


def test_wrong_current_passwords_are_slowed_down_too(http: Http, cast: Cast) -> None:
    http.sign_in_by_form(cast.carol.email)
    data = {"current": WRONG, "password": "violet anchor parsnip"}
    statuses = [http.submit("/account/password", data, page="/account").status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_old_attempts_are_forgotten(http: Http, cast: Cast) -> None:
    attempt(http, cast.carol.email, WRONG)
    assert accounts.forget_attempts(now=NOW + timedelta(days=89)) == 0
    assert accounts.forget_attempts(now=NOW + timedelta(days=91)) == 1


def test_the_trail_tells_who_came_in_and_whom_we_turned_away(http: Http, cast: Cast) -> None:
    attempt(http, cast.carol.email, WRONG)
    attempt(http, "nobody@example.org", WRONG)
    attempt(http, " CAROL@example.ORG ", PASSWORD)
    http.submit("/sign-out", page="/account")
    rows = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(row.kind, row.actor_id, row.subject_id, row.site_id) for row in rows] == [
        (AuditKind.SIGN_IN_REFUSED, None, str(cast.carol.id), cast.elm.id),
        (AuditKind.SIGN_IN_REFUSED, None, "", None),
        (AuditKind.SIGNED_IN, cast.carol.id, str(cast.carol.id), cast.elm.id),
        (AuditKind.SIGNED_OUT, cast.carol.id, str(cast.carol.id), cast.elm.id),
    ]


def test_no_password_and_no_address_reaches_the_log(
    http: Http, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        attempt(http, cast.carol.email, WRONG)
        attempt(http, cast.carol.email, PASSWORD)
    text = json.dumps([str(record.__dict__) for record in caplog.records if record.name.startswith("iop")])
    assert [word for word in (WRONG, PASSWORD, "carol@") if word in text] == []


# ── One-time links ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def link(app: Flask, cast: Cast) -> str:
    token = accounts.make_link(cast.root, key=app.extensions["settings"].secret_key, now=NOW)
    db.session.commit()
    return f"/set-password/{token}"


def test_a_link_lets_its_holder_choose_a_password_once(http: Http, cast: Cast, link: str) -> None:
    assert http.get(link).status_code == 200
    answer = http.submit(link, {"password": "violet anchor parsnip"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in")
    ended = http.get(link)
    assert (ended.status_code, "This link no longer works" in ended.text) == (404, True)
    http.sign_in_by_form(cast.root.email, "violet anchor parsnip")


def test_a_password_by_a_link_is_never_the_persons_own_word_alone(
    http: Http, new_http: Callable[[], Http], app: Flask, cast: Cast
) -> None:
    root = actor_for(cast.root)
    key = app.extensions["settings"].secret_key
    token = people.invite_staff(actor=root, user_id=cast.carol.id, key=key, now=NOW)
    http.submit(f"/set-password/{token}", {"password": "violet anchor parsnip"})
    row = db.session.scalars(select(AuditEvent).filter_by(kind=AuditKind.ACCOUNT_PASSWORD_SET)).one()
    assert row.details == {"by": "link", "link_made_by": cast.root.id}
    page = words(new_http().sign_in_by_form(cast.carol.email, "violet anchor parsnip").get("/account").text)
    assert "Set on Wednesday, March 4" in page
    assert "at 10:00 am with a link that Root Okafor made." in page
    trail = new_http().sign_in_by_form(cast.root.email).get("/audit?what=account:password-set").text
    assert "Whoever holds the link of Carol Whitfield chose a new password" in trail


def test_looking_at_a_link_changes_nothing(http: Http, cast: Cast, link: str) -> None:
    for _ in range(3):
        http.get(link)
    assert http.submit(link, {"password": "violet anchor parsnip"}).status_code == 302


@pytest.mark.parametrize("why", ["expired", "replaced", "disabled", "changed", "garbage"])
def test_every_reason_why_a_link_does_not_work_looks_the_same(
    app: Flask, http: Http, cast: Cast, link: str, why: str
) -> None:
    user = db.session.get_one(User, cast.root.id)
    if why == "expired":
        wait(timedelta(days=3))
    elif why == "replaced":
        accounts.make_link(user, key=app.extensions["settings"].secret_key, now=NOW)
    elif why == "disabled":
        user.active = False
    elif why == "changed":
        link += "x"
    else:
        link = "/set-password/nothing"
    db.session.commit()
    answer = http.get(link)
    assert (answer.status_code, answer.text) == (404, http.get("/set-password/other").text)


def test_a_weak_choice_keeps_the_link_alive(http: Http, cast: Cast, link: str) -> None:
    assert http.submit(link, {"password": "password1234"}).status_code == 422
    assert http.submit(link, {"password": "root okafor 1"}).status_code == 422
    assert http.submit(link, {"password": "violet anchor parsnip"}).status_code == 302


# ── Where next= may lead ─────────────────────────────────────────────────────────────────────────

ELSEWHERE = [
    "//elsewhere.example", "///elsewhere.example", "/\\elsewhere.example", "\\\\elsewhere.example",
    "https:elsewhere.example", "https://elsewhere.example", "http:///elsewhere.example", "javascript:alert(1)",
    "/%0d%0aSet-Cookie: x".replace("%0d%0a", "\r\n"), "/\t/elsewhere.example", " //elsewhere.example",
    "/ /elsewhere.example", "elsewhere.example", "", "data:text/html,x", "\x00/account", "/\x7f",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERE)
def test_next_never_leads_elsewhere(target: str) -> None:
    assert own_path(target) is None


@pytest.mark.parametrize("target", ["/account", "/people?tab=staff", "/clients/7", "/"])
def test_next_may_be_any_path_of_ours(target: str) -> None:
    assert own_path(target) == target


@pytest.mark.parametrize(
    ("target", "location"), [("/account?tab=1", "/account?tab=1"), ("//elsewhere.example", "/")]
)
def test_signing_in_leads_on(http: Http, cast: Cast, target: str, location: str) -> None:
    token = csrf_token(http.get("/sign-in").text)
    data = {"email": cast.carol.email, "password": PASSWORD, "csrf_token": token}
    answer = http.post("/sign-in", query_string={"next": target}, data=data)
    assert (answer.status_code, answer.headers["Location"]) == (302, location)
