"""Rows as domain values, so that the same rules judge files and manual edits."""

from collections.abc import Iterable, Mapping
from typing import Any

from iop_schedule.domain.availability import Clash, Commitment
from iop_schedule.domain.civil_time import letter_of
from iop_schedule.domain.prescription import Dose, Pause
from iop_schedule.domain.series import Place, Span, WeeklyRule, weekly_clashes
from iop_schedule.domain.wishes import Wishes
from iop_schedule.vocabulary import (
    ConstraintKind,
    DayPart,
    Modality,
    PauseReason,
    ServiceType,
    Weekday,
    WeekParity,
)

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
        negotiable=values["negotiable"],
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
        step_down=values["step_down"],
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


def place(values: Values) -> Place:
    """Return when a row of memberships is attended."""
    weeks = values["every_other_from"]
    return Place(span(values), letter_of(weeks) if weeks else WeekParity.EVERY)


def trip(client: Values, modality: str) -> int:
    """Return the minutes `client` needs to get to a session; none for one by video."""
    minutes: int = client["travel_minutes"] if modality == Modality.IN_PERSON else 0
    return minutes


def first_clash(
    rule: WeeklyRule, within: Span, commitments: Iterable[Commitment], *, trip_minutes: int
) -> Clash | None:
    """Return the first clash of a place in `rule` with a hard weekly commitment; None when it fits."""
    near = [held for held in commitments if held.weekday is not None and _may_touch(rule, held)]
    found = weekly_clashes(near, rule, within, travel_minutes=trip_minutes)
    return min(found, key=lambda clash: clash.slot.day, default=None)


def _may_touch(rule: WeeklyRule, held: Commitment) -> bool:
    # A night shift of the day before, or a trip to one on the day after, may reach into the day.
    return (int(held.weekday or 0) - rule.weekday) % 7 in {0, 1, 6}


def wishes(values: Values) -> Wishes:
    """Return the wishes of a row; who should lead the sessions is left out.

    Raises:
        DomainError: a day both suits and does not, or is none of ours.
    """
    return Wishes(
        time=DayPart(values["time"]),
        liked_days=frozenset(Weekday(day) for day in values["liked_days"]),
        disliked_days=frozenset(Weekday(day) for day in values["disliked_days"]),
        modality=Modality(values["modality"]) if values["modality"] else None,
    )
