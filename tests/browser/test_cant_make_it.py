"""Can't make it, a make-up, running late, here: as few actions as promised, with and without scripts."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.hand import Hand, follow
from tests.browser.health import PHONE, WIDE, Watch, findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

HUGHES = "hughes@elm.example"


def client(number: int) -> str:
    """Return an address: 1 to 11 have a group that is on, 22 to 29 one tomorrow at 11:30."""
    return f"client{number}@people.example"


def tap(page: Page, hand: Hand, role: str, name: str | re.Pattern[str]) -> None:
    hand.follow(page.get_by_role(role, name=name).first)  # type: ignore[arg-type]


MAKE_UP = re.compile(r"Gets you to|Makes up")


@pytest.mark.parametrize(
    ("number", "size", "script"),
    [
        (22, PHONE, True),
        (23, WIDE, True),
        (24, PHONE, False),
        (29, WIDE, False),
    ],
    ids=["phone", "desktop", "phone without scripts", "desktop without scripts"],
)
def test_a_make_up_takes_four_actions_from_my_week(
    visit: Visit, watch: Watch, number: int, size: tuple[int, int], script: bool
) -> None:
    page, hand = visit(client(number), "/my/week", size=size, script=script), Hand()
    tap(page, hand, "link", "I can’t make it")
    looked = findings(page, watch) if script else []
    tap(page, hand, "button", "Work")
    looked += findings(page, watch) if script else []
    tap(page, hand, "button", MAKE_UP)
    looked += findings(page, watch) if script else []
    tap(page, hand, "button", "Send")
    expect(page.locator("#messages")).to_contain_text("Your make-up is booked.")
    expect(page.get_by_text("Instead you come to")).to_be_visible()
    looked += findings(page, watch) if script else []
    assert (hand.actions, looked) == (4, [])
    page.goto("/my/week")
    follow(page.locator(".ev", has_text="You told us").get_by_role("link"))
    follow(page.get_by_role("button", name="I can come after all"))
    expect(page.locator("#messages")).to_contain_text("Good, we expect you.")
    page.goto("/my/week")
    expect(page.locator(".ev", has_text="Make-up")).to_have_count(0)


def test_without_a_make_up_it_takes_three(visit: Visit) -> None:
    page, hand = visit(client(5), "/my/week", size=PHONE, script=False), Hand()
    tap(page, hand, "link", "I can’t make it")
    tap(page, hand, "button", "I’d rather not say")
    tap(page, hand, "button", "Skip this week")
    expect(page.locator("#messages")).to_contain_text("Thanks for telling us.")
    assert hand.actions == 3


def test_here_is_one_action_and_running_late_two(visit: Visit, watch: Watch) -> None:
    page, hand = visit(client(6), "/my/week", size=PHONE), Hand()
    before = findings(page, watch)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    card = page.locator(".next .acts").bounding_box()
    assert card is not None
    assert card["y"] + card["height"] < PHONE[1]
    tap(page, hand, "link", "Running late")
    during = findings(page, watch)
    tap(page, hand, "button", "About 20 minutes")
    expect(page.get_by_text("You told us: about 20 min late")).to_be_visible()
    assert hand.actions == 2
    tap(page, hand, "button", "I’m here")
    expect(page.locator(".next").get_by_text("You are checked in, 9:20 am")).to_be_visible()
    assert (hand.actions, before, during, findings(page, watch)) == (3, [], [], [])
    follow(page.get_by_role("button", name="Undo the check-in"))
    expect(page.get_by_role("button", name="I’m here")).to_be_visible()


def test_staff_note_it_for_them_on_one_page(visit: Visit, watch: Watch) -> None:
    page, hand = visit(HUGHES, "/people?q=C026"), Hand()
    page.goto(page.locator("main a.nm").first.get_attribute("href") or "")
    tap(page, hand, "link", "Tue, Mar 10, 11:30 am to 2:45 pm")
    before = findings(page, watch)
    hand.press(page.locator("label", has_text="Not feeling well"))
    hand.press(page.locator(".choices.cards .choice").first)
    tap(page, hand, "button", "Save")
    expect(page.locator("#messages")).to_contain_text("The make-up is booked")
    expect(page.get_by_text("They told us that they can’t come:")).to_be_visible()
    assert (hand.actions, before, findings(page, watch)) == (4, [], [])
    follow(page.get_by_role("button", name="They can come after all"))
    expect(page.locator("#messages")).to_contain_text("They are expected.")
