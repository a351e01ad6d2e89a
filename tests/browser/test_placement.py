"""A plan for everyone, as an administrator reviews it: looked at, applied, taken back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.hand import follow
from tests.browser.health import Watch, findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ADMINISTRATOR = "hughes@elm.example"


def test_a_plan_for_everyone_is_reviewed_applied_and_taken_back(visit: Visit, watch: Watch) -> None:
    page = visit(ADMINISTRATOR, "/placement")
    follow(page.get_by_role("link", name="Reach everyone’s hours").first)
    expect(page.get_by_role("heading", name="Proposed changes")).to_be_visible()
    assert findings(page, watch) == []
    proposed = page.get_by_role("table", name="Proposed changes")
    names = proposed.get_by_role("link").all_inner_texts()
    _agree(page, re.compile("^Apply"))
    applied = page.get_by_role("table", name="Applied changes")
    expect(page.get_by_role("heading", name="Nothing left to decide")).to_be_visible()
    assert applied.get_by_role("link").all_inner_texts() == names
    _agree(page, "Take all back")
    back = page.get_by_text(f"Left as it is, or taken back: {len(names)}")
    expect(back).to_be_visible()
    expect(applied).to_have_count(0)
    back.click()
    follow(page.get_by_role("button", name=f"Accept after all for {names[0]}"))
    expect(applied.get_by_role("link", name=names[0])).to_be_visible()
    follow(applied.get_by_role("row").filter(has_text=names[0]).get_by_role("button", name="Take back"))
    expect(back).to_be_visible()


def _agree(page: Page, name: str | re.Pattern[str]) -> None:
    """Press a button that asks first, and say yes."""
    page.locator("main").get_by_role("button", name=name).click()
    follow(page.get_by_role("dialog").get_by_role("button", name=name))
