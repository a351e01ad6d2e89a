"""Taking attendance with as few actions as the product promises: by mouse, by keyboard, without scripts."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import Clinic, Visit
from tests.browser.hand import Hand, follow
from tests.browser.health import PHONE, WIDE, Watch, findings

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

WHITFIELD, RAMAN = "whitfield@elm.example", "raman@elm.example"
CASTLE, HUGHES = "castle@harbor.example", "hughes@elm.example"


#: Takes back every mark of the sheet that is open, so that a test starts with everyone to mark.
TO_MARK = """async () => {
  const form = document.querySelector('form[data-roster]');
  const now = await (await fetch(form.dataset.nowUrl, {headers: {Accept: 'application/json'}})).json();
  for (const one of now.marks.filter(one => one.marked)) await fetch(form.dataset.sendUrl, {
    method: 'POST',
    headers: {'Content-Type': 'application/json', 'X-CSRFToken': form.elements.csrf_token.value,
              'Idempotency-Key': crypto.randomUUID()},
    body: JSON.stringify({session: Number(form.dataset.session), person: one.person, status: '',
                          base_version: one.version}),
  });
}"""
#: Makes every kept roster one of yesterday; returns how many there are.
OUTLIVE_MIDNIGHT = """async () => {
  const cache = await caches.open('rosters'), kept = await cache.keys();
  for (const request of kept) {
    await cache.put(request, new Response('', { headers: { 'X-Keep-Until': String(Date.now() - 1) } }));
  }
  return kept.length;
}"""
#: Keeps the next mark from the server until letGo() is called.
HOLD = """() => {
  const real = fetch;
  window.fetch = (address, more) => more?.method !== 'POST' ? real(address, more) : new Promise(send => {
    window.letGo = () => { window.fetch = real; send(real(address, more)); };
  });
}"""
VERSIONS = """async () => {
  const form = document.querySelector('form[data-roster]');
  const now = await (await fetch(form.dataset.nowUrl, {headers: {Accept: 'application/json'}})).json();
  return now.marks.map(one => [one.person, one.version, one.status]);
}"""


#: When a roster was put away, and until when: another number each time.
KEPT_UNTIL = """async address => {
  const kept = await (await caches.open('rosters')).match(address);
  return kept && kept.headers.get('X-Keep-Until');
}"""
#: Whether so many marks wait on the device.
WAIT_ON_DEVICE = """number => new Promise(resolve => {
  indexedDB.open('attendance').onsuccess = ({target: {result: database}}) => {
    database.transaction('changes').objectStore('changes').count().onsuccess = ({target: {result: count}}) => {
      database.close();
      resolve(count === number);
    };
  };
})"""
#: What a device holds: caches, databases and settings.
LEFT = """async () => [
  (await caches.keys()).length, (await indexedDB.databases()).length, localStorage.length,
].join(' ')"""


def open_sheet(page: Page, address: str) -> None:
    """Go to a sheet, and wait until its marks are saved by themselves."""
    page.goto(address)
    expect(page.locator("form[data-ready]")).to_be_visible()


def reset(page: Page) -> str:
    """Leave the sheet of this morning's group open and with everyone to mark; return its address."""
    page.goto("/today")
    row = page.locator(".board > li", has_text="Relapse Prevention").filter(has_not_text="Fri,")
    address = row.locator("[data-row]").get_attribute("href") or ""
    page.goto(address)
    taken_back = page.get_by_role("button", name="Take the signature back")
    if taken_back.count():
        follow(taken_back)
    page.evaluate(TO_MARK)
    return address


def take_attendance(page: Page) -> Locator:
    return page.get_by_role("link", name="Take attendance")


def finish(page: Page) -> Locator:
    return page.get_by_role("button", name="Finish and sign")


def rest(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile(r"Mark the other \d+ present"))


def pick(page: Page, seat: int, status: str) -> Locator:
    """Return the choice of one person's card."""
    return page.locator("[data-seat]").nth(seat).locator(f".pick label:has(input[value={status}])")


def chosen(page: Page, seat: int) -> str | None:
    return page.locator("[data-seat]").nth(seat).locator(".pick input:checked").get_attribute("value")


def people(page: Page) -> int:
    return page.locator("[data-seat]").count()


def save(page: Page) -> Locator:
    return page.get_by_role("button", name="Save", exact=True)


def sync(page: Page) -> Locator:
    return page.locator("#sync")


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["desktop", "phone"])
def test_an_all_present_group_takes_three_actions(visit: Visit, watch: Watch, size: tuple[int, int]) -> None:
    page, hand = visit(WHITFIELD, "/today", size=size), Hand()
    reset(page)
    page.goto("/today")
    hand.follow(take_attendance(page).first)
    everyone = people(page)
    hand.press(rest(page))
    expect(page.get_by_text(f"{everyone} here, 0 away")).to_be_visible()
    hand.follow(finish(page))
    expect(page.locator("#messages")).to_contain_text(f"Signed 9:20 am. {everyone} here, 0 away.")
    assert hand.actions == 3
    assert everyone >= 8
    assert findings(page, watch) == []


def test_one_late_and_one_not_here_takes_five_and_reads_the_exceptions_first(visit: Visit) -> None:
    page, hand = visit(RAMAN, "/today"), Hand()
    reset(page)
    page.goto("/today")
    hand.follow(take_attendance(page).first)
    everyone = people(page)
    hand.press(pick(page, 1, "late"))
    expect(page.locator("[data-seat]").nth(1).locator("input[type=time]").first).to_have_value("09:20")
    hand.press(pick(page, 3, "absent"))
    hand.press(rest(page))
    hand.follow(finish(page))
    expect(page.locator("#messages")).to_contain_text(f"Signed 9:20 am. {everyone - 1} here, 1 away.")
    assert hand.actions == 5
    expect(page.locator("main h2")).to_have_text(
        ["Not here (1)", "Here for part (1)", f"Present ({everyone - 2})"]
    )


def test_marks_are_saved_by_themselves_and_undo_takes_them_back(visit: Visit) -> None:
    page = visit(WHITFIELD, "/today")
    open_sheet(page, reset(page))
    everyone = people(page)
    pick(page, 0, "excused").click()
    expect(sync(page)).to_have_text("All changes saved")
    page.evaluate(HOLD)
    rest(page).click()
    expect(sync(page)).to_have_text(f"{everyone - 1} waiting to send")
    page.wait_for_function("() => window.letGo")
    expect(sync(page)).to_have_text(f"{everyone - 1} waiting to send")
    page.evaluate("letGo()")
    expect(sync(page)).to_have_text("All changes saved")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text(f"{everyone - 1} people still to mark")).to_be_visible()
    expect(sync(page)).to_have_text("All changes saved")
    assert sorted(status for _, _, status in page.evaluate(VERSIONS))[-2:] == ["", "excused"]


def test_a_mark_made_before_saving_is_ready_is_saved_all_the_same(visit: Visit) -> None:
    page = visit(WHITFIELD, "/today")
    address = reset(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/queue[^/]*\.js"), hold)
    with page.expect_request(re.compile(r"/queue[^/]*\.js")):
        page.goto(address, wait_until="domcontentloaded")
    pick(page, 0, "present").click()
    with page.expect_response("**/api/attendance"):
        held[0].continue_()
    expect(sync(page)).to_have_text("All changes saved")
    page.reload()
    assert chosen(page, 0) == "present"


def test_finish_waits_for_everyone_and_goes_to_the_first_still_to_mark(visit: Visit) -> None:
    page = visit(WHITFIELD, "/today")
    open_sheet(page, reset(page))
    pick(page, 0, "present").click()
    finish(page).click(force=True)  # it looks asleep, and answers all the same
    assert page.locator("[data-seat]").nth(1).evaluate("seat => seat.contains(document.activeElement)")


def test_a_device_far_away_still_notes_the_arrival_on_the_clock_of_the_site(visit: Visit) -> None:
    page = visit(WHITFIELD, "/today", zone="Asia/Tokyo")
    open_sheet(page, reset(page))
    seat = page.locator("[data-seat]").first
    pick(page, 0, "late").click()
    expect(seat.locator("input[type=time]").first).to_have_value("09:20")
    expect(sync(page)).to_have_text("All changes saved")
    page.reload()
    assert chosen(page, 0) == "late"
    expect(seat.locator("input[type=time]").first).to_have_value("09:20")


@pytest.mark.parametrize(
    ("at", "shown"),
    [("2026-03-09T14:05:00Z", "10:05"), ("2026-03-10T04:07:00Z", "00:07")],
    ids=["morning", "after midnight"],
)
def test_the_arrival_is_the_time_of_marking(visit: Visit, at: str, shown: str) -> None:
    """The page has been open for a while."""
    page = visit(WHITFIELD, "/today", zone="Asia/Tokyo")
    open_sheet(page, reset(page))
    page.clock.set_fixed_time(at)
    pick(page, 2, "late").click()
    expect(page.locator("[data-seat]").nth(2).locator("input[type=time]").first).to_have_value(shown)


def test_letters_mark_everyone_without_a_mouse(visit: Visit) -> None:
    """Friday's group, whose attendance Raman has still to finish."""
    page = visit(RAMAN, "/today")
    follow(page.get_by_role("link", name="Finish attendance").first)
    expect(page.locator("form[data-ready]")).to_be_visible()
    everyone, keys = people(page), page.keyboard
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
    arrived = late.locator("input[type=time]").first
    expect(arrived).to_have_value("")
    for _ in range(everyone - 4):
        keys.press("ArrowUp")
    assert late.evaluate("seat => seat.contains(document.activeElement)")
    for _ in range(4):
        if arrived.evaluate("field => field === document.activeElement"):
            break
        keys.press("Shift+Tab")
    expect(arrived).to_be_focused()
    arrived.fill("09:45")
    for _ in range(6 * everyone):
        if page.evaluate("document.activeElement.matches('[data-finish]')"):
            break
        keys.press("Tab")
    keys.press("Enter")
    expect(page.locator("#messages")).to_contain_text(f"{everyone - 2} here, 2 away.")


@pytest.mark.parametrize("key", ["x", "1", "Control+p"])
def test_other_keys_mark_nobody(visit: Visit, key: str) -> None:
    page = visit(WHITFIELD, "/today")
    open_sheet(page, reset(page))
    first = page.locator(".pick input").first
    first.focus()
    if key == "Control+p":  # pressed for good, it would print
        first.dispatch_event("keydown", {"key": "p", "ctrlKey": True})
    else:
        page.keyboard.press(key)
    assert page.locator(".pick input:checked").count() == 0
    page.keyboard.press("p")
    assert page.locator(".pick input:checked").count() == 1
    expect(sync(page)).to_have_text("All changes saved")


def test_without_scripts_the_sheet_is_a_plain_form_signed_in_three_actions(visit: Visit) -> None:
    page, hand = visit(CASTLE, "/today", script=False, size=PHONE), Hand()
    hand.follow(page.get_by_role("link", name="Finish attendance").first)
    everyone = people(page)
    follow(finish(page))
    expect(page.locator("[data-error-summary]")).to_contain_text(f"{everyone} people are still to mark")
    pick(page, 1, "late").click()
    follow(save(page))
    expect(page.locator("[data-error-summary]")).to_contain_text("Enter the time they arrived")
    assert chosen(page, 1) == "late"
    page.locator("[data-seat]").nth(1).locator("input[type=time]").first.fill("17:45")
    hand.follow(rest(page))
    expect(page.locator("#messages")).to_contain_text(f"Saved. {everyone} here, 0 away.")
    hand.follow(finish(page))
    expect(page.locator("#messages")).to_contain_text(f"{everyone} here, 0 away.")
    assert hand.actions == 3


def test_two_marks_of_one_person_are_shown_side_by_side(visit: Visit, watch: Watch) -> None:
    mine = visit(WHITFIELD, "/today")
    address = reset(mine)
    open_sheet(mine, address)
    theirs = visit(HUGHES, address)
    expect(theirs.locator("form[data-ready]")).to_be_visible()
    pick(theirs, 0, "excused").click()
    expect(sync(theirs)).to_have_text("All changes saved")
    pick(mine, 0, "absent").click()
    pick(mine, 1, "present").click()
    conflict = mine.locator(".conflict")
    expect(conflict).to_contain_text(re.compile(r"marked .+ Excused at 9:20 am\. You chose Not here\."))
    assert findings(mine, watch) == []
    mine.get_by_role("button", name="Use mine: Not here").click()
    expect(sync(mine)).to_have_text("All changes saved")
    theirs.reload()
    assert [chosen(theirs, 0), chosen(theirs, 1)] == ["absent", "present"]


def test_without_scripts_two_marks_of_one_person_are_asked_about_too(visit: Visit) -> None:
    address = reset(visit(WHITFIELD, "/today"))
    mine, theirs = visit(WHITFIELD, address, script=False), visit(HUGHES, address, script=False)
    for page, status in ((theirs, "excused"), (mine, "absent")):
        pick(page, 0, status).click()
        follow(save(page))
    expect(mine.locator("[data-error-summary]")).to_contain_text("you chose Not here")
    mine.get_by_label("Keep theirs: Excused").check()
    follow(save(mine))
    expect(mine.locator("#messages")).to_contain_text("Saved.")
    assert chosen(mine, 0) == "excused"


def test_a_lost_answer_and_a_second_tab_store_a_mark_once(visit: Visit, watch: Watch) -> None:
    page = visit(WHITFIELD, "/today")
    address = reset(page)
    open_sheet(page, address)
    other = page.context.new_page()
    open_sheet(other, address)
    before = {person: version for person, version, _ in page.evaluate(VERSIONS)}
    lost = []

    def lose(route: Route) -> None:
        route.fetch()
        lost.append(route.request.headers["idempotency-key"])
        route.abort()

    watch.looks_away = True
    page.route("**/api/attendance", lose)
    with page.expect_event("requestfailed"):
        pick(page, 0, "present").click()
    expect(sync(page)).to_have_text("1 waiting to send")
    page.unroute("**/api/attendance")
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(sync(page)).to_have_text("All changes saved")
    watch.looks_away = False
    pick(other, 0, "present").click()
    expect(sync(other)).to_have_text("All changes saved")
    after = {person: version for person, version, _ in page.evaluate(VERSIONS)}
    assert (len(lost), sorted(after[one] - before[one] for one in after)[-2:]) == (1, [0, 1])


def test_marks_made_without_a_connection_survive_a_reload_and_are_sent_once(
    visit: Visit, clinic: Clinic
) -> None:
    page = visit(WHITFIELD, "/today", standing_clock=False)
    address = reset(page)
    page.goto("/today")
    page.get_by_label("Keep today’s rosters on this device").check()
    expect(page.locator("[data-keep-words]")).to_contain_text("Kept until midnight or sign-out")
    open_sheet(page, address)
    before = page.evaluate(VERSIONS)
    page.context.set_offline(True)
    for seat, status in ((0, "present"), (1, "absent"), (2, "present"), (1, "excused")):
        pick(page, seat, status).click()
    expect(sync(page)).to_have_text("Offline, saved on this device")
    expect(page.get_by_role("button", name="Finish when online")).to_be_visible()
    page.wait_for_function(WAIT_ON_DEVICE, arg=4)
    page.reload()
    expect(page.get_by_role("heading", name="Attendance", exact=True)).to_be_visible()
    expect(sync(page)).to_have_text("Offline, saved on this device")
    assert [chosen(page, seat) for seat in range(3)] == ["present", "excused", "present"]
    assert "Relapse" not in page.content()
    page.context.set_offline(False)
    expect(sync(page)).to_have_text("All changes saved")
    put_away = page.evaluate(KEPT_UNTIL, address)
    page.reload()
    assert [chosen(page, seat) for seat in range(3)] == ["present", "excused", "present"]
    told = {person: (version, status) for person, version, status in page.evaluate(VERSIONS)}
    grown = sorted(told[person][0] - version for person, version, _ in before)
    assert grown[-3:] == [1, 1, 2]
    assert sum(grown) == 4
    # The page has put its roster away anew.
    page.wait_for_function(
        f"async ([address, before]) => await ({KEPT_UNTIL})(address) !== before", arg=[address, put_away]
    )
    # Past midnight the first page of any kind clears yesterday's rosters, with a connection as well.
    assert page.evaluate(OUTLIVE_MIDNIGHT) > 0
    page.goto("/account")
    page.wait_for_function("async () => (await (await caches.open('rosters')).keys()).length === 0")
    # Signing out leaves nothing of it here.
    page.goto("/today")
    page.locator(".account summary").click()
    follow(page.get_by_role("button", name="Sign out"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    del clinic.sessions[WHITFIELD]  # the next test signs in anew
    page.wait_for_function(f"async () => await ({LEFT})() === '0 0 0'")


def test_without_asking_nothing_is_kept_on_the_device(visit: Visit) -> None:
    page = visit(RAMAN, "/today")
    open_sheet(page, reset(page))
    pick(page, 0, "present").click()
    expect(sync(page)).to_have_text("All changes saved")
    assert page.evaluate(LEFT) == "0 0 0"


def test_j_and_k_go_through_the_board_and_t_comes_back(visit: Visit) -> None:
    page = visit(WHITFIELD, "/today?d=2026-03-04")
    rows = page.locator("[data-row]")
    rows.first.focus()
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.first).to_be_focused()
    page.goto("/week?w=2026-W20")
    page.keyboard.press("t")
    page.wait_for_url("**/week")
