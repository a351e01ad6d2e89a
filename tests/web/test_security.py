"""What every answer carries, and what every request must bring: headers, forged forms, hosts, oddities."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from iop_schedule.actions import audit
from iop_schedule.app import create_app
from iop_schedule.models import AuditEvent, db
from iop_schedule.vocabulary import AuditKind
from iop_schedule.web.security import CONTENT_SECURITY_POLICY, source
from tests.cast import Cast
from tests.conftest import Http, make_settings, on_one_database

EVERYWHERE = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


@on_one_database
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/sign-in",
        "/account",
        "/people",
        "/clients/1",
        "/clients/999999",
        "/nothing",
        "/set-password/x",
        "/audit.csv",
    ],
)
def test_every_answer_carries_the_headers(http: Http, cast: Cast, path: str) -> None:
    http.sign_in(cast.root.email)
    headers = http.get(path).headers
    assert {name: headers.get(name) for name in EVERYWHERE} == EVERYWHERE
    assert "Cookie" in (headers.get("Vary") or "Cookie")


@on_one_database
@pytest.mark.parametrize("suffix", ["/x.css", ".css", "/style.js", ";x.png", "%2fx.css"])
def test_a_page_is_not_found_under_a_name_that_caches_keep(http: Http, cast: Cast, suffix: str) -> None:
    http.sign_in(cast.root.email)
    answer = http.get(f"/account{suffix}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    cookie = http.get_cookie("session")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site) == (True, "Lax")


def test_over_https_the_cookie_is_bound_to_this_host(tmp_path, database_url: str) -> None:  # type: ignore[no-untyped-def]
    chosen = make_settings(tmp_path, database_url)
    app = create_app(type(chosen)(**{**{name: getattr(chosen, name) for name in chosen.__dataclass_fields__}, "secure_cookies": True}))  # fmt: skip
    answer = app.test_client().get("/sign-in", base_url="https://clinic.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    with app.app_context():
        db.engine.dispose()


@on_one_database
@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 302), ("none", 302), (None, 302)],
)
def test_a_form_from_another_site_is_refused_even_with_its_token(
    http: Http, cast: Cast, site: str | None, status: int
) -> None:
    http.sign_in(cast.root.email)
    headers = {"Sec-Fetch-Site": site} if site else {}
    assert (
        http.submit("/account/appearance", {"theme": "dark"}, page="/account", headers=headers).status_code
        == status
    )


def test_nobody_is_signed_in_by_a_form_of_another_site(http: Http, cast: Cast) -> None:
    data = {"email": cast.carol.email, "password": "correct horse battery"}
    assert http.post("/sign-in", data=data).status_code == 400
    assert http.get("/account").status_code == 302


@on_one_database
@pytest.mark.parametrize(
    "header",
    [
        "Host",
        "X-Forwarded-Host",
        "X-Forwarded-Server",
        "Forwarded",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Prefix",
        "X-Forwarded-Port",
        "X-Forwarded-Scheme",
        "Origin",
    ],
)
def test_forged_addresses_lead_nowhere(http: Http, cast: Cast, header: str) -> None:
    answer = http.get("/people", headers={header: "elsewhere.example"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in?next=%2Fpeople")
    assert "elsewhere.example" not in http.get("/sign-in", headers={header: "elsewhere.example"}).text


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2"),
        ("2001:db8:1:2::9", "2001:db8:1:2"),
        ("", "unknown"),
    ],
)
def test_a_source_is_an_address_or_one_customers_network(app: Flask, address: str, expected: str) -> None:
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": address}):
        assert source() == expected


def test_an_address_in_a_header_counts_only_behind_a_trusted_proxy(app: Flask) -> None:
    forged = {"X-Forwarded-For": "198.51.100.7"}
    with app.test_request_context("/", headers=forged, environ_base={"REMOTE_ADDR": "192.0.2.7"}):
        assert source() == "192.0.2.7"


@pytest.mark.parametrize(
    "path", ["/people?q=%00", "/sign-in?next=%00", "/audit?client=%00", "/account?x=%00"]
)
def test_what_no_keyboard_types_is_refused(http: Http, cast: Cast, path: str) -> None:
    http.sign_in(cast.root.email)
    assert http.get(path).status_code == 400


@pytest.mark.parametrize("number", ["2147483648", "9" * 40, "-1", "1e3", "0x1", "١"])
def test_numbers_no_row_can_have_are_no_page(http: Http, cast: Cast, number: str) -> None:
    http.sign_in(cast.root.email)
    assert http.get(f"/clients/{number}").status_code == 404


def test_scripts_are_told_to_sign_in_in_their_own_way(http: Http, cast: Cast) -> None:
    part = http.get("/account", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"], part.text) == (401, "/sign-in", "")
    data = http.get("/account", headers={"Accept": "application/json"})
    assert (data.status_code, data.json) == (401, {"message": "Sign in again to go on."})


def test_scripts_get_errors_as_sentences(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    answer = http.get(f"/clients/{cast.zoe.id}", headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert (answer.json or {})["message"] == "This does not exist, or it is not yours to see."


def test_a_refusal_is_in_the_trail_with_the_ids_asked_for(http: Http, cast: Cast) -> None:
    http.sign_in(cast.dev.email)
    http.get(f"/clients/{cast.zoe.id}?q=umberhulk")
    http.get("/audit")
    rows = db.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == AuditKind.ACCESS_DENIED).order_by(AuditEvent.id)
    ).all()
    assert [(row.actor_id, row.client_id, row.details) for row in rows] == [
        (cast.dev.id, None, {"endpoint": "people.client", "client_id": cast.zoe.id}),
        (cast.dev.id, None, {"endpoint": "audit.trail"}),
    ]


def test_a_database_that_is_away_is_a_page_without_a_stack(
    app: Flask, http: Http, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*given: object) -> None:
        raise OperationalError("SELECT Quillfeather", {}, Exception("server is gone"))

    app.view_functions["home.robots"] = away
    answer = http.get("/robots.txt")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert [word for word in ("Quillfeather", "server is gone", "Traceback") if word in answer.text] == []


def test_a_page_that_could_not_be_noted_is_not_shown_and_asks_to_try_again(
    app: Flask, http: Http, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database is locked"))

    http.sign_in(cast.dev.email)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(audit, "record_alone", busy)
    answer = http.get(f"/clients/{cast.ana.id}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Quillfeather" not in answer.text
