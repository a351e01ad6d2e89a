"""Can't make it, as a client does it page by page; what the counselor then sees; staff for them."""

from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from iop_schedule import clock
from iop_schedule.actions.monitor import adopt
from iop_schedule.models import (
    AttendanceRecord,
    Client,
    MakeUp,
    Occurrence,
    OutreachAttempt,
    RosterEntry,
    SessionNotice,
    db,
)
from iop_schedule.queries.access import actor_for
from iop_schedule.vocabulary import (
    AbsenceReason,
    AttendanceStatus,
    ContactChannel,
    ContactResult,
    NextStep,
    NoticeKind,
)
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http
from tests.pages import title_of, words

FRIDAY, THURSDAY = date(2026, 3, 6), date(2026, 3, 5)


@pytest.fixture
def friday(cast: Cast) -> Occurrence:
    session = make.make_occurrence(cast.friday, FRIDAY)
    for client in (cast.ana, cast.ben):
        make.make_entry(session, client)
    db.session.commit()
    return session


@pytest.fixture
def other(cast: Cast) -> Occurrence:
    group = make.make_group(cast.program, name="Family and Recovery", seats=1)
    session = make.make_occurrence(make.make_meeting(group, cast.dev, weekday=3), THURSDAY)
    db.session.commit()
    return session


@pytest.fixture
def ana(http: Http, cast: Cast) -> Http:
    return http.sign_in(cast.ana_user.email)


def path(session: Occurrence, part: str = "") -> str:
    return f"/my/sessions/{session.id}{part}"


def notices() -> list[tuple[str, str | None, bool]]:
    db.session.expire_all()
    rows = db.session.scalars(
        select(SessionNotice).where(SessionNotice.withdrawn_at.is_(None)).order_by(SessionNotice.id)
    )
    return [(row.kind, row.reason, row.wants_call) for row in rows]


def take(session: Occurrence, client: Client) -> None:
    """Let somebody have the last seat."""
    make.make_entry(session, client)
    db.session.commit()


def test_page_by_page_to_a_booked_make_up(ana: Http, friday: Occurrence, other: Occurrence) -> None:
    why = words(ana.get(path(friday, "/cant-come")).text)
    assert "What gets in the way?\nRelapse Prevention B" in why
    assert "I’d rather not say" in why
    answer = ana.submit(path(friday, "/cant-come"), {"why": "work"})
    assert answer.location == path(friday, "/make-up")
    options = words(ana.get(answer.location).text)
    assert "Thu, Mar 5, 9:00 am to 12:00 pm" in options
    assert "Gets you to 3 of 9 hours" in options
    answer = ana.submit(path(friday, "/make-up"), {"choice": str(other.id)})
    check = words(ana.get(answer.location).text)
    assert "Relapse Prevention B, Fri, Mar 6, 9:00 am to 12:00 pm\nWhy\nWork\nChange Why" in check.replace(
        "why", "Why"
    )
    assert notices() == []
    sent = ana.submit(path(friday, "/make-up/check"))
    assert sent.location == path(friday)
    done = words(ana.get(sent.location).text)
    assert "Carol will see it on the list: work." in done
    assert "Instead you come to Family and Recovery, Thu, Mar 5" in done
    assert notices() == [(NoticeKind.ABSENT, AbsenceReason.WORK, False)]
    assert db.session.scalars(select(MakeUp)).one().entry.occurrence_id == other.id
    week = words(ana.get("/my/week").text)
    assert "You told us" in week
    assert "Make-up" in week
    assert "0 of 9 hours done" in week
    assert "Your next session\nFamily and Recovery" in week


def test_one_that_brings_hours_and_does_not_cancel_the_miss_says_so_before_it_is_booked(
    ana: Http, cast: Cast, friday: Occurrence, other: Occurrence
) -> None:
    note = "it brings your hours, but that day stays a missed one"
    ana.submit(path(friday, "/cant-come"), {"why": "work"})
    assert note not in words(ana.get(path(friday, "/make-up")).text)
    adopt(
        actor=actor_for(cast.root), program_id=cast.program.id, numbers={"make_up_days": 0}, note="", now=NOW
    )
    assert note in words(ana.get(path(friday, "/make-up")).text)
    answer = ana.submit(path(friday, "/make-up"), {"choice": str(other.id)})
    assert note in words(ana.get(answer.location).text)


@pytest.mark.parametrize(
    ("choice", "call", "says"), [("call", True, "We will call you."), ("skip", False, "Carol will see it.")]
)
def test_without_a_make_up_it_is_sent_at_once(
    ana: Http, friday: Occurrence, choice: str, call: bool, says: str
) -> None:
    ana.submit(path(friday, "/cant-come"), {"why": "not_said"})
    answer = ana.submit(path(friday, "/make-up"), {"choice": choice})
    assert says in words(ana.get(answer.location).text)
    assert notices() == [(NoticeKind.ABSENT, AbsenceReason.NOT_SAID, call)]


def test_the_seat_that_was_just_taken_is_said_and_the_answers_are_kept(
    ana: Http, cast: Cast, friday: Occurrence, other: Occurrence
) -> None:
    ana.submit(path(friday, "/cant-come"), {"why": "unwell"})
    ana.submit(path(friday, "/make-up"), {"choice": str(other.id)})
    take(other, make.make_client(cast.elm))
    answer = ana.get(path(friday, "/make-up/check"))
    page = words(ana.get(answer.location).text)
    assert "That place was just taken. These are still open." in page
    assert "Nothing fits your week until" in page
    assert notices() == []
    answer = ana.submit(path(friday, "/make-up"), {"choice": "call"})
    assert notices() == [(NoticeKind.ABSENT, AbsenceReason.UNWELL, True)]


def test_every_page_is_entered_at_its_beginning(ana: Http, friday: Occurrence, other: Occurrence) -> None:
    assert ana.get(path(friday, "/make-up")).location == path(friday, "/cant-come")
    assert ana.get(path(friday, "/make-up/check")).location == path(friday, "/make-up")
    assert ana.submit(path(friday, "/cant-come"), {"why": "boredom"}).status_code == 422
    ana.submit(path(friday, "/cant-come"), {"why": "work"})
    for nonsense in ("", "x", "99999999", "9" * 5000):
        assert ana.submit(path(friday, "/make-up"), {"choice": nonsense}).status_code == 422
    assert notices() == []


def test_what_was_missed_can_be_made_up_from_my_week(ana: Http, cast: Cast, other: Occurrence) -> None:
    missed = make.make_occurrence(cast.monday, date(2026, 3, 2))
    make.make_record(make.make_entry(missed, cast.ana), AttendanceStatus.NO_SHOW)
    db.session.commit()
    week = ana.get("/my/week").text
    assert "We missed you on Monday, Mar 2. 1 time fits you to make it up." in words(week)
    assert path(missed, "/make-up") in week
    answer = ana.submit(path(missed, "/make-up"), {"choice": str(other.id)})
    assert "Book it" in ana.get(answer.location).text
    answer = ana.submit(path(missed, "/make-up/check"))
    assert "You make it up on Thu, Mar 5" in words(ana.get(answer.location).text)
    assert "We missed you on Monday, Mar 2." not in words(ana.get("/my/week").text)
    assert notices() == []


def test_in_the_last_hour_it_is_told_now_and_cannot_be_undone(
    http: Http, cast: Cast, friday: Occurrence
) -> None:
    clock.freeze(friday.starts_at - timedelta(minutes=30))
    ana = http.sign_in(cast.ana_user.email)
    assert "We’ll tell Carol now." in words(ana.get(path(friday, "/cant-come")).text)
    ana.submit(path(friday, "/cant-come"), {"why": "work"})
    ana.submit(path(friday, "/make-up"), {"choice": "skip"})
    page = ana.get(path(friday)).text
    assert "I can come after all" not in page
    ana.submit(path(friday, "/undo"))
    assert "less than an hour" in ana.get(path(friday)).text
    assert len(notices()) == 1


def test_undo_brings_the_session_back(ana: Http, friday: Occurrence) -> None:
    ana.submit(path(friday, "/cant-come"), {"why": "work"})
    ana.submit(path(friday, "/make-up"), {"choice": "skip"})
    ana.submit(path(friday, "/undo"))
    assert "Good, we expect you." in ana.get(path(friday)).text
    assert notices() == []


def test_the_sheet_shows_what_was_told_and_leaves_the_decision(
    http: Http, cast: Cast, friday: Occurrence
) -> None:
    entries = {
        entry.client_id: entry
        for entry in db.session.scalars(select(RosterEntry).where(RosterEntry.occurrence_id == friday.id))
    }
    late = make.make_client(cast.elm, given_name="Lou")
    make.make_enrollment(late, cast.program)
    third = make.make_entry(friday, late)
    ana, ben = entries[cast.ana.id], entries[cast.ben.id]
    for entry, facts in (
        (ana, {"kind": NoticeKind.ABSENT, "reason": AbsenceReason.WORK}),
        (ben, {"kind": NoticeKind.HERE}),
        (third, {"kind": NoticeKind.LATE, "late_minutes": 20}),
    ):
        db.session.add(
            SessionNotice(roster_entry_id=entry.id, told_at=NOW, told_by_id=cast.ana_user.id, **facts)
        )
    db.session.commit()
    clock.freeze(friday.starts_at + timedelta(minutes=5))
    carol = http.sign_in(cast.carol.email)
    sheet = f"/sessions/{friday.id}/attendance"
    page = words(carol.get(sheet).text)
    for line in (
        "Told us Wed 10:00 am: work",
        "Checked in 10:00 am",
        "Running about 20 min late, told 10:00 am",
        "Mark the other 2 present",
    ):
        assert line in page
    versions = {f"version-{entry.id}": 0 for entry in (ana, ben, third)}
    carol.submit(sheet, {**versions, "rest": "1"})
    marked = db.session.scalars(select(AttendanceRecord.roster_entry_id))
    assert sorted(marked) == sorted([ben.id, third.id])


def test_staff_note_it_on_one_page_and_see_why_the_others_do_not_fit(
    http: Http, cast: Cast, friday: Occurrence, other: Occurrence
) -> None:
    full = make.make_group(cast.program, name="Full Group", seats=1)
    meeting = make.make_meeting(full, cast.dev, weekday=3, local_start=time(15))
    take(make.make_occurrence(meeting, THURSDAY), make.make_client(cast.elm))
    dev = http.sign_in(cast.dev.email)
    here = f"/clients/{cast.ana.id}/sessions/{friday.id}"
    page = dev.get(here).text
    assert "Thu, Mar 5, 3:00 pm to 6:00 pm, Full Group: Full on that date" in words(page)
    assert title_of(page).startswith("One session")
    answer = dev.submit(here, {"reason": "caregiving", "choice": str(other.id)})
    assert answer.location == here
    page = words(dev.get(here).text)
    assert "They told us that they can’t come: child or family care, told Wed, Mar 4, 10:00 am." in page
    assert "Make-up booked: Family and Recovery, Thu, Mar 5" in page
    assert "Told us: child or family care" in words(dev.get(f"/clients/{cast.ana.id}").text)
    dev.submit(f"{here}/undo")
    assert notices() == []


def test_staff_are_told_when_the_seat_is_gone(
    http: Http, cast: Cast, friday: Occurrence, other: Occurrence
) -> None:
    dev = http.sign_in(cast.dev.email)
    here = f"/clients/{cast.ana.id}/sessions/{friday.id}"
    dev.get(here)
    take(other, make.make_client(cast.elm))
    answer = dev.submit(here, {"reason": "work", "choice": str(other.id)})
    assert (answer.status_code, "Choose one from the list" in answer.text) == (422, True)
    assert notices() == []


def test_staff_note_a_delay(http: Http, cast: Cast, friday: Occurrence) -> None:
    clock.freeze(friday.starts_at - timedelta(minutes=30))
    carol = http.sign_in(cast.carol.email)
    here = f"/clients/{cast.ana.id}/sessions/{friday.id}"
    assert carol.submit(f"{here}/late", {"late-minutes": "0"}).status_code == 422
    carol.submit(f"{here}/late", {"late-minutes": "25"})
    assert "about 25 minutes late" in carol.get(here).text
    carol.submit(f"{here}/late/undo")
    assert notices() == []


@pytest.mark.parametrize(
    ("minutes", "shown"),
    [(-20, "Check in opens at 8:45 am"), (-15, "I’m here"), (29, "I’m here"), (30, "")],
)
def test_check_in_follows_its_window(
    http: Http, cast: Cast, friday: Occurrence, minutes: int, shown: str
) -> None:
    clock.freeze(friday.starts_at + timedelta(minutes=minutes))
    ana = http.sign_in(cast.ana_user.email)
    page = ana.get("/my/week").text
    assert [word for word in ("Check in opens at 8:45 am", "I’m here") if word in page] == [shown] * bool(
        shown
    )
    ana.submit(path(friday, "/here"))
    checked_in = "You are checked in" in ana.get("/my/week").text
    assert checked_in is (shown == "I’m here")
    if checked_in:
        ana.submit(path(friday, "/here/undo"))
        assert notices() == []


def test_a_program_can_do_without_check_in(http: Http, cast: Cast, friday: Occurrence) -> None:
    cast.program.self_check_in = False
    db.session.commit()
    clock.freeze(friday.starts_at)
    ana = http.sign_in(cast.ana_user.email)
    assert "I’m here" not in ana.get("/my/week").text
    ana.submit(path(friday, "/here"))
    assert notices() == []


def test_running_late_from_my_week(http: Http, cast: Cast, friday: Occurrence) -> None:
    clock.freeze(friday.starts_at - timedelta(minutes=10))
    ana = http.sign_in(cast.ana_user.email)
    assert "There by 9:20 am" in words(ana.get(path(friday, "/late")).text)
    assert ana.submit(path(friday, "/late"), {"minutes": "7"}).status_code == 422
    ana.submit(path(friday, "/late"), {"minutes": "20"})
    page = words(ana.get("/my/week").text)
    assert "Carol knows you are on the way." in page
    assert "You told us: about 20 min late" in page
    ana.submit(path(friday, "/late/undo"))
    assert notices() == []


def test_who_asked_for_a_call_is_on_the_list_until_somebody_called(
    ana: Http, new_http: Callable[[], Http], cast: Cast, friday: Occurrence
) -> None:
    ana.submit(path(friday, "/cant-come"), {"why": "transport"})
    ana.submit(path(friday, "/make-up"), {"choice": "call"})
    dev = new_http().sign_in(cast.dev.email)
    assert "Can’t come to Relapse Prevention B, Fri, Mar 6: no ride." in words(dev.get("/outreach").text)
    db.session.add(
        OutreachAttempt(
            client_id=cast.ana.id, user_id=cast.dev.id, at=NOW + timedelta(minutes=1), note="",
            channel=ContactChannel.CALL, result=ContactResult.REACHED, next_step=NextStep.NOTHING,
            recorded_at=NOW,
        )
    )  # fmt: skip
    db.session.commit()
    assert "Asked for a call" not in words(dev.get("/outreach").text)
