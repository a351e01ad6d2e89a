"""Weekly sessions: starting, changing and ending them; what was held is never rewritten."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions.groups import GroupDetails, change_group, create_group
from iop_schedule.actions.memberships import end_member
from iop_schedule.actions.occurrences import Move, extend_horizon, move_occurrence
from iop_schedule.actions.series import (
    Meeting,
    change_series,
    create_individual,
    create_meeting,
    end_series,
)
from iop_schedule.domain.series import BadSeries, CommitmentClash, Scope, TimeTaken
from iop_schedule.errors import DomainError, NotAllowed, NotFound, NotPossible
from iop_schedule.models import AuditEvent, Client, Occurrence, RosterEntry, Series, SeriesMember, User, db
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.vocabulary import Modality, ModalityWish, OccurrenceStatus, ServiceType, Weekday
from tests import factories as make
from tests.cast import Cast
from tests.conftest import NOW

TODAY = date(2026, 3, 4)
MONDAY = date(2026, 3, 9)


def acting(user: User) -> Actor:
    return actor_for(db.session.get_one(User, user.id))


def meeting(cast: Cast, **given: object) -> Meeting:
    defaults = {
        "weekday": Weekday.TU,
        "local_start": time(9),
        "duration_minutes": 180,
        "leader_id": cast.carol.id,
        "room_id": cast.room.id,
    }
    return Meeting(**{**defaults, **given})  # type: ignore[arg-type]


def monday(cast: Cast, **given: object) -> Meeting:
    return meeting(cast, **{"weekday": Weekday.MO, "room_id": None, **given})


def held(series_id: int, status: OccurrenceStatus = OccurrenceStatus.PLANNED) -> list[str]:
    statement = select(Occurrence).where(Occurrence.series_id == series_id, Occurrence.status == status)
    rows = db.session.scalars(statement.order_by(Occurrence.starts_at))
    return [f"{row.local_day:%m-%d} {row.starts_at:%H:%M}" for row in rows]


def add(cast: Cast, **given: object) -> Series:
    days = {"from_day": given.pop("from_day", TODAY), "until_day": given.pop("until_day", None)}
    return create_meeting(
        actor=acting(cast.root), group_id=cast.group.id, meeting=meeting(cast, **given), now=NOW, **days
    )  # type: ignore[arg-type]


def test_a_new_meeting_is_written_out_at_once(cast: Cast) -> None:
    series = add(cast, from_day=date(2026, 3, 12), until_day=date(2026, 3, 24))
    assert held(series.id) == ["03-17 13:00", "03-24 13:00"]


REFUSED = {
    "a Saturday": ({"weekday": Weekday.SA}, BadSeries, "weekday"),
    "past midnight": ({"local_start": time(22)}, BadSeries, "duration_minutes"),
    "end before start": ({"duration_minutes": -30}, BadSeries, "duration_minutes"),
    "yesterday": ({"from_day": date(2026, 3, 3)}, BadSeries, "from_day"),
    "until before from": ({"until_day": date(2026, 3, 3)}, BadSeries, "until_day"),
    "the counselor's own group": ({"weekday": Weekday.MO, "local_start": time(11)}, TimeTaken, "leader"),
    "the last minute of it": ({"weekday": Weekday.MO, "local_start": time(11, 59)}, TimeTaken, "leader"),
    "the counselor's one-to-one": ({"weekday": Weekday.TH, "local_start": time(14, 30)}, TimeTaken, "leader"),
}


@pytest.mark.parametrize(("wrong", "error", "field"), REFUSED.values(), ids=REFUSED)
def test_a_meeting_that_cannot_be_is_refused(
    cast: Cast, wrong: dict[str, object], error: type[DomainError], field: str
) -> None:
    make.make_meeting(cast.group, cast.dev, weekday=1, local_start=time(6), room=cast.room)
    db.session.commit()
    with pytest.raises(error) as refused:
        add(cast, **wrong)
    assert refused.value.field == field
    assert refused.value.message.endswith(".")


def test_the_group_that_has_the_counselor_is_named(cast: Cast) -> None:
    with pytest.raises(TimeTaken) as refused:
        add(cast, weekday=Weekday.MO, local_start=time(11))
    assert refused.value.message == (
        "Carol Whitfield already leads Relapse Prevention B (Mondays 9:00 am to 12:00 pm) then, first on Mar 9. "
        "Choose another time or counselor."
    )


def test_the_group_that_has_the_room_is_named(cast: Cast) -> None:
    dev = make.make_meeting(cast.group, cast.dev, weekday=1, local_start=time(6), room=cast.room)
    db.session.commit()
    with pytest.raises(TimeTaken) as refused:
        add(cast, local_start=time(8))
    assert refused.value.field == "room"
    assert "Room 2 is taken by Relapse Prevention B (Tuesdays 6:00 am to 9:00 am)" in refused.value.message
    assert dev.room_id == cast.room.id


def test_back_to_back_is_fine(cast: Cast) -> None:
    series = add(cast, weekday=Weekday.MO, local_start=time(12), duration_minutes=60)
    assert held(series.id)[0] == "03-09 16:00"


def test_a_session_moved_into_the_time_counts_as_taken(cast: Cast) -> None:
    extend_horizon(now=NOW)
    (first,) = db.session.scalars(
        select(Occurrence).where(Occurrence.series_id == cast.monday.id, Occurrence.local_day == MONDAY)
    )
    move_occurrence(
        actor=acting(cast.root), occurrence_id=first.id, now=NOW,
        move=Move(date(2026, 3, 10), time(15), 180, cast.carol.id, None),
    )  # fmt: skip
    with pytest.raises(TimeTaken):
        add(cast, weekday=Weekday.TU, local_start=time(15), room_id=None)


def test_a_counselor_of_two_sites_is_at_one_place_at_a_time(cast: Cast) -> None:
    eve = db.session.get_one(User, cast.eve.id)
    eve.sites.append(cast.elm)
    db.session.commit()
    with pytest.raises(TimeTaken) as refused:
        # 17:30 in Los Angeles is 20:30 in New York.
        add(cast, weekday=Weekday.MO, local_start=time(20), leader_id=cast.eve.id, duration_minutes=60)
    assert "a session at another site" in refused.value.message
    assert "Evening Group" not in refused.value.message


def test_the_counselor_must_work_at_the_site_and_the_room_must_be_there_and_large_enough(cast: Cast) -> None:
    for wrong, field in (
        ({"leader_id": cast.eve.id}, "leader"),
        ({"leader_id": cast.ana_user.id}, "leader"),
        ({"leader_id": 10**6}, "leader"),
        ({"room_id": cast.far_room.id}, "room"),
    ):
        with pytest.raises(NotPossible) as refused:
            add(cast, **wrong)
        assert refused.value.field == field
    small = make.make_room(cast.elm, name="Closet", seats=4)
    db.session.commit()
    with pytest.raises(NotPossible, match="Closet has 4 seats; this needs 12"):
        add(cast, room_id=small.id)


@pytest.mark.parametrize("who", ["carol", "dev", "ana_user"])
def test_only_administrators_change_groups(cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        create_meeting(
            actor=acting(getattr(cast, who)),
            group_id=cast.group.id,
            meeting=meeting(cast),
            from_day=TODAY,
            now=NOW,
        )
    with pytest.raises(NotAllowed):
        end_series(actor=acting(getattr(cast, who)), series_id=cast.monday.id, last_day=TODAY, now=NOW)


def test_another_sites_administrator_finds_nothing(cast: Cast) -> None:
    trent = acting(cast.trent)
    with pytest.raises(NotFound):
        create_meeting(actor=trent, group_id=cast.group.id, meeting=meeting(cast), from_day=TODAY, now=NOW)
    with pytest.raises(NotFound):
        change_series(
            actor=trent, series_id=cast.monday.id, scope=Scope.ALL_FUTURE, meeting=monday(cast), now=NOW
        )
    with pytest.raises(NotFound):
        end_series(actor=trent, series_id=cast.monday.id, last_day=TODAY, now=NOW)
    with pytest.raises(NotFound):
        end_member(actor=trent, series_id=cast.monday.id, client_id=cast.ana.id, last_day=TODAY, now=NOW)


# Changing


def roster(series_id: int, day: date) -> list[str]:
    statement = (
        select(Client.given_name)
        .join(RosterEntry, RosterEntry.client_id == Client.id)
        .join(Occurrence, Occurrence.id == RosterEntry.occurrence_id)
        .where(
            Occurrence.series_id == series_id, Occurrence.local_day == day, RosterEntry.released_at.is_(None)
        )
        .order_by(Client.given_name)
    )
    return list(db.session.scalars(statement))


def test_this_and_following_ends_the_series_and_starts_a_successor(cast: Cast) -> None:
    cast.program.horizon_weeks = 3
    db.session.commit()
    extend_horizon(now=NOW - timedelta(days=7))
    extend_horizon(now=NOW)
    ids = {
        row.original_day: row.id
        for row in db.session.scalars(select(Occurrence).where(Occurrence.series_id == cast.monday.id))
    }
    successor = change_series(
        actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.FOLLOWING, day=date(2026, 3, 16),
        meeting=monday(cast, weekday=Weekday.TU, local_start=time(10)), now=NOW,
    )  # fmt: skip
    assert held(cast.monday.id) == ["03-02 14:00", "03-09 13:00"]
    assert held(successor.id) == ["03-17 14:00", "03-24 14:00"]
    assert (successor.predecessor_id, cast.monday.until_day) == (cast.monday.id, date(2026, 3, 15))
    # The session keeps its identity, so calendars see it move.
    moved = db.session.scalars(
        select(Occurrence).where(
            Occurrence.series_id == successor.id, Occurrence.local_day == date(2026, 3, 17)
        )
    ).one()
    assert moved.id == ids[date(2026, 3, 16)]
    assert roster(successor.id, date(2026, 3, 17)) == ["Ana", "Ben"]
    assert roster(cast.monday.id, MONDAY) == ["Ana", "Ben"]


def test_places_go_on_in_the_successor(cast: Cast) -> None:
    cleo = make.make_client(cast.elm, given_name="Cleo")
    make.make_member(cast.monday, cleo, from_day=date(2026, 3, 23), until_day=date(2026, 4, 6))
    gone = make.make_client(cast.elm, given_name="Gone")
    make.make_member(cast.monday, gone, until_day=date(2026, 3, 9))
    db.session.commit()
    extend_horizon(now=NOW)
    successor = change_series(
        actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.FOLLOWING, day=date(2026, 3, 16),
        meeting=monday(cast, local_start=time(10)), now=NOW,
    )  # fmt: skip

    def places(series: Series) -> set[tuple[str, date, date | None]]:
        rows = db.session.scalars(select(SeriesMember).where(SeriesMember.series_id == series.id))
        return {(row.client.given_name, row.from_day, row.until_day) for row in rows}

    jan, cut = date(2026, 1, 5), date(2026, 3, 15)
    assert places(cast.monday) == {("Ana", jan, cut), ("Ben", jan, cut), ("Gone", jan, date(2026, 3, 9))}
    assert places(successor) == {
        ("Ana", date(2026, 3, 16), None),
        ("Ben", date(2026, 3, 16), None),
        ("Cleo", date(2026, 3, 23), date(2026, 4, 6)),
    }
    assert [roster(successor.id, date(2026, 3, 16) + timedelta(weeks=n)) for n in (0, 1, 3, 4)] == [
        ["Ana", "Ben"], ["Ana", "Ben", "Cleo"], ["Ana", "Ben", "Cleo"], ["Ana", "Ben"],
    ]  # fmt: skip


def test_all_to_come_begins_with_the_next_session_not_held_yet(cast: Cast) -> None:
    extend_horizon(now=NOW)
    # Wednesday's session of today has begun at 9:00; it is 10:00.
    successor = change_series(
        actor=acting(cast.root), series_id=cast.wednesday.id, scope=Scope.ALL_FUTURE,
        meeting=monday(cast, weekday=Weekday.WE, local_start=time(13)), now=NOW,
    )  # fmt: skip
    assert held(cast.wednesday.id) == ["03-04 14:00"]
    assert held(successor.id)[0] == "03-11 17:00"


def test_moving_to_a_later_weekday_gives_no_week_two_sessions(cast: Cast) -> None:
    extend_horizon(now=NOW - timedelta(days=3))
    later = change_series(
        actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.ALL_FUTURE,
        meeting=monday(cast, weekday=Weekday.TH, local_start=time(8), duration_minutes=60), now=NOW,
    )  # fmt: skip
    assert held(cast.monday.id) == ["03-02 14:00"]
    assert held(later.id)[0] == "03-12 12:00"


def test_a_session_someone_moved_keeps_its_own_time(cast: Cast) -> None:
    extend_horizon(now=NOW)
    (second,) = db.session.scalars(
        select(Occurrence).where(
            Occurrence.series_id == cast.monday.id, Occurrence.local_day == date(2026, 3, 16)
        )
    )
    move_occurrence(
        actor=acting(cast.root), occurrence_id=second.id, now=NOW,
        move=Move(date(2026, 3, 17), time(16), 60, cast.carol.id, None, "Room is being painted"),
    )  # fmt: skip
    successor = change_series(
        actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.ALL_FUTURE,
        meeting=monday(cast, local_start=time(10)), now=NOW,
    )  # fmt: skip
    assert held(successor.id)[:3] == ["03-09 14:00", "03-17 20:00", "03-23 14:00"]


def test_a_session_moved_past_a_change_of_its_series_is_held_until_what_follows_ends(cast: Cast) -> None:
    extend_horizon(now=NOW)
    first = db.session.scalars(
        select(Occurrence).where(Occurrence.series_id == cast.monday.id, Occurrence.local_day == MONDAY)
    ).one()
    move_occurrence(
        actor=acting(cast.root), occurrence_id=first.id, now=NOW,
        move=Move(date(2026, 3, 19), time(16), 60, cast.dev.id, None),
    )  # fmt: skip
    successor = change_series(
        actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.FOLLOWING, day=date(2026, 3, 16),
        meeting=monday(cast, local_start=time(10)), now=NOW,
    )  # fmt: skip
    assert held(cast.monday.id) == ["03-19 20:00"]
    end_series(actor=acting(cast.root), series_id=successor.id, last_day=date(2026, 3, 18), now=NOW)
    extend_horizon(now=NOW)
    assert held(cast.monday.id) == []


def test_a_week_whose_session_was_held_early_gets_no_second_one(cast: Cast) -> None:
    extend_horizon(now=NOW)
    first = db.session.scalars(
        select(Occurrence).where(Occurrence.series_id == cast.monday.id, Occurrence.local_day == MONDAY)
    ).one()
    move_occurrence(
        actor=acting(cast.root), occurrence_id=first.id, now=NOW,
        move=Move(date(2026, 3, 5), time(16), 60, cast.dev.id, None),
    )  # fmt: skip
    friday = NOW + timedelta(days=2)
    with pytest.raises(BadSeries, match="begun"):
        change_series(
            actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.FOLLOWING, day=MONDAY,
            meeting=monday(cast, local_start=time(10)), now=friday,
        )  # fmt: skip
    db.session.rollback()
    successor = change_series(
        actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.ALL_FUTURE,
        meeting=monday(cast, local_start=time(10)), now=friday,
    )  # fmt: skip
    assert held(cast.monday.id) == ["03-05 21:00"]
    assert held(successor.id)[0] == "03-16 14:00"


def test_a_series_never_held_is_changed_in_place(cast: Cast) -> None:
    series = add(cast, from_day=date(2026, 3, 16))
    same = change_series(
        actor=acting(cast.root), series_id=series.id, scope=Scope.ALL_FUTURE,
        meeting=meeting(cast, weekday=Weekday.MO, local_start=time(15)), now=NOW,
    )  # fmt: skip
    assert same.id == series.id
    assert held(series.id)[0] == "03-16 19:00"


def test_only_this_one_moves_within_its_week(cast: Cast) -> None:
    extend_horizon(now=NOW)
    change_series(
        actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.THIS, day=MONDAY,
        meeting=monday(cast, weekday=Weekday.TU, local_start=time(13)), reason="Training day", now=NOW,
    )  # fmt: skip
    assert held(cast.monday.id)[:2] == ["03-10 17:00", "03-16 13:00"]


@pytest.mark.parametrize(
    ("day", "says"),
    [
        pytest.param(date(2026, 3, 2), "begun", id="a session that is over"),
        pytest.param(date(2026, 3, 10), "no session on that day", id="a day without one"),
    ],
)
def test_the_past_cannot_be_changed(cast: Cast, day: date, says: str) -> None:
    extend_horizon(now=NOW)
    with pytest.raises(BadSeries, match=says):
        change_series(
            actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.FOLLOWING, day=day,
            meeting=monday(cast, local_start=time(10)), now=NOW,
        )  # fmt: skip


def test_changing_into_a_taken_time_changes_nothing(cast: Cast) -> None:
    extend_horizon(now=NOW)
    before = held(cast.monday.id)
    with pytest.raises(TimeTaken):
        change_series(
            actor=acting(cast.root), series_id=cast.monday.id, scope=Scope.ALL_FUTURE,
            meeting=monday(cast, weekday=Weekday.TH, local_start=time(14)), now=NOW,
        )  # fmt: skip
    db.session.rollback()
    assert held(cast.monday.id) == before


def test_a_change_back_and_forth_returns_to_where_it_was(cast: Cast) -> None:
    extend_horizon(now=NOW)
    before = held(cast.friday.id)
    series = cast.friday
    for start, weekday in ((time(10), Weekday.TH), (time(9), Weekday.FR)):
        wanted = monday(cast, weekday=weekday, local_start=start)
        series = change_series(
            actor=acting(cast.root), series_id=series.id, scope=Scope.ALL_FUTURE, meeting=wanted, now=NOW
        )
    after = held(cast.friday.id) + (held(series.id) if series.id != cast.friday.id else [])
    assert sorted(after) == before


# Ending


def test_ending_a_series_cancels_what_comes_after_and_ends_the_places(cast: Cast) -> None:
    extend_horizon(now=NOW)
    end_series(actor=acting(cast.root), series_id=cast.monday.id, last_day=date(2026, 3, 16), now=NOW)
    assert held(cast.monday.id) == ["03-09 13:00", "03-16 13:00"]
    cancelled = db.session.scalars(
        select(Occurrence.status_reason).where(
            Occurrence.series_id == cast.monday.id, Occurrence.status == OccurrenceStatus.CANCELLED
        )
    )
    assert set(cancelled) == {"This no longer meets at this time."}
    ends = db.session.scalars(select(SeriesMember.until_day).where(SeriesMember.series_id == cast.monday.id))
    assert set(ends) == {date(2026, 3, 16)}


def test_ending_before_it_began_leaves_no_sessions(cast: Cast) -> None:
    series = add(cast, from_day=date(2026, 3, 17))
    end_series(actor=acting(cast.root), series_id=series.id, last_day=TODAY, now=NOW)
    assert held(series.id) == []


def test_ending_in_the_past_is_refused(cast: Cast) -> None:
    with pytest.raises(BadSeries, match="yesterday, today or a later day"):
        end_series(actor=acting(cast.root), series_id=cast.monday.id, last_day=date(2026, 2, 1), now=NOW)


# One-to-one series


def individual(cast: Cast, **given: object) -> Series:
    who = given.pop("actor", cast.dev)
    return create_individual(
        actor=acting(who), client_id=cast.ana.id, program_id=cast.program.id, from_day=TODAY, now=NOW,  # type: ignore[arg-type]
        meeting=meeting(cast, **{"duration_minutes": 50, "room_id": None, "local_start": time(10), **given}),
    )  # fmt: skip


def test_a_case_manager_gives_a_client_a_series_of_their_own(cast: Cast) -> None:
    series = individual(cast)
    assert held(series.id)[0] == "03-10 14:00"
    assert roster(series.id, date(2026, 3, 10)) == ["Ana"]


def test_a_clash_with_work_names_the_commitment(cast: Cast) -> None:
    with pytest.raises(CommitmentClash) as refused:
        individual(cast, local_start=time(13))
    assert refused.value.message == "Ana cannot come then: Work, Tuesdays 1:00 pm to 9:00 pm."


def test_the_trip_counts_in_person_but_not_for_telehealth(cast: Cast) -> None:
    with pytest.raises(CommitmentClash):
        individual(cast, local_start=time(12, 0))
    db.session.rollback()
    cast.ana.modality = ModalityWish.EITHER
    series = create_individual(
        actor=acting(cast.dev), client_id=cast.ana.id, program_id=cast.program.id, from_day=TODAY, now=NOW,
        modality=Modality.TELEHEALTH, meeting=meeting(cast, duration_minutes=60, room_id=None, local_start=time(12)),
    )  # fmt: skip
    assert held(series.id)[0] == "03-10 16:00"


def test_a_client_is_at_one_place_at_a_time(cast: Cast) -> None:
    with pytest.raises(TimeTaken, match="Ana already has Relapse Prevention B"):
        individual(cast, weekday=Weekday.WE, local_start=time(11), leader_id=cast.dev.id)


def test_a_counselor_may_not_create_a_series(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        individual(cast, actor=cast.carol)


def test_another_sites_case_manager_finds_no_such_client(cast: Cast) -> None:
    with pytest.raises(NotFound):
        individual(cast, actor=cast.mallory)


# Groups


def details(**given: object) -> GroupDetails:
    return GroupDetails(**{"name": "Evening", "service_type": ServiceType.GROUP, "seats": 12, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["Núcleo de la tarde", "夕方のグループ", "مجموعة المساء", "Ομάδα", "O'Brien & <b>"]
)
def test_a_group_may_have_a_name_in_any_script(cast: Cast, name: str) -> None:
    group = create_group(
        actor=acting(cast.root), program_id=cast.program.id, details=details(name=name), now=NOW
    )
    assert group.name == name
    assert group.code.isascii()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 10_000}, "name"),
        ({"public_name": "x" * 10_000}, "public_name"),
        ({"seats": 0}, "seats"),
        ({"seats": 201}, "seats"),
    ],
)
def test_what_a_group_cannot_be(wrong: dict[str, object], field: str) -> None:
    with pytest.raises(NotPossible) as refused:
        details(**wrong)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"seats": 1}, "seats", id="fewer seats than people"),
        pytest.param({"seats": 15}, "seats", id="more seats than the room"),
        pytest.param({"service_type": ServiceType.FAMILY}, "service_type", id="another kind"),
    ],
)
def test_a_group_that_meets_keeps_what_its_meetings_rely_on(
    cast: Cast, change: dict[str, object], field: str
) -> None:
    with pytest.raises(NotPossible) as refused:
        change_group(actor=acting(cast.root), group_id=cast.group.id, details=details(**change), now=NOW)
    assert refused.value.field == field


def test_a_group_can_be_renamed(cast: Cast) -> None:
    group = change_group(
        actor=acting(cast.root), group_id=cast.group.id, details=details(name="Morning B", seats=2), now=NOW
    )
    assert (group.name, group.seats) == ("Morning B", 2)


def test_every_change_is_in_the_audit_trail_without_names(cast: Cast) -> None:
    add(cast)
    individual(cast, local_start=time(7))
    rows = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [(row.kind, row.actor_id) for row in rows] == [
        ("series:created", cast.root.id),
        ("series:created", cast.dev.id),
    ]
    assert rows[1].client_id == cast.ana.id
    assert "Ana" not in str([row.details for row in rows])
