"""The front door: where people land, what their bar holds, what they may change about their own account."""

import re

import pytest
from flask import Flask

from tests.cast import Cast
from tests.conftest import Http, on_one_database


def bar(page: str) -> list[str]:
    found = re.search(r'<ul class="nav-main">(.*?)</ul>', page, re.DOTALL)
    return re.findall(r">([^<>]+)</a>", found.group(1)) if found else []


def test_someone_not_signed_in_is_sent_to_the_sign_in_page(http: Http) -> None:
    answer = http.get("/")
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/sign-in")


def test_a_person_who_signs_in_is_known(http: Http, cast: Cast) -> None:
    http.sign_in(cast.carol.email)
    assert http.get("/sign-in").status_code == 302


@on_one_database
@pytest.mark.parametrize("person", ["ana_user", "carol", "dev", "root"])
def test_everyone_lands_on_a_page_that_is_theirs(http: Http, cast: Cast, person: str) -> None:
    http.sign_in(getattr(cast, person).email)
    assert http.get("/", follow_redirects=True).status_code == 200


@on_one_database
@pytest.mark.parametrize(
    ("person", "pages"),
    [
        ("ana_user", ["My week", "My times", "My hours", "Messages"]),
        ("carol", ["Today", "Week", "Program week"]),
        ("dev", ["Caseload", "Outreach", "Program week", "People", "Reminders", "Reports"]),
        (
            "root",
            [
                "Program week",
                "Groups",
                "Placement",
                "People",
                "Reports",
                "Outreach",
                "Closures",
                "Reminders",
                "Import",
                "Audit",
            ],
        ),
    ],
)
def test_the_bar_holds_the_pages_of_ones_role(http: Http, cast: Cast, person: str, pages: list[str]) -> None:
    http.sign_in(getattr(cast, person).email)
    page = http.get("/account").text
    assert bar(page) == pages
    links = re.findall(
        r'href="(/[^"]*)"', re.search(r'<ul class="nav-main">.*?</ul>', page, re.DOTALL).group(0)
    )  # type: ignore[union-attr]
    assert [http.get(link).status_code for link in links] == [200] * len(pages)


def test_a_page_that_is_not_there_is_left_out_of_the_bar(app: Flask, http: Http, cast: Cast) -> None:
    del app.view_functions["audit.trail"]
    http.sign_in(cast.root.email)
    assert "Audit" not in bar(http.get("/account").text)


def test_the_page_shown_is_marked_in_the_bar(http: Http, cast: Cast) -> None:
    http.sign_in(cast.root.email)
    marked = re.findall(r'aria-current="page">([^<]+)</a>', http.get("/people/staff/new").text)
    assert marked == ["People"]


def test_the_page_knows_when_the_session_ends(http: Http, new_http, cast: Cast) -> None:  # type: ignore[no-untyped-def]
    staff = http.sign_in(cast.carol.email).get("/account").text
    client = new_http().sign_in(cast.ana_user.email).get("/account").text
    assert ('data-idle-seconds="840"' in staff, 'data-idle-seconds="1140"' in client) == (True, True)


@on_one_database
@pytest.mark.parametrize(("theme", "kept"), [("dark", "dark"), ("light", "light"), ("", None), ("<x>", None)])
def test_appearance_is_kept_in_this_browser(http: Http, cast: Cast, theme: str, kept: str | None) -> None:
    http.sign_in(cast.carol.email)
    http.submit("/account/appearance", {"theme": theme}, page="/account")
    cookie = http.get_cookie("theme")
    assert (cookie.value if cookie else None) == kept
    assert (f'data-bs-theme="{theme}"' in http.get("/account").text) is bool(kept)


def test_single_letter_keys_can_be_switched_off_on_this_device(http: Http, cast: Cast) -> None:
    carol = http.sign_in(cast.carol.email)
    assert "data-no-letters" not in carol.get("/account").text
    carol.submit("/account/appearance", {"theme": "", "letters": "off"}, page="/account")
    assert "data-no-letters>" in carol.get("/today").text
    carol.submit("/account/appearance", {"theme": "", "letters": ""}, page="/account")
    assert "data-no-letters" not in carol.get("/today").text


def test_the_account_page_shows_who_one_is(http: Http, cast: Cast) -> None:
    http.sign_in(cast.carol.email)
    page = http.get("/account").text
    assert [words in page for words in ("Carol Whitfield", "carol@example.org", "Counselor")] == [True] * 3


def test_the_application_can_be_installed_under_a_name_that_tells_nothing(http: Http) -> None:
    told = http.get("/manifest.webmanifest")
    assert (told.status_code, told.mimetype) == (200, "application/manifest+json")
    assert (told.json["name"], [icon["sizes"] for icon in told.json["icons"]]) == (
        "Steady", ["192x192", "512x512"],
    )  # fmt: skip
    assert 'rel="manifest"' in http.get("/sign-in").text


def test_search_engines_stay_away(http: Http) -> None:
    answer = http.get("/robots.txt")
    assert (answer.status_code, answer.mimetype, "Disallow" in answer.text) == (200, "text/plain", True)
