"""Contacting someone: due days, lists, ends, and what is measured."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_schedule.domain import outreach
from iop_schedule.domain.outreach import Again, Course, Group, Hold, OpenTask, Try
from iop_schedule.domain.risk.reasons import Tier
from iop_schedule.vocabulary import ContactResult, NextStep

THURSDAY, FRIDAY, SATURDAY, MONDAY = (date(2026, 3, day) for day in (5, 6, 7, 9))
NOW = datetime(2026, 3, 20, 15, 0, tzinfo=UTC)


#: When the tier of the tasks below rose.
RAISED = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)


def tried(
    result: str = "no_answer",
    *,
    at: datetime = NOW,
    step: str = "try_again",
    next_day: date | None = FRIDAY,
    recorded_at: datetime | None = None,
) -> Try:
    return Try(at, ContactResult(result), NextStep(step), next_day, recorded_at or at)


def task(
    *tries: Try, due: date = THURSDAY, tier: Tier = Tier.REACH_OUT, hold: Hold | None = None
) -> OpenTask:
    return OpenTask(tier, due, RAISED, tries, hold)


def not_now(until: date, *, made_at: datetime = RAISED + timedelta(hours=1)) -> Hold:
    return Hold(made_at, until)


@pytest.mark.parametrize(
    ("tier", "today", "due"),
    [
        pytest.param(Tier.REACH_OUT_TODAY, THURSDAY, THURSDAY, id="today is today"),
        pytest.param(Tier.REACH_OUT_TODAY, SATURDAY, MONDAY, id="on a Saturday, Monday"),
        pytest.param(Tier.REACH_OUT, THURSDAY, MONDAY, id="two working days, over the weekend"),
        pytest.param(Tier.REACH_OUT, SATURDAY, date(2026, 3, 11), id="a weekend does not count"),
        pytest.param(Tier.CHECK_IN, THURSDAY, date(2026, 3, 12), id="a week of working days"),
    ],
)
def test_each_tier_is_due_in_working_days(tier: Tier, today: date, due: date) -> None:
    assert outreach.due_day(tier, today) == due


@given(day=st.dates(date(2020, 1, 1), date(2030, 1, 1)), after=st.integers(0, 30))
def test_a_working_day_is_one_and_later_ones_come_later(day: date, after: int) -> None:
    found = outreach.working_day(day, after)
    assert found.weekday() < 5
    assert found >= day
    assert outreach.working_day(day, after + 1) > found


@pytest.mark.parametrize(
    ("tries", "due", "group"),
    [
        pytest.param([], THURSDAY, Group.TODAY, id="due today"),
        pytest.param([], date(2026, 3, 2), Group.TODAY, id="overdue"),
        pytest.param([], FRIDAY, Group.THIS_WEEK, id="due tomorrow"),
        pytest.param([], MONDAY, Group.LATER, id="due next week"),
        pytest.param([tried()], THURSDAY, Group.THIS_WEEK, id="tried: again tomorrow"),
        pytest.param([tried(step="wait_for_reply")], THURSDAY, Group.WAITING, id="waiting for a reply"),
        pytest.param(
            [tried(step="wait_for_reply", next_day=THURSDAY)], MONDAY, Group.TODAY, id="waited long enough"
        ),
        pytest.param([tried("reached", step="nothing", next_day=None)], MONDAY, Group.LATER, id="nothing agreed"),
    ],
)  # fmt: skip
def test_a_task_stands_where_its_next_day_puts_it(tries: list[Try], due: date, group: Group) -> None:
    assert outreach.group_of(task(*tries, due=due), today=THURSDAY) is group


@pytest.mark.parametrize(
    ("was_silent", "task_ended", "missed", "asked"),
    [
        pytest.param(True, None, None, Again.SIGNAL, id="it was for administrators only"),
        pytest.param(False, None, None, Again.TASK, id="nobody was told"),
        pytest.param(False, -1, 2, Again.TASK, id="nobody was told of this one"),
        pytest.param(False, 1, 0, Again.NOTHING, id="nothing since the task"),
        pytest.param(False, 1, None, Again.NOTHING, id="without a miss"),
        pytest.param(False, 1, 2, Again.SIGNAL, id="missed since the task"),
    ],
)
def test_a_signal_that_stands_calls_out_again(
    was_silent: bool, task_ended: int | None, missed: int | None, asked: Again
) -> None:
    def at(days: int | None) -> datetime | None:
        return None if days is None else NOW + timedelta(days=days)

    found = outreach.asked_again(
        raised_at=NOW, was_silent=was_silent, task_ended_at=at(task_ended), missed_at=at(missed)
    )
    assert found is asked


BEFORE, SINCE = RAISED - timedelta(hours=2), RAISED + timedelta(hours=2)


@pytest.mark.parametrize(
    ("one", "next_day", "last_day"),
    [
        pytest.param(task(), THURSDAY, THURSDAY, id="nobody has tried"),
        pytest.param(task(tried(at=SINCE)), FRIDAY, date(2026, 3, 10), id="a try buys the days of its tier"),
        pytest.param(
            task(tried(at=SINCE, next_day=THURSDAY), tier=Tier.REACH_OUT_TODAY), THURSDAY, THURSDAY,
            id="which are none for today",
        ),
        pytest.param(
            task(tried(at=SINCE, step="nothing", next_day=None)), THURSDAY, MONDAY, id="nothing agreed",
        ),
        pytest.param(
            task(tried(at=BEFORE, step="wait_for_reply", next_day=MONDAY)), THURSDAY, THURSDAY,
            id="a rise brings what was agreed forward",
        ),
        pytest.param(
            task(tried(at=BEFORE), due=MONDAY), FRIDAY, MONDAY, id="and never back",
        ),
        pytest.param(
            task(tried(at=BEFORE, recorded_at=SINCE, next_day=MONDAY)), MONDAY, date(2026, 3, 11),
            id="entered since, so agreed about this tier",
        ),
        pytest.param(task(hold=not_now(MONDAY)), date(2026, 3, 10), date(2026, 3, 10), id="not now"),
        pytest.param(task(hold=not_now(FRIDAY)), MONDAY, MONDAY, id="not now until Friday: on Monday"),
        pytest.param(task(hold=not_now(date(2026, 3, 1))), THURSDAY, THURSDAY, id="not now, long over"),
        pytest.param(
            task(tried(at=RAISED), hold=not_now(MONDAY)), date(2026, 3, 10), date(2026, 3, 12),
            id="not now after a try",
        ),
        pytest.param(
            task(tried(at=SINCE), hold=not_now(date(2026, 3, 20))), FRIDAY, date(2026, 3, 10),
            id="agreed after not now",
        ),
    ],
)  # fmt: skip
def test_when_a_task_is_next_and_when_at_the_latest(one: OpenTask, next_day: date, last_day: date) -> None:
    assert (outreach.next_day_of(one), outreach.last_day_of(one)) == (next_day, last_day)
    assert not outreach.is_overdue(one, today=last_day)
    assert outreach.is_overdue(one, today=last_day + timedelta(days=1))


def test_waiting_for_a_reply_ends_when_the_tier_rises() -> None:
    waiting = task(tried(at=BEFORE, step="wait_for_reply", next_day=date(2026, 3, 20)), due=MONDAY)
    assert outreach.group_of(waiting, today=THURSDAY) is Group.LATER
    assert outreach.group_of(waiting, today=MONDAY) is Group.TODAY


@pytest.mark.parametrize(
    ("tries", "due"),
    [
        pytest.param([], date(2026, 3, 5), id="nobody has tried: no time is gained"),
        pytest.param([tried(at=BEFORE)], date(2026, 3, 5), id="nor since it last rose"),
        pytest.param([tried(at=SINCE)], date(2026, 3, 10), id="tried: the days of the new tier"),
    ],
)
def test_a_task_that_is_raised_is_due_as_its_new_tier_asks(tries: list[Try], due: date) -> None:
    assert outreach.due_when_raised(task(*tries), Tier.REACH_OUT_TODAY, date(2026, 3, 10)) == due


def course(missed_days_ago: float | None, *tries: Try, back_days_ago: float | None = None) -> Course:
    ago = lambda days: None if days is None else NOW - timedelta(days=days)  # noqa: E731
    return Course(ago(missed_days_ago), NOW - timedelta(days=9), tries, ago(back_days_ago))


def test_figures_by_hand() -> None:
    courses = [
        course(10, tried(at=NOW - timedelta(days=9)), tried("reached", at=NOW - timedelta(days=8)), back_days_ago=5),
        course(10, tried("reached", at=NOW - timedelta(days=9)), back_days_ago=2),
        course(10, tried()),
        course(3, tried("reached", at=NOW - timedelta(days=2)), back_days_ago=1),
        course(None, tried("reached")),
    ]  # fmt: skip
    found = outreach.figures(courses, now=NOW)
    assert (found.tasks, found.reached) == (5, 4)
    assert found.median_hours_to_contact == 24.0  # of 48, 24 and 24; the last had no miss
    # Old enough: three misses of ten days ago, and the task of nine days ago that no miss led to.
    assert (found.old_enough, found.back_in_time, found.back_share) == (4, 1, 0.25)


def test_nothing_to_count_is_no_zero() -> None:
    found = outreach.figures([], now=NOW)
    assert (found.tasks, found.median_hours_to_contact, found.back_share) == (0, None, None)


def test_alerts_a_week_are_signals_over_weeks() -> None:
    assert outreach.alerts_a_week([MONDAY] * 6, weeks=4) == 1.5
    assert outreach.alerts_a_week([], weeks=0) == 0.0
