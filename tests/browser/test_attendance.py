"""Taking attendance with as few actions as the product promises: by mouse, by keyboard, without scripts."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visit
from tests.browser.health import PHONE, Watch, findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WHITFIELD, RAMAN = "whitfield@elm.example", "raman@elm.example"
CASTLE = "castle@harbor.example"


class Hand:
    """Presses things, and counts how often."""

    def __init__(self) -> None:
        self.actions = 0

    def press(self, thing: Locator) -> None:
        thing.click()
        self.actions += 1


def take_attendance(page: Page) -> Locator:
    return page.get_by_role("link", name="Take attendance")


def save(page: Page) -> Locator:
    return page.get_by_role("button", name="Save attendance")


def rest(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile(r"Mark the other \d+ present"))


def pick(page: Page, seat: int, status: str) -> Locator:
    """Return the choice of one person's card."""
    return page.locator("[data-seat]").nth(seat).locator(f".pick label:has(input[value={status}])")


def people(page: Page) -> int:
    return page.locator("[data-seat]").count()


def test_an_all_present_group_takes_three_actions(visit: Visit, watch: Watch) -> None:
    page, hand = visit(WHITFIELD, "/today"), Hand()
    hand.press(take_attendance(page).first)
    everyone = people(page)
    hand.press(rest(page))
    expect(page.get_by_text(f"{everyone} here, 0 away")).to_be_visible()
    hand.press(save(page))
    expect(page.locator("#messages")).to_contain_text(f"Saved. {everyone} here, 0 away.")
    assert hand.actions == 3
    assert everyone >= 8
    assert findings(page, watch) == []


def test_one_late_and_one_not_here_takes_five(visit: Visit) -> None:
    page, hand = visit(RAMAN, "/today"), Hand()
    hand.press(take_attendance(page).first)
    everyone = people(page)
    hand.press(pick(page, 1, "late"))
    expect(page.locator("[data-seat]").nth(1).locator("input[type=time]")).to_have_value("09:20")
    hand.press(pick(page, 3, "absent"))
    hand.press(rest(page))
    hand.press(save(page))
    expect(page.locator("#messages")).to_contain_text(f"Saved. {everyone - 1} here, 1 away.")
    assert hand.actions == 5
    page.reload()
    assert page.locator("[data-seat]").nth(1).locator("input:checked").get_attribute("value") == "late"


def test_a_device_far_away_still_notes_the_arrival_on_the_clock_of_the_site(visit: Visit) -> None:
    page = visit(WHITFIELD, "/today", zone="Asia/Tokyo")
    page.goto(take_attendance(page).first.get_attribute("href") or "")
    seat = page.locator("[data-seat]").first
    pick(page, 0, "late").click()
    expect(seat.locator("input[type=time]")).to_have_value("09:20")
    save(page).click()
    expect(page.locator("#messages")).to_contain_text("Saved.")
    assert seat.locator("input:checked").get_attribute("value") == "late"
    expect(seat.locator("input[type=time]")).to_have_value("09:20")


@pytest.mark.parametrize(
    ("at", "shown"),
    [("2026-03-09T14:05:00Z", "10:05"), ("2026-03-10T04:07:00Z", "00:07")],
    ids=["morning", "after midnight"],
)
def test_the_arrival_is_the_time_of_marking(visit: Visit, at: str, shown: str) -> None:
    """The page has been open for a while; nothing is saved."""
    page = visit(WHITFIELD, "/today", zone="Asia/Tokyo")
    page.goto(take_attendance(page).first.get_attribute("href") or "")
    page.clock.set_fixed_time(at)
    pick(page, 2, "late").click()
    expect(page.locator("[data-seat]").nth(2).locator("input[type=time]")).to_have_value(shown)


def test_marking_the_rest_can_be_undone_and_letters_mark_everyone_without_a_mouse(visit: Visit) -> None:
    """Friday's group, whose attendance Raman has still to finish."""
    page = visit(RAMAN, "/today")
    page.get_by_role("link", name="Finish attendance").first.click()
    everyone, keys = people(page), page.keyboard
    rest(page).click()
    expect(
        page.get_by_text("Everyone is marked").or_(page.get_by_text(f"{everyone} here, 0 away"))
    ).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{everyone} people still to mark")).to_be_visible()
    page.locator("body").press("Home")
    for _ in range(40):
        if page.evaluate("document.activeElement.matches('.pick input')"):
            break
        keys.press("Tab")
    for letter in ("p", "n", "e", "l", *"p" * (everyone - 4)):
        keys.press(letter)
    assert [
        page.locator(f".pick input[value={what}]:checked").count() for what in ("absent", "excused", "late")
    ] == [1, 1, 1]
    # The session is long over: nobody can know when the late one came, so nothing is filled in.
    late = page.locator("[data-seat]").nth(3)
    expect(late.locator("input[type=time]")).to_have_value("")
    for _ in range(everyone - 4):
        keys.press("ArrowUp")
    assert late.evaluate("seat => seat.contains(document.activeElement)")
    keys.press("Shift+Tab")
    expect(late.locator("input[type=time]")).to_be_focused()
    late.locator("input[type=time]").fill("09:45")
    for _ in range(6 * everyone):
        if page.evaluate("document.activeElement.matches('[data-finish]')"):
            break
        keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("#messages")).to_contain_text(f"Saved. {everyone - 2} here, 2 away.")


@pytest.mark.parametrize("key", ["x", "1", "Control+p"])
def test_other_keys_mark_nobody(visit: Visit, key: str) -> None:
    page = visit(WHITFIELD, "/today")
    page.goto(take_attendance(page).first.get_attribute("href") or "")
    before = page.locator(".pick input:checked").count()
    page.locator(".pick input").first.focus()
    if key != "Control+p":
        page.keyboard.press(key)
    assert page.locator(".pick input:checked").count() == before


def test_without_scripts_the_sheet_is_a_plain_form(visit: Visit) -> None:
    page = visit(CASTLE, "/today", script=False, size=PHONE)
    page.get_by_role("link", name="Finish attendance").first.click()
    everyone = people(page)
    pick(page, 0, "excused").click()
    rest(page).click()
    expect(page.locator("#messages")).to_contain_text(f"Saved. {everyone - 1} here, 1 away.")
    pick(page, 1, "late").click()
    save(page).click()
    expect(page.locator("[data-error-summary]")).to_contain_text("Enter the time they arrived")
    assert page.locator("[data-seat]").nth(1).locator("input[value=late]").is_checked()
    page.locator("[data-seat]").nth(1).locator("input[type=time]").fill("17:45")
    save(page).click()
    expect(page.locator("#messages")).to_contain_text("Saved.")
