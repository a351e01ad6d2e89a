"""Groups opened one after the other: a quick answer without proof."""

from collections.abc import Callable

from iop_schedule.adapters.optimizer.cohort import Seating
from iop_schedule.adapters.optimizer.improvement import by_priority
from iop_schedule.adapters.optimizer.opening_question import Answer, Question


def open_one_by_one(answer: Answer, stop: Callable[[], bool]) -> None:
    """Open the group that helps most for its cost, again and again, until none helps or `stop`."""
    question = answer.question
    seating, opened = question.seating(), list[int]()
    seating.place_rest(by_priority(question.cohort))
    while not stop():
        able = [g for g in range(len(question.possible)) if question.may_open(g, opened)]
        gains = [(_gain(question, seating, g, stop) / max(1, question.possible[g].cost), -g) for g in able]
        gain, best = max(gains, default=(0.0, 0))
        if gain <= 0:
            break
        opened.append(-best)
        question.open(seating, -best)
        seating.place_rest(_users(question, -best))
    answer.offer(seating, opened)


def _users(question: Question, group: int) -> list[int]:
    rows = set(question.rows[group])
    return [
        n
        for n in by_priority(question.cohort)
        if any(not rows.isdisjoint(own) for part in question.cohort.people[n] for own in part.rows)
    ]


def _gain(question: Question, seating: Seating, group: int, stop: Callable[[], bool]) -> int:
    """Return what opening one group brings at once, in ticks; the seating is as before afterwards."""
    before, known = seating.value, set(seating.placed)
    question.open(seating, group)
    seating.place_rest(_users(question, group), stop)
    gain = seating.value - before
    for person in set(seating.placed) - known:
        seating.unseat(person)
    question.close(seating, group)
    return gain
