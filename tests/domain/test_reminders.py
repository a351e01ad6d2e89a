"""Which reminder is due when, for whom, and in which words."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil import tz as dateutil_tz
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain import civil_time
from iop_schedule.domain.reminders import (
    SUBJECT,
    Changes,
    ClientDay,
    Delivery,
    Expected,
    Message,
    NudgePolicy,
    changes,
    due_at,
    expires_at,
    neutral_message,
    nudge_for,
    outside_quiet_hours,
    reason_to_hold,
    telling_words,
    wait_before_retry,
)
from iop_schedule.vocabulary import DeliveryState, HoldReason

NEW_YORK = ZoneInfo("America/New_York")
POLICY = NudgePolicy()
TUESDAY = date(2026, 11, 24)
AFTERNOON = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return the instant of a wall-clock time in New York."""
    return civil_time.instant(date.fromisoformat(text[:10]), time.fromisoformat(text[11:]), NEW_YORK)


def client_day(*walls: str, day: date = TUESDAY, **given: object) -> ClientDay:
    walls = walls or ("09:00",)
    starts = sorted(civil_time.instant(day, time.fromisoformat(w), NEW_YORK) for w in walls)
    sessions = tuple(Expected(start, number) for number, start in enumerate(starts, 1))
    defaults: dict[str, object] = {
        "client_id": 1, "day": day, "zone": "America/New_York", "sessions": sessions,
        "consented": True, "address": "a@example.net", "enrolled": True,
    }  # fmt: skip
    return ClientDay(**{**defaults, **given})  # type: ignore[arg-type]


def delivery(wall: str, state: DeliveryState, number: int = 1, **given: object) -> Delivery:
    tried = at(f"2026-11-23T17:0{number}") if state is not DeliveryState.PLANNED else None
    defaults: dict[str, object] = {
        "id": f"m{number}", "dedup_key": f"k{number}", "client_id": 1, "day": TUESDAY,
        "planned_start_at": at(f"2026-11-24T{wall}"), "state": state, "tried_at": tried,
    }  # fmt: skip
    return Delivery(**{**defaults, **given})  # type: ignore[arg-type]


# --- when ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "due"),
    [
        ("2026-11-24", "2026-11-23T17:00"),
        ("2026-11-23", "2026-11-22T17:00"),  # Monday's is sent on Sunday evening
        ("2026-03-09", "2026-03-08T17:00"),  # the evening of the day the clocks went forward
        ("2026-11-02", "2026-11-01T17:00"),  # and of the day they went back
    ],
)
def test_the_nudge_is_due_at_five_on_the_evening_before(day: str, due: str) -> None:
    assert due_at(date.fromisoformat(day), NEW_YORK, POLICY) == at(due)


US_ZONES = (
    "America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
    "America/Anchorage", "America/Adak", "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam",
    "Pacific/Pago_Pago", "America/Detroit", "America/Boise", "America/Indiana/Indianapolis",
    "America/Indiana/Knox", "America/Kentucky/Louisville", "America/Menominee",
    "America/North_Dakota/Center", "America/Juneau", "America/Sitka", "America/Nome", "America/Metlakatla",
)  # fmt: skip


@pytest.mark.parametrize("name", US_ZONES)
def test_on_every_day_from_2024_to_2035_people_are_reminded_at_five_by_their_own_clock(name: str) -> None:
    ours, oracle = civil_time.zone(name), dateutil_tz.gettz(name)
    day, last = date(2024, 1, 1), date(2035, 12, 31)
    due = due_at(day, ours, POLICY)
    while day < last:
        there = due.astimezone(oracle)
        assert (there.date(), there.time()) == (day - timedelta(days=1), time(17))
        day += timedelta(days=1)
        following = due_at(day, ours, POLICY)
        assert timedelta(hours=23) <= following - due <= timedelta(hours=25)  # none doubled, none missing
        due = following


@pytest.mark.parametrize(
    ("now", "sent_from"),
    [
        ("2026-11-23T17:00", "2026-11-23T17:00"),
        ("2026-11-23T20:59", "2026-11-23T20:59"),
        ("2026-11-23T21:00", "2026-11-24T08:00"),
        ("2026-11-24T00:00", "2026-11-24T08:00"),
        ("2026-11-24T07:59", "2026-11-24T08:00"),
        ("2026-11-24T08:00", "2026-11-24T08:00"),
        ("2026-03-07T23:00", "2026-03-08T08:00"),
        ("2026-10-31T21:30", "2026-11-01T08:00"),
    ],
)
def test_quiet_hours_move_a_message_to_eight_in_the_morning(now: str, sent_from: str) -> None:
    assert outside_quiet_hours(at(now), NEW_YORK, POLICY) == at(sent_from)


def test_quiet_hours_may_lie_within_one_day() -> None:
    siesta = NudgePolicy(quiet_from=time(13), quiet_until=time(15))
    assert outside_quiet_hours(at("2026-11-23T14:30"), NEW_YORK, siesta) == at("2026-11-23T15:00")
    assert outside_quiet_hours(at("2026-11-23T22:00"), NEW_YORK, siesta) == at("2026-11-23T22:00")


@given(
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2035, 12, 31)), st.sampled_from(US_ZONES)
)
def test_nothing_is_ever_sent_in_quiet_hours_or_moved_earlier(naive: datetime, name: str) -> None:
    now, zone = naive.replace(tzinfo=UTC), civil_time.zone(name)
    moved = outside_quiet_hours(now, zone, POLICY)
    assert not POLICY.is_quiet(moved.astimezone(zone).time())
    assert timedelta(0) <= moved - now <= timedelta(hours=12)  # eleven quiet hours, twelve in autumn


TIMELINE = [
    # now,               would go out, because
    ("2026-11-23T12:00", None),
    ("2026-11-23T16:59", None),
    ("2026-11-23T17:00", True),
    ("2026-11-23T20:59", True),
    ("2026-11-23T21:00", False),  # quiet
    ("2026-11-24T07:59", False),
    ("2026-11-24T08:00", True),  # the worker was down all night; the session is at 14:00
    ("2026-11-24T12:59", True),
    ("2026-11-24T13:00", None),  # an hour before: useless
    ("2026-11-24T15:00", None),
]


@pytest.mark.parametrize(("now", "goes"), TIMELINE, ids=[moment for moment, _ in TIMELINE])
def test_at_this_minute_the_nudge_for_tuesday_at_two_goes_out(now: str, goes: bool | None) -> None:
    day, moment = client_day("14:00"), at(now)
    nudge = nudge_for(day, (), AFTERNOON, POLICY)
    assert nudge is not None
    held = reason_to_hold(
        day, (), planned_start_at=nudge.planned_start_at, expires_at=nudge.expires_at, now=moment
    )
    due = nudge.due_at <= moment and held is None
    assert due == (goes is not None)
    if due:
        assert (outside_quiet_hours(moment, NEW_YORK, POLICY) == moment) is goes


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-11-21T09:00", True),
        ("2026-11-23T17:00", True),
        ("2026-11-23T21:00", True),  # still within the evening; goes out at eight
        ("2026-11-23T21:01", False),
        ("2026-11-24T09:00", False),
    ],
)
def test_a_session_booked_on_its_own_day_needs_no_reminder(now: str, told: bool) -> None:
    assert (nudge_for(client_day("14:00"), (), at(now), POLICY) is not None) is told


def test_a_session_moved_on_its_own_day_is_announced_all_the_same() -> None:
    known = delivery("09:00", DeliveryState.SENT)
    assert nudge_for(client_day("14:00"), (known,), at("2026-11-24T08:30"), POLICY) is not None


# --- for whom -----------------------------------------------------------------------------------------


def test_a_day_with_two_sessions_has_one_nudge_about_the_first() -> None:
    nudge = nudge_for(client_day("13:00", "09:00"), (), AFTERNOON, POLICY)
    assert nudge is not None
    assert (nudge.planned_start_at, nudge.occurrence_id) == (at("2026-11-24T09:00"), 1)
    assert (nudge.due_at, nudge.expires_at) == (at("2026-11-23T17:00"), at("2026-11-24T08:00"))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, None),
        ({"consented": False}, HoldReason.NO_CONSENT),
        ({"address": ""}, HoldReason.NO_ADDRESS),
        ({"enrolled": False}, HoldReason.NOT_ENROLLED),
    ],
)
def test_who_may_not_be_written_to_gets_nothing(given: dict[str, object], reason: HoldReason | None) -> None:
    day = client_day(**given)
    planned = {"planned_start_at": day.first.starts_at, "expires_at": expires_at(day.first.starts_at, POLICY)}
    assert reason_to_hold(day, (), **planned, now=AFTERNOON) == reason
    assert (nudge_for(day, (), AFTERNOON, POLICY) is None) == (reason is not None)


@pytest.mark.parametrize(
    ("day", "existing", "now", "reason"),
    [
        (client_day("09:00"), (), "2026-11-24T07:59", None),
        (client_day("09:00"), (), "2026-11-24T08:00", HoldReason.STALE),
        (None, (), "2026-11-23T17:00", HoldReason.NO_SESSION),
        (client_day("10:00"), (), "2026-11-23T17:00", HoldReason.SUPERSEDED),
        (
            client_day("09:00"),
            (delivery("09:00", DeliveryState.SENT),),
            "2026-11-23T17:00",
            HoldReason.SUPERSEDED,
        ),
        (client_day("09:00"), (delivery("10:00", DeliveryState.SENT),), "2026-11-23T17:00", None),
    ],
    ids=["fine", "useless", "cancelled", "moved", "told already", "told another time"],
)
def test_facts_are_asked_again_last_thing(
    day: ClientDay | None, existing: tuple[Delivery, ...], now: str, reason: HoldReason | None
) -> None:
    held = reason_to_hold(
        day, existing, planned_start_at=at("2026-11-24T09:00"), expires_at=at("2026-11-24T08:00"), now=at(now)
    )
    assert held == reason


# --- the outbox against the timetable -----------------------------------------------------------------


def as_stored(found: Changes, state: DeliveryState = DeliveryState.PLANNED, number: int = 1) -> Delivery:
    (nudge,) = found.add
    return Delivery(
        id=f"m{number}", dedup_key=nudge.dedup_key, client_id=1, day=TUESDAY,
        planned_start_at=nudge.planned_start_at, state=state, tried_at=at(f"2026-11-23T17:0{number}"),
    )  # fmt: skip


def planned(day: ClientDay | None, *existing: Delivery, now: datetime = AFTERNOON) -> Changes:
    return changes([day] if day else [], existing, now=now, policy=POLICY)


def test_planning_twice_adds_nothing_the_second_time() -> None:
    first = planned(client_day())
    assert planned(client_day(), as_stored(first)) == Changes()


def test_planning_twice_from_the_same_facts_gives_the_same_key() -> None:
    assert planned(client_day()) == planned(client_day())


def test_a_moved_session_gets_a_new_nudge_and_loses_the_old_one() -> None:
    before = as_stored(planned(client_day("09:00")))
    after = planned(client_day("10:00"), before)
    assert [n.planned_start_at for n in after.add] == [at("2026-11-24T10:00")]
    assert after.cancel == (("m1", HoldReason.SUPERSEDED),)


def test_a_session_moved_and_moved_back_before_anything_was_sent_has_its_nudge_again() -> None:
    held = as_stored(planned(client_day("09:00")), DeliveryState.CANCELLED)
    held = Delivery(**{**_fields(held), "reason": HoldReason.SUPERSEDED, "tried_at": None})
    waiting = delivery("10:00", DeliveryState.PLANNED, 2)
    back = planned(client_day("09:00"), held, waiting)
    assert ([n.dedup_key for n in back.revive], back.add) == ([held.dedup_key], ())
    assert back.cancel == (("m2", HoldReason.SUPERSEDED),)


def test_moves_that_were_announced_are_announced_again_when_taken_back() -> None:
    first = as_stored(planned(client_day("09:00")), DeliveryState.SENT, 1)
    second = as_stored(planned(client_day("10:00"), first), DeliveryState.SENT, 2)
    back = planned(client_day("09:00"), first, second)
    assert [n.planned_start_at for n in back.add] == [at("2026-11-24T09:00")]
    assert back.add[0].dedup_key not in {first.dedup_key, second.dedup_key}


def test_no_more_than_three_nudges_about_one_day() -> None:
    told = [delivery(f"{9 + n}:00".zfill(5), DeliveryState.SENT, n) for n in range(1, 4)]
    assert planned(client_day("09:00"), *told) == Changes()


def test_a_second_session_later_the_same_day_changes_nothing() -> None:
    told = as_stored(planned(client_day("09:00")), DeliveryState.SENT)
    assert planned(client_day("09:00", "14:00"), told) == Changes()


def test_a_nudge_planned_by_another_worker_under_another_key_is_not_doubled() -> None:
    told = delivery("10:00", DeliveryState.SENT, 1)
    waiting = delivery("09:00", DeliveryState.PLANNED, 2, dedup_key="planned before the other was sent")
    assert planned(client_day("09:00"), told, waiting) == Changes()


def test_a_cancelled_day_cancels_its_nudge() -> None:
    waiting = as_stored(planned(client_day()))
    assert planned(None, waiting) == Changes(cancel=(("m1", HoldReason.NO_SESSION),))


@pytest.mark.parametrize("reason", [HoldReason.STALE, HoldReason.NOT_NEUTRAL, HoldReason.QUIET_HOURS])
def test_what_was_held_for_good_stays_held(reason: HoldReason) -> None:
    held = as_stored(planned(client_day()), DeliveryState.SUPPRESSED)
    assert planned(client_day(), Delivery(**{**_fields(held), "reason": reason})) == Changes()


def test_nothing_useless_is_planned_after_a_long_stop() -> None:
    assert planned(client_day("09:00"), now=at("2026-11-24T08:00")) == Changes()


def test_a_clock_that_runs_backwards_sends_nothing_again() -> None:
    told = as_stored(planned(client_day()), DeliveryState.SENT)
    assert planned(client_day(), told, now=AFTERNOON - timedelta(days=1)) == Changes()


def _fields(value: Delivery) -> dict[str, object]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


@given(
    st.lists(st.sampled_from(["plan", "send", "move 9", "move 10", "move 11", "cancel", "back"]), max_size=25)
)
def test_whatever_happens_the_client_is_told_each_time_once_in_a_row_and_at_most_three_times(
    steps: list[str],
) -> None:
    wall: str | None = "09:00"
    outbox: dict[str, Delivery] = {}
    told: list[datetime] = []
    for number, step in enumerate(steps):
        day = client_day(wall) if wall else None
        if step == "plan":
            found = planned(day, *outbox.values())
            for nudge in (*found.add, *found.revive):
                assert nudge.dedup_key not in outbox or nudge in found.revive
                outbox[nudge.dedup_key] = Delivery(
                    id=nudge.dedup_key[:8], dedup_key=nudge.dedup_key, client_id=1, day=TUESDAY,
                    planned_start_at=nudge.planned_start_at, state=DeliveryState.PLANNED,
                )  # fmt: skip
            for gone, reason in found.cancel:
                (row,) = [d for d in outbox.values() if d.id == gone]
                outbox[row.dedup_key] = Delivery(
                    **{**_fields(row), "state": DeliveryState.CANCELLED, "reason": reason}
                )
        elif step == "send":
            for key, row in outbox.items():
                if row.state is not DeliveryState.PLANNED:
                    continue
                held = reason_to_hold(
                    day, outbox.values(), planned_start_at=row.planned_start_at,
                    expires_at=expires_at(row.planned_start_at, POLICY), now=AFTERNOON,
                )  # fmt: skip
                if held is None:
                    told.append(row.planned_start_at)
                    when = AFTERNOON + timedelta(seconds=number)
                    outbox[key] = Delivery(**{**_fields(row), "state": DeliveryState.SENT, "tried_at": when})
                else:
                    outbox[key] = Delivery(
                        **{**_fields(row), "state": DeliveryState.SUPPRESSED, "reason": held}
                    )
        else:
            wall = {"cancel": None, "back": "09:00"}.get(step, f"{step[5:]}:00".zfill(5))
    assert len(told) <= POLICY.most_a_day
    assert all(one != next_one for one, next_one in pairwise(told))


# --- in which words -----------------------------------------------------------------------------------


def test_the_text_names_a_day_and_a_time_and_nothing_else() -> None:
    assert neutral_message(client_day("09:00")) == Message(
        SUBJECT,
        "Reminder: you have an appointment on Tue, Nov 24 at 9:00 am.\n\n"
        "To stop these reminders, let the office know.\n",
    )


def test_several_sessions_are_one_line() -> None:
    assert neutral_message(client_day("13:00", "09:30")).text.startswith(
        "Reminder: you have 2 appointments on Tue, Nov 24, the first at 9:30 am.\n"
    )


@pytest.mark.parametrize(
    ("called", "greeting"),
    [
        ("Ana", "Hello Ana,"),
        ("Mary-Jo O'Neil", "Hello Mary-Jo O'Neil,"),
        ("José", "Hello José,"),
        ("", "Reminder:"),
        ("Carol", "Reminder:"),  # also her counselor's name
        ("Ana\nBcc: x@example.net", "Reminder:"),
        ("http://example.net", "Reminder:"),
        ("Recovery Rick", "Reminder:"),
        ("A" * 41, "Reminder:"),
        ("<b>Ana</b>", "Reminder:"),
    ],
)
def test_the_name_is_said_only_when_it_is_plainly_a_name_of_their_own(called: str, greeting: str) -> None:
    day = client_day(called=called, private_names=frozenset({"Carol", "Whitfield"}))
    assert neutral_message(day).text.startswith(greeting)


def test_noon_and_midnight_are_said_as_people_say_them() -> None:
    texts = [neutral_message(client_day(wall)).text.splitlines()[0][-9:-1] for wall in ("12:05", "00:30")]
    assert texts == ["12:05 pm", "12:30 am"]


@pytest.mark.parametrize(
    "text",
    ["Your IOP group", "relapse prevention", "Treatment today", "substance use", "Counseling at 9", "12-step",
     "detox", "Recovery House", "outpatient program", "drug screen", "your therapist"],
)  # fmt: skip
def test_words_that_name_the_care_are_found(text: str) -> None:
    assert telling_words(text) != []


@pytest.mark.parametrize("text", ["Appointment reminder", "Mon, May 4 at 9:00 am", "See you at the office"])
def test_plain_words_are_not(text: str) -> None:
    assert telling_words(text) == []


def test_names_of_groups_programs_and_counselors_are_found_as_whole_words() -> None:
    names = ["Elm Street", "May", "Ann"]
    assert telling_words("Hello Ann, meet at elm street on May 4", names) == ["ann", "elm street"]
    assert telling_words("Anna on Elm", names) == []


@given(
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2035, 12, 31)),
    st.integers(1, 5),
    st.text(max_size=50),
    st.lists(st.text(min_size=1, max_size=20), max_size=3),
)
def test_every_text_is_neutral_whatever_the_names(
    start: datetime, count: int, called: str, names: list[str]
) -> None:
    first = Expected(start.replace(tzinfo=UTC), 1)
    day = client_day(called=called, private_names=frozenset(names), sessions=(first,) * count)
    message = neutral_message(day)
    assert telling_words(f"{message.subject}\n{message.text}", names) == []
    assert message.subject == SUBJECT
    assert message.text.count("\n") <= 5


def test_waits_grow_and_end_at_a_quarter_of_an_hour() -> None:
    minutes = [wait_before_retry(tries, spread=1.0) / timedelta(minutes=1) for tries in range(1, 8)]
    assert minutes == [1, 2, 4, 8, 15, 15, 15]
