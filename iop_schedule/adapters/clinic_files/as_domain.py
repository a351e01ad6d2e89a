"""Rows as domain values, so that the same rules judge files and manual edits."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from iop_schedule.domain.availability import Commitment, DatedSlot, clashes
from iop_schedule.domain.prescription import Dose, Pause
from iop_schedule.domain.series import Span, WeeklyRule
from iop_schedule.vocabulary import ConstraintKind, Modality, PauseReason, ServiceType, Weekday, WeekParity

Values = Mapping[str, Any]

#: The domain's names of parts that our files call otherwise, for saying which column is meant.
COLUMN_OF = {
    "local_start": "start", "local_end": "end", "duration_minutes": "minutes", "from_day": "from",
    "until_day": "until", "day": "date", "anchor_day": "anchor", "arrived_at": "arrived",
    "left_at": "left",
}  # fmt: skip


def weekly_rule(values: Values, zone: str) -> WeeklyRule:
    """Return the rule of a row of meetings or individual sessions at a site in `zone`.

    Raises:
        DomainError: it cannot be held.
    """
    return WeeklyRule(
        weekday=Weekday(values["weekday"]),
        local_start=values["start"],
        duration_minutes=values["minutes"],
        zone=zone,
        from_day=values["from"],
        until_day=values["until"],
        break_minutes=values["break_minutes"],
        every_weeks=values["every_weeks"],
    )


def commitment(values: Values) -> Commitment:
    """Return the commitment of a row.

    Raises:
        DomainError: its parts contradict each other.
    """
    return Commitment(
        kind=ConstraintKind(values["kind"]),
        label=values["label"],
        weekday=None if values["weekday"] is None else Weekday(values["weekday"]),
        day=values["date"],
        local_start=values["start"],
        local_end=values["end"],
        ends_next_day=values["overnight"],
        week=WeekParity(values["week"]),
        anchor_day=values["anchor"],
        from_day=values["from"],
        until_day=values["until"],
        exceptions=frozenset(values["exceptions"]),
        hard=values["hard"],
        travel_before=values["travel_before"],
        travel_after=values["travel_after"],
    )


def dose(values: Values) -> Dose:
    """Return the dose of a row.

    Raises:
        DomainError: no week can hold it.
    """
    return Dose(
        from_day=values["from"],
        minutes=values["minutes"],
        over_minutes=values["over_minutes"],
        minimum_days=values["minimum_days"],
        most_minutes_a_day=values["most_minutes_a_day"],
        required_services=frozenset(ServiceType(word) for word in values["required_services"]),
        ordered_by=values["ordered_by"],
    )


def pause(values: Values) -> Pause:
    """Return the pause of a row.

    Raises:
        DomainError: it ends before it begins.
    """
    return Pause(values["from"], PauseReason(values["reason"]), values["until"])


def span(values: Values) -> Span:
    """Return the days of a dated row."""
    return Span(values["from"], values["until"])


def trip(client: Values, modality: str) -> int:
    """Return the minutes `client` needs to get to a session; none for one by video."""
    minutes: int = 0 if modality == Modality.TELEHEALTH else client["travel_minutes"]
    return minutes


def first_clash(
    rule: WeeklyRule, within: Span, commitments: Iterable[Commitment], *, trip_minutes: int
) -> tuple[date, Commitment] | None:
    """Return the first session day in `within` that a hard commitment wants too, and that commitment."""
    found = [
        (clash.slot.day, clash.commitment)
        for held in commitments
        if held.hard and _may_touch(rule, held)
        for clash in clashes([held], _slots(rule, within, held, trip_minutes))[:1]
    ]
    return min(found, key=lambda pair: pair[0], default=None)


def _may_touch(rule: WeeklyRule, held: Commitment) -> bool:
    if held.weekday is None:
        return True
    # A night shift of the day before, or a trip to one on the day after, may reach into the day.
    return (held.weekday - rule.weekday) % 7 in {0, 1, 6}


def _slots(rule: WeeklyRule, within: Span, held: Commitment, trip_minutes: int) -> list[DatedSlot]:
    """Return enough session days to see every way in which `held` meets the rule: both repeat."""
    day = timedelta(days=1)
    first, last = (held.day, held.day) if held.day else (held.from_day, held.until_day)
    reach = Span(first - day, None if last is None else last + day)
    shared = reach.shared_with(within)
    if shared is None:
        return []
    weeks = timedelta(weeks=4 + 2 * len(held.exceptions))
    start = max(shared.first, rule.from_day)
    horizon = start + weeks if shared.last is None else min(shared.last, start + weeks)
    minutes = rule.minutes
    return [DatedSlot(on, minutes.start, minutes.end, trip_minutes) for on in rule.days(start, horizon)]
