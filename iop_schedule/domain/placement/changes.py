"""Changes that would let a person be placed: what each is, what it is priced at, and doing it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from iop_schedule.domain.placement.prices import Prices
from iop_schedule.domain.placement.problem import Client, Commitment, Group, Problem
from iop_schedule.domain.placement.words import clock, day_name
from iop_schedule.vocabulary import Modality, ModalityWish, WeekParity

MINUTES_PER_HOUR = 60


class ChangeKind(StrEnum):
    """What can be asked to change."""

    COMMITMENT = "commitment"
    SEAT = "seat"
    MODALITY = "modality"
    DOSE = "dose"
    DAYS = "days"
    SERVICE_TYPE = "service_type"


#: What one change is about, so that it can be ruled out: a kind and the thing.
Atom = tuple[ChangeKind, Commitment | str | None]


@dataclass(frozen=True, slots=True)
class Change:
    """One change and its price; only the fields of its kind are set."""

    kind: ChangeKind
    cost: int
    #: The commitment that would have to give way, and the stretches of it: `[start, end)` in minutes.
    commitment: Commitment | None = None
    freed: tuple[tuple[int, int], ...] = ()
    #: The meeting that would need one seat more.
    meeting: str | None = None
    #: The other way of attending.
    modality: Modality | None = None
    #: Seats more, minutes off the dose, or days off the least number of days.
    amount: int = 0
    service_type: str | None = None


def atom_of(change: Change) -> Atom:
    """Return what a change is about, whatever its amount."""
    return change.kind, change.commitment or change.meeting or change.service_type


def commitment_change(commitment: Commitment, freed: Iterable[tuple[int, int]], prices: Prices) -> Change:
    """Return the change that takes the stretches `freed` out of a commitment."""
    stretches = _joined(freed)
    minutes = sum(end - start for start, end in stretches)
    cost = prices.commitment + prices.minute * minutes
    return Change(ChangeKind.COMMITMENT, cost, commitment=commitment, freed=stretches)


def _joined(stretches: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def hours_short(minutes: int) -> int:
    """Return the hours, started ones whole, by which a week is short.

    >>> hours_short(60), hours_short(61)
    (1, 2)
    """
    return -(-minutes // MINUTES_PER_HOUR)


def apply_changes(problem: Problem, client_id: str, changes: Sequence[Change]) -> Problem:
    """Return the problem in which the changes have been made for one person.

    Raises:
        KeyError: the problem has no such client.
    """
    client = problem.client(client_id)
    for change in changes:
        client = _changed(client, change)
    seats = {c.meeting: c.amount for c in changes if c.meeting is not None}
    return replace(
        problem,
        groups=tuple(_with_seats(g, seats) for g in problem.groups),
        clients=tuple(client if c.id == client_id else c for c in problem.clients),
    )


def _with_seats(group: Group, more: Mapping[str, int]) -> Group:
    if not any(m.id in more for m in group.meetings):
        return group
    meetings = tuple(replace(m, seats=m.seats + more.get(m.id, 0)) for m in group.meetings)
    return replace(group, meetings=meetings)


def _changed(client: Client, change: Change) -> Client:
    dose = client.dose
    if change.kind is ChangeKind.COMMITMENT:
        pieces = (
            piece
            for c in client.commitments
            for piece in (_without(c, change.freed) if c == change.commitment else (c,))
        )
        return replace(client, commitments=tuple(pieces))
    if change.kind is ChangeKind.MODALITY:
        return replace(client, modality=ModalityWish.EITHER)
    if change.kind is ChangeKind.DOSE:
        # The most minutes stay what they were: a shorter week is allowed, a long one is not forbidden.
        shorter, over = dose.minutes - change.amount, dose.over_minutes + change.amount
        return replace(client, dose=replace(dose, minutes=shorter, over_minutes=over))
    if change.kind is ChangeKind.DAYS:
        return replace(client, dose=replace(dose, min_days=dose.min_days - change.amount))
    if change.kind is ChangeKind.SERVICE_TYPE:
        required = tuple(t for t in dose.required if t != change.service_type)
        return replace(client, dose=replace(dose, required=required))
    return client


def _without(commitment: Commitment, freed: Sequence[tuple[int, int]]) -> Iterator[Commitment]:
    """Yield what is left of a commitment."""
    start = commitment.start
    for gone_from, gone_until in freed:
        if start < gone_from:
            yield replace(commitment, start=start, end=gone_from)
        start = max(start, gone_until)
    if start < commitment.end:
        yield replace(commitment, start=start)


def change_code(change: Change) -> str:
    """Return a change as files name it, such as `work MO ends 30 min earlier`."""
    if change.commitment is not None:
        day = change.commitment.weekday.name
        return f"{change.commitment.kind} {day} {_gives_way(change.commitment, change.freed)}"
    return _other_change(change)


def change_words(change: Change) -> str:
    """Return a change as its owner would say it, such as `shift on Monday ends 30 min earlier`."""
    if change.commitment is not None:
        name = change.commitment.label or change.commitment.kind
        day = day_name(change.commitment.weekday)
        return f"{name} on {day} {_gives_way(change.commitment, change.freed)}"
    return _other_change(change)


def _gives_way(commitment: Commitment, freed: Sequence[tuple[int, int]]) -> str:
    week = "" if commitment.week is WeekParity.EVERY else f" in {commitment.week.value} weeks"
    start, end = freed[0][0], freed[-1][1]
    if len(freed) == 1 and (start, end) == (commitment.start, commitment.end):
        return f"moves to another time{week}"
    if len(freed) == 1 and start == commitment.start:
        return f"starts {end - start} min later{week}"
    if len(freed) == 1 and end == commitment.end:
        return f"ends {end - start} min earlier{week}"
    times = " and ".join(f"{clock(s)} to {clock(e)}" for s, e in freed)
    return f"leaves {times} free{week}"


def _other_change(change: Change) -> str:
    if change.kind is ChangeKind.SEAT:
        seats = "one seat" if change.amount == 1 else f"{change.amount} seats"
        return f"{seats} more in {change.meeting}"
    if change.modality is not None:
        return "attending by telehealth" if change.modality is Modality.TELEHEALTH else "attending in person"
    if change.kind is ChangeKind.DOSE:
        hours = change.amount // MINUTES_PER_HOUR
        return "an hour less a week" if hours == 1 else f"{hours} hours less a week"
    if change.kind is ChangeKind.DAYS:
        return "a day less a week" if change.amount == 1 else f"{change.amount} days less a week"
    return f"a week without {change.service_type}"
