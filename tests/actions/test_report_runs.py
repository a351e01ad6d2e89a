"""Reports made in the background: made once, for whoever asked, forgotten after a day."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from iop_schedule.actions import report_runs
from iop_schedule.domain.civil_time import ProgramWeek
from iop_schedule.domain.engagement.settings_report import Asked
from iop_schedule.errors import NotAllowed, NotFound, NotPossible
from iop_schedule.jobs.reports import make_reports
from iop_schedule.jobs.worker import Worker
from iop_schedule.models import ReportRun, db
from iop_schedule.queries.access import actor_for
from iop_schedule.queries.engagement.program import Span
from iop_schedule.vocabulary import ReportState
from tests.cast import Cast
from tests.conftest import NOW
from tests.world import mark, occurrence

SPAN = Span(ProgramWeek(date(2026, 2, 2)), 4)
ASKED = Asked(threshold=3.8, prior_mean=0.8, prior_strength=5.5, weekly_discount=0.7, budget=5.0, weeks=12)


def ask(cast: Cast) -> str:
    return report_runs.request_program_report(
        actor=actor_for(cast.dev), program_id=cast.program.id, span=SPAN, now=NOW
    )


def test_a_report_is_made_by_whoever_comes_first_and_only_once(cast: Cast) -> None:
    for day in (date(2026, 2, 2), date(2026, 2, 9)):
        mark(occurrence(cast.monday, day, cast.ana, cast.ben), cast.ana, cast.carol)
    db.session.commit()
    run_id, dev = ask(cast), actor_for(cast.dev)
    assert report_runs.find(actor=dev, run_id=run_id).is_working
    assert report_runs.work_off(now=NOW)
    assert not report_runs.work_off(now=NOW)
    found = report_runs.find(actor=dev, run_id=run_id)
    assert (found.state, found.percent) == (ReportState.READY, 100)
    quality = next(section for section in found.sections if section.key == "quality")
    assert quality.rows[-1] == ("All", "4", "2", "0", "2")
    with pytest.raises(NotFound):
        report_runs.find(actor=actor_for(cast.root), run_id=run_id)


def test_a_history_says_what_settings_would_have_done(cast: Cast) -> None:
    run_id = report_runs.request_history(
        actor=actor_for(cast.root), program_id=cast.program.id, asked=ASKED, now=NOW
    )
    make_reports(Worker())
    found = report_runs.find(actor=actor_for(cast.root), run_id=run_id)
    assert found.sentence == "There are no sessions to try this on."
    assert [section.key for section in found.sections] == ["settings", "fitted"]


def test_one_that_is_being_made_is_left_alone_until_its_worker_is_gone(cast: Cast) -> None:
    run_id = ask(cast)
    run = db.session.get_one(ReportRun, run_id)
    run.claimed_at = NOW
    db.session.commit()
    assert not report_runs.work_off(now=NOW + report_runs.SILENCE)
    assert report_runs.work_off(now=NOW + report_runs.SILENCE + timedelta(seconds=1))


def test_one_whose_asker_may_not_see_the_program_any_more_fails(cast: Cast) -> None:
    run_id = ask(cast)
    cast.dev.sites = [cast.far]
    db.session.commit()
    assert report_runs.work_off(now=NOW)
    assert db.session.get_one(ReportRun, run_id).state == ReportState.FAILED


def test_one_that_was_made_is_not_read_by_someone_who_left_the_site(cast: Cast) -> None:
    run_id = ask(cast)
    assert report_runs.work_off(now=NOW)
    cast.dev.sites = [cast.far]
    db.session.commit()
    with pytest.raises(NotFound):
        report_runs.find(actor=actor_for(cast.dev), run_id=run_id)


def test_what_broke_is_marked_and_the_next_one_is_made(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, fine = ask(cast), ask(cast)
    real = report_runs.program_facts

    def breaks(*given: object, **more: object) -> object:
        monkeypatch.setattr(report_runs, "program_facts", real)
        raise RuntimeError

    monkeypatch.setattr(report_runs, "program_facts", breaks)
    with pytest.raises(RuntimeError):
        report_runs.work_off(now=NOW)
    assert report_runs.work_off(now=NOW)
    states = {run_id: db.session.get_one(ReportRun, run_id).state for run_id in (broken, fine)}
    assert sorted(states.values()) == [ReportState.FAILED, ReportState.READY]


def test_three_may_wait_and_a_day_later_they_are_forgotten(cast: Cast) -> None:
    for _ in range(report_runs.MOST_WAITING):
        ask(cast)
    with pytest.raises(NotPossible):
        ask(cast)
    assert report_runs.forget_old(now=NOW + report_runs.KEPT) == 0
    assert (
        report_runs.forget_old(now=NOW + report_runs.KEPT + timedelta(seconds=1)) == report_runs.MOST_WAITING
    )
    assert db.session.scalar(select(func.count()).select_from(ReportRun)) == 0


def test_a_program_of_another_site_is_not_found_and_counselors_may_not_ask(cast: Cast) -> None:
    with pytest.raises(NotFound):
        report_runs.request_program_report(
            actor=actor_for(cast.dev), program_id=cast.far_program.id, span=SPAN, now=NOW
        )
    with pytest.raises(NotAllowed):
        report_runs.request_program_report(
            actor=actor_for(cast.carol), program_id=cast.program.id, span=SPAN, now=NOW
        )
