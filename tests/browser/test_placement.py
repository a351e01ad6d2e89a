"""A plan for everyone, as an administrator reviews it: looked at, applied, taken back."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.health import Watch, findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ADMINISTRATOR = "hughes@elm.example"


def test_a_plan_for_everyone_is_reviewed_applied_and_taken_back(visit: Visit, watch: Watch) -> None:
    page = visit(ADMINISTRATOR, "/placement")
    page.get_by_role("link", name="Reach everyone’s hours").first.click()
    expect(page.get_by_role("heading", name="Proposed changes")).to_be_visible()
    assert findings(page, watch) == []
    person = page.get_by_role("table", name="Proposed changes").get_by_role("row").nth(1)
    name = person.get_by_role("link").inner_text()
    person.get_by_role("button", name="Accept").click()
    applied = page.get_by_role("table", name="Applied changes")
    expect(applied.get_by_role("link", name=name)).to_be_visible()
    applied.get_by_role("row").filter(has_text=name).get_by_role("button", name="Take back").click()
    expect(page.get_by_text(re.compile(r"Left as it is, or taken back: 1"))).to_be_visible()
    expect(applied).to_have_count(0)
