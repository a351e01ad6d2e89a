"""One person's best week as a CP-SAT model of its own: it shares no code with the search it judges."""

from ortools.sat.python import cp_model

#: Points are scaled so that overrun, priced per quarter of an hour, stays whole.
SCALE = 15


def best_points(problem, client, week="every"):
    """Return the points of the best legal week times `SCALE`, or None when there is none."""
    model = cp_model.CpModel()
    pairs = [(g, m) for g in problem.groups for m in g.meetings if _usable(client, g, m, week)]
    taken = {m.id: model.new_bool_var("") for _, m in pairs}
    for g in problem.groups:
        own = [taken.get(m.id) for m in g.meetings]
        if g.attend == "all" and any(var is None for var in own):
            for var in own:
                if var is not None:
                    model.add(var == 0)
        elif g.attend == "all":
            for var in own[1:]:
                model.add(var == own[0])
    for n, (g, m) in enumerate(pairs):
        for h, other in pairs[:n]:
            if m.weekday == other.weekday and _collide(client, g, m, h, other):
                model.add_bool_or(~taken[m.id], ~taken[other.id])
    minutes = {m.id: m.end - m.start - m.break_minutes for _, m in pairs}
    total = sum(taken[i] * minutes[i] for i in taken)
    dose = client.dose
    model.add(total >= dose.minutes)
    model.add(total <= dose.minutes + dose.over_minutes)
    days = []
    for weekday in {m.weekday for _, m in pairs}:
        here = [m.id for _, m in pairs if m.weekday == weekday]
        attended = model.new_bool_var("")
        model.add_max_equality(attended, [taken[i] for i in here])
        model.add(sum(taken[i] * minutes[i] for i in here) <= dose.max_minutes_per_day)
        days.append(attended)
    model.add(sum(days) >= dose.min_days)
    for service in dose.required:
        model.add(sum(taken[m.id] for g, m in pairs if g.service_type == service) >= 1)
    points = sum(taken[m.id] * SCALE * _points(problem, client, g, m, week) for g, m in pairs)
    over = model.new_int_var(0, dose.over_minutes, "")
    model.add(over == total - dose.minutes)
    weights = problem.weights
    model.maximize(points - SCALE * weights.day_cost * sum(days) - weights.over_cost * over)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    return round(solver.objective_value) if status == cp_model.OPTIMAL else None


def _way(client, group):
    return client.travel_minutes.get(group.site, 0) if group.modality == "in_person" else 0


def _usable(client, group, meeting, week):
    if group.language not in client.languages or meeting.seats < 1:
        return False
    if group.gender != "any" and group.gender != client.gender:
        return False
    if client.modality not in ("either", group.modality):
        return False
    return not any(c.hard and _in_the_way(client, group, meeting, c, week) for c in client.commitments)


def _in_the_way(client, group, meeting, commitment, week):
    way = _way(client, group)
    there = "every" in (week, commitment.week) or week == commitment.week
    return (
        there
        and commitment.weekday == meeting.weekday
        and max(meeting.start - way, commitment.start) < min(meeting.end + way, commitment.end)
    )


def _collide(client, group, meeting, other_group, other):
    same_place = group.modality == other_group.modality and group.site == other_group.site
    gap = 0 if same_place else max(_way(client, group), _way(client, other_group))
    return meeting.start < other.end + gap and other.start < meeting.end + gap


def _points(problem, client, group, meeting, week):
    wish = client.preferences
    liking = 10 + wish.weekdays.get(meeting.weekday, 0)
    if wish.time != "any":
        part = "morning" if meeting.start < 690 else "midday" if meeting.start < 960 else "evening"
        liking += 6 if part == wish.time else -2
    liking += 5 if wish.counselor and wish.counselor == group.counselor else 0
    liking += 3 if client.modality == "either" and client.prefers_modality == group.modality else 0
    value = max(0, liking) * (meeting.end - meeting.start - meeting.break_minutes) // 90
    cost = sum(
        c.cost for c in client.commitments if not c.hard and _in_the_way(client, group, meeting, c, week)
    )
    return value - cost + (problem.weights.keep_bonus if meeting.id in client.current else 0)
