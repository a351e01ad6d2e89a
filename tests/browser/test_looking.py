"""Looking at a page: what is wrong is found wherever it is new, and what was looked at is passed over."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.health import OFTEN, Watch, findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGE = (
    "<!doctype html><html lang=en><title>Rows</title><main><h1>Rows</h1><ul>{}</ul></main></html>"
    "<style>.faint {{ color: #ddd }} .wide {{ width: 2000px }} a {{ display: block; padding: 20px }}</style>"
)
ROW, FAINT, NAMELESS = "<li>Words</li>", "<li class=faint>Words</li>", "<li><a href=/somewhere></a></li>"


@pytest.fixture(scope="module")
def shown(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    yield page
    page.close()


@pytest.fixture
def watch() -> Watch:
    return Watch("about:blank")


def found(page: Page, rows: str, watch: Watch) -> set[str]:
    page.set_content(PAGE.format(rows))
    return {each.split(": ")[1] for each in findings(page, watch)}


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        (ROW, set()),
        (FAINT, {"color-contrast"}),
        (ROW * 9 + FAINT, {"color-contrast"}),
        (ROW * 9 + NAMELESS + ROW, {"link-name"}),
        ("<li class=wide>Words</li>", {"1658 px wider than the screen", "768 px wider than the screen"}),
        ("<li id=one>Words</li><li id=one>Words</li><li aria-labelledby=one role=nothing>Words</li>", {"aria-roles"}),
    ],
    ids=["nothing", "faint", "a tenth row that is faint", "a tenth row with a link that has no name", "too wide", "a role"],
)  # fmt: skip
def test_what_is_wrong_is_found(shown: Page, watch: Watch, rows: str, wrong: set[str]) -> None:
    told = found(shown, rows, watch)
    assert told >= wrong
    assert (told == set()) == (wrong == set())


def test_of_what_repeats_the_first_are_looked_at(shown: Page, watch: Watch) -> None:
    shown.set_content(PAGE.format(FAINT * (OFTEN + 2)))
    assert sum("color-contrast" in each for each in findings(shown, watch)) == 3 * OFTEN


def test_only_what_is_new_is_looked_at(shown: Page, watch: Watch) -> None:
    assert found(shown, FAINT, watch) == {"color-contrast"}
    assert found(shown, FAINT * 2, watch) == set()
    assert found(shown, FAINT + NAMELESS, watch) == {"link-name"}
    assert found(shown, f"{ROW}</ul><h4>Far below</h4><ul>", watch) == {"heading-order"}
