"""Pause and return, another group, the end of care: what it touches first, then the change."""

from collections.abc import Mapping
from datetime import date, time

import pytest
from sqlalchemy import select

from iop_schedule.actions.occurrences import extend_horizon
from iop_schedule.models import Enrollment, EnrollmentPause, MakeUp, Occurrence, RosterEntry, SeriesMember, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.care_changes import care_now
from iop_schedule.vocabulary import EnrollmentStatus, OccurrenceStatus, RosterSource
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW, Http
from tests.kept import KeptApp
from tests.pages import value_of, words


@pytest.fixture
def dev(http: Http, cast: Cast, kept_app: KeptApp) -> Http:
    kept_app.populated("sessions to come", lambda: extend_horizon(now=NOW))
    return http.sign_in(cast.dev.email)


def twice(browser: Http, here: str, what: str, fields: Mapping[str, object]) -> tuple[str, int]:
    """See what a form touches, then confirm it; return what was shown and the last status."""
    shown = browser.submit(f"{here}/{what}", fields, page=here)
    assert shown.status_code == 200, words(shown.text)
    confirmed = {**fields, "confirm": "1", "previewed": value_of(shown.text, "previewed")}
    return words(shown.text), browser.submit(f"{here}/{what}", confirmed, page=here).status_code


def coming(cast: Cast, last: date | None = None) -> int:
    statement = (
        select(RosterEntry.id)
        .join(RosterEntry.occurrence)
        .where(
            RosterEntry.client_id == cast.ana.id,
            RosterEntry.released_at.is_(None),
            Occurrence.starts_at > NOW,
            Occurrence.status == OccurrenceStatus.PLANNED,
            Occurrence.local_day > (last or date(2026, 3, 4)),
        )
    )
    return len(list(db.session.scalars(statement)))


def guest(cast: Cast, day: date) -> RosterEntry:
    """Let Ana make up Monday's session on `day`."""
    meeting = make.make_meeting(make.make_group(cast.program), cast.dev, weekday=day.weekday(), room=None)
    missed = make.make_entry(make.make_occurrence(cast.monday, date(2026, 3, 2)), cast.ana)
    entry = make.make_entry(make.make_occurrence(meeting, day), cast.ana, source=RosterSource.MAKE_UP)
    db.session.add(
        MakeUp(missed_entry_id=missed.id, entry_id=entry.id, booked_at=NOW, booked_by_id=cast.dev.id)
    )
    db.session.commit()
    return entry


def test_a_pause_shows_what_it_touches_and_gives_make_ups_back(dev: Http, cast: Cast) -> None:
    entry = guest(cast, date(2026, 3, 12))
    here = f"/clients/{cast.ana.id}/changes"
    fields = {"pause-reason": "hospital", "pause-from_day": "2026-03-09", "pause-until_day": "2026-03-13"}
    shown, status = twice(dev, here, "pause", fields)
    assert "This touches 5 sessions to come." in shown
    assert "1 booked make-up is given back." in shown
    assert "Relapse Prevention B, Mon, Mar 9, 9:00 am" in shown
    assert status == 302
    db.session.expire_all()
    (row,) = db.session.scalars(select(EnrollmentPause))
    assert (row.from_day, row.until_day, row.reason) == (date(2026, 3, 9), date(2026, 3, 13), "hospital")
    assert entry.released_at == NOW
    assert db.session.scalars(select(MakeUp)).one().released_at == NOW


def test_who_is_back_earlier_counts_again(dev: Http, cast: Cast) -> None:
    here = f"/clients/{cast.ana.id}/changes"
    twice(dev, here, "pause", {"pause-reason": "leave", "pause-from_day": "2026-03-09"})
    assert "Paused from Mon, Mar 9" in words(dev.get(here).text)
    dev.submit(f"{here}/back", {"back-from_day": "2026-03-16"}, page=here)
    db.session.expire_all()
    assert db.session.scalars(select(EnrollmentPause)).one().until_day == date(2026, 3, 15)


def test_a_transfer_ends_and_begins_places_on_one_day(dev: Http, cast: Cast) -> None:
    group = make.make_group(cast.program, name="Evening Recovery", seats=1)
    evening = make.make_meeting(group, cast.dev, weekday=2, local_start=time(17, 30), room=None)
    db.session.commit()
    here = f"/clients/{cast.ana.id}/changes"
    assert "Evening Recovery, Wednesdays 5:30 pm to 8:30 pm (1 seat left)" in words(dev.get(here).text)
    fields = {
        "transfer-leave": str(cast.friday.id), "transfer-join": str(evening.id),
        "transfer-from_day": "2026-03-16",
    }  # fmt: skip
    shown, status = twice(dev, here, "transfer", fields)
    assert "Until Sunday, March 15: Relapse Prevention B, Fridays" in shown
    assert "From Monday, March 16: Evening Recovery, Wednesdays" in shown
    assert status == 302
    places = select(SeriesMember.series_id, SeriesMember.from_day, SeriesMember.until_day).where(
        SeriesMember.client_id == cast.ana.id, SeriesMember.series_id.in_([cast.friday.id, evening.id])
    )
    assert sorted(db.session.execute(places)) == [
        (cast.friday.id, date(2026, 1, 5), date(2026, 3, 15)),
        (evening.id, date(2026, 3, 16), None),
    ]


def test_a_program_to_come_does_not_hide_the_one_they_are_in(cast: Cast) -> None:
    current = db.session.scalars(select(Enrollment).where(Enrollment.client_id == cast.ana.id)).one()
    current.until_day = NOW.date()
    make.make_enrollment(cast.ana, make.make_program(cast.elm), from_day=date(2026, 3, 5), status="planned")
    db.session.commit()
    care = care_now(actor_for(cast.dev), cast.ana.id, now=NOW)
    assert (care.enrollment_id, care.until_day) == (current.id, NOW.date())


def test_looking_at_a_transfer_changes_nothing_and_says_what_is_in_the_way(dev: Http, cast: Cast) -> None:
    group = make.make_group(cast.program, name="Afternoon", seats=1)
    clash = make.make_meeting(group, cast.dev, weekday=0, local_start=time(14), room=None)
    db.session.commit()
    here = f"/clients/{cast.ana.id}/changes"
    before = len(list(db.session.scalars(select(SeriesMember))))
    fields = {"transfer-join": str(clash.id), "transfer-from_day": "2026-03-16"}
    answer = dev.submit(f"{here}/transfer", fields, page=here)
    assert (answer.status_code, "Ana cannot come then: Work" in words(answer.text)) == (422, True)
    dev.submit(f"{here}/transfer", {"transfer-leave": str(cast.friday.id), **fields}, page=here)
    assert len(list(db.session.scalars(select(SeriesMember)))) == before
    nothing = dev.submit(f"{here}/transfer", {"transfer-from_day": "2026-03-16"}, page=here)
    assert "Choose at least one session" in nothing.text


def test_discharge_ends_places_and_readmission_begins_anew(dev: Http, cast: Cast) -> None:
    guest(cast, date(2026, 3, 12))
    here = f"/clients/{cast.ana.id}/changes"
    shown, status = twice(dev, here, "end", {"end-last_day": "2026-03-06"})
    assert "Their place ends: Relapse Prevention B, Mondays 9:00 am to 12:00 pm" in shown
    assert "1 booked make-up is given back." in shown
    assert status == 302
    assert coming(cast, date(2026, 3, 6)) == 0
    (enrollment,) = db.session.scalars(select(Enrollment).where(Enrollment.client_id == cast.ana.id))
    assert enrollment.until_day == date(2026, 3, 6)
    enrollment.status = EnrollmentStatus.FINISHED
    db.session.commit()
    assert "Enroll them, for the first time or again" in words(dev.get(here).text)
    overview = f"/clients/{cast.ana.id}"
    again = {"enroll-program": cast.program.id, "enroll-status": "active", "enroll-from_day": "2026-03-30"}
    assert dev.submit(f"{overview}/enrollments", again, page=overview).status_code == 302
    assert len(list(db.session.scalars(select(Enrollment).where(Enrollment.client_id == cast.ana.id)))) == 2


@pytest.mark.parametrize(
    ("what", "fields", "says"),
    [
        ("pause", {"pause-reason": "leave", "pause-from_day": "2025-12-01"}, "before admission"),
        ("pause", {"pause-reason": "leave", "pause-from_day": "2026-13-01"}, "Enter a date that exists"),
        ("back", {"back-from_day": "2026-03-09"}, "Nothing is paused on that day."),
        ("end", {"end-last_day": "2026-03-01"}, "Choose yesterday, today or a later day."),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    dev: Http, cast: Cast, what: str, fields: dict[str, str], says: str
) -> None:
    here = f"/clients/{cast.ana.id}/changes"
    sent = {**fields}
    shown = dev.submit(f"{here}/{what}", sent, page=here)
    if shown.status_code == 200:
        sent |= {"confirm": "1", "previewed": value_of(shown.text, "previewed")}
        shown = dev.submit(f"{here}/{what}", sent, page=here)
    assert (shown.status_code, says in words(shown.text)) == (422, True)
