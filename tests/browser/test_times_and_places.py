"""From a client's week to a place in a group, as people do it: forms, painting, one press to place."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.hand import follow
from tests.browser.health import PHONE, Watch, findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

CASE_MANAGER = "bell@elm.example"
#: They wait for a place; their weeks hold an office day, a store shift, night shifts.
OFFICE, STORE, NIGHTS = "client82@people.example", "client83@people.example", "client85@people.example"
MONDAY, FRIDAY = 0, 4


def cell(page: Page, day: int, hour: float) -> Locator:
    return page.locator(f'[data-paint] button[data-d="{day}"][data-m="{int(hour * 60)}"]')


def entries(page: Page, day: int) -> list[str]:
    """Return what the list says about one day."""
    rows = page.locator("#daylist > li").nth(day).locator("ul > li > span:nth-of-type(2)")
    return [re.sub(r"\s+", " ", text).strip() for text in rows.all_inner_texts()]


def choose(page: Page, words: str) -> None:
    """Press the words beside a radio button or check box, as people do; they cover it."""
    page.locator(".choice label", has_text=re.compile(f"^{words}$")).click()


def save_week(page: Page) -> None:
    follow(page.get_by_role("button", name="Save my week"))
    expect(page.locator("#messages")).to_contain_text("Saved")


def add_work_week(page: Page) -> None:
    follow(page.get_by_role("link", name="Add a time", exact=True))
    choose(page, "Work")
    page.get_by_label("Your word for it").fill("call center")
    for day in ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"):
        choose(page, day)
    page.get_by_label("From", exact=True).fill("09:00")
    page.get_by_label("To", exact=True).fill("16:30")
    follow(page.get_by_role("button", name="Save"))


def test_a_work_week_is_one_form_and_says_what_fits(visit: Visit, watch: Watch) -> None:
    page = visit(NIGHTS, "/my/times", size=PHONE)
    before = page.locator(".impact b").inner_text()
    add_work_week(page)
    expect(page.locator("#messages")).to_contain_text("Saved.")
    assert re.fullmatch(r"\d of \d groups fits? your week\.", page.locator(".impact b").inner_text())
    assert page.locator(".impact b").inner_text() != before
    assert all("Call center, 9:00 am to 4:30 pm" in entries(page, day) for day in range(5))
    assert findings(page, watch) == []


def test_a_mistake_is_told_first_and_everything_typed_stays(visit: Visit, watch: Watch) -> None:
    page = visit(NIGHTS, "/my/times/add", size=PHONE)
    choose(page, "Work")
    page.get_by_label("From", exact=True).fill("21:00")
    page.get_by_label("To", exact=True).fill("13:00")
    choose(page, "Tuesday")
    follow(page.get_by_role("button", name="Save"))
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="The end must be after the start.").click()
    expect(page.get_by_label("To", exact=True)).to_be_focused()
    expect(page.get_by_label("From", exact=True)).to_have_value("21:00")
    expect(page.get_by_label("Tuesday", exact=True)).to_be_checked()
    assert findings(page, watch) == []


def test_painting_by_two_presses_by_dragging_and_by_keyboard(visit: Visit) -> None:
    """The office day that was there keeps its name and its trip."""
    page = visit(OFFICE, "/my/times")
    office = entries(page, MONDAY)
    page.get_by_text("Child or family care", exact=True).first.click()
    cell(page, MONDAY, 17).click()
    cell(page, MONDAY, 18.5).click()
    cell(page, 1, 18).hover()
    page.mouse.down()
    cell(page, 1, 18.5).hover()
    cell(page, 1, 19.5).hover()
    page.mouse.up()
    cell(page, 3, 19).focus()
    for _ in range(2):
        page.keyboard.press("Shift+ArrowDown")
    save_week(page)
    assert entries(page, MONDAY) == [*office, "Family care, 5:00 pm to 7:00 pm"]
    assert entries(page, 1)[-1] == "Family care, 6:00 pm to 8:00 pm"
    assert entries(page, 3)[-1] == "Family care, 7:00 pm to 8:30 pm"
    assert len(office) == 1
    assert "30 min travel" in office[0]


def test_one_part_cleared_leaves_the_other_with_its_name(visit: Visit) -> None:
    page = visit(OFFICE, "/my/times")
    page.get_by_text("Clear", exact=True).click()
    cell(page, FRIDAY, 15).click()
    cell(page, FRIDAY, 16).click()
    save_week(page)
    assert entries(page, FRIDAY)[0].startswith("Office, 8:00 am to 3:00 pm")


def test_a_waiting_person_is_placed_in_three_actions(visit: Visit, watch: Watch) -> None:
    page = visit(CASE_MANAGER, "/caseload")
    waiting = page.get_by_role("row").filter(has_text="Waiting for a place in a group.")
    before = waiting.count()
    follow(waiting.first.get_by_role("link", name="Find a time"))
    assert findings(page, watch) == []
    follow(page.get_by_role("button", name=re.compile("^Place ")).first)
    expect(page.locator("#messages")).to_contain_text("Placed. The sessions are on their schedule.")
    follow(page.get_by_role("link", name="Caseload").first)
    expect(page.get_by_role("row").filter(has_text="Waiting for a place in a group.")).to_have_count(
        before - 1
    )


def test_without_scripts_times_are_added_changed_and_removed(visit: Visit) -> None:
    page = visit(STORE, "/my/times", script=False, size=PHONE)
    assert not page.locator("[data-paint]").is_visible()
    add_work_week(page)
    expect(page.locator("#messages")).to_contain_text("Saved.")
    follow(page.get_by_role("link", name="Change Work (call center), Mondays 9:00 am to 4:30 pm"))
    page.get_by_label("To", exact=True).fill("15:00")
    follow(page.get_by_role("button", name="Save"))
    assert "Call center, 9:00 am to 3:00 pm" in entries(page, MONDAY)
    follow(page.get_by_role("button", name="Remove Work (call center), Fridays 9:00 am to 4:30 pm"))
    expect(page.locator("#messages")).to_contain_text("Removed. Earlier weeks stay as they were.")
    assert "Call center, 9:00 am to 4:30 pm" not in entries(page, FRIDAY)


def test_without_scripts_a_case_manager_filters_and_places(visit: Visit) -> None:
    page = visit(CASE_MANAGER, "/caseload", script=False)
    page.get_by_label("Find a client").fill("zzz")
    follow(page.get_by_role("button", name="Show", exact=True))
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    follow(page.get_by_role("link", name="Clear"))
    waiting = page.get_by_role("row").filter(has_text="Waiting for a place in a group.")
    follow(waiting.last.get_by_role("link", name="Find a time"))
    page.get_by_label("From").fill("2026-03-16")
    follow(page.get_by_role("button", name="Show", exact=True))
    follow(page.get_by_role("button", name=re.compile("^Place ")).first)
    expect(page.locator("#messages")).to_contain_text("Placed.")


def test_without_scripts_a_client_leafs_through_weeks_and_signs_in_and_out(visit: Visit) -> None:
    page = visit("", "/my/week", script=False, size=PHONE)
    expect(page).to_have_url(re.compile("/sign-in"))
    page = visit("client2@people.example", "/my/week", script=False, size=PHONE)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Good morning")
    follow(page.get_by_role("link", name="Week after"))
    expect(page.get_by_role("heading", name="March 16 to 20")).to_be_visible()
    follow(page.get_by_role("link", name="This week", exact=True))
    expect(page.get_by_role("heading", name="March 9 to 13")).to_be_visible()
