"""Which reminder is due when, for whom, and in which words."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain import civil_time
from iop_schedule.domain.reminders import (
    Changes,
    ClientDay,
    Delivery,
    Expected,
    Message,
    NudgePolicy,
    Reach,
    changes,
    day_values,
    due_at,
    expires_at,
    message_about,
    neutral_message,
    outside_quiet_hours,
    reason_to_hold,
    telling_words,
    wait_before_retry,
    wording_for,
)
from iop_schedule.vocabulary import (
    Channel,
    ConsentPurpose,
    DeliveryPurpose,
    DeliveryState,
    HoldReason,
    StopReason,
)
from tests.domain.test_reminders_zones import US_ZONES

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
        "reach": reach(), "enrolled": True,
    }  # fmt: skip
    return ClientDay(**{**defaults, **given})  # type: ignore[arg-type]


def reach(**given: object) -> Reach:
    defaults: dict[str, object] = {
        "channel": Channel.EMAIL, "address": "a@example.net", "confirmed": True,
        "agreed": frozenset({ConsentPurpose.REMINDERS}), "zone": "America/New_York",
    }  # fmt: skip
    return Reach(**{**defaults, **given})  # type: ignore[arg-type]


def hold(day: ClientDay | None, wall: str, *existing: Delivery, now: datetime) -> HoldReason | None:
    """Return why a planned nudge for a session at `wall` would be held at `now`."""
    start = at(f"2026-11-24T{wall}")
    waiting = delivery(wall, DeliveryState.PLANNED, 9, tells=(start,))
    return reason_to_hold(day, waiting, existing, expires_at=expires_at(start, POLICY), now=now)


def delivery(wall: str, state: DeliveryState, number: int = 1, **given: object) -> Delivery:
    tried = at(f"2026-11-23T17:0{number}") if state is not DeliveryState.PLANNED else None
    defaults: dict[str, object] = {
        "id": f"m{number}", "dedup_key": f"k{number}", "client_id": 1, "day": TUESDAY,
        "planned_start_at": at(f"2026-11-24T{wall}"), "state": state, "tried_at": tried,
        "tells": (at(f"2026-11-24T{wall}"),),
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
    nudge = message_about(day, (), AFTERNOON)
    assert nudge is not None
    held = hold(day, "14:00", now=moment)
    due = nudge.due_at <= moment and held is None
    assert due == (goes is not None)
    if due:
        assert (outside_quiet_hours(moment, NEW_YORK, POLICY) == moment) is goes


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ("2026-11-22T09:00", True),
        ("2026-11-23T17:00", True),
        ("2026-11-23T21:00", True),  # still within the evening; goes out at eight
        ("2026-11-23T21:01", False),
        ("2026-11-24T09:00", False),
    ],
)
def test_a_session_booked_on_its_own_day_needs_no_reminder(now: str, told: bool) -> None:
    assert (message_about(client_day("14:00"), (), at(now)) is not None) is told


def test_a_session_moved_on_its_own_day_is_announced_all_the_same() -> None:
    known = delivery("09:00", DeliveryState.SENT)
    assert message_about(client_day("14:00"), (known,), at("2026-11-24T08:30")) is not None


# --- for whom -----------------------------------------------------------------------------------------


def test_a_day_with_two_sessions_has_one_nudge_about_the_first() -> None:
    nudge = message_about(client_day("13:00", "09:00"), (), AFTERNOON)
    assert nudge is not None
    assert (nudge.planned_start_at, nudge.occurrence_id) == (at("2026-11-24T09:00"), 1)
    assert (nudge.due_at, nudge.expires_at) == (at("2026-11-23T17:00"), at("2026-11-24T08:00"))


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, None),
        ({"reach": reach(agreed=frozenset())}, HoldReason.NO_CONSENT),
        ({"reach": reach(agreed=frozenset({ConsentPurpose.WEEKLY}))}, HoldReason.NO_CONSENT),
        (
            {"reach": reach(agreed=frozenset(), took_back=frozenset({ConsentPurpose.REMINDERS}))},
            HoldReason.OPTED_OUT,
        ),
        ({"reach": reach(address="")}, HoldReason.NO_ADDRESS),
        ({"reach": reach(confirmed=False)}, HoldReason.NOT_VERIFIED),
        ({"reach": reach(stopped=StopReason.CHANGED)}, HoldReason.NOT_VERIFIED),
        ({"reach": reach(stopped=StopReason.BOUNCED)}, HoldReason.BOUNCED),
        ({"reach": reach(stopped=StopReason.OPTED_OUT)}, HoldReason.OPTED_OUT),
        ({"enrolled": False}, HoldReason.NOT_ENROLLED),
    ],
)
def test_who_may_not_be_written_to_gets_nothing(given: dict[str, object], reason: HoldReason | None) -> None:
    day = client_day(**given)
    assert hold(day, "09:00", now=AFTERNOON) == reason
    assert (message_about(day, (), AFTERNOON) is None) == (reason is not None)


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
        (
            client_day("09:00"),
            (delivery("10:00", DeliveryState.SENT, purpose=DeliveryPurpose.CHANGED),),
            "2026-11-23T17:00",
            None,
        ),
        (
            client_day("09:00"),
            (delivery("09:00", DeliveryState.SENT, purpose=DeliveryPurpose.CHANGED),),
            "2026-11-23T17:00",
            HoldReason.SUPERSEDED,
        ),
    ],
    ids=["fine", "useless", "cancelled", "moved", "told already", "told another time", "told by a change"],
)
def test_facts_are_asked_again_last_thing(
    day: ClientDay | None, existing: tuple[Delivery, ...], now: str, reason: HoldReason | None
) -> None:
    assert hold(day, "09:00", *existing, now=at(now)) == reason


# --- the outbox against the timetable -----------------------------------------------------------------


def as_stored(found: Changes, state: DeliveryState = DeliveryState.PLANNED, number: int = 1) -> Delivery:
    (nudge,) = found.add
    return Delivery(
        id=f"m{number}", dedup_key=nudge.dedup_key, client_id=1, day=TUESDAY,
        planned_start_at=nudge.planned_start_at, state=state, tried_at=at(f"2026-11-23T17:0{number}"),
        purpose=nudge.purpose, tells=nudge.tells,
    )  # fmt: skip


def planned(day: ClientDay | None, *existing: Delivery, now: datetime = AFTERNOON) -> Changes:
    return changes([day] if day else [], existing, now=now)


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


def test_a_session_added_or_dropped_after_the_nudge_is_told() -> None:
    told = as_stored(planned(client_day("09:00")), DeliveryState.SENT)
    more = planned(client_day("09:00", "14:00"), told).add
    assert [(m.purpose, len(m.tells)) for m in more] == [(DeliveryPurpose.CHANGED, 2)]


def test_a_nudge_planned_by_another_worker_under_another_key_is_not_doubled() -> None:
    told = delivery("10:00", DeliveryState.SENT, 1)
    waiting = delivery(
        "09:00",
        DeliveryState.PLANNED,
        2,
        dedup_key="planned before the other was sent",
        purpose=DeliveryPurpose.CHANGED,
    )
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
    st.lists(
        st.sampled_from(["plan", "send", "move 9", "move 10", "add 14", "cancel", "cannot", "back", "wait"]),
        max_size=30,
    )
)
def test_whatever_happens_nobody_is_told_the_same_twice_in_a_row_nor_more_than_three_times(
    steps: list[str],
) -> None:
    usual = (at("2026-11-24T09:00"),)
    walls: tuple[str, ...] = ("09:00",)
    off: tuple[datetime, ...] = ()
    outbox: dict[str, Delivery] = {}
    told: list[tuple[datetime, ...]] = []
    now = AFTERNOON
    for step in steps:
        now += timedelta(seconds=1)
        day = client_day(*(walls or ("09:00",)), usual=usual, told_off=off)
        if not walls:
            day = replace(day, sessions=())
        if step == "plan":
            found = changes([day], outbox.values(), now=now)
            for message in (*found.add, *found.revive):
                assert message.dedup_key not in outbox or message in found.revive
                outbox[message.dedup_key] = Delivery(
                    id=message.dedup_key[:8], dedup_key=message.dedup_key, client_id=1, day=TUESDAY,
                    planned_start_at=message.planned_start_at, state=DeliveryState.PLANNED,
                    purpose=message.purpose, tells=message.tells,
                )  # fmt: skip
            for gone, reason in found.cancel:
                (row,) = [d for d in outbox.values() if d.id == gone]
                outbox[row.dedup_key] = replace(row, state=DeliveryState.CANCELLED, reason=reason)
        elif step == "send":
            for key, row in list(outbox.items()):
                if row.state is not DeliveryState.PLANNED:
                    continue
                expires = expires_at(row.planned_start_at, POLICY)
                held = reason_to_hold(day, row, outbox.values(), expires_at=expires, now=now)
                if held is None:
                    assert row.leaves == day.starts  # never anything that is not so
                    told.append(row.leaves)
                    outbox[key] = replace(row, state=DeliveryState.SENT, tried_at=now)
                else:
                    outbox[key] = replace(row, state=DeliveryState.SUPPRESSED, reason=held)
        elif step == "cannot":
            off, walls = (*off, *day.starts), ()
        elif step == "wait":
            now += timedelta(minutes=30)
        else:
            walls = {"cancel": (), "back": ("09:00",), "add 14": (*walls, "14:00")}.get(
                step, (f"{step[5:]}:00".zfill(5),)
            )
            off = () if step != "cancel" else off
    assert len(told) <= POLICY.most_a_day
    assert all(one != next_one for one, next_one in pairwise(told))


# --- what changed -------------------------------------------------------------------------------------


USUAL = (at("2026-11-24T09:00"),)


@pytest.mark.parametrize(
    ("day", "purpose"),
    [
        (client_day("09:00", usual=USUAL), None),
        (client_day("10:00", usual=USUAL, moved=True), DeliveryPurpose.CHANGED),
        (client_day("09:00", usual=USUAL, sessions=()), DeliveryPurpose.CANCELLED),
        (client_day("09:00", usual=(), moved=True), DeliveryPurpose.CHANGED),  # moved here from another day
        (client_day("09:00", usual=()), None),  # new; the nudge will tell
        (client_day("09:00", usual=(), sessions=()), None),
        (client_day("09:00", usual=USUAL, sessions=(), told_off=USUAL), None),  # the client told us
        (client_day("10:00", usual=USUAL, moved=True, reach=reach(agreed=frozenset())), None),
    ],
)
def test_a_week_ahead_only_what_differs_from_the_usual_is_told(
    day: ClientDay, purpose: DeliveryPurpose | None
) -> None:
    now = AFTERNOON - timedelta(days=6)
    message = message_about(day, (), now)
    assert (message.purpose if message else None) == purpose
    if message is not None:
        assert message.due_at == now + POLICY.settles_in


def test_a_change_told_early_leaves_the_nudge_and_one_told_late_replaces_it() -> None:
    moved = client_day("10:00", usual=USUAL, moved=True)
    notice = delivery("10:00", DeliveryState.SENT, purpose=DeliveryPurpose.CHANGED)
    early = replace(notice, tried_at=AFTERNOON - timedelta(days=5))
    nudge = message_about(moved, (early,), AFTERNOON)
    assert nudge is not None
    assert nudge.purpose is DeliveryPurpose.REMINDER
    assert message_about(moved, (replace(notice, tried_at=AFTERNOON),), AFTERNOON) is None


def test_a_day_called_off_and_on_again_is_told_both_times() -> None:
    off = delivery("09:00", DeliveryState.SENT, purpose=DeliveryPurpose.CANCELLED)
    again = message_about(client_day("09:00", usual=USUAL), (off,), AFTERNOON)
    assert again is not None
    assert (again.purpose, again.tells) == (DeliveryPurpose.CHANGED, USUAL)


# --- in which words -----------------------------------------------------------------------------------


def said(day: ClientDay) -> Message:
    """Return the nudge for a day, in English, by mail."""
    wording = wording_for(DeliveryPurpose.REMINDER, Channel.EMAIL, "en")
    values = {**day_values(day.starts, day.tz, "en"), "link": "https://a.example/m/1"}
    return neutral_message(wording, values, called=day.called, private_names=day.private_names)


END = "\n\nAnswer, or stop these messages:\nhttps://a.example/m/1\n"


def test_the_text_names_a_day_and_a_time_and_nothing_else() -> None:
    assert said(client_day("09:00")) == Message(
        "Appointment reminder", "Reminder: you have an appointment on Tue, Nov 24 at 9:00 am." + END
    )


def test_several_sessions_are_one_line() -> None:
    assert said(client_day("13:00", "09:30")).text == (
        "Reminder: you have 2 appointments on Tue, Nov 24, the first at 9:30 am." + END
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
    assert said(day).text.startswith(greeting)


def test_noon_and_midnight_are_said_as_people_say_them() -> None:
    texts = [said(client_day(wall)).text.splitlines()[0][-9:-1] for wall in ("12:05", "00:30")]
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
    message = said(day)
    assert telling_words(f"{message.subject}\n{message.text}", names) == []
    assert message.text.count("\n") <= 6


def test_waits_grow_and_end_at_a_quarter_of_an_hour() -> None:
    minutes = [wait_before_retry(tries, spread=1.0) / timedelta(minutes=1) for tries in range(1, 8)]
    assert minutes == [1, 2, 4, 8, 15, 15, 15]
