"""Next week's times, a word after a missed day, and what staff hear of: once each, and only while it holds."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from iop_schedule.actions import reminders
from iop_schedule.actions.reminders import Allowances, take_allowance
from iop_schedule.adapters.messages import NullMessages, Outgoing
from iop_schedule.models import AttendanceRecord, Occurrence, RosterEntry, db
from iop_schedule.vocabulary import AttendanceStatus, Channel, ConsentPurpose, OccurrenceStatus
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW
from tests.outbox import MINUTE, drain, quiet_staff

#: Friday noon in New York.
FRIDAY_NOON = datetime(2026, 3, 6, 17, 0, tzinfo=UTC)
MONDAY, WEDNESDAY = date(2026, 3, 9), date(2026, 3, 11)


def run(now: datetime) -> list[Outgoing]:
    """Plan and send over mail, as the ticks would at `now`."""
    mail = NullMessages()
    reminders.plan_reminders(now=now, channels=[Channel.EMAIL])
    drain(mail, now)
    db.session.rollback()
    return mail.sent


@pytest.fixture
def next_week(cast: Cast) -> list[Occurrence]:
    """Ana has Monday and Wednesday next week; she and Ben may be written to, Ana about the week too."""
    held = [make.make_occurrence(cast.monday, MONDAY), make.make_occurrence(cast.wednesday, WEDNESDAY)]
    for one in held:
        make.make_entry(one, cast.ana)
        make.make_entry(one, cast.ben)
    for client in (cast.ana, cast.ben):
        make.make_point(client)
    make.make_agreement(cast.ana, ConsentPurpose.WEEKLY)
    quiet_staff(cast)
    db.session.commit()
    return held


def test_next_weeks_times_come_once_on_friday_at_noon_to_who_agreed(
    cast: Cast, next_week: list[Occurrence]
) -> None:
    assert run(FRIDAY_NOON - MINUTE) == []
    (message,) = run(FRIDAY_NOON)
    assert run(FRIDAY_NOON + MINUTE) == []
    assert (message.to, message.subject) == (cast.ana.email, "Your appointments next week")
    assert "Mon, Mar 9 at 9:00 am\nWed, Mar 11 at 9:00 am" in message.text


def test_the_week_is_told_as_it_is_when_it_leaves(cast: Cast, next_week: list[Occurrence]) -> None:
    reminders.plan_reminders(now=FRIDAY_NOON - timedelta(hours=3), channels=[Channel.EMAIL])
    next_week[0].status = OccurrenceStatus.CANCELLED
    db.session.commit()
    (message,) = run(FRIDAY_NOON)
    assert "Mar 9" not in message.text
    assert "Mar 11" in message.text


def test_a_week_called_off_is_not_told_nor_one_agreed_to_too_late(
    cast: Cast, next_week: list[Occurrence]
) -> None:
    assert run(FRIDAY_NOON + timedelta(hours=7)) == []
    reminders.plan_reminders(now=FRIDAY_NOON - timedelta(hours=3), channels=[Channel.EMAIL])
    for one in next_week:
        one.status = OccurrenceStatus.CANCELLED
    db.session.commit()
    assert run(FRIDAY_NOON) == []


def test_a_week_is_told_without_its_days_on_a_pause(cast: Cast, next_week: list[Occurrence]) -> None:
    make.make_pause(cast.ana, WEDNESDAY)
    db.session.commit()
    (message,) = run(FRIDAY_NOON)
    assert "Mar 9" in message.text
    assert "Mar 11" not in message.text


# ── A missed day ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def missed(cast: Cast) -> AttendanceRecord:
    """Ana was expected yesterday and did not come; she agreed to a word about it."""
    record = miss(cast, date(2026, 3, 3))
    make.make_point(cast.ana)
    make.make_agreement(cast.ana, ConsentPurpose.MISSED)
    quiet_staff(cast)
    db.session.commit()
    return record


def miss(cast: Cast, day: date, status: AttendanceStatus = AttendanceStatus.NO_SHOW) -> AttendanceRecord:
    return make.make_record(make.make_entry(make.make_occurrence(cast.monday, day), cast.ana), status)


def test_a_missed_day_is_spoken_of_once_the_next_morning(cast: Cast, missed: AttendanceRecord) -> None:
    ten = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
    assert run(ten - MINUTE) == []
    (message,) = run(ten)
    assert (message.subject, message.to) == ("We missed you", cast.ana.email)
    assert "We missed you on Tue, Mar 3." in message.text
    assert run(ten + MINUTE) == []


def test_the_next_missed_day_in_a_row_is_left_to_people(cast: Cast, missed: AttendanceRecord) -> None:
    assert len(run(NOW)) == 1
    miss(cast, date(2026, 3, 4))
    db.session.commit()
    assert run(NOW + timedelta(days=1)) == []
    miss(cast, date(2026, 3, 5), AttendanceStatus.ATTENDED)
    miss(cast, date(2026, 3, 6))
    db.session.commit()
    assert len(run(NOW + timedelta(days=3))) == 1


def test_a_mark_corrected_before_it_leaves_says_nothing(cast: Cast, missed: AttendanceRecord) -> None:
    reminders.plan_reminders(now=NOW - MINUTE, channels=[Channel.EMAIL])
    missed.status = AttendanceStatus.EXCUSED
    db.session.commit()
    assert run(NOW) == []


def _not_held(cast: Cast, missed: AttendanceRecord) -> None:
    missed.entry.occurrence.status = OccurrenceStatus.NOT_HELD


def _released(cast: Cast, missed: AttendanceRecord) -> None:
    missed.entry.released_at = NOW


def _to_hospital_today(cast: Cast, missed: AttendanceRecord) -> None:
    make.make_pause(cast.ana, date(2026, 3, 4))


@pytest.mark.parametrize("change", [_not_held, _released, _to_hospital_today])
def test_nobody_is_missed_where_nothing_was_held_or_once_they_are_away(
    cast: Cast, missed: AttendanceRecord, change: Callable[[Cast, AttendanceRecord], None]
) -> None:
    change(cast, missed)
    db.session.commit()
    assert run(NOW) == []


# ── Staff ────────────────────────────────────────────────────────────────────────────────────────


def test_counselors_hear_in_the_evening_of_sheets_to_finish_and_nobody_is_named(cast: Cast) -> None:
    entry = make.make_entry(make.make_occurrence(cast.monday, date(2026, 3, 4)), cast.ana)
    record = make.make_record(entry, AttendanceStatus.ENTERED_IN_ERROR)
    quiet_staff(cast)
    cast.carol.wants_digests = True
    db.session.commit()
    six = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    assert run(six - MINUTE) == []
    (message,) = run(six)
    assert run(six + MINUTE) == []
    assert (message.to, message.stop_url) == (cast.carol.email, "")
    assert message.text.startswith("Sheets to finish: 1\n")
    record.status = AttendanceStatus.ATTENDED
    db.session.commit()
    assert run(six + timedelta(days=1)) == []


def test_who_wants_no_digests_gets_none(cast: Cast) -> None:
    make.make_entry(make.make_occurrence(cast.monday, date(2026, 3, 4)), cast.ana)
    quiet_staff(cast)
    db.session.commit()
    assert run(datetime(2026, 3, 4, 23, 0, tzinfo=UTC)) == []
    assert db.session.query(RosterEntry).count() == 1


# ── A provider's limit ───────────────────────────────────────────────────────────────────────────


def test_all_workers_together_keep_to_a_providers_limit(cast: Cast) -> None:
    workers = [Allowances({Channel.SMS: 10}) for _ in range(3)]
    sent = 0
    for tick in range(50):  # five seconds
        now = NOW + tick * timedelta(milliseconds=100)
        for worker in workers:
            if worker.lets_through(Channel.SMS, now=now):
                worker.used(Channel.SMS, 1)
                sent += 1
    assert 10 <= sent <= 10 + 5 * 10


def test_a_clock_set_back_gives_no_new_allowance(cast: Cast) -> None:
    assert take_allowance(Channel.SMS, per_second=5, now=NOW, most=9) == 5
    assert take_allowance(Channel.SMS, per_second=5, now=NOW - timedelta(hours=1), most=9) == 0
    assert take_allowance(Channel.SMS, per_second=5, now=NOW, most=9) == 0
    assert take_allowance(Channel.SMS, per_second=5, now=NOW + timedelta(seconds=0.6), most=9) == 3
