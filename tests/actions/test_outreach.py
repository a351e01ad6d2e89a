"""From a tier that rises to somebody who is back: signals, tasks, tries, and who is told."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from iop_schedule.actions import outreach, people
from iop_schedule.actions.case_snapshots import refresh
from iop_schedule.actions.monitor import NothingNew, TooSilent, adopt, keep_silent
from iop_schedule.actions.outreach import Contact, log_contact, undo
from iop_schedule.actions.outreach_tasks import settle_tasks
from iop_schedule.actions.risk import NotNowTooLong, set_aside, take_up, watch_tiers
from iop_schedule.actions.self_report import NoScore, NotThatDay, record_self_report, withdraw_self_report
from iop_schedule.domain.attendance import SessionState
from iop_schedule.domain.risk.policy import BadNumber
from iop_schedule.domain.risk.reasons import ReasonKind, Tier
from iop_schedule.domain.risk.self_report import SelfReport
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.models import (
    AttendanceRecord,
    AuditEvent,
    Client,
    Occurrence,
    OutreachAttempt,
    OutreachTask,
    RiskSignal,
    RosterEntry,
    SetAside,
    db,
)
from iop_schedule.queries import outreach as outreach_queries
from iop_schedule.queries.access import Actor, actor_for
from iop_schedule.queries.caseload import CaseFilter, Show, caseload
from iop_schedule.queries.cases import derive
from iop_schedule.queries.client_engagement import client_engagement
from iop_schedule.queries.client_timeline import Kind
from iop_schedule.queries.monitor import monitor_view
from iop_schedule.queries.outreach import contact_page, manager_figures, outreach_list
from iop_schedule.queries.risk_signals import signal_view
from iop_schedule.vocabulary import (
    AssignmentRole,
    AttendanceStatus,
    AuditKind,
    ContactChannel,
    ContactResult,
    NextStep,
    Role,
    SetAsideReason,
    TaskEnd,
)
from tests import factories as make
from tests.cast import Cast
from tests.kept import KeptApp

#: Wednesday evening, 18:00 in New York.
NOW = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
TODAY, TOMORROW = date(2026, 3, 4), date(2026, 3, 5)


def ticked(now: datetime = NOW) -> None:
    """Let the ticks run once."""
    db.session.commit()
    while refresh(now=now):
        pass
    watch_tiers(now=now)
    settle_tasks(now=now)


@pytest.fixture
def missing(cast: Cast, kept_app: KeptApp) -> Cast:
    """Ana attended for two weeks and has missed the last three sessions."""

    def made() -> Cast:
        for days_ago, status in (
            (16, "attended"),
            (14, "attended"),
            (9, "attended"),
            (7, "no_show"),
            (5, "no_show"),
            (2, "no_show"),
        ):
            day = TODAY - timedelta(days=days_ago)
            series = {0: cast.monday, 2: cast.wednesday, 4: cast.friday}[day.weekday()]
            entry = make.make_entry(make.make_occurrence(series, day), cast.ana)
            make.make_revision(make.make_record(entry, AttendanceStatus(status)))
        ticked()
        return cast  # fmt: skip

    return kept_app.populated("three missed", made)  # type: ignore[no-any-return]


def signals(client: Client) -> list[RiskSignal]:
    return list(
        db.session.scalars(
            select(RiskSignal).where(RiskSignal.client_id == client.id).order_by(RiskSignal.id)
        )
    )


def task_of(client: Client) -> OutreachTask:
    db.session.expire_all()
    found = db.session.scalars(select(OutreachTask).where(OutreachTask.client_id == client.id)).all()
    assert len(found) == 1
    return found[0]


def contact(
    result: str = "no_answer", step: str = "try_again", day: date | None = TOMORROW, **more: object
) -> Contact:
    given = {"at": NOW, "channel": ContactChannel.CALL, **more}
    return Contact(result=ContactResult(result), next_step=NextStep(step), next_day=day, **given)  # type: ignore[arg-type]


def dev(cast: Cast) -> Actor:
    return actor_for(cast.dev)


def test_a_tier_that_rises_opens_one_task_for_the_person_responsible(missing: Cast) -> None:
    (signal,) = signals(missing.ana)
    assert (signal.tier, signal.policy, signal.silent, signal.ended_at) == (
        Tier.REACH_OUT,
        "2026-1",
        False,
        None,
    )
    task = task_of(missing.ana)
    assert (task.user_id, task.signal_id, task.tier) == (missing.dev.id, signal.id, Tier.REACH_OUT)
    assert task.due_day == date(2026, 3, 6)
    assert task.missed_at == datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    ticked()
    assert len(signals(missing.ana)) == 1
    task_of(missing.ana)


def test_a_tier_that_rises_further_makes_the_same_task_more_urgent(missing: Cast) -> None:
    later = NOW + timedelta(days=7)
    ticked(later)
    first, second = signals(missing.ana)
    assert (first.ended_at, second.tier) == (later, Tier.REACH_OUT_TODAY)
    task = task_of(missing.ana)
    assert (task.tier, task.signal_id, task.due_day) == (Tier.REACH_OUT_TODAY, second.id, date(2026, 3, 6))


def test_without_a_case_manager_an_administrator_of_the_site_is_named(missing: Cast) -> None:
    person = make.make_client(missing.elm)
    make.make_dose(make.make_enrollment(person, missing.program, from_day=date(2026, 1, 5)))
    ticked()
    assert task_of(person).user_id == missing.root.id


def test_someone_who_is_back_needs_no_call(missing: Cast) -> None:
    entry = make.make_entry(make.make_occurrence(missing.friday, date(2026, 3, 6)), missing.ana)
    make.make_record(entry, AttendanceStatus.ATTENDED)
    back = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
    ticked(back)
    task = task_of(missing.ana)
    assert (task.ended_by, task.ended_at) == (TaskEnd.BACK, back)


def held(cast: Cast, day: date, status: AttendanceStatus) -> None:
    series = {0: cast.monday, 2: cast.wednesday, 4: cast.friday}[day.weekday()]
    make.make_record(make.make_entry(make.make_occurrence(series, day), cast.ana), status)


def tasks_of(client: Client) -> list[OutreachTask]:
    db.session.expire_all()
    statement = select(OutreachTask).where(OutreachTask.client_id == client.id).order_by(OutreachTask.id)
    return list(db.session.scalars(statement))


def test_a_miss_after_they_were_back_calls_out_again(missing: Cast) -> None:
    held(missing, date(2026, 3, 6), AttendanceStatus.ATTENDED)
    ticked(datetime(2026, 3, 6, 20, 0, tzinfo=UTC))
    held(missing, date(2026, 3, 9), AttendanceStatus.NO_SHOW)
    monday = datetime(2026, 3, 9, 20, 0, tzinfo=UTC)
    for minutes in (0, 1):
        ticked(monday + timedelta(minutes=minutes))
    back, again = tasks_of(missing.ana)
    assert (back.ended_by, again.ended_at, again.opened_at) == (TaskEnd.BACK, None, monday)
    assert again.missed_at == datetime(2026, 3, 9, 13, 0, tzinfo=UTC)
    assert [signal.ended_at for signal in signals(missing.ana)] == [monday, None]


def test_a_task_somebody_closed_stays_closed_until_something_new(missing: Cast) -> None:
    outreach.close_task(actor=dev(missing), task_id=task_of(missing.ana).id, now=NOW)
    ticked(NOW + timedelta(minutes=1))
    assert len(tasks_of(missing.ana)) == 1


def test_whoever_comes_to_be_responsible_gets_the_task(cast: Cast) -> None:
    cast.dev.active = cast.root.active = False
    ticked()
    assert (tasks_of(cast.ana), len(signals(cast.ana))) == ([], 1)
    cast.dev.active = True
    for minutes in (1, 2):
        ticked(NOW + timedelta(minutes=minutes))
    (task,), (signal,) = tasks_of(cast.ana), signals(cast.ana)
    assert (task.user_id, task.signal_id) == (cast.dev.id, signal.id)


def test_what_stands_when_silent_weeks_end_is_told_then(cast: Cast) -> None:
    keep_silent(actor=actor_for(cast.root), program_id=cast.program.id, until_day=date(2026, 3, 5), now=NOW)
    ticked()
    assert tasks_of(cast.ana) == []
    ticked(NOW + timedelta(days=2))
    assert [signal.silent for signal in signals(cast.ana)] == [True, False]
    assert task_of(cast.ana).signal_id == signals(cast.ana)[1].id


def test_what_was_agreed_outlasts_too_few_sessions(cast: Cast) -> None:
    person = make.make_client(cast.elm)
    make.make_dose(make.make_enrollment(person, cast.program, from_day=date(2026, 3, 2)))
    entry = make.make_entry(make.make_occurrence(cast.monday, date(2026, 3, 2)), person)
    record = make.make_record(entry, AttendanceStatus.NO_SHOW)
    ticked()
    log_contact(actor=actor_for(cast.root), client_id=person.id, contact=contact("reached"), now=NOW)
    record.status = AttendanceStatus.EXCUSED
    ticked(NOW + timedelta(minutes=1))
    assert derive([person.id], now=NOW)[person.id].tier == Tier.NOT_SCORED
    assert task_of(person).ended_at is None


def test_a_correction_that_takes_the_reason_away_closes_the_task(missing: Cast) -> None:
    for record in db.session.scalars(select(AttendanceRecord)):
        record.status, record.minutes = AttendanceStatus.ATTENDED, 180
    ticked()
    assert task_of(missing.ana).ended_by == TaskEnd.NOT_NEEDED
    assert signals(missing.ana)[0].ended_at == NOW


def test_a_pause_ends_the_signal_and_the_task(missing: Cast) -> None:
    make.make_closure(missing.elm, from_day=date(2026, 5, 1), until_day=date(2026, 5, 1))
    from iop_schedule.models import Enrollment, EnrollmentPause

    (enrollment,) = db.session.scalars(select(Enrollment).where(Enrollment.client_id == missing.ana.id))
    db.session.add(EnrollmentPause(enrollment_id=enrollment.id, from_day=TODAY, reason="hospital"))
    ticked()
    assert task_of(missing.ana).ended_by == TaskEnd.NOT_SCORED
    assert signals(missing.ana)[0].ended_at == NOW


def test_nobody_acting_in_time_brings_in_an_administrator(missing: Cast) -> None:
    friday_night = datetime(2026, 3, 7, 4, 0, tzinfo=UTC)
    ticked(friday_night)
    assert task_of(missing.ana).escalated_at is None
    saturday = friday_night + timedelta(hours=2)
    ticked(saturday)
    assert task_of(missing.ana).escalated_at == saturday
    shown = outreach_list(actor_for(missing.root), now=saturday)
    assert (shown.whole_site, shown.escalated) == (True, 2)  # Ben, who never came, was due on Wednesday


def test_a_long_list_is_cut_after_those_who_come_first(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outreach_queries, "MOST_LISTED", 1)
    tried = make.make_task(cast.ana, cast.dev, due_day=date(2026, 3, 2), escalated_at=NOW)
    make.make_attempt(cast.ana, cast.dev, task=tried, next_day=date(2026, 3, 9))
    make.make_task(cast.ben, cast.dev, due_day=date(2026, 3, 5))
    db.session.commit()
    found = outreach_list(dev(cast), now=NOW)
    assert [task.client_id for _, tasks in found.groups for task in tasks] == [cast.ben.id]
    assert (found.total, found.escalated, found.left_out) == (2, 1, 1)


def noon(day: int) -> datetime:
    """Return the middle of a day in March."""
    return datetime(2026, 3, day, 16, 0, tzinfo=UTC)


def next_day_on(cast: Cast, day: int) -> date:
    """Return when Ana is next to be contacted, as Dev sees it on a day in March."""
    groups = outreach_list(dev(cast), now=noon(day)).groups
    return next(t.next_day for _, tasks in groups for t in tasks if t.client_id == cast.ana.id)


def test_a_try_buys_the_days_of_its_tier_and_no_more(missing: Cast) -> None:
    log_contact(actor=dev(missing), client_id=missing.ana.id, contact=contact(), now=NOW)
    settle_tasks(now=noon(9))
    assert task_of(missing.ana).escalated_at is None
    settle_tasks(now=noon(10))
    assert task_of(missing.ana).escalated_at == noon(10)


def test_a_tier_that_rises_brings_what_was_agreed_forward(missing: Cast) -> None:
    agreed = contact("no_answer", "wait_for_reply", date(2026, 3, 20))
    log_contact(actor=dev(missing), client_id=missing.ana.id, contact=agreed, now=NOW)
    assert next_day_on(missing, 11) == date(2026, 3, 20)
    ticked(noon(11))
    assert task_of(missing.ana).tier == Tier.REACH_OUT_TODAY
    assert next_day_on(missing, 11) == date(2026, 3, 11)
    ticked(noon(11) + timedelta(hours=1))
    assert task_of(missing.ana).escalated_at is None
    ticked(noon(12))
    assert task_of(missing.ana).escalated_at == noon(12)


def test_not_now_is_waited_out(missing: Cast) -> None:
    row = set_aside(
        actor=dev(missing), client_id=missing.ana.id, reason=SetAsideReason.OTHER,
        until_day=date(2026, 3, 12), now=NOW,
    )  # fmt: skip
    ticked(noon(11))
    assert (next_day_on(missing, 11), task_of(missing.ana).tier) == (date(2026, 3, 13), Tier.REACH_OUT_TODAY)
    assert task_of(missing.ana).escalated_at is None
    take_up(actor=dev(missing), set_aside_id=row.id, now=noon(11))
    settle_tasks(now=noon(11))
    assert (next_day_on(missing, 11), task_of(missing.ana).escalated_at) == (date(2026, 3, 11), None)
    settle_tasks(now=noon(12))
    assert task_of(missing.ana).escalated_at == noon(12)


def test_an_open_task_goes_with_its_client(missing: Cast) -> None:
    jo = make.make_user(Role.CASE_MANAGER, missing.elm)
    db.session.commit()
    people.assign(
        actor=actor_for(missing.root), client_id=missing.ana.id, user_id=jo.id,
        role=AssignmentRole.CASE_MANAGER, from_day=TOMORROW, now=NOW,
    )  # fmt: skip
    settle_tasks(now=NOW)
    assert task_of(missing.ana).user_id == missing.dev.id
    settle_tasks(now=noon(5))
    assert task_of(missing.ana).user_id == jo.id
    found = outreach_list(actor_for(jo), now=noon(5))
    assert [t.client_id for _, tasks in found.groups for t in tasks] == [missing.ana.id]
    people.turn_off_staff(actor=actor_for(missing.root), user_id=jo.id, now=noon(5))
    settle_tasks(now=noon(5))
    assert task_of(missing.ana).user_id == missing.root.id
    events = db.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == AuditKind.OUTREACH_HANDED_ON).order_by(AuditEvent.id)
    ).all()
    assert [event.client_id for event in events] == [missing.ana.id] * 2


def test_nobody_gets_a_task_they_could_not_open(missing: Cast) -> None:
    missing.dev.sites = [missing.far]
    db.session.commit()
    settle_tasks(now=NOW)
    assert task_of(missing.ana).user_id == missing.root.id


def test_a_contact_that_settles_it_closes_the_task_and_undoing_opens_it_again(missing: Cast) -> None:
    reached = contact("reached", "nothing", None)
    row = log_contact(actor=dev(missing), client_id=missing.ana.id, contact=reached, now=NOW)
    assert task_of(missing.ana).ended_by == TaskEnd.AGREED
    assert derive([missing.ana.id], now=NOW)[missing.ana.id].last_contact == TODAY
    undo(actor=dev(missing), attempt_id=row.id, now=NOW + timedelta(seconds=9))
    undo(actor=dev(missing), attempt_id=row.id, now=NOW + timedelta(seconds=10))
    assert task_of(missing.ana).ended_at is None
    assert derive([missing.ana.id], now=NOW)[missing.ana.id].last_contact == date(2026, 2, 23)


def test_only_ones_own_entry_of_the_last_hours_can_be_taken_back(missing: Cast) -> None:
    row = log_contact(actor=dev(missing), client_id=missing.ana.id, contact=contact(), now=NOW)
    for actor, now in ((actor_for(missing.root), NOW), (dev(missing), NOW + timedelta(hours=13))):
        with pytest.raises(outreach.TooLateToUndo):
            undo(actor=actor, attempt_id=row.id, now=now)
    with pytest.raises(NotFound):
        undo(actor=actor_for(missing.mallory), attempt_id=row.id, now=NOW)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        pytest.param(contact(at=NOW + timedelta(minutes=2)), outreach.NotThen, id="in the future"),
        pytest.param(contact(at=NOW - timedelta(days=15)), outreach.NotThen, id="long ago"),
        pytest.param(contact("left_message"), outreach.NoMessageAgreed, id="a message nobody agreed to"),
        pytest.param(contact(day=None), outreach.NextDayMissing, id="a next step without a day"),
        pytest.param(contact(day=date(2026, 3, 3)), outreach.NextDayMissing, id="a next step yesterday"),
        pytest.param(contact(note="x" * 301), outreach.NoteTooLong, id="a novel"),
    ],
)
def test_what_cannot_be_is_not_logged(cast: Cast, wrong: Contact, error: type[NotPossible]) -> None:
    with pytest.raises(error):
        log_contact(actor=dev(cast), client_id=cast.ana.id, contact=wrong, now=NOW)
    assert db.session.scalars(select(OutreachAttempt)).all() == []


def test_a_message_may_be_left_where_they_agreed(cast: Cast) -> None:
    cast.ana.may_leave_message = True
    db.session.commit()
    log_contact(actor=dev(cast), client_id=cast.ana.id, contact=contact("left_message"), now=NOW)


@pytest.mark.parametrize("who", ["carol", "eve", "ana_user"])
def test_others_do_not_log_contacts(cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        log_contact(actor=actor_for(getattr(cast, who)), client_id=cast.ana.id, contact=contact(), now=NOW)


def test_not_now_moves_a_person_down_until_the_day_and_is_kept(missing: Cast) -> None:
    row = set_aside(
        actor=dev(missing), client_id=missing.ana.id, reason=SetAsideReason.KNOWN_ABSENCE,
        until_day=TODAY + timedelta(days=7), now=NOW,
    )  # fmt: skip
    shown = caseload(dev(missing), now=NOW)
    assert [r.client_id for r in shown.rows][-1] == missing.ana.id
    assert shown.rows[-1].not_now is not None
    assert (shown.counts[Tier.REACH_OUT], shown.to_contact[Tier.REACH_OUT]) == (1, 0)
    only = caseload(dev(missing), now=NOW, wanted=CaseFilter(show=Show.SET_ASIDE))
    assert [r.client_id for r in only.rows] == [missing.ana.id]
    after = caseload(dev(missing), now=NOW + timedelta(days=8))
    assert all(r.not_now is None for r in after.rows)
    assert take_up(actor=dev(missing), set_aside_id=row.id, now=NOW) == missing.ana.id
    assert caseload(dev(missing), now=NOW).shown[Show.SET_ASIDE] == 0
    db.session.expire_all()
    assert db.session.get_one(SetAside, row.id).withdrawn_by_id == missing.dev.id


@pytest.mark.parametrize("days", [0, 29])
def test_not_now_has_an_end_within_four_weeks(cast: Cast, days: int) -> None:
    with pytest.raises(NotNowTooLong):
        set_aside(
            actor=dev(cast), client_id=cast.ana.id, reason=SetAsideReason.OTHER,
            until_day=TODAY + timedelta(days=days), now=NOW,
        )  # fmt: skip


def test_silent_weeks_compute_and_tell_nobody_but_the_administrator(cast: Cast) -> None:
    keep_silent(actor=actor_for(cast.root), program_id=cast.program.id, until_day=date(2026, 3, 31), now=NOW)
    ticked()
    (signal,) = signals(cast.ana)
    assert signal.silent
    assert [task.client_id for task in db.session.scalars(select(OutreachTask))] == [cast.zoe.id]
    shown = caseload(dev(cast), now=NOW)
    assert {row.tier for row in shown.rows} == {Tier.NOT_SCORED}
    assert [row.reasons for row in shown.rows] == [(), ()]
    assert (shown.silent, shown.silent_until) == (2, date(2026, 3, 31))
    assert not contact_page(dev(cast), cast.ana.id, now=NOW).is_shown
    assert not client_engagement(dev(cast), cast.ana.id, now=NOW).is_shown
    make.make_task(cast.ana, cast.dev)
    db.session.commit()
    (task,) = (task for _, tasks in outreach_list(dev(cast), now=NOW).groups for task in tasks)
    assert task.why == ()
    with pytest.raises(NotFound):
        signal_view(dev(cast), signal.id, now=NOW)
    view = monitor_view(actor_for(cast.root), cast.program.id, now=NOW)
    assert (view.is_silent, view.weeks[0].signals, view.weeks[0].silent) == (True, 2, 2)
    assert view.tiers[Tier.REACH_OUT_TODAY] == 2
    assert signal_view(actor_for(cast.root), signal.id, now=NOW).is_reproduced


def test_a_signal_can_be_replayed_whatever_was_corrected_or_set_since(missing: Cast) -> None:
    (signal,) = signals(missing.ana)
    adopt(
        actor=actor_for(missing.root),
        program_id=missing.program.id,
        numbers={"threshold": 9.0},
        note="fewer",
        now=NOW + timedelta(hours=1),
    )
    later = NOW + timedelta(hours=2)
    record = db.session.scalars(select(AttendanceRecord).order_by(AttendanceRecord.id.desc())).first()
    assert record is not None
    record.status, record.minutes, record.version, record.marked_at = AttendanceStatus.ATTENDED, 180, 2, later
    make.make_revision(record)
    db.session.commit()
    view = signal_view(dev(missing), signal.id, now=later)
    assert view.is_reproduced
    assert view.was_corrected
    assert (view.raised.policy, view.replayed.policy) == ("2026-1", "2026-1")
    assert ReasonKind.CHANGE in {reason.kind for reason in view.raised.reasons}
    assert derive([missing.ana.id], now=later)[missing.ana.id].policy == "2026-1 v1"


def test_any_past_day_is_shown_as_it_stands_now_or_stood_then(missing: Cast) -> None:
    """The second of three misses turns out to have been attended, and a call of that week is entered late."""
    late, monday = NOW + timedelta(hours=1), date(2026, 3, 2)
    friday = db.session.scalars(
        select(AttendanceRecord).join(RosterEntry).join(Occurrence).where(Occurrence.local_day == date(2026, 2, 27))
    ).one()  # fmt: skip
    friday.status, friday.minutes, friday.version, friday.marked_at = AttendanceStatus.ATTENDED, 180, 2, late
    make.make_revision(friday)
    called = contact("reached", "nothing", None, at=datetime(2026, 2, 28, 15, 0, tzinfo=UTC))
    log_contact(actor=dev(missing), client_id=missing.ana.id, contact=called, now=late)

    def on(day: date, *, then: bool) -> tuple[str, date | None, list[date]]:
        found = client_engagement(
            dev(missing), missing.ana.id, now=late, as_of=day, as_recorded=then, kind=Kind.CONTACT
        )
        missed = [c.day for w in found.weeks for c in w.days if c.state is SessionState.NO_SHOW]
        return found.case.tier, found.case.last_contact, missed

    before = date(2026, 2, 24)
    assert on(before, then=True) == (Tier.NO_ACTION, date(2026, 2, 23), [])
    three = [date(2026, 2, 25), date(2026, 2, 27), monday]
    assert on(monday, then=True) == (Tier.REACH_OUT, date(2026, 2, 23), three)
    assert on(monday, then=False) == (Tier.NO_ACTION, date(2026, 2, 28), [three[0], three[2]])
    assert client_engagement(dev(missing), missing.ana.id, now=late, as_of=TOMORROW).is_past is False


def test_versions_are_numbered_and_refused_when_nothing_changes(cast: Cast) -> None:
    root = actor_for(cast.root)
    adopt(actor=root, program_id=cast.program.id, numbers={"threshold": 4.2}, note="", now=NOW)
    second = adopt(actor=root, program_id=cast.program.id, numbers={"no_contact_days": 5}, note="", now=NOW)
    assert (second.number, second.numbers["threshold"], second.numbers["no_contact_days"]) == (2, 4.2, 5)
    with pytest.raises(NothingNew):
        adopt(actor=root, program_id=cast.program.id, numbers={"threshold": 4.2}, note="", now=NOW)
    with pytest.raises(BadNumber):
        adopt(actor=root, program_id=cast.program.id, numbers={"prior_mean": 1.5}, note="", now=NOW)
    with pytest.raises(NotFound):
        adopt(
            actor=actor_for(cast.trent),
            program_id=cast.program.id,
            numbers={"threshold": 5.0},
            note="",
            now=NOW,
        )
    with pytest.raises(TooSilent):
        keep_silent(actor=root, program_id=cast.program.id, until_day=date(2027, 3, 4), now=NOW)


def test_a_self_report_asks_for_a_look_and_leaves_the_tier_alone(missing: Cast) -> None:
    before = derive([missing.ana.id], now=NOW)[missing.ana.id]
    row = record_self_report(
        actor=actor_for(missing.carol), client_id=missing.ana.id, day=TODAY,
        report=SelfReport(use=2, risk=None, protective=20), items={}, now=NOW,
    )  # fmt: skip
    after = derive([missing.ana.id], now=NOW)[missing.ana.id]
    assert (after.tier, after.reasons) == (before.tier, before.reasons)
    assert [line.sentence for line in after.reviews] == [
        "Self-report asks for a clinician's look: use 2 of 12."
    ]
    assert caseload(dev(missing), now=NOW).shown[Show.REVIEW] == 1
    withdraw_self_report(actor=dev(missing), report_id=row.id, now=NOW)
    assert derive([missing.ana.id], now=NOW)[missing.ana.id].reviews == ()


def test_a_self_report_of_tomorrow_or_without_a_score_is_refused(cast: Cast) -> None:
    given = {"actor": dev(cast), "client_id": cast.ana.id, "items": {}, "now": NOW}
    with pytest.raises(NotThatDay):
        record_self_report(day=TOMORROW, report=SelfReport(1, 1, 1), **given)  # type: ignore[arg-type]
    with pytest.raises(NoScore):
        record_self_report(day=TODAY, report=SelfReport(None, None, None), **given)  # type: ignore[arg-type]


def test_the_figures_are_the_tasks_own(missing: Cast) -> None:
    log_contact(
        actor=dev(missing), client_id=missing.ana.id, contact=contact("reached", "try_again"), now=NOW
    )
    found = {row.name: row for row in manager_figures(dev(missing), now=NOW)}
    (mine,) = found.values()
    assert (mine.name, mine.figures.tasks, mine.figures.reached) == ("Dev Banerjee", 2, 1)
    assert mine.figures.median_hours_to_contact == pytest.approx(57.0)
    assert mine.alerts_a_week == pytest.approx(2 / 13)
