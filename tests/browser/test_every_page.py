"""Every page a role can reach: accessible, on a phone and a screen, by day and by night, and quiet."""

import tomllib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error, Page
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter

from iop_schedule.app import create_app
from iop_schedule.vocabulary import Role
from tests.browser.conftest import Clinic, Visit
from tests.browser.hand import follow
from tests.browser.health import Watch, findings
from tests.browser.reading import grade, sentences_of
from tests.conftest import make_settings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

TABLE = Path(__file__).parents[1] / "repository" / "endpoints.toml"
WHO = {
    Role.CLIENT: "client1@people.example",
    Role.COUNSELOR: "whitfield@elm.example",
    Role.CASE_MANAGER: "bell@elm.example",
    Role.ADMINISTRATOR: "hughes@elm.example",
}
#: The school grade from which on the pages of a role can be read: people in a hard week read on a phone.
READING_GRADE = {
    Role.CLIENT: 6.0,
    Role.COUNSELOR: 9.0,
    Role.CASE_MANAGER: 9.0,
    Role.ADMINISTRATOR: 9.0,
}
#: Pages no link leads to.
ALSO = ("/nothing-here", "/my/times/add?day=2", "/my/week?print=1")
#: Pieces of pages that scripts ask for; nobody opens them.
PIECES = {"attendance.today_counts"}
#: More than the application has; a guard against links that never end.
MOST_PAGES = 160


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> MapAdapter:
    """The route table, to tell which endpoint an address leads to."""
    app = create_app(make_settings(tmp_path_factory.mktemp("routes"), "sqlite://"))
    return app.url_map.bind("127.0.0.1")


def pages_without_ids(addresses: MapAdapter, role: Role) -> Iterator[str]:
    """Yield the address of every page in the reviewed table that needs no id and answers this role."""
    column = 1 + list(Role).index(role)
    for key, statuses in tomllib.loads(TABLE.read_text())["endpoints"].items():
        method, endpoint = key.split()
        if endpoint in PIECES:
            continue
        rules = [rule for rule in addresses.map.iter_rules() if rule.endpoint == endpoint]
        if method == "GET" and statuses.split()[column] == "200" and not any(r.arguments for r in rules):
            yield addresses.build(endpoint)


def endpoint_of(addresses: MapAdapter, url: str) -> str:
    """Return the endpoint behind a link; for links that lead nowhere of ours, nothing."""
    try:
        return str(addresses.match(urlsplit(url).path, method="GET")[0])
    except HTTPException:
        return ""


def opens(page: Page, url: str) -> bool:
    """Go to `url` and return True when it is a page; files are not."""
    try:
        answer = page.goto(url)
    except Error as error:
        if "Download is starting" in error.message or "ERR_ABORTED" in error.message:
            return False
        raise
    return answer is not None and "text/html" in answer.headers.get("content-type", "")


# Who sees most comes first: on the pages of the others little is then new.
@pytest.mark.parametrize("role", list(Role)[::-1])
def test_every_page_of_a_role_is_healthy(
    role: Role, visit: Visit, watch: Watch, addresses: MapAdapter, clinic: Clinic
) -> None:
    page = visit(WHO[role])
    waiting = deque([page.url, *(clinic.url + path for path in (*pages_without_ids(addresses, role), *ALSO))])
    seen: set[str] = set()
    said: set[str] = set()
    wrong: list[str] = []
    while waiting and len(seen) < MOST_PAGES:
        url = waiting.popleft()
        kind = f"{endpoint_of(addresses, url)} {'?' if urlsplit(url).query else ''}"
        if kind in seen or kind.startswith(("health.", "home.")):
            continue
        seen.add(kind)
        if not opens(page, url):
            continue
        waiting.extend(
            link
            for link in page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
            if link.startswith(clinic.url) and endpoint_of(addresses, link)
        )
        said |= sentences_of(page)
        wrong += [f"{urlsplit(url).path}: {what}" for what in findings(page, watch)]
    assert wrong == []
    assert len(seen) < MOST_PAGES, "the crawl did not end by itself"
    hardest = sorted(said, key=lambda sentence: -grade({sentence}))[:10]
    assert grade(said) <= READING_GRADE[role], f"hard to read: {hardest}"


def test_pages_before_signing_in_are_healthy(visit: Visit, watch: Watch) -> None:
    page = visit("", "/sign-in")
    wrong = findings(page, watch)
    follow(page.get_by_role("button", name="Sign in"))
    assert page.title().startswith("Error: ")
    wrong += findings(page, watch)
    assert wrong == []
