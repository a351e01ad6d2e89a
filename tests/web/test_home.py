"""The front door and the guard in front of every page."""

from tests.cast import Cast
from tests.conftest import Http


def test_someone_not_signed_in_is_sent_to_the_sign_in_page(http: Http) -> None:
    answer = http.get("/")
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/sign-in")


def test_a_person_who_signs_in_is_known(http: Http, cast: Cast) -> None:
    http.sign_in(cast.carol.email)
    assert http.get("/sign-in").status_code == 302
