"""Slow and obvious answers to placement questions: sets of minutes and every subset, no shared code."""

from fractions import Fraction
from itertools import combinations, product
from math import floor

from iop_schedule.domain.placement import Alternating, Client, Plan, Problem
from iop_schedule.vocabulary import Attend

Found = set[tuple[str, str | None, str]]


def _group_of(problem, meeting):
    return next((g for g in problem.groups for m in g.meetings if m.id == meeting), None)


def _meeting(problem, meeting):
    return next(m for g in problem.groups for m in g.meetings if m.id == meeting)


def _held(meeting):
    return set(range(meeting.start, meeting.end))


def _needed(client, group, meeting):
    travel = client.travel_minutes.get(group.site, 0) if group.modality == "in_person" else 0
    return set(range(meeting.start - travel, meeting.end + travel))


def _busy_in(commitment, week):
    if week == "every":
        return True
    return commitment.week in ("every", week)


def _takes_time_from(client, group, meeting, commitment, week):
    same_day = commitment.weekday == meeting.weekday and _busy_in(commitment, week)
    return same_day and bool(_needed(client, group, meeting) & set(range(commitment.start, commitment.end)))


def broken(problem: Problem, plan: Plan) -> Found:
    """Return (rule code, client or meeting, week) for every broken rule."""
    found: Found = set()
    people = {c.id: c for c in problem.clients}
    for name, choice in plan.assignments.items():
        if name not in people:
            found.add(("unknown_client", name, "every"))
            continue
        if isinstance(choice, Alternating):
            if not (problem.alternating and people[name].may_alternate):
                found.add(("not_alternating", name, "every"))
            for week, meetings in (("A", choice.a), ("B", choice.b)):
                found |= {(code, name, week) for code in week_broken(problem, people[name], meetings, week)}
        else:
            found |= {(code, name, "every") for code in week_broken(problem, people[name], choice, "every")}
    found |= {("twice", u.client, "every") for u in plan.unplaced if u.client in plan.assignments}
    shut = {one for one in found if one[0] == "keep_apart" and one[2] == "every"}
    found |= {(code, name, week) for code, name, _ in shut for week in "AB"}
    return found - shut | _between_people(problem, plan, people)


def _between_people(problem, plan, people) -> Found:
    rooms = {"A": {}, "B": {}}
    for name, choice in plan.assignments.items():
        for week in "AB":
            meetings = getattr(choice, week.lower()) if isinstance(choice, Alternating) else choice
            for meeting in set(meetings):
                if name in people and _group_of(problem, meeting):
                    rooms[week].setdefault(meeting, set()).add(name)
    found: Found = set()
    for week, room in rooms.items():
        for meeting, inside in room.items():
            if (
                sum(meeting not in people[one].kept_seats for one in inside)
                > _meeting(problem, meeting).seats
            ):
                found.add(("seats", meeting, week))
            for one, other in combinations(sorted(inside), 2):
                if other in people[one].keep_apart or one in people[other].keep_apart:
                    found |= {("keep_apart", one, week), ("keep_apart", other, week)}
    return found


def week_broken(problem: Problem, client: Client, meetings, week: str) -> set[str]:
    """Return the codes of the rules that one week of one person breaks."""
    found = set()
    if len(set(meetings)) < len(meetings):
        found.add("twice")
    known = [m for m in dict.fromkeys(meetings) if _group_of(problem, m)]
    if len(known) < len(set(meetings)):
        found.add("unknown_meeting")
    pairs = [(_group_of(problem, m), _meeting(problem, m)) for m in known]
    if set(known) & set(client.closed):
        found.add("keep_apart")
    for group, meeting in pairs:
        if group.language not in client.languages:
            found.add("language")
        if group.gender != "any" and group.gender != client.gender:
            found.add("gender")
        if client.modality != "either" and client.modality != group.modality:
            found.add("modality")
        for c in client.commitments:
            if c.hard and _takes_time_from(client, group, meeting, c, week):
                found.add("commitment")
    for (g1, m1), (g2, m2) in combinations(pairs, 2):
        if m1.weekday != m2.weekday:
            continue
        if _held(m1) & _held(m2):
            found.add("overlap")
        elif (g1.site, g1.modality) != (g2.site, g2.modality) and (
            _needed(client, g1, m1) & _held(m2) or _needed(client, g2, m2) & _held(m1)
        ):
            found.add("travel")
    lengths = [(m.weekday, m.end - m.start - m.break_minutes) for _, m in pairs]
    total = sum(length for _, length in lengths)
    if total < client.dose.minutes:
        found.add("dose_short")
    if total > client.dose.minutes + client.dose.over_minutes:
        found.add("dose_over")
    if len({day for day, _ in lengths}) < client.dose.min_days:
        found.add("days_short")
    if any(sum(n for d, n in lengths if d == day) > client.dose.max_minutes_per_day for day, _ in lengths):
        found.add("day_too_long")
    if set(client.dose.required) - {g.service_type for g, _ in pairs}:
        found.add("required_type")
    for group in problem.groups:
        if group.attend == Attend.ALL:
            inside = [m.id in known for m in group.meetings]
            if any(inside) and not all(inside):
                found.add("whole_group")
    return found


def value(client: Client, group, meeting) -> int:
    """Return the points of one meeting, from the words of the objective."""
    points = 10 + client.preferences.weekdays.get(meeting.weekday, 0)
    wanted = client.preferences.time
    if wanted != "any":
        at = "morning" if meeting.start < 690 else "midday" if meeting.start < 960 else "evening"
        points += 6 if at == wanted else -2
    if client.preferences.counselor and client.preferences.counselor == group.counselor:
        points += 5
    if client.modality == "either" and client.prefers_modality == group.modality:
        points += 3
    return floor(Fraction(max(0, points) * (meeting.end - meeting.start - meeting.break_minutes), 90))


def week_points(problem: Problem, client: Client, meetings, week: str) -> Fraction:
    """Return the points of one person's week without those for being placed."""
    pairs = [(_group_of(problem, m), _meeting(problem, m)) for m in meetings]
    points = Fraction(0)
    for group, meeting in pairs:
        points += value(client, group, meeting)
        points += problem.weights.keep_bonus * (meeting.id in client.current)
        for c in client.commitments:
            if not c.hard and _takes_time_from(client, group, meeting, c, week):
                points -= c.cost
    total = sum(m.end - m.start - m.break_minutes for _, m in pairs)
    points -= problem.weights.day_cost * len({m.weekday for _, m in pairs})
    return points - problem.weights.over_cost * Fraction(max(0, total - client.dose.minutes), 15)


def choice_points(problem: Problem, client: Client, choice) -> Fraction:
    """Return the points of one choice without those for being placed."""
    if isinstance(choice, Alternating):
        halves = week_points(problem, client, choice.a, "A"), week_points(problem, client, choice.b, "B")
        return sum(halves) / 2
    return week_points(problem, client, choice, "every")


def objective(problem: Problem, plan: Plan) -> Fraction:
    """Return the points of a legal plan."""
    total = Fraction(0)
    for client in problem.clients:
        if client.id in plan.assignments:
            total += 1000 * client.priority + choice_points(problem, client, plan.assignments[client.id])
    return total


def full(problem: Problem, client: Client, taken=None) -> frozenset[str]:
    """Return the meetings without a seat for one person when others have taken some."""
    return frozenset(
        m.id
        for g in problem.groups
        for m in g.meetings
        if m.seats + (m.id in client.kept_seats) <= (taken or {}).get(m.id, 0)
    )


def legal_weeks(problem: Problem, client: Client, week: str, shut=frozenset()) -> list[tuple[str, ...]]:
    """Return every legal set of meetings for one person, trying all of them but those in `shut`."""
    ids = [m.id for g in problem.groups for m in g.meetings if m.id not in shut]
    return [
        subset
        for size in range(len(ids) + 1)
        for subset in combinations(ids, size)
        if not week_broken(problem, client, subset, week)
    ]


def best_points(problem: Problem, client: Client, week: str = "every", shut=frozenset()) -> Fraction | None:
    """Return the most points a legal week of one person can have, or None when there is none."""
    weeks = legal_weeks(problem, client, week, shut)
    return max((week_points(problem, client, w, week) for w in weeks), default=None)


def best_objective(problem: Problem) -> Fraction:
    """Return the most points any legal plan for everyone has, trying all of them."""
    ways = []
    for client in problem.clients:
        weekly = [None, *legal_weeks(problem, client, "every")]
        if problem.alternating and client.may_alternate:
            a, b = legal_weeks(problem, client, "A"), legal_weeks(problem, client, "B")
            weekly += [Alternating(one, other) for one, other in product(a, b)]
        ways.append(weekly)
    best = Fraction(0)
    for picks in product(*ways):
        chosen = {c.id: p for c, p in zip(problem.clients, picks, strict=True) if p is not None}
        plan = Plan(chosen)
        if not _between_people(problem, plan, {c.id: c for c in problem.clients}):
            best = max(best, objective(problem, plan))
    return best


def change_cost(problem: Problem, client: Client, meetings, taken, closed=frozenset()) -> int | None:
    """Return the price of making one weekly set of meetings possible, or None when no change does."""
    pairs = [(_group_of(problem, m), _meeting(problem, m)) for m in meetings]
    price_free = {"commitment", "modality", "dose_short", "days_short", "required_type"}
    if not meetings or set(meetings) & closed or week_broken(problem, client, meetings, "every") - price_free:
        return None
    seats = {m.id: m.seats + (m.id in client.kept_seats) for _, m in pairs}
    cost = 60 * sum(max(0, taken.get(m, 0) + 1 - there) for m, there in seats.items())
    for c in dict.fromkeys(c for c in client.commitments if c.hard):
        minutes = set()
        for group, meeting in pairs:
            if meeting.weekday == c.weekday:
                minutes |= _needed(client, group, meeting) & set(range(c.start, c.end))
        cost += 20 + len(minutes) if minutes else 0
    if client.modality != "either" and any(g.modality != client.modality for g, _ in pairs):
        cost += 80
    missing = client.dose.minutes - sum(m.end - m.start - m.break_minutes for _, m in pairs)
    if missing > 0:
        hours = -(-missing // 60)
        if 60 * hours >= client.dose.minutes:
            return None
        cost += 90 * hours
    cost += 70 * max(0, client.dose.min_days - len({m.weekday for _, m in pairs}))
    return cost + 110 * len(set(client.dose.required) - {g.service_type for g, _ in pairs})


def cheapest_change(problem: Problem, client: Client, taken, closed=frozenset()) -> int | None:
    """Return the least price of any change, trying every set of meetings."""
    ids = [m.id for g in problem.groups for m in g.meetings]
    costs = [
        change_cost(problem, client, subset, taken, closed)
        for size in range(1, len(ids) + 1)
        for subset in combinations(ids, size)
    ]
    return min((c for c in costs if c is not None), default=None)
