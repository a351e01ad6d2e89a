"""Individual sessions for everyone, around the groups that clients attend and counselors lead."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from time import perf_counter
from typing import Any

from iop_schedule.adapters.optimizer.lp import DUAL, is_solved, new_model, solved_whole
from iop_schedule.adapters.optimizer.solve import PROVED
from iop_schedule.domain.placement import (
    Choice,
    Client,
    Group,
    Meeting,
    Offer,
    PlanStatus,
    Problem,
    fit,
    meetings_in,
    offers,
)
from iop_schedule.domain.placement.objective import PRIORITY_POINTS, meeting_points
from iop_schedule.vocabulary import Cadence, Modality, ModalityWish, Weekday, WeekParity

#: What meeting every second week counts of meeting every week, in percent: more than half, because two
#: people seen are better than one.
SECOND_WEEK_PERCENT = 60
BOTH = (WeekParity.A, WeekParity.B)
#: The weeks that options of each cadence may stand in.
_WEEKS = {
    Cadence.WEEKLY: (WeekParity.EVERY,),
    Cadence.SECOND_WEEK: BOTH,
    Cadence.WEEKLY_OR_SECOND: (WeekParity.EVERY, *BOTH),
}


@dataclass(frozen=True, slots=True)
class Hours:
    """Time of one weekday in which a counselor sees people, in minutes after midnight."""

    weekday: Weekday
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Counselor:
    """Who sees people one to one, when, where and how many at most."""

    id: str
    hours: tuple[Hours, ...]
    languages: tuple[str, ...]
    most_clients: int
    #: None for someone who sees people by video alone.
    site: str | None = None
    #: How many sessions without a break; None for any number.
    most_in_a_row: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Session:
    """One client's session, every week or every second one."""

    counselor: str
    weekday: Weekday
    start: int
    end: int
    week: WeekParity = WeekParity.EVERY
    modality: Modality = Modality.IN_PERSON


@dataclass(frozen=True, slots=True)
class Sessions:
    """Who has which session, and how good that is."""

    sessions: Mapping[str, Session]
    status: PlanStatus
    #: Points by the objective of placement, and a bound on the points of any such choice.
    objective: int
    bound: float


#: Points of loss up to which options are looked at first, which is mostly enough, and how much wider each
#: further look is.
_FIRST_LOOK, _NEXT_LOOK = 1.0, 5.0
_Option = tuple[int, Session, int]
#: Options of which at most so many can be chosen.
_Row = tuple[list[int], int]


def individual_sessions(
    problem: Problem,
    held: Mapping[str, Choice],
    counselors: Sequence[Counselor],
    *,
    seconds: float,
    minutes: int = 60,
    every: int = 30,
    may_see: Mapping[str, Sequence[str]] | None = None,
    cadence: Cadence = Cadence.WEEKLY,
    seed: int = 0,
    cancelled: Callable[[], bool] = lambda: False,
) -> Sessions:
    """Return sessions for as many people as possible, by priority and then by their wishes.

    A session fits like a meeting does: language, modality, hard commitments of its weeks and travel;
    a day that the client does not attend yet costs what a day of a plan costs. It overlaps no group
    that the client attends in its weeks and none that the counselor leads. Who attends by video alone, or
    would rather, is seen by video; everybody else comes in.

    Args:
        problem: the groups and the people.
        held: the groups people attend.
        counselors: who sees people.
        seconds: when to stop.
        minutes: how long a session lasts.
        every: sessions begin so many minutes apart, counted from the start of the counselor's hours.
        may_see: the counselors a client may see; all of them for clients who are not in it.
        cadence: every week, every second week (two people can share a time), or whichever serves more.
        seed: of the solver.
        cancelled: asked now and then; True ends the search.
    """
    free = {
        (c.id, modality): _free_slots(problem, c, modality, minutes, every)
        for c in counselors
        for modality in Modality
    }
    options = [
        (n, session, points)
        for n, client in enumerate(problem.clients)
        for counselor in counselors
        if counselor.id in (may_see or {}).get(client.id, (counselor.id,)) and _can_meet(client, counselor)
        for week in _WEEKS[cadence]
        for session, points in _options(
            problem,
            client,
            held.get(client.id, ()),
            free[counselor.id, _modality(client, counselor)],
            week,
        )
    ]
    worths = [_reward(problem.clients[n], session, cadence) + points for n, session, points in options]
    rows = _rows(options, counselors)
    chosen, bound = _greedy(options, worths, rows), float("inf")
    if options:
        result = _solved(worths, rows, chosen, seconds=seconds, seed=seed, cancelled=cancelled)
        chosen, bound = result or (chosen, bound)
    value = sum(worths[i] for i in chosen)
    most = max(float(value), bound if isfinite(bound) else float(_unshared(options, worths)))
    # Points are whole, so a bound less than one point away is reached.
    proved = most - value < 1 or most - value <= PROVED * abs(value)
    return Sessions(
        sessions={problem.clients[options[i][0]].id: options[i][1] for i in sorted(chosen)},
        status=PlanStatus.OPTIMAL if proved else PlanStatus.FEASIBLE,
        objective=value,
        bound=most,
    )


def _reward(client: Client, session: Session, cadence: Cadence) -> int:
    points = PRIORITY_POINTS * client.priority
    full = session.week is WeekParity.EVERY or cadence is Cadence.SECOND_WEEK
    return points if full else points * SECOND_WEEK_PERCENT // 100


def _solved(
    worths: Sequence[int],
    rows: Sequence[_Row],
    begin: set[int],
    *,
    seconds: float,
    seed: int,
    cancelled: Callable[[], bool],
) -> tuple[set[int], float] | None:
    """Return the best choice found from `begin` on and a bound; None without solver or answer.

    The linear program says what each option would cost at best (its *loss*). First only options of little
    loss are chosen from, then more: any choice worth more than the one found has no option whose loss is
    larger than what the bound still allows, so a look at all of those is the last.
    """
    try:
        relaxed = _relaxed(worths, rows, seconds=seconds, seed=seed)
    except ImportError:
        return None
    until = perf_counter() + seconds
    look = partial(_chosen_from, worths=worths, rows=rows, seed=seed, cancelled=cancelled)
    everything = range(len(worths))
    if relaxed is None:
        return look(everything, begin=begin, seconds=seconds)
    most, losses = relaxed
    chosen, bound, width = begin, most, _FIRST_LOOK
    while True:
        core = [i for i in everything if losses[i] <= width or i in chosen]
        found = look(core, begin=chosen, seconds=until - perf_counter())
        if found is None:
            return chosen, bound
        chosen, of_core = found
        bound = min(bound, max(of_core, most - width))
        value = sum(worths[i] for i in chosen)
        if bound - value < 1 or width >= most - value or perf_counter() > until or cancelled():
            return chosen, bound
        width = min(most - value, width * _NEXT_LOOK)


def _relaxed(
    worths: Sequence[int], rows: Sequence[_Row], *, seconds: float, seed: int
) -> tuple[float, list[float]] | None:
    """Return what no choice is worth more than, and each option's loss; None when time was too short."""
    model = _model(range(len(worths)), worths, rows, seed)
    model.setOptionValue("time_limit", max(0.1, seconds))
    model.run()
    if not is_solved(model):
        return None
    losses = [max(0.0, loss) for loss in model.getSolution().col_dual]
    return -model.getInfo().objective_function_value, losses


def _chosen_from(
    core: Sequence[int],
    *,
    begin: set[int],
    worths: Sequence[int],
    rows: Sequence[_Row],
    seconds: float,
    seed: int,
    cancelled: Callable[[], bool],
) -> tuple[set[int], float] | None:
    """Return the best choice among the options `core` found in time, and a bound on any choice of them."""
    model = _model(core, worths, rows, seed)
    start = [float(i in begin) for i in core]
    result = solved_whole(
        model, range(len(core)), start, seconds=max(0.1, seconds), gap=0.5, cancelled=cancelled
    )
    if result is None:
        return None
    values, bound = result
    return {i for i, value in zip(core, values, strict=True) if value > 0.5}, bound  # noqa: PLR2004


def _model(core: Sequence[int], worths: Sequence[int], rows: Sequence[_Row], seed: int) -> Any:
    """Return the model of choosing among the options `core`."""
    model = new_model(seed)
    model.setOptionValue("simplex_strategy", DUAL)
    for _, most in rows:
        model.addRow(-model.inf, float(most), 0, [], [])
    member_of = _memberships(len(worths), rows)
    for i in core:
        own = member_of[i]
        model.addCol(-float(worths[i]), 0.0, 1.0, len(own), own, [1.0] * len(own))
    return model


def _memberships(count: int, rows: Sequence[_Row]) -> list[list[int]]:
    """Return the rows each option is in."""
    member_of: list[list[int]] = [[] for _ in range(count)]
    for row, (members, _) in enumerate(rows):
        for option in members:
            member_of[option].append(row)
    return member_of


def _free_slots(
    problem: Problem, counselor: Counselor, modality: Modality, minutes: int, every: int
) -> list[Offer]:
    """Return the sessions that a counselor has time for, each as a meeting of a group for one."""
    led = [o for o in offers(problem).values() if o.counselor == counselor.id]
    starts = {(h.weekday, s) for h in counselor.hours for s in range(h.start, h.end - minutes + 1, every)}
    site = counselor.site if modality is Modality.IN_PERSON else None
    found = []
    for weekday, start in sorted(starts):
        meeting = Meeting("individual", weekday, start, start + minutes, 1)
        group = Group("individual", "individual", modality, "", (meeting,), counselor.id, site)
        offer = Offer(group, meeting)
        if not any(fit.overlap(offer, o) for o in led):
            found.append(offer)
    return found


def _can_meet(client: Client, counselor: Counselor) -> bool:
    modality = _modality(client, counselor)
    return bool(set(client.languages) & set(counselor.languages)) and fit.modality_suits(client, modality)


def _modality(client: Client, counselor: Counselor) -> Modality:
    by_video = client.modality is ModalityWish.TELEHEALTH or (
        client.modality is ModalityWish.EITHER and client.prefers_modality is Modality.TELEHEALTH
    )
    return Modality.TELEHEALTH if by_video or counselor.site is None else Modality.IN_PERSON


def _options(
    problem: Problem, client: Client, choice: Choice, free: Sequence[Offer], week: WeekParity
) -> Iterator[tuple[Session, int]]:
    """Yield the sessions of one counselor in `week` that fit one client, with their points."""
    weeks = BOTH if week is WeekParity.EVERY else (week,)
    attended = {m for one in weeks for m in meetings_in(choice, one)}
    own = [Offer(g, m) for g in problem.groups for m in g.meetings if m.id in attended]
    days = {o.meeting.weekday for o in own}
    for offer in free:
        hard = any(c.hard for c in fit.overlapped(client, offer, week))
        if hard or any(fit.clash(client, offer, o) for o in own):
            continue
        meeting = offer.meeting
        points = meeting_points(client, offer, week, problem.weights)
        new_day = 0 if meeting.weekday in days else problem.weights.day_cost
        yield (
            Session(
                offer.group.counselor or "",
                meeting.weekday,
                meeting.start,
                meeting.end,
                week,
                offer.group.modality,
            ),
            points - new_day,
        )


def _rows(options: Sequence[_Option], counselors: Sequence[Counselor]) -> list[_Row]:
    """Return who excludes whom: one session per client, one client per counselor at a time, caseloads.

    Sessions of one counselor overlap exactly when one of them goes on while the other begins. Rows that
    are alike in both weeks come once.
    """
    by_client: dict[int, list[int]] = {}
    by_counselor: dict[str, list[int]] = {c.id: [] for c in counselors}
    for i, (client, session, _) in enumerate(options):
        by_client.setdefault(client, []).append(i)
        by_counselor[session.counselor].append(i)
    rows: list[_Row] = [(own, 1) for own in by_client.values()]
    for counselor in counselors:
        own = by_counselor[counselor.id]
        rows.append((own, counselor.most_clients))
        rows += _once(
            row for week in BOTH for row in _of_a_week(counselor, [(i, options[i][1]) for i in own], week)
        )
    return rows


def _once(rows: Iterator[_Row]) -> list[_Row]:
    return list({(tuple(members), most): (members, most) for members, most in rows}.values())


def _of_a_week(counselor: Counselor, own: Sequence[tuple[int, Session]], week: WeekParity) -> Iterator[_Row]:
    """Yield what one counselor's sessions exclude in week A or B: each other, and too many in a row."""
    there = [(i, s) for i, s in own if s.week in (WeekParity.EVERY, week)]
    starts: dict[tuple[Weekday, int], list[int]] = {}
    length = 0
    for i, session in there:
        starts.setdefault((session.weekday, session.start), []).append(i)
        length = session.end - session.start
    for day, start in sorted(starts):
        yield [i for i, s in there if s.weekday == day and _covers(s, start)], 1
        if counselor.most_in_a_row is None:
            continue
        row = [(day, start + n * length) for n in range(counselor.most_in_a_row + 1)]
        if all(slot in starts for slot in row):
            yield [i for slot in row for i in starts[slot]], counselor.most_in_a_row


def _covers(session: Session, minute: int) -> bool:
    return session.start <= minute < session.end


def _greedy(options: Sequence[_Option], worths: Sequence[int], rows: Sequence[_Row]) -> set[int]:
    """Return a first choice: the worthiest that still fits, again and again."""
    left = [most for _, most in rows]
    member_of = _memberships(len(options), rows)
    chosen: set[int] = set()
    for i in sorted(range(len(options)), key=lambda i: (-worths[i], i)):
        if worths[i] > 0 and all(left[row] > 0 for row in member_of[i]):
            chosen.add(i)
            for row in member_of[i]:
                left[row] -= 1
    return chosen


def _unshared(options: Sequence[_Option], worths: Sequence[int]) -> int:
    best: dict[int, int] = {}
    for (client, _, _), worth in zip(options, worths, strict=True):
        best[client] = max(best.get(client, 0), worth)
    return sum(best.values())
