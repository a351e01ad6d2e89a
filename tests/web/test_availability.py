"""Times one cannot come: the list, the form, the painted week, for oneself and for one's staff."""

import re
from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.models import AuditEvent, ClientConstraint, ConstraintException, db
from iop_schedule.vocabulary import AuditKind, WeekParity
from tests import factories as make
from tests.cast import Cast
from tests.conftest import Http, on_one_database
from tests.pages import title_of, value_of, words

TODAY = date(2026, 3, 4)
TIMES, ADD, PAINT = "/my/times", "/my/times/add", "/my/times/paint"


@pytest.fixture
def ben(http: Http, cast: Cast) -> Http:
    """Ben's browser; his week holds one school pick-up, Wednesday 2:45 pm to 3:30 pm."""
    return http.sign_in(cast.ben_user.email)


def typed(**given: object) -> dict[str, object]:
    return {
        "kind": "work", "label": "", "days": ["1"], "start": "13:00", "end": "21:00", "repeats": "every",
        "movable": "no", **given,
    }  # fmt: skip


def in_force(client_id: int) -> list[ClientConstraint]:
    """Return what the week holds from today on, in order."""
    db.session.expire_all()
    rows = select(ClientConstraint).where(
        ClientConstraint.client_id == client_id, ClientConstraint.withdrawn_at.is_(None)
    )
    standing = [row for row in db.session.scalars(rows) if row.until_day is None or row.until_day >= TODAY]
    return sorted(standing, key=lambda row: (row.weekday if row.weekday is not None else 9, row.local_start))


def week_of(client_id: int) -> list[tuple[int | None, str, str, str]]:
    return [
        (row.weekday, f"{row.local_start:%H:%M}", f"{row.local_end:%H:%M}", row.label)
        for row in in_force(client_id)
    ]


def new_rows(kind: AuditKind) -> list[AuditEvent]:
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.kind == kind)))


# --- the page ---


def test_the_page_lists_the_week_and_says_how_many_groups_fit(ben: Http, cast: Cast) -> None:
    page = words(ben.get(TIMES).text)
    assert "Wednesday\nAdd a time on Wednesday\nSchool pick-up, 2:45 pm to 3:30 pm" in page
    assert "1 of 1 group fits your week." in page
    assert "Only your case manager sees the reasons." in page


def test_what_the_grid_cannot_express_is_shown_and_cannot_be_painted_over(ben: Http) -> None:
    page = ben.get(TIMES).text
    assert page.count("data-fixed") == 2
    assert 'data-d="2" data-m="870" data-k="care" data-fixed' in page


def test_a_week_without_times_is_free_all_day(http: Http, cast: Cast) -> None:
    page = words(http.sign_in(cast.zoe_user.email).get(TIMES).text)
    assert page.count("Free all day") == 5


def test_a_session_that_does_not_fit_is_named_and_the_place_is_kept(ben: Http, cast: Cast) -> None:
    make.make_entry(make.make_occurrence(cast.friday, date(2026, 3, 6)), cast.ben)
    db.session.commit()
    answer = ben.submit(ADD, typed(days=["4"], start="10:00", end="11:00"))
    page = words(ben.get(answer.location).text)
    assert "Saved. This overlaps Relapse Prevention B on Fri, Mar 6. We will find you another time." in page
    assert "You keep your place until we have found another time with you." in page


@pytest.mark.parametrize("path", [TIMES, ADD, f"{ADD}?day=2", f"{ADD}?repeats=once"])
def test_each_look_leaves_one_row(ben: Http, cast: Cast, path: str) -> None:
    before = set(db.session.scalars(select(AuditEvent.id)))
    ben.get(path)
    rows = [row for row in db.session.scalars(select(AuditEvent)) if row.id not in before]
    assert [(row.kind, row.actor_id, row.client_id) for row in rows] == [
        (AuditKind.TIMES_VIEWED, cast.ben_user.id, cast.ben.id)
    ]


# --- adding ---


def test_a_work_week_is_one_form(ben: Http, cast: Cast) -> None:
    answer = ben.submit(
        ADD, typed(days=["0", "1", "2", "3", "4"], start="4 pm", end="9:30 p.m.", label=" diner ")
    )
    assert (answer.status_code, answer.location) == (302, TIMES)
    assert [row for row in week_of(cast.ben.id) if row[3] == "diner"] == [
        (day, "16:00", "21:30", "diner") for day in range(5)
    ]
    assert len(new_rows(AuditKind.CONSTRAINT_ADDED)) == 5
    assert "diner" not in str([row.details for row in new_rows(AuditKind.CONSTRAINT_ADDED)])


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"repeats": "once", "on": "2028-02-29", "days": []}, {"day": date(2028, 2, 29), "weekday": None}),
        ({"repeats": "other", "on": "2026-03-10"}, {"week": WeekParity.A, "anchor_day": date(2026, 3, 10)}),
        ({"start": "22:00", "end": "06:00", "overnight": "y"}, {"ends_next_day": True}),
        ({"days": ["5"], "start": "22:00", "end": "06:00", "overnight": "y"}, {"weekday": 5}),
        ({"days": ["6"], "start": "22:00", "end": "06:00", "overnight": "y"}, {"weekday": 6}),
        ({"repeats": "once", "on": "2026-03-14", "days": ["5"]}, {"day": date(2026, 3, 14)}),
        ({"movable": "yes"}, {"hard": False}),
        ({"travel": "25"}, {"travel_before": 25, "travel_after": 25}),
        ({"until": "2026-06-30"}, {"until_day": date(2026, 6, 30)}),
        ({"label": "x" * 120}, {"label": "x" * 120}),
        ({"label": "夜勤 🌙 مناوبة"}, {"label": "夜勤 🌙 مناوبة"}),
        ({"label": "a\x00b\x07c"}, {"label": "abc"}),
        ({"label": "a\u202ab\u202bc\u202cd\u202de\u202ef"}, {"label": "abcdef"}),
        ({"label": "\u2066a\u2067b\u2068c\u2069"}, {"label": "abc"}),
        ({"kind": "school"}, {"kind": "school"}),
    ],
    ids=["29 February", "every other week", "night shift", "Saturday night", "Sunday night",
         "one Saturday", "can move", "travel", "until",
         "longest label", "any script", "control characters", "overrides", "isolates", "school"],
)  # fmt: skip
def test_every_part_of_the_form_is_stored(
    http: Http, cast: Cast, given: dict[str, object], stored: dict[str, object]
) -> None:
    answer = http.sign_in(cast.zoe_user.email).submit(ADD, typed(**given))
    if "\x00" in str(given.get("label")) and answer.status_code == 400:
        return
    assert answer.status_code == 302, words(answer.text)
    (row,) = in_force(cast.zoe.id)
    assert {name: getattr(row, name) for name in stored} == stored


@on_one_database
@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        ({"start": "21:00", "end": "13:00"}, "end", "The end must be after the start."),
        ({"start": "13:00", "end": "13:00"}, "end", "The end must be after the start."),
        ({"start": "13:00", "end": "14:00", "overnight": "y"}, "end", "longer than a day"),
        ({"start": ""}, "start", "Enter when it starts, like 1:00 pm."),
        ({"end": ""}, "end", "Enter when it ends, like 9:00 pm."),
        ({"start": "25:00"}, "start", "Enter a time, like 1:00 pm or 13:00."),
        ({"end": "soon"}, "end", "Enter a time, like 1:00 pm or 13:00."),
        ({"days": []}, "days", "Choose at least one day."),
        ({"days": ["7"]}, "days", "not a valid choice"),
        ({"days": ["5"]}, "days", "Saturday and Sunday are for nights. Check “It ends the next morning”"),
        ({"days": ["0", "6"]}, "days", "Saturday and Sunday are for nights."),
        ({"kind": ""}, "kind", "Choose what it is."),
        ({"kind": "sleep"}, "kind", "ot a valid choice"),
        ({"label": "x" * 121}, "label", "Keep this under 120 characters."),
        ({"label": "x" * 10_000}, "label", "Keep this under 120 characters."),
        ({"repeats": "once", "on": ""}, "on", "Enter the date."),
        ({"repeats": "other", "on": ""}, "on", "Enter a date on which it happens."),
        ({"repeats": "once", "on": "2026-02-29"}, "on", "Not a valid date value."),
        ({"repeats": "once", "on": "9999-12-31"}, "on", "Enter a date between 2000 and 2100."),
        ({"repeats": "other", "on": "0001-01-01"}, "on", "Enter a date between 2000 and 2100."),
        ({"until": "2026-03-03"}, "until", "The last day must not be before the first day."),
        ({"until": "someday"}, "until", "Not a valid date value."),
        ({"travel": "241"}, "travel", "Enter 0 to 240 minutes."),
        ({"travel": "-1"}, "travel", "Enter 0 to 240 minutes."),
        ({"travel": "far"}, "travel", "Not a valid integer value."),
        ({"repeats": "never"}, "repeats", "ot a valid choice"),
    ],
)  # fmt: skip
def test_bad_input_says_what_to_do_and_keeps_what_was_typed(
    ben: Http, cast: Cast, given: dict[str, object], field: str, sentence: str
) -> None:
    stood = week_of(cast.ben.id)
    fields = typed(**{"label": "Grocery night", **given})
    answer = ben.submit(ADD, fields)
    assert answer.status_code == 422
    page = words(answer.text)
    assert page.startswith("My times\nAdd a time\nThere is a problem\n")
    assert sentence in page
    assert title_of(answer.text) == "Error: My times – Steady"
    assert f'href="#{field}' in answer.text
    assert value_of(answer.text, "label") == fields["label"]
    assert value_of(answer.text, "start") == fields["start"]
    assert value_of(answer.text, "end") == fields["end"]
    assert week_of(cast.ben.id) == stood


def test_two_hundred_entries_are_enough_and_what_was_typed_stays(ben: Http, cast: Cast) -> None:
    for _ in range(199):
        make.make_constraint(cast.ben, cast.ben_user)
    db.session.commit()
    answer = ben.submit(ADD, typed(label="one more"))
    assert answer.status_code == 422
    assert "A week holds at most 200 entries. Remove some first." in words(answer.text)
    assert value_of(answer.text, "label") == "one more"


@on_one_database
@pytest.mark.parametrize(
    "query", ["day=9", "day=monday", "day=", "repeats=sometimes", "day=2&day=3", "kind=<b>"]
)
def test_nonsense_in_the_address_shows_the_empty_form(ben: Http, query: str) -> None:
    answer = ben.get(f"{ADD}?{query}")
    assert answer.status_code == 200
    assert "<b>" not in words(answer.text)


# --- changing ---


def own_entry(cast: Cast, **given: object) -> ClientConstraint:
    row = make.make_constraint(cast.zoe, cast.zoe_user, **{"label": "bakery", **given})
    db.session.commit()
    return row


def test_a_changed_shift_begins_today_and_the_past_stays(http: Http, cast: Cast) -> None:
    row = own_entry(cast)
    path = f"{TIMES}/{row.id}"
    http.sign_in(cast.zoe_user.email)
    assert value_of(http.get(path).text, "label") == "bakery"
    assert http.submit(path, typed(days=["0"], start="08:00", end="16:00", label="bakery")).status_code == 302
    rows = db.session.scalars(select(ClientConstraint).order_by(ClientConstraint.id)).all()[-2:]
    assert [(one.local_start, one.from_day, one.until_day) for one in rows] == [
        (time(13), make.LONG_AGO, date(2026, 3, 3)),
        (time(8), TODAY, None),
    ]


def test_dates_on_which_it_does_not_happen_outlive_a_change(http: Http, cast: Cast) -> None:
    row = own_entry(cast, exceptions=[ConstraintException(day=date(2026, 4, 6))])
    http.sign_in(cast.zoe_user.email)
    http.submit(f"{TIMES}/{row.id}", typed(days=["0"], start="08:00", end="16:00"))
    (changed,) = in_force(cast.zoe.id)
    assert [exception.day for exception in changed.exceptions] == [date(2026, 4, 6)]


def test_what_begins_later_still_begins_later(http: Http, cast: Cast) -> None:
    row = own_entry(cast, from_day=date(2026, 5, 4))
    http.sign_in(cast.zoe_user.email).submit(
        f"{TIMES}/{row.id}", typed(days=["0"], start="08:00", end="16:00")
    )
    assert [(one.local_start, one.from_day) for one in in_force(cast.zoe.id)] == [(time(8), date(2026, 5, 4))]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"days": ["0", "1"]}, "Choose one day."),
        ({"until": "2026-03-01", "days": ["0"]}, "The last day must not be before the first day."),
        ({"start": "21:00", "end": "20:00", "days": ["0"]}, "The end must be after the start."),
    ],
)
def test_a_change_that_cannot_be_leaves_the_entry(
    http: Http, cast: Cast, given: dict[str, object], sentence: str
) -> None:
    row = own_entry(cast)
    http.sign_in(cast.zoe_user.email)
    answer = http.submit(f"{TIMES}/{row.id}", typed(**given))
    assert (answer.status_code, sentence in words(answer.text)) == (422, True)
    assert week_of(cast.zoe.id) == [(0, "13:00", "21:00", "bakery")]


def test_removing_ends_it_and_keeps_the_past(http: Http, cast: Cast) -> None:
    row = own_entry(cast)
    http.sign_in(cast.zoe_user.email)
    assert http.submit(f"{TIMES}/{row.id}/remove", page=TIMES).status_code == 302
    assert "Removed. Earlier weeks stay as they were." in words(http.get(TIMES).text)
    assert in_force(cast.zoe.id) == []
    db.session.refresh(row)
    assert (row.until_day, row.withdrawn_at) == (date(2026, 3, 3), None)


def test_one_date_can_be_left_out_and_taken_back(http: Http, cast: Cast) -> None:
    row = own_entry(cast)
    http.sign_in(cast.zoe_user.email)
    path = f"{TIMES}/{row.id}/dates"
    http.submit(path, {"day": "2026-03-16"}, page=TIMES)
    assert "not on Mon, Mar 16" in words(http.get(TIMES).text)
    http.submit(path, {"day": "2026-03-16", "holds": "yes"}, page=TIMES)
    assert "not on" not in words(http.get(TIMES).text)


@on_one_database
@pytest.mark.parametrize(
    ("day", "status", "sentence"),
    [
        ("", 422, "Enter the date"),
        ("2026-02-29", 422, "Not a valid date value."),
        ("2026-03-17", 302, "This does not fall on Tuesday, March 17. Choose one of its days."),
        ("2026-03-21", 302, "This does not fall on Saturday, March 21."),
    ],
)
def test_a_date_that_cannot_be_left_out_is_explained(
    http: Http, cast: Cast, day: str, status: int, sentence: str
) -> None:
    row = own_entry(cast)
    http.sign_in(cast.zoe_user.email)
    answer = http.submit(f"{TIMES}/{row.id}/dates", {"day": day}, page=TIMES)
    page = answer.text if status == 422 else http.get(answer.location).text
    assert (answer.status_code, sentence in words(page)) == (status, True)
    assert in_force(cast.zoe.id)[0].exceptions == []


# --- painting ---


def painted(http: Http, *lines: str) -> None:
    fields = {"painted": list(lines), "painted_any": "1", "shown": value_of(http.get(TIMES).text, "shown")}
    assert http.submit(PAINT, fields, page=TIMES).status_code == 302


def as_shown(http: Http) -> list[str]:
    """Return the lines the page sends when the grid was touched and put back as it was."""
    page = http.get(TIMES).text
    cells = re.findall(r'data-d="(\d)" data-m="(\d+)" data-k="(\w+)"', page)
    return [f"{day} {minute} {int(minute) + 30} {kind}" for day, minute, kind in cells]


def test_painting_into_an_empty_week_makes_entries(http: Http, cast: Cast) -> None:
    zoe = http.sign_in(cast.zoe_user.email)
    painted(zoe, "0 780 1260 work", "2 420 480 care")
    assert week_of(cast.zoe.id) == [(0, "13:00", "21:00", ""), (2, "07:00", "08:00", "")]


def test_what_was_shown_and_sent_back_is_not_touched(http: Http, cast: Cast) -> None:
    """Label and travel, neighbors and overlaps, what the grid cannot express: all of it stays as it is."""
    own_entry(cast, travel_before=15)
    own_entry(cast, label="second job", weekday=1, local_start=time(9), local_end=time(12))
    own_entry(cast, label="third job", weekday=1, local_start=time(12), local_end=time(17))
    own_entry(cast, label="overlap", kind="caregiving", weekday=1, local_start=time(11), local_end=time(13))
    own_entry(cast, label="class", kind="school", weekday=2, local_start=time(9), local_end=time(11))
    own_entry(cast, label="odd", weekday=3, local_start=time(9, 10), local_end=time(11, 5))
    own_entry(cast, label="soft", weekday=4, hard=False)
    stood = [row.id for row in in_force(cast.zoe.id)]
    zoe = http.sign_in(cast.zoe_user.email)
    painted(zoe, *as_shown(zoe))
    assert [row.id for row in in_force(cast.zoe.id)] == stood
    assert zoe.get(TIMES).text.count("Saved.") == 1


def test_a_stretch_that_grew_keeps_its_label_and_travel(http: Http, cast: Cast) -> None:
    own_entry(cast, travel_before=15, travel_after=10)
    own_entry(cast, label="untouched", weekday=1)
    painted(http.sign_in(cast.zoe_user.email), "0 720 1260 work", "1 780 1260 work")
    assert week_of(cast.zoe.id) == [(0, "12:00", "21:00", "bakery"), (1, "13:00", "21:00", "untouched")]
    grown = in_force(cast.zoe.id)[0]
    assert (grown.travel_before, grown.travel_after, grown.from_day) == (15, 10, TODAY)


def test_a_hole_in_a_stretch_makes_two_of_it(http: Http, cast: Cast) -> None:
    own_entry(cast)
    painted(http.sign_in(cast.zoe_user.email), "0 780 900 work", "0 1020 1260 work")
    assert week_of(cast.zoe.id) == [(0, "13:00", "15:00", "bakery"), (0, "17:00", "21:00", "bakery")]


def test_clearing_everything_clears_what_can_be_painted(http: Http, cast: Cast) -> None:
    own_entry(cast)
    own_entry(cast, label="class", kind="school", weekday=2)
    painted(http.sign_in(cast.zoe_user.email), "2 780 1260 school")
    assert week_of(cast.zoe.id) == [(2, "13:00", "21:00", "class")]


def test_painting_another_kind_over_an_entry_replaces_it(http: Http, cast: Cast) -> None:
    own_entry(cast)
    painted(http.sign_in(cast.zoe_user.email), "0 780 1260 care")
    (row,) = in_force(cast.zoe.id)
    assert (row.kind, row.label) == ("caregiving", "")


def test_what_was_added_after_the_page_was_loaded_stays(http: Http, cast: Cast) -> None:
    zoe = http.sign_in(cast.zoe_user.email)
    shown = value_of(zoe.get(TIMES).text, "shown")
    own_entry(cast)
    zoe.submit(PAINT, {"painted": ["1 780 840 work"], "painted_any": "1", "shown": shown}, page=TIMES)
    assert [row[0] for row in week_of(cast.zoe.id)] == [0, 1]


def test_an_untouched_grid_changes_nothing(ben: Http, cast: Cast) -> None:
    stood = week_of(cast.ben.id)
    assert ben.submit(PAINT, {"painted": ["0 780 1260 work"]}, page=TIMES).status_code == 302
    assert week_of(cast.ben.id) == stood


@on_one_database
@pytest.mark.parametrize(
    "line",
    [
        "", "work", "0 780 1260", "0 780 1260 sleep", "5 780 1260 work", "-1 780 1260 work", "0 1260 780 work",
        "0 780 780 work", "0 785 1260 work", "0 0 1260 work", "0 780 1290 work", "0 780 1e3 work",
        "0 780 1260 work extra", "0 780 99999999999999999999 work", "0 780 1260 school", "² 780 1260 work",
    ],
)  # fmt: skip
def test_a_line_that_is_not_of_the_grid_is_refused(ben: Http, cast: Cast, line: str) -> None:
    stood = week_of(cast.ben.id)
    answer = ben.submit(PAINT, {"painted": [line], "painted_any": "1"}, page=TIMES)
    assert (answer.status_code, week_of(cast.ben.id)) == (400, stood)


# --- for staff, and for nobody else ---


def test_a_case_manager_enters_times_with_the_client(http: Http, cast: Cast) -> None:
    dev = http.sign_in(cast.dev.email)
    path = f"/clients/{cast.ben.id}/times"
    assert "Ben O.: times they can’t come" in words(dev.get(path).text)
    assert dev.submit(f"{path}/add", typed(label="depot")).status_code == 302
    assert (1, "13:00", "21:00", "depot") in week_of(cast.ben.id)
    assert title_of(dev.get(path).text) == "My times – Steady"
    assert new_rows(AuditKind.CONSTRAINT_ADDED)[0].actor_id == cast.dev.id


@pytest.mark.parametrize(
    ("who", "status"),
    [("mallory", 404), ("trent", 404), ("eve", 403), ("carol", 403), ("ana_user", 403), ("zoe_user", 403)],
)
def test_nobody_else_sees_or_changes_a_clients_times(http: Http, cast: Cast, who: str, status: int) -> None:
    stood = week_of(cast.ben.id)
    (entry,) = in_force(cast.ben.id)
    http.sign_in(getattr(cast, who).email)
    base = f"/clients/{cast.ben.id}/times"
    seen = {http.get(path).status_code for path in (base, f"{base}/add", f"{base}/{entry.id}")}
    sent = {
        http.submit(path, {**typed(), "painted_any": "1", "day": "2026-03-11"}, page="/account").status_code
        for path in (f"{base}/add", f"{base}/{entry.id}", f"{base}/{entry.id}/remove", f"{base}/{entry.id}/dates",
                     f"{base}/paint")
    }  # fmt: skip
    assert (seen, sent) == ({status}, {status})
    assert week_of(cast.ben.id) == stood


@pytest.mark.parametrize("whose", ["ana", "zoe", "nobody"])
def test_someone_elses_entry_is_not_found_among_ones_own(ben: Http, cast: Cast, whose: str) -> None:
    entry = 999_999
    if whose != "nobody":
        client = getattr(cast, whose)
        entry = make.make_constraint(client, cast.root, label="Vexillology").id
        db.session.commit()
    before = [
        (row.id, row.until_day, row.withdrawn_at)
        for row in db.session.scalars(select(ClientConstraint).order_by(ClientConstraint.id))
    ]
    answers = [ben.get(f"{TIMES}/{entry}")]
    for tail in ("", "/remove", "/dates"):
        answers.append(ben.submit(f"{TIMES}/{entry}{tail}", {**typed(), "day": "2026-03-09"}, page=TIMES))
    assert {answer.status_code for answer in answers} == {404}
    assert not any("Vexillology" in answer.text for answer in answers)
    db.session.expire_all()
    after = [
        (row.id, row.until_day, row.withdrawn_at)
        for row in db.session.scalars(select(ClientConstraint).order_by(ClientConstraint.id))
    ]
    assert after == before


def test_an_entry_of_one_client_is_not_found_under_another(http: Http, cast: Cast) -> None:
    (entry,) = in_force(cast.ben.id)
    dev = http.sign_in(cast.dev.email)
    assert dev.get(f"/clients/{cast.ana.id}/times/{entry.id}").status_code == 404
    assert dev.submit(f"/clients/{cast.ana.id}/times/{entry.id}/remove", page="/account").status_code == 404


def test_the_day_is_that_of_the_site_not_of_the_server(http: Http, cast: Cast) -> None:
    """At 11 pm in Los Angeles it is the next day in UTC; a new time begins today there."""
    clock.freeze(datetime(2026, 3, 5, 7, 0, tzinfo=UTC))
    http.sign_in(cast.zoe_user.email).submit(ADD, typed())
    (row,) = in_force(cast.zoe.id)
    assert row.from_day == date(2026, 3, 4)
