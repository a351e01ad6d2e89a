"""What a plan for everyone found, kept for review: its figures, and a proposal for each person it changes."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from iop_schedule.actions.seat_prices import learn_prices
from iop_schedule.adapters.placement_files import read_plan, read_problem, write_problem
from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.models import PlacementProposal, PlacementRun, db
from iop_schedule.queries.placement_caseload import Caseload
from iop_schedule.queries.placement_endings import closing, places_ending
from iop_schedule.queries.proposed_weeks import as_proposed
from iop_schedule.vocabulary import (
    ProposalKind,
    ProposalState,
    RunKind,
    RunState,
    WeekParity,
)


def keep_result(run: PlacementRun, caseload: Caseload, answer: Mapping[str, Any], now: datetime) -> bool:
    """Keep what was found, inside the caller's transaction.

    Returns False, and keeps nothing, when a plan breaks a rule.
    """
    if run.kind == RunKind.ONE_TO_ONE:
        _keep_sessions(run, caseload, answer, now)
        return True
    return _keep_plan(run, caseload, answer, now)


def _keep_plan(run: PlacementRun, caseload: Caseload, answer: Mapping[str, Any], now: datetime) -> bool:
    """Keep a plan with its proposals; return False, and keep nothing, when it breaks a rule."""
    problem = read_problem(answer["problem"])
    plan = read_plan(answer["plan"], problem)
    if rules.broken_rules(problem, plan):
        return False
    if run.kind == RunKind.OPENINGS:
        _end(run, answer["problem"], answer["plan"], now)
        run.summary = {"openings": answer["openings"], "machine": answer["machine"]}
        return True
    after: Mapping[str, rules.Choice] = {**caseload.before, **plan.assignments}
    if run.kind == RunKind.REPAIR:
        after = rules.with_what_is_left(problem, plan, caseload.before, answer["affected"])
    _end(run, answer["problem"], answer["plan"], now)
    run.summary = _summary(caseload, plan, after, answer)
    if "prices" in answer:
        learn_prices(run.program_id, answer["prices"], now=now)
    for client in caseload.problem.clients:
        _propose(run, client, caseload, after.get(client.id, ()))
    _propose_ends(run, caseload)
    return True


def _end(run: PlacementRun, problem: str, plan: str, now: datetime) -> None:
    run.state, run.finished_at, run.progress = RunState.FINISHED, now, {}
    run.problem, run.plan = problem, plan


def _keep_sessions(run: PlacementRun, caseload: Caseload, answer: Mapping[str, Any], now: datetime) -> None:
    """Keep one-to-ones as proposals, with who got none."""
    sessions = answer["sessions"]
    _end(run, write_problem(caseload.problem), "{}", now)
    run.summary = {
        "result": answer["result"],
        "people": len(caseload.problem.clients),
        "without": [c.id for c in caseload.problem.clients if c.id not in sessions],
        "left_out": caseload.left_out,
        "machine": answer["machine"],
    }
    for client_id, session in sessions.items():
        db.session.add(
            PlacementProposal(
                run_id=run.id, client_id=int(client_id), kind=ProposalKind.ONE_TO_ONE, before=[], after=[],
                session=session | {"every_weeks": 1 if session["week"] == WeekParity.EVERY else 2},
                minutes_before=0, minutes_after=session["minutes"], state=ProposalState.OPEN, undo={},
            )
        )  # fmt: skip


def _summary(
    caseload: Caseload, plan: rules.Plan, after: Mapping[str, rules.Choice], answer: Mapping[str, Any]
) -> dict[str, Any]:
    shares = rules.shares_served(caseload.problem, caseload.before, after)
    result = {
        "status": plan.status,
        "objective": answer.get("points", plan.objective),
        "bound": answer.get("bound", plan.bound),
        "seconds": plan.seconds,
    }
    return {
        "result": result,
        "before": asdict(rules.figures(caseload.problem, caseload.before)),
        "after": asdict(rules.figures(caseload.problem, after)),
        "shares": {title: [asdict(one) for one in found] for title, found in shares.items()},
        "kept": answer["kept"],
        "fill_percent": answer["fill_percent"],
        "left_out": caseload.left_out,
        "repair": answer.get("repair", {}),
        "machine": answer["machine"],
    }


def _propose(run: PlacementRun, client: rules.Client, caseload: Caseload, after: rules.Choice) -> None:
    """Note what the run proposes for one person, when it is a change."""
    had = caseload.before.get(client.id, ())
    if rules.weeks_by_meeting(had) == rules.weeks_by_meeting(after):
        return
    known = rules.offers(caseload.problem)
    if not rules.weeks_by_meeting(had):
        kind = ProposalKind.PLACE
    elif all(
        {*rules.meetings_in(after, week)} <= {*rules.meetings_in(had, week)} for week in civil_time.BOTH_WEEKS
    ):
        kind = ProposalKind.ENDS
    else:
        whole = not rules.broken_for(caseload.problem, client, had, known)
        kind = ProposalKind.MOVE if whole else ProposalKind.COMPLETE
    _add(run, int(client.id), kind, had=had, gets=after, known=known)


def _add(
    run: PlacementRun,
    client_id: int,
    kind: ProposalKind,
    *,
    had: rules.Choice,
    gets: rules.Choice,
    known: Mapping[str, rules.Offer],
) -> None:
    db.session.add(
        PlacementProposal(
            run_id=run.id, client_id=client_id, kind=kind,
            before=as_proposed(had), after=as_proposed(gets), session={},
            minutes_before=rules.fewest_minutes(had, known), minutes_after=rules.fewest_minutes(gets, known),
            state=ProposalState.OPEN, undo={},
        )
    )  # fmt: skip


def _propose_ends(run: PlacementRun, caseload: Caseload) -> None:
    """Note for people in no plan, such as those who are away, that their places in what closes end."""
    planned = {int(client.id) for client in caseload.problem.clients}
    known, closes = rules.offers(caseload.problem), {str(one) for one in closing(run)}
    for client_id, held in places_ending(run, run.from_day).items():
        if client_id in planned:
            continue
        weeks = {str(series_id): week for series_id, week in held.items()}
        left = rules.choice_of({m: week for m, week in weeks.items() if m not in closes})
        had = rules.choice_of(weeks)
        _add(run, client_id, ProposalKind.ENDS, had=had, gets=left, known=known)
