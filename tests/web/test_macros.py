"""What the shared parts of pages draw: words for every status, bars that add up, names that forms send."""

import re
from enum import StrEnum
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask_wtf import CSRFProtect

from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.vocabulary import AttendanceStatus, DeliveryState, EnrollmentStatus, OccurrenceStatus
from iop_schedule.web import presenting


@pytest.fixture(scope="module")
def app() -> Flask:
    app = Flask("iop_schedule", static_folder=None)
    app.config.update(SECRET_KEY="for this test only", TESTING=True)
    CSRFProtect(app)
    presenting.init_presenting(app, product_name="Steady")
    return app


def draw(app: Flask, file: str, call: str, **values: Any) -> str:
    """Return what one macro prints."""
    name = call.split("(", maxsplit=1)[0]
    source = '{% from "_macros/' + file + '" import ' + name + " %}{{ " + call + " }}"
    with app.test_request_context("/"):
        return render_template_string(source, **values)


def words(html: str) -> str:
    """Return the text of a piece of markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


STATUSES = [
    *[("attendance_chip", status) for status in AttendanceStatus],
    *[("occurrence_chip", status) for status in OccurrenceStatus],
    *[("enrollment_chip", status) for status in EnrollmentStatus],
    *[("delivery_chip", state) for state in DeliveryState],
    *[("tier_chip", tier) for tier in Tier],
]


@pytest.mark.parametrize(("macro", "status"), STATUSES, ids=str)
def test_every_status_has_words_and_an_icon(app: Flask, macro: str, status: StrEnum) -> None:
    html = draw(app, "badges.html", f"{macro}(status)", status=status)
    assert "<svg" in html
    assert "_" not in words(html)
    assert re.fullmatch(r"[A-Z][a-z, ]+", words(html))


def test_nobody_marked_is_a_state_of_its_own(app: Flask) -> None:
    assert words(draw(app, "badges.html", "attendance_chip(None)")) == "To mark"


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ('goal_bar(["done", "todo"], "1 of 2 sessions")', "1 of 2 sessions"),
        ('week_dots([True, False, None], "Last 3 weeks")', "Last 3 weeks"),
        ('heat_strip([["attended"], ["no_show", "excused"]], "Ana: 1 present")', "Ana: 1 present"),
        ('sparkline([9, 6, 3], 9, "9, 6, 3 hours")', "9, 6, 3 hours"),
        ('sparkline([], 9, "No weeks yet")', "No weeks yet"),
    ],
    ids=["goal", "dots", "heat", "line", "empty line"],
)
def test_a_picture_of_numbers_says_them_to_screen_readers(app: Flask, call: str, named: str) -> None:
    html = draw(app, "svg.html", call)
    assert f'role="img" aria-label="{named}"' in html


def test_the_tally_bar_is_as_long_as_the_marked_part_of_the_group(app: Flask) -> None:
    html = draw(app, "svg.html", 'tally_bar([("p", 3), ("l", 1), ("e", 2), ("a", 0)], 12)')
    parts = [(float(x), float(width)) for x, width in re.findall(r'x="([\d.]+)" width="([\d.]+)"', html)]
    assert parts == [(0, 30), (30, 10), (40, 20), (60, 0)]


def test_goal_segments_follow_their_minutes(app: Flask) -> None:
    segments = [SimpleNamespace(state="done", minutes=180), SimpleNamespace(state="todo", minutes=60)]
    html = draw(app, "svg.html", 'goal_bar(segments, "x")', segments=segments)
    widths = [float(width) + 1 for width in re.findall(r' width="([\d.]+)" height="15"', html)]
    assert widths[0] == pytest.approx(3 * widths[1])
    assert sum(widths) == pytest.approx(324 - 6)


def test_a_missed_session_carries_a_mark_beside_its_color(app: Flask) -> None:
    html = draw(app, "svg.html", 'heat_strip([["attended", "no_show"], ["to_mark"]], "x")')
    assert re.findall(r'<rect class="(\w)"', html) == ["p", "m", "u", "x"]
    assert html.count('<path class="mk"') == 1


def seat(**changes: Any) -> SimpleNamespace:
    """Return one person on a roster."""
    plain = {
        "id": 7, "name": "Ana Q.", "initials": "AQ", "status": None, "arrived_at": "09:12", "sub": None,
        "sub_tone": None, "chips": [], "done_minutes": 360, "goal_minutes": 540, "is_low": False, "links": [],
        "problem": None, "version": 3,
    }  # fmt: skip
    return SimpleNamespace(**(plain | changes))


def test_a_roster_card_sends_status_arrival_and_version_of_its_person(app: Flask) -> None:
    html = draw(app, "roster.html", "roster_card(seat)", seat=seat(status="late"))
    assert re.findall(r'name="status-7" id="status-7-\w" value="(\w+)"( checked)?', html) == [
        ("present", ""),
        ("late", " checked"),
        ("excused", ""),
        ("absent", ""),
    ]
    assert 'name="arrived-7" value="09:12"' in html
    assert '<input type="hidden" name="version-7" value="3">' in html
    assert '<legend><span class="vh">Ana Q.: attendance</span></legend>' in html
    assert "6</b> of 9 h" in html


def test_a_card_that_cannot_be_changed_shows_the_status_in_words(app: Flask) -> None:
    html = draw(app, "roster.html", "roster_card(seat, editable=False)", seat=seat(status="excused"))
    assert 'type="radio"' not in html
    assert "Excused" in words(html)


@pytest.mark.parametrize(
    ("marked", "signing", "said"),
    [
        (4, True, "8 people still to mark Reasons can wait until later."),
        (11, True, "1 person still to mark Reasons can wait until later."),
        (12, True, "Everyone is marked Signing locks the sheet. You can amend it later with a reason."),
        (12, False, "Everyone is marked Save to finish. You can correct it later."),
    ],
    ids=["eight", "one", "signing", "saving"],
)
def test_the_bar_below_the_roster_says_what_is_left(
    app: Flask, marked: int, signing: bool, said: str
) -> None:
    html = draw(app, "roster.html", f"roster_foot(12, {marked}, signing={signing})")
    assert said in words(html)
    assert ("data-mark-rest hidden" in html) == (marked == 12)
    assert ("data-finish-guard" in html) == signing


def block(**changes: Any) -> SimpleNamespace:
    """Return one block of a week."""
    plain = {
        "title": "Relapse Prevention B", "start_label": "9:00 am", "end_label": "12:00 pm",
        "css_start": "t-0900", "css_span": "d-180",
    }  # fmt: skip
    return SimpleNamespace(**(plain | changes))


def test_a_week_is_one_list_of_days_with_today_marked(app: Flask) -> None:
    days = [
        SimpleNamespace(
            name="Mon", date_label="Nov 23", is_today=False, sessions=[block(url="/x", state="done")]
        ),
        SimpleNamespace(name="Tue", date_label="Nov 24", is_today=True, sessions=[]),
        SimpleNamespace(name="Wed", date_label="Nov 25", is_today=False, sessions=[], closed="Closed: snow"),
    ]
    html = draw(app, "week.html", "week_grid(days, 8, 18)", days=days)
    assert '<ol class="week from-08 span-10">' in html
    assert html.count('aria-current="date"') == 1
    assert '<li class="ev t-0900 d-180 done"><a href="/x"><b>Relapse Prevention B</b></a>' in html
    assert words(html).endswith("Tue Today Nothing planned Wed Nov 25 Closed: snow")


@pytest.mark.parametrize(
    ("changes", "classes"),
    [
        ({}, "ev t-0900 d-180"),
        ({"kind": "group"}, "ev t-0900 d-180"),
        ({"kind": "one", "css_span": "d-50"}, "ev t-0900 d-50 one short"),
        ({"kind": "mine", "css_span": "d-480"}, "ev t-0900 d-480 mine"),
        ({"state": "off", "lane": 2, "fill": 4}, "ev t-0900 d-180 off fill-4 lane-2"),
    ],
    ids=["plain", "group", "one-to-one", "own time", "canceled"],
)
def test_a_block_shows_what_it_is_by_its_classes(app: Flask, changes: dict[str, Any], classes: str) -> None:
    html = draw(app, "week.html", "week_block(block)", block=block(**changes))
    assert f'<li class="{classes}">' in html


def test_what_the_grid_cannot_express_is_marked_in_it(app: Flask) -> None:
    html = draw(
        app,
        "week.html",
        'paint_grid(["Monday"], [420, 450], cells, fixed=fixed)',
        cells={(0, 420): "work"},
        fixed={(0, 420)},
    )
    assert re.findall(r'data-m="(\d+)" data-k="(\w*)"( data-fixed)?', html) == [
        ("420", "work", " data-fixed"),
        ("450", "", ""),
    ]
