"""Placement runs as their pages show them: the list, one with everything proposed, several side by side."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from iop_schedule.adapters.placement_files import read_plan, read_problem, with_notice
from iop_schedule.domain import civil_time
from iop_schedule.domain import placement as rules
from iop_schedule.domain.civil_time import weeks_in_words
from iop_schedule.domain.engagement.client_report import REDISCLOSURE_NOTICE
from iop_schedule.domain.permissions import Permission
from iop_schedule.errors import NotPossible
from iop_schedule.models import Client, PlacementProposal, PlacementRun, Series, User, db
from iop_schedule.queries.access import Actor, access_placement_run, sees_client
from iop_schedule.queries.placement_endings import Ending, Outside, closing, ending_of, why_outside
from iop_schedule.queries.placement_follow_ups import FollowUps, follow_ups
from iop_schedule.queries.proposed_weeks import weeks_proposed
from iop_schedule.vocabulary import (
    Modality,
    PlacementAim,
    ProposalKind,
    ProposalState,
    RunKind,
    RunState,
    Weekday,
    WeekParity,
)

#: Runs whose plan is one of weeks in groups.
_PLANS = frozenset({RunKind.GROUPS, RunKind.REPAIR})
#: Runs the list shows; older ones stay in the database.
MOST_LISTED = 20
#: A run that has not said anything for so long has lost its process.
SILENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run of the list, and what several are compared by."""

    id: int
    program: str
    kind: RunKind
    aim: PlacementAim
    state: RunState
    is_silent: bool
    asked_at: datetime
    asked_by: str
    from_day: date
    seconds: int
    #: Whether the plan is proved best; None without a plan.
    is_proved: bool | None
    #: How much better than this plan another could at most be, in percent of its points; None when
    #: nobody knows.
    gap_percent: float | None
    #: Figures before and after, and shares served; {} without a plan.
    summary: Mapping[str, Any]
    #: How many proposals stand where.
    proposals: Mapping[ProposalState, int]

    @property
    def is_working(self) -> bool:
        """Return True while the page should be looked at again."""
        return self.state in {RunState.WAITING, RunState.RUNNING} and not self.is_silent

    @property
    def may_start_again(self) -> bool:
        """Return True when the run ended, or was lost, without a plan."""
        return self.is_silent or self.state in {RunState.STOPPED, RunState.FAILED}


@dataclass(frozen=True, slots=True)
class MeetingLine:
    """One weekly session in a proposal."""

    weekday: Weekday
    start_minute: int
    end_minute: int
    name: str
    leader: str
    #: `weeks of Nov 30, Dec 14…`; empty for every week.
    weeks: str = ""


@dataclass(frozen=True, slots=True)
class ProposalLine:
    """What is proposed for one person."""

    client_id: int
    name: str
    kind: ProposalKind
    state: ProposalState
    note: str
    ends: tuple[MeetingLine, ...]
    begins: tuple[MeetingLine, ...]
    stays: tuple[MeetingLine, ...]
    minutes_before: int
    minutes_after: int
    #: Of a one-to-one: every how many weeks.
    every_weeks: int


@dataclass(frozen=True, slots=True)
class WithoutLine:
    """Someone for whom no week was found: what is in the way, what would help, both as codes."""

    client_id: int
    name: str
    #: Whether they keep an incomplete week.
    keeps_a_part: bool
    because: tuple[rules.Because, ...]
    would_fit_if: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class RunView:
    """One run with everything on its page."""

    line: RunLine
    policy: tuple[Mapping[str, Any], ...]
    #: What a week was worth to it and what changes cost, in points by name; empty of old runs.
    values: Mapping[str, int]
    step: str
    #: While it is worked on: seconds so far, and the gap reached.
    taken_seconds: float
    gap_so_far: float | None
    stop_asked: bool
    problem_words: str
    #: Points reached and what no plan can exceed; of a repair with those for what people keep.
    objective: float | None
    bound: float | None
    #: How long the planning took.
    plan_seconds: float
    proposals: tuple[ProposalLine, ...]
    without: tuple[WithoutLine, ...]
    #: Names of meetings by their id, for the words of changes.
    meetings: Mapping[str, MeetingLine]
    #: The other version of a repair.
    beside_id: int | None
    program_id: int
    #: What the run ends; None of most runs.
    ending: Ending | None
    #: Of people in no plan whose places end: why they are in none.
    outside: Mapping[int, Outside]
    #: Whom it leaves to staff.
    follow_ups: FollowUps

    @property
    def client_ids(self) -> list[int]:
        """Return everyone whose name is on the page."""
        left = {one.client_id for one in self.ending.still_there} if self.ending else set()
        planned = {p.client_id for p in self.proposals} | {one.client_id for one in self.without}
        return sorted(planned | left | self.follow_ups.client_ids)


def runs_of(actor: Actor, *, now: datetime) -> list[RunLine]:
    """Return the latest runs of the actor's sites, newest first."""
    actor.require(Permission.PLACEMENT_RUN)
    statement = (
        select(PlacementRun)
        .where(PlacementRun.site_id.in_(actor.site_ids))
        .order_by(PlacementRun.created_at.desc(), PlacementRun.id.desc())
        .limit(MOST_LISTED)
    )
    return _lines(db.session.scalars(_loaded(statement)).unique().all(), now)


def runs_compared(actor: Actor, run_ids: Collection[int], *, now: datetime) -> list[RunLine]:
    """Return the runs with a plan among those asked for, oldest first.

    Raises:
        NotFound: one of them is not of this person's sites.
    """
    runs = [access_placement_run(actor, one, Permission.PLACEMENT_RUN) for one in dict.fromkeys(run_ids)]
    return sorted(
        (line for line in _lines(runs, now) if line.is_proved is not None), key=lambda line: line.id
    )


def _loaded(statement: Any) -> Any:
    leader = joinedload(PlacementRun.requested_by).lazyload(User.roles), joinedload(PlacementRun.program)
    return statement.options(*leader, joinedload(PlacementRun.site))


def _lines(runs: Sequence[PlacementRun], now: datetime) -> list[RunLine]:
    counts: dict[int, dict[ProposalState, int]] = {run.id: {} for run in runs}
    statement = select(PlacementProposal.run_id, PlacementProposal.state)
    for run_id, state in db.session.execute(statement.where(PlacementProposal.run_id.in_(counts))):
        own = counts[run_id]
        own[ProposalState(state)] = own.get(ProposalState(state), 0) + 1
    return [_line(run, counts[run.id], now) for run in runs]


def _line(run: PlacementRun, proposals: Mapping[ProposalState, int], now: datetime) -> RunLine:
    result = run.summary.get("result", {})
    silent = run.state == RunState.RUNNING and (run.beat_at is None or run.beat_at < now - SILENCE)
    return RunLine(
        id=run.id,
        program=run.program.name,
        kind=RunKind(run.kind),
        aim=PlacementAim(run.aim),
        state=RunState(run.state),
        is_silent=silent,
        asked_at=civil_time.local(run.created_at, civil_time.zone(run.site.zone)),
        asked_by=run.requested_by.name,
        from_day=run.from_day,
        seconds=run.seconds,
        is_proved=result["status"] == rules.PlanStatus.OPTIMAL if result else None,
        gap_percent=_gap(result.get("objective"), result.get("bound")),
        summary=run.summary,
        proposals=proposals,
    )


def _gap(objective: float | None, bound: float | None) -> float | None:
    if bound is None or objective is None:
        return None
    if bound == objective:
        return 0.0
    return 100 * (bound - objective) / abs(objective) if objective else None


def run_view(actor: Actor, run_id: int, *, now: datetime) -> RunView:
    """Return one run of the actor's sites with everything that it proposes.

    Raises:
        NotFound: there is no such run at this person's sites.
    """
    run = access_placement_run(actor, run_id, Permission.PLACEMENT_RUN)
    (line,) = _lines([run], now)
    rows = db.session.scalars(
        select(PlacementProposal).where(PlacementProposal.run_id == run.id).order_by(PlacementProposal.id)
    ).all()
    unplaced = _unplaced(run)
    names = _names(actor, {row.client_id for row in rows} | {int(u.client) for u in unplaced}, now=now)
    meetings = _meetings(run, rows, unplaced)
    leaders = _leaders(row.session["leader_id"] for row in rows if row.session)
    # Who loses all that they had keeps nothing of it.
    kept = set(run.summary.get("kept", ())) - {str(row.client_id) for row in rows if not row.after}
    result, progress = run.summary.get("result", {}), run.progress or {}
    states = {row.client_id: ProposalState(row.state) for row in rows}
    return RunView(
        line=line,
        policy=tuple(run.policy),
        values=run.options.get("values", {}),
        step=progress.get("step", ""),
        taken_seconds=progress.get("seconds", 0.0),
        gap_so_far=_gap(progress.get("objective"), progress.get("bound")),
        stop_asked=run.stop_asked_at is not None,
        problem_words=run.problem_words,
        objective=result.get("objective"),
        bound=result.get("bound"),
        plan_seconds=result.get("seconds", 0.0),
        proposals=tuple(
            sorted(
                (
                    _proposal(row, names[row.client_id], meetings, leaders)
                    for row in rows
                    if row.client_id in names
                ),
                key=lambda p: (list(ProposalKind).index(p.kind), p.name, p.client_id),
            )
        ),
        without=tuple(
            WithoutLine(
                client_id=int(u.client),
                name=names[int(u.client)],
                keeps_a_part=u.client in kept,
                because=u.because,
                would_fit_if=tuple((w.change, w.cost) for w in u.would_fit_if),
            )
            for u in sorted(unplaced, key=lambda u: (names.get(int(u.client), ""), u.client))
            if int(u.client) in names
        ),
        meetings=meetings,
        beside_id=_beside(run),
        program_id=run.program_id,
        ending=ending_of(actor, run, states, now=now) if run.state == RunState.FINISHED else None,
        outside=why_outside(run, _outside(run, rows), run.from_day),
        follow_ups=follow_ups(actor, run, rows, now=now),
    )


def _outside(run: PlacementRun, rows: Iterable[PlacementProposal]) -> set[int]:
    """Return the people who lose sessions and were not planned for."""
    losing = {row.client_id for row in rows if row.kind == ProposalKind.ENDS}
    return losing - {int(one.id) for one in read_problem(run.problem or "").clients} if losing else set()


def _beside(run: PlacementRun) -> int | None:
    """Return the run that was asked for together with a repair."""
    if run.kind != RunKind.REPAIR:
        return None
    statement = select(PlacementRun.id).where(
        PlacementRun.program_id == run.program_id,
        PlacementRun.kind == run.kind,
        PlacementRun.created_at == run.created_at,
        PlacementRun.id != run.id,
    )
    return db.session.scalars(statement.limit(1)).first()


def _unplaced(run: PlacementRun) -> tuple[rules.Unplaced, ...]:
    """Return who got no week; people of whom only an incomplete one was kept come without reasons."""
    if run.plan is None or run.kind not in _PLANS:
        return tuple(rules.Unplaced(c, (), ()) for c in run.summary.get("without", ()))
    plan = read_plan(run.plan, read_problem(run.problem or ""))
    told = {u.client for u in plan.unplaced}
    kept = (c for c in run.summary.get("kept", ()) if c not in told)
    return (*plan.unplaced, *(rules.Unplaced(c, (), ()) for c in kept))


def _names(actor: Actor, client_ids: Collection[int], *, now: datetime) -> dict[int, str]:
    statement = select(Client).where(Client.id.in_(client_ids), sees_client(actor, now=now))
    return {client.id: client.short_name for client in db.session.scalars(statement)}


def _meetings(
    run: PlacementRun, rows: Iterable[PlacementProposal], unplaced: Iterable[rules.Unplaced]
) -> dict[str, MeetingLine]:
    wanted = {series for row in rows for series in (*weeks_proposed(row.before), *weeks_proposed(row.after))}
    wanted |= {int(m) for u in unplaced for b in u.because for m in b.blocks} | {*closing(run)}
    statement = (
        select(Series)
        .where(Series.program_id == run.program_id, Series.id.in_(wanted))
        .options(joinedload(Series.group), joinedload(Series.leader).lazyload(User.roles))
    )
    return {str(series.id): meeting_line(series) for series in db.session.scalars(statement).unique()}


def meeting_line(series: Series) -> MeetingLine:
    """Return a weekly session as plans show it; group and leader are loaded."""
    start = civil_time.minutes_of_day(series.local_start)
    name = series.group.name if series.group else ""
    end = start + series.duration_minutes
    return MeetingLine(Weekday(series.weekday), start, end, name, series.leader.name)


def _leaders(user_ids: Iterable[int]) -> dict[int, str]:
    wanted = set(user_ids)
    if not wanted:
        return {}
    statement = select(User).where(User.id.in_(wanted))
    return {user.id: user.name for user in db.session.scalars(statement).unique()}


def _proposal(
    row: PlacementProposal, name: str, meetings: Mapping[str, MeetingLine], leaders: Mapping[int, str]
) -> ProposalLine:
    before, after, day = weeks_proposed(row.before), weeks_proposed(row.after), row.run.from_day
    begins = in_order(meetings, without_same(after, before), day)
    if row.session:
        start = row.session["start_minute"]
        by_video = row.session.get("modality") == Modality.TELEHEALTH
        leader = leaders.get(row.session["leader_id"], "")
        begins = (
            MeetingLine(
                Weekday(row.session["weekday"]), start, start + row.session["minutes"],
                "One-to-one by video" if by_video else "One-to-one", leader,
            ),
        )  # fmt: skip
    return ProposalLine(
        client_id=row.client_id,
        name=name,
        kind=ProposalKind(row.kind),
        state=ProposalState(row.state),
        note=row.note,
        ends=in_order(meetings, without_same(before, after), day),
        begins=begins,
        stays=in_order(meetings, {one: week for one, week in after.items() if before.get(one) == week}, day),
        minutes_before=row.minutes_before,
        minutes_after=row.minutes_after,
        every_weeks=row.session.get("every_weeks", 1),
    )


def without_same(weeks: Mapping[int, WeekParity], others: Mapping[int, WeekParity]) -> dict[int, WeekParity]:
    """Return those of `weeks` that are not attended in the same weeks in `others`."""
    return {one: week for one, week in weeks.items() if others.get(one) != week}


def in_order(
    meetings: Mapping[str, MeetingLine], weeks: Mapping[int, WeekParity], day: date
) -> tuple[MeetingLine, ...]:
    """Return sessions in the order of the week, each with the weeks from `day` on in which it is attended."""
    found = (
        replace(meetings[str(one)], weeks=weeks_in_words(week, day))
        for one, week in weeks.items()
        if str(one) in meetings
    )
    return tuple(sorted(found, key=lambda m: (m.weekday, m.start_minute, m.name)))


@dataclass(frozen=True, slots=True)
class RunFile:
    """The problem or the plan of a run as a file, and whom it is about."""

    text: str
    client_ids: tuple[int, ...]


def run_file(actor: Actor, run_id: int, what: str) -> RunFile:
    """Return the problem or the plan of a run as the file that `placement solve` and `check` read.

    People and sessions stand in it under their numbers; names and their own words do not. It carries the
    notice of 42 CFR 2.32.

    Raises:
        NotFound: there is no such run at this person's sites.
        NotPossible: it has no such file.
    """
    run = access_placement_run(actor, run_id, Permission.PLACEMENT_RUN)
    text = run.problem if what == "problem" else run.plan
    if text is None or run.kind not in _PLANS:
        message = "There is no file of this plan."
        raise NotPossible(message)
    people = read_problem(run.problem or "").clients
    return RunFile(with_notice(text, REDISCLOSURE_NOTICE), tuple(sorted(int(one.id) for one in people)))
